/* rendezvous/operate/control: what an operator asks and orders. All on the control loop: an answer
 * may be slow, the planes do not feel it. */
#include "server-rendezvous/operate/control.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/operate/control_devices.h"
#include "server-rendezvous/operate/control_rules.h"
#include "server-rendezvous/operate/control_sign.h"
#include "server-rendezvous/operate/doctor.h"
#include "server-rendezvous/operate/request.h"
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/health.h"
#include "shared/net/addr.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEERS_MAX 1000

static unsigned limit_of(const json_t *req, unsigned def, unsigned max)
{
	json_int_t n = json_integer_value(json_object_get(req, "limit"));

	return n > 0 && n <= max ? (unsigned)n : def;
}

/* --- stats ------------------------------------------------------------------------------------ */

static bool count_online(const struct rdv_peer *p, void *arg)
{
	struct {
		struct rdv_presence *t;
		uint64_t now, n;
	} *c = arg;

	c->n += rdv_peer_online(c->t, p, c->now);
	return true;
}

static void cmd_stats(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct rdv_core *core = arg;
	const struct rdv_counts *n = &core->count;
	struct {
		struct rdv_presence *t;
		uint64_t now, n;
	} c = { core->presence, hws_clock_us(), 0 };
	struct rdv_presence_stats p;
	struct rdv_tcp_stats t;
	struct rdv_journal_stats j;
	struct rdv_store_stats st;
	json_t *o;

	rdv_presence_stats(core->presence, &p);
	rdv_presence_each(core->presence, count_online, &c);
	rdv_tcp_stats(core->tcp, &t);
	rdv_journal_stats(core->journal, &j);
	core->store->ops->stats(core->store, &st);
	o = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "peers", (json_int_t)p.peers, "online",
			(json_int_t)c.n, "table_bytes", (json_int_t)p.bytes, "max_peers",
			(json_int_t)p.max, "links", (json_int_t)t.clients, "hosts_on_links",
			(json_int_t)t.hosts, "websockets", (json_int_t)t.ws);
	if (!o) {
		hws_control_fail(reply, HWS_ERR_NOMEM, "out of memory");
		return;
	}
	json_object_set_new(o, "store",
			json_pack("{s:s,s:b,s:I,s:I,s:I,s:I,s:I}", "kind", core->store->ops->name,
					"healthy", st.healthy, "operations", (json_int_t)st.ops,
					"failures", (json_int_t)st.failures, "queue",
					(json_int_t)j.queued, "written", (json_int_t)j.written,
					"refused", (json_int_t)j.refused));
	json_object_set_new(o, "counters",
			json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,"
				  "s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
					"keepalives", (json_int_t)n->keepalives, "registrations",
					(json_int_t)n->register_ok, "new",
					(json_int_t)n->register_new, "id_in_use",
					(json_int_t)n->register_mismatch, "too_frequent",
					(json_int_t)n->register_frequent, "punch_requests",
					(json_int_t)n->punch, "answered",
					(json_int_t)n->punch_answered, "relayed",
					(json_int_t)n->punch_relayed, "relayed_or_direct",
					(json_int_t)n->relayed_or_direct, "relayed_udp_blocked",
					(json_int_t)n->relayed_no_udp, "absent",
					(json_int_t)n->punch_absent, "offline",
					(json_int_t)n->punch_offline, "auth_failures",
					(json_int_t)n->auth_failures, "unasked_answers",
					(json_int_t)n->reply_unasked, "relay_distances",
					(json_int_t)n->distances, "limited",
					(json_int_t)n->punch_limited, "failed",
					(json_int_t)n->punch_failed, "datagrams_limited",
					(json_int_t)n->udp_limited, "datagrams_lost",
					(json_int_t)rdv_udp_lost(core->udp) +
							(json_int_t)n->udp_unsent,
					"links_lost", (json_int_t)rdv_tcp_lost(core->tcp),
					"answers_lost", (json_int_t)n->reply_lost));
	if (core->cluster)
		json_object_set_new(o, "cluster",
				json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "nodes",
						(json_int_t)st.nodes, "links",
						(json_int_t)core->node_links, "messages_out",
						(json_int_t)n->cluster_sent, "messages_in",
						(json_int_t)n->cluster_heard, "direct",
						(json_int_t)n->cluster_direct, "again",
						(json_int_t)n->cluster_again, "repeated",
						(json_int_t)n->cluster_repeated, "refused",
						(json_int_t)n->cluster_refused));
	json_object_set_new(o, "ready", json_boolean(rdv_core_ready(core)));
	hws_control_ok(reply, o);
}

/* --- peers ------------------------------------------------------------------------------------ */

struct page {
	struct rdv_presence *table;
	uint64_t now;
	const char *after;
	unsigned limit, n;
	uint64_t total;
	char id[PEERS_MAX][HWS_ID_MAX + 1]; /* the smallest ids so far, sorted */
};

static bool page_take(const struct rdv_peer *p, void *arg)
{
	struct page *g = arg;
	struct hws_bytes b = rdv_peer_id(p);
	char id[HWS_ID_MAX + 1];
	unsigned at;

	if (!rdv_peer_online(g->table, p, g->now))
		return true;
	g->total++;
	memcpy(id, b.ptr, b.len);
	id[b.len] = 0;
	if (strcmp(id, g->after) <= 0 || (g->n == g->limit && strcmp(id, g->id[g->n - 1]) >= 0))
		return true;
	for (at = g->n; at > 0 && strcmp(g->id[at - 1], id) > 0; at--)
		;
	if (g->n < g->limit)
		g->n++;
	memmove(g->id[at + 1], g->id[at], (g->n - at - 1) * sizeof(g->id[0]));
	memcpy(g->id[at], id, b.len + 1);
	return true;
}

static void cmd_peers(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	struct page *g = hws_alloc(sizeof(*g));
	json_t *list = json_array();

	if (!g || !list) {
		hws_free(g);
		json_decref(list);
		hws_control_fail(reply, HWS_ERR_NOMEM, "out of memory");
		return;
	}
	g->table = core->presence;
	g->now = hws_clock_us();
	g->after = rdv_request_text(req, "after");
	g->limit = limit_of(req, 100, PEERS_MAX - 1);
	rdv_presence_each(core->presence, page_take, g);
	for (unsigned i = 0; i < g->n; i++) {
		json_t *o = rdv_peer_json(core, g->id[i]);

		if (o)
			json_array_append_new(list, o);
	}
	hws_control_ok(reply,
			json_pack("{s:I,s:o}", "online", (json_int_t)g->total, "peers", list));
	hws_free(g);
}

static void cmd_kick(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	const char *id = rdv_request_text(req, "id");
	struct rdv_shard *shard;
	struct rdv_peer *p;
	uint64_t client = 0;

	if (!*id || strlen(id) > HWS_ID_MAX) {
		hws_control_fail(reply, HWS_ERR_INVAL, "which id?");
		return;
	}
	shard = rdv_presence_lock(core->presence, hws_bytes_str(id));
	p = rdv_shard_find(shard);
	if (p) {
		client = p->client;
		p->seen = 0;
		p->addr.port = 0;
	}
	rdv_presence_unlock(shard);
	if (!p) {
		hws_control_fail(reply, HWS_ERR_NOTFOUND, "no device has the id %s", id);
		return;
	}
	if (client)
		rdv_tcp_post_close(core->tcp, client);
	hws_control_ok(reply,
			json_pack("{s:s}", "note",
					"off line until its next sign of life, which comes every "
					"15 seconds or so"));
}

struct why {
	struct hws_control_reply *reply;
	json_t *answer;
	char id[RDV_ID_MAX + 1];
};

static void on_why_row(int r, const struct rdv_peer_row *row HWS_UNUSED, void *arg)
{
	struct why *w = arg;

	if (r == HWS_ERR_NOTFOUND) {
		json_decref(w->answer);
		hws_control_fail(w->reply, r, "no device has the id %s, and nobody asked for it",
				w->id);
	} else {
		hws_control_ok(w->reply, w->answer); /* no attempts, as far as can be told */
	}
	hws_free(w);
}

/* Nothing is known here of the id; perhaps the database knows a device. */
static int why_of_nothing(struct rdv_core *core, struct hws_control_reply *reply, const char *id,
		json_t *answer)
{
	struct why *w = hws_alloc(sizeof(*w));
	int r = w ? hws_str_copy(w->id, sizeof(w->id), id) : HWS_ERR_NOMEM;

	if (r == HWS_OK) {
		w->reply = reply;
		w->answer = answer;
		r = core->store->devices->get(core->store, w->id, on_why_row, w);
	}
	if (r < 0)
		hws_free(w);
	return r;
}

static void cmd_why(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	const char *id = rdv_request_text(req, "id");
	json_t *now = *id ? rdv_peer_json(core, id) : NULL;
	json_t *o = json_pack("{s:o}", "attempts",
			rdv_attempts_json(core->attempts, id, limit_of(req, 20, 500)));
	bool nothing = *id && !now && json_array_size(json_object_get(o, "attempts")) == 0;

	if (o && now)
		json_object_set_new(o, "now", now);
	if (!o || !nothing || why_of_nothing(core, reply, id, o) < 0)
		hws_control_ok(reply, o);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void cmd_relays(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct rdv_core *core = arg;

	json_t *o = json_pack("{s:o}", "relays", rdv_relays_json(core->relays));
	char text[160];

	/* Nothing is named then, and clients look beside the server. */
	if (o && json_array_size(json_object_get(o, "relays")) == 0 &&
			hws_fmt(text, sizeof(text),
					"relay-servers is empty: clients take port %u of the "
					"address by which "
					"they know this server; it is not watched",
					rdv_udp_port(core->udp) + 1u) == HWS_OK)
		json_object_set_new(o, "default", json_string(text));
	hws_control_ok(reply, o);
}

static void relay_drain(struct rdv_core *core, struct hws_control_reply *reply, const char *relay,
		bool drain)
{
	if (rdv_relays_drain(core->relays, relay, drain) < 0)
		hws_control_fail(reply, HWS_ERR_NOTFOUND, "no relay %s in the list", relay);
	else
		hws_control_ok(reply, NULL);
}

static void cmd_relay_drain(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;

	relay_drain(core, reply, rdv_request_text(req, "relay"), true);
}

static void cmd_relay_resume(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	relay_drain(arg, reply, rdv_request_text(req, "relay"), false);
}

static void cmd_config(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct rdv_core *core = arg;
	struct hws_buf out;

	hws_buf_init(&out, 256u << 10);
	hws_options_show(&rdv_options, rdv_conf(core), &out);
	if (hws_buf_err(&out) < 0)
		hws_control_fail(reply, hws_buf_err(&out), "the settings do not fit");
	else
		hws_control_ok(reply,
				json_pack("{s:s%,s:s}", "config",
						(const char *)hws_buf_bytes(&out).ptr,
						hws_buf_len(&out), "key", core->key_text));
	hws_buf_done(&out);
}

static void cmd_health(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	const struct rdv_core *core = arg;

	hws_health_answer(reply, core->watchdog, core->serving, rdv_core_ready(core),
			core->draining                 ? "draining"
					: core->loaded ? ""
						       : "the database has not been read yet");
}

static void cmd_drain(
		struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg HWS_UNUSED)
{
	hws_control_ok(reply, NULL);
	kill(getpid(), SIGTERM); /* the one way in which this program ends */
}

static void on_backup(int r, void *arg)
{
	struct hws_control_reply *reply = arg;

	if (r == HWS_ERR_UNSUPPORTED)
		hws_control_fail(reply, r, "this store has tools of its own (pg_dump)");
	else if (r < 0)
		hws_control_fail(reply, r, "the copy failed: %s", hws_err_text(r));
	else
		hws_control_ok(reply, NULL);
}

static void cmd_backup(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	const char *path = rdv_request_text(req, "path");
	int r = path[0] == '/' ? core->store->ops->backup(core->store, path, on_backup, reply)
			       : HWS_ERR_INVAL;

	if (r < 0)
		hws_control_fail(reply, r, "the copy needs an absolute path");
}

static const struct hws_control_cmd table[] = {
	{ "health", "whether this server serves", cmd_health },
	{ "stats", "counters and table sizes", cmd_stats },
	{ "peers", "devices that are online", cmd_peers },
	{ "peer", "one device", rdv_cmd_peer },
	{ "devices", "devices in the database, those that are off line too", rdv_cmd_devices },
	{ "name", "the operator's name for a device", rdv_cmd_name },
	{ "remove", "forget a device, or take its enrolment back", rdv_cmd_remove },
	{ "why", "the last connection attempts to a device", cmd_why },
	{ "kick", "forget where a device is; it registers again", cmd_kick },
	{ "block", "serve an address, network or id no more", rdv_cmd_block },
	{ "unblock", "take that back", rdv_cmd_unblock },
	{ "allow", "serve this address or network whatever the lists say", rdv_cmd_allow },
	{ "unallow", "take that back", rdv_cmd_unallow },
	{ "rules", "lists, groups and rules", rdv_cmd_rules },
	{ "group-add", "put a device or network into a group", rdv_cmd_group_add },
	{ "group-remove", "take it out", rdv_cmd_group_remove },
	{ "rule", "who may call whom: from, to, action allow, deny or none", rdv_cmd_rule },
	{ "enrol", "let a device register where only enrolled ones may", rdv_cmd_enrol },
	{ "enrolled-only", "whether only enrolled devices may register, on all nodes",
			rdv_cmd_enrolled_only },
	{ "sign", "a signature of this server for a strategy", rdv_cmd_sign },
	{ "relays", "relays and their health", cmd_relays },
	{ "relay-drain", "no new sessions by this relay", cmd_relay_drain },
	{ "relay-resume", "take that back", cmd_relay_resume },
	{ "nodes", "the other nodes and the links to them", rdv_cmd_nodes },
	{ "doctor", "how this server is, and what to do", rdv_cmd_doctor },
	{ "config", "settings in force", cmd_config },
	{ "log-level", "how much is logged", hws_control_log_level },
	{ "backup", "a copy of the database while running", cmd_backup },
	{ "drain", "end after the work at hand", cmd_drain },
};

int rdv_control_new(struct rdv_core *core, struct hws_loop *loop, const char *path,
		struct hws_control **ret, struct hws_error *err)
{
	const char *group = rdv_conf(core)->control_group;
	int r = hws_control_new(loop, path, table, HWS_COUNT(table), core, ret, err);

	if (r < 0)
		return r;
	hws_control_set_program(*ret, "hawser-rendezvous");
	return *group ? hws_control_share(*ret, group, err) : HWS_OK;
}
