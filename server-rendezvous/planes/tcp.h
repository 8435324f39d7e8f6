/* rendezvous/planes/tcp: the client connections of viewers and hosts: main port, NAT and online
 * port, WebSocket port. One thread with its own loop owns all client connections and what hangs on
 * them (waiting requests, grants). */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/planes/port.h"
#include "server-rendezvous/state/addr.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/net/stream.h"
#include "shared/net/tls.h"

struct rdv_core;
struct rdv_tcp;

/* No listeners yet. */
int rdv_tcp_new(struct rdv_core *core, struct rdv_tcp **ret) HWS_MUST_CHECK;
/* Before start: opens a port (0 = any free one). */
int rdv_tcp_listen(struct rdv_tcp *t, enum rdv_port which, const char *bind_ip, uint16_t port,
		struct hws_error *err) HWS_MUST_CHECK;
/* Before RDV_PORT_TLS is opened: certificate and key of the configuration. */
int rdv_tcp_tls(struct rdv_tcp *t, struct hws_error *err) HWS_MUST_CHECK;
/* Any thread: others than those from now on; frees `fresh`. Only where there is a TLS port. */
void rdv_tcp_tls_replace(struct rdv_tcp *t, struct hws_tls_server *fresh);
/* Any thread: when the certificate in force ends, Unix seconds; 0 = there is none. */
int64_t rdv_tcp_tls_ends(const struct rdv_tcp *t);
uint16_t rdv_tcp_port(const struct rdv_tcp *t, enum rdv_port which);
/* Runs the loop on its own thread. Without it the caller runs rdv_tcp_loop() (tests, fuzzing). */
int rdv_tcp_start(struct rdv_tcp *t) HWS_MUST_CHECK;
void rdv_tcp_stop(struct rdv_tcp *t);
void rdv_tcp_free(struct rdv_tcp *t);
struct hws_loop *rdv_tcp_loop(struct rdv_tcp *t);

/* Takes a stream as if it had been accepted; s->peer is its address. On the plane's thread. */
int rdv_tcp_accept(struct rdv_tcp *t, enum rdv_port which, struct hws_stream *s) HWS_MUST_CHECK;

/* --- any thread; bounded, the surplus is dropped --- */
/* A PunchHoleSent that came by datagram; bytes are copied. */
void rdv_tcp_post_sent(struct rdv_tcp *t, const struct rdv_addr *from, struct hws_bytes datagram);
/* The answer a registration or id change on a client connection waited for. */
void rdv_tcp_post_result(struct rdv_tcp *t, uint64_t client, Rdv__RegisterPkResponse__Result result,
		bool close);
void rdv_tcp_post_close(struct rdv_tcp *t, uint64_t client);
/* A pair that is no viewer's: tells the relays that listen. */
void rdv_tcp_post_announce(struct rdv_tcp *t, const char *uuid);
/* Lists have changed: client connections of addresses that are served no more are closed. */
void rdv_tcp_post_lists(struct rdv_tcp *t);
/* Limits and trusted proxies of the configuration in force, which has changed. */
void rdv_tcp_post_reload(struct rdv_tcp *t);
/* Runs fn(arg) on the plane's thread (cluster). */
int rdv_tcp_post(struct rdv_tcp *t, void (*fn)(void *arg), void *arg) HWS_MUST_CHECK;

struct rdv_tcp_stats {
	uint64_t clients, hosts, ws;
};
/* Links that found the queue of a listening socket full, since the start: they never came to us.
 * Any thread. */
uint64_t rdv_tcp_lost(const struct rdv_tcp *t);
void rdv_tcp_stats(struct rdv_tcp *t, struct rdv_tcp_stats *ret);
