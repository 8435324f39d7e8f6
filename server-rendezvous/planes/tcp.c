/* rendezvous/planes/tcp: listeners, the thread, and the hand-over from other threads: nobody else
 * touches a client. */
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/api_call.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/dispatch.h"
#include "server-rendezvous/planes/ingress.h"
#include "server-rendezvous/planes/reply.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/planes/ws_passthrough.h"
#include "server-rendezvous/policy/policy.h"
#include "server-rendezvous/relays/announce.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/rules.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/net/addr.h"
#include "shared/net/room.h"
#include "shared/net/tls.h"
#include "shared/wire/envelope.h"
#include <pthread.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POSTS_MAX 20000

int rdv_tcp_new(struct rdv_core *core, struct rdv_tcp **ret)
{
	struct rdv_tcp *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return HWS_ERR_NOMEM;
	t->core = core;
	t->dispatch = rdv_dispatch;
	hws_list_init(&t->all);
	hws_list_init(&t->at_ingress);
	hws_list_init(&t->passthroughs);
	hws_list_init(&t->calls);
	hws_slots_init(&t->clients, rdv_conf(core)->max_links);
	hws_rand_bytes(t->hash_key, sizeof(t->hash_key));
	hws_buf_init(&t->out, HWS_RDV_ONLINE_FRAME_MAX);
	hws_kx_offer_new(&core->identity, &t->offer);
	r = hws_loop_new(&t->loop);
	if (r == HWS_OK)
		r = hws_cidr_list_parse(rdv_conf(core)->trusted_proxies, &t->proxies, NULL);
	if (r == HWS_OK)
		r = rdv_limits_init(&t->limits, rdv_conf(core));
	if (r == HWS_OK)
		r = rdv_announcer_new(core, t->loop, &t->announcer);
	if (r == HWS_OK && *rdv_conf(core)->policy_socket)
		r = rdv_policy_new(core, t->loop, &core->policy);
	if (r < 0) {
		rdv_tcp_free(t);
		return r;
	}
	*ret = t;
	return HWS_OK;
}

struct hws_loop *rdv_tcp_loop(struct rdv_tcp *t)
{
	return t->loop;
}

static void accepted(
		struct rdv_tcp *t, enum rdv_port which, int fd, const struct sockaddr_storage *peer)
{
	struct hws_stream *s = NULL;

	if (t->ingress_count + t->count >= t->limits.links) {
		close(fd);
		hws_count(&t->core->count.clients_refused);
		hws_warn_limited("link.too_many", HWS_U64("links", t->limits.links));
		return;
	}
	if (which == RDV_PORT_TLS ||
			(rdv_conf(t->core)->proxy_protocol &&
					hws_cidr_list_match(&t->proxies, peer))) {
		rdv_ingress_open(t, which, fd, peer);
		return;
	}
	if (hws_stream_tcp_new(t->loop, fd, &s) < 0) {
		close(fd);
		return;
	}
	if (rdv_tcp_accept(t, which, s) < 0)
		hws_count(&t->core->count.clients_refused);
}

static void on_main(int fd, const struct sockaddr_storage *peer, void *arg)
{
	accepted(arg, RDV_PORT_MAIN, fd, peer);
}

static void on_nat(int fd, const struct sockaddr_storage *peer, void *arg)
{
	accepted(arg, RDV_PORT_NAT, fd, peer);
}

static void on_ws(int fd, const struct sockaddr_storage *peer, void *arg)
{
	accepted(arg, RDV_PORT_WS, fd, peer);
}

static void on_tls(int fd, const struct sockaddr_storage *peer, void *arg)
{
	accepted(arg, RDV_PORT_TLS, fd, peer);
}

int rdv_tcp_tls(struct rdv_tcp *t, struct hws_error *err)
{
	const struct rdv_config *c = rdv_conf(t->core);
	int r = hws_work_new(1, 64, &t->work);

	if (r < 0)
		return hws_error_set(err, r, "cannot start a thread");
	return hws_tls_server_new(c->tls_cert, c->tls_key, &t->tls, err);
}

int64_t rdv_tcp_tls_ends(const struct rdv_tcp *t)
{
	return t->tls ? hws_tls_server_ends(t->tls) : 0;
}

void rdv_tcp_tls_replace(struct rdv_tcp *t, struct hws_tls_server *fresh)
{
	hws_tls_server_replace(t->tls, fresh);
}

int rdv_tcp_listen(struct rdv_tcp *t, enum rdv_port which, const char *bind_ip, uint16_t port,
		struct hws_error *err)
{
	static void (*const on_accept[])(int, const struct sockaddr_storage *, void *) = { on_main,
		on_nat, on_ws, on_tls };
	struct hws_listen_conf conf = { .bind_ip = bind_ip,
		.port = port,
		.backlog = 4096, /* after a restart everybody comes at once */
		.on_accept = on_accept[which],
		.arg = t };

	return hws_listener_new(t->loop, &conf, &t->listener[which], err);
}

uint16_t rdv_tcp_port(const struct rdv_tcp *t, enum rdv_port which)
{
	return t->listener[which] ? hws_listener_port(t->listener[which]) : 0;
}

int rdv_tcp_accept(struct rdv_tcp *t, enum rdv_port which, struct hws_stream *s)
{
	if (rdv_rules_ip_blocked(t->core->rules, &s->peer)) {
		hws_stream_close(s);
		return HWS_ERR_DENIED;
	}
	return rdv_client_new(t, which, s, hws_bytes(NULL, 0));
}

static void *run(void *arg)
{
	struct rdv_tcp *t = arg;

	hws_loop_run(t->loop);
	return NULL;
}

int rdv_tcp_start(struct rdv_tcp *t)
{
	if (pthread_create(&t->thread, NULL, run, t) != 0)
		return HWS_ERR_SYS;
	pthread_setname_np(t->thread, "rdv-tcp");
	t->started = true;
	return HWS_OK;
}

void rdv_tcp_stop(struct rdv_tcp *t)
{
	if (!t || !t->started)
		return;
	hws_loop_stop(t->loop);
	pthread_join(t->thread, NULL);
	t->started = false;
}

void rdv_tcp_free(struct rdv_tcp *t)
{
	struct hws_list *n, *next;

	if (!t)
		return;
	rdv_tcp_stop(t);
	for (size_t i = 0; i < RDV_PORT_COUNT; i++)
		hws_listener_free(t->listener[i]);
	rdv_ingress_close(t);
	rdv_ws_passthrough_close(t);
	hws_list_for_safe (n, next, &t->all)
		hws_conn_close(hws_container(n, struct rdv_client, node)->conn, HWS_ERR_CANCELED);
	rdv_api_calls_end(t);
	rdv_policy_free(t->core->policy);
	t->core->policy = NULL;
	hws_work_free(t->work); /* its answers come on the loop, which must still be there */
	hws_loop_free(t->loop);
	hws_tls_server_free(t->tls);
	rdv_limits_done(&t->limits);
	hws_slots_done(&t->clients);
	hws_kx_offer_wipe(&t->offer);
	hws_cidr_list_done(&t->proxies);
	hws_buf_done(&t->out);
	rdv_announcer_free(t->announcer);
	free(t);
}

/* --- hand-over -------------------------------------------------------------------------------- */

struct post {
	struct rdv_tcp *plane;
	uint64_t client;
	Rdv__RegisterPkResponse__Result result;
	bool close;
	struct rdv_addr from;
	size_t len;
	uint8_t data[];
};

static struct post *post_new(struct rdv_tcp *t, size_t len)
{
	struct post *p;

	if (!t || __atomic_load_n(&t->posts, __ATOMIC_RELAXED) >= POSTS_MAX)
		return NULL;
	p = hws_alloc(sizeof(*p) + len);
	if (!p)
		return NULL;
	p->plane = t;
	p->len = len;
	__atomic_fetch_add(&t->posts, 1, __ATOMIC_RELAXED);
	return p;
}

static void post_done(struct post *p)
{
	__atomic_fetch_sub(&p->plane->posts, 1, __ATOMIC_RELAXED);
	hws_free(p);
}

static void post(struct post *p, void (*fn)(void *arg))
{
	if (hws_loop_post(p->plane->loop, fn, p) < 0)
		post_done(p);
}

static void run_sent(void *arg)
{
	struct post *p = arg;
	Rdv__RendezvousMessage *m = NULL;
	struct rdv_replier from = { .addr = p->from, .udp = true };

	if (hws_rdv_unpack(hws_bytes(p->data, p->len), &m) == HWS_OK &&
			m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT)
		rdv_reply_sent(p->plane, &from, m->punch_hole_sent);
	hws_rdv_free(m);
	post_done(p);
}

void rdv_tcp_post_sent(struct rdv_tcp *t, const struct rdv_addr *from, struct hws_bytes datagram)
{
	struct post *p = post_new(t, datagram.len);

	if (!p) {
		hws_count(&t->core->count.reply_lost);
		hws_warn_limited("reply.lost", HWS_STR("why", "too many wait for this thread"));
		return;
	}
	p->from = *from;
	memcpy(p->data, datagram.ptr, datagram.len);
	post(p, run_sent);
}

static void run_result(void *arg)
{
	struct post *p = arg;
	struct rdv_client *cl = rdv_client_get(p->plane, p->client);

	if (cl) {
		uint64_t k = rdv_conf(cl->plane->core)->keep_alive_us / HWS_US_PER_S;

		rdv_client_send_result(cl, p->result, p->close ? 0 : (int)k);
		if (p->close)
			rdv_client_finish(cl);
	}
	post_done(p);
}

void rdv_tcp_post_result(struct rdv_tcp *t, uint64_t client, Rdv__RegisterPkResponse__Result result,
		bool close)
{
	struct post *p = post_new(t, 0);

	if (!p)
		return;
	p->client = client;
	p->result = result;
	p->close = close;
	post(p, run_result);
}

static void run_close(void *arg)
{
	struct post *p = arg;
	struct rdv_client *cl = rdv_client_get(p->plane, p->client);

	if (cl)
		hws_conn_close(cl->conn, HWS_OK);
	post_done(p);
}

void rdv_tcp_post_close(struct rdv_tcp *t, uint64_t client)
{
	struct post *p = post_new(t, 0);

	if (!p)
		return;
	p->client = client;
	post(p, run_close);
}

static void run_announce(void *arg)
{
	struct post *p = arg;

	rdv_announce(p->plane->announcer, (const char *)p->data);
	post_done(p);
}

void rdv_tcp_post_announce(struct rdv_tcp *t, const char *uuid)
{
	struct post *p = post_new(t, strlen(uuid) + 1);

	if (!p)
		return;
	memcpy(p->data, uuid, p->len);
	post(p, run_announce);
}

static void run_lists(void *arg)
{
	struct post *p = arg;
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &p->plane->all) {
		struct rdv_client *cl = hws_container(n, struct rdv_client, node);

		if (rdv_rules_ip_blocked(p->plane->core->rules, &cl->peer))
			hws_conn_close(cl->conn, HWS_ERR_DENIED);
	}
	post_done(p);
}

void rdv_tcp_post_lists(struct rdv_tcp *t)
{
	struct post *p = post_new(t, 0);

	if (p)
		post(p, run_lists);
}

static void run_reload(void *arg)
{
	struct post *p = arg;
	struct rdv_tcp *t = p->plane;
	const struct rdv_config *c = rdv_conf(t->core);

	rdv_limits_reload(&t->limits, c);
	if (hws_cidr_list_parse(c->trusted_proxies, &t->proxies, NULL) < 0)
		hws_warn("reload.proxies"); /* cannot be: it was checked */
	post_done(p);
}

void rdv_tcp_post_reload(struct rdv_tcp *t)
{
	struct post *p = post_new(t, 0);

	if (p)
		post(p, run_reload);
}

int rdv_tcp_post(struct rdv_tcp *t, void (*fn)(void *arg), void *arg)
{
	return hws_loop_post(t->loop, fn, arg);
}

uint64_t rdv_tcp_lost(const struct rdv_tcp *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < RDV_PORT_COUNT; i++)
		n += t->listener[i] ? hws_room_dropped(hws_listener_fd(t->listener[i])) : 0;
	return n;
}

void rdv_tcp_stats(struct rdv_tcp *t, struct rdv_tcp_stats *ret)
{
	ret->clients = __atomic_load_n(&t->count, __ATOMIC_RELAXED);
	ret->hosts = __atomic_load_n(&t->hosts, __ATOMIC_RELAXED);
	ret->ws = __atomic_load_n(&t->ws, __ATOMIC_RELAXED);
}
