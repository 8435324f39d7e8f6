/* rendezvous/cluster/trust: what a node may believe of the messages it hears. Anybody who may
 * connect to the database may listen and speak there: messages are sealed with a key of the
 * servers' secret key, name their sender and receiver, and are taken once. Knows no loop, store or
 * clock. Control loop only. Private to the cluster. */
#pragma once
#include "proto/cluster.pb-c.h"
#include "server-rendezvous/store/nodes.h"
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/crypto/identity.h"

struct rdv_trust;

/* Head and seal: what a message is longer than its items, at most. */
#define RDV_TRUST_OVERHEAD (40 + 2 * (RDV_NODE_MAX + 2) + 40)

/* `name`: of this node. Keeps keys derived of `id`, not `id`. */
int rdv_trust_new(const struct hws_identity *id, const char *name,
		struct rdv_trust **ret) HWS_MUST_CHECK;
/* Takes NULL. */
void rdv_trust_free(struct rdv_trust *t);
/* Names of channels are made with it (rdv_nodes_ops.join): HWS_HASH_KEY_LEN bytes. */
const uint8_t *rdv_trust_channels(const struct rdv_trust *t);

/* The rest of a message to a node ("" = all others): `items` are packed envelopes without a head,
 * at most RDV_MESSAGE_MAX - RDV_TRUST_OVERHEAD bytes. `now_us`: by the clock that all share. */
int rdv_trust_seal(struct rdv_trust *t, const char *to, uint64_t now_us, struct hws_bytes items,
		struct hws_buf *out) HWS_MUST_CHECK;
/* The clock when this node began to hear: what was sent before is not taken. Only the first call
 * counts. */
void rdv_trust_begin(struct rdv_trust *t, uint64_t since_us);
/* Opens what was heard. HWS_ERR_CRYPTO: of nobody who has the key; HWS_ERR_PROTO: no message;
 * HWS_ERR_CANCELED: for another node, or our own; HWS_ERR_EXISTS: was here before, or is older than
 * this node. *ret is freed with hws_msg_free. */
int rdv_trust_open(
		struct rdv_trust *t, struct hws_bytes in, Cluster__Envelope **ret) HWS_MUST_CHECK;
