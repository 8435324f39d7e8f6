/* relay/room: who makes room when a table that all share is full. Held back first: an address gets
 * a share of what is free, so that few cannot fill a table. Where many did, the leg goes whose
 * address holds most, the oldest of them first, and never one whose pair was announced. On the
 * shard's thread. */
#pragma once
#include "server-relay/shard.h"

/* How many legs, and how many that wait, an address may have now; 0 = no limit, which an operator
 * has to say. The leg in question is counted in the sum of legs already. `announced`: the
 * rendezvous server agreed to the pair. */
uint32_t rly_room_legs(const struct rly_shard *sh);
uint32_t rly_room_waiting(const struct rly_shard *sh, bool announced);
/* Whether a leg that nobody announced may still wait: the last part is for the announced. */
bool rly_room_unannounced(const struct rly_shard *sh);
/* Drops one that did not speak yet, or waits, for a leg of `peer`; false when none holds more than
 * that. */
bool rly_room_make_leg(struct rly_shard *sh, const struct sockaddr_storage *peer);
/* Drops one that waits, for `l` to wait. */
bool rly_room_make_waiting(struct rly_shard *sh, const struct rly_leg *l);
