/* net/kcp_share: whole numbers; a round is the unit in which windows change. */
#include "shared/net/kcp_share.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"

#define STANDING_ROUNDS 8u /* more than one probe of the rate makes a queue stand */
#define EMPTY_ROUNDS 4u
#define ENTRY 60u /* percent of what the path carries */
#define LEFT 70u  /* percent after a cut */
#define LEAST 4u  /* segments */
#define CURVE_MOST_MS 30000
#define FLAT_US 1000u

static uint64_t cube_root(uint64_t v)
{
	uint64_t low = 0, high = 1u << 21;

	while (low + 1 < high) {
		const uint64_t mid = (low + high) / 2;

		if (mid * mid * mid <= v)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static void cut(struct hws_kcp_share *s, uint64_t from, uint32_t segment, uint64_t now_us)
{
	if (!s->on) /* it was what the path carries, and more than a share */
		from = from * ENTRY / 100;
	/* who has less than the last time makes room for others sooner */
	s->before = s->on && from < s->before ? from * (100 + LEFT) / 200 : from;
	s->window = HWS_MAX(from * LEFT / 100, (uint64_t)LEAST * segment);
	s->cut_us = now_us;
	s->rounds = 0;
}

/* 0.4 (t - K)^3 + what it was, K the time after which the curve is there again. K is that of a
 * whole cut also where less was cut, so others, who come back sooner, get the larger half. */
static uint64_t curve(const struct hws_kcp_share *s, uint32_t segment, uint64_t now_us)
{
	const uint64_t segments = s->before / segment;
	const int64_t back_ms = (int64_t)cube_root(segments * 750000000);
	int64_t t = (int64_t)((now_us - s->cut_us) / HWS_US_PER_MS) - back_ms, grown;

	t = HWS_MIN(HWS_MAX(t, (int64_t)-CURVE_MOST_MS), (int64_t)CURVE_MOST_MS);
	grown = t * t * t / 10000000 * (int64_t)segment * 4 / 1000;
	return (uint64_t)HWS_MAX((int64_t)s->before + grown, (int64_t)0);
}

static void grow(struct hws_kcp_share *s, const struct hws_kcp_round *round, uint64_t now_us)
{
	const uint64_t straight = s->before * LEFT / 100 + s->rounds * round->segment * 53 / 100;
	const uint64_t want = HWS_MAX(curve(s, round->segment, now_us), straight);

	if (round->in_flight < s->window / 2) /* there is not so much to send */
		return;
	s->window = HWS_MIN(HWS_MAX(want, s->window), s->window + s->window / 2);
}

void hws_kcp_share_round(
		struct hws_kcp_share *s, const struct hws_kcp_round *round, uint64_t now_us)
{
	s->standing = round->waited ? s->standing + 1 : 0;
	s->empty = round->empty ? s->empty + 1 : 0;
	s->rounds++;
	if (!s->on) {
		if (!round->overflowed && s->standing < STANDING_ROUNDS)
			return;
		cut(s, round->in_flight, round->segment, now_us);
		s->low_us = s->high_us = 0;
		s->on = true;
		s->empty = 0;
		return;
	}
	if (round->rtt_us) {
		s->low_us = s->low_us ? HWS_MIN(s->low_us, round->rtt_us) : round->rtt_us;
		s->high_us = HWS_MAX(s->high_us, round->rtt_us);
	}
	if (round->overflowed)
		cut(s, HWS_MIN(s->window, HWS_MAX(round->in_flight, s->window / 2)), round->segment,
				now_us);
	else
		grow(s, round, now_us);
	if (s->empty >= EMPTY_ROUNDS) {
		s->on = false;
		s->standing = 0;
	}
}

bool hws_kcp_share_is_flat(struct hws_kcp_share *s)
{
	const bool flat = s->high_us - s->low_us <= HWS_MAX(s->low_us / 16, (uint64_t)FLAT_US);

	s->low_us = s->high_us = 0;
	return flat;
}
