/* relay/pairing: which uuid waits for its second leg and which is in use, for all shards together.
 * Look and store are one step under a lock, so two legs that come at the same moment always
 * meet. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rly_pairing;
struct rly_entry; /* one uuid; lives while a leg waits under it or its pair lives */
struct rly_leg;

enum rly_join {
	RLY_JOIN_WAIT, /* first one: the entry is ours */
	/* second one: the entry now belongs to both legs' pair, on the shard of the first */
	RLY_JOIN_PAIR,
	RLY_JOIN_USED /* a pair or another second leg has it */
};

/* `max_waiting` of all addresses together. */
int rly_pairing_new(uint32_t max_waiting, struct rly_pairing **ret) HWS_MUST_CHECK;
void rly_pairing_free(struct rly_pairing *p);
void rly_pairing_set_max(struct rly_pairing *p, uint32_t max_waiting);
uint32_t rly_pairing_max(const struct rly_pairing *p);

/* Any thread. HWS_ERR_FULL: too many wait. HWS_ERR_NOTFOUND: `only_second` is set and nobody waits.
 * `uuid` is 1 to HWS_UUID_MAX bytes. */
int rly_pairing_join(struct rly_pairing *p, struct hws_bytes uuid, struct rly_leg *leg,
		unsigned shard, bool only_second, enum rly_join *ret,
		struct rly_entry **ret_entry) HWS_MUST_CHECK;
/* The waiting leg goes. True: the entry is gone. False: a second leg has just taken it; its pair
 * attempt arrives on the first leg's shard, finds the leg gone (rly_entry_leg gives NULL) and ends
 * the entry. Thread of the first leg. */
bool rly_pairing_leave(struct rly_pairing *p, struct rly_entry *e);
/* Whether a second leg has taken it. Between this and the next call it may come, which
 * rly_pairing_leave tells. */
bool rly_pairing_taken(struct rly_pairing *p, struct rly_entry *e);
/* The pair has ended: the uuid is free again. */
void rly_pairing_end(struct rly_pairing *p, struct rly_entry *e);

/* Shard of the first leg; fixed, any thread that owns the entry. */
unsigned rly_entry_shard(const struct rly_entry *e);
/* The first leg; thread of its shard only. */
struct rly_leg *rly_entry_leg(const struct rly_entry *e);
/* As text (for hand-over and the control socket); buf of HWS_UUID_MAX + 1. */
void rly_entry_uuid(const struct rly_entry *e, char *buf, size_t size);
uint32_t rly_pairing_waiting(const struct rly_pairing *p);
