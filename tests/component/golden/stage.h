/* tests: what endpoints see of a rendezvous server and a relay: sockets that a test reads and
 * writes itself. Main port (UDP and TCP), the NAT test port below it, the relay's port above it.
 * Everything has a deadline. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/crypto/identity.h"
#include "tests/component/golden/trace.h"
#include "tests/support/proc.h"
#include <netinet/in.h>
#include <stdbool.h>

#define STAGE_ID "123456789"
#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x

typedef Rdv__RendezvousMessage message;

struct stage {
	int udp, tcp, nat, relay;
	uint16_t port;
	char dir[300], server_text[32], relay_text[32];
	struct hws_identity key; /* the server's; the same in every run */
	char key_text[HWS_KEY_TEXT];
	struct sockaddr_in host; /* where the last datagram came from */
	uint8_t buf[4096];       /* what came last */
	size_t len;
	struct trace trace;
};

void stage_open(struct stage *s);
void stage_close(struct stage *s);
/* The next link to a listener. */
int stage_accept(int listener);
/* True when a link came already. */
bool stage_waiting(int listener);
/* The next datagram or frame; also kept in buf. Free with hws_rdv_free. */
message *stage_datagram(struct stage *s);
message *stage_frame(struct stage *s, int fd);
/* The same as bytes only. */
void stage_payload(struct stage *s, int fd);
/* Sends, and writes a line into the trace. */
void stage_push(struct stage *s, const message *m);
void stage_answer(struct stage *s, int fd, const message *m);
/* A line about what came last. */
void stage_note(struct stage *s, const char *who);
