/* tests: an embedder of libhawser's tunnels, with what it was told last, and the local ends of
 * connections. Everything waits until it is there, and fails after TEST_PATIENCE_MS. */
#pragma once
#include <hawser/hawser.h>
#include <hawser/tunnel.h>

struct tunnels {
	hawser_context *ctx;
	hawser_session *session;
	int count[HAWSER_TUNNEL_ONE_BY_ONE + 1];
	int ready, opened, asked, questions, retries, closed;
	int closed_error;
	uint16_t port; /* of the last LISTENING */
	int error;     /* of the last FAILED or CLOSED connection */
	char code[20], text[300], target[300], from[300], closed_text[500];
	uint64_t bytes_in, bytes_out;
	const char *answer; /* to a question for the password */
	int agree;          /* to no encryption; -1: do not answer */
};

/* `password` NULL: none, see `answer`. */
void tunnels_open(struct tunnels *t, uint16_t host_port, const char *password, bool allow_insecure);
void tunnels_close(struct tunnels *t);
/* Asks for a forward: `port` is the target's, or of REMOTE the one here. */
void tunnels_ask(struct tunnels *t, enum hawser_forward_kind kind, uint16_t listen, uint16_t port);
/* The same on any port, and waits: the port that listens. */
uint16_t tunnels_add(struct tunnels *t, enum hawser_forward_kind kind, uint16_t port);
/* Until so many events of the type have come. */
void tunnels_until(struct tunnels *t, enum hawser_tunnel_event_type type, int times);
/* Until the session is ready. */
void tunnels_ready(struct tunnels *t);
/* A connected socket. */
int tunnels_connect(uint16_t port);
/* Reads until `size` bytes or the end (a reset is one, too); dispatches meanwhile. */
size_t tunnels_read(struct tunnels *t, int fd, void *buf, size_t size);
