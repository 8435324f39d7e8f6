/* rendezvous/store/nodes: servers that share one database: which of them live, and messages between
 * them. Only a store that can be shared has this subject (postgres). */
#pragma once
#include "server-rendezvous/store/store.h"
#include "shared/base/bytes.h"

#define RDV_NODE_MAX 63      /* bytes of a node's name */
#define RDV_MESSAGE_MAX 3900 /* bytes of a message between nodes */

/* On the loop: a message of another node, or `payload.ptr == NULL`: the connection was lost and
 * made again, messages may have been missed. */
typedef void (*rdv_message_fn)(struct hws_bytes payload, void *arg);

struct rdv_nodes_conf {
	const char *node; /* name */
	/* HWS_HASH_KEY_LEN bytes (crypto/hash): the same at all nodes, unknown to others, who can
	 * neither guess the names of channels then nor meet them by chance. */
	const uint8_t *channels;
	uint64_t dead_us; /* a node that is silent for so long is nowhere */
	rdv_message_fn on_message;
	void *arg;
};

struct rdv_nodes_ops {
	/* Joins under a name and says every second that it lives (the store's own timer). Copies
	 * all of `conf`; on_message for payloads sent to this node: by anybody who may connect. */
	int (*join)(struct rdv_store *s, const struct rdv_nodes_conf *conf);
	/* The clock that all nodes share, in microseconds: now, and when this node began to hear;
	 * HWS_ERR_AGAIN as long as it has not been read, which comes before the first message. */
	int (*clock)(struct rdv_store *s, uint64_t *ret_us, uint64_t *ret_since_us);
	/* Leaves in an orderly way: its locations go. */
	int (*leave)(struct rdv_store *s, rdv_done_fn done, void *arg);
	/* Sends to one node, or to all (this one too) when `node` is "": 1..RDV_MESSAGE_MAX bytes;
	 * done when handed to the engine. */
	int (*send)(struct rdv_store *s, const char *node, struct hws_bytes payload,
			rdv_done_fn done, void *arg);
};
