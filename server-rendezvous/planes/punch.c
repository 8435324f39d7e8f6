/* rendezvous/planes/punch: what viewers ask: reach a device, and later come to the relay with it.
 * Every request is remembered with a cookie, so that only the device it was meant for can answer
 * it. */
#include "server-rendezvous/planes/punch.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/offers.h"
#include "server-rendezvous/planes/pending.h"
#include "server-rendezvous/planes/push.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/relays/announce.h"
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/known_addrs.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/state/rules.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/candidates.h"
#include "shared/wire/envelope.h"
#include "shared/wire/text.h"

#include <string.h>

#define NO_GRANT "Ask for the connection again: this server does not know of it."
#define TOO_OFTEN "Too many connection requests. Wait a moment and try again."
#define FAILED "This server cannot serve the request at the moment. Try again in a while."
#define GONE_OFFLINE "The device has gone offline."
#define DENIED                                                                                     \
	"The rules of this server do not let you connect to this device. Ask your administrator."

/* One request on its way through the checks. */
struct request {
	struct rdv_client *cl;
	struct rdv_core *core;
	const char *id;
	struct rdv_attempt attempt;
	uint64_t now_us;
};

static void note(struct request *q, enum rdv_outcome o)
{
	q->attempt.outcome = (uint8_t)o;
	rdv_attempts_add(q->core->attempts, &q->attempt);
}

static void refuse(struct request *q, enum rdv_outcome o, Rdv__PunchHoleResponse__Failure failure,
		const char *text)
{
	Rdv__PunchHoleResponse p = RDV__PUNCH_HOLE_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	note(q, o);
	p.failure = failure;
	if (text)
		p.other_failure = (char *)text;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE;
	m.punch_hole_response = &p;
	rdv_client_send(q->cl, &m);
}

static void refuse_relay(struct request *q, const char *text)
{
	Rdv__RelayResponse p = RDV__RELAY_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	hws_count(&q->core->count.relay_refused);
	p.refuse_reason = (char *)text;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
	m.relay_response = &p;
	rdv_client_send(q->cl, &m);
}

static void auth_failed(struct request *q)
{
	char ip[HWS_ADDR_TEXT], id[HWS_ID_MAX * 4 + 1];

	hws_count(&q->core->count.auth_failures);
	hws_addr_ip_text(&q->cl->peer, ip, sizeof(ip));
	hws_str_escape(id, sizeof(id), hws_bytes(q->id, strnlen(q->id, HWS_ID_MAX)));
	/* This line is what packaging/fail2ban matches. */
	hws_warn_limited("auth.failed", HWS_STR("from", ip), HWS_STR("id", id),
			HWS_STR("why", "wrong server key"));
}

static bool key_shown(const struct rdv_core *core, const char *given)
{
	size_t n = strlen(core->key_text);

	return strlen(given) == n && hws_secret_equal(given, core->key_text, n);
}

bool rdv_punch_key_counts(struct rdv_client *cl, const char *key)
{
	struct request q = { .cl = cl, .core = cl->plane->core, .id = "" };

	if (key_shown(q.core, key) || rdv_conf(q.core)->open)
		return true;
	auth_failed(&q);
	/* the link ends with the answer in any case */
	(void)hws_admit_event(cl->plane->limits.keys, &cl->peer, 1, hws_clock_us());
	return false;
}

static bool may_call(const struct request *q)
{
	return !rdv_rules_id_blocked(q->core->rules, q->id) &&
			rdv_rules_may_call(q->core->rules, &q->cl->peer, q->id);
}

/* A site behind one address may call its own devices as often as they can be called at all: it
 * learns nothing that it does not have. */
static bool own_site(const struct request *q, const struct rdv_peer_info *host)
{
	return host->online && rdv_addr_ip_equal(&q->cl->addr, &host->addr);
}

/* Takes from the budget of the device, shared between those who ask for it. */
static bool target_free(struct request *q, struct rdv_target_rate *t, bool proven, bool site)
{
	const struct rdv_config *c = rdv_conf(q->core);
	const struct rdv_call call = { .id = q->id,
		.from = &q->cl->addr,
		.proven = proven,
		.site = site,
		.rate = c->target_rate,
		.burst = c->target_burst,
		.now_us = q->now_us };

	return rdv_target_rate_take(t, &call);
}

static bool limited(struct request *q)
{
	hws_count(&q->core->count.punch_limited);
	refuse(q, RDV_OUT_LIMITED, 0, TOO_OFTEN);
	return false;
}

/* Everything that can refuse a request, whatever the device (`host`, NULL = nobody's id) is
 * like. */
static bool admitted(struct request *q, const char *key, const struct rdv_peer_info *host)
{
	bool shown = key_shown(q->core, key), own = host && own_site(q, host);

	if (!shown && !rdv_conf(q->core)->open) {
		auth_failed(q);
		refuse(q, RDV_OUT_WRONG_KEY, RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH,
				NULL);
		if (!hws_admit_event(q->cl->plane->limits.keys, &q->cl->peer, 1, q->now_us))
			rdv_client_finish(q->cl);
		return false;
	}
	rdv_known_addrs_add(q->core->known_addrs, &q->cl->addr, q->now_us);
	if (!own && !hws_admit_event(q->cl->plane->limits.punch, &q->cl->peer, 1, q->now_us))
		return limited(q);
	if (!may_call(q)) { /* before it costs the device anything */
		hws_count(&q->core->count.punch_denied);
		refuse(q, RDV_OUT_DENIED, 0, DENIED);
		return false;
	}
	return target_free(q, q->cl->plane->limits.target, shown, own) || limited(q);
}

static struct rdv_pending *pending_take(struct request *q, bool relay)
{
	return rdv_pending_take(&q->cl->pending, q->id, relay, q->now_us);
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
static bool push_punch(struct request *q, const Rdv__PunchHoleRequest *in,
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
	if (!rdv_push(q->core, host, &m))
		return false;
	hws_count(&q->core->count.punch_sent);
	return true;
}

static void pick_relay(struct request *q, struct rdv_pending *p)
{
	struct sockaddr_storage host = { .ss_family = AF_UNSPEC };

	if (rdv_addr_is_set(&q->attempt.host))
		rdv_addr_to(&q->attempt.host, &host);
	rdv_relays_pick(q->core->relays, &q->cl->peer, &host, p->relay_server,
			sizeof(p->relay_server));
}

static enum rdv_forced forced_by(const struct request *q, const Rdv__PunchHoleRequest *in)
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
static struct rdv_pending *begin(struct request *q, const Rdv__PunchHoleRequest *in)
{
	struct rdv_pending *p = pending_take(q, false);

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
static void failed(struct request *q)
{
	hws_count(&q->core->count.punch_failed);
	refuse(q, RDV_OUT_FAILED, 0, FAILED);
}

static void host_found(struct request *q, const Rdv__PunchHoleRequest *in,
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
	refuse(q, RDV_OUT_OFFLINE, RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE, NULL);
}

/* Asks the node that has the device; false when there is none to ask. */
static bool host_elsewhere(struct request *q, const Rdv__PunchHoleRequest *in, bool known)
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
	push.may_be_local = !q->cl->ws && !p->force_relay;
	push.viewer = hws_bytes(mangled, rdv_client_mangled(q->cl, mangled));
	fill_punch(&punch, in, p, (ProtobufCBinaryData){ push.viewer.len, mangled });
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE;
	m.punch_hole = &punch;
	if (!known) /* its key will be wanted */
		rdv_cluster_learn(q->core->cluster, hws_bytes_str(q->id));
	return rdv_cluster_push(q->core->cluster, &push);
}

static struct request request_of(struct rdv_client *cl, const char *id)
{
	struct request q = { .cl = cl, .core = cl->plane->core, .id = id };

	q.now_us = hws_clock_us();
	q.attempt.wall_us = hws_wall_us();
	q.attempt.viewer = cl->addr;
	q.attempt.ws = cl->ws;
	if (hws_str_copy(q.attempt.id, sizeof(q.attempt.id), id) < 0)
		q.attempt.id[0] = 0;
	return q;
}

void rdv_punch_request(struct rdv_client *cl, const Rdv__PunchHoleRequest *m)
{
	struct request q = request_of(cl, m->id);
	struct rdv_peer_info host;
	bool found;

	hws_count(&q.core->count.punch);
	q.attempt.viewer_nat = (uint8_t)m->nat_type;
	q.attempt.viewer_offers = offers_of(m);
	snprintf(q.attempt.version, sizeof(q.attempt.version), "%.15s", m->version);
	if (!hws_utf8_valid(hws_bytes_str(q.attempt.version)))
		q.attempt.version[0] = 0;
	found = rdv_presence_get(q.core->presence, hws_bytes_str(m->id), q.now_us, &host);
	if (!admitted(&q, m->licence_key, found ? &host : NULL))
		return;
	if (!found) {
		if (host_elsewhere(&q, m, false))
			return; /* another node may have it; it answers */
		hws_count(&q.core->count.punch_absent);
		refuse(&q, RDV_OUT_ABSENT, RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST, NULL);
		return;
	}
	if (host.blocked) {
		refuse(&q, RDV_OUT_ABSENT, RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST, NULL);
		return;
	}
	if (!host.online) {
		if (host_elsewhere(&q, m, true))
			return;
		hws_count(&q.core->count.punch_offline);
		refuse(&q, RDV_OUT_OFFLINE, RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE, NULL);
		return;
	}
	host_found(&q, m, &host);
}

/* The request of a viewer that waits is over: the device is at no node. */
void rdv_punch_nowhere(struct rdv_client *cl, const char *id, bool relay, bool known)
{
	struct rdv_pending *p = rdv_pending_find(cl->pending, id, relay);
	struct request q = request_of(cl, id);

	if (!p || !p->elsewhere || p->answered || p->answered_udp)
		return;
	memset(p, 0, sizeof(*p));
	if (relay) {
		refuse_relay(&q, GONE_OFFLINE);
	} else if (known) {
		hws_count(&q.core->count.punch_offline);
		refuse(&q, RDV_OUT_OFFLINE, RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE, NULL);
	} else {
		hws_count(&q.core->count.punch_absent);
		refuse(&q, RDV_OUT_ABSENT, RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST, NULL);
	}
}

/* `arg`: the request. */
static void on_relay_asked(struct rdv_attempt *a, void *arg)
{
	const Rdv__RequestRelay *m = arg;

	a->ways |= RDV_WAY_RELAY;
	if (m->udp_blocked)
		a->viewer_offers |= RDV_UDP_BLOCKED;
}

static bool relay_begin(struct request *q, Rdv__RequestRelay *m, const char *relay,
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

static bool relay_elsewhere(struct request *q, Rdv__RequestRelay *m, const char *relay)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct rdv_cluster_push push = {
		.client = q->cl->id, .id = q->id, .relay = true, .known = true, .m = &out
	};
	uint8_t mangled[HWS_ADDR_WIRE_MAX];
	struct rdv_pending *p = q->core->cluster ? pending_take(q, true) : NULL;

	if (!p)
		return false;
	p->elsewhere = true;
	if (!relay_begin(q, m, relay, p, mangled))
		return false;
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	out.request_relay = m;
	push.viewer = hws_bytes(mangled, m->socket_addr.len);
	return rdv_cluster_push(q->core->cluster, &push);
}

void rdv_relay_unknown(struct rdv_client *cl)
{
	struct request q = request_of(cl, "");

	refuse_relay(&q, NO_GRANT);
}

/* Perhaps the viewer was let through at another node. */
static bool ask_for_grant(struct request *q, Rdv__RequestRelay *m)
{
	return q->core->cluster && hws_id_valid(hws_bytes_str(m->id)) &&
			hws_pair_id_valid(hws_bytes_str(m->uuid)) &&
			hws_admit_event(q->cl->plane->limits.punch, &q->cl->peer, 1, q->now_us) &&
			rdv_cluster_relay_ask(q->core->cluster, q->cl->id, &q->cl->addr, m);
}

/* A device is asked to come to a relay only by somebody who was lately let through to it, and only
 * to the relay that was agreed then. */
void rdv_relay_request(struct rdv_client *cl, Rdv__RequestRelay *m)
{
	struct request q = request_of(cl, m->id);
	const char *relay = rdv_grant_find(q.core->grants, &cl->addr, m->id, q.now_us);
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t mangled[HWS_ADDR_WIRE_MAX];
	struct rdv_peer_info host;
	struct rdv_pending *p;
	bool online, own;

	hws_count(&q.core->count.relay_requests);
	if (!relay && ask_for_grant(&q, m))
		return;
	if (!relay || !hws_pair_id_valid(hws_bytes_str(m->uuid))) {
		refuse_relay(&q, NO_GRANT);
		return;
	}
	if (!may_call(&q)) {
		refuse_relay(&q, DENIED);
		return;
	}
	online = rdv_presence_get(q.core->presence, hws_bytes_str(m->id), q.now_us, &host) &&
			host.online && !host.blocked;
	own = online && own_site(&q, &host);
	if ((!own && !hws_admit_event(cl->plane->limits.punch, &cl->peer, 1, q.now_us)) ||
			!target_free(&q, cl->plane->limits.relay, true, own)) {
		hws_count(&q.core->count.punch_limited);
		refuse_relay(&q, TOO_OFTEN);
		return;
	}
	if (!online) {
		if (relay_elsewhere(&q, m, relay))
			return;
		refuse_relay(&q, GONE_OFFLINE);
		return;
	}
	p = pending_take(&q, true);
	if (p) {
		p->host = host.addr;
		p->elsewhere = false;
	}
	if (!p || !relay_begin(&q, m, relay, p, mangled)) {
		hws_count(&q.core->count.punch_failed);
		refuse_relay(&q, FAILED);
		return;
	}
	m->secure = m->secure || host.has_pk;
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	out.request_relay = m;
	rdv_push(q.core, &host, &out);
}
