/* The way by a relay: it is agreed with the host over the server, then both dial it. The relay
 * answers nothing, so a leg counts only when the host's first word came through it; until then
 * another try is made. */
#include "client/reach/reach_parts.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/wire/text.h"

#define RELAY_TRIES 3
#define LEG_US 20000 /* the head start of the host's leg at a relay */
#define NO_RELAY                                                                                   \
	"the server named no usable relay: set one at the server (--relay-servers) or at the host"

static void retry_relay(struct hws_reach *r, int why);

/* The relay has ended our leg, and nothing was said before. */
static bool ended_early(const struct hws_stream *s)
{
	int fd = hws_stream_fd(s);
	char c;

	return fd >= 0 && recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Deployed relays lose one of two legs that come in the same moment: the other one then waits in
 * vain, or is closed. The host speaks first, so silence tells. */
static void on_first_word(struct hws_stream *s, unsigned ready, void *arg)
{
	struct hws_reach *r = arg;

	(void)ready;
	hws_stream_want(s, 0);
	hws_stream_set_callback(s, NULL, NULL);
	if (ended_early(s) && r->tries + 1 < RELAY_TRIES) {
		retry_relay(r, HWS_ERR_EOF);
		return;
	}
	r->leg = NULL;
	hws_reach_succeed(r, s, "relay");
}

static void on_silence(void *arg)
{
	retry_relay(arg, HWS_ERR_TIMEOUT);
}

static void on_joined(int res, struct hws_stream *s, void *arg)
{
	struct hws_reach *r = arg;
	struct hws_error err;

	r->join = NULL;
	if (res == HWS_OK) {
		r->leg = s;
		hws_stream_set_callback(s, on_first_word, r);
		hws_stream_want(s, HWS_STREAM_READ);
		hws_timer_start(r->loop, &r->wait,
				hws_relay_join_patience(r->took_us, r->tries + 1 >= RELAY_TRIES),
				on_silence, r);
		return;
	}
	if (res == HWS_ERR_CRYPTO) {
		hws_reach_fail_certificate(r, "relay", r->relay);
		return;
	}
	hws_error_set(&err, res,
			"cannot reach the relay %s: %s. The host may be reachable only by it: is it running, and open to you (TCP)?",
			r->relay, hws_err_text(res));
	hws_reach_fail(r, res, err.text);
}

static void join_now(void *arg)
{
	struct hws_reach *r = arg;
	const struct hws_relay_join_conf conf = { .relay = r->relay,
		.server = &r->server_addr,
		.key = r->key,
		.uuid = r->uuid,
		.id = r->id,
		.conn_type = r->conf.conn_type,
		.timeout_us = HWS_REACH_CONNECT_US };
	int res = hws_relay_join(r->loop, r->work, &conf, on_joined, r, &r->join);

	if (res < 0)
		hws_reach_fail(r, res, NO_RELAY);
}

void hws_reach_join(struct hws_reach *r, const char *uuid, const char *relay)
{
	hws_timer_stop(&r->wait);
	hws_server_query_free(r->query);
	r->query = NULL;
	if (!hws_pair_id_valid(hws_bytes_str(uuid)) ||
			hws_str_copy(r->uuid, sizeof(r->uuid), uuid) < 0 ||
			hws_str_copy(r->relay, sizeof(r->relay), relay) < 0 || !*r->relay) {
		hws_reach_fail(r, HWS_ERR_PROTO, NO_RELAY);
		return;
	}
	hws_reach_progress(r, "Connecting by the relay");
	hws_timer_start(r->loop, &r->wait, LEG_US, join_now, r);
}

static int send_relay_request(struct hws_reach *r)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RequestRelay q = RDV__REQUEST_RELAY__INIT;

	q.id = r->id;
	q.uuid = r->uuid;
	q.relay_server = r->relay;
	q.secure = r->statement_len > 0;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	m.request_relay = &q;
	return hws_server_query_send(r->query, &m);
}

static void retry_relay(struct hws_reach *r, int why)
{
	hws_timer_stop(&r->wait);
	hws_server_query_free(r->query);
	r->query = NULL;
	hws_stream_close(r->leg);
	r->leg = NULL;
	if (++r->tries < RELAY_TRIES)
		hws_reach_relay(r);
	else
		hws_reach_fail(r, why,
				"the host did not answer: it may have gone off line a moment ago, or cannot reach the server or the relay by TCP");
}

static void on_relay_wait(void *arg)
{
	retry_relay(arg, HWS_ERR_TIMEOUT);
}

static void on_relay_open(struct hws_server_query *query, void *arg)
{
	struct hws_reach *r = arg;
	int res = send_relay_request(r);

	(void)query;
	if (res < 0)
		retry_relay(r, res);
	else
		hws_timer_start(r->loop, &r->wait, HWS_REACH_CONNECT_US, on_relay_wait, r);
}

/* By the server, or by the host itself, which then says "the host ...". */
bool hws_reach_is_refused(struct hws_reach *r, const Rdv__RelayResponse *m)
{
	struct hws_error err;
	char text[200];

	if (!*m->refuse_reason)
		return false;
	hws_str_escape(text, sizeof(text), hws_bytes_str(m->refuse_reason));
	hws_error_set(&err, HWS_ERR_DENIED, "refused: %s", text);
	hws_reach_fail(r, HWS_ERR_DENIED, err.text);
	return true;
}

static void on_relay_message(
		struct hws_server_query *query, const Rdv__RendezvousMessage *m, void *arg)
{
	struct hws_reach *r = arg;

	(void)query;
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE)
		return;
	if (!hws_reach_is_refused(r, m->relay_response))
		hws_reach_join(r, r->uuid, r->relay);
}

static void on_relay_end(struct hws_server_query *query, int why, void *arg)
{
	(void)query;
	retry_relay(arg, why);
}

void hws_reach_relay(struct hws_reach *r)
{
	const struct hws_server_query_conf conf = { .server_addr = &r->server_addr,
		.timeout_us = HWS_REACH_CONNECT_US,
		.on_open = on_relay_open,
		.on_message = on_relay_message,
		.on_end = on_relay_end,
		.arg = r };
	int res;

	if (!*r->relay) {
		hws_reach_fail(r, HWS_ERR_UNREACHABLE,
				"no direct path to the host, and no relay is known: set one at the server (--relay-servers)");
		return;
	}
	hws_reach_progress(r, "No direct path: asking for the relay");
	hws_rand_uuid(r->uuid, sizeof(r->uuid));
	res = hws_server_query_new(r->loop, r->work, &conf, &r->query);
	if (res < 0)
		hws_reach_fail_server(r, res);
}
