/* host/gate_leg: the gate's way to the relay where it meets its viewer. What a relay says is as
 * foreign as a viewer: it is read here, by a process without privileges, and never by hostd.
 * Names and authorities are looked up first; then, before the relay's first byte, the process
 * gives up files and sockets. One loop thread. */
#pragma once
#include "proto/agent.pb-c.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/net/stream.h"

struct hws_gate_leg;

struct hws_gate_leg_conf {
	/* The socket is connected, and there is no other thread any more: confine the process. */
	int (*on_socket)(int fd, void *arg);
	/* Once, unless it is canceled. HWS_OK: the pair is asked for, and the next bytes are the
	 * viewer's; the callee owns the stream, which is silent. */
	void (*joined)(int r, struct hws_stream *s, void *arg);
	void *arg;
};

/* Copies what it needs of `m`, whose numbers are checked. No callback comes inside. */
int hws_gate_leg_start(struct hws_loop *loop, const Agt__GateRelay *m,
		const struct hws_gate_leg_conf *conf, struct hws_gate_leg **ret) HWS_MUST_CHECK;
/* Frees it, before or after it has joined; waits for a look-up that still runs. Takes NULL. */
void hws_gate_leg_free(struct hws_gate_leg *leg);
/* A name is being looked up by a thread, which cannot be interrupted. */
bool hws_gate_leg_looks_up(const struct hws_gate_leg *leg);
