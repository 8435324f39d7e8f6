/* base/times: how long things took, counted in fixed steps, so that percentiles can be told later
 * (daemon/metrics shows them as a histogram). Any thread adds; relaxed atomics. */
#pragma once
#include <stdint.h>

#define HWS_TIMES_STEPS 15u

/* The upper bound of each step; what took longer is in the place after the last. */
extern const uint64_t hws_times_step_us[HWS_TIMES_STEPS];

struct hws_times {
	uint64_t count[HWS_TIMES_STEPS + 1]; /* each in one step only */
	uint64_t sum_us;
};

void hws_times_add(struct hws_times *t, uint64_t us);
