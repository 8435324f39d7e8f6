/* tests: a gate between a scripted viewer on a stream in memory, a scripted hostd and a scripted
 * agent, and what the three have seen. */
#pragma once
#include "client/host/gate.h"
#include "client/host/gate_login.h"
#include "client/host/gate_reply.h"
#include "client/host/ipc.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/record.h"
#include "shared/net/conn.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/secure.h"
#include "shared/wire/session_table.h"
#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEN_MAX 64

extern struct hws_loop *loop;
extern struct hws_gate *gate;
extern struct hws_identity identity, server;

/* hostd */
extern unsigned checks, closed;
extern Agt__LoginVerdict__Result answer;
extern const char *answer_text;
extern char last_state[32], last_why[100];
extern bool refuse_signature, no_agent;

/* agent */
extern struct hws_ipc *agent;
extern unsigned opens, wires;
extern uint32_t last_wire_field;
extern Agt__LinkQuality quality; /* as last told */

/* viewer */
extern struct hws_conn *viewer;
extern Ses__Message *seen[SEEN_MAX];
extern unsigned seen_count;
extern bool viewer_closed, swallow;
extern struct hws_buf trace; /* the conversation as text, when trace.max is set */
extern struct hws_secure secure;
extern struct hws_secure_keys viewer_keys;
extern bool securing;

/* Turns the loop until it is so. */
#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_us = hws_clock_us() + 60 * HWS_US_PER_S;                              \
		while (!(cond)) {                                                                  \
			ck_assert_msg(hws_clock_us() < end_us, "never: %s (state %s, %s)", #cond,  \
					last_state, last_why);                                     \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

/* The viewer's part of the handshake as far as it goes now. */
void step_viewer_secure(void);
/* A gate begins with these settings. */
void start(Agt__GateStart *s);
void setup(void);
void teardown(void);
/* What the viewer has been sent: a message of that kind, the text of a refused login. NULL =
 * none. */
Ses__Message *find(Ses__Message__UnionCase what);
const char *login_error(void);
void send_login(const char *my_id, Ses__LoginRequest__UnionCase kind);
void send_raw(const char *bytes, size_t len);

/* The wire form of small messages. */
#define REFRESH "\x9a\x01\x02\x50\x01"
#define VIDEO "\x32\x02\x70\x00"
#define SEND(text) send_raw(text, sizeof(text) - 1)

/* The agent says whether it has opened. */
void agent_answers(bool ok);
