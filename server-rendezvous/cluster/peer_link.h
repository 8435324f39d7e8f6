/* rendezvous/cluster/peer_link: one direct link to another node, from its first word on. What is
 * sent is kept until the other side says that it came, so that nothing is lost with a link. Control
 * loop only. Private to the cluster. */
#pragma once
#include "proto/cluster.pb-c.h"
#include "server-rendezvous/cluster/link_words.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/net/stream.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_peer_link;

/* What all links of a node have in common; borrowed. */
struct rdv_peer_link_conf {
	struct hws_loop *loop;
	const struct hws_box_pair *own;
	const uint8_t *secret; /* RDV_LINK_SECRET_LEN */
	/* Whose key a caller shows; NULL = nobody's, and the link is closed. */
	void *(*peer_of)(const uint8_t pk[HWS_BOX_PK_LEN], void *arg);
	/* It is proven who is there; from now on it can be sent on. */
	void (*on_up)(struct rdv_peer_link *l, void *arg);
	/* Items came. Takes `e` (hws_msg_free). */
	void (*on_items)(struct rdv_peer_link *l, Cluster__Envelope *e, void *arg);
	/* The link has ended: what was sent and is not known to have come, oldest first; then that
	 * it is gone: it is freed at the end of the turn. */
	void (*on_lost)(struct rdv_peer_link *l, struct hws_bytes packed, void *arg);
	void (*on_gone)(struct rdv_peer_link *l, int why, void *arg);
	void *arg;
};

/* Takes the stream (also on failure). Calls: to the node with this key, `peer` in the words of who
 * asked. */
int rdv_peer_link_call(const struct rdv_peer_link_conf *conf, struct hws_stream *s, void *peer,
		const uint8_t pk[HWS_BOX_PK_LEN], struct rdv_peer_link **ret) HWS_MUST_CHECK;
/* Is called. */
int rdv_peer_link_take(const struct rdv_peer_link_conf *conf, struct hws_stream *s,
		struct rdv_peer_link **ret) HWS_MUST_CHECK;
/* Ends it; on_lost and on_gone are called inside. */
void rdv_peer_link_close(struct rdv_peer_link *l, int why);

/* NULL until a caller has shown a key. */
void *rdv_peer_link_peer(const struct rdv_peer_link *l);
bool rdv_peer_link_up(const struct rdv_peer_link *l);
const struct sockaddr_storage *rdv_peer_link_addr(const struct rdv_peer_link *l);
/* A packed envelope of items. False: not up, or too much is on its way already. */
bool rdv_peer_link_send(struct rdv_peer_link *l, struct hws_bytes packed);
/* Now and then: says what came, that this side lives; ends a link on which nothing is heard. */
void rdv_peer_link_tick(struct rdv_peer_link *l);
