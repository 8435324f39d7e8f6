/* rendezvous/planes/punch: what viewers ask: reach a device. Every request is remembered with a
 * cookie, so that only the device it was meant for can answer it. */
#include "server-rendezvous/planes/punch.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/asking.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/offers.h"
#include "server-rendezvous/planes/push.h"
#include "server-rendezvous/planes/request.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/candidates.h"
#include "shared/wire/text.h"

#include <string.h>

bool rdv_punch_key_counts(struct rdv_client *cl, const char *key)
{
	struct rdv_request q = { .cl = cl, .core = cl->plane->core, .id = "" };

	if (rdv_request_key_shown(q.core, key) || rdv_conf(q.core)->open)
		return true;
	rdv_request_auth_failed(&q);
	/* the link ends with the answer in any case */
	(void)hws_admit_event(cl->plane->limits.keys, &cl->peer, 1, hws_clock_us());
	return false;
}

/* The IPv6 address a caller announces, if it is one and fits. */
static ProtobufCBinaryData addr_v6(ProtobufCBinaryData in)
{
	return in.len <= HWS_ADDR_WIRE_MAX ? in : (ProtobufCBinaryData){ 0, NULL };
}

static void fill_punch(Rdv__PunchHole *punch, const Rdv__PunchHoleRequest *in,
		const struct rdv_pending *p, ProtobufCBinaryData addr)
{
	punch->socket_addr = addr;
	punch->relay_server = (char *)(uintptr_t)p->relay_server;
	punch->nat_type = p->force_relay ? RDV__NAT_TYPE__SYMMETRIC : in->nat_type;
	punch->force_relay = p->force_relay;
	punch->only_direct = in->only_direct;
	if (!p->force_relay) {
		punch->udp_port = in->udp_port;
		punch->upnp_port = in->upnp_port;
		punch->socket_addr_v6 = addr_v6(in->socket_addr_v6);
		punch->n_candidates = hws_candidates_keep(in->candidates, in->n_candidates);
		punch->candidates = in->candidates;
	}
}

/* Builds and sends what the device gets. False when there is no way to it any more. */
static bool push_punch(struct rdv_request *q, const Rdv__PunchHoleRequest *in,
		const struct rdv_peer_info *host, struct rdv_pending *p)
{
	Rdv__FetchLocalAddr local = RDV__FETCH_LOCAL_ADDR__INIT;
	Rdv__PunchHole punch = RDV__PUNCH_HOLE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t mangled[HWS_ADDR_WIRE_MAX];
	ProtobufCBinaryData addr = { rdv_client_mangled(q->cl, mangled), mangled };
	bool same = !q->cl->ws && !p->force_relay && !host->client &&
			rdv_addr_ip_equal(&q->cl->addr, &host->addr);

	if (same) {
		/* This message cannot say "relay only", hence not when that is wanted. */
		local.socket_addr = addr;
		local.relay_server = p->relay_server;
		local.socket_addr_v6 = addr_v6(in->socket_addr_v6);
		local.n_candidates = hws_candidates_keep(in->candidates, in->n_candidates);
		local.candidates = in->candidates;
		m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR;
		m.fetch_local_addr = &local;
	} else {
		fill_punch(&punch, in, p, addr);
		m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE;
		m.punch_hole = &punch;
	}
	if (!rdv_push(q->core, host, &m, &p->granted))
		return false;
	hws_count(&q->core->count.punch_sent);
	return true;
}

static void pick_relay(struct rdv_request *q, struct rdv_pending *p)
{
	struct sockaddr_storage host = { .ss_family = AF_UNSPEC };

	if (rdv_addr_is_set(&q->attempt.host))
		rdv_addr_to(&q->attempt.host, &host);
	rdv_relays_pick(q->core->relays, &q->cl->peer, &host, p->relay_server,
			sizeof(p->relay_server));
}

static enum rdv_forced forced_by(const struct rdv_request *q, const Rdv__PunchHoleRequest *in)
{
	return rdv_conf(q->core)->always_relay ? RDV_FORCED_SERVER
			: q->cl->ws            ? RDV_FORCED_WEBSOCKET
			: in->force_relay      ? RDV_FORCED_VIEWER
					       : RDV_FORCED_NOT;
}

static uint8_t offers_of(const Rdv__PunchHoleRequest *in)
{
	return (uint8_t)(rdv_offers_of_list(in->candidates, in->n_candidates) |
			(in->udp_port > 0 ? RDV_OFFER_UDP : 0) |
			(in->socket_addr_v6.len ? RDV_OFFER_V6 : 0) |
			(in->upnp_port > 0 ? RDV_OFFER_PORT : 0));
}

/* Notes that the request waits for an answer. NULL without memory. */
static struct rdv_pending *begin(struct rdv_request *q, const Rdv__PunchHoleRequest *in)
{
	struct rdv_pending *p = rdv_request_pending(q, false);

	if (!p)
		return NULL;
	p->forced = (uint8_t)forced_by(q, in);
	p->force_relay = p->forced != RDV_FORCED_NOT;
	p->viewer_nat = (uint8_t)in->nat_type;
	p->viewer_offers = offers_of(in);
	if (!p->relay_server[0])
		pick_relay(q, p);
	q->attempt.forced = p->forced;
	if (p->attempt == RDV_NO_ATTEMPT) {
		q->attempt.outcome = RDV_OUT_SENT;
		p->attempt = rdv_attempts_add(q->core->attempts, &q->attempt);
	}
	rdv_grant_give(q->core->grants, &q->cl->addr, q->id, q->now_us);
	return p;
}

/* Without memory, or what cannot be kept: said, not dropped. */
static void failed(struct rdv_request *q)
{
	hws_count(&q->core->count.punch_failed);
	rdv_request_refuse(q, RDV_OUT_FAILED, 0, RDV_REQUEST_FAILED);
}

static void host_found(struct rdv_request *q, const Rdv__PunchHoleRequest *in,
		const struct rdv_peer_info *host)
{
	struct rdv_pending *p;

	q->attempt.host = host->addr;
	p = begin(q, in);
	if (!p) {
		failed(q);
		return;
	}
	p->host = host->addr;
	p->elsewhere = false;
	if (push_punch(q, in, host, p))
		return;
	memset(p, 0, sizeof(*p)); /* its client connection ended just now: nobody will answer */
	hws_count(&q->core->count.punch_offline);
	rdv_request_refuse(q, RDV_OUT_OFFLINE, RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE, NULL);
}

/* Asks the node that has the device; false when there is none to ask. */
static bool host_elsewhere(struct rdv_request *q, const Rdv__PunchHoleRequest *in, bool known)
{
	Rdv__PunchHole punch = RDV__PUNCH_HOLE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct rdv_cluster_push push = {
		.client = q->cl->id, .id = q->id, .known = known, .m = &m
	};
	uint8_t mangled[HWS_ADDR_WIRE_MAX];
	struct rdv_pending *p;

	if (!q->core->cluster || !hws_id_valid(hws_bytes_str(q->id)))
		return false;
	p = begin(q, in);
	if (!p)
		return false;
	p->elsewhere = true;
	push.granted = &p->granted;
	push.may_be_local = !q->cl->ws && !p->force_relay;
	push.viewer = hws_bytes(mangled, rdv_client_mangled(q->cl, mangled));
	fill_punch(&punch, in, p, (ProtobufCBinaryData){ push.viewer.len, mangled });
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE;
	m.punch_hole = &punch;
	if (!known) /* its key will be wanted */
		rdv_cluster_learn(q->core->cluster, hws_bytes_str(q->id));
	return rdv_cluster_push(q->core->cluster, &push);
}

static struct rdv_request punch_of(struct rdv_client *cl, const Rdv__PunchHoleRequest *m)
{
	struct rdv_request q = rdv_request_of(cl, m->id);

	q.attempt.viewer_nat = (uint8_t)m->nat_type;
	q.attempt.viewer_offers = offers_of(m);
	snprintf(q.attempt.version, sizeof(q.attempt.version), "%.15s", m->version);
	if (!hws_utf8_valid(hws_bytes_str(q.attempt.version)))
		q.attempt.version[0] = 0;
	return q;
}

/* The request may go on: to the device, wherever it is. */
static void reach(struct rdv_request *q, const Rdv__PunchHoleRequest *m)
{
	struct rdv_peer_info host;

	if (!rdv_presence_get(q->core->presence, hws_bytes_str(m->id), q->now_us, &host)) {
		if (host_elsewhere(q, m, false))
			return; /* another node may have it; it answers */
		hws_count(&q->core->count.punch_absent);
		rdv_request_refuse(q, RDV_OUT_ABSENT,
				RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST, NULL);
	} else if (host.blocked) {
		rdv_request_refuse(q, RDV_OUT_ABSENT,
				RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST, NULL);
	} else if (host.online) {
		host_found(q, m, &host);
	} else if (!host_elsewhere(q, m, true)) {
		hws_count(&q->core->count.punch_offline);
		rdv_request_refuse(q, RDV_OUT_OFFLINE, RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE,
				NULL);
	}
}

static void punch_decided(
		struct rdv_client *cl, Rdv__RendezvousMessage *m, const struct rdv_verdict *v)
{
	struct rdv_request q = punch_of(cl, m->punch_hole_request);

	q.granted = v->granted;
	if (v->allowed)
		reach(&q, m->punch_hole_request);
	else
		rdv_request_denied(&q, v, false);
}

void rdv_punch_request(struct rdv_client *cl, Rdv__PunchHoleRequest *m)
{
	struct rdv_request q = punch_of(cl, m);
	const struct rdv_policy_question ask = { .token = m->token,
		.id = m->id,
		.switch_code = m->switch_code,
		.from = &cl->peer,
		.kind = (uint32_t)m->conn_type };
	Rdv__RendezvousMessage whole = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct rdv_peer_info host;
	bool found = rdv_presence_get(q.core->presence, hws_bytes_str(m->id), q.now_us, &host);

	hws_count(&q.core->count.punch);
	if (!rdv_request_admitted(&q, m->licence_key, found ? &host : NULL))
		return;
	if (!q.core->policy) {
		reach(&q, m);
		return;
	}
	whole.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST;
	whole.punch_hole_request = m;
	rdv_asking(cl, &ask, &whole, punch_decided);
}

/* The request of a viewer that waits is over: the device is at no node. */
void rdv_punch_nowhere(struct rdv_client *cl, const char *id, bool relay, bool known)
{
	struct rdv_pending *p = rdv_pending_find(cl->pending, id, relay);
	struct rdv_request q = rdv_request_of(cl, id);

	if (!p || !p->elsewhere || p->answered || p->answered_udp)
		return;
	memset(p, 0, sizeof(*p));
	if (relay) {
		rdv_request_refuse_relay(&q, RDV_REQUEST_GONE_OFFLINE);
	} else if (known) {
		hws_count(&q.core->count.punch_offline);
		rdv_request_refuse(&q, RDV_OUT_OFFLINE, RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE,
				NULL);
	} else {
		hws_count(&q.core->count.punch_absent);
		rdv_request_refuse(&q, RDV_OUT_ABSENT,
				RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST, NULL);
	}
}
