/* host/gate: serves one connection of one viewer: handshake, login dialogue, then lets through what
 * wire/session_table permits, both ways. It decides nothing about passwords (hostd does) and
 * touches nothing of the desktop (the agent does). It needs no files and opens no sockets: the
 * stream is there when it begins, plain or in a WebSocket or TLS, from a viewer or a relay.
 *
 * Owner: the gate process (host/gate_main) or a test. One thread. */
#pragma once
#include "proto/agent.pb-c.h"
#include "shared/base/err.h"
#include "shared/crypto/box.h"
#include "shared/loop/loop.h"
#include "shared/net/stream.h"

struct hws_gate;

struct hws_gate_conf {
	/* To hostd; the answers come by hws_gate_signed and hws_gate_verdict, later or at once. */
	void (*sign)(const uint8_t box_pk[HWS_BOX_PK_LEN], void *arg);
	void (*login_check)(const Agt__LoginCheck *check, void *arg);
	void (*state)(const Agt__GateState *state, void *arg);
	/* Exactly once; the gate is freed at the end of the turn. */
	void (*closed)(struct hws_gate *g, void *arg);
	void *arg;
	/* For connections that are or become legs (net/legs); NULL: this gate has none. */
	void (*leg_request)(const Agt__LegRequest *q, void *arg);
	void (*leg_up)(const Agt__LegUp *up, void *arg);
	void (*leg_names)(const Agt__LegNames *names, void *arg);
};

/* Takes the stream in any case; copies what it needs of `start`. */
int hws_gate_new(struct hws_loop *loop, const struct hws_gate_conf *conf,
		const Agt__GateStart *start, struct hws_stream *stream,
		struct hws_gate **ret) HWS_MUST_CHECK;
void hws_gate_signed(struct hws_gate *g, const Agt__SignReply *reply);
/* `agent_fd`: one end of a host/ipc to the agent with result OK, else -1; always taken. */
void hws_gate_verdict(struct hws_gate *g, const Agt__LoginVerdict *v, int agent_fd);
void hws_gate_control(struct hws_gate *g, const Agt__GateControl *c);
/* Of the session that this gate serves: a connection claims to be a leg of it. Takes `fd`. */
void hws_gate_leg_join(struct hws_gate *g, const Agt__LegJoin *m, int fd);
/* Of the connection that this gate asked for. Takes `fd`, which may be -1. */
void hws_gate_leg_verdict(struct hws_gate *g, const Agt__LegVerdict *v, int fd);
/* hostd has let go of it: true where it carries bytes of a leg, and ends by itself when they are
 * through. */
bool hws_gate_leg_leave(struct hws_gate *g);
/* Ends the session; the viewer gets `reason` as close_reason (NULL = none). Idempotent. */
void hws_gate_close(struct hws_gate *g, const char *reason, int why);
