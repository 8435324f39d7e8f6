/* Asking the server where the host is. Its answer names ways to try, or a relay where the host
 * goes already. */
#include "client/reach/reach_parts.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/text.h"

#define REQUEST_TRIES 3 /* waits of 3, 6 and 9 s */
#define REQUEST_WAIT_US 3000000
#define EAGER_WAIT_US 400000
/* A direct way that works stands within two round trips to the host; it gets at least so long
 * alone. What the server's name cost is in the measure, so it counts only so far. */
#define HEAD_MIN_US 300000
#define HEAD_NO_UDP_US 200000
#define SEEN_NO_UDP_US 80000
#define HEAD_MAX_US 600000
/* A deployed host that answered by UDP is asked for TCP, too, if that does not come by itself; it
 * skips what comes from one place within 100 ms. */
#define PLAIN_MIN_US 150000
/* Our own address by UDP may come a little later: so long that the third question can be answered,
 * if the first two are lost. */
#define UDP_WAIT_MIN_US 20000
#define UDP_WAIT_MAX_US 35000
#define DIRECT_SHORT_US 3000000
#define DIRECT_MIN_US 6000000

static void keep_statement(struct hws_reach *r, ProtobufCBinaryData pk)
{
	r->statement_len = 0;
	if (pk.len > 0 && pk.len <= HWS_REACH_STATEMENT_MAX) {
		memcpy(r->statement, pk.data, pk.len);
		r->statement_len = pk.len;
	}
}

void hws_reach_ask_stop(struct hws_reach *r)
{
	hws_timer_stop(&r->ask_wait);
	hws_timer_stop(&r->plain_wait);
	hws_server_query_free(r->query);
	r->query = NULL;
	hws_reach_web_stop(r);
}

static int send_punch_request(struct hws_reach *r)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleRequest q = RDV__PUNCH_HOLE_REQUEST__INIT;
	struct hws_reach_offer offer;

	q.id = r->id;
	/* A host that hears of a symmetric NAT goes to the relay alone; but it may be one without a
	 * NAT, which is reached directly, and the relay is tried beside that anyway. */
	q.nat_type = r->facts.forced                ? RDV__NAT_TYPE__SYMMETRIC
			: r->facts.symmetric_viewer ? RDV__NAT_TYPE__UNKNOWN_NAT
						    : r->conf.nat_type;
	q.licence_key = r->key;
	q.conn_type = r->conf.conn_type;
	q.version = r->version;
	q.force_relay = r->facts.forced;
	q.only_direct = r->conf.only_direct;
	q.token = hws_reach_token(r, r->query);
	if (!r->plain)
		hws_reach_udp_offer(r, &q, &offer);
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST;
	m.punch_hole_request = &q;
	return hws_server_query_send(r->query, &m);
}

/* --- answers ---------------------------------------------------------------------------------- */

/* How long a direct way may take. The relay does not wait for it, so this says only when the host
 * is given up where there is no relay either; hosts listen for 18 s. */
static uint64_t direct_limit(const struct hws_reach *r, bool is_local)
{
	if (is_local || r->facts.symmetric_host)
		return DIRECT_SHORT_US;
	if (!*r->relay.name && !r->conf.only_direct)
		return HWS_REACH_CONNECT_US;
	return HWS_MIN(HWS_MAX(6 * r->took_us, (uint64_t)DIRECT_MIN_US),
			(uint64_t)HWS_REACH_CONNECT_US);
}

/* For how long direct ways are alone: a relay that is asked for costs the host a leg there, for
 * nothing where the direct way stands a moment later. */
static uint64_t head_start(const struct hws_reach *r)
{
	const uint64_t unseen = HEAD_NO_UDP_US + SEEN_NO_UDP_US -
			HWS_MIN(r->took_us, (uint64_t)SEEN_NO_UDP_US);
	/* A network that lets out no UDP lets out little else; but that must be seen first. */
	const uint64_t least = hws_reach_udp_pending(r) ? unseen : HEAD_MIN_US;

	if (r->facts.symmetric_host || r->facts.symmetric_viewer || r->conf.last_was_relayed)
		return 0;
	return HWS_MIN(HWS_MAX(2 * r->opened_us, least), (uint64_t)HEAD_MAX_US);
}

static void keep_relay(struct hws_reach *r, const char *relay)
{
	if (!r->conf.only_direct && !*r->relay.name &&
			hws_str_copy(r->relay.name, sizeof(r->relay.name), relay) < 0)
		r->relay.name[0] = '\0';
}

/* A host of ours answers once by TCP and once by UDP; others answer by UDP alone, when they were
 * offered that, and are asked again without. */
static void on_plain_wait(void *arg)
{
	struct hws_reach *r = arg;

	r->plain = true;
	if (r->query && send_punch_request(r) < 0) {
		hws_reach_ask_stop(r);
		hws_reach_relay_link_over(r);
	}
}

static void start_way(struct hws_reach *r, const Rdv__PunchHoleResponse *p,
		const struct sockaddr_storage *peer)
{
	bool is_local = p->union_case == RDV__PUNCH_HOLE_RESPONSE__UNION_IS_LOCAL && p->is_local;

	if (p->is_udp) {
		hws_reach_progress(r, "Connecting directly by UDP");
		hws_reach_udp_way(r, peer);
		if (!r->by_tcp)
			hws_timer_start(r->loop, &r->plain_wait,
					HWS_MAX(2 * r->opened_us, (uint64_t)PLAIN_MIN_US),
					on_plain_wait, r);
		return;
	}
	if (r->by_tcp)
		return;
	r->by_tcp = true;
	hws_timer_stop(&r->plain_wait);
	if (is_local)
		hws_reach_udp_lan_begins(r);
	hws_reach_progress(r, is_local ? "Connecting in the same network" : "Connecting directly");
	hws_reach_direct_start(r, is_local ? HWS_PATH_LAN : HWS_PATH_PUNCHED, peer,
			direct_limit(r, is_local));
}

/* IPv6 last: it may fail at once, which must not look as if there were no other way. */
static void start_ways(struct hws_reach *r, const Rdv__PunchHoleResponse *p,
		const struct sockaddr_storage *peer)
{
	start_way(r, p, peer);
	hws_reach_udp_way_ipv6(r, p->socket_addr_v6);
	hws_reach_mapped_ways(r, p->candidates, p->n_candidates);
}

static void on_punch_response(struct hws_reach *r, const Rdv__PunchHoleResponse *p)
{
	struct sockaddr_storage peer;
	bool first = !r->answered;

	r->answered = true;
	hws_timer_stop(&r->ask_wait);
	if (!r->statement_len)
		keep_statement(r, p->pk);
	if (first)
		r->facts.symmetric_host =
				p->union_case == RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE &&
				p->nat_type == RDV__NAT_TYPE__SYMMETRIC;
	r->facts.tests_udp = p->tests_udp;
	r->facts.udp_blocked_host = p->udp_blocked;
	keep_relay(r, p->relay_server);
	r->relay.takes_link = r->relay.takes_link || p->relay_here;
	if (!r->facts.forced &&
			hws_addr_decode_usable(
					hws_bytes(p->socket_addr.data, p->socket_addr.len), &peer))
		start_ways(r, p, &peer);
	if (r->facts.forced)
		hws_reach_ask_stop(r);
	if (first)
		hws_reach_race_begin(r, head_start(r));
}

static enum hws_indirect of_server(Rdv__PunchHoleResponse__Failure failure)
{
	switch (failure) {
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE:
		return HWS_INDIRECT_OFFLINE;
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH:
		return HWS_INDIRECT_SERVER_KEY;
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_OVERUSE:
		return HWS_INDIRECT_SERVER_REFUSED;
	default:
		return HWS_INDIRECT_UNKNOWN_ID;
	}
}

static void on_punch_failure(struct hws_reach *r, const struct hws_server_query *query,
		const Rdv__PunchHoleResponse *p)
{
	bool unsaid = r->conf.token && !*hws_reach_token(r, query);
	struct hws_error err;
	char text[200];

	if (*p->other_failure) {
		hws_str_escape(text, sizeof(text), hws_bytes_str(p->other_failure));
		hws_error_set(&err, HWS_ERR_DENIED, "the server refuses: %s%s", text,
				unsaid ? " (" HWS_REACH_UNSAID ")" : "");
		r->facts.failed = HWS_INDIRECT_SERVER_REFUSED;
		hws_reach_fail(r, HWS_ERR_DENIED, err.text);
		return;
	}
	r->facts.failed = of_server(p->failure);
	switch (p->failure) {
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE:
		hws_reach_fail(r, HWS_ERR_OFFLINE,
				"the computer with this ID is off line: is it switched on, and its host connected to the same server?");
		break;
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH:
		hws_reach_fail(r, HWS_ERR_KEY,
				*r->key ? "the server key does not match: set the key that 'hawser-rendezvous key' prints on the server"
					: "this server serves only who has its key, and none is set for it: take the one that 'hawser-rendezvous key' prints there");
		break;
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_OVERUSE:
		hws_reach_fail(r, HWS_ERR_DENIED,
				"the server's licence is used up: ask its operator");
		break;
	default:
		hws_reach_fail(r, HWS_ERR_NOTFOUND,
				"the server does not know this ID: check the digits and the server");
		break;
	}
}

static void on_relay_response(struct hws_reach *r, const Rdv__RelayResponse *a)
{
	if (hws_reach_relay_refused(r, a)) {
		hws_reach_fail(r, r->why.code, r->why.text);
		return;
	}
	if (a->union_case == RDV__RELAY_RESPONSE__UNION_PK)
		keep_statement(r, a->pk);
	r->facts.host_relays = true;
	r->facts.relay_reason = a->relay_reason;
	r->facts.tests_udp = a->tests_udp;
	r->facts.udp_blocked_host = a->udp_blocked;
	r->answered = true;
	hws_reach_ask_stop(r);
	if (!r->facts.forced) {
		hws_reach_udp_way_ipv6(r, a->socket_addr_v6);
		hws_reach_mapped_ways(r, a->candidates, a->n_candidates);
	}
	/* a host of ours says that it cannot be met directly, and does not go to the relay */
	if (r->conf.only_direct && !*a->uuid)
		hws_reach_race_begin(r, 0);
	else
		hws_reach_relay_join(r, a->uuid, a->relay_server);
}

static void on_message(struct hws_server_query *query, const Rdv__RendezvousMessage *m, void *arg)
{
	struct hws_reach *r = arg;

	if (r->taken) { /* who asked for the relay has still to go there */
		hws_reach_relay_heard(r, m);
		return;
	}
	if (!r->answered) {
		r->took_us = hws_loop_now_us(r->loop) - r->started_us;
		r->verdict.answered_ms = (uint32_t)HWS_MAX(r->took_us / 1000, (uint64_t)1);
	}
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE) {
		const Rdv__PunchHoleResponse *p = m->punch_hole_response;

		/* Success is an address, not a value of `failure`. */
		if (p->socket_addr.len > 0)
			on_punch_response(r, p);
		else if (!r->answered)
			on_punch_failure(r, query, p);
	} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE && !r->answered) {
		on_relay_response(r, m->relay_response);
	} else {
		hws_reach_relay_heard(r, m);
	}
}

/* --- the question ----------------------------------------------------------------------------- */

static void ask_again(void *arg);

static void ask_once(struct hws_reach *r)
{
	int res = send_punch_request(r);

	if (res < 0)
		hws_reach_fail_server(r, res);
	else
		hws_timer_start(r->loop, &r->ask_wait,
				++r->asked * (r->conf.eager ? EAGER_WAIT_US : REQUEST_WAIT_US),
				ask_again, r);
}

static void ask_again(void *arg)
{
	struct hws_reach *r = arg;

	if (r->asked < REQUEST_TRIES) {
		/* A server that knows no such ID says so at once; silence is the host's. */
		hws_reach_progress(r, "The server knows the ID, but its host has not answered yet");
		ask_once(r);
	} else {
		r->facts.failed = HWS_INDIRECT_HOST_SILENT;
		hws_reach_fail(r, HWS_ERR_TIMEOUT,
				"the host did not answer the server: it may have lost its connection a moment ago; try again");
	}
}

static void ask_now(void *arg)
{
	ask_once(arg);
}

static void on_open(struct hws_server_query *query, void *arg)
{
	struct hws_reach *r = arg;

	if (query == r->web)
		hws_reach_web_adopt(r);
	else
		hws_reach_web_stop(r);
	r->local = *hws_server_query_local(query);
	r->opened = true;
	r->opened_us = hws_loop_now_us(r->loop) - r->started_us;
	hws_reach_progress(r, "Looking for the host");
	if (hws_reach_udp_pending(r))
		hws_timer_start(r->loop, &r->ask_wait,
				HWS_MIN(HWS_MAX(r->opened_us / 2, (uint64_t)UDP_WAIT_MIN_US),
						(uint64_t)UDP_WAIT_MAX_US),
				ask_now, r);
	else
		ask_once(r);
}

void hws_reach_ask_ready(struct hws_reach *r)
{
	if (r->opened && !r->asked && !r->failing) {
		hws_timer_stop(&r->ask_wait);
		ask_once(r);
	}
}

static void on_end(struct hws_server_query *query, int why, void *arg)
{
	struct hws_reach *r = arg;

	if (r->answered) {
		hws_reach_ask_stop(r); /* a second answer will not come */
		hws_reach_relay_link_over(r);
	} else if (query == r->web) {
		hws_server_query_free(r->web);
		r->web = NULL;
		if (why == HWS_ERR_PORTAL) /* it explains the other one's trouble, too */
			r->web_why = why;
		if (!r->query)
			hws_reach_fail_server(r, r->web_why < 0 ? r->web_why : r->tcp_why);
	} else if (!r->opened && why != HWS_ERR_RESOLVE && hws_err_class(why) == HWS_CLASS_NET &&
			hws_reach_web_instead(r)) {
		r->tcp_why = why;
		hws_server_query_free(r->query);
		r->query = NULL;
	} else {
		hws_reach_fail_server(r, !r->opened && r->web_why < 0 ? r->web_why : why);
	}
}

void hws_reach_ask_callbacks(struct hws_reach *r, struct hws_server_query_conf *conf)
{
	conf->on_open = on_open;
	conf->on_message = on_message;
	conf->on_end = on_end;
	conf->arg = r;
}

const uint8_t *hws_reach_secure_pk(const struct hws_reach *r, uint8_t pk[HWS_PK_LEN])
{
	return r->conf.token && hws_key_parse(r->key, pk) == HWS_OK ? pk : NULL;
}

char *hws_reach_token(const struct hws_reach *r, const struct hws_server_query *query)
{
	bool secure = hws_server_query_is_secure(query, r->conf.token_by_tls);
	const char *token = secure ? r->conf.token : NULL;

	return (char *)(uintptr_t)(token ? token : "");
}

int hws_reach_ask(struct hws_reach *r)
{
	struct hws_server_query_conf conf = { .server_addr = &r->server_addr,
		.timeout_us = HWS_REACH_CONNECT_US };
	uint8_t pk[HWS_PK_LEN];
	int res;

	conf.secure_pk = hws_reach_secure_pk(r, pk);
	hws_reach_ask_callbacks(r, &conf);
	res = hws_server_query_new(r->loop, r->work, &conf, &r->query);
	if (res < 0)
		return res;
	hws_reach_udp_start(r);
	hws_reach_web_soon(r);
	return HWS_OK;
}
