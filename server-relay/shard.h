/* relay/shard: one thread with its own loop, listeners and legs. Shards share only the pairing
 * table, the table of addresses and the announcements; a leg whose partner waits elsewhere moves
 * there once. */
#pragma once
#include "server-relay/leg.h"
#include "server-relay/pipes.h"
#include "server-relay/rules.h"
#include "server-relay/shared.h"
#include "server-relay/stats.h"
#include "shared/loop/loop.h"
#include <pthread.h>

#define RLY_SCRATCH (64u << 10)
#define RLY_WHEEL 64u
#define RLY_LISTEN_MAX 2u /* per shard: TCP, WebSocket */

struct rly_shard_move;
struct hws_listener;

struct rly_shard_conf {
	struct rly_shared *shared;
	struct rly_rules *rules; /* a reference is taken */
	unsigned index;
	uint32_t max_pipes;
};

struct rly_sched_lists {
	struct hws_list fresh, old, throttled;
	uint32_t old_count;
	uint32_t round;
	int64_t level; /* of this shard's share of the total limit */
	uint64_t level_us;
	struct hws_timer timer;
};

struct rly_shard {
	struct rly_shared *shared;
	struct rly_rules *rules;
	unsigned index;
	char name[16]; /* of the thread */
	pthread_t thread;
	bool running, stopped;
	struct hws_loop *loop;
	int ep; /* of all legs; itself watched by the loop */
	struct event ep_event;
	struct event run_event; /* activated by hand while work is queued */
	struct hws_listener *listener[RLY_LISTEN_MAX];
	uint64_t start_us;
	struct hws_list greeting, waiting, dead;
	struct hws_list wheel[RLY_WHEEL]; /* all pairs, by the second of their next check */
	uint32_t wheel_s;
	struct event tick; /* of tick_fd */
	int tick_fd;
	bool ticking;
	struct hws_deferred reap;
	struct hws_list dead_pairs;
	struct rly_sched_lists sched;
	struct rly_pipes pipes;
	struct rly_shard_move *move; /* kept ready, so that handing over cannot fail */
	uint64_t next_pair;
	struct rly_stats stats;
	uint8_t *scratch; /* RLY_SCRATCH bytes of input */
	uint8_t *out;     /* RLY_SCRATCH bytes: small pieces of output */
};

int rly_shard_new(const struct rly_shard_conf *conf, struct rly_shard **ret) HWS_MUST_CHECK;
/* Only before it runs. `fd` > 0: a listening socket that is taken; otherwise binds with
 * SO_REUSEPORT. */
int rly_shard_listen(struct rly_shard *sh, bool ws, const char *bind_ip, uint16_t port, int fd,
		uint16_t *ret_port, struct hws_error *err) HWS_MUST_CHECK;
int rly_shard_run(struct rly_shard *sh) HWS_MUST_CHECK;
/* From the main thread: ends the thread; all shards are stopped before the first is freed. */
void rly_shard_stop(struct rly_shard *sh);
/* Closes everything it has. Takes NULL. */
void rly_shard_free(struct rly_shard *sh);

/* --- On the shard's thread from here. --- */
uint32_t rly_shard_now_ds(struct rly_shard *sh);
/* Takes a new snapshot (the reference passes) and applies it to what is open: pairs that are
 * blocked now are cut. */
void rly_shard_set_rules(struct rly_shard *sh, struct rly_rules *rules);
/* No more accepting. */
void rly_shard_stop_listening(struct rly_shard *sh);
/* Legs that did not speak yet are dropped; waiting ones with `all`. */
void rly_shard_drop_unpaired(struct rly_shard *sh, bool all);
struct rly_pair *rly_shard_find(struct rly_shard *sh, uint64_t id);
