/* reach/nat_probe: which kind of NAT is in front of us: whether two connections from one local port
 * show the same port to two ports of the server. That decides whether punching can work. Tests at
 * once, and again while nothing is known, at growing intervals. One loop thread. */
#pragma once
#include "client/reach/server_addr.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"

struct hws_nat_probe;

struct hws_nat_probe_conf {
	/* To the rendezvous server, TCP; port 2 or more: the one below is asked too. */
	const struct hws_server_addr *server_addr;
	Rdv__NatType known; /* of an earlier run, UNKNOWN_NAT if there is none */
	/* A test was completed. May be NULL; may free the probe. */
	void (*on_type)(Rdv__NatType type, void *arg);
	void *arg;
};

/* The way is copied. */
int hws_nat_probe_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_nat_probe_conf *conf, struct hws_nat_probe **ret) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_nat_probe_free(struct hws_nat_probe *p);
/* The network may have changed: tests again soon. What was known counts until then. Takes NULL. */
void hws_nat_probe_again(struct hws_nat_probe *p);
/* The server is elsewhere now: for the tests from now on. Takes NULL. */
void hws_nat_probe_set_server(struct hws_nat_probe *p, const struct hws_server_addr *server);
/* The last result. */
Rdv__NatType hws_nat_probe_type(const struct hws_nat_probe *p);
