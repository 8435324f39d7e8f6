/* rendezvous/planes/udp: registrations by datagram. Worker threads, each with its own SO_REUSEPORT
 * socket and batch; nothing here waits for the store, and the common packet costs one look-up and
 * no allocation. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/state/core.h"
#include "shared/daemon/admit.h"

struct rdv_udp;

/* Binds `threads` sockets on one port (0 = any free one). */
int rdv_udp_new(struct rdv_core *core, const char *bind_ip, uint16_t port, unsigned threads,
		struct rdv_udp **ret, struct hws_error *err) HWS_MUST_CHECK;
int rdv_udp_start(struct rdv_udp *u) HWS_MUST_CHECK;
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

/* What one worker does with a datagram, without sockets (workers, tests, fuzzing). */
struct rdv_udp_handler {
	struct rdv_core *core;
	struct hws_admit *changes;   /* new and changed registrations */
	struct hws_admit *strangers; /* answers to senders we do not know */
	void (*send)(const struct sockaddr_storage *to, struct hws_bytes data, void *arg);
	void *arg;
};
/* Limits of the configuration in force; cheap, call it now and then. */
void rdv_udp_handler_limits(struct rdv_udp_handler *d);
int rdv_udp_handler_init(struct rdv_udp_handler *d, struct rdv_core *core) HWS_MUST_CHECK;
void rdv_udp_handler_done(struct rdv_udp_handler *d);
/* `from` as received; answers go to it through d->send. */
void rdv_udp_handler_input(struct rdv_udp_handler *d, const struct sockaddr_storage *from,
		struct hws_bytes in, uint64_t now_us);
