/* A rendezvous server that does what a test tells it, on the test's own loop: main port and NAT
 * test port (the one below), framed messages. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/loop/work.h"
#include "shared/net/conn.h"
#include <stdbool.h>
#include <stdint.h>

#define FAKE_LINKS 16

struct fake;

struct fake_link {
	struct fake *fake;
	struct hws_conn *conn;
	bool nat_port;
};

struct fake {
	struct hws_loop *loop;
	uint16_t port;
	struct hws_listener *main, *nat;
	struct fake_link links[FAKE_LINKS];
	unsigned accepted; /* since the start */
	/* A message came; answer by fake_send. */
	void (*on_message)(struct fake_link *l, const Rdv__RendezvousMessage *m);
};

/* Ends the test on failure. `port` and the one below must be free. */
void fake_start(struct fake *f, struct hws_loop *loop, uint16_t port);
void fake_open_nat_port(struct fake *f);
void fake_stop(struct fake *f);
void fake_send(struct fake_link *l, const Rdv__RendezvousMessage *m);

/* A way to a server that lets TCP through and swallows UDP: listens on a port of its own and passes
 * on to `to`. */
struct forwarder;
struct forwarder *forwarder_start(struct hws_loop *loop, struct hws_work *work, uint16_t to);
/* The same as an HTTP proxy: passes on to whatever port of 127.0.0.1 is asked for. */
struct forwarder *forwarder_start_proxy(struct hws_loop *loop, struct hws_work *work);
uint16_t forwarder_port(const struct forwarder *f);
/* UDP gets through now, too (for one client). */
void forwarder_open_udp(struct forwarder *f);
/* Cuts what is connected. */
void forwarder_cut(struct forwarder *f);
void forwarder_stop(struct forwarder *f);
