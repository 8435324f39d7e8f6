/* tests: two ends of a link in memory that exchange numbered frames and keep what they see. */
#pragma once
#include "shared/loop/work.h"
#include "shared/net/conn.h"
#include "shared/net/dialer.h"
#include "shared/net/listener.h"
#include "shared/net/stream.h"
#include "shared/net/udp_batch.h"
#include "shared/net/ws_upgrade.h"
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern struct hws_loop *loop;
void set_up(void);
void tear_down(void);
#define FRAMES 200

struct end {
	struct hws_conn *conn;
	unsigned got, sent, drained, closed;
	int why;
	uint64_t got_hash;
	size_t last_len;
};

size_t frame_len(unsigned i);
void fill_frame(uint8_t *buf, unsigned i);
struct hws_conn_conf conf_of(struct end *e);
void open_end(struct end *e, struct hws_stream *s);

/* Both send FRAMES frames to each other, as the queues allow. */
void exchange(struct end *a, struct end *b);

void finish_ends(struct end *a, struct end *b);

/* Ways to be cut into pieces. */
#define TORTURES 5
extern const struct hws_mem_conf tortures[TORTURES];

/* What a raw peer writes into the other end. */
void feed(struct hws_stream *raw, const void *p, size_t n);

void settle(struct end *e);

struct net {
	struct hws_listener *listener;
	struct hws_work *work;
	struct end a, b;
	unsigned accepted;
	int dial_r;
	bool dialed;
};
