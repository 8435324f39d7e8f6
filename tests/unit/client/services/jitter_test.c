/* The jitter buffer against lines that do what lines do: each case is a sender that gives a packet
 * every 10 ms, and a line that delays, loses, bunches or repeats them. */
#include "client/services/sound/jitter.h"
#include "shared/base/mem.h"
#include "tests/support/suite.h"
#include <string.h>

#define MS 1000u
#define T0 1000000000ull

static struct hws_jitter j;
static uint32_t seed;

/* What was heard. */
static unsigned packets, conceals, nothings, disorder;
static uint64_t last_number, last_delay_us, max_delay_us, sum_delay_us;

static void setup(void)
{
	hws_jitter_init(&j);
	seed = 7;
	packets = conceals = nothings = disorder = 0;
	last_number = last_delay_us = max_delay_us = sum_delay_us = 0;
}

static void teardown(void)
{
	hws_jitter_done(&j);
	ck_assert_uint_eq(j.bytes, 0);
}

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* CELT, 48 kHz stereo, 10 ms, one frame; its number as its bytes. */
static int push(uint64_t now, uint64_t number, bool counted)
{
	uint8_t p[12] = { 0xf4 };

	memcpy(p + 1, &number, sizeof(number));
	return hws_jitter_push(&j, now, counted ? number : 0, hws_bytes(p, sizeof(p)));
}

static void pull(uint64_t now, uint64_t begun)
{
	uint8_t *p;
	size_t len;
	uint64_t number;

	switch (hws_jitter_pull(&j, now, &p, &len)) {
	case HWS_JITTER_PACKET:
		ck_assert_uint_ge(len, 12);
		memcpy(&number, p + 1, sizeof(number));
		disorder += number <= last_number;
		last_number = number;
		last_delay_us = now - (begun + number * 10 * MS);
		max_delay_us = last_delay_us > max_delay_us ? last_delay_us : max_delay_us;
		sum_delay_us += last_delay_us;
		packets++;
		break;
	case HWS_JITTER_CONCEAL:
		ck_assert_ptr_null(p);
		conceals++;
		break;
	case HWS_JITTER_NOTHING:
		ck_assert_ptr_null(p);
		nothings++;
		break;
	}
	hws_free(p);
}

/* Seconds of a line on which packet n arrives at delay(n) after it was sent, or never (UINT32_MAX);
 * a line keeps its order. */
static void run(unsigned seconds, bool counted, uint32_t (*delay)(uint64_t n))
{
	uint64_t arrives[8192], n = seconds * 100, next = 1, before = 0;

	ck_assert_uint_lt(n, 8192);
	for (uint64_t i = 1; i <= n; i++) {
		uint32_t d = delay(i);
		arrives[i] = d == UINT32_MAX ? UINT64_MAX : T0 + i * 10 * MS + d;
		if (arrives[i] != UINT64_MAX) {
			arrives[i] = arrives[i] > before ? arrives[i] : before;
			before = arrives[i];
		}
	}
	for (uint64_t now = T0; now < T0 + n * 10 * MS; now += MS) {
		while (next <= n && (arrives[next] == UINT64_MAX || arrives[next] <= now)) {
			if (arrives[next] != UINT64_MAX)
				ck_assert_int_eq(push(now, next, counted), HWS_OK);
			next++;
		}
		if ((now - T0) % (10 * MS) == 5 * MS)
			pull(now, T0);
	}
}

static uint32_t steady(uint64_t n)
{
	(void)n;
	return 5 * MS;
}

START_TEST(a_steady_line_is_heard_whole_and_soon)
{
	run(10, _i, steady);
	ck_assert_uint_ge(packets, 990);
	ck_assert_uint_eq(conceals, 0);
	ck_assert_uint_eq(disorder, 0);
	ck_assert_uint_eq(j.figures.dropouts, 0);
	ck_assert_uint_le(j.target_us, 20 * MS);
	ck_assert_uint_le(max_delay_us, 40 * MS);
}
END_TEST

static uint32_t lan(uint64_t n)
{
	(void)n;
	return 1 * MS + chance(8 * MS);
}

START_TEST(a_lan_stays_below_60_ms)
{
	run(30, _i, lan);
	ck_assert_uint_ge(packets, 2980);
	ck_assert_uint_le(conceals, 5);
	ck_assert_uint_eq(j.figures.dropouts, 0);
	ck_assert_uint_lt(j.target_us, 60 * MS);
	ck_assert_uint_lt(max_delay_us, 60 * MS);
}
END_TEST

static uint32_t shaky(uint64_t n)
{
	(void)n;
	return 20 * MS + chance(60 * MS);
}

START_TEST(a_shaky_line_is_waited_for_and_no_longer_than_it_takes)
{
	run(30, _i, shaky);
	/* it learns in the first second */
	ck_assert_uint_le(j.figures.dropouts, 3);
	ck_assert_uint_le(conceals, 60);
	ck_assert_uint_eq(disorder, 0);
	ck_assert_uint_lt(last_delay_us, 200 * MS);
}
END_TEST

static uint32_t losing(uint64_t n)
{
	(void)n;
	return chance(50) == 0 ? UINT32_MAX : 3 * MS + chance(4 * MS);
}

/* Each lost one is made up for in its place, and nothing is late for it. */
START_TEST(two_percent_lost_are_made_up_for)
{
	run(60, _i, losing);
	ck_assert_uint_eq(j.figures.dropouts, 0);
	ck_assert_uint_ge(packets + conceals, 5980);
	ck_assert_uint_ge(conceals, 60);
	ck_assert_uint_le(conceals, 260);
	ck_assert_uint_eq(disorder, 0);
	ck_assert_uint_lt(max_delay_us, 80 * MS);
}
END_TEST

/* A quarter of a second nothing, then all of it at once; every five seconds. */
static uint32_t bursts(uint64_t n)
{
	uint64_t in = n % 500;

	return in >= 400 && in < 425 ? (uint32_t)(425 - in) * 10 * MS : 3 * MS;
}

START_TEST(what_comes_late_and_at_once_does_not_stay_late)
{
	run(23, _i, bursts);
	ck_assert_uint_le(j.figures.dropouts, 4);
	ck_assert_uint_eq(disorder, 0);
	/* long after the last burst */
	ck_assert_uint_lt(last_delay_us, 150 * MS);
}
END_TEST

/* A sender whose clock is 0.1 % fast: a packet more every ten seconds. */
START_TEST(a_clock_that_differs_piles_nothing_up)
{
	uint64_t n = 0;

	for (uint64_t now = T0; now < T0 + 60000ull * MS; now += MS) {
		while (T0 + n * 9990 <= now) {
			n++;
			ck_assert_int_eq(push(now, n, _i), HWS_OK);
		}
		if ((now - T0) % (10 * MS) == 5 * MS)
			pull(now, T0);
	}
	ck_assert_uint_ge(j.figures.skipped, 3);
	ck_assert_uint_lt((j.end - j.next) * 10, 80);
	ck_assert_uint_eq(j.figures.dropouts, 0);
}
END_TEST

/* A silent host sends nothing, and that is no failure; then it begins again, later in the count. */
START_TEST(silence_is_no_dropout)
{
	uint64_t now = T0, n = 1;

	for (unsigned i = 0; i < 100; i++, now += 10 * MS, n++) {
		ck_assert_int_eq(push(now, n, _i), HWS_OK);
		pull(now, T0);
	}
	for (unsigned i = 0; i < 500; i++, now += 10 * MS, n++)
		pull(now, T0);
	ck_assert(hws_jitter_idle(&j));
	unsigned before = packets;
	for (unsigned i = 0; i < 100; i++, now += 10 * MS, n++) {
		ck_assert_int_eq(push(now, n, _i), HWS_OK);
		pull(now, T0);
	}
	ck_assert_uint_ge(packets - before, 95);
	ck_assert_uint_le(j.figures.dropouts, 1);
	ck_assert_uint_lt(last_delay_us, 60 * MS);
}
END_TEST

START_TEST(a_count_that_begins_anew_is_followed)
{
	uint64_t now = T0;

	for (uint64_t n = 5000; n < 5100; n++, now += 10 * MS) {
		ck_assert_int_eq(push(now, n, true), HWS_OK);
		pull(now, T0 - 5000 * 10 * MS);
	}
	last_number = packets = 0;
	for (uint64_t n = 1; n < 100; n++, now += 10 * MS) {
		ck_assert_int_eq(push(now, n, true), HWS_OK);
		pull(now, T0);
	}
	ck_assert_uint_ge(packets, 90);
}
END_TEST

START_TEST(twice_and_late_is_left_out)
{
	for (uint64_t n = 1; n <= 10; n++)
		ck_assert_int_eq(push(T0 + n * 10 * MS, n, true), HWS_OK);
	for (unsigned i = 0; i < 5; i++)
		pull(T0 + (110 + i * 10) * MS, T0);
	uint64_t late = j.figures.late;
	ck_assert_int_eq(push(T0 + 160 * MS, 8, true), HWS_OK); /* is there */
	ck_assert_int_eq(push(T0 + 160 * MS, 1, true), HWS_OK); /* was heard */
	ck_assert_uint_eq(j.figures.late, late + 2);
	ck_assert_uint_eq(disorder, 0);
}
END_TEST

START_TEST(what_is_no_packet_is_refused)
{
	static uint8_t big[HWS_JITTER_SLOTS * 20];
	uint8_t none[] = { 0xf7 }, long_one[] = { 0x7b, 0x3f, 0, 0 };

	ck_assert_int_eq(hws_jitter_push(&j, T0, 1, hws_bytes(NULL, 0)), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_jitter_push(&j, T0, 1, hws_bytes(none, 1)), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_jitter_push(&j, T0, 1, hws_bytes(long_one, 4)), HWS_ERR_PROTO);
	big[0] = 0xf4;
	ck_assert_int_eq(hws_jitter_push(&j, T0, 1, hws_bytes(big, sizeof(big))), HWS_ERR_PROTO);
	ck_assert_int_eq(push(T0, UINT64_MAX, true), HWS_ERR_PROTO);
	ck_assert(!j.any);
}
END_TEST

/* A flood fills what there is, and no more. */
START_TEST(a_flood_is_bounded)
{
	static uint8_t big[4000];
	unsigned refused = 0;

	big[0] = 0xf4;
	for (uint64_t n = 1; n < 5000; n++) {
		memcpy(big + 1, &n, sizeof(n));
		int r = hws_jitter_push(&j, T0 + n, _i ? n : 0, hws_bytes(big, sizeof(big)));
		ck_assert(r == HWS_OK || r == HWS_ERR_FULL);
		refused += r == HWS_ERR_FULL;
		ck_assert_uint_le(j.bytes, HWS_JITTER_BYTES_MAX);
	}
	ck_assert_uint_ge(refused, 1);
	/* and is got rid of */
	for (unsigned i = 0; i < 90; i++)
		pull(T0 + 5000 + i * 10 * MS, T0);
	ck_assert_uint_le(j.end - j.next, 10);
	ck_assert_uint_eq(disorder, 0);
}
END_TEST

START_TEST(the_length_of_a_packet_is_in_its_first_bytes)
{
	static const struct {
		uint8_t bytes[2];
		uint32_t us;
	} rows[] = { { { 0x00 }, 10000 }, { { 0x18 }, 60000 }, { { 0x60 }, 10000 },
		{ { 0x68 }, 20000 }, { { 0x80 }, 2500 }, { { 0xf0 }, 10000 }, { { 0xf8 }, 20000 },
		{ { 0xf9 }, 40000 }, { { 0xf3, 3 }, 30000 }, { { 0xf3, 0 }, 0 },
		{ { 0xfb, 7 }, 0 } };

	for (size_t i = 0; i < HWS_COUNT(rows); i++)
		ck_assert_uint_eq(hws_opus_packet_us(hws_bytes(rows[i].bytes, 2)), rows[i].us);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sound/jitter");
	TCase *t = test_case(s, "jitter", 60,
			TESTS(a_count_that_begins_anew_is_followed, twice_and_late_is_left_out,
					what_is_no_packet_is_refused,
					the_length_of_a_packet_is_in_its_first_bytes));

	tcase_add_checked_fixture(t, setup, teardown);
	/* with a count and without */
	tcase_add_loop_test(t, a_steady_line_is_heard_whole_and_soon, 0, 2);
	tcase_add_loop_test(t, a_lan_stays_below_60_ms, 0, 2);
	tcase_add_loop_test(t, a_shaky_line_is_waited_for_and_no_longer_than_it_takes, 0, 2);
	tcase_add_loop_test(t, two_percent_lost_are_made_up_for, 0, 2);
	tcase_add_loop_test(t, what_comes_late_and_at_once_does_not_stay_late, 0, 2);
	tcase_add_loop_test(t, a_clock_that_differs_piles_nothing_up, 0, 2);
	tcase_add_loop_test(t, silence_is_no_dropout, 0, 2);
	tcase_add_loop_test(t, a_flood_is_bounded, 0, 2);
	return test_suite_run(s);
}
