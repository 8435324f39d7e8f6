/* relay/rate: a byte rate whose level may go below zero: what was read is never given back, the
 * next one waits. Saves up a tenth of a second at most. A zeroed one starts full. */
#pragma once
#include <stdint.h>

struct rly_rate {
	int64_t level; /* bytes */
	uint64_t last_us;
};

#define RLY_RATE_MIN_BURST 16384

/* Refills; bytes that may be used now (perhaps negative). rate > 0 bytes per second. */
static inline int64_t rly_rate_credit(struct rly_rate *r, uint64_t rate, uint64_t now_us)
{
	int64_t burst = (int64_t)(rate / 10) > RLY_RATE_MIN_BURST ? (int64_t)(rate / 10)
								  : RLY_RATE_MIN_BURST;
	/* Another thread may have been here with a later clock. */
	uint64_t us = now_us > r->last_us ? now_us - r->last_us : 0;

	if (!r->last_us || us > 10000000u) {
		r->level = r->last_us && r->level < 0 && us < 100000000u ? 0 : burst;
		r->last_us = now_us;
		return r->level;
	}
	/* Whole bytes only; the rest of the time stays for the next call. */
	uint64_t bytes = (uint64_t)((unsigned __int128)rate * us / 1000000u);

	if (bytes) {
		r->last_us += (uint64_t)(((unsigned __int128)bytes * 1000000u + rate - 1) / rate);
		r->level += (int64_t)bytes;
		if (r->level > burst)
			r->level = burst;
	}
	return r->level;
}

static inline void rly_rate_charge(struct rly_rate *r, uint64_t bytes)
{
	r->level -= (int64_t)bytes;
}
