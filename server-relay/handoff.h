/* relay/handoff: a leg on its way to the shard where its partner waits. */
#pragma once
#include "server-relay/leg.h"

struct rly_shard;
struct rly_handoff;

struct rly_handoff *rly_handoff_new(void);
void rly_handoff_free(struct rly_handoff *h);
/* Takes all three; the leg must have left its shard's lists and epoll set. Never fails. */
void rly_handoff_send(struct rly_handoff *h, struct rly_shard *to, struct rly_entry *e,
		struct rly_leg *l);
