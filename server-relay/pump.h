/* relay/pump: the bytes of a pair on their way, both directions. On the shard's thread. */
#pragma once
#include "server-relay/shard.h"

/* Moves bytes both ways until nothing can move or `allow` bytes were read. Returns what was read;
 * *ret_more: stopped by `allow`. The pair may be closed afterwards (p->closing). */
uint64_t rly_pair_pump(struct rly_shard *sh, struct rly_pair *p, uint64_t allow, bool *ret_more);
