/* relay/pair: two legs joined: begin, end, and what is told of it. On their shard's thread. */
#pragma once
#include "server-relay/shard.h"
#include <jansson.h>

/* Joins two legs of this shard; the entry passes. */
void rly_pair_start(struct rly_shard *sh, struct rly_entry *e, struct rly_leg *second);
/* Looks at its addresses again: on the slow list or not. */
void rly_pair_judge(struct rly_shard *sh, struct rly_pair *p);
void rly_pair_close(struct rly_shard *sh, struct rly_pair *p, enum rly_close why);
/* JSON of one pair, for the operator. */
json_t *rly_pair_json(struct rly_shard *sh, const struct rly_pair *p);
