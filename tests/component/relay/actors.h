/* tests: a relay process and the two ends of sessions that use it, with plain blocking sockets, so
 * that no code of ours stands on both sides. Everything has a deadline; what must not fail ends the
 * test. */
#pragma once
#include "tests/support/proc.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LIMIT_MS TEST_PATIENCE_MS
/* How long a test waits before it believes that nothing comes. */
#define SILENCE_MS 300

struct relay {
	struct test_proc proc;
	char dir[300], control[340];
	uint16_t port, ws, metrics;
};
/* Starts hawser-relay --open on free ports of all addresses and waits until it serves. `extra`:
 * further arguments, NULL-terminated, may be NULL; an argument "--key" there takes the place of
 * --open. Keeps dir if it is set. */
void relay_start(struct relay *r, const char *const extra[]);
/* The same with environment entries and the ports given (0 = any free one). */
void relay_start_with(struct relay *r, const char *const extra[], const char *const env[]);
/* What "listening" says goes into r. */
void relay_started(struct relay *r);
/* SIGTERM; the sessions must be gone before. */
void relay_stop(struct relay *r);
void relay_kill(struct relay *r);
/* A command to the control socket with up to two members (NULL = none); the whole answer. */
json_t *relay_ask(struct relay *r, const char *cmd, const char *k1, const char *v1, const char *k2,
		const char *v2);
/* The same; fails the test unless the answer is "ok". */
void relay_order(struct relay *r, const char *cmd, const char *k1, const char *v1, const char *k2,
		const char *v2);
/* A number of `stats`; with `group` "refused" or "closed" one of that object. */
json_int_t relay_stat(struct relay *r, const char *group, const char *name);
/* Waits until that number is at least `want`, and fails the test otherwise. */
void relay_await(struct relay *r, const char *group, const char *name, json_int_t want);
/* Waits until that number is exactly `want`. */
void relay_await_exactly(struct relay *r, const char *group, const char *name, json_int_t want);

/* One end. `host` picks its address 127.0.0.<host>. */
struct leg {
	int fd;
	bool ws;
	uint8_t *in; /* received, not taken yet */
	size_t in_len, in_size;
	bool closed; /* the end was seen */
	bool reset;  /* as a reset */
};
/* Connects; a WebSocket also upgrades. */
void leg_open(struct leg *l, const struct relay *r, bool ws, unsigned host);
/* The WebSocket upgrade on a connected socket, with further header lines or "". */
void leg_upgrade(struct leg *l, const char *headers);
void leg_close(struct leg *l);
/* Closes with a reset. */
void leg_reset(struct leg *l);
/* RequestRelay. `key` may be NULL. */
void leg_request(struct leg *l, const char *uuid, const char *key);
/* RequestRelay as bytes, without frame; returns its length. */
size_t request_bytes(const char *uuid, const char *key, uint8_t buf[256]);
void leg_raw(struct leg *l, const void *data, size_t len);
/* One message: a frame or a masked binary WebSocket message. */
void leg_send(struct leg *l, const void *data, size_t len);
/* A masked WebSocket frame of any kind. */
void leg_frame(struct leg *l, unsigned op, bool fin, const void *data, size_t len);
/* Exactly len bytes of the stream as they come. False after ms or at the end. */
bool leg_take(struct leg *l, void *buf, size_t len, unsigned ms);
/* The next message that is not a ping or pong; its length, or -1 after ms or at the end. WebSocket
 * messages are put together. *ret_op (may be NULL): of a WebSocket. */
ssize_t leg_recv(struct leg *l, void *buf, size_t size, unsigned *ret_op, unsigned ms);
void leg_expect(struct leg *l, const char *text);
/* True if the relay closes within ms. */
bool leg_ends(struct leg *l, unsigned ms);
/* True if it ends with a reset. */
bool leg_ends_hard(struct leg *l, unsigned ms);

/* A fresh pair id; valid for the next 15 calls. */
const char *new_uuid(void);
/* Both ends, joined and tried out with one message each way. */
void pair_open(const struct relay *r, struct leg l[2], bool ws_a, bool ws_b);
void pair_close(struct leg l[2]);
/* One message each way. */
void pair_check(struct leg l[2]);
