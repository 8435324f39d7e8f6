/* rendezvous/cluster/remote_viewers: viewers of other nodes that wait for devices of this one. All
 * on the TCP plane's thread. Private to the cluster. */
#pragma once
#include "proto/cluster.pb-c.h"
#include "server-rendezvous/cluster/hooks.h"
#include "shared/base/err.h"

struct rdv_node;
struct rdv_remote_viewers;

/* `node` is borrowed. */
int rdv_remote_viewers_new(struct rdv_node *node, struct rdv_remote_viewers **ret) HWS_MUST_CHECK;
/* Takes NULL. */
void rdv_remote_viewers_free(struct rdv_remote_viewers *rv);
/* Another node hands on a request of its viewer, or an answer to one of ours, or says that a device
 * is nowhere. */
void rdv_remote_push(struct rdv_remote_viewers *rv, const char *from, const Cluster__Push *p);
void rdv_remote_reply(struct rdv_remote_viewers *rv, const Cluster__Reply *r);
void rdv_remote_nowhere(struct rdv_remote_viewers *rv, const Cluster__Nowhere *n);
/* As rdv_cluster_reply. */
bool rdv_remote_answer(struct rdv_remote_viewers *rv, const struct rdv_replier *from,
		ProtobufCBinaryData addr, const char *id, bool exact,
		const Rdv__RendezvousMessage *m);
