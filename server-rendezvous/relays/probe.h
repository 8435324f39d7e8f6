/* rendezvous/relays/probe: does a relay relay? Connects; with `pair` it then brings two legs
 * together, as a viewer and a host would, and sends a few bytes from one to the other. On one
 * loop. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_probe;
struct rdv_probe_conf {
	struct hws_loop *loop;
	struct hws_work *work;
	const char *host;
	uint16_t port;
	bool pair;
	const char *key; /* what legs show */
	/* Tells relays that want to know about the pair; may be NULL. */
	void (*announce)(const char *uuid, void *arg);
	void *announce_arg;
	/* Once, not from within start; rtt_us: of the connect, 0 = none. HWS_ERR_DENIED: it
	 * connects and does not relay. */
	void (*done)(int r, uint64_t rtt_us, void *arg);
	void *arg;
};
/* Texts of conf are copied. */
int rdv_probe_start(const struct rdv_probe_conf *conf, struct rdv_probe **ret) HWS_MUST_CHECK;
/* done will not be called. Takes NULL. */
void rdv_probe_cancel(struct rdv_probe *p);
