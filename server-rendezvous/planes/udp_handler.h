/* rendezvous/planes/udp_handler: what one worker of the UDP plane does with a datagram. No sockets,
 * no clock: workers, tests and fuzzers run the same. One thread. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/daemon/admit.h"
#include <stdbool.h>
#include <sys/socket.h>

struct rdv_core;

struct rdv_udp_handler {
	struct rdv_core *core;
	struct hws_admit *changes;   /* new and changed registrations */
	struct hws_admit *strangers; /* answers to senders we do not know */
	void (*send)(const struct sockaddr_storage *to, struct hws_bytes data, void *arg);
	/* By the other one of the server's two ports; NULL = there is none. */
	void (*send_other)(const struct sockaddr_storage *to, struct hws_bytes data, void *arg);
	void *arg;
	uint16_t other_port; /* 0 = none */
	uint8_t at;          /* which address of ours the next datagram came to, as rdv_addr.at */
	bool nat_only;       /* this is the second port: NAT tests and nothing else */
	/* A device's PunchHoleSent. */
	void (*on_sent)(struct rdv_core *core, const struct rdv_addr *from,
			struct hws_bytes datagram);
};
/* Limits of the configuration in force; cheap, call it now and then. */
void rdv_udp_handler_limits(struct rdv_udp_handler *h);
int rdv_udp_handler_init(struct rdv_udp_handler *h, struct rdv_core *core) HWS_MUST_CHECK;
void rdv_udp_handler_done(struct rdv_udp_handler *h);
/* `from` as received; answers go to it through h->send. */
void rdv_udp_handler_input(struct rdv_udp_handler *h, const struct sockaddr_storage *from,
		struct hws_bytes in, uint64_t now_us);
