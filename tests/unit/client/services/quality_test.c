/* video/quality: arithmetic with time and delays from outside. */
#include "client/media/coarseness.h"
#include "client/services/video/quality.h"
#include "host_desk.h"
#include "shared/base/clock.h"

static struct hws_qos q;
static uint64_t now;

static void setup(void)
{
	now = 1000000;
	hws_qos_init(&q);
	hws_qos_join(&q, 0, now);
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

START_TEST(the_first_second_is_slow_then_the_viewers_wish_counts)
{
	ck_assert_uint_eq(hws_qos_fps(&q, ~0u, now), 15);
	now += HWS_US_PER_S;
	ck_assert_uint_eq(hws_qos_fps(&q, ~0u, now), 30);
	hws_qos_set_fps(&q, 0, 60);
	ck_assert_uint_eq(hws_qos_fps(&q, ~0u, now), 60);
	hws_qos_set_fps(&q, 0, 500); /* nonsense is ignored */
	ck_assert_uint_eq(hws_qos_fps(&q, ~0u, now), 60);
	hws_qos_set_auto_fps(&q, 0, 12);
	ck_assert_uint_eq(hws_qos_fps(&q, ~0u, now), 12);
}
END_TEST

START_TEST(the_slowest_wish_sets_the_pace_and_a_late_viewer_brakes)
{
	hws_qos_join(&q, 3, now);
	now += HWS_US_PER_S;
	hws_qos_set_fps(&q, 3, 7);
	ck_assert_uint_eq(hws_qos_fps(&q, ~0u, now), 7);
	ck_assert_uint_eq(hws_qos_fps(&q, 1u, now), 30); /* of those who share */
	ck_assert_uint_eq(hws_qos_fps(&q, 1u << 3, now), 7);
	hws_qos_late(&q, 3, true);
	ck_assert_uint_le(hws_qos_fps(&q, ~0u, now), 2);
	hws_qos_leave(&q, 3);
	ck_assert_uint_eq(hws_qos_fps(&q, ~0u, now), 30);
}
END_TEST

START_TEST(each_viewer_has_a_quality_of_its_own)
{
	hws_qos_join(&q, 3, now);
	ck_assert_double_lt(hws_qos_distance(&q, 0, 3), 1e-9);
	hws_qos_set_ratio(&q, 3, HWS_RATIO_BEST);
	ck_assert_double_gt(hws_qos_distance(&q, 0, 3), 0.1);
	ck_assert_double_eq_tol(hws_qos_ratio(&q, 1u << 3), HWS_RATIO_BEST, 1e-9);
	ck_assert_double_eq_tol(hws_qos_ratio(&q, 1u), HWS_RATIO_BALANCED, 1e-9);
	ck_assert_double_eq_tol(hws_qos_ratio(&q, ~0u), HWS_RATIO_BALANCED, 1e-9);
	ck_assert_double_eq_tol(hws_qos_ratio(&q, 0), HWS_RATIO_BALANCED, 1e-9);
	hws_qos_set_ratio(&q, 3, HWS_RATIO_BALANCED);
	hws_qos_set_fps(&q, 0, 60);
	ck_assert_double_gt(hws_qos_distance(&q, 0, 3), 0.1);
	ck_assert_double_eq_tol(hws_qos_distance(&q, 0, 3), hws_qos_distance(&q, 3, 0), 1e-9);
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
	ck_assert_uint_lt(best.finest, low.finest);
	ck_assert_uint_lt(best.coarsest, low.coarsest);
	struct hws_quality top = hws_quality_of(40, 12000);
	ck_assert_uint_eq(top.finest, 0);
	ck_assert_uint_le(top.coarsest, HWS_COARSE_MAX);
}
END_TEST

/* What libvpx is asked for: the numbers of deployed hosts at the coarse end, our own at the fine
 * one. */
START_TEST(a_ratio_gives_libvpx_the_quantisers_it_always_had)
{
	static const struct hws_quantisers vpx = { .max = 63, .halving = 6 };

	for (unsigned percent = 20; percent <= 4000; percent += 1) {
		double ratio = percent / 100.0, t = (ratio < 2 ? ratio : 2) / 2;
		struct hws_quality asked = hws_quality_of(ratio, 1000);
		unsigned min, max;
		hws_quantisers_within(&vpx, asked.finest, asked.coarsest, &min, &max);
		ck_assert_uint_eq(min, (unsigned)(18 * (1 - t)));
		ck_assert_uint_eq(max, (unsigned)(56 - 19 * t));
	}
}
END_TEST

Suite *quality_suite(void)
{
	Suite *s = suite_create("services/video/quality");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, base_bitrates_are_those_of_the_table);
	tcase_add_test(t, the_first_second_is_slow_then_the_viewers_wish_counts);
	tcase_add_test(t, the_slowest_wish_sets_the_pace_and_a_late_viewer_brakes);
	tcase_add_test(t, each_viewer_has_a_quality_of_its_own);
	tcase_add_test(t, wishes_of_the_wire_become_ratios_and_quantisers);
	tcase_add_test(t, a_ratio_gives_libvpx_the_quantisers_it_always_had);
	suite_add_tcase(s, t);
	return s;
}
