/* host/gate_probe: TestDelay as a measure of the line. A viewer answers each probe in its turn, so
 * an answer says that all that was sent before the probe has arrived. Probes follow pictures, not
 * only seconds; each carries a number in `time`, which comes back unchanged. No I/O. */
#pragma once
#include "client/services/flow_answer.h"
#include <stddef.h>

#define HWS_PROBES_MAX 16u

struct hws_probe {
	int64_t number;
	uint64_t sent_us, first_us, bytes;
};

struct hws_probes {
	struct hws_probe ring[HWS_PROBES_MAX];
	unsigned head, count; /* unanswered ones, oldest first */
	int64_t number;       /* of the next one; the first has 0, as those of deployed hosts */
	uint64_t bytes;       /* of the desktop's messages, sent so far */
	uint64_t covered;     /* of them, those that a probe followed */
	uint64_t first_us;    /* when the burst began that none followed; 0 = there is none */
	struct hws_flow_answer last;
};

/* So many bytes of the desktop went to the viewer; true when a probe should follow. */
bool hws_probes_passed(struct hws_probes *p, size_t bytes, uint64_t now_us);
/* A probe is sent now; returns its number. Not while HWS_PROBES_MAX are unanswered. */
int64_t hws_probes_add(struct hws_probes *p, uint64_t now_us);
/* An answer came; true when it tells something. One with a number that nobody asked for counts for
 * the oldest. */
bool hws_probes_answered(struct hws_probes *p, int64_t number, uint64_t now_us);
/* Round trip in ms, 0 = not known. While a probe is unanswered, it takes at least as long as that
 * waits. */
uint32_t hws_probes_rtt_ms(const struct hws_probes *p, uint64_t now_us);
/* How long the oldest one has been unanswered. */
uint64_t hws_probes_waiting_us(const struct hws_probes *p, uint64_t now_us);
