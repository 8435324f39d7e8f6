/* From what a local database takes to what a person gives up at: two or three steps for each power
 * of ten are enough for percentiles. */
#include "shared/base/times.h"

const uint64_t hws_times_step_us[HWS_TIMES_STEPS] = { 250, 500, 1000, 2500, 5000, 10000, 25000,
	50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000 };

void hws_times_add(struct hws_times *t, uint64_t us)
{
	unsigned i = 0;

	while (i < HWS_TIMES_STEPS && us > hws_times_step_us[i])
		i++;
	__atomic_fetch_add(&t->count[i], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&t->sum_us, us, __ATOMIC_RELAXED);
}
