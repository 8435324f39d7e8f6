/* The way by a relay: it is agreed with the host over the server, then both dial it. The relay
 * answers nothing, so a leg counts only when the host's first word came through it; until then
 * another try is made. */
#include "client/reach/reach_parts.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/wire/text.h"

#define RELAY_TRIES 3
#define ANSWER_MIN_US 3000000
#define LEG_US 20000     /* the head start of the host's leg at a relay */
#define LEAVE_US 5000000 /* nobody waits for it, and the host's leg ends by itself some time */
#define NO_RELAY                                                                                   \
	"the server named no usable relay: set one at the server (--relay-servers) or at the host"

static void ask(struct hws_reach_relay *l);
static void retry(struct hws_reach_relay *l, int why);

static struct hws_reach *reach_of(struct hws_reach_relay *l)
{
	return l->way.reach;
}

static void begin(struct hws_reach *r)
{
	struct hws_reach_relay *l = &r->relay;

	if (l->way.stage != HWS_REACH_IDLE)
		return;
	hws_reach_way_begin(r, &l->way, r->by_web ? HWS_PATH_RELAY_WS : HWS_PATH_RELAY);
	l->way.number = hws_verdict_try(
			&r->verdict, l->way.path, l->name, hws_loop_now_us(r->loop));
}

static void fail(struct hws_reach_relay *l, int why, const char *text)
{
	hws_error_set(&reach_of(l)->why, why, "%s", text);
	hws_reach_relay_stop(l, why);
	hws_reach_way_failed(&l->way, why);
}

static void end_asking(struct hws_reach_relay *l)
{
	hws_timer_stop(&l->way.wait);
	hws_server_query_free(l->query);
	l->query = NULL;
	if (l->on_link && reach_of(l)->taken)
		hws_reach_ask_stop(reach_of(l)); /* it was kept for this alone */
	l->on_link = false;
}

void hws_reach_relay_stop(struct hws_reach_relay *l, int why)
{
	end_asking(l);
	hws_relay_join_cancel(l->join);
	l->join = NULL;
	l->leaving = false;
	if (l->way.stage != HWS_REACH_IDLE)
		hws_reach_way_drop(&l->way, why);
}

/* --- our leg ---------------------------------------------------------------------------------- */

/* Deployed relays lose one of two legs that come in the same moment: the other one then waits in
 * vain, or is closed. The host speaks first, so silence tells. */
static void on_heard(struct hws_reach_way *w, int r)
{
	struct hws_reach_relay *l = hws_container(w, struct hws_reach_relay, way);

	if (r == HWS_OK)
		hws_reach_way_ready(w);
	else
		retry(l, r);
}

static void on_silence(void *arg)
{
	retry(arg, HWS_ERR_TIMEOUT);
}

/* Nobody waits for this way any more. Where it is not wanted at all it may have been the last. */
static void gone(struct hws_reach_relay *l)
{
	struct hws_reach *r = reach_of(l);

	hws_reach_relay_stop(l, HWS_ERR_CANCELED);
	if (r->conf.only_direct)
		hws_reach_way_failed(&l->way, HWS_ERR_CANCELED);
}

static void join_failed(struct hws_reach_relay *l, int res)
{
	struct hws_reach *r = reach_of(l);
	struct hws_error err;

	if (res == HWS_ERR_CRYPTO) {
		hws_reach_blame_certificate(r, "relay", l->name);
		err = r->why;
	} else {
		hws_error_set(&err, res,
				"cannot reach the relay %s: %s. The host may be reachable only by it: is it running, and open to you (TCP)?",
				l->name, hws_err_text(res));
	}
	r->facts.failed = HWS_INDIRECT_RELAY_UNREACHABLE;
	fail(l, res, err.text);
}

static void on_joined(int res, struct hws_stream *s, void *arg)
{
	struct hws_reach_relay *l = arg;
	bool by_web = hws_relay_join_by_web(l->join);

	l->join = NULL;
	if (by_web) {
		l->way.path = HWS_PATH_RELAY_WS;
		hws_verdict_path(&reach_of(l)->verdict, l->way.number, l->way.path);
	}
	if (l->leaving) {
		hws_stream_close(s); /* the relay lets the host go */
		gone(l);
		return;
	}
	if (res < 0) {
		join_failed(l, res);
		return;
	}
	l->way.heard = on_heard;
	hws_reach_way_listen(&l->way, s);
	hws_timer_start(reach_of(l)->loop, &l->way.wait,
			hws_relay_join_patience(reach_of(l)->took_us, l->tries + 1 >= RELAY_TRIES),
			on_silence, l);
}

static void join_now(void *arg)
{
	struct hws_reach_relay *l = arg;
	struct hws_reach *r = reach_of(l);
	const struct hws_relay_join_conf conf = { .relay = l->name,
		.server = &r->server_addr,
		.key = r->key,
		.uuid = l->uuid,
		.id = r->id,
		.conn_type = r->conf.conn_type,
		.timeout_us = HWS_REACH_CONNECT_US };
	int res = hws_relay_join(r->loop, r->work, &conf, on_joined, l, &l->join);

	if (res < 0)
		fail(l, res, NO_RELAY);
}

static void join_soon(struct hws_reach_relay *l)
{
	end_asking(l);
	l->host_waits = true;
	if (!l->leaving)
		hws_reach_progress(reach_of(l), "Connecting by the relay");
	hws_timer_start(reach_of(l)->loop, &l->way.wait, LEG_US, join_now, l);
}

void hws_reach_relay_join(struct hws_reach *r, const char *uuid, const char *relay)
{
	struct hws_reach_relay *l = &r->relay;

	if (hws_str_copy(l->name, sizeof(l->name), relay) < 0)
		l->name[0] = '\0';
	begin(r);
	/* a host that went there by itself waits for us, who will only let it go */
	l->leaving = r->conf.only_direct;
	if (!hws_pair_id_valid(hws_bytes_str(uuid)) ||
			hws_str_copy(l->uuid, sizeof(l->uuid), uuid) < 0 || !*l->name)
		fail(l, HWS_ERR_PROTO, NO_RELAY);
	else
		join_soon(l);
}

/* --- asking the host -------------------------------------------------------------------------- */

static int send_request(struct hws_reach_relay *l, struct hws_server_query *query)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RequestRelay q = RDV__REQUEST_RELAY__INIT;

	q.id = reach_of(l)->id;
	q.uuid = l->uuid;
	q.relay_server = l->name;
	q.token = hws_reach_token(reach_of(l), query);
	q.secure = reach_of(l)->statement_len > 0;
	q.udp_blocked = reach_of(l)->facts.tests_udp && hws_reach_udp_silent(reach_of(l));
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	m.request_relay = &q;
	l->host_waits = true;
	return hws_server_query_send(query, &m);
}

static void retry(struct hws_reach_relay *l, int why)
{
	end_asking(l);
	hws_stream_close(l->way.stream);
	l->way.stream = NULL;
	l->host_waits = false;
	if (l->leaving)
		gone(l);
	else if (++l->tries >= RELAY_TRIES)
		fail(l, why, "the host did not answer: it may have gone off line a moment ago, or cannot reach the server or the relay by TCP");
	else if (!*l->name)
		fail(l, HWS_ERR_UNREACHABLE, NO_RELAY);
	else
		ask(l);
}

/* The server passes the request on by one datagram, which may be lost: it is soon sent again. */
static uint64_t answer_limit(const struct hws_reach_relay *l)
{
	uint64_t us = HWS_MAX(4 * l->way.reach->took_us, (uint64_t)ANSWER_MIN_US);

	return HWS_MIN((l->tries + 1) * us, (uint64_t)HWS_REACH_CONNECT_US);
}

static void on_wait(void *arg)
{
	retry(arg, HWS_ERR_TIMEOUT);
}

static void on_open(struct hws_server_query *query, void *arg)
{
	struct hws_reach_relay *l = arg;
	int res = send_request(l, query);

	if (res < 0)
		retry(l, res);
	else
		hws_timer_start(reach_of(l)->loop, &l->way.wait, answer_limit(l), on_wait, l);
}

/* By the server, or by the host itself, which then says "the host ...". */
bool hws_reach_relay_refused(struct hws_reach *r, const Rdv__RelayResponse *m)
{
	char text[200];

	if (!*m->refuse_reason)
		return false;
	hws_str_escape(text, sizeof(text), hws_bytes_str(m->refuse_reason));
	hws_error_set(&r->why, HWS_ERR_DENIED, "refused: %s", text);
	r->facts.failed = HWS_INDIRECT_SERVER_REFUSED;
	return true;
}

static void on_message(struct hws_server_query *query, const Rdv__RendezvousMessage *m, void *arg)
{
	struct hws_reach_relay *l = arg;
	struct hws_error err;

	(void)query;
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE)
		return;
	if (hws_reach_relay_refused(reach_of(l), m->relay_response)) {
		err = reach_of(l)->why;
		fail(l, err.code, err.text);
	} else {
		join_soon(l);
	}
}

static void on_end(struct hws_server_query *query, int why, void *arg)
{
	(void)query;
	retry(arg, why);
}

void hws_reach_relay_heard(struct hws_reach *r, const Rdv__RendezvousMessage *m)
{
	if (r->relay.on_link)
		on_message(r->query, m, &r->relay);
}

void hws_reach_relay_link_over(struct hws_reach *r)
{
	if (!r->relay.on_link)
		return;
	end_asking(&r->relay);
	if (r->relay.leaving)
		hws_reach_relay_stop(&r->relay, HWS_ERR_CANCELED);
	else
		ask(&r->relay);
}

/* A link that still stands saves the time to open one. Deployed servers lose their end of it with
 * the first answer. */
static bool ask_on_link(struct hws_reach_relay *l)
{
	struct hws_reach *r = reach_of(l);

	if (!r->query || !l->takes_link || l->link_tried)
		return false;
	l->link_tried = true;
	if (send_request(l, r->query) < 0)
		return false;
	l->on_link = true;
	hws_timer_start(r->loop, &l->way.wait, answer_limit(l), on_wait, l);
	return true;
}

static void ask(struct hws_reach_relay *l)
{
	struct hws_reach *r = reach_of(l);
	uint8_t pk[HWS_PK_LEN];
	const struct hws_server_query_conf conf = { .server_addr = &r->server_addr,
		.timeout_us = HWS_REACH_CONNECT_US,
		.secure_pk = hws_reach_secure_pk(r, pk),
		.on_open = on_open,
		.on_message = on_message,
		.on_end = on_end,
		.arg = l };
	int res;

	hws_rand_uuid(l->uuid, sizeof(l->uuid));
	if (ask_on_link(l))
		return;
	res = hws_server_query_new(r->loop, r->work, &conf, &l->query);
	if (res < 0) {
		struct hws_error err;

		hws_reach_blame_server(r, res);
		err = r->why;
		fail(l, res, err.text);
	}
}

void hws_reach_relay_start(struct hws_reach *r)
{
	begin(r);
	hws_reach_progress(r,
			r->direct_count && r->direct[0].way.stage == HWS_REACH_RUNNING
					? "No direct path yet: asking for the relay, too"
					: "No direct path: asking for the relay");
	ask(&r->relay);
}

static void on_leave_limit(void *arg)
{
	gone(arg);
}

/* A host that was asked to the relay sits there until somebody comes or the relay loses patience:
 * we come, and go at once. */
void hws_reach_relay_leave(struct hws_reach_relay *l)
{
	bool on_its_way = l->way.stage == HWS_REACH_RUNNING && l->host_waits && !l->way.stream;

	if (!on_its_way) {
		hws_reach_relay_stop(l, HWS_ERR_CANCELED);
		return;
	}
	hws_verdict_over(&reach_of(l)->verdict, l->way.number, HWS_ERR_CANCELED,
			hws_loop_now_us(reach_of(l)->loop));
	l->leaving = true;
	if (l->query || l->on_link) /* else our leg is about to be made, and ends by itself */
		hws_timer_start(reach_of(l)->loop, &l->way.wait, LEAVE_US, on_leave_limit, l);
}
