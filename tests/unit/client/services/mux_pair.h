/* Two ends of a tunnel's mux in memory, with a line between them that carries what a test lets it,
 * in pieces and with a schedule drawn from a seed: what can be in some order comes in it some day.
 * Each end has a door for each stream: bytes to send, bytes that came. */
#pragma once
#include "client/services/tunnel/mux.h"
#include "shared/base/buf.h"

#define PAIR_DOORS 1100

struct door {
	struct hws_mux_stream *s; /* NULL: closed, or never opened */
	unsigned number;
	size_t to_send; /* bytes, counted: their values follow from the place */
	uint64_t sent, got;
	bool ends; /* after these bytes */
	bool saw_eof, opened, closed, stalled, fails;
	size_t held; /* came and not consumed */
	Ses__TunnelCode code;
	char text[HWS_MUX_TEXT_MAX + 1], address[300];
	unsigned datagrams;
};

struct pair_end {
	struct hws_mux *m;
	struct pair_end *other;
	struct hws_buf line[4096]; /* messages that are on their way to the other end */
	size_t first, count;       /* of them */
	size_t bytes;              /* in them */
	size_t room;               /* above it the line is busy */
	struct door door[PAIR_DOORS];
	unsigned doors, max_held;
	size_t most_held;
	bool refuses, waits; /* new streams; with the answer */
	uint32_t listens, unlistens;
	Ses__TunnelCode listening;
	unsigned turn[200000]; /* doors in the order of their data messages */
	size_t turns;
};

extern struct pair_end viewer, host;
extern uint64_t pair_now;

void pair_begin(unsigned streams, size_t memory);
void pair_end(void);
/* A stream from `e`: its door. */
struct door *pair_open(struct pair_end *e, const char *name, Ses__TunnelKind kind);
void pair_send(struct door *d, size_t bytes, bool then_end);
/* Carries one message; false: there is none. */
bool pair_carry(struct pair_end *from);
/* Both ways until nothing is under way. */
void pair_settle(void);
/* Consumes what is held, if the door does not stall. */
void pair_consume(struct door *d);
/* The door of the other end, by the number of the stream. */
struct door *pair_other(struct pair_end *e, const struct door *d);
/* A message out of nothing to `to`. */
int pair_inject(struct pair_end *to, Ses__Tunnel__UnionCase what, void *member);
