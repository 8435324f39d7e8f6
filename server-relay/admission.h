/* relay/admission: the life of a leg until it is paired: accepted, counted, let in or refused,
 * moved to its partner's shard or process. On the shard's thread. */
#pragma once
#include "server-relay/shard.h"

struct rly_request;

/* A leg enters with an accepted socket. */
void rly_leg_accept(struct rly_shard *sh, int fd, const struct sockaddr_storage *peer, bool ws);
/* Counts, tells nobody, closes. Not for paired legs. */
void rly_leg_refuse(struct rly_shard *sh, struct rly_leg *l, enum rly_refusal why);
/* Closes and defers the memory. */
void rly_leg_drop(struct rly_shard *sh, struct rly_leg *l);
/* A leg that left another shard becomes ours. */
void rly_leg_arrive(struct rly_shard *sh, struct rly_leg *l);
/* The first frame was good: waits, pairs, moves or is refused. */
void rly_leg_join(struct rly_shard *sh, struct rly_leg *l, const struct rly_request *first);
/* A greeted leg of the process before us; `unread` came behind its first frame. */
void rly_leg_adopt(struct rly_shard *sh, int fd, const struct sockaddr_storage *peer, bool ws,
		struct hws_bytes unread, const struct rly_request *first);
/* All legs that wait go to the successor. */
void rly_shard_send_waiting(struct rly_shard *sh);
/* The real address behind a proxy. Refuses the leg and fails when that may not come in. */
int rly_leg_set_peer(struct rly_shard *sh, struct rly_leg *l,
		const struct sockaddr_storage *peer) HWS_MUST_CHECK;
/* Asks again about legs that came before their announcement. */
void rly_shard_recheck(struct rly_shard *sh);
