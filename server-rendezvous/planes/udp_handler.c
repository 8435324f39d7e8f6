/* rendezvous/planes/udp_handler: what a datagram means, and what its sender may cost us: answers
 * are never larger than questions, or rare. */
#include "server-rendezvous/planes/udp_handler.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/nat_answer.h"
#include "server-rendezvous/planes/proving.h"
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/known_addrs.h"
#include "server-rendezvous/state/rules.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include "shared/wire/envelope.h"
#include "shared/wire/proof.h"
#include "shared/wire/register_codec.h"
#include <string.h>

/* An address that is not known to us gets 500 small answers a second, 5,000 at once. One where
 * devices are registered may say twenty times as much: many of them can be behind it, answering
 * requests. */
#define MESSAGE_RATE 10000
#define MESSAGE_BURST 100000
#define STRANGER_COST 20
#define NAT_TEST_COST (49 * STRANGER_COST) /* besides the message: ten a second */
#define NAT_TEST_LONG 512
#define ADDRESSES_MAX 8192

int rdv_udp_handler_init(struct rdv_udp_handler *h, struct rdv_core *core)
{
	const struct rdv_config *conf = rdv_conf(core);
	struct hws_admit_conf changes = { .max_entries = ADDRESSES_MAX,
		.rate = conf->register_rate,
		.burst = conf->register_burst };
	struct hws_admit_conf strangers = {
		.max_entries = ADDRESSES_MAX, .rate = MESSAGE_RATE, .burst = MESSAGE_BURST
	};
	int r;

	memset(h, 0, sizeof(*h));
	h->core = core;
	r = hws_admit_new(&changes, &h->changes);
	if (r == HWS_OK)
		r = hws_admit_new(&strangers, &h->strangers);
	if (r < 0)
		rdv_udp_handler_done(h);
	return r;
}

void rdv_udp_handler_limits(struct rdv_udp_handler *h)
{
	const struct rdv_config *c = rdv_conf(h->core);
	struct hws_admit_conf changes = {
		.max_entries = ADDRESSES_MAX, .rate = c->register_rate, .burst = c->register_burst
	};

	hws_admit_set_conf(h->changes, &changes);
}

void rdv_udp_handler_done(struct rdv_udp_handler *h)
{
	hws_admit_free(h->changes);
	hws_admit_free(h->strangers);
	h->changes = h->strangers = NULL;
}

static void send_result(struct rdv_udp_handler *h, const struct sockaddr_storage *to,
		Rdv__RegisterPkResponse__Result result)
{
	/* tag 16, then RegisterPkResponse{result}: at most 5 bytes, far below any RegisterPk */
	uint8_t out[5] = { 0x82, 0x01, 0, 0x08, (uint8_t)result };

	if (result) {
		out[2] = 2;
		h->send(to, hws_bytes(out, 5), h->arg);
	} else {
		h->send(to, hws_bytes(out, 3), h->arg);
	}
}

static void answer(struct rdv_udp_handler *h, const struct sockaddr_storage *to, enum rdv_answer a,
		Rdv__RegisterPkResponse__Result result)
{
	uint8_t out[HWS_REGISTER_PEER_RESPONSE_MAX];
	size_t n;

	switch (a) {
	case RDV_ANSWER_KNOWN:
	case RDV_ANSWER_ASK_PK:
		n = hws_register_peer_response_encode(a == RDV_ANSWER_ASK_PK, out);
		h->send(to, hws_bytes(out, n), h->arg);
		break;
	case RDV_ANSWER_RESULT:
		send_result(h, to, result);
		break;
	case RDV_ANSWER_NONE:
	case RDV_ANSWER_LATER:
	case RDV_ANSWER_COOKIE:
	case RDV_ANSWER_PROVEN: /* answer_proven */
		break;
	}
}

static void answer_proven(struct rdv_udp_handler *h, const struct sockaddr_storage *to,
		const struct rdv_origin *o, enum rdv_answer a, const Rdv__RegisterPk *m,
		Rdv__RegisterPkResponse__Result result)
{
	struct hws_buf out;
	int r;

	hws_buf_init(&out, HWS_RDV_DATAGRAM_SEND_MAX);
	r = a == RDV_ANSWER_COOKIE ? rdv_proving_cookie(h->core, o, &out)
				   : rdv_proving_result(h->core, o, m->pk.data, result, 0, &out);
	if (r == HWS_OK)
		h->send(to, hws_buf_bytes(&out), h->arg);
	hws_buf_done(&out);
}

/* What is more than deployed servers say is never longer than the question. */
static void on_nat_test(struct rdv_udp_handler *h, const struct sockaddr_storage *from,
		const struct rdv_origin *o, const Rdv__TestNatRequest *q)
{
	const struct rdv_nat_answer full = { .from = from,
		.mask = (uint32_t)o->now_us,
		.other_port = h->other_port,
		.address = q->want_address,
		.time_ms = q->want_time ? hws_wall_us() / HWS_US_PER_MS : 0,
		.length = q->want_pad ? o->message.len : 0 };
	const struct rdv_nat_answer plain = { .from = from };
	size_t asked = o->message.len;
	uint8_t out[RDV_NAT_ANSWER_MAX];
	size_t n = rdv_nat_answer(&full, out);

	hws_count(&h->core->count.nat_tests);
	if (n > asked)
		n = rdv_nat_answer(&plain, out);
	if (!q->from_other_port)
		h->send(from, hws_bytes(out, n), h->arg);
	else if (h->send_other && n <= asked)
		h->send_other(from, hws_bytes(out, n), h->arg);
}

/* The second port serves NAT tests and nothing else. */
static Rdv__RendezvousMessage__UnionCase what_of(
		const struct rdv_udp_handler *h, const Rdv__RendezvousMessage *m)
{
	bool test = m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST;

	return h->nat_only && !test ? RDV__RENDEZVOUS_MESSAGE__UNION__NOT_SET : m->union_case;
}

/* Long ones are for measuring what a path carries, which takes a few of them; in a stranger's name
 * they are as useful as what it sends itself, and still shall be few. */
static unsigned nat_test_cost(size_t len)
{
	return NAT_TEST_COST * (1 + (unsigned)(len / NAT_TEST_LONG));
}

static void on_other(struct rdv_udp_handler *h, const struct sockaddr_storage *reply_to,
		struct rdv_origin *o, struct hws_bytes in)
{
	Rdv__RendezvousMessage *m = NULL;
	Rdv__RegisterPkResponse__Result result = RDV__REGISTER_PK_RESPONSE__RESULT__OK;
	struct hws_proof proof;

	if (hws_proof_read(in, &proof) == HWS_OK)
		o->proof = &proof;
	if (hws_rdv_unpack(in, &m) < 0) {
		hws_count(&h->core->count.udp_bad);
		o->proof = NULL;
		return;
	}
	switch (what_of(h, m)) {
	/* With fields that the fast form does not know. */
	case RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER:
		answer(h, reply_to,
				rdv_register_peer(h->core, o, hws_bytes_str(m->register_peer->id)),
				result);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK: {
		enum rdv_answer a = rdv_register_pk(h->core, o, m->register_pk, &result);

		if (a == RDV_ANSWER_COOKIE || a == RDV_ANSWER_PROVEN)
			answer_proven(h, reply_to, o, a, m->register_pk, result);
		else
			answer(h, reply_to, a, result);
		break;
	}
	case RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST:
		/* This answer is larger than the question: a spoofed address gets few of them. */
		if (hws_admit_event(h->strangers, o->ss, nat_test_cost(in.len), o->now_us))
			on_nat_test(h, reply_to, o, m->test_nat_request);
		else
			hws_count(&h->core->count.udp_limited);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT:
		h->on_sent(h->core, &o->addr, in);
		break;
	default: /* nothing else is served by datagram */
		hws_count(&h->core->count.udp_bad);
		break;
	}
	o->proof = NULL; /* it was of this datagram */
	hws_rdv_free(m);
}

/* What a device says when somebody is sent to it is no stranger's question; a site behind one
 * address says it often. */
static bool admitted(struct rdv_udp_handler *h, const struct rdv_origin *o)
{
	bool known = rdv_known_addrs_has(h->core->known_addrs, &o->addr, o->now_us);

	return hws_admit_event(h->strangers, o->ss, known ? 1 : STRANGER_COST, o->now_us);
}

void rdv_udp_handler_input(struct rdv_udp_handler *h, const struct sockaddr_storage *from,
		struct hws_bytes in, uint64_t now_us)
{
	struct hws_register_peer peer;
	struct sockaddr_storage plain = *from;
	static const struct hws_proof mark;
	struct rdv_origin o = {
		.ss = &plain, .message = in, .admit = h->changes, .now_us = now_us
	};
	enum rdv_answer a;
	int r;

	hws_addr_normalise(&plain);
	if (rdv_rules_ip_blocked(h->core->rules, &plain)) {
		hws_count(&h->core->count.udp_blocked);
		return;
	}
	o.addr = rdv_addr_from(&plain);
	o.addr.at = h->at;
	if (in.len == 0 || in.len > HWS_RDV_DATAGRAM_MAX || !o.addr.port) {
		hws_count(&h->core->count.udp_bad);
		return;
	}
	r = h->nat_only ? HWS_ERR_NOTFOUND : hws_register_peer_decode(in, &peer);
	if (r == HWS_OK) {
		o.proof = peer.proves ? &mark : NULL;
		a = rdv_register_peer(h->core, &o, peer.id);
		if (a == RDV_ANSWER_KNOWN ||
				hws_admit_event(h->strangers, &plain, STRANGER_COST, now_us))
			answer(h, from, a, RDV__REGISTER_PK_RESPONSE__RESULT__OK);
		else
			hws_count(&h->core->count.udp_limited);
	} else if (r == HWS_ERR_NOTFOUND) {
		if (admitted(h, &o))
			on_other(h, from, &o, in);
		else
			hws_count(&h->core->count.udp_limited);
	} else {
		hws_count(&h->core->count.udp_bad);
	}
}
