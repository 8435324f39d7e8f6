/* relay/shared: what all shards see: the tables they meet in and the sums they keep together. */
#pragma once
#include "server-relay/addrs.h"
#include "server-relay/pairing.h"
#include "server-relay/tickets.h"
#include <stdbool.h>
#include <stdint.h>

#define RLY_SHARDS_MAX 64u
#define RLY_COLLECTED_MAX (256u << 20) /* of all pairs together */

struct rly_shard;
struct hws_tls_server;
struct rly_distances;

/* What all shards see. Owned by the server. */
struct rly_shared {
	struct rly_pairing *pairing;
	struct rly_addrs *addrs;
	struct rly_tickets *tickets;
	struct rly_distances *distances;
	struct hws_tls_server *tls; /* NULL = WebSocket port without TLS */
	uint32_t max_legs;
	uint32_t legs;        /* atomic */
	uint32_t unannounced; /* atomic: legs that wait for their announcement */
	bool draining;        /* atomic: no new pairs */
	int takeover_fd; /* atomic: socket to the next process that takes waiting legs, -1 = none */
	unsigned shard_count;
	struct rly_shard **shard;
	uint32_t backlog[RLY_SHARDS_MAX]; /* atomic: pairs that wait for the total limit */
	uint64_t collected;               /* atomic: bytes of fragmented messages in memory */
	int64_t spare; /* atomic: bytes of the total limit that their shard did not need */
};
