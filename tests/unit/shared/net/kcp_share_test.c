/* When a share begins and ends, and how it grows between: as a flow of TCP (CUBIC) would have
 * it. */
#include "shared/base/clock.h"
#include "shared/net/kcp_share.h"
#include "tests/support/suite.h"
#include <check.h>
#include <math.h>

#define SEGMENT 1000u
#define TRIP (50 * HWS_US_PER_MS)

static struct hws_kcp_share s;
static uint64_t now;

static void set_up(void)
{
	s = (struct hws_kcp_share){ 0 };
	now = 1000000;
}

static void round_of(uint64_t rtt_us, uint64_t in_flight, bool overflowed)
{
	const struct hws_kcp_round r = { .rtt_us = rtt_us,
		.in_flight = in_flight,
		.segment = SEGMENT,
		.waited = rtt_us > TRIP * 5 / 4,
		.empty = rtt_us < TRIP * 106 / 100,
		.overflowed = overflowed };

	now += rtt_us;
	hws_kcp_share_round(&s, &r, now);
}

START_TEST(a_passing_queue_is_nobodys)
{
	for (int i = 0; i < 50; i++) {
		for (int k = 0; k < 5; k++)
			round_of(2 * TRIP, 500000, false);
		round_of(TRIP, 500000, false);
	}
	ck_assert(!s.on);
}
END_TEST

START_TEST(a_queue_that_stays_or_overflows_is_shared)
{
	for (int i = 0; i < 20; i++)
		round_of(2 * TRIP, 500000, false);
	ck_assert(s.on);
	ck_assert_uint_lt(s.window, 500000);
	set_up();
	round_of(2 * TRIP, 500000, true);
	ck_assert(s.on);
	ck_assert_uint_le(s.window, 250000);
	ck_assert_uint_ge(s.window, 200000);
}
END_TEST

START_TEST(an_empty_path_ends_it)
{
	round_of(2 * TRIP, 500000, true);
	for (int i = 0; i < 3; i++)
		round_of(TRIP, 200000, false);
	round_of(2 * TRIP, 200000, false); /* not empty any more */
	ck_assert(s.on);
	for (int i = 0; i < 4; i++)
		round_of(TRIP, 200000, false);
	ck_assert(!s.on);
}
END_TEST

/* 0.4 (t - K)^3 + W, as RFC 9438 has it, within a few segments. */
START_TEST(it_grows_along_the_curve)
{
	double w, k, t, want, start;
	uint64_t at;

	round_of(2 * TRIP, 800000, true);
	round_of(2 * TRIP, s.window, true);
	at = now;
	w = (double)s.before / SEGMENT;
	start = (double)s.window / SEGMENT;
	k = cbrt(w * 0.3 / 0.4);
	for (int i = 0; i < 150; i++) {
		round_of(2 * TRIP, s.window, false);
		t = (double)(now - at) / 1e6;
		want = fmax(0.4 * pow(t - k, 3) + w, start);
		ck_assert_double_le(fabs((double)s.window / SEGMENT - want), want * 0.05 + 8);
	}
	ck_assert_uint_gt(s.window, s.before);
}
END_TEST

START_TEST(each_overflow_costs_three_tenths)
{
	uint64_t window;

	round_of(2 * TRIP, 500000, true);
	window = s.window;
	round_of(2 * TRIP, window, true);
	ck_assert_uint_eq(s.window, window * 7 / 10);
	for (int i = 0; i < 100; i++)
		round_of(2 * TRIP, s.window, true);
	ck_assert_uint_eq(s.window, 4 * SEGMENT);
}
END_TEST

START_TEST(who_sends_little_gets_no_more)
{
	uint64_t window;

	round_of(2 * TRIP, 500000, true);
	window = s.window;
	for (int i = 0; i < 200; i++)
		round_of(2 * TRIP, window / 10, false);
	ck_assert_uint_eq(s.window, window);
}
END_TEST

START_TEST(a_longer_path_is_flat)
{
	round_of(2 * TRIP, 500000, true);
	for (int i = 0; i < 20; i++)
		round_of(2 * TRIP + (unsigned)(i % 3) * 500, 100000, false);
	ck_assert(hws_kcp_share_is_flat(&s));
	for (int i = 0; i < 20; i++)
		round_of(2 * TRIP + (unsigned)(i % 5) * 4000, 100000, false);
	ck_assert(!hws_kcp_share_is_flat(&s));
}
END_TEST

int main(void)
{
	return test_main("net/kcp_share", 30, set_up, NULL,
			TESTS(a_passing_queue_is_nobodys, a_queue_that_stays_or_overflows_is_shared,
					an_empty_path_ends_it, it_grows_along_the_curve,
					each_overflow_costs_three_tenths,
					who_sends_little_gets_no_more, a_longer_path_is_flat));
}
