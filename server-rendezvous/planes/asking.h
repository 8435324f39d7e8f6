/* rendezvous/planes/asking: a request of a viewer that waits until the policy has said whether it
 * may go on. On the TCP plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/policy/policy.h"

struct rdv_client;

/* Goes on with the request, or refuses it. */
typedef void (*rdv_decided_fn)(
		struct rdv_client *cl, Rdv__RendezvousMessage *m, const struct rdv_verdict *v);

/* Calls decided(cl, m, verdict): at once where the verdict is known, else later, with a copy of
 * `m`, unless the client has gone by then. Only with a policy. */
void rdv_asking(struct rdv_client *cl, const struct rdv_policy_question *q,
		Rdv__RendezvousMessage *m, rdv_decided_fn decided);
