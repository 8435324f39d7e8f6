/* tests: a server process, and devices and viewers that speak to it with plain blocking sockets, so
 * that no code of ours stands on both sides. Everything has a deadline; what must not fail ends the
 * test. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/wire/envelope.h"
#include "tests/support/proc.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef Rdv__RendezvousMessage message;
#define WAIT_MS TEST_PATIENCE_MS
/* How long a test waits before it believes that nothing comes. */
#define SILENCE_MS 300

struct server {
	const char *program; /* NULL: hawser-rendezvous */
	struct test_proc proc;
	char dir[300], control[340], key[64];
	uint16_t port, nat, ws, tls, metrics;
};
/* Starts hawser-rendezvous on free ports of all addresses with a memory store, waits until it
 * serves. `extra`: further arguments, NULL-terminated, may be NULL. Keeps dir (and so the key) if
 * it is set already. */
void server_start(struct server *s, const char *const extra[]);
void server_stop(struct server *s);
/* kill -9, without a chance to write. */
void server_kill(struct server *s);
/* A command to the control socket; the whole answer. */
json_t *server_ask(struct server *s, const char *cmd, const char *key, const char *value);
json_int_t server_counter(struct server *s, const char *name);

/* Sockets bound to 127.0.0.<host>, so that tests can be several machines. */
int udp_open(unsigned host);
int tcp_open(unsigned host, uint16_t port);
uint16_t local_port(int fd);
/* A TCP port of 127.0.0.1 that stays ours: with `listens` whoever calls is connected, otherwise
 * refused. Its "ip:port" goes to text. */
int own_port(bool listens, char *text, size_t size);
/* To 127.0.0.1, or where the socket is connected to. */
void udp_send(int fd, uint16_t port, const message *m);
void udp_send_raw(int fd, uint16_t port, struct hws_bytes data);
/* NULL after ms. Free with hws_rdv_free. */
message *udp_recv(int fd, unsigned ms);
void tcp_send(int fd, const message *m);
void tcp_send_raw(int fd, struct hws_bytes data);
/* The next frame: its payload in buf; -1 after ms or at the end of the stream. */
ssize_t tcp_recv_raw(int fd, uint8_t *buf, size_t size, unsigned ms);
/* The next message that is neither a heartbeat nor an offer to encrypt. NULL after ms or at the
 * end. */
message *tcp_recv(int fd, unsigned ms);
/* True if the server closes within ms. */
bool tcp_closed(int fd, unsigned ms);

/* A WebSocket upgrade (with a forwarded address, may be NULL), then one binary message for each of
 * ours. */
int ws_open(struct server *s, unsigned host, const char *forwarded);
void ws_send(int fd, const message *m);
message *ws_recv(int fd);

/* A device: id, machine id, key (derived from `seed`), one UDP socket on 127.0.0.<host>. */
struct device {
	char id[65];
	uint8_t uuid[36];
	size_t uuid_len;
	uint8_t seed[32], pk[32];
	int udp;
	unsigned host;
	struct server *server;
};
void device_init(struct device *d, struct server *s, unsigned host, const char *id);
void device_done(struct device *d);
void device_send_pk(struct device *d);
void device_send_peer(struct device *d);
/* RegisterPk and its answer. */
Rdv__RegisterPkResponse__Result device_register(struct device *d);
/* RegisterPeer; true = known, false = asked for the key. */
bool device_keep_alive(struct device *d);
/* Registers and keeps alive once: fully there. */
void device_online(struct device *d);
/* The next push of that kind. */
message *device_pushed(struct device *d, Rdv__RendezvousMessage__UnionCase want);

/* A viewer's request on a fresh or given link; returns the link. */
int viewer_punch(struct server *s, unsigned host, const char *id);
void viewer_ask(int fd, struct server *s, const char *id, Rdv__NatType nat, bool force_relay,
		int udp_port);
message *viewer_answer(int fd, Rdv__RendezvousMessage__UnionCase want, unsigned ms);

/* A device's answer over a link of its own from 127.0.0.<host>. */
void device_answer_sent(struct device *d, unsigned host, struct hws_bytes addr, const char *id);
void device_answer_relay(struct device *d, unsigned host, struct hws_bytes addr, const char *id,
		const char *uuid);
/* True when the statement is the server's word for this device's key. */
bool statement_is_of(struct server *s, ProtobufCBinaryData pk, const struct device *d);
