/* rendezvous/server: builds the planes on one configuration, runs them, takes them down in
 * reverse. */
#pragma once
#include "server-rendezvous/config/config.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"

struct rdv_server;

/* Everything up to open ports; nothing is served yet. `conf` stays the caller's until the server is
 * freed or takes another one. The loop is the control loop: store, relay checks, control socket and
 * metrics live on it. */
int rdv_server_new(struct hws_loop *loop, const struct rdv_config *conf, struct rdv_server **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Loads what the store has (running the loop meanwhile), then starts the threads. A store that
 * cannot be reached holds nothing up: it is loaded when it comes. */
int rdv_server_start(struct rdv_server *s, struct hws_error *err) HWS_MUST_CHECK;
/* Has the threads of the planes, which run, watched; not those that wait for a database, which no
 * restart brings back. */
struct hws_watchdog;
int rdv_server_watch(struct rdv_server *s, struct hws_watchdog *w) HWS_MUST_CHECK;
/* Takes another configuration (checked before) whole, or on failure nothing of it; the old one may
 * be freed after the next but one. What changes with the next start only is named in the log, and
 * `conf` holds what is in force afterwards. */
int rdv_server_reload(struct rdv_server *s, struct rdv_config *conf,
		struct hws_error *err) HWS_MUST_CHECK;
/* No longer ready; writes what waits for the store, then calls done on the loop. */
void rdv_server_drain(struct rdv_server *s, void (*done)(void *arg), void *arg);
void rdv_server_free(struct rdv_server *s);
