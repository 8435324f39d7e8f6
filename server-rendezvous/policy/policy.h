/* rendezvous/policy: the way to the API server, which knows accounts and rules: who may reach what
 * is asked there, and it is told which devices register and which sessions last. There is one only
 * with the setting policy-socket. What it cannot be asked is refused, or, by policy-away, decided
 * as the last time. On the loop of the client connections but for what says otherwise. */
#pragma once
#include "server-rendezvous/policy/verdicts.h"
#include "server-rendezvous/state/addr.h"
#include "shared/loop/loop.h"
#include <sys/socket.h>

struct rdv_core;
struct rdv_policy;

/* `core` and `loop` outlive it. Connects when the loop runs, and again whenever the link is lost.
 */
int rdv_policy_new(struct rdv_core *core, struct hws_loop *loop,
		struct rdv_policy **ret) HWS_MUST_CHECK;
/* Who waits is told that nothing was decided. Takes NULL. */
void rdv_policy_free(struct rdv_policy *p);

struct rdv_policy_question {
	const char *token, *id, *switch_code;
	const struct sockaddr_storage *from;
	uint32_t kind;
};
typedef void (*rdv_policy_fn)(const struct rdv_verdict *v, void *arg);
/* True: *ret is the verdict. False: fn(verdict, arg) follows, once, within two seconds. */
bool rdv_policy_ask(struct rdv_policy *p, const struct rdv_policy_question *q,
		struct rdv_verdict *ret, rdv_policy_fn fn, void *arg);

/* A viewer keeps this link for as long as its session lasts. */
void rdv_policy_begin(struct rdv_policy *p, uint64_t link, const char *token,
		const struct sockaddr_storage *from);
void rdv_policy_end(struct rdv_policy *p, uint64_t link);

struct rdv_policy_device {
	const char *id, *old_id;   /* old_id: that it had until now, "" */
	struct hws_bytes uuid, pk; /* pk: 32 bytes or none */
	const char *address;
	uint64_t seen_s; /* Unix time of the registration */
	bool refused;    /* it may not register yet */
};
/* Any thread. Bounded: the surplus is dropped, and comes again with the next registration. */
void rdv_policy_device(struct rdv_policy *p, const struct rdv_policy_device *d);
