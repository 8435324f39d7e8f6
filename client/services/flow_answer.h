/* services/flow_answer: what the gate measured on the line of one viewer, for whichever service
 * paces itself by it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* An answer to a probe; what the gate saw. Times are of the monotonic clock (hws_clock_us). */
struct hws_flow_answer {
	uint64_t rtt_us;    /* 0 = none yet */
	uint64_t delivered; /* bytes that have arrived, of all that were sent so far */
	/* when those left that arrived with this answer; 0 = none, or not at once */
	uint64_t first_us;
	uint64_t answered_us; /* when it came */
	bool late;            /* another one is overdue */
};
