/* The relay as a whole: makes the tables and shards, binds, and does on all shards what an operator
 * or a signal asks. */
#include "server-relay/server.h"
#include "server-relay/addrs.h"
#include "server-relay/announcer.h"
#include "server-relay/control.h"
#include "server-relay/distance.h"
#include "server-relay/metrics.h"
#include "server-relay/pairing.h"
#include "server-relay/server_parts.h"
#include "server-relay/shard.h"
#include "server-relay/takeover.h"
#include "server-relay/tickets.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/daemon/daemon.h"
#include "shared/daemon/watchdog.h"
#include "shared/net/addr.h"
#include "shared/net/listener.h"
#include "shared/net/tls.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAIN_POLL_US 100000u
#define TICKETS_MAX 200000u
#define LISTEN_FIRST 3 /* of systemd */
#define FD_BASE 64u    /* standard ones, loops, control, metrics, links */
#define FD_SHARD 12u

uint64_t rly_server_sum(const struct rly_server *s, size_t offset)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->shared.shard_count; i++)
		n += rly_stat_get((const uint64_t *)((const char *)&s->shard[i]->stats + offset));
	return n;
}

/* --- calls on all shards ---------------------------------------------------------------------- */

struct rly_each {
	struct rly_server *server;
	void (*fn)(struct rly_shard *sh, void *arg);
	void (*done)(void *arg);
	void *arg;
	unsigned left; /* atomic */
	struct hws_post finished;
	struct each_one {
		struct hws_post post;
		struct rly_each *each;
		struct rly_shard *shard;
	} one[RLY_SHARDS_MAX];
};

static void each_finished(void *arg)
{
	struct rly_each *e = arg;

	if (e->done)
		e->done(e->arg);
	hws_free(e);
}

static void each_run(void *arg)
{
	struct each_one *o = arg;
	struct rly_each *e = o->each;

	e->fn(o->shard, e->arg);
	if (__atomic_sub_fetch(&e->left, 1, __ATOMIC_ACQ_REL) == 0)
		hws_loop_post_node(e->server->loop, &e->finished);
}

int rly_server_each(struct rly_server *s, void (*fn)(struct rly_shard *sh, void *arg),
		void (*done)(void *arg), void *arg)
{
	struct rly_each *e = hws_alloc(sizeof(*e));

	if (!e)
		return HWS_ERR_NOMEM;
	e->server = s;
	e->fn = fn;
	e->done = done;
	e->arg = arg;
	e->left = s->shared.shard_count;
	e->finished.fn = each_finished;
	e->finished.arg = e;
	for (unsigned i = 0; i < s->shared.shard_count; i++) {
		struct each_one *o = &e->one[i];

		o->each = e;
		o->shard = s->shard[i];
		o->post.fn = each_run;
		o->post.arg = o;
	}
	/* The last one may free it: nothing of it is read after it was posted. */
	unsigned count = s->shared.shard_count;
	struct each_one *one = e->one;

	for (unsigned i = 0; i < count; i++) {
		struct rly_shard *sh = s->shard[i];

		hws_loop_post_node(sh->loop, &one[i].post);
	}
	return HWS_OK;
}

/* --- rules ------------------------------------------------------------------------------------ */

static void shard_set_rules(struct rly_shard *sh, void *arg)
{
	rly_shard_set_rules(sh, rly_rules_ref(arg));
}

static void rules_done(void *arg)
{
	rly_rules_unref(arg);
}

int rly_server_set_rules(struct rly_server *s, struct rly_rules *rules)
{
	int r = HWS_OK;

	if (s->started)
		r = rly_server_each(s, shard_set_rules, rules_done, rly_rules_ref(rules));
	if (r < 0) {
		rly_rules_unref(rules); /* of the calls */
		rly_rules_unref(rules);
		return r;
	}
	rly_rules_unref(s->rules);
	s->rules = rules;
	return HWS_OK;
}

/* --- sockets ---------------------------------------------------------------------------------- */

/* SO_REUSEPORT would let a second relay take half of the connections unnoticed: a bind without it
 * finds the first. */
static int check_free(struct rly_server *s, uint16_t port, struct hws_error *err)
{
	struct hws_listen_conf conf = { .bind_ip = s->conf->bind, .port = port };
	struct hws_listener *l = NULL;
	int r;

	if (!port)
		return HWS_OK;
	r = hws_listener_new(s->loop, &conf, &l, err);
	hws_listener_free(l);
	return r;
}

static int listen_kind(struct rly_server *s, bool ws, uint16_t port, const int *fds, unsigned count,
		uint16_t *ret_port, struct hws_error *err)
{
	int r = count ? HWS_OK : check_free(s, port, err);

	for (unsigned i = 0; i < s->shared.shard_count && r == HWS_OK; i++) {
		int fd = 0;

		if (count) {
			/* Fewer sockets than threads: some share one queue. */
			fd = fcntl(fds[i % count], F_DUPFD_CLOEXEC, LISTEN_FIRST);
			if (fd < 0)
				return hws_error_set(err, hws_err_from_errno(errno),
						"cannot take a listening socket over");
		}
		r = rly_shard_listen(s->shard[i], ws, s->conf->bind, port, fd, &port, err);
		if (r == HWS_OK)
			s->listen_fd[ws][i] = hws_listener_fd(s->shard[i]->listener[ws]);
	}
	*ret_port = port;
	return r;
}

static bool is_ws_socket(int fd, const char *name, size_t len, uint16_t ws_port)
{
	struct sockaddr_storage a = { 0 };
	socklen_t size = sizeof(a);

	if (name && len >= 2 && strncmp(name + len - 2, "ws", 2) == 0)
		return true;
	return ws_port && getsockname(fd, (struct sockaddr *)&a, &size) == 0 &&
			hws_addr_port(&a) == ws_port;
}

/* Sockets of systemd: WebSocket by name ("...ws") or by port; if neither tells, it is the second of
 * two. */
static void given_by_systemd(struct rly_server *s, struct rly_sockets *g)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS"),
		   *names = getenv("LISTEN_FDNAMES");
	uint16_t ws_port = 0;
	uint64_t n, want;
	bool on;

	if (!fds || hws_parse_u64(fds, &n) < 0 || n > RLY_SHARDS_MAX)
		return;
	if (!pid || hws_parse_u64(pid, &want) < 0 || want != (uint64_t)getpid())
		return;
	if (rly_config_ws_port(s->conf, &ws_port, &on, NULL) < 0)
		ws_port = 0;
	for (unsigned i = 0; i < n; i++) {
		int fd = LISTEN_FIRST + (int)i;
		size_t len = names ? strcspn(names, ":") : 0;

		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (is_ws_socket(fd, names, len, ws_port))
			g->ws[g->ws_count++] = fd;
		else
			g->tcp[g->tcp_count++] = fd;
		if (names)
			names += names[len] == ':' ? len + 1 : len;
	}
	if (g->tcp_count == 2 && !g->ws_count)
		g->ws[g->ws_count++] = g->tcp[--g->tcp_count];
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
}

static void close_given(struct rly_sockets *g)
{
	for (unsigned i = 0; i < g->tcp_count; i++)
		close(g->tcp[i]);
	for (unsigned i = 0; i < g->ws_count; i++)
		close(g->ws[i]);
}

static int open_ports(struct rly_server *s, struct rly_sockets *g, struct hws_error *err)
{
	uint16_t ws_port;
	int r = rly_config_ws_port(s->conf, &ws_port, &s->ws_on, err);

	if (r == HWS_OK)
		r = listen_kind(s, false, s->conf->port, g->tcp, g->tcp_count, &s->port, err);
	if (g->tcp_count && !g->ws_count)
		s->ws_on = false; /* the service manager decides what is open */
	if (r == HWS_OK && s->ws_on)
		r = listen_kind(s, true, ws_port, g->ws, g->ws_count, &s->ws_port, err);
	return r;
}

/* --- budget of descriptors -------------------------------------------------------------------- */

static int budget(struct rly_server *s, struct hws_error *err)
{
	const struct rly_config *c = s->conf;
	uint64_t pipes = 2ull * c->pipes * s->shared.shard_count;
	uint64_t own = FD_BASE + (uint64_t)FD_SHARD * s->shared.shard_count + pipes;
	uint64_t want = 2ull * c->max_pairs + c->max_waiting + own, limit;

	limit = s->fd_limit = hws_daemon_raise_nofile();
	if (c->max_pairs && want > limit)
		return hws_error_set(err, HWS_ERR_RANGE,
				"%u pairs need %llu file descriptors and the limit is %llu: raise it "
				"(LimitNOFILE= in the unit, ulimits: nofile of a container) or lower --max-pairs",
				c->max_pairs, (unsigned long long)want, (unsigned long long)limit);
	if (limit < own + 64)
		return hws_error_set(err, HWS_ERR_RANGE,
				"the limit of %llu file descriptors leaves too few for connections: the "
				"relay itself needs %llu. Raise it (LimitNOFILE= in the unit, ulimits: nofile of a container), "
				"or lower --pipes (%u) and --threads (%u)",
				(unsigned long long)limit, (unsigned long long)own, c->pipes,
				s->shared.shard_count);
	s->shared.max_legs = (uint32_t)HWS_MIN(limit - own, (uint64_t)UINT32_MAX);
	if (c->max_pairs)
		s->shared.max_legs = HWS_MIN(s->shared.max_legs, 2 * c->max_pairs + c->max_waiting);
	return HWS_OK;
}

/* --- start ------------------------------------------------------------------------------------ */

static unsigned core_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > (long)RLY_SHARDS_MAX ? RLY_SHARDS_MAX : (unsigned)n;
}

static int make_shards(struct rly_server *s)
{
	int r = HWS_OK;

	for (unsigned i = 0; i < s->shared.shard_count && r == HWS_OK; i++) {
		struct rly_shard_conf conf = {
			.shared = &s->shared,
			.rules = s->rules,
			.index = i,
			.max_pipes = s->conf->pipes,
		};

		r = rly_shard_new(&conf, &s->shard[i]);
	}
	return r;
}

int rly_server_new(struct hws_loop *loop, struct rly_config *c, struct rly_server **ret,
		struct hws_error *err)
{
	struct rly_server *s = hws_alloc(sizeof(*s));
	struct rly_sockets given = { .tcp_count = 0 };
	int r = HWS_ERR_NOMEM;

	if (!s)
		return hws_error_set(err, r, "out of memory");
	s->loop = loop;
	s->conf = c;
	s->start_us = hws_loop_now_us(loop);
	s->shared.takeover_fd = -1;
	s->shared.shard_count = c->threads ? HWS_MIN(c->threads, RLY_SHARDS_MAX) : core_count();
	s->shared.shard = s->shard;
	memset(s->listen_fd, -1, sizeof(s->listen_fd));
	given_by_systemd(s, &given);
	r = rly_control_path(s, err);
	if (r == HWS_OK)
		r = budget(s, err);
	if (r == HWS_OK)
		r = rly_config_rules(c, &s->rules, err);
	if (r == HWS_OK && c->takeover && !given.tcp_count)
		r = rly_takeover_begin(s, &given, err);
	if (r < 0)
		goto out;
	if (rly_pairing_new(c->max_waiting, &s->shared.pairing) < 0 ||
			rly_addrs_new(&s->shared.addrs) < 0 ||
			rly_tickets_new(TICKETS_MAX, &s->shared.tickets) < 0 ||
			rly_distances_new(&s->shared.distances) < 0 || make_shards(s) < 0) {
		r = hws_error_set(err, HWS_ERR_NOMEM, "cannot set up the threads");
		goto out;
	}
	if (*c->tls_cert)
		r = hws_tls_server_new(c->tls_cert, c->tls_key, &s->shared.tls, err);
	if (r == HWS_OK)
		r = open_ports(s, &given, err);
	if (r == HWS_OK)
		r = rly_takeover_ready(s, err);
	if (r == HWS_OK)
		r = rly_metrics_new(s, err);
	if (r == HWS_OK)
		r = rly_control_new(s, err);
	if (r == HWS_OK)
		r = rly_takeover_new(s, err);
	if (r == HWS_OK)
		r = rly_announcer_new(s, err);
out:
	close_given(&given);
	if (r < 0) {
		rly_server_free(s);
		return r;
	}
	*ret = s;
	return HWS_OK;
}

int rly_server_start(struct rly_server *s, struct hws_error *err)
{
	int r = HWS_OK;

	for (unsigned i = 0; i < s->shared.shard_count && r == HWS_OK; i++)
		r = rly_shard_run(s->shard[i]);
	if (r < 0)
		return hws_error_set(err, r, "cannot start a thread: %s", hws_err_text(r));
	s->started = true;
	rly_takeover_done(s);
	rly_announcer_start(s);
	hws_info("listening", HWS_U64("port", s->port), HWS_U64("ws_port", s->ws_port),
			HWS_U64("metrics_port", s->metrics_port),
			HWS_U64("threads", s->shared.shard_count),
			HWS_U64("max_connections", s->shared.max_legs),
			HWS_STR("control", s->control_path), HWS_BOOL("tls", s->shared.tls != NULL),
			HWS_BOOL("key_required", s->rules->keys.count > 0));
	return HWS_OK;
}

int rly_server_watch(struct rly_server *s, struct hws_watchdog *w)
{
	int r = HWS_OK;

	s->watchdog = w;
	for (unsigned i = 0; i < s->shared.shard_count && r == HWS_OK; i++)
		r = hws_watchdog_loop(w, s->shard[i]->loop, s->shard[i]->name);
	return r;
}

void rly_server_free(struct rly_server *s)
{
	if (!s)
		return;
	hws_timer_stop(&s->drain_timer);
	rly_announcer_free(s);
	rly_control_free(s);
	for (unsigned i = 0; i < s->shared.shard_count; i++)
		if (s->shard[i])
			rly_shard_stop(s->shard[i]);
	rly_takeover_free(s); /* the threads send on its link */
	rly_metrics_free(s);
	for (unsigned i = 0; i < s->shared.shard_count; i++)
		rly_shard_free(s->shard[i]);
	rly_pairing_free(s->shared.pairing);
	rly_addrs_free(s->shared.addrs);
	rly_tickets_free(s->shared.tickets);
	rly_distances_free(s->shared.distances);
	hws_tls_server_free(s->shared.tls);
	rly_rules_unref(s->rules);
	hws_free(s);
}

/* --- reload and drain ------------------------------------------------------------------------- */

/* TLS is there from the start or never; so is what the table marks. */
static int keep_fixed(
		const struct rly_config *running, struct rly_config *fresh, struct hws_error *err)
{
	bool switched = !*running->tls_cert != !*fresh->tls_cert;
	char names[300];
	int r = hws_options_keep(&rly_options, fresh, running, switched ? "tls-cert,tls-key" : "",
			names, sizeof(names));

	if (r < 0)
		return hws_error_set(err, r, "out of memory");
	if (*names)
		hws_warn("reload.restart_needed", HWS_STR("options", names),
				HWS_STR("text", "these change with the next start only"));
	return HWS_OK;
}

/* All that can be wrong is done before anything changes: it is taken whole or not at all. */
int rly_server_reload(struct rly_server *s, struct rly_config *c, struct hws_error *err)
{
	struct rly_rules *rules = NULL;
	struct hws_tls_server *tls = NULL;
	int r = keep_fixed(s->conf, c, err);

	if (r == HWS_OK)
		r = rly_config_rules(c, &rules, err);
	if (r == HWS_OK && *c->tls_cert)
		r = hws_tls_server_new(c->tls_cert, c->tls_key, &tls, err);
	if (r == HWS_OK)
		r = rly_announcer_check(s, c, rules, err);
	if (r < 0) {
		hws_tls_server_free(tls);
		rly_rules_unref(rules);
		return r;
	}
	r = rly_server_set_rules(s, rules);
	if (r < 0) {
		hws_tls_server_free(tls);
		return hws_error_set(err, r, "out of memory");
	}
	if (tls)
		hws_tls_server_replace(s->shared.tls, tls);
	rly_pairing_set_max(s->shared.pairing, c->max_waiting);
	s->conf = c;
	if (rly_announcer_reload(s, err) < 0) /* it was checked: no memory */
		hws_error_log("reload.announcers", HWS_STR("text", err->text));
	return HWS_OK;
}

static void shard_stop_listening(struct rly_shard *sh, void *arg)
{
	(void)arg;
	rly_shard_stop_listening(sh);
	rly_shard_drop_unpaired(sh, false);
}

void rly_server_stop_listening(struct rly_server *s)
{
	if (s->stopped_listening)
		return;
	s->stopped_listening = true;
	if (rly_server_each(s, shard_stop_listening, NULL, NULL) < 0)
		hws_error_log("drain.failed", HWS_ERR("error", HWS_ERR_NOMEM));
}

static void on_drain_poll(void *arg)
{
	struct rly_server *s = arg;

	if (rly_pairing_waiting(s->shared.pairing))
		return;
	/* Nobody waits, so nobody need come: let the kernel say so, or keep newcomers for the next
	 * process. */
	rly_server_stop_listening(s);
	if (rly_server_sum(s, offsetof(struct rly_stats, legs)))
		return;
	hws_timer_stop(&s->drain_timer);
	hws_info("drained");
	if (s->on_end)
		s->on_end(s->end_arg);
}

void rly_server_drain(struct rly_server *s)
{
	if (s->draining)
		return;
	s->draining = true;
	__atomic_store_n(&s->shared.draining, true, __ATOMIC_RELAXED);
	rly_announcer_tell(s);
	hws_info("draining",
			HWS_U64("pairs", rly_server_sum(s, offsetof(struct rly_stats, pairs))));
	hws_timer_every(s->loop, &s->drain_timer, DRAIN_POLL_US, on_drain_poll, s);
}

void rly_server_on_end(struct rly_server *s, void (*fn)(void *arg), void *arg)
{
	s->on_end = fn;
	s->end_arg = arg;
}

/* --- rules changed by hand -------------------------------------------------------------------- */

static int copy_list(const struct hws_cidr_list *from, struct hws_cidr_list *to)
{
	if (!from->count)
		return HWS_OK;
	to->item = hws_memdup(from->item, from->count * sizeof(from->item[0]));
	if (!to->item)
		return HWS_ERR_NOMEM;
	to->count = from->count;
	to->max = from->count;
	return HWS_OK;
}

int rly_server_copy_rules(struct rly_server *s, struct rly_rules **ret)
{
	struct rly_rules *r = hws_memdup(s->rules, sizeof(*s->rules));
	int e;

	if (!r)
		return HWS_ERR_NOMEM;
	r->users = 1;
	r->block = r->allow = r->slow = r->trusted = (struct hws_cidr_list){ 0 };
	e = copy_list(&s->rules->block, &r->block);
	if (e == HWS_OK)
		e = copy_list(&s->rules->allow, &r->allow);
	if (e == HWS_OK)
		e = copy_list(&s->rules->slow, &r->slow);
	if (e == HWS_OK)
		e = copy_list(&s->rules->trusted, &r->trusted);
	if (e < 0) {
		rly_rules_unref(r);
		return e;
	}
	*ret = r;
	return HWS_OK;
}
