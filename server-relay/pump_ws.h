/* relay/pump_ws: the same where a leg is a WebSocket, whose frame headers are exchanged. On the
 * shard's thread. */
#pragma once
#include "server-relay/shard.h"

/* One direction of a pair that is looked at. */
int rly_pump_ws(struct rly_shard *sh, struct rly_pair *p, unsigned d, uint64_t allow,
		uint64_t *ret_read);
/* What the WebSocket leg collected is written or dropped. */
void rly_pump_ws_forget(struct rly_shard *sh, struct rly_leg *l);
/* Puts the waiting pong or close of leg[d] before what comes next. */
int rly_pump_ws_reply(struct rly_shard *sh, struct rly_pair *p, unsigned d);
