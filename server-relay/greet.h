/* relay/greet: what a leg says before it waits: PROXY header, TLS, upgrade, first frame. On the
 * shard's thread. */
#pragma once
#include "server-relay/shard.h"

/* Reads on in the states before WAITING. */
void rly_greet(struct rly_shard *sh, struct rly_leg *l);
