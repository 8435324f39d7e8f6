/* relay/stats: what a shard counts, and the names of reasons for refusing a leg and for closing a
 * pair. Written by the shard's thread only, read by others with relaxed loads. */
#pragma once
#include <stdint.h>

/* X(NAME, text in logs, metrics and JSON) */
#define RLY_REFUSAL_LIST(X)                                                                        \
	X(BLOCKED, "blocked")          /* on the block list or not on the allow list */            \
	X(ADDRESS, "address_limit")    /* too many legs from one address */                        \
	X(FULL, "full")                /* too many legs in all */                                  \
	X(SLOW, "slow_first_frame")    /* said nothing useful in time */                           \
	X(EARLY_CLOSE, "closed_early") /* went away before its first frame */                      \
	X(JUNK, "junk")                /* first frame is no relay request */                       \
	X(TOO_BIG, "first_frame_size") /* announced too much */                                    \
	X(UPGRADE, "upgrade")          /* no WebSocket or TLS handshake, no PROXY header */        \
	X(KEY, "key")                  /* wrong key */                                             \
	X(UNANNOUNCED, "unannounced")  /* the rendezvous server did not announce this pair */      \
	X(USED, "uuid_used")           /* a third one came for a pair */                           \
	X(WAITING_ADDRESS, "waiting_address_limit")                                                \
	X(WAITING_FULL, "waiting_full")                                                            \
	X(NO_PARTNER, "no_partner")     /* nobody came within the wait time */                     \
	X(PARTNER_GONE, "waiting_gone") /* left while waiting, or just before its partner came */  \
	X(EVICTED, "evicted") /* made room: its address held the most of what was full */          \
	X(DRAIN, "drain")                                                                          \
	X(MEMORY, "memory")

enum rly_refusal {
#define X(name, text) RLY_REFUSE_##name,
	RLY_REFUSAL_LIST(X)
#undef X
			RLY_REFUSAL_COUNT
};

#define RLY_CLOSE_LIST(X)                                                                          \
	X(PEER, "peer closed")                                                                     \
	X(RESET, "reset")                                                                          \
	X(IDLE, "idle")                                                                            \
	X(STALLED, "stalled") /* bytes waited for a peer that took none */                         \
	X(PROTO, "protocol")  /* bad WebSocket or frame */                                         \
	X(BLOCKED, "blocked")                                                                      \
	X(LIMIT, "limit")                                                                          \
	X(KICK, "kick")                                                                            \
	X(DRAIN, "drain")                                                                          \
	X(ERROR, "error")

enum rly_close {
#define X(name, text) RLY_CLOSE_##name,
	RLY_CLOSE_LIST(X)
#undef X
			RLY_CLOSE_COUNT
};

/* Whom bytes are for. Of a pair in which no end has named a device, or both have, nobody knows. */
#define RLY_WAY_LIST(X)                                                                            \
	X(VIEWER, "to_viewer")                                                                     \
	X(HOST, "to_host")                                                                         \
	X(UNKNOWN, "unknown")

enum rly_way {
#define X(name, text) RLY_WAY_##name,
	RLY_WAY_LIST(X)
#undef X
			RLY_WAY_COUNT
};

const char *rly_refusal_text(enum rly_refusal r);
const char *rly_close_text(enum rly_close c);
const char *rly_way_text(enum rly_way w);

struct rly_stats {
	uint64_t accepted_tcp, accepted_ws;
	uint64_t legs;    /* open now, before and after pairing */
	uint64_t waiting; /* of them */
	uint64_t pairs;   /* open now */
	uint64_t pairs_ws;
	uint64_t pairs_total;
	uint64_t bytes, bytes_spliced, bytes_copied;
	uint64_t bytes_way[RLY_WAY_COUNT];
	uint64_t throttled; /* times a pair had to wait for a limit */
	uint64_t pipes, pipes_free;
	uint64_t handed_over; /* legs given to the next process */
	uint64_t refused[RLY_REFUSAL_COUNT];
	uint64_t closed[RLY_CLOSE_COUNT];
};

/* Single writer: a plain read, then a store that other threads may see. */
static inline void rly_stat_add(uint64_t *v, uint64_t n)
{
	__atomic_store_n(v, *v + n, __ATOMIC_RELAXED);
}
static inline void rly_stat_sub(uint64_t *v, uint64_t n)
{
	__atomic_store_n(v, *v - n, __ATOMIC_RELAXED);
}
static inline uint64_t rly_stat_get(const uint64_t *v)
{
	return __atomic_load_n(v, __ATOMIC_RELAXED);
}
