/* load/histogram: latencies in 16 steps an octave, from 1 us to an hour; one thread. */
#pragma once
#include <stdint.h>

struct load_histogram {
	uint64_t bucket[512];
	uint64_t count, max;
};
void load_histogram_add(struct load_histogram *h, uint64_t us);
/* Upper edge of the bucket that holds the p-th part (0..1); 0 when empty. */
uint64_t load_histogram_at(const struct load_histogram *h, double p);
