/* relay/server: owns everything: shared tables, shards, control socket, metrics; start, reload,
 * drain, end. */
#pragma once
#include "server-relay/config.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"

struct rly_server;

/* Binds (or takes over) and starts the threads. `c` is borrowed until free or reload. */
int rly_server_new(struct hws_loop *loop, struct rly_config *c, struct rly_server **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void rly_server_free(struct rly_server *s);
/* After privileges were given up: threads run from here. */
int rly_server_start(struct rly_server *s, struct hws_error *err) HWS_MUST_CHECK;
/* Has the threads, which run, watched. */
struct hws_watchdog;
int rly_server_watch(struct rly_server *s, struct hws_watchdog *w) HWS_MUST_CHECK;
/* New settings (borrowed from now on), taken whole or on failure nothing of them; what cannot
 * change while running is named in the log, and `c` holds what is in force afterwards. */
int rly_server_reload(
		struct rly_server *s, struct rly_config *c, struct hws_error *err) HWS_MUST_CHECK;
/* No new pairs; the end follows the last one. Listening goes on while legs wait for their
 * partner. */
void rly_server_drain(struct rly_server *s);
/* fn is called once when a drain is complete. */
void rly_server_on_end(struct rly_server *s, void (*fn)(void *arg), void *arg);
