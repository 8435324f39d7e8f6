/* rendezvous/planes/udp: registrations by datagram. Worker threads, each with its own SO_REUSEPORT
 * socket and batch; nothing here waits for the store, and the common packet costs one look-up and
 * no allocation. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/state/addr.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"

struct rdv_core;
struct rdv_udp;

/* A device's PunchHoleSent; on any of the plane's threads. */
typedef void (*rdv_udp_sent_fn)(
		struct rdv_core *core, const struct rdv_addr *from, struct hws_bytes datagram);

/* Binds `threads` sockets on one port (0 = any free one). */
int rdv_udp_new(struct rdv_core *core, const char *bind_ip, uint16_t port, unsigned threads,
		rdv_udp_sent_fn on_sent, struct rdv_udp **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Before start: a second port, for NAT tests only. That it cannot be had is logged. */
void rdv_udp_second(struct rdv_udp *u, const char *bind_ip, uint16_t port);
/* 0 = none. */
uint16_t rdv_udp_second_port(const struct rdv_udp *u);
int rdv_udp_start(struct rdv_udp *u) HWS_MUST_CHECK;
/* Has the threads, which run, watched. */
struct hws_watchdog;
int rdv_udp_watch(struct rdv_udp *u, struct hws_watchdog *w) HWS_MUST_CHECK;
/* Ends the threads; pushes do nothing afterwards. */
void rdv_udp_stop(struct rdv_udp *u);
void rdv_udp_free(struct rdv_udp *u);
uint16_t rdv_udp_port(const struct rdv_udp *u);
/* One datagram to a device, from the port it registered at. Any thread; an unreachable device is no
 * error. */
void rdv_udp_push(struct rdv_udp *u, const struct rdv_addr *to, struct hws_bytes data);
/* Datagrams that found the receive buffers full, since the start. Any thread. */
uint64_t rdv_udp_lost(const struct rdv_udp *u);
/* The answer a registration waited for. Any thread. */
void rdv_udp_result(struct rdv_udp *u, const struct rdv_addr *to,
		Rdv__RegisterPkResponse__Result result);
