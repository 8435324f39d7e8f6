/* Who can send from the address of a host's rendezvous server: takes its port over and says what
 * a test wants. Blocking sockets; counts who comes to the relay that it names. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/crypto/identity.h"
#include "shared/wire/proof.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct spoofer {
	uint16_t port, relay_port;
	int udp, tcp, relay;     /* the server's two sockets, and the relay that pushes name */
	struct sockaddr_in host; /* where the host speaks from; port 0 = it has not spoken yet */
	unsigned relay_came;     /* so many connections came to the relay; each is closed at once */
	unsigned server_came;    /* to the TCP port */
	unsigned registered;     /* RegisterPk that came */
	Rdv__RegisterPkResponse__Result verdict;
	/* A server that has its key after all, NULL = none: it answers as docs/protocol-server.md
	 * has it, and pushes what spoofer_proven makes. */
	const struct hws_identity *identity;
	struct hws_proof_keys keys; /* in common with the host that registered */
	uint64_t epoch, seq;
};

/* `port`: of the server, or any free one. */
void spoofer_start(struct spoofer *s, uint16_t port);
void spoofer_stop(struct spoofer *s);
/* Answers registrations as a server without any proof would, for so long at most; returns when the
 * host was heard first. */
void spoofer_wait_for_host(struct spoofer *s, unsigned limit_ms);
/* The same for exactly so long, whatever comes. */
void spoofer_serve(struct spoofer *s, unsigned ms);
void spoofer_send(struct spoofer *s, const Rdv__RendezvousMessage *m);
void spoofer_send_bytes(struct spoofer *s, struct hws_bytes datagram);
/* The push of the next function as a datagram, with a proof of this number behind it. */
void spoofer_proven_relay(
		struct spoofer *s, const char *viewer, uint64_t seq, struct hws_buf *ret_datagram);
/* RequestRelay of a viewer at this address ("192.0.2.5:4000"), who waits at `relay` ("" = ours). */
void spoofer_push_relay(struct spoofer *s, const char *viewer, const char *relay);
