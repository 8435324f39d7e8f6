/* rendezvous/planes/request: one request of a viewer on its way through the checks: whether the key
 * is right, whether it comes too often, what the rules say, and how it is refused. For the files
 * that serve such requests; on the TCP plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/planes/pending.h"
#include "server-rendezvous/policy/verdicts.h"
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/presence.h"

struct rdv_client;
struct rdv_core;
struct rdv_target_rate;

#define RDV_REQUEST_FAILED                                                                         \
	"This server cannot serve the request at the moment. Try again in a while."
#define RDV_REQUEST_GONE_OFFLINE "The device has gone offline."
#define RDV_REQUEST_TOO_OFTEN "Too many connection requests. Wait a moment and try again."
#define RDV_REQUEST_DENIED                                                                         \
	"The rules of this server do not let you connect to this device. Ask your administrator."

struct rdv_request {
	struct rdv_client *cl;
	struct rdv_core *core;
	const char *id;
	struct rdv_attempt attempt;
	struct rdv_granted granted; /* by the policy */
	uint64_t now_us;
};

struct rdv_request rdv_request_of(struct rdv_client *cl, const char *id);
/* Notes the outcome, and answers a PunchHoleRequest with it. */
void rdv_request_refuse(struct rdv_request *q, enum rdv_outcome o,
		Rdv__PunchHoleResponse__Failure failure, const char *text);
/* Answers a RequestRelay. */
void rdv_request_refuse_relay(struct rdv_request *q, const char *text);
/* The policy has refused it: says so. */
void rdv_request_denied(struct rdv_request *q, const struct rdv_verdict *v, bool relay);
/* Whether who shows this key may ask at all. */
bool rdv_request_key_shown(const struct rdv_core *core, const char *given);
/* A wrong one: logged as fail2ban reads it. */
void rdv_request_auth_failed(struct rdv_request *q);
bool rdv_request_may_call(const struct rdv_request *q);
/* A site behind one address may call its own devices as often as they can be called at all: it
 * learns nothing that it does not have. */
bool rdv_request_own_site(const struct rdv_request *q, const struct rdv_peer_info *host);
/* Takes from the budget of the device, shared between those who ask for it. */
bool rdv_request_target_free(
		struct rdv_request *q, struct rdv_target_rate *t, bool proven, bool site);
/* Everything that can refuse a PunchHoleRequest, whatever the device (`host`, NULL = nobody's id)
 * is like; false: it did. */
bool rdv_request_admitted(struct rdv_request *q, const char *key, const struct rdv_peer_info *host);
/* The entry of the request among those that wait; NULL without memory. */
struct rdv_pending *rdv_request_pending(struct rdv_request *q, bool relay);
