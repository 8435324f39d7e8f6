/* rendezvous/server: the composition root: the only file that knows all rooms. It builds them in
 * the order in which they need each other, tells each whom to call, and takes them down in
 * reverse. */
#include "server-rendezvous/server.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/cluster/own_address.h"
#include "server-rendezvous/loading.h"
#include "server-rendezvous/operate/control.h"
#include "server-rendezvous/operate/control_rules.h"
#include "server-rendezvous/operate/metrics.h"
#include "server-rendezvous/operate/surroundings.h"
#include "server-rendezvous/planes/cluster_hooks.h"
#include "server-rendezvous/planes/device_row.h"
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/known_addrs.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/state/proofs.h"
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store_open.h"
#include "server-rendezvous/telling.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/secret.h"
#include "shared/daemon/daemon.h"
#include "shared/daemon/watchdog.h"
#include "shared/net/addr.h"
#include "shared/net/tls.h"
#include "shared/sys/private_file.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "hawser-rendezvous"
#define KNOWN_MAX 262144
#define FIRST_MAX 262144 /* half a second of a flood, and a device answers at once */
#define WHY_SIZE 8192
#define SWEEP_US (100 * HWS_US_PER_MS)
/* A round over the table takes at most so long. */
#define SWEEP_ROUND_US (10 * HWS_US_PER_S)
#define LOAD_WAIT_US (60 * HWS_US_PER_S)
#define DRAIN_US (20 * HWS_US_PER_MS)
#define GRANTS_MAX 32768u

struct rdv_server {
	struct rdv_core core;
	struct hws_loop *loop;
	struct hws_work *work;
	struct rdv_loading *loading;
	struct rdv_telling *telling; /* NULL: no policy */
	struct hws_control *control;
	struct rdv_metrics *metrics;
	char state_dir[200], control_path[220];
	struct hws_timer sweep, drain;
	void (*drained)(void *arg);
	void *drained_arg;
	uint64_t drain_until_us;
};

static void fill_paths(struct rdv_server *s, struct hws_error *err, int *r)
{
	const struct rdv_config *c = s->core.conf;

	*r = *c->state_dir ? hws_daemon_named_dir(
					     c->state_dir, s->state_dir, sizeof(s->state_dir), err)
			   : hws_daemon_state_dir(NAME, s->state_dir, sizeof(s->state_dir), err);
	if (*r < 0)
		return;
	if (*c->control) {
		*r = hws_str_copy(s->control_path, sizeof(s->control_path), c->control);
	} else if (*c->state_dir) {
		*r = hws_fmt(s->control_path, sizeof(s->control_path), "%s/control.sock",
				s->state_dir);
	} else {
		char dir[200];

		*r = hws_daemon_runtime_dir(NAME, dir, sizeof(dir), err);
		if (*r == HWS_OK)
			*r = hws_fmt(s->control_path, sizeof(s->control_path), "%s/control.sock",
					dir);
	}
	if (*r < 0 && err && !err->text[0])
		hws_error_set(err, *r,
				"the path of the state folder or control socket is too long");
}

/* With another key than they know, devices and clients would take this server for an impostor. */
static int check_identity(
		const struct rdv_config *c, const uint8_t pk[HWS_PK_LEN], struct hws_error *err)
{
	char is[HWS_KEY_TEXT];
	uint8_t want[HWS_PK_LEN];

	if (!*c->public_key)
		return HWS_OK;
	if (hws_key_parse(c->public_key, want) < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "public-key is no public key");
	if (memcmp(want, pk, sizeof(want)) != 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"the key of this server is %s, but public-key (KEY_PUB) says %s: give "
				"the secret key that belongs to it",
				hws_key_text(pk, is), c->public_key);
	return HWS_OK;
}

static int load_identity(struct rdv_server *s, struct hws_error *err)
{
	const struct rdv_config *c = s->core.conf;
	char path[400];
	bool created = false;
	int r;

	if (*c->secret_key) {
		r = hws_identity_from_text(c->secret_key, &s->core.identity);
	} else {
		r = hws_fmt(path, sizeof(path), "%s/id_ed25519", s->state_dir);
		if (r == HWS_OK && *c->public_key) /* a new one could not be the right one */
			r = hws_identity_load(path, &s->core.identity, err);
		else if (r == HWS_OK)
			r = hws_identity_load_or_create(
					path, true, &s->core.identity, &created, err);
		if (r == HWS_ERR_NOTFOUND)
			hws_error_set(err, r,
					"public-key (KEY_PUB) is set, but there is no secret key: put "
					"%s there, or give it as secret-key (KEY_PRIV)",
					path);
	}
	if (r == HWS_OK)
		r = check_identity(c, s->core.identity.pk, err);
	if (r < 0)
		return r;
	hws_key_text(s->core.identity.pk, s->core.key_text);
	if (created)
		hws_info("key.created", HWS_STR("file", path));
	return HWS_OK;
}

/* The relay of this machine reads it there. */
static int copy_key(struct rdv_server *s, struct hws_error *err)
{
	const char *path = s->core.conf->key_copy;

	if (!*path)
		return HWS_OK;
	return hws_private_file_write(
			path, hws_bytes_str(s->core.key_text), HWS_PRIVATE_SHOWN, err);
}

/* The journal's word. */
static void on_written(const struct rdv_write *w, const struct rdv_waiter *who, int r, bool durable,
		void *arg)
{
	struct rdv_server *s = arg;
	Rdv__RegisterPkResponse__Result result;

	if (s->core.cluster && durable && r == HWS_OK) {
		rdv_cluster_changed(s->core.cluster, w->row.id);
		rdv_cluster_changed(s->core.cluster, w->old_id);
	}
	if (w->kind == RDV_WRITE_DELETE)
		return;
	if (w->kind == RDV_WRITE_RENAME) {
		result = !durable             ? RDV__REGISTER_PK_RESPONSE__RESULT__SERVER_ERROR
				: r == HWS_OK ? RDV__REGISTER_PK_RESPONSE__RESULT__OK
				: r == HWS_ERR_EXISTS
				? RDV__REGISTER_PK_RESPONSE__RESULT__ID_EXISTS
				: RDV__REGISTER_PK_RESPONSE__RESULT__UUID_MISMATCH;
		if (result == RDV__REGISTER_PK_RESPONSE__RESULT__OK) {
			rdv_registration_renamed(&s->core, w->old_id, w->row.id);
			rdv_device_tell_renamed(&s->core, &w->row, w->old_id);
			hws_count(&s->core.count.id_changes);
			hws_info("id.changed", HWS_STR("from", w->old_id),
					HWS_STR("to", w->row.id));
		} else {
			hws_count(&s->core.count.id_change_refused);
		}
	} else {
		result = rdv_registration_written(&s->core, w, r, durable);
		if (r == HWS_OK && durable)
			rdv_device_tell(&s->core, &w->row, false);
	}
	if (who->client)
		rdv_tcp_post_result(s->core.tcp, who->client, result, who->rename);
	else if (who->udp.port)
		rdv_udp_result(s->core.udp, &who->udp, result);
}

static void on_left(struct hws_bytes id, void *arg)
{
	rdv_cluster_left(arg, id);
}

/* Links are a help between nodes: what cannot be found out of itself leaves them to the
 * database. */
static const char *link_address(struct rdv_server *s, struct rdv_own_address *own)
{
	const struct rdv_config *c = s->core.conf;
	uint16_t port = c->node_port ? c->node_port : (uint16_t)(c->port ? c->port + 4 : 0);
	struct sockaddr_storage bound;
	char host[256];
	int r;

	if (hws_str_equal(c->node_address, "off") || !port)
		return "";
	if (!hws_str_equal(c->node_address, "auto"))
		return c->node_address;
	/* nobody comes elsewhere than where it is listened */
	if (hws_addr_parse(c->node_bind, port, &bound) == HWS_OK && !hws_addr_is_special(&bound))
		return hws_addr_text(&bound, own->at, sizeof(own->at));
	own->at[0] = '\0';
	rdv_store_host(c, s->state_dir, host, sizeof(host));
	r = rdv_own_address(host, port, own);
	if (r == HWS_OK) {
		hws_info("node.address", HWS_STR("at", own->at), HWS_STR("why", own->how));
		return own->at;
	}
	hws_warn("node.address_unknown", HWS_STR("at", own->at), HWS_ERR("why", r),
			HWS_STR("text",
					"this node takes no direct links of others: set node-address, or "
					"'off' if that is meant"));
	return "";
}

static int open_cluster(struct rdv_server *s, struct hws_error *err)
{
	const struct rdv_config *c = s->core.conf;
	struct rdv_own_address own;
	const struct rdv_cluster_conf conf = { .node = c->node,
		.link_at = link_address(s, &own),
		.link_bind = c->node_bind,
		.link_port = c->node_port,
		.link_default_port = (uint16_t)(c->port ? c->port + 4 : 0),
		.work = s->work };
	int r = rdv_cluster_new(&s->core, s->loop, &rdv_cluster_hooks_of_planes, &conf,
			&s->core.cluster, err);

	if (r == HWS_OK)
		rdv_presence_on_left(s->core.presence, on_left, s->core.cluster);
	if (r == HWS_OK)
		rdv_cluster_on_entry(s->core.cluster, rdv_rules_heard, &s->core);
	return r;
}

/* A pair is made to check a relay. */
static void on_check(const char *uuid, void *arg)
{
	struct rdv_server *s = arg;

	rdv_tcp_post_announce(s->core.tcp, uuid);
}

static int configure_relays(struct rdv_server *s, const struct rdv_config *c, struct hws_error *err)
{
	struct rdv_relays_conf conf = { .list = c->relay_servers,
		.networks = c->relay_networks,
		.choice = (enum rdv_relay_choice)c->relay_choice,
		.check = (enum rdv_relay_check)c->relay_check };

	return rdv_relays_configure(s->core.relays, &conf, err);
}

struct lists {
	struct hws_cidr_list trusted, block, allow;
};

static void lists_done(struct lists *l)
{
	hws_cidr_list_done(&l->trusted);
	hws_cidr_list_done(&l->block);
	hws_cidr_list_done(&l->allow);
}

static int parse_lists(const struct rdv_config *c, struct lists *ret, struct hws_error *err)
{
	int r = hws_cidr_list_parse(c->trusted_proxies, &ret->trusted, err);

	if (r == HWS_OK)
		r = hws_cidr_list_parse(c->block, &ret->block, err);
	if (r == HWS_OK)
		r = hws_cidr_list_parse(c->allow, &ret->allow, err);
	return r;
}

static int build_tables(struct rdv_server *s, struct hws_error *err)
{
	const struct rdv_config *c = s->core.conf;
	struct lists lists = { 0 };
	int r = rdv_presence_new(c->max_peers, hws_clock_us(), &s->core.presence);

	if (r == HWS_OK)
		r = rdv_known_addrs_new(KNOWN_MAX, &s->core.known_addrs);
	if (r == HWS_OK)
		r = rdv_first_contacts_new(FIRST_MAX, &s->core.first_contacts);
	if (r == HWS_OK)
		r = rdv_proofs_new(&s->core.identity, &s->core.proofs);
	if (r == HWS_OK)
		r = rdv_attempts_new(WHY_SIZE, &s->core.attempts);
	if (r == HWS_OK)
		r = rdv_rules_new(&s->core.rules);
	if (r == HWS_OK)
		r = rdv_grants_new(HWS_MIN(GRANTS_MAX, c->max_links * 4), &s->core.grants);
	if (r == HWS_OK)
		r = parse_lists(c, &lists, err);
	if (r == HWS_OK)
		rdv_rules_configure(s->core.rules, &lists.block, &lists.allow);
	lists_done(&lists);
	if (r == HWS_OK)
		r = hws_work_new(2, 256, &s->work);
	if (r == HWS_OK)
		r = rdv_relays_new(s->loop, s->work, &s->core.relays);
	if (r == HWS_OK) {
		rdv_relays_checker(s->core.relays, s->core.key_text, on_check, s);
		r = configure_relays(s, c, err);
	}
	if (r == HWS_OK)
		r = rdv_store_open(s->loop, c, s->state_dir, &s->core.store, err);
	if (r == HWS_OK)
		r = rdv_journal_new(s->loop, s->core.store, c->queue_max, on_written, s,
				&s->core.journal);
	if (r == HWS_OK && *c->node)
		r = open_cluster(s, err);
	return r;
}

static void close_ports(struct rdv_server *s)
{
	rdv_udp_free(s->core.udp);
	rdv_tcp_free(s->core.tcp);
	s->core.udp = NULL;
	s->core.tcp = NULL;
}

/* A device answers a viewer by datagram: viewers are the TCP plane's. */
static void on_sent(struct rdv_core *core, const struct rdv_addr *from, struct hws_bytes datagram)
{
	rdv_tcp_post_sent(core->tcp, from, datagram);
}

static int open_ports_at(struct rdv_server *s, struct hws_error *err)
{
	const struct rdv_config *c = s->core.conf;
	unsigned threads = c->udp_threads;
	uint16_t port;
	int r;

	if (!threads) {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		threads = cores > 0 && cores < 64 ? (unsigned)cores : 1;
	}
	r = rdv_tcp_new(&s->core, &s->core.tcp);
	if (r == HWS_OK)
		r = rdv_udp_new(&s->core, c->bind, c->port, threads, on_sent, &s->core.udp, err);
	if (r < 0)
		return r;
	port = rdv_udp_port(s->core.udp);
	r = rdv_tcp_listen(s->core.tcp, RDV_PORT_MAIN, c->bind, port, err);
	if (r == HWS_OK)
		r = rdv_tcp_listen(s->core.tcp, RDV_PORT_NAT, c->bind,
				c->nat_port ? c->nat_port : (uint16_t)(port - 1), err);
	if (r == HWS_OK)
		r = rdv_tcp_listen(s->core.tcp, RDV_PORT_WS, c->bind,
				c->ws_port ? c->ws_port : (uint16_t)(port + 2), err);
	if (r == HWS_OK)
		rdv_udp_second(s->core.udp, c->bind, rdv_tcp_port(s->core.tcp, RDV_PORT_NAT));
	if (r == HWS_OK && *c->tls_cert) {
		r = rdv_tcp_tls(s->core.tcp, err);
		if (r == HWS_OK)
			r = rdv_tcp_listen(s->core.tcp, RDV_PORT_TLS, c->bind, c->tls_port, err);
	}
	return r;
}

/* With port 0 the neighbours must be free too: clients derive them. */
static int open_ports(struct rdv_server *s, struct hws_error *err)
{
	int tries = s->core.conf->port ? 1 : 400;
	int r;

	do {
		r = open_ports_at(s, err);
		if (r == HWS_OK)
			return r;
		close_ports(s);
	} while (--tries > 0);
	return r;
}

int rdv_server_new(struct hws_loop *loop, const struct rdv_config *conf, struct rdv_server **ret,
		struct hws_error *err)
{
	struct rdv_server *s = hws_secret_alloc(sizeof(*s));
	int r;

	if (!s)
		return HWS_ERR_NOMEM;
	s->loop = loop;
	s->core.conf = conf;
	fill_paths(s, err, &r);
	if (r == HWS_OK)
		r = load_identity(s, err);
	if (r == HWS_OK)
		r = copy_key(s, err);
	if (r == HWS_OK)
		r = build_tables(s, err);
	if (r == HWS_OK)
		r = open_ports(s, err);
	if (r == HWS_OK)
		r = rdv_surroundings_new(&s->core, s->loop, s->state_dir, &s->core.surroundings);
	if (r == HWS_OK)
		r = rdv_metrics_new(&s->core, s->loop, s->state_dir, &s->metrics, err);
	if (r == HWS_OK)
		r = rdv_control_new(&s->core, s->loop, s->control_path, &s->control, err);
	if (r < 0) {
		if (err && !err->text[0])
			hws_error_set(err, r, "cannot start: %s", hws_err_text(r));
		rdv_server_free(s);
		return r;
	}
	*ret = s;
	return HWS_OK;
}

void rdv_server_free(struct rdv_server *s)
{
	if (!s)
		return;
	hws_control_free(s->control);
	rdv_metrics_free(s->metrics);
	rdv_surroundings_free(s->core.surroundings);
	rdv_udp_stop(s->core.udp);
	rdv_tcp_stop(s->core.tcp);
	hws_timer_stop(&s->sweep);
	hws_timer_stop(&s->drain);
	rdv_cluster_end(s->core.cluster);
	rdv_store_free(s->core.store);
	rdv_loading_free(s->loading);
	rdv_telling_free(s->telling);
	close_ports(s);
	rdv_cluster_free(s->core.cluster);
	rdv_journal_free(s->core.journal);
	rdv_relays_free(s->core.relays);
	hws_work_free(s->work);
	rdv_grants_free(s->core.grants);
	rdv_rules_free(s->core.rules);
	rdv_attempts_free(s->core.attempts);
	rdv_seen_free(s->core.known_addrs);
	rdv_seen_free(s->core.first_contacts);
	rdv_proofs_free(s->core.proofs);
	rdv_presence_free(s->core.presence);
	hws_identity_wipe(&s->core.identity);
	hws_secret_free(s);
}

static void on_sweep(void *arg)
{
	struct rdv_server *s = arg;
	struct rdv_presence_stats st;

	/* Constant work: the table in SWEEP_ROUND_US, whatever its size. */
	rdv_presence_stats(s->core.presence, &st);
	rdv_presence_sweep(s->core.presence,
			1000 + (unsigned)(st.peers / (SWEEP_ROUND_US / SWEEP_US)), hws_clock_us());
}

static void say_listening(const struct rdv_server *s)
{
	const struct rdv_core *c = &s->core;

	hws_info("listening", HWS_U64("port", rdv_udp_port(c->udp)),
			HWS_U64("nat_port", rdv_tcp_port(c->tcp, RDV_PORT_NAT)),
			HWS_U64("ws_port", rdv_tcp_port(c->tcp, RDV_PORT_WS)),
			HWS_U64("tls_port", rdv_tcp_port(c->tcp, RDV_PORT_TLS)),
			HWS_U64("metrics_port", rdv_metrics_port(s->metrics)),
			HWS_STR("key", c->key_text), HWS_STR("control", s->control_path));
}

int rdv_server_start(struct rdv_server *s, struct hws_error *err)
{
	uint64_t until = hws_clock_us() + LOAD_WAIT_US;
	int r;

	r = rdv_loading_start(&s->core, s->loop, &s->loading);
	if (r < 0)
		return hws_error_set(err, r, "out of memory");
	while (rdv_loading_busy(s->loading) && hws_clock_us() < until) {
		r = hws_loop_once(s->loop, 100 * HWS_US_PER_MS);
		if (r < 0)
			return hws_error_set(err, r, "the loop failed while loading");
	}
	r = rdv_tcp_start(s->core.tcp);
	if (r == HWS_OK)
		r = rdv_udp_start(s->core.udp);
	if (r == HWS_OK && s->core.policy)
		r = rdv_telling_new(&s->core, s->loop, &s->telling);
	if (r < 0)
		return hws_error_set(err, r, "cannot start a thread");
	if (s->core.cluster) {
		r = rdv_cluster_start(s->core.cluster, err);
		if (r < 0)
			return r;
	}
	hws_timer_every(s->loop, &s->sweep, SWEEP_US, on_sweep, s);
	s->core.serving = true;
	rdv_surroundings_start(s->core.surroundings);
	say_listening(s);
	return HWS_OK;
}

int rdv_server_watch(struct rdv_server *s, struct hws_watchdog *w)
{
	int r = hws_watchdog_loop(w, rdv_tcp_loop(s->core.tcp), "rdv-tcp");

	s->core.watchdog = w;
	return r == HWS_OK ? rdv_udp_watch(s->core.udp, w) : r;
}

/* A TLS port is opened at the start or never; so is what the table marks. */
static int keep_fixed(
		const struct rdv_config *running, struct rdv_config *fresh, struct hws_error *err)
{
	bool switched = !*running->tls_cert != !*fresh->tls_cert;
	char names[300];
	int r = hws_options_keep(&rdv_options, fresh, running, switched ? "tls-cert,tls-key" : "",
			names, sizeof(names));

	if (r < 0)
		return hws_error_set(err, r, "out of memory");
	if (*names)
		hws_warn("reload.restart_needed", HWS_STR("options", names),
				HWS_STR("text", "these change with the next start only"));
	return HWS_OK;
}

/* All that can be wrong is done before anything changes: it is taken whole or not at all. */
int rdv_server_reload(struct rdv_server *s, struct rdv_config *conf, struct hws_error *err)
{
	struct hws_tls_server *tls = NULL;
	struct lists lists = { 0 };
	int r = keep_fixed(s->core.conf, conf, err);

	if (r == HWS_OK)
		r = parse_lists(conf, &lists, err);
	if (r == HWS_OK && *conf->tls_cert)
		r = hws_tls_server_new(conf->tls_cert, conf->tls_key, &tls, err);
	if (r == HWS_OK)
		r = configure_relays(s, conf, err);
	if (r < 0) {
		hws_tls_server_free(tls);
		lists_done(&lists);
		return r;
	}
	rdv_rules_configure(s->core.rules, &lists.block, &lists.allow);
	lists_done(&lists);
	if (tls)
		rdv_tcp_tls_replace(s->core.tcp, tls);
	__atomic_store_n(&s->core.conf, conf, __ATOMIC_RELEASE);
	rdv_tcp_post_reload(s->core.tcp);
	rdv_tcp_post_lists(s->core.tcp);
	return HWS_OK;
}

/* --- end -------------------------------------------------------------------------------------- */

static void on_drain(void *arg)
{
	struct rdv_server *s = arg;
	struct rdv_store_stats st;

	rdv_journal_kick(s->core.journal);
	s->core.store->ops->stats(s->core.store, &st);
	/* A store that is away is not waited for longer than the journal's own patience. */
	if (!rdv_journal_idle(s->core.journal) &&
			(st.healthy || hws_clock_us() < s->drain_until_us))
		return;
	hws_timer_stop(&s->drain);
	s->drained(s->drained_arg);
}

void rdv_server_drain(struct rdv_server *s, void (*done)(void *arg), void *arg)
{
	__atomic_store_n(&s->core.draining, true, __ATOMIC_RELAXED);
	s->drained = done;
	s->drained_arg = arg;
	s->drain_until_us = hws_clock_us() + 3 * HWS_US_PER_S;
	hws_info("draining");
	rdv_cluster_leave(s->core.cluster);
	hws_timer_every(s->loop, &s->drain, DRAIN_US, on_drain, s);
}
