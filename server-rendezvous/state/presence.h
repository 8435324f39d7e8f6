/* rendezvous/state/presence: who is registered and where, in memory: id -> address, last seen, key.
 * Sharded, capped, compact: 120 bytes a record and about 8 of index. Any thread; a lock covers one
 * shard only. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define RDV_ID_INLINE 24
#define RDV_MAC_LEN 16
/* A host speaks every 15 s: one lost keep-alive is tolerated. */
#define RDV_ONLINE_US (30ull * 1000000)
#define RDV_PEER_HAS_UUID 1u
#define RDV_PEER_HAS_PK 2u
/* New by datagram, and not heard since for longer than who sends under false addresses bothers: the
 * first to go where the table is full. */
#define RDV_PEER_YOUNG 4u
#define RDV_PEER_BLOCKED 8u
#define RDV_PEER_PLACED 16u /* the other nodes were told that it is here */
#define RDV_PEER_COPIED 32u /* several machines take it from each other */
#define RDV_PEER_PROVES 64u /* it proved who it is, so nothing else moves it any more */
/* New here without a proof, or come back from another node, and the database has not taken it yet,
 * which may know that this device proves itself: before, the other nodes are not told and no viewer
 * is sent there. */
#define RDV_PEER_UNWRITTEN 128u

struct rdv_peer {
	union {
		char inl[RDV_ID_INLINE];
		char *far; /* longer ids: own allocation */
	} id;
	/* Number of the lasting TCP or WebSocket connection of this host, 0 = none (then UDP). */
	uint64_t client;
	uint32_t hash;
	uint32_t seen;       /* tenths of a second since the table's epoch, 0 = not since start */
	uint32_t registered; /* last RegisterPk that changed something, same unit */
	struct rdv_addr addr;
	uint8_t id_len; /* 0 = free record */
	uint8_t flags;
	uint8_t burst; /* RegisterPk in quick succession */
	/* Another key asked for this id while the present one lived, or the same one elsewhere. */
	uint8_t strikes;
	uint8_t mac[RDV_MAC_LEN]; /* keyed hash of the machine id */
	uint8_t pk[RDV_PK_LEN];
};

struct rdv_presence;
struct rdv_shard;

/* At most max_peers records. */
int rdv_presence_new(uint64_t max_peers, uint64_t now_us, struct rdv_presence **ret) HWS_MUST_CHECK;
void rdv_presence_free(struct rdv_presence *p);

/* Locks the shard of an id (1..HWS_ID_MAX bytes). Look-ups on the returned shard are for this id.
 * Nothing slow and no second shard between lock and unlock. */
struct rdv_shard *rdv_presence_lock(struct rdv_presence *p, struct hws_bytes id);
void rdv_presence_unlock(struct rdv_shard *s);
/* The record of the id the shard was locked for, or NULL; borrows until unlock. */
struct rdv_peer *rdv_shard_find(struct rdv_shard *s);
/* A new record for that id (which has none yet), NULL when the table is full or out of memory. In a
 * full one a young record makes room. */
struct rdv_peer *rdv_shard_add(struct rdv_shard *s);
void rdv_shard_remove(struct rdv_shard *s, struct rdv_peer *peer);

uint32_t rdv_presence_time(const struct rdv_presence *p, uint64_t now_us);
/* Microseconds since a record's time stamp; UINT64_MAX for 0. */
uint64_t rdv_presence_age(const struct rdv_presence *p, uint32_t stamp, uint64_t now_us);
bool rdv_peer_online(const struct rdv_presence *p, const struct rdv_peer *peer, uint64_t now_us);
struct hws_bytes rdv_peer_id(const struct rdv_peer *peer);
void rdv_presence_mac(
		const struct rdv_presence *p, struct hws_bytes uuid, uint8_t ret[RDV_MAC_LEN]);

/* A copy for those who only ask. */
struct rdv_peer_info {
	struct rdv_addr addr;
	uint64_t client;
	uint64_t age_us; /* since last seen, UINT64_MAX = never */
	bool online, has_pk, blocked, copied, proves;
	uint8_t pk[RDV_PK_LEN];
};
bool rdv_presence_get(struct rdv_presence *p, struct hws_bytes id, uint64_t now_us,
		struct rdv_peer_info *ret);
/* From the store: keeps a record that is there already, but not where it is when the store knows
 * that this device proves itself and the record does not. False when the table is full. */
bool rdv_presence_load(struct rdv_presence *p, const struct rdv_peer_row *row);

/* A blocked device is not served and not found; where it was is forgotten. Returns its client
 * connection, 0 = none. */
uint64_t rdv_presence_block(struct rdv_presence *p, struct hws_bytes id, bool blocked);

/* With several nodes: fn gets the id of each placed device that the sweep finds gone, or that made
 * room, under the lock of its shard. Before any thread runs. */
void rdv_presence_on_left(
		struct rdv_presence *p, void (*fn)(struct hws_bytes id, void *arg), void *arg);
/* Looks at up to `budget` records; call on a timer. Full rounds refresh the figures below. */
void rdv_presence_sweep(struct rdv_presence *p, unsigned budget, uint64_t now_us);
struct rdv_presence_stats {
	uint64_t peers;            /* records now */
	uint64_t online;           /* in the last full round of the sweep */
	uint64_t max, bytes, full; /* full = refused because of the cap */
	uint64_t evicted;          /* young ones that made room */
};
void rdv_presence_stats(struct rdv_presence *p, struct rdv_presence_stats *ret);
/* Calls fn for every record, shard by shard under its lock; stops when fn returns false. */
void rdv_presence_each(struct rdv_presence *p, bool (*fn)(const struct rdv_peer *peer, void *arg),
		void *arg);
