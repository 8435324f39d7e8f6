/* rendezvous/planes/reply: what devices answer. An answer counts only if it belongs to a waiting
 * request: the viewer's address and cookie as we sent them out, the device that was asked for, and
 * for answers that cannot carry the cookie the address the device is registered at. */
#include "server-rendezvous/planes/reply.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/offers.h"
#include "server-rendezvous/planes/pending.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/relays/announce.h"
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/known_addrs.h"
#include "server-rendezvous/state/presence.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/candidates.h"
#include "shared/wire/envelope.h"
#include "shared/wire/text.h"
#include <string.h>

/* IdPk {1001: HostCaps {version: 2}}, which deployed viewers skip */
static const uint8_t speaks_v2[] = { 0xca, 0x3e, 2, 0x08, 2 };
#define STATEMENT_MAX (HWS_SIG_LEN + 2 + HWS_ID_MAX + 2 + HWS_PK_LEN + sizeof(speaks_v2))

struct match {
	struct rdv_client *cl;
	struct rdv_pending *p;
};

static void unasked(struct rdv_tcp *t, const struct rdv_replier *from, const char *what)
{
	struct sockaddr_storage ss;
	char text[HWS_ADDR_TEXT];

	hws_count(&t->core->count.reply_unasked);
	rdv_addr_to(&from->addr, &ss);
	hws_info_limited("reply.unasked", HWS_STR("from", hws_addr_text(&ss, text, sizeof(text))),
			HWS_STR("message", what));
}

/* A viewer of another node may wait for it. */
static bool for_another_node(struct rdv_tcp *t, const struct rdv_replier *from,
		ProtobufCBinaryData addr, const char *id, bool exact,
		const Rdv__RendezvousMessage *m)
{
	return t->core->cluster && !from->elsewhere &&
			rdv_cluster_reply(t->core->cluster, from, addr, id, exact, m);
}

/* The id that a RelayResponse names; NULL when it agrees to a RequestRelay. */
static const char *relay_id(const Rdv__RelayResponse *in)
{
	return in->union_case == RDV__RELAY_RESPONSE__UNION_ID && in->id[0] ? in->id : NULL;
}

static bool passed_on(
		struct rdv_tcp *t, const struct rdv_replier *from, const Rdv__RendezvousMessage *m)
{
	switch (m->union_case) {
	case RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT:
		return for_another_node(t, from, m->punch_hole_sent->socket_addr,
				m->punch_hole_sent->id, true, m);
	case RDV__RENDEZVOUS_MESSAGE__UNION_LOCAL_ADDR:
		return for_another_node(
				t, from, m->local_addr->socket_addr, m->local_addr->id, false, m);
	case RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE:
		if (!for_another_node(t, from, m->relay_response->socket_addr,
				    relay_id(m->relay_response), true, m))
			return false;
		if (hws_pair_id_valid(hws_bytes_str(m->relay_response->uuid)))
			rdv_announce(t->announcer, m->relay_response->uuid);
		return true;
	default:
		return false;
	}
}

/* Nobody here waits for this answer. With several nodes somebody else may: a device's client
 * connection leads to any of them. */
static void not_ours(struct rdv_tcp *t, const struct rdv_replier *from,
		const Rdv__RendezvousMessage *m, const char *what)
{
	struct sockaddr_storage ss;

	if (passed_on(t, from, m) || from->misdirected)
		return;
	rdv_addr_to(&from->addr, &ss);
	if (t->core->cluster && !from->udp && !from->elsewhere &&
			hws_admit_event(t->limits.punch, &ss, 1, hws_clock_us()))
		rdv_cluster_misdirected(t->core->cluster, from, m);
	else
		unasked(t, from, what);
}

/* What the other node recognised the device by is looked at here too, as far as this node can: the
 * viewer's cookie, in what that node was given and in what the device sent, and the key. A key that
 * the database has not (yet) is not signed: the viewer asks again. */
static bool is_of_node(struct rdv_tcp *t, const struct rdv_replier *from,
		const struct rdv_addr *viewer, bool exact, uint32_t cookie, const struct match *m)
{
	const uint8_t *pk = m->p->has_pk ? m->p->pk : NULL;

	if (rdv_addr_is_v4(viewer) &&
			(from->cookie != m->cl->cookie || (exact && cookie != m->cl->cookie)))
		return false;
	if (!pk == !from->pk && (!pk || memcmp(pk, from->pk, HWS_PK_LEN) == 0))
		return true;
	hws_count(&t->core->count.cluster_refused);
	hws_warn_limited("cluster.key_differs", HWS_STR("id", m->p->id),
			HWS_STR("text",
					"another node knows a device by a key that the database "
					"does not have"));
	return false;
}

/* `exact`: the bytes are ours, so the cookie must be in them (IPv6 has no room for one: there the
 * device's address must be right). */
static bool match(struct rdv_tcp *t, const struct rdv_replier *from, ProtobufCBinaryData addr,
		const char *id, bool relay, bool exact, struct match *ret)
{
	struct sockaddr_storage ss;
	struct rdv_addr viewer;
	uint32_t cookie = 0;
	bool cookie_right;

	hws_addr_decode(hws_bytes(addr.data, addr.len), &ss, &cookie);
	viewer = rdv_addr_from(&ss);
	ret->cl = viewer.port ? rdv_client_by_addr(t, &viewer) : NULL;
	ret->p = ret->cl ? rdv_pending_find(ret->cl->pending, id, relay) : NULL;
	if (!ret->p || ret->p->until_us < hws_clock_us())
		return false;
	if (from->elsewhere)
		return ret->p->elsewhere && is_of_node(t, from, &viewer, exact, cookie, ret);
	if (ret->p->elsewhere)
		return false; /* its node has the last word, and the key */
	cookie_right = exact && rdv_addr_is_v4(&viewer) && cookie == ret->cl->cookie;
	if (exact && rdv_addr_is_v4(&viewer))
		return cookie_right; /* by TCP a device may leave by another address */
	if (!rdv_addr_ip_equal(&from->addr, &ret->p->host)) {
		hws_count(&t->core->count.reply_wrong_ip);
		return false;
	}
	return true;
}

/* What vouches for the device: its id and key, signed; and that it speaks v2, as every host does
 * that proves itself, so that nobody talks a viewer down. Returns the length. */
static size_t statement(const struct match *m, uint8_t buf[STATEMENT_MAX])
{
	const struct rdv_core *core = m->cl->plane->core;
	const char *id = m->p->id;
	uint8_t msg[STATEMENT_MAX];
	struct rdv_peer_info info;
	size_t n = strlen(id), len = 0;

	if (m->p->elsewhere) {
		if (!m->p->has_pk)
			return 0;
		memcpy(info.pk, m->p->pk, sizeof(info.pk));
		info.proves = m->p->proves;
	} else if (!rdv_presence_get(core->presence, hws_bytes_str(id), hws_clock_us(), &info) ||
			!info.has_pk) {
		return 0;
	}
	/* IdPk {1: id, 2: pk} */
	msg[len++] = 0x0a;
	msg[len++] = (uint8_t)n;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): its length stands before it */
	memcpy(msg + len, id, n);
	len += n;
	msg[len++] = 0x12;
	msg[len++] = RDV_PK_LEN;
	memcpy(msg + len, info.pk, RDV_PK_LEN);
	len += RDV_PK_LEN;
	if (info.proves) {
		memcpy(msg + len, speaks_v2, sizeof(speaks_v2));
		len += sizeof(speaks_v2);
	}
	hws_identity_sign_attached(&core->identity, hws_bytes(msg, len), buf);
	return HWS_SIG_LEN + len;
}

struct change {
	enum rdv_outcome outcome;
	uint64_t us;
	uint8_t nat, way, offers, reason;
	const char *relay, *word;
};

static void on_change(struct rdv_attempt *a, void *arg)
{
	const struct change *c = arg;

	a->outcome = (uint8_t)c->outcome;
	if (c->nat)
		a->host_nat = c->nat;
	if (!a->answer_us)
		a->answer_us = c->us;
	a->ways |= c->way;
	a->host_offers |= c->offers;
	if (*c->relay)
		snprintf(a->relay, sizeof(a->relay), "%.63s", c->relay);
	if (!hws_utf8_valid(hws_bytes_str(a->relay)))
		a->relay[0] = 0;
	if (c->reason)
		a->reason = c->reason;
	if (*c->word)
		hws_str_escape(a->host_word, sizeof(a->host_word),
				hws_bytes(c->word, strnlen(c->word, RDV_WORD_MAX)));
}

static void answered(struct match *m, struct change *c)
{
	struct rdv_core *core = m->cl->plane->core;

	c->us = hws_clock_us() - m->p->began_us;
	if (!c->word)
		c->word = "";
	hws_count(&core->count.punch_answered);
	hws_times_add(&core->count.answers, c->us);
	if (c->offers & RDV_OFFER_V6)
		hws_count(&core->count.punch_v6);
	if (c->offers & RDV_OFFER_LIST)
		hws_count(&core->count.punch_list);
	rdv_attempts_update(core->attempts, m->p->attempt, on_change, c);
	if (*c->relay)
		rdv_grant_relay(core->grants, &m->cl->addr, m->p->id, c->relay, hws_clock_us());
}

/* Of an answer; `list`: its ways. */
static uint8_t offers_of(
		bool udp, ProtobufCBinaryData v6, int upnp_port, uint8_t list, bool blocked)
{
	return (uint8_t)(list | (udp ? RDV_OFFER_UDP : 0) | (blocked ? RDV_UDP_BLOCKED : 0) |
			(v6.len ? RDV_OFFER_V6 : 0) | (upnp_port > 0 ? RDV_OFFER_PORT : 0));
}

/* True if this answer is the first of its kind since the viewer asked last (datagrams come three
 * times). */
static bool first_answer(struct rdv_pending *p, bool udp)
{
	bool *done = udp ? &p->answered_udp : &p->answered;

	if (*done)
		return false;
	*done = true;
	return true;
}

static void send_response(struct match *m, Rdv__PunchHoleResponse *p)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t buf[STATEMENT_MAX];

	p->tests_udp = m->cl->plane->core->udp != NULL;
	p->feedback = m->p->granted.feedback;
	p->pk.len = statement(m, buf);
	p->pk.data = buf;
	p->relay_here = true;
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE;
	out.punch_hole_response = p;
	rdv_client_send(m->cl, &out);
}

void rdv_reply_sent(struct rdv_tcp *t, const struct rdv_replier *from, const Rdv__PunchHoleSent *in)
{
	Rdv__PunchHoleResponse p = RDV__PUNCH_HOLE_RESPONSE__INIT;
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct sockaddr_storage ss;
	uint8_t mangled[HWS_ADDR_WIRE_MAX];
	struct match m;

	if (!match(t, from, in->socket_addr, in->id, false, true, &m)) {
		out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT;
		out.punch_hole_sent = (Rdv__PunchHoleSent *)(uintptr_t)in;
		not_ours(t, from, &out, "PunchHoleSent");
		return;
	}
	if (!first_answer(m.p, from->udp))
		return;
	if (from->udp && !from->elsewhere) /* it lives there still: its address is no stranger's */
		rdv_known_addrs_add(t->core->known_addrs, &from->addr, hws_clock_us());
	rdv_addr_to(&from->addr, &ss);
	p.socket_addr.len = hws_addr_encode(&ss, (uint32_t)hws_wall_us(), mangled);
	p.socket_addr.data = mangled;
	p.relay_server = in->relay_server;
	p.union_case = RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE;
	p.nat_type = in->nat_type;
	p.is_udp = from->udp;
	p.upnp_port = in->upnp_port;
	if (in->socket_addr_v6.len <= HWS_ADDR_WIRE_MAX)
		p.socket_addr_v6 = in->socket_addr_v6;
	p.n_candidates = hws_candidates_keep(in->candidates, in->n_candidates);
	p.candidates = in->candidates;
	p.udp_blocked = in->udp_blocked;
	answered(&m,
			&(struct change){ .outcome = from->udp ? RDV_OUT_UDP : RDV_OUT_PUNCH,
					.nat = (uint8_t)in->nat_type,
					.way = from->udp ? RDV_WAY_UDP : RDV_WAY_TCP,
					.offers = offers_of(from->udp, p.socket_addr_v6,
							in->upnp_port,
							rdv_offers_of_list(p.candidates,
									p.n_candidates),
							in->udp_blocked),
					.relay = in->relay_server });
	hws_count(from->udp ? &t->core->count.punch_udp : &t->core->count.punch_tcp);
	send_response(&m, &p);
}

void rdv_reply_local(struct rdv_tcp *t, const struct rdv_replier *from, const Rdv__LocalAddr *in)
{
	Rdv__PunchHoleResponse p = RDV__PUNCH_HOLE_RESPONSE__INIT;
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct sockaddr_storage ss;
	struct match m;

	bool found = match(t, from, in->socket_addr, in->id, false, false, &m);

	if (!hws_addr_decode_usable(hws_bytes(in->local_addr.data, in->local_addr.len), &ss)) {
		unasked(t, from, "LocalAddr");
		return;
	}
	if (!found) {
		out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_LOCAL_ADDR;
		out.local_addr = (Rdv__LocalAddr *)(uintptr_t)in;
		not_ours(t, from, &out, "LocalAddr");
		return;
	}
	if (!first_answer(m.p, false))
		return;
	p.socket_addr = in->local_addr;
	p.relay_server = in->relay_server;
	p.union_case = RDV__PUNCH_HOLE_RESPONSE__UNION_IS_LOCAL;
	p.is_local = true;
	if (in->socket_addr_v6.len <= HWS_ADDR_WIRE_MAX)
		p.socket_addr_v6 = in->socket_addr_v6;
	p.n_candidates = hws_candidates_keep(in->candidates, in->n_candidates);
	p.candidates = in->candidates;
	p.udp_blocked = in->udp_blocked;
	hws_count(&t->core->count.punch_local);
	answered(&m,
			&(struct change){ .outcome = RDV_OUT_LOCAL,
					.way = RDV_WAY_LOCAL,
					.offers = offers_of(false, p.socket_addr_v6, 0,
							rdv_offers_of_list(p.candidates,
									p.n_candidates),
							in->udp_blocked),
					.relay = in->relay_server });
	send_response(&m, &p);
}

/* The request a RelayResponse belongs to: with an id the device decided for the relay, without one
 * it agrees to a RequestRelay (whose id it does not repeat). */
static bool match_relay(struct rdv_tcp *t, const struct rdv_replier *from,
		const Rdv__RelayResponse *in, struct match *ret)
{
	struct sockaddr_storage ss;
	struct rdv_addr viewer;
	struct rdv_client *cl;

	if (relay_id(in))
		return match(t, from, in->socket_addr, in->id, false, true, ret);
	hws_addr_decode(hws_bytes(in->socket_addr.data, in->socket_addr.len), &ss, NULL);
	viewer = rdv_addr_from(&ss);
	cl = viewer.port ? rdv_client_by_addr(t, &viewer) : NULL;
	for (size_t i = 0; cl && cl->pending && i < RDV_PENDING_MAX; i++) {
		if (cl->pending[i].relay && cl->pending[i].id[0] && !cl->pending[i].answered &&
				match(t, from, in->socket_addr, cl->pending[i].id, true, true, ret))
			return true;
	}
	return false;
}

static uint64_t *relayed_why(struct rdv_counts *n, const struct rdv_pending *p)
{
	switch ((enum rdv_forced)p->forced) {
	case RDV_FORCED_VIEWER:
		return &n->relayed_forced;
	case RDV_FORCED_WEBSOCKET:
		return &n->relayed_ws;
	case RDV_FORCED_SERVER:
		return &n->relayed_server;
	case RDV_FORCED_NOT:
		break;
	}
	return p->viewer_nat == RDV__NAT_TYPE__SYMMETRIC ? &n->relayed_symmetric : &n->relayed_host;
}

/* `ways`: others beside the relay. */
static void count_relay(struct rdv_counts *n, const struct rdv_pending *p, uint8_t ways)
{
	if (ways) {
		hws_count(&n->relayed_or_direct);
		return;
	}
	hws_count(&n->punch_relayed);
	hws_count(relayed_why(n, p));
}

void rdv_reply_relay(struct rdv_tcp *t, const struct rdv_replier *from, Rdv__RelayResponse *in)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t buf[STATEMENT_MAX], reason = 0, ways;
	struct match m;

	if (in->relay_reason < RDV_REASON_COUNT)
		reason = (uint8_t)in->relay_reason;
	if (!match_relay(t, from, in, &m)) {
		out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
		out.relay_response = in;
		not_ours(t, from, &out, "RelayResponse");
		return;
	}
	if (!first_answer(m.p, false))
		return;
	in->n_candidates = hws_candidates_keep(in->candidates, in->n_candidates);
	if (m.p->relay) {
		in->union_case = RDV__RELAY_RESPONSE__UNION__NOT_SET;
		hws_count(&t->core->count.relay_answered);
		if (m.p->udp_blocked || in->udp_blocked)
			hws_count(&t->core->count.relayed_no_udp);
		answered(&m,
				&(struct change){ .outcome = in->refuse_reason[0]
								? RDV_OUT_REFUSED_BY_DEVICE
								: RDV_OUT_RELAY_ASKED,
						.way = RDV_WAY_RELAY,
						.offers = in->udp_blocked ? RDV_UDP_BLOCKED : 0,
						.relay = m.p->relay_server,
						.word = in->refuse_reason });
	} else {
		uint8_t offers = offers_of(false, in->socket_addr_v6, in->upnp_port,
				rdv_offers_of_list(in->candidates, in->n_candidates),
				in->udp_blocked);

		in->union_case = RDV__RELAY_RESPONSE__UNION_PK;
		in->pk.len = statement(&m, buf);
		in->pk.data = buf;
		ways = m.p->force_relay ? 0 : rdv_attempts_ways(m.p->viewer_offers, offers);
		count_relay(&t->core->count, m.p, ways);
		answered(&m,
				&(struct change){
						.outcome = ways ? RDV_OUT_RELAY_OR : RDV_OUT_RELAY,
						.nat = (uint8_t)in->nat_type,
						.way = (uint8_t)(RDV_WAY_RELAY | ways),
						.offers = offers,
						.relay = in->relay_server,
						.reason = reason });
		if (hws_pair_id_valid(hws_bytes_str(in->uuid)))
			rdv_announce(t->announcer, in->uuid);
	}
	in->socket_addr = (ProtobufCBinaryData){ 0, NULL };
	in->feedback = m.p->granted.feedback;
	in->tests_udp = t->core->udp != NULL;
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
	out.relay_response = in;
	rdv_client_send(m.cl, &out);
}
