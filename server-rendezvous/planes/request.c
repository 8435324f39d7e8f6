/* rendezvous/planes/request: checks come in the order of what they cost the device. */
#include "server-rendezvous/planes/request.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/known_addrs.h"
#include "server-rendezvous/state/rules.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/wire/text.h"
#include <string.h>

static void note(struct rdv_request *q, enum rdv_outcome o)
{
	q->attempt.outcome = (uint8_t)o;
	rdv_attempts_add(q->core->attempts, &q->attempt);
}

void rdv_request_refuse(struct rdv_request *q, enum rdv_outcome o,
		Rdv__PunchHoleResponse__Failure failure, const char *text)
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

void rdv_request_refuse_relay(struct rdv_request *q, const char *text)
{
	Rdv__RelayResponse p = RDV__RELAY_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	hws_count(&q->core->count.relay_refused);
	p.refuse_reason = (char *)text;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
	m.relay_response = &p;
	rdv_client_send(q->cl, &m);
}

void rdv_request_auth_failed(struct rdv_request *q)
{
	char ip[HWS_ADDR_TEXT], id[HWS_ID_MAX * 4 + 1];

	hws_count(&q->core->count.auth_failures);
	hws_addr_ip_text(&q->cl->peer, ip, sizeof(ip));
	hws_str_escape(id, sizeof(id), hws_bytes(q->id, strnlen(q->id, HWS_ID_MAX)));
	/* This line is what packaging/fail2ban matches. */
	hws_warn_limited("auth.failed", HWS_STR("from", ip), HWS_STR("id", id),
			HWS_STR("why", "wrong server key"));
}

bool rdv_request_key_shown(const struct rdv_core *core, const char *given)
{
	size_t n = strlen(core->key_text);

	return strlen(given) == n && hws_secret_equal(given, core->key_text, n);
}

bool rdv_request_may_call(const struct rdv_request *q)
{
	return !rdv_rules_id_blocked(q->core->rules, q->id) &&
			rdv_rules_may_call(q->core->rules, &q->cl->peer, q->id);
}

bool rdv_request_own_site(const struct rdv_request *q, const struct rdv_peer_info *host)
{
	return host->online && rdv_addr_ip_equal(&q->cl->addr, &host->addr);
}

bool rdv_request_target_free(
		struct rdv_request *q, struct rdv_target_rate *t, bool proven, bool site)
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

static bool limited(struct rdv_request *q)
{
	hws_count(&q->core->count.punch_limited);
	rdv_request_refuse(q, RDV_OUT_LIMITED, 0, RDV_REQUEST_TOO_OFTEN);
	return false;
}

bool rdv_request_admitted(struct rdv_request *q, const char *key, const struct rdv_peer_info *host)
{
	bool shown = rdv_request_key_shown(q->core, key),
	     own = host && rdv_request_own_site(q, host);

	if (!shown && !rdv_conf(q->core)->open) {
		rdv_request_auth_failed(q);
		rdv_request_refuse(q, RDV_OUT_WRONG_KEY,
				RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH, NULL);
		if (!hws_admit_event(q->cl->plane->limits.keys, &q->cl->peer, 1, q->now_us))
			rdv_client_finish(q->cl);
		return false;
	}
	rdv_known_addrs_add(q->core->known_addrs, &q->cl->addr, q->now_us);
	if (!own && !hws_admit_event(q->cl->plane->limits.punch, &q->cl->peer, 1, q->now_us))
		return limited(q);
	if (!rdv_request_may_call(q)) { /* before it costs the device anything */
		hws_count(&q->core->count.punch_denied);
		rdv_request_refuse(q, RDV_OUT_DENIED, 0, RDV_REQUEST_DENIED);
		return false;
	}
	return rdv_request_target_free(q, q->cl->plane->limits.target, shown, own) || limited(q);
}

struct rdv_pending *rdv_request_pending(struct rdv_request *q, bool relay)
{
	struct rdv_pending *p = rdv_pending_take(&q->cl->pending, q->id, relay, q->now_us);

	if (p)
		p->granted = q->granted;
	return p;
}

struct rdv_request rdv_request_of(struct rdv_client *cl, const char *id)
{
	struct rdv_request q = { .cl = cl, .core = cl->plane->core, .id = id };

	q.now_us = hws_clock_us();
	q.attempt.wall_us = hws_wall_us();
	q.attempt.viewer = cl->addr;
	q.attempt.ws = cl->ws;
	if (hws_str_copy(q.attempt.id, sizeof(q.attempt.id), id) < 0)
		q.attempt.id[0] = 0;
	return q;
}

void rdv_request_denied(struct rdv_request *q, const struct rdv_verdict *v, bool relay)
{
	const char *text = *v->text ? v->text : RDV_REQUEST_DENIED;

	hws_str_escape(q->attempt.host_word, sizeof(q->attempt.host_word),
			hws_bytes(text, strnlen(text, RDV_WORD_MAX)));
	if (relay) {
		note(q, RDV_OUT_DENIED);
		rdv_request_refuse_relay(q, text);
		return;
	}
	rdv_request_refuse(q, RDV_OUT_DENIED, 0, text);
}
