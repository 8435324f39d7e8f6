/* Token bucket. The level is kept in millionths of a token, so that a rate times microseconds is
 * exact: asked often, a bucket gives no less than asked seldom. */
#include "shared/base/bucket.h"

#define MICRO 1000000ull

/* Burst in millionths; absurd bursts are cut instead of overflowing. */
static uint64_t capacity(const struct hws_bucket *b)
{
	return b->burst > UINT64_MAX / MICRO ? UINT64_MAX : b->burst * MICRO;
}

static void refill(struct hws_bucket *b, uint64_t now_us)
{
	uint64_t cap = capacity(b), add;

	if (now_us <= b->last_us)
		return;
	/* tokens/s * us = millionths of a token: exact, nothing is lost by rounding */
	if (__builtin_mul_overflow(b->rate, now_us - b->last_us, &add) ||
			__builtin_add_overflow(b->level, add, &b->level) || b->level > cap)
		b->level = cap;
	b->last_us = now_us;
}

void hws_bucket_init(struct hws_bucket *b, uint64_t rate, uint64_t burst, uint64_t now_us)
{
	*b = (struct hws_bucket){ .rate = rate, .burst = burst, .last_us = now_us };
	b->level = capacity(b);
}

bool hws_bucket_take(struct hws_bucket *b, uint64_t n, uint64_t now_us)
{
	uint64_t want;

	if (!b->rate)
		return true;
	refill(b, now_us);
	if (__builtin_mul_overflow(n, MICRO, &want) || want > b->level)
		return false;
	b->level -= want;
	return true;
}
