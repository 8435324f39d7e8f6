/* An agent and the links of three gates to it, as the agent's tests drive them. */
#pragma once
#include "client/host/agent/agent.h"
#include "client/host/ipc.h"
#include "client/media/video_codec.h"
#include "proto/session.pb-c.h"
#include <stdbool.h>
#include <sys/types.h>

#define REMOTE AGT__SESSION_KIND__SESSION_KIND_REMOTE
#define TERMINAL AGT__SESSION_KIND__SESSION_KIND_TERMINAL
#define ALL 0xffffffffull

struct gate {
	struct hws_ipc *link;
	unsigned opened, closed, frames, keys, bitrates, decoded, lists, declined, refused;
	int64_t call;
	bool ok;
	char error[400], platform[32], version[32];
	unsigned displays;
	int width, height;
	char *text; /* of the clipboard, as last told */
	size_t text_len;
	unsigned texts;
	struct hws_decoder *dec;
	int last_w, last_h;
	uint8_t corner; /* Y of the first pixel */
	/* not NULL: takes what comes in place of the above */
	void (*hears)(struct gate *g, struct hws_bytes message);
};

struct host {
	pid_t pid;
	struct hws_loop *loop;
	struct hws_ipc *hostd;
	unsigned states, let_in, results, pings, displays;
	bool ready;
	char error[400];
	unsigned gone;
	struct gate gate[3];
};

extern struct host h; /* the one of the running test */

void start_agent(const char *backend, const char *display);
/* One that needs no desktop: it is ready when it is told what is set. */
void start_role(enum hws_agent_role role);
void wait_for(const unsigned *counter, unsigned n);
void run_for(unsigned ms);
/* Asks whether it still turns, and waits for the answer. */
void ping_agent(void);
int stop_agent(void);
/* What hostd does for a new viewer, and what it may say of it later. */
void link_gate(struct gate *g, unsigned conn, uint64_t permissions, Agt__SessionKind kind);
void permit_gate(unsigned i, uint64_t permissions);
void end_gate(unsigned i);
/* Until the agent has read what hostd said. */
void settle_hostd(void);
/* Gate `i` is of connection 100 + i. */
void ask_gate(unsigned i, uint64_t permissions, Agt__SessionKind kind);
void open_gate(unsigned i, uint64_t permissions, Agt__SessionKind kind);
void send_wire(unsigned i, const Ses__Message *m);
