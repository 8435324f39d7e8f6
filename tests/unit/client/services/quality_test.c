/* video/quality: arithmetic with time and delays from outside. */
#include "client/services/video/quality.h"
#include "host_desk.h"
#include "shared/base/clock.h"

static struct hws_qos q;
static uint64_t now;

static void setup(void)
{
	now = 1000000;
	hws_qos_init(&q, now);
	hws_qos_join(&q, 0, now);
}

static void samples(unsigned slot, unsigned rtt, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		now += HWS_US_PER_S;
		hws_qos_sample(&q, slot, rtt, false);
	}
}

START_TEST(base_bitrates_are_those_of_the_table)
{
	ck_assert_uint_eq(hws_base_kbit_s(1920, 1080), 2073);
	ck_assert_uint_eq(hws_base_kbit_s(640, 480), 400);
	ck_assert_uint_eq(hws_base_kbit_s(320, 240), 100);
	ck_assert_uint_eq(hws_base_kbit_s(3840, 2160), 5000);
	ck_assert_uint_eq(hws_base_kbit_s(1920, 1200), 2292); /* nearest: 2048x1080 */
	ck_assert_uint_ge(hws_base_kbit_s(1, 1), 1);
}
END_TEST

START_TEST(the_first_second_is_slow_then_a_good_link_gets_full_speed)
{
	ck_assert_uint_eq(hws_qos_fps(&q, now), 15);
	samples(0, 20, 3);
	ck_assert_uint_eq(hws_qos_fps(&q, now), 30);
	hws_qos_set_fps(&q, 0, 60);
	samples(0, 20, 40);
	ck_assert_uint_eq(hws_qos_fps(&q, now), 60);
	hws_qos_set_fps(&q, 0, 500); /* nonsense is ignored */
	ck_assert_uint_eq(hws_qos_fps(&q, now), 60);
	hws_qos_set_auto_fps(&q, 0, 12);
	ck_assert_uint_eq(hws_qos_fps(&q, now), 12);
}
END_TEST

START_TEST(delay_slows_down_and_recovery_speeds_up)
{
	samples(0, 20, 15);
	samples(0, 700, 4);
	unsigned slow = hws_qos_fps(&q, now);
	ck_assert_uint_le(slow, 3);
	samples(0, 20, 30);
	ck_assert_uint_gt(hws_qos_fps(&q, now), 20);
}
END_TEST

START_TEST(distance_is_not_delay)
{
	samples(0, 240, 30); /* far away, but steady */
	ck_assert_uint_ge(hws_qos_fps(&q, now), 15);
}
END_TEST

START_TEST(the_slowest_viewer_sets_the_pace_and_a_late_one_brakes)
{
	samples(0, 20, 20);
	hws_qos_join(&q, 3, now);
	samples(3, 20, 3);
	hws_qos_set_fps(&q, 3, 7);
	ck_assert_uint_eq(hws_qos_fps(&q, now), 7);
	hws_qos_sample(&q, 3, 0, true);
	ck_assert_uint_le(hws_qos_fps(&q, now), 2);
	hws_qos_leave(&q, 3);
	ck_assert_uint_eq(hws_qos_fps(&q, now), 30);
}
END_TEST

START_TEST(the_ratio_falls_with_delay_and_rises_only_while_pictures_flow)
{
	double before = q.ratio;

	samples(0, 20, 12);
	samples(0, 600, 3);
	now += 3 * HWS_US_PER_S;
	ck_assert(hws_qos_judge(&q, 2073, now));
	ck_assert(q.ratio < before);
	ck_assert(!hws_qos_judge(&q, 2073, now + 1)); /* at most every 3 s */
	for (int i = 0; i < 40; i++) {
		now += 3 * HWS_US_PER_S;
		hws_qos_judge(&q, 2073, now);
	}
	ck_assert(q.ratio >= 0.335); /* the floor of "balanced" */
	double low = q.ratio;
	samples(0, 20, 3);
	now += 3 * HWS_US_PER_S;
	ck_assert(!hws_qos_judge(&q, 2073, now));
	for (int i = 0; i < 40; i++) {
		for (int k = 0; k < 6; k++)
			hws_qos_sent(&q);
		now += 3 * HWS_US_PER_S;
		hws_qos_judge(&q, 2073, now);
	}
	ck_assert(q.ratio > low);
	ck_assert(q.ratio <= q.target);
}
END_TEST

START_TEST(wishes_of_the_wire_become_ratios_and_quantisers)
{
	double r = 0;

	ck_assert(!hws_qos_ratio_from_custom(0, &r));
	ck_assert(!hws_qos_ratio_from_custom(-5, &r));
	ck_assert(hws_qos_ratio_from_custom(50 << 8, &r));
	ck_assert_double_eq_tol(r, 1.0, 0.001);
	ck_assert(hws_qos_ratio_from_custom(1 << 8, &r));
	ck_assert_double_eq_tol(r, 0.2, 0.001);
	ck_assert(hws_qos_ratio_from_custom(INT32_MAX, &r));
	ck_assert(r <= 40);
	struct hws_quality low = hws_quality_of(0.5, 2073), best = hws_quality_of(1.5, 2073);
	ck_assert_uint_gt(best.bitrate_kbit_s, low.bitrate_kbit_s);
	ck_assert_uint_lt(best.q_min, low.q_min);
	ck_assert_uint_lt(best.q_max, low.q_max);
	struct hws_quality top = hws_quality_of(40, 12000);
	ck_assert_uint_eq(top.q_min, 0);
	ck_assert_uint_le(top.q_max, 63);
}
END_TEST

Suite *quality_suite(void)
{
	Suite *s = suite_create("services/video/quality");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, base_bitrates_are_those_of_the_table);
	tcase_add_test(t, the_first_second_is_slow_then_a_good_link_gets_full_speed);
	tcase_add_test(t, delay_slows_down_and_recovery_speeds_up);
	tcase_add_test(t, distance_is_not_delay);
	tcase_add_test(t, the_slowest_viewer_sets_the_pace_and_a_late_one_brakes);
	tcase_add_test(t, the_ratio_falls_with_delay_and_rises_only_while_pictures_flow);
	tcase_add_test(t, wishes_of_the_wire_become_ratios_and_quantisers);
	suite_add_tcase(s, t);
	return s;
}
