/* When another way is looked for: soon, then ever less often, at once in need, and never where it
 * cannot help. */
#include "client/reach/path_plan.h"
#include "tests/support/suite.h"
#include <check.h>

#define S 1000000ull
#define MIDDLE 512 /* the jitter that changes nothing */

static struct hws_path_plan p;

static void setup(void)
{
	p = (struct hws_path_plan){ 0 };
}

static void stands(bool relayed, enum hws_indirect why, uint64_t now)
{
	hws_path_plan_stands(&p, relayed, why, now, MIDDLE);
}

START_TEST(a_relayed_session_looks_again_ever_less_often)
{
	static const unsigned wait_s[] = { 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 };
	uint64_t now = 100 * S;

	stands(true, HWS_INDIRECT_SILENT, now);
	for (unsigned i = 0; i < HWS_COUNT(wait_s); i++) {
		ck_assert_uint_eq(hws_path_plan_due(&p), now + wait_s[i] * S);
		ck_assert_int_eq(hws_path_plan_step(&p, now + wait_s[i] * S - 1), HWS_PLAN_NOTHING);
		now += wait_s[i] * S;
		ck_assert_int_eq(hws_path_plan_step(&p, now), HWS_PLAN_BETTER);
		ck_assert_int_eq(hws_path_plan_step(&p, now), HWS_PLAN_NOTHING);
		ck_assert_uint_eq(hws_path_plan_due(&p), UINT64_MAX);
		hws_path_plan_over(&p, HWS_INDIRECT_REFUSED, now, MIDDLE);
	}
	ck_assert_int_eq(p.why, HWS_INDIRECT_REFUSED);
}
END_TEST

START_TEST(the_moments_are_scattered)
{
	for (uint32_t jitter = 0; jitter < 5000; jitter += 7) {
		setup();
		hws_path_plan_stands(&p, true, HWS_INDIRECT_SILENT, S, jitter);
		ck_assert_uint_ge(hws_path_plan_due(&p), S + 2 * S * 3 / 4);
		ck_assert_uint_le(hws_path_plan_due(&p), S + 2 * S * 5 / 4);
	}
}
END_TEST

START_TEST(what_will_not_change_is_not_tried)
{
	static const enum hws_indirect settled[] = { HWS_INDIRECT_VIEWER, HWS_INDIRECT_NETWORK,
		HWS_INDIRECT_HOST_POLICY, HWS_INDIRECT_HOST_NETWORK, HWS_INDIRECT_SERVER_POLICY };

	for (unsigned i = 0; i < HWS_COUNT(settled); i++) {
		stands(true, settled[i], S);
		ck_assert_uint_eq(hws_path_plan_due(&p), UINT64_MAX);
	}
	stands(false, HWS_INDIRECT_NO, S); /* nothing is better */
	ck_assert_uint_eq(hws_path_plan_due(&p), UINT64_MAX);
	p.keep = true;
	stands(true, HWS_INDIRECT_SILENT, S);
	ck_assert_uint_eq(hws_path_plan_due(&p), UINT64_MAX);
}
END_TEST

/* By IPv6 there may be a way all the same, which the relay was before. */
START_TEST(between_two_symmetric_nats_one_look_is_enough)
{
	stands(true, HWS_INDIRECT_SYMMETRIC_BOTH, S);
	ck_assert_int_eq(hws_path_plan_step(&p, S + HWS_PLAN_FIRST_US), HWS_PLAN_BETTER);
	hws_path_plan_over(&p, HWS_INDIRECT_SYMMETRIC_BOTH, 9 * S, MIDDLE);
	ck_assert_uint_eq(hws_path_plan_due(&p), 9 * S + HWS_PLAN_RARE_US);
}
END_TEST

START_TEST(a_policy_that_is_heard_of_ends_the_search)
{
	stands(true, HWS_INDIRECT_SILENT, S);
	ck_assert_int_eq(hws_path_plan_step(&p, 9 * S), HWS_PLAN_BETTER);
	hws_path_plan_over(&p, HWS_INDIRECT_HOST_POLICY, 9 * S, MIDDLE);
	ck_assert_uint_eq(hws_path_plan_due(&p), UINT64_MAX);
}
END_TEST

START_TEST(a_silent_way_is_replaced_at_once_and_again_until_one_stands)
{
	static const unsigned wait_ms[] = { 500, 1000, 2000, 4000, 4000 };
	uint64_t now = 50 * S;

	stands(false, HWS_INDIRECT_NO, S);
	hws_path_plan_silent(&p, now - S, 2 * S);
	ck_assert_uint_eq(hws_path_plan_due(&p), now + S);
	hws_path_plan_silent(&p, now, 0); /* and now it is dead */
	ck_assert_int_eq(hws_path_plan_step(&p, now), HWS_PLAN_ANY);
	for (unsigned i = 0; i < HWS_COUNT(wait_ms); i++) {
		hws_path_plan_over(&p, HWS_INDIRECT_FAILED, now, MIDDLE);
		now += wait_ms[i] * 1000ull;
		ck_assert_uint_eq(hws_path_plan_due(&p), now);
		ck_assert_int_eq(hws_path_plan_step(&p, now), HWS_PLAN_ANY);
	}
	stands(true, HWS_INDIRECT_SLOW, now);
	ck_assert(!p.in_need);
	/* once fallen, it waits a little longer before it goes there again */
	ck_assert_uint_eq(hws_path_plan_due(&p), now + 4 * S);
}
END_TEST

START_TEST(a_way_that_falls_is_tried_later_until_one_has_stood)
{
	static const struct {
		unsigned stood_s, wait_s;
	} falls[] = { { 1, 4 }, { 20, 8 }, { 299, 16 }, { 300, 4 }, { 3, 8 }, { 4000, 4 } };
	uint64_t now = 100 * S;

	for (unsigned i = 0; i < HWS_COUNT(falls); i++) {
		stands(false, HWS_INDIRECT_NO, now);
		ck_assert_uint_eq(hws_path_plan_due(&p), UINT64_MAX);
		now += falls[i].stood_s * S / 2;
		stands(false, HWS_INDIRECT_NO, now); /* over another one, it is as direct */
		now += falls[i].stood_s * S / 2;
		stands(true, HWS_INDIRECT_SILENT, now);
		ck_assert_uint_eq(hws_path_plan_due(&p), now + falls[i].wait_s * S);
		now += falls[i].wait_s * S;
		ck_assert_int_eq(hws_path_plan_step(&p, now), HWS_PLAN_BETTER);
	}
}
END_TEST

START_TEST(a_false_alarm_changes_nothing)
{
	stands(true, HWS_INDIRECT_SILENT, S);
	hws_path_plan_silent(&p, 2 * S, 0);
	hws_path_plan_answers(&p, 2 * S, MIDDLE);
	ck_assert_uint_eq(hws_path_plan_due(&p), 4 * S);
	stands(false, HWS_INDIRECT_NO, S);
	hws_path_plan_silent(&p, 2 * S, 0);
	ck_assert_int_eq(hws_path_plan_step(&p, 2 * S), HWS_PLAN_ANY);
	hws_path_plan_answers(&p, 2 * S, MIDDLE);
	hws_path_plan_over(&p, HWS_INDIRECT_SILENT, 3 * S, MIDDLE);
	ck_assert_uint_eq(hws_path_plan_due(&p), UINT64_MAX);
}
END_TEST

START_TEST(in_another_network_all_is_tried_anew)
{
	stands(true, HWS_INDIRECT_NETWORK, S);
	hws_path_plan_moved(&p, 5 * S, 250000);
	ck_assert_uint_eq(hws_path_plan_due(&p), 5 * S + 250000);
	hws_path_plan_answers(&p, 5 * S + 100000, MIDDLE); /* the way survived it */
	ck_assert_uint_eq(hws_path_plan_due(&p), 7 * S + 100000);
	ck_assert_int_eq(hws_path_plan_step(&p, 8 * S), HWS_PLAN_BETTER);
	/* while one is looked for the network changes once more */
	hws_path_plan_moved(&p, 9 * S, 0);
	hws_path_plan_over(&p, HWS_INDIRECT_SILENT, 9 * S, MIDDLE);
	ck_assert_int_eq(hws_path_plan_step(&p, 9 * S), HWS_PLAN_ANY);
	hws_path_plan_over(&p, HWS_INDIRECT_FAILED, 9 * S, MIDDLE);
	/* what the user wants stays so in any network */
	stands(true, HWS_INDIRECT_VIEWER, S);
	hws_path_plan_moved(&p, 10 * S, 0);
	hws_path_plan_answers(&p, 10 * S, MIDDLE);
	ck_assert_uint_eq(hws_path_plan_due(&p), UINT64_MAX);
}
END_TEST

START_TEST(one_that_falls_again_and_again_is_left_alone_for_longer)
{
	uint64_t now = S;

	stands(true, HWS_INDIRECT_SILENT, now);
	for (unsigned falls = 0; falls < 12; falls++) {
		uint64_t wait = HWS_MIN(2 * S << falls, 300 * S);

		ck_assert_uint_eq(hws_path_plan_due(&p), now + wait);
		now += wait;
		ck_assert_int_eq(hws_path_plan_step(&p, now), HWS_PLAN_BETTER);
		stands(false, HWS_INDIRECT_NO, now);
		hws_path_plan_silent(&p, now, 0);
		ck_assert_int_eq(hws_path_plan_step(&p, now), HWS_PLAN_ANY);
		stands(true, HWS_INDIRECT_SILENT, now);
	}
	hws_path_plan_moved(&p, now, 0);
	ck_assert_int_eq(hws_path_plan_step(&p, now), HWS_PLAN_ANY);
	stands(true, HWS_INDIRECT_SILENT, now);
	ck_assert_uint_eq(hws_path_plan_due(&p), now + 2 * S);
}
END_TEST

int main(void)
{
	return test_main("path_plan", 30, setup, NULL,
			TESTS(a_relayed_session_looks_again_ever_less_often,
					the_moments_are_scattered,
					what_will_not_change_is_not_tried,
					between_two_symmetric_nats_one_look_is_enough,
					a_policy_that_is_heard_of_ends_the_search,
					a_silent_way_is_replaced_at_once_and_again_until_one_stands,
					a_way_that_falls_is_tried_later_until_one_has_stood,
					a_false_alarm_changes_nothing,
					in_another_network_all_is_tried_anew,
					one_that_falls_again_and_again_is_left_alone_for_longer));
}
