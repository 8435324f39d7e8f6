/* relay/sched: whose turn it is. On the shard's thread. */
#pragma once
#include "server-relay/shard.h"

/* The pair can move bytes: now or when its turn comes. */
void rly_sched_ready(struct rly_shard *sh, struct rly_pair *p);
void rly_sched_forget(struct rly_shard *sh, struct rly_pair *p);
/* Serves what is queued. */
void rly_sched_run(struct rly_shard *sh);
void rly_sched_init(struct rly_shard *sh);
void rly_sched_done(struct rly_shard *sh);
