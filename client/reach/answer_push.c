/* What a push of the server asks for: which relay, which way, which of the viewer's addresses. */
#include "client/reach/answer_parts.h"
#include "client/reach/push_ways.h"
#include "shared/base/log.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/envelope.h"

#define RELAY_PORT 21117

void hws_answer_fill_sent(
		struct hws_answer_job *j, Rdv__PunchHoleSent *sent, Rdv__RendezvousMessage *m)
{
	sent->socket_addr = hws_answer_viewer_bytes(j);
	sent->id = j->id;
	sent->relay_server = j->relay;
	sent->nat_type = j->answer->conf.nat_type;
	sent->version = j->answer->version;
	sent->udp_blocked = j->answer->udp_blocked;
	sent->socket_addr_v6 = hws_answer_ipv6_bytes(j);
	hws_answer_offer(j, &sent->candidates, &sent->n_candidates);
	m->union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT;
	m->punch_hole_sent = sent;
}

/* Which relay: own choice, else the server's, else beside the server. */
static int choose_relay(struct hws_answer_job *j, const char *proposed)
{
	struct hws_answer *a = j->answer;
	uint16_t beside = (uint16_t)(a->server_addr.port + 1);

	/* where paths tell the servers of one name apart, any port will do */
	if (a->server_addr.ws)
		beside = a->server_addr.by_port ? (uint16_t)(a->server_addr.port - 1) : RELAY_PORT;

	if (*a->relay)
		return hws_str_copy(j->relay, sizeof(j->relay), a->relay);
	if (proposed && *proposed)
		return hws_str_copy(j->relay, sizeof(j->relay), proposed);
	return hws_host_port_join(a->server_addr.host, beside, j->relay, sizeof(j->relay));
}

static bool relay_only(const struct hws_answer *a)
{
	return a->conf.always_relay || hws_server_addr_needs_relay(&a->server_addr);
}

/* Nobody set it where the web is just what was left to register by. */
static enum hws_answer_reason own_reason(const struct hws_answer *a)
{
	return a->relay_is_set ? HWS_REASON_OWN_CHOICE : HWS_REASON_OWN_NETWORK;
}

/* Why a viewer that asks for a hole is met at the relay instead. */
static enum hws_answer_reason reason_for(const struct hws_answer_job *j, const Rdv__PunchHole *p)
{
	bool ours = j->answer->conf.nat_type == RDV__NAT_TYPE__SYMMETRIC;
	bool theirs = p->nat_type == RDV__NAT_TYPE__SYMMETRIC;

	if (relay_only(j->answer))
		return own_reason(j->answer);
	if (p->force_relay)
		return HWS_REASON_VIEWER_CHOICE;
	if (ours)
		return theirs ? HWS_REASON_BOTH_NATS : HWS_REASON_OWN_NAT;
	return theirs ? HWS_REASON_VIEWER_NAT : HWS_REASON_NONE;
}

/* A reference that is none of ours to read names nobody. */
static void take_word(struct hws_answer_job *j, const Rdv__ControlPermissions *granted,
		const Rdv__ControlledContext *within)
{
	if (granted)
		j->how.control_permissions = granted->permissions;
	if (within && hws_utf8_valid(hws_bytes_str(within->conn_audit_ref)) &&
			hws_str_copy(j->how.ref, sizeof(j->how.ref), within->conn_audit_ref) < 0)
		hws_debug("answer.long_ref");
}

static int from_punch(struct hws_answer_job *j, const Rdv__PunchHole *p)
{
	j->reason = reason_for(j, p);
	j->kind = j->reason == HWS_REASON_NONE ? JOB_PUNCH : JOB_RELAY_OWN;
	j->only_direct = p->only_direct && !p->force_relay;
	j->how.secure = true;
	j->lists = p->n_candidates > 0;
	take_word(j, p->control_permissions, p->controlled_context);
	return choose_relay(j, p->relay_server);
}

static int from_local(struct hws_answer_job *j, const Rdv__FetchLocalAddr *f)
{
	j->kind = relay_only(j->answer) ? JOB_RELAY_OWN : JOB_LOCAL;
	j->reason = relay_only(j->answer) ? own_reason(j->answer) : HWS_REASON_NONE;
	j->how.secure = true;
	j->lists = f->n_candidates > 0;
	take_word(j, f->control_permissions, f->controlled_context);
	return choose_relay(j, f->relay_server);
}

static int from_relay(struct hws_answer_job *j, const Rdv__RequestRelay *q)
{
	/* without one nobody can be met there */
	int r = *q->uuid ? hws_str_copy(j->uuid, sizeof(j->uuid), q->uuid) : HWS_ERR_PROTO;

	j->kind = JOB_RELAY_ASKED;
	j->how.secure = q->secure;
	take_word(j, q->control_permissions, q->controlled_context);
	if (r < 0)
		return r;
	/* The viewer goes to the relay it named; another one would not meet it. */
	if (q->relay_server && *q->relay_server)
		return hws_str_copy(j->relay, sizeof(j->relay), q->relay_server);
	return choose_relay(j, NULL);
}

int hws_answer_fill_job(struct hws_answer_job *j, const char *id, const Rdv__RendezvousMessage *m)
{
	ProtobufCBinaryData addr = { 0 };
	int r = hws_str_copy(j->id, sizeof(j->id), id);

	if (r < 0)
		return r;
	hws_rand_uuid(j->uuid, sizeof(j->uuid));
	switch (m->union_case) {
	case RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE:
		addr = m->punch_hole->socket_addr;
		r = from_punch(j, m->punch_hole);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR:
		addr = m->fetch_local_addr->socket_addr;
		r = from_local(j, m->fetch_local_addr);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY:
		addr = m->request_relay->socket_addr;
		r = from_relay(j, m->request_relay);
		break;
	default:
		r = HWS_ERR_INVAL;
		break;
	}
	if (r < 0)
		return r;
	if (addr.len > sizeof(j->socket_addr))
		return HWS_ERR_PROTO;
	if (addr.len)
		memcpy(j->socket_addr, addr.data, addr.len);
	j->socket_addr_len = addr.len;
	hws_addr_decode(hws_bytes(addr.data, addr.len), &j->how.viewer, NULL);
	if (j->kind == JOB_PUNCH &&
			hws_addr_port(&j->how.viewer) <
					(j->how.proven ? 1 : HWS_PUSH_VIEWER_PORT_MIN))
		j->kind = JOB_RELAY_OWN; /* such a viewer has no port to punch to */
	return HWS_OK;
}

/* --- a mapped port ---------------------------------------------------------------------------- */

static bool wants_relay(const struct hws_answer_job *j)
{
	return relay_only(j->answer) || j->reason == HWS_REASON_VIEWER_CHOICE;
}

static void add_candidate(struct hws_answer_job *j, bool udp, size_t *n)
{
	const struct sockaddr_storage *outside =
			hws_mapped_port_outside(j->answer->conf.mapped_port, udp);
	Rdv__Candidate *c = &j->candidate[*n];

	if (!outside)
		return;
	rdv__candidate__init(c);
	c->kind = udp ? RDV__CANDIDATE__KIND__MAPPED_UDP : RDV__CANDIDATE__KIND__MAPPED_TCP;
	c->address.data = j->mapped[*n];
	c->address.len = hws_addr_encode(outside, 0, j->mapped[*n]);
	j->candidates[(*n)++] = c;
}

/* Deployed viewers would skip it: they are told nothing, so that nobody is expected. */
void hws_answer_offer(struct hws_answer_job *j, Rdv__Candidate ***list, size_t *n)
{
	*n = 0;
	if (!j->lists || wants_relay(j))
		return;
	add_candidate(j, false, n);
	add_candidate(j, true, n);
	*list = j->candidates;
	if (*n && !j->expected)
		hws_mapped_port_expect(j->answer->conf.mapped_port, &j->how);
	j->expected |= *n > 0;
}

/* --- ways by UDP ------------------------------------------------------------------------------ */

static struct hws_answered how_by_udp(
		const struct hws_answer_job *j, const struct sockaddr_storage *viewer)
{
	struct hws_answered how = j->how;

	how.viewer = *viewer;
	how.udp = true;
	how.relayed = how.local = false;
	return how;
}

static bool may_knock(const struct hws_answer_job *j, const struct sockaddr_storage *viewer)
{
	static const struct sockaddr_storage nowhere;

	return j->how.proven || hws_addr_ip_equal(viewer, &j->how.viewer) ||
			hws_push_may_dial(viewer, &nowhere);
}

static int knock_udp(struct hws_answer_job *j, const struct hws_push_ways *ways)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleSent sent = RDV__PUNCH_HOLE_SENT__INIT;
	struct hws_answered how = how_by_udp(j, &ways->udp);
	struct hws_buf out;
	int r;

	hws_answer_fill_sent(j, &sent, &m);
	hws_buf_init(&out, HWS_RDV_DATAGRAM_MAX);
	r = hws_rdv_pack(&m, &out);
	if (r == HWS_OK)
		r = hws_answer_udp_knock(j->answer->udp, &j->answer->server_addr,
				hws_buf_bytes(&out), &how, ways->udp_unseen);
	hws_buf_done(&out);
	return r;
}

bool hws_answer_begin_udp(struct hws_answer_job *j, const Rdv__RendezvousMessage *m)
{
	struct hws_push_ways ways;
	struct sockaddr_storage own;
	struct hws_answered how;

	if (!j->answer->udp || relay_only(j->answer))
		return false;
	hws_push_ways_read(m, &j->how.viewer, &ways);
	how = how_by_udp(j, &ways.ipv6);
	if (ways.has_ipv6 && may_knock(j, &ways.ipv6) &&
			hws_answer_udp_knock_ipv6(j->answer->udp, &how, true, &own) == HWS_OK)
		j->own_ipv6_len = hws_addr_encode(&own, 0, j->own_ipv6);
	/* Who is behind the same address may be kept apart from us all the same, and then meets us
	 * at that address, where the router does that. */
	return (j->kind == JOB_PUNCH || j->kind == JOB_LOCAL) && ways.has_udp &&
			may_knock(j, &ways.udp) && knock_udp(j, &ways) == HWS_OK && !ways.ours;
}
