/* relay/shard_move: a leg on its way to the shard where its partner waits. */
#pragma once
#include "server-relay/leg.h"

struct rly_shard;
struct rly_shard_move;

struct rly_shard_move *rly_shard_move_new(void);
void rly_shard_move_free(struct rly_shard_move *h);
/* Takes all three; the leg must have left its shard's lists and epoll set. Never fails. */
void rly_shard_move_send(struct rly_shard_move *h, struct rly_shard *to, struct rly_entry *e,
		struct rly_leg *l);
