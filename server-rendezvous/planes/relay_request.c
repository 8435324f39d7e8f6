/* rendezvous/planes/relay_request: a viewer that was let through to a device wants to meet it at
 * the relay. */
#include "server-rendezvous/planes/relay_request.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/asking.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/push.h"
#include "server-rendezvous/planes/request.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/relays/announce.h"
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/str.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/candidates.h"
#include "shared/wire/text.h"
#include <string.h>

#define NO_GRANT "Ask for the connection again: this server does not know of it."

/* `arg`: the request. */
static void on_relay_asked(struct rdv_attempt *a, void *arg)
{
	const Rdv__RequestRelay *m = arg;

	a->ways |= RDV_WAY_RELAY;
	if (m->udp_blocked)
		a->viewer_offers |= RDV_UDP_BLOCKED;
}

static bool relay_begin(struct rdv_request *q, Rdv__RequestRelay *m, const char *relay,
		struct rdv_pending *p, uint8_t mangled[HWS_ADDR_WIRE_MAX])
{
	if (hws_str_copy(p->relay_server, sizeof(p->relay_server), relay) < 0 ||
			hws_str_copy(p->uuid, sizeof(p->uuid), m->uuid) < 0)
		return false;
	m->socket_addr = (ProtobufCBinaryData){ rdv_client_mangled(q->cl, mangled), mangled };
	m->relay_server = p->relay_server;
	m->token = (char *)"";
	m->licence_key = (char *)"";
	m->control_permissions =
			NULL; /* the device's node may be an older one, which passes it on */
	m->controlled_context = NULL;
	m->n_candidates = hws_candidates_keep(m->candidates, m->n_candidates);
	p->attempt = rdv_attempts_last(q->core->attempts, q->id, &q->cl->addr);
	rdv_attempts_update(q->core->attempts, p->attempt, on_relay_asked, m);
	p->udp_blocked = m->udp_blocked;
	m->udp_blocked = false;
	rdv_announce(q->cl->plane->announcer, p->uuid); /* before anybody can be there */
	return true;
}

static bool relay_elsewhere(struct rdv_request *q, Rdv__RequestRelay *m, const char *relay)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct rdv_cluster_push push = {
		.client = q->cl->id, .id = q->id, .relay = true, .known = true, .m = &out
	};
	uint8_t mangled[HWS_ADDR_WIRE_MAX];
	struct rdv_pending *p = q->core->cluster ? rdv_request_pending(q, true) : NULL;

	if (!p)
		return false;
	p->elsewhere = true;
	if (!relay_begin(q, m, relay, p, mangled))
		return false;
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	out.request_relay = m;
	push.viewer = hws_bytes(mangled, m->socket_addr.len);
	push.granted = &p->granted;
	return rdv_cluster_push(q->core->cluster, &push);
}

void rdv_relay_unknown(struct rdv_client *cl)
{
	struct rdv_request q = rdv_request_of(cl, "");

	rdv_request_refuse_relay(&q, NO_GRANT);
}

/* Perhaps the viewer was let through at another node. */
static bool ask_for_grant(struct rdv_request *q, Rdv__RequestRelay *m)
{
	return q->core->cluster && hws_id_valid(hws_bytes_str(m->id)) &&
			hws_pair_id_valid(hws_bytes_str(m->uuid)) &&
			hws_admit_event(q->cl->plane->limits.punch, &q->cl->peer, 1, q->now_us) &&
			rdv_cluster_relay_ask(q->core->cluster, q->cl->id, &q->cl->addr, m);
}

/* The request may go on. */
static void reach_by_relay(struct rdv_request *q, Rdv__RequestRelay *m)
{
	const char *relay = rdv_grant_find(q->core->grants, &q->cl->addr, m->id, q->now_us);
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t mangled[HWS_ADDR_WIRE_MAX];
	struct rdv_peer_info host;
	struct rdv_pending *p;

	if (!relay) { /* it ran out while the policy was asked */
		rdv_request_refuse_relay(q, NO_GRANT);
		return;
	}
	if (!rdv_presence_get(q->core->presence, hws_bytes_str(m->id), q->now_us, &host) ||
			!host.online || host.blocked) {
		if (!relay_elsewhere(q, m, relay))
			rdv_request_refuse_relay(q, RDV_REQUEST_GONE_OFFLINE);
		return;
	}
	p = rdv_request_pending(q, true);
	if (p) {
		p->host = host.addr;
		p->elsewhere = false;
	}
	if (!p || !relay_begin(q, m, relay, p, mangled)) {
		hws_count(&q->core->count.punch_failed);
		rdv_request_refuse_relay(q, RDV_REQUEST_FAILED);
		return;
	}
	m->secure = m->secure || host.has_pk;
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	out.request_relay = m;
	rdv_push(q->core, &host, &out, &p->granted);
}

static void relay_decided(
		struct rdv_client *cl, Rdv__RendezvousMessage *m, const struct rdv_verdict *v)
{
	struct rdv_request q = rdv_request_of(cl, m->request_relay->id);

	q.granted = v->granted;
	if (v->allowed)
		reach_by_relay(&q, m->request_relay);
	else
		rdv_request_denied(&q, v, true);
}

/* A device is asked to come to a relay only by somebody who was lately let through to it, and only
 * to the relay that was agreed then. */
void rdv_relay_request(struct rdv_client *cl, Rdv__RequestRelay *m)
{
	struct rdv_request q = rdv_request_of(cl, m->id);
	const struct rdv_policy_question ask = { .token = m->token,
		.id = m->id,
		.switch_code = m->switch_code,
		.from = &cl->peer,
		.kind = (uint32_t)m->conn_type };
	const char *relay = rdv_grant_find(q.core->grants, &cl->addr, m->id, q.now_us);
	Rdv__RendezvousMessage whole = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct rdv_peer_info host;
	bool own;

	hws_count(&q.core->count.relay_requests);
	if (!relay && ask_for_grant(&q, m))
		return;
	if (!relay || !hws_pair_id_valid(hws_bytes_str(m->uuid))) {
		rdv_request_refuse_relay(&q, NO_GRANT);
		return;
	}
	if (!rdv_request_may_call(&q)) {
		rdv_request_refuse_relay(&q, RDV_REQUEST_DENIED);
		return;
	}
	own = rdv_presence_get(q.core->presence, hws_bytes_str(m->id), q.now_us, &host) &&
			!host.blocked && rdv_request_own_site(&q, &host);
	if ((!own && !hws_admit_event(cl->plane->limits.punch, &cl->peer, 1, q.now_us)) ||
			!rdv_request_target_free(&q, cl->plane->limits.relay, true, own)) {
		hws_count(&q.core->count.punch_limited);
		rdv_request_refuse_relay(&q, RDV_REQUEST_TOO_OFTEN);
		return;
	}
	if (!q.core->policy) {
		reach_by_relay(&q, m);
		return;
	}
	whole.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	whole.request_relay = m;
	rdv_asking(cl, &ask, &whole, relay_decided);
}
