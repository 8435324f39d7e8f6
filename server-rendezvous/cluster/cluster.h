/* rendezvous/cluster/cluster: several nodes on one database: who holds a device, and handing
 * requests to its node. The database tells where devices are and carries the messages. With one
 * node (core->cluster == NULL) nothing of this runs. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/cluster/hooks.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"

struct rdv_core;
struct rdv_entry;
struct rdv_cluster;
struct rdv_link_state;

struct rdv_cluster_conf {
	const char *node; /* name */
	/* Direct links: where others reach this node ("" = it takes none), where it listens for
	 * them ("" and 0: there), the port of who names none. */
	const char *link_at, *link_bind;
	uint16_t link_port, link_default_port;
	struct hws_work *work; /* looks names up */
};

/* `loop` is the control loop. HWS_ERR_UNSUPPORTED when the store (core->store) cannot be shared. */
int rdv_cluster_new(struct rdv_core *core, struct hws_loop *loop,
		const struct rdv_cluster_hooks *planes, const struct rdv_cluster_conf *conf,
		struct rdv_cluster **ret, struct hws_error *err) HWS_MUST_CHECK;
/* When the planes run: joins. */
int rdv_cluster_start(struct rdv_cluster *c, struct hws_error *err) HWS_MUST_CHECK;
/* Control loop: this node is about to end; its devices are nowhere from now on. Takes NULL. */
void rdv_cluster_leave(struct rdv_cluster *c);
/* When the threads of the planes have ended, before store and planes are freed: nothing is begun
 * any more. Takes NULL. */
void rdv_cluster_end(struct rdv_cluster *c);
/* After the store and the planes are gone. Takes NULL. */
void rdv_cluster_free(struct rdv_cluster *c);

/* --- any thread; also under the lock of a shard; never wait ----------------------------------- */
/* A device has come to this node, or left it. */
void rdv_cluster_arrived(struct rdv_cluster *c, struct hws_bytes id);
void rdv_cluster_left(struct rdv_cluster *c, struct hws_bytes id);
/* A device that this node does not know speaks: perhaps the database does. */
void rdv_cluster_learn(struct rdv_cluster *c, struct hws_bytes id);

/* Control loop: fn(e, removed, arg) for each entry that another node put or removed; e == NULL:
 * some may have been missed. */
void rdv_cluster_on_entry(struct rdv_cluster *c,
		void (*fn)(const struct rdv_entry *e, bool removed, void *arg), void *arg);
/* Control loop: tells the others. */
void rdv_cluster_entry(struct rdv_cluster *c, const struct rdv_entry *e, bool removed);
/* Control loop: a device was written to the database: what others remember of it is old. */
void rdv_cluster_changed(struct rdv_cluster *c, const char *id);
/* Control loop: an operator has removed a device: the others forget it too. */
void rdv_cluster_removed(struct rdv_cluster *c, const char *id);
/* Control loop: the other nodes as far as they told us of themselves (cluster/links.h). Returns
 * where this node takes links, "" = nowhere. */
const char *rdv_cluster_links(struct rdv_cluster *c,
		void (*fn)(const struct rdv_link_state *s, void *arg), void *arg);

/* --- the TCP plane's thread ------------------------------------------------------------------- */
/* Asks the node that has the device to hand it `m`; the answer comes by hooks (reply, nowhere).
 * False when that cannot be tried. `viewer`: its disguised address, as messages carry it. `known`:
 * this node has heard of the id. */
bool rdv_cluster_push(struct rdv_cluster *c, const struct rdv_cluster_push *push);
/* A device's answer that no viewer of this node waits for: true when one of another node does. `id`
 * NULL: the answer to a RequestRelay. `exact`: the bytes of the address are ours. */
bool rdv_cluster_reply(struct rdv_cluster *c, const struct rdv_replier *from,
		ProtobufCBinaryData addr, const char *id, bool exact,
		const Rdv__RendezvousMessage *m);
/* An answer that came to this node and that nobody here waits for: perhaps the node that has the
 * device knows more. */
void rdv_cluster_misdirected(struct rdv_cluster *c, const struct rdv_replier *from,
		const Rdv__RendezvousMessage *m);
/* A viewer that was let through at another node asks for the relay here: true when that node is
 * asked first; then the hook `granted` or `not_granted` is called. */
bool rdv_cluster_relay_ask(struct rdv_cluster *c, uint64_t client, const struct rdv_addr *viewer,
		Rdv__RequestRelay *m);
/* Completes the states of an online query that has been answered as far as this node knows, and
 * hands them to the hook `online`. Takes `states` when true. */
bool rdv_cluster_online(struct rdv_cluster *c, uint64_t client, const Rdv__OnlineRequest *m,
		uint8_t *states);
