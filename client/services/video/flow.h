/* video/flow: how much may be on its way to one viewer, and how fast. Pure arithmetic on what was
 * sent and what the viewer's answers to probes show to have arrived: any viewer that answers
 * TestDelay in its turn is measured, whatever buffers lie between. A picture that would wait in
 * such a buffer is better not coded yet: a newer one will be there when its turn comes. Time comes
 * in from outside. */
#pragma once
#include "client/services/flow_answer.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_FLOW_PICTURES 32u

struct hws_flow {
	uint64_t delivered, answered_us;
	bool answers, late;
	/* Shortest round trip of the present span of time and of the one before. */
	uint64_t base_us, base_before_us, base_since_us;
	uint64_t noise_us; /* by which an answer comes later without any load */
	double busy_bytes,
			/* what the line carried while it was the limit; older counts less */
			busy_us;
	/* Pictures that have not arrived, oldest first; those that find no room are taken for part
	 * of the last. */
	struct {
		uint64_t sent_us, from, to; /* positions among all bytes sent */
	} picture[HWS_FLOW_PICTURES];
	unsigned head, count;
	/* A leaky bucket: what was sent too early, and how fast that is forgiven. */
	double wish, rate; /* bytes a second: asked for; allowed */
	double debt;       /* bytes; below 0: saved up */
	uint64_t now_us;   /* to which rate and debt are true */
	uint64_t way_us;   /* of the pictures that have arrived since hws_flow_way: sums */
	uint32_t ways;
};

void hws_flow_init(struct hws_flow *f, uint64_t now_us);
/* The gate's report. Numbers that make no sense are passed over. */
void hws_flow_answered(struct hws_flow *f, const struct hws_flow_answer *a);
/* What the pictures are to cost, bytes a second. More is allowed when they need it and the line
 * bears it. */
void hws_flow_wish(struct hws_flow *f, double bytes_per_s, uint64_t now_us);
/* A picture of this size was sent; `sent`: all bytes that were given to the gate so far, with
 * it. */
void hws_flow_sent(struct hws_flow *f, uint64_t bytes, uint64_t sent, uint64_t now_us);
#define HWS_FLOW_BLOCKED UINT64_MAX
/* Microseconds until the next picture may be taken: 0 = now; HWS_FLOW_BLOCKED = when an answer has
 * come. */
uint64_t hws_flow_wait(struct hws_flow *f, uint64_t sent, uint64_t now_us);
/* What the line seems to carry, bytes a second; 0 = not known, or more than matters. */
double hws_flow_line(const struct hws_flow *f);
/* The highest rate that pictures may come to now, bytes a second; 0 = any. */
double hws_flow_most(const struct hws_flow *f);
/* Half of the shortest round trip, microseconds; 0 = not known. */
uint64_t hws_flow_network(const struct hws_flow *f);
/* The mean time that pictures were on their way for, without that, since it was asked last; false:
 * of none it is known. */
bool hws_flow_way(struct hws_flow *f, uint64_t *ret_us);
/* The rate in force, bytes a second. */
double hws_flow_rate(const struct hws_flow *f);
