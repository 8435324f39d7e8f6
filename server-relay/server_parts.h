/* relay/server_parts: inside of the server, for the files that stand for a part of it: control,
 * metrics, takeover, announcer. */
#pragma once
#include "server-relay/server.h"
#include "server-relay/shard.h"
#include "shared/daemon/control.h"
#include "shared/daemon/metrics.h"

struct rly_takeover;
struct rly_announcer;

struct rly_server {
	struct hws_loop *loop;
	struct rly_config *conf;
	struct rly_rules *rules; /* in force; the operator's changes are in it */
	struct rly_shared shared;
	struct rly_shard *shard[RLY_SHARDS_MAX];
	uint64_t start_us;
	uint64_t fd_limit;
	uint16_t port, ws_port, metrics_port;
	bool ws_on;
	char control_path[512];
	struct hws_control *control;
	struct hws_metrics *metrics;
	struct hws_metrics_http *http;
	struct rly_metrics *page;
	double bytes_per_s, pairs_per_s; /* of the last second */
	struct rly_takeover *takeover;
	struct rly_announcer *announcer;
	struct hws_timer drain_timer;
	void (*on_end)(void *arg);
	void *end_arg;
	int listen_fd[RLY_LISTEN_MAX][RLY_SHARDS_MAX]; /* of the shards, -1 = none */
	bool draining, started, stopped_listening;
	const struct hws_watchdog *watchdog; /* of the shards; NULL: none yet */
};

/* Hands `rules` (reference passes) to all shards. */
int rly_server_set_rules(struct rly_server *s, struct rly_rules *rules) HWS_MUST_CHECK;
/* A changeable copy of the rules in force, users 1. */
int rly_server_copy_rules(struct rly_server *s, struct rly_rules **ret) HWS_MUST_CHECK;
void rly_server_stop_listening(struct rly_server *s);
/* Sum over the shards of the counter at this offset of struct rly_stats. */
uint64_t rly_server_sum(const struct rly_server *s, size_t offset);
/* fn(shard, arg) on each shard's thread; `done(arg)` on the main loop when all have run. */
struct rly_each;
int rly_server_each(struct rly_server *s, void (*fn)(struct rly_shard *sh, void *arg),
		void (*done)(void *arg), void *arg) HWS_MUST_CHECK;
