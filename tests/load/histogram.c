/* Latencies by powers of two with steps between: a record costs a few instructions, however many
 * there are, and percentiles are exact to a step. */
#include "tests/load/histogram.h"

#define STEPS 16

static unsigned index_of(uint64_t us)
{
	unsigned top = 63 - (unsigned)__builtin_clzll(us | 1);

	if (top < 4)
		return (unsigned)us;
	return (top - 3) * STEPS + (unsigned)(us >> (top - 4) & (STEPS - 1));
}

void load_histogram_add(struct load_histogram *h, uint64_t us)
{
	unsigned i = index_of(us);

	h->bucket[i < 512 ? i : 511]++;
	h->count++;
	if (us > h->max)
		h->max = us;
}

static uint64_t edge_of(unsigned i)
{
	unsigned top = i / STEPS + 3;

	if (i < STEPS)
		return i;
	return ((uint64_t)(STEPS + i % STEPS) + 1) << (top - 4);
}

uint64_t load_histogram_at(const struct load_histogram *h, double p)
{
	uint64_t want = (uint64_t)((double)h->count * p), seen = 0;

	for (unsigned i = 0; h->count && i < 512; i++) {
		seen += h->bucket[i];
		if (seen > want || seen == h->count)
			return edge_of(i) < h->max ? edge_of(i) : h->max;
	}
	return 0;
}
