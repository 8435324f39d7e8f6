/* rendezvous/operate/metrics: what the metrics page shows. Labels are fixed: nothing a stranger
 * sends becomes one. */
#include "server-rendezvous/operate/metrics.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/daemon/process_metrics.h"
#include "shared/net/room.h"
#include <stddef.h>

#define TRACKING_US (10 * HWS_US_PER_S)
#define TRACKING_SAY_US (600 * HWS_US_PER_S)
#define C(f) offsetof(struct rdv_counts, f)

static const struct {
	const char *name, *labels, *help;
	size_t offset;
} counters[] = {
	{ "hawser_rdv_datagrams_total", "dir=\"in\"", "UDP packets.", C(udp_in) },
	{ "hawser_rdv_datagrams_total", "dir=\"out\"", "UDP packets.", C(udp_out) },
	{ "hawser_rdv_datagrams_bad_total", NULL, "UDP packets that were no message we serve.",
			C(udp_bad) },
	{ "hawser_rdv_datagrams_limited_total", NULL, "UDP packets beyond an address's rate.",
			C(udp_limited) },
	{ "hawser_rdv_datagrams_blocked_total", NULL, "UDP packets of blocked addresses.",
			C(udp_blocked) },
	{ "hawser_rdv_keepalives_total", NULL, "Keep-alives of registered devices.",
			C(keepalives) },
	{ "hawser_rdv_key_asked_total", NULL, "Keep-alives answered by asking for the key.",
			C(ask_pk) },
	{ "hawser_rdv_registrations_total", "result=\"ok\"", "Registrations by result.",
			C(register_ok) },
	{ "hawser_rdv_registrations_total", "result=\"id_in_use\"", "Registrations by result.",
			C(register_mismatch) },
	{ "hawser_rdv_registrations_total", "result=\"too_frequent\"", "Registrations by result.",
			C(register_frequent) },
	{ "hawser_rdv_registrations_total", "result=\"refused\"", "Registrations by result.",
			C(register_refused) },
	{ "hawser_rdv_registrations_proven_total", NULL,
			"Registrations that a device proved to be its own.", C(register_proven) },
	{ "hawser_rdv_registrations_forged_total", NULL,
			"Registrations with a proof that is none: a forgery, or a host with a wrong key.",
			C(register_forged) },
	{ "hawser_rdv_registrations_new_total", NULL, "First registrations.", C(register_new) },
	{ "hawser_rdv_registrations_moved_total", NULL, "Devices at another address.",
			C(register_moved) },
	{ "hawser_rdv_keys_changed_total", NULL, "Devices that took another key.", C(key_changed) },
	{ "hawser_rdv_copies_total", NULL,
			"Times that machines with one ID, key and machine id were noticed.",
			C(clones) },
	{ "hawser_rdv_punch_requests_total", NULL, "Connection requests.", C(punch) },
	{ "hawser_rdv_punch_pushed_total", NULL, "Connection requests handed to devices.",
			C(punch_sent) },
	{ "hawser_rdv_punch_refused_total", "reason=\"absent\"", "Refused connection requests.",
			C(punch_absent) },
	{ "hawser_rdv_punch_refused_total", "reason=\"offline\"", "Refused connection requests.",
			C(punch_offline) },
	{ "hawser_rdv_punch_refused_total", "reason=\"rule\"", "Refused connection requests.",
			C(punch_denied) },
	{ "hawser_rdv_punch_refused_total", "reason=\"limit\"", "Refused connection requests.",
			C(punch_limited) },
	{ "hawser_rdv_punch_refused_total", "reason=\"key\"", "Refused connection requests.",
			C(auth_failures) },
	{ "hawser_rdv_punch_refused_total", "reason=\"failed\"", "Refused connection requests.",
			C(punch_failed) },
	{ "hawser_rdv_answers_total", NULL, "Answers of devices passed on.", C(punch_answered) },
	{ "hawser_rdv_answers_local_total", NULL, "Of them: same network.", C(punch_local) },
	{ "hawser_rdv_answers_tcp_total", NULL, "Of them: direct by TCP.", C(punch_tcp) },
	{ "hawser_rdv_answers_udp_total", NULL, "Of them: direct by UDP.", C(punch_udp) },
	{ "hawser_rdv_answers_ipv6_total", NULL, "Of them with an IPv6 address beside it.",
			C(punch_v6) },
	{ "hawser_rdv_answers_candidates_total", NULL,
			"Of them with a list of ways: both ends are hawser's.", C(punch_list) },
	{ "hawser_rdv_answers_relay_total", "why=\"viewer_network\"",
			"Of them: relayed, by reason.", C(relayed_symmetric) },
	{ "hawser_rdv_answers_relay_total", "why=\"forced\"", "Of them: relayed, by reason.",
			C(relayed_forced) },
	{ "hawser_rdv_answers_relay_total", "why=\"websocket\"", "Of them: relayed, by reason.",
			C(relayed_ws) },
	{ "hawser_rdv_answers_relay_total", "why=\"server\"", "Of them: relayed, by reason.",
			C(relayed_server) },
	{ "hawser_rdv_answers_relay_total", "why=\"device\"", "Of them: relayed, by reason.",
			C(relayed_host) },
	{ "hawser_rdv_answers_relay_or_direct_total", NULL,
			"Of them: the relay, with other ways beside it: direct where one of these "
			"leads there.",
			C(relayed_or_direct) },
	{ "hawser_rdv_relay_udp_blocked_total", NULL,
			"Relayed after a direct way had failed, with UDP blocked at an end.",
			C(relayed_no_udp) },
	{ "hawser_rdv_answers_unasked_total", NULL, "Answers nobody had asked for.",
			C(reply_unasked) },
	{ "hawser_rdv_answers_lost_total", NULL,
			"Answers of devices for which there was no room in the queue of the TCP "
			"thread.",
			C(reply_lost) },
	{ "hawser_rdv_relay_requests_total", NULL,
			"Requests for the relay after a failed direct way.", C(relay_requests) },
	{ "hawser_rdv_relay_requests_answered_total", NULL, "Of them agreed to by the device.",
			C(relay_answered) },
	{ "hawser_rdv_relay_requests_refused_total", NULL, "Of them refused.", C(relay_refused) },
	{ "hawser_rdv_pairs_announced_total", NULL, "Pairs announced to relays.", C(announced) },
	{ "hawser_rdv_cluster_messages_total", "dir=\"out\"", "Messages between nodes.",
			C(cluster_sent) },
	{ "hawser_rdv_cluster_messages_total", "dir=\"in\"", "Messages between nodes.",
			C(cluster_heard) },
	{ "hawser_rdv_cluster_requests_total", NULL, "Requests handed to other nodes.",
			C(cluster_pushed) },
	{ "hawser_rdv_cluster_answers_total", NULL, "Answers of devices handed to other nodes.",
			C(cluster_replied) },
	{ "hawser_rdv_cluster_failed_total", NULL, "What could not be told or asked.",
			C(cluster_failed) },
	{ "hawser_rdv_cluster_refused_total", NULL,
			"Messages in the database that no node of this cluster wrote, or for the "
			"second time.",
			C(cluster_refused) },
	{ "hawser_rdv_cluster_direct_total", NULL,
			"Of the messages out: over a direct link; the others by the database.",
			C(cluster_direct) },
	{ "hawser_rdv_cluster_again_total", NULL,
			"Sent again by the database because a link was lost.", C(cluster_again) },
	{ "hawser_rdv_cluster_repeated_total", NULL,
			"Messages that had come by the other way already and were dropped.",
			C(cluster_repeated) },
	{ "hawser_rdv_relay_distances_total", NULL, "Distances reported by relays.", C(distances) },
	{ "hawser_rdv_policy_total", "from=\"asked\"",
			"Who may connect: decided by the API server.", C(policy_asked) },
	{ "hawser_rdv_policy_total", "from=\"memory\"",
			"Who may connect: decided by the API server.", C(policy_kept) },
	{ "hawser_rdv_policy_refused_total", NULL, "Connections that the API server refused.",
			C(policy_refused) },
	{ "hawser_rdv_policy_away_total", NULL,
			"Connections that it could not be asked about in time.", C(policy_away) },
	{ "hawser_rdv_policy_untold_total", NULL,
			"Registrations and sessions that it was not told of.", C(policy_untold) },
	{ "hawser_rdv_api_requests_total", "result=\"passed\"",
			"Requests for the API on the main port.", C(http_passed) },
	{ "hawser_rdv_api_requests_total", "result=\"failed\"",
			"Requests for the API on the main port.", C(http_failed) },
	{ "hawser_rdv_rejected_total", "rule=\"enrolled\"",
			"Times that an operator's rule said no, by kind of rule.",
			C(register_unenrolled) },
	{ "hawser_rdv_rejected_total", "rule=\"account\"",
			"Times that an operator's rule said no, by kind of rule.",
			C(policy_refused) },
	{ "hawser_rdv_auth_failures_total", NULL, "Wrong server keys.", C(auth_failures) },
	{ "hawser_rdv_online_queries_total", NULL, "Online queries.", C(online_queries) },
	{ "hawser_rdv_online_queries_refused_total", NULL, "Of them answered with zeroes.",
			C(online_refused) },
	{ "hawser_rdv_nat_tests_total", NULL, "NAT tests.", C(nat_tests) },
	{ "hawser_rdv_id_changes_total", NULL, "Changed ids.", C(id_changes) },
	{ "hawser_rdv_links_total", NULL, "TCP and WebSocket links accepted.",
			C(clients_accepted) },
	{ "hawser_rdv_links_refused_total", NULL, "Links refused at the door.",
			C(clients_refused) },
	{ "hawser_rdv_links_bad_total", NULL, "Links closed for what came on them.",
			C(clients_bad) },
	{ "hawser_rdv_links_encrypted_total", NULL, "Links that took the offered encryption.",
			C(encrypted) },
};

static struct rdv_presence_stats presence(struct rdv_core *core)
{
	struct rdv_presence_stats st;

	rdv_presence_stats(core->presence, &st);
	return st;
}

static double peers(void *arg)
{
	return (double)presence(arg).peers;
}

static double online(void *arg)
{
	return (double)presence(arg).online;
}

static double table_bytes(void *arg)
{
	return (double)presence(arg).bytes;
}

static struct rdv_tcp_stats tcp(struct rdv_core *core)
{
	struct rdv_tcp_stats st;

	rdv_tcp_stats(core->tcp, &st);
	return st;
}

static double clients(void *arg)
{
	return (double)tcp(arg).clients;
}

static double hosts(void *arg)
{
	return (double)tcp(arg).hosts;
}

static double datagrams_lost(void *arg)
{
	struct rdv_core *core = arg;

	return (double)rdv_udp_lost(core->udp);
}

static double datagrams_unsent(void *arg)
{
	struct rdv_core *core = arg;

	return (double)__atomic_load_n(&core->count.udp_unsent, __ATOMIC_RELAXED);
}

static double links_lost(void *arg)
{
	struct rdv_core *core = arg;

	return (double)rdv_tcp_lost(core->tcp);
}

static double tracked(void *arg HWS_UNUSED)
{
	struct hws_room_tracking t;

	return hws_room_tracking("/proc", &t) ? (double)t.count / (double)t.max : 0;
}

static struct rdv_store_stats store(struct rdv_core *core)
{
	struct rdv_store_stats st;

	core->store->ops->stats(core->store, &st);
	return st;
}

static double store_up(void *arg)
{
	return store(arg).healthy ? 1 : 0;
}

static double store_failures(void *arg)
{
	return (double)store(arg).failures;
}

static double store_operations(void *arg)
{
	return (double)store(arg).ops;
}

static double store_seconds(void *arg)
{
	return (double)store(arg).last_us / 1e6;
}

static double nodes(void *arg)
{
	return (double)store(arg).nodes;
}

static double node_links(void *arg)
{
	struct rdv_core *core = arg;

	return (double)__atomic_load_n(&core->node_links, __ATOMIC_RELAXED);
}

static double queued(void *arg)
{
	struct rdv_core *core = arg;
	struct rdv_journal_stats st;

	rdv_journal_stats(core->journal, &st);
	return (double)st.queued;
}

static double lag(void *arg)
{
	struct rdv_core *core = arg;

	return (double)rdv_journal_lag_us(core->journal) / 1e6;
}

static double one(void *arg HWS_UNUSED)
{
	return 1;
}

static int64_t certificate_ends(void *arg)
{
	struct rdv_core *core = arg;

	return rdv_tcp_tls_ends(core->tcp);
}

static double relays_up(void *arg)
{
	struct rdv_core *core = arg;
	unsigned all, up;

	rdv_relays_count(core->relays, &all, &up);
	return up;
}

static double relays_all(void *arg)
{
	struct rdv_core *core = arg;
	unsigned all, up;

	rdv_relays_count(core->relays, &all, &up);
	return all;
}

static double relays_listening(void *arg)
{
	struct rdv_core *core = arg;

	return (double)__atomic_load_n(&core->relays_listening, __ATOMIC_RELAXED);
}

static double policy_up(void *arg)
{
	struct rdv_core *core = arg;

	return __atomic_load_n(&core->policy_link, __ATOMIC_RELAXED) ? 1 : 0;
}

static const struct {
	const char *name, *help;
	enum hws_metric_type type;
	double (*fn)(void *arg);
	const char *labels;
} gauges[] = {
	{ "hawser_rdv_datagrams_lost_total",
			"UDP packets lost here: the receive buffer was full, or the system would "
			"not send.",
			HWS_COUNTER, datagrams_lost, "where=\"buffer\"" },
	{ "hawser_rdv_datagrams_lost_total",
			"UDP packets lost here: the receive buffer was full, or the system would "
			"not send.",
			HWS_COUNTER, datagrams_unsent, "where=\"sending\"" },
	{ "hawser_rdv_links_lost_total",
			"TCP links that the system dropped because the queue of new ones was full.",
			HWS_COUNTER, links_lost, NULL },
	{ "hawser_rdv_tracking_used",
			"Part of the firewall's connection tracking table in use (0 = not used); "
			"at 1 new devices and links are lost.",
			HWS_GAUGE, tracked, NULL },
	{ "hawser_rdv_peers", "Devices in memory.", HWS_GAUGE, peers, NULL },
	{ "hawser_rdv_peers_online", "Of them online (last round of the sweep).", HWS_GAUGE, online,
			NULL },
	{ "hawser_rdv_table_bytes", "Memory of the table of devices.", HWS_GAUGE, table_bytes,
			NULL },
	{ "hawser_rdv_links", "TCP and WebSocket links now.", HWS_GAUGE, clients, NULL },
	{ "hawser_rdv_hosts_on_links", "Devices registered by TCP or WebSocket.", HWS_GAUGE, hosts,
			NULL },
	{ "hawser_rdv_store_up", "1 when the last store operation succeeded.", HWS_GAUGE, store_up,
			NULL },
	{ "hawser_rdv_store_failures_total", "Failed store operations.", HWS_COUNTER,
			store_failures, NULL },
	{ "hawser_rdv_store_operations_total", "Store operations.", HWS_COUNTER, store_operations,
			NULL },
	{ "hawser_rdv_store_last_seconds", "Duration of the last store operation.", HWS_GAUGE,
			store_seconds, NULL },
	{ "hawser_rdv_nodes",
			"Nodes of the cluster that live, as this one sees it; 0 = one server only.",
			HWS_GAUGE, nodes, NULL },
	{ "hawser_rdv_node_links", "Other nodes with a direct link to this one.", HWS_GAUGE,
			node_links, NULL },
	{ "hawser_rdv_store_queue", "Registrations waiting for the store.", HWS_GAUGE, queued,
			NULL },
	{ "hawser_rdv_store_lag_seconds",
			"How long the oldest registration that is not in the database waits.",
			HWS_GAUGE, lag, NULL },
	{ "hawser_rdv_policy_up",
			"1 when the API server can be asked who may connect; 0 also without "
			"policy-socket.",
			HWS_GAUGE, policy_up, NULL },
	{ "hawser_rdv_relays", "Relays that viewers may be sent to.", HWS_GAUGE, relays_all, NULL },
	{ "hawser_rdv_relays_up", "Relays that answer.", HWS_GAUGE, relays_up, NULL },
	{ "hawser_rdv_relays_listening", "Relays that hear announcements.", HWS_GAUGE,
			relays_listening, NULL },
};

struct rdv_metrics {
	struct rdv_core *core;
	const char *state_dir;
	struct hws_metrics *metrics;
	struct hws_metrics_http *http;
	struct hws_process_metrics *process;
	char node[4 * 64 + 16]; /* label */
	struct hws_timer tracking;
	uint64_t tracking_said_us; /* when the operator was told of a full table last */
};

/* A full table of the firewall looks like a dead network: its packets never reach us, and nobody
 * else says why. */
static void look_at_tracking(void *arg)
{
	struct rdv_metrics *m = arg;
	struct hws_room_tracking t;
	uint64_t now = hws_clock_us();

	if (!hws_room_tracking("/proc", &t) || t.count < t.max - t.max / 10 ||
			(m->tracking_said_us && now - m->tracking_said_us < TRACKING_SAY_US))
		return;
	m->tracking_said_us = now;
	hws_warn("tracking.full", HWS_U64("flows", t.count), HWS_U64("max", t.max),
			HWS_U64("lost", t.dropped),
			HWS_STR("text",
					"the firewall of this machine can hardly remember further "
					"flows: new devices and links will get no answer. Raise "
					"net.netfilter.nf_conntrack_max, or exempt the ports of "
					"this server (notrack)"));
}

static bool is_ready(void *arg)
{
	return rdv_core_ready(arg);
}

static int add_rules(struct rdv_metrics *m)
{
	const struct rdv_rules_counts *n = rdv_rules_counts(m->core->rules);
	const struct {
		const char *labels;
		const uint64_t *value;
	} rows[] = {
		{ "rule=\"address\"", &n->address },
		{ "rule=\"device\"", &n->device },
		{ "rule=\"call\"", &n->call },
	};
	int r = HWS_OK;

	for (size_t i = 0; r == HWS_OK && i < HWS_COUNT(rows); i++)
		r = hws_metrics_add(m->metrics, HWS_COUNTER, "hawser_rdv_rejected_total",
				rows[i].labels,
				"Times that an operator's rule said no, by kind of rule.",
				rows[i].value);
	return r;
}

/* The name is the operator's; what a label cannot hold is escaped. */
static int add_node(struct rdv_metrics *m)
{
	const char *name = rdv_conf(m->core)->node;
	char text[4 * 63 + 1];
	int r;

	if (!m->core->cluster)
		return HWS_OK;
	hws_str_escape(text, sizeof(text), hws_bytes(name, strnlen(name, 63)));
	for (char *at = text; (at = strpbrk(at, "\\\"\n"));)
		*at = '_';
	r = hws_fmt(m->node, sizeof(m->node), "node=\"%s\"", text);
	if (r < 0)
		return r;
	return hws_metrics_add_fn(m->metrics, HWS_GAUGE, "hawser_rdv_node_info", m->node,
			"1; the name of this node in its cluster.", one, m->core);
}

static int add_times(struct rdv_metrics *m)
{
	int r = hws_metrics_add_hws_times(m->metrics, "hawser_rdv_answer_seconds", NULL,
			"From a connection request to the answer of the device.",
			&m->core->count.answers);

	if (r == HWS_OK)
		r = hws_metrics_add_hws_times(m->metrics, "hawser_rdv_store_seconds", NULL,
				"Duration of store operations.", &m->core->store->took);
	return r;
}

static int add_process(struct rdv_metrics *m)
{
	const struct hws_process_metrics_conf conf = {
		.program = "hawser-rendezvous",
		.state_dir = m->state_dir,
		.certificate_ends = certificate_ends,
		.arg = m->core,
	};

	return hws_process_metrics_new(m->metrics, &conf, &m->process);
}

static int add_all(struct rdv_metrics *m)
{
	const char *base = (const char *)&m->core->count;
	int r = HWS_OK;

	for (size_t i = 0; r == HWS_OK && i < HWS_COUNT(counters); i++)
		r = hws_metrics_add(m->metrics, HWS_COUNTER, counters[i].name, counters[i].labels,
				counters[i].help,
				(const uint64_t *)(const void *)(base + counters[i].offset));
	for (size_t i = 0; r == HWS_OK && i < HWS_COUNT(gauges); i++)
		r = hws_metrics_add_fn(m->metrics, gauges[i].type, gauges[i].name, gauges[i].labels,
				gauges[i].help, gauges[i].fn, m->core);
	if (r == HWS_OK)
		r = add_rules(m);
	if (r == HWS_OK)
		r = add_node(m);
	if (r == HWS_OK)
		r = add_times(m);
	return r == HWS_OK ? add_process(m) : r;
}

int rdv_metrics_new(struct rdv_core *core, struct hws_loop *loop, const char *state_dir,
		struct rdv_metrics **ret, struct hws_error *err)
{
	const struct rdv_config *c = rdv_conf(core);
	struct rdv_metrics *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return HWS_ERR_NOMEM;
	m->core = core;
	m->state_dir = state_dir;
	r = hws_metrics_new(&m->metrics);
	if (r == HWS_OK)
		r = add_all(m);
	if (r == HWS_OK && c->metrics)
		r = hws_metrics_http_new(loop, m->metrics, c->metrics_bind, c->metrics_port,
				is_ready, core, &m->http, err);
	if (r < 0) {
		rdv_metrics_free(m);
		return r;
	}
	look_at_tracking(m);
	hws_timer_every(loop, &m->tracking, TRACKING_US, look_at_tracking, m);
	*ret = m;
	return HWS_OK;
}

void rdv_metrics_free(struct rdv_metrics *m)
{
	if (!m)
		return;
	hws_timer_stop(&m->tracking);
	hws_metrics_http_free(m->http);
	hws_metrics_free(m->metrics);
	hws_process_metrics_free(m->process);
	free(m);
}

uint16_t rdv_metrics_port(const struct rdv_metrics *m)
{
	return m->http ? hws_metrics_http_port(m->http) : 0;
}
