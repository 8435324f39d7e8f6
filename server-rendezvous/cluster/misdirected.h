/* rendezvous/cluster/misdirected: answers of devices and relay requests of viewers that came to a
 * node which knows nothing of them. All on the TCP plane's thread. Private to the cluster. */
#pragma once
#include "proto/cluster.pb-c.h"
#include "server-rendezvous/cluster/hooks.h"
#include "shared/base/err.h"

struct rdv_node;
struct rdv_misdirected;

/* `node` is borrowed. */
int rdv_misdirected_new(struct rdv_node *node, struct rdv_misdirected **ret) HWS_MUST_CHECK;
/* After the planes are gone. Takes NULL. */
void rdv_misdirected_free(struct rdv_misdirected *md);
/* As rdv_cluster_misdirected and rdv_cluster_relay_ask. */
void rdv_misdirected_answer(struct rdv_misdirected *md, const struct rdv_replier *from,
		const Rdv__RendezvousMessage *m);
bool rdv_misdirected_relay(struct rdv_misdirected *md, uint64_t client,
		const struct rdv_addr *viewer, Rdv__RequestRelay *m);
/* What other nodes say. */
void rdv_misdirected_heard(struct rdv_misdirected *md, const Cluster__Misdirected *s);
void rdv_grant_asked(struct rdv_misdirected *md, const char *from, const Cluster__GrantAsk *g);
void rdv_grant_heard(struct rdv_misdirected *md, const Cluster__Grant *g);
