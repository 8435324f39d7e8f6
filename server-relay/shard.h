/* relay/shard: one thread with its own loop, listeners and legs. Shards share only the pairing table, the table of
 * addresses and the announcements; a leg whose partner waits elsewhere moves there once. */
#pragma once
#include "server-relay/addrs.h"
#include "server-relay/leg.h"
#include "server-relay/pairing.h"
#include "server-relay/pipes.h"
#include "server-relay/rules.h"
#include "server-relay/stats.h"
#include "server-relay/tickets.h"
#include "shared/loop/loop.h"
#include <jansson.h>
#include <pthread.h>

#define RLY_SCRATCH (64u << 10)
#define RLY_WHEEL 64u
#define RLY_LOWAT (128 << 10) /* unsent bytes that a socket takes: more would only wait there */
#define RLY_SHARDS_MAX 64u
#define RLY_COLLECTED_MAX (256u << 20) /* of all pairs together */
#define RLY_LISTEN_MAX 2u              /* per shard: TCP, WebSocket */

struct rly_shard;
struct hws_tls_server;
struct hws_listener;

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
	int handover_fd; /* atomic: socket to the next process that takes waiting legs, -1 = none */
	unsigned shard_count;
	struct rly_shard **shard;
	uint32_t backlog[RLY_SHARDS_MAX]; /* atomic: pairs that wait for the total limit */
	uint64_t collected;               /* atomic: bytes of fragmented messages in memory */
	int64_t spare; /* atomic: bytes of the total limit that their shard did not need */
};

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
	struct rly_handoff *handoff; /* kept ready, so that handing over cannot fail */
	uint64_t next_pair;
	struct rly_stats stats;
	uint8_t *scratch; /* RLY_SCRATCH bytes of input */
	uint8_t *out;     /* RLY_SCRATCH bytes: small pieces of output */
};

int rly_shard_new(const struct rly_shard_conf *conf, struct rly_shard **ret) HWS_MUST_CHECK;
/* Only before it runs. `fd` > 0: a listening socket that is taken; otherwise binds with SO_REUSEPORT. */
int rly_shard_listen(struct rly_shard *sh, bool ws, const char *bind_ip, uint16_t port, int fd,
		uint16_t *ret_port, struct hws_error *err) HWS_MUST_CHECK;
int rly_shard_run(struct rly_shard *sh) HWS_MUST_CHECK;
/* From the main thread: ends the thread; all shards are stopped before the first is freed. */
void rly_shard_stop(struct rly_shard *sh);
/* Closes everything it has. Takes NULL. */
void rly_shard_free(struct rly_shard *sh);

/* --- On the shard's thread from here. --- */
uint32_t rly_shard_now_ds(struct rly_shard *sh);
/* Takes a new snapshot (the reference passes) and applies it to what is open: pairs that are blocked now are cut. */
void rly_shard_set_rules(struct rly_shard *sh, struct rly_rules *rules);
/* No more accepting. */
void rly_shard_stop_listening(struct rly_shard *sh);
/* Legs that did not speak yet are dropped; waiting ones with `all`. */
void rly_shard_drop_unpaired(struct rly_shard *sh, bool all);

/* A leg enters with an accepted socket. */
void rly_leg_accept(struct rly_shard *sh, int fd, const struct sockaddr_storage *peer, bool ws);
/* Counts, tells nobody, closes. Not for paired legs. */
void rly_leg_refuse(struct rly_shard *sh, struct rly_leg *l, enum rly_refusal why);
/* Closes and defers the memory. */
void rly_leg_drop(struct rly_shard *sh, struct rly_leg *l);
/* A leg that left another shard becomes ours. */
void rly_leg_arrive(struct rly_shard *sh, struct rly_leg *l);
/* A half-close of the sending side. */
void rly_leg_shutdown(struct rly_leg *l);
/* Reads on in the states before WAITING. */
void rly_greet(struct rly_shard *sh, struct rly_leg *l);
/* The first frame was good: waits, pairs, moves or is refused. */
void rly_leg_join(struct rly_shard *sh, struct rly_leg *l, const struct rly_first *first);
/* A greeted leg of the process before us; `unread` came behind its first frame. */
void rly_leg_adopt(struct rly_shard *sh, int fd, const struct sockaddr_storage *peer, bool ws,
		struct hws_bytes unread, const struct rly_first *first);
/* All legs that wait go to the successor. */
void rly_shard_hand_over(struct rly_shard *sh);
/* The real address behind a proxy. Refuses the leg and fails when that may not come in. */
int rly_leg_set_peer(struct rly_shard *sh, struct rly_leg *l,
		const struct sockaddr_storage *peer) HWS_MUST_CHECK;
/* Asks again about legs that came before their announcement. */
void rly_shard_recheck(struct rly_shard *sh);

/* > 0; HWS_ERR_AGAIN, HWS_ERR_EOF, HWS_ERR_RESET. Clears `readable` where due. */
ssize_t rly_leg_read(struct rly_leg *l, void *buf, size_t len) HWS_MUST_CHECK;
/* >= 0 taken; HWS_ERR_AGAIN, HWS_ERR_RESET. Clears `writable` where due. */
struct iovec;
ssize_t rly_leg_writev(struct rly_leg *l, const struct iovec *iov, int n) HWS_MUST_CHECK;

/* Joins two legs of this shard; the entry passes. */
void rly_pair_start(struct rly_shard *sh, struct rly_entry *e, struct rly_leg *second);
/* Looks at its addresses again: on the slow list or not. */
void rly_pair_judge(struct rly_shard *sh, struct rly_pair *p);
void rly_pair_close(struct rly_shard *sh, struct rly_pair *p, enum rly_close why);
/* Moves bytes both ways until nothing can move or `allow` bytes were read. Returns what was read; *ret_more: stopped
 * by `allow`. The pair may be closed afterwards (p->closing). */
uint64_t rly_pair_pump(struct rly_shard *sh, struct rly_pair *p, uint64_t allow, bool *ret_more);
/* Writes what is kept of a direction in heap memory; HWS_ERR_AGAIN while something remains. */
int rly_flow_flush(struct rly_leg *to, struct rly_flow *f) HWS_MUST_CHECK;
/* One direction of a pair that is looked at. */
int rly_message_pump(struct rly_shard *sh, struct rly_pair *p, unsigned d, uint64_t allow,
		uint64_t *ret_read);
/* What it collected is written or dropped. */
void rly_message_forget(struct rly_shard *sh, struct rly_ws_leg *ws);
/* Puts the waiting pong or close of leg[d] before what comes next. */
int rly_message_reply(struct rly_shard *sh, struct rly_pair *p, unsigned d);

/* The pair can move bytes: now or when its turn comes. */
void rly_sched_ready(struct rly_shard *sh, struct rly_pair *p);
void rly_sched_forget(struct rly_shard *sh, struct rly_pair *p);
/* Serves what is queued. */
void rly_sched_run(struct rly_shard *sh);
void rly_sched_init(struct rly_shard *sh);
void rly_sched_done(struct rly_shard *sh);

/* JSON of one pair. */
json_t *rly_pair_json(struct rly_shard *sh, const struct rly_pair *p);
struct rly_pair *rly_shard_find(struct rly_shard *sh, uint64_t id);
