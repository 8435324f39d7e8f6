/* host/gate_probe: the book of probes and what it makes of answers, also of nonsense. */
#include "client/host/gate_probe.h"
#include "shared/base/clock.h"
#include <check.h>

static struct hws_probes p;

static void setup(void)
{
	p = (struct hws_probes){ 0 };
}

START_TEST(an_answer_confirms_all_that_was_sent_before_its_probe)
{
	ck_assert(!hws_probes_passed(&p, 4000, 1000));
	ck_assert(hws_probes_passed(&p, 4000, 2000));
	int64_t one = hws_probes_add(&p, 2100);
	ck_assert(hws_probes_passed(&p, 9000, 3000));
	int64_t two = hws_probes_add(&p, 3000);
	ck_assert(hws_probes_answered(&p, one, 10000));
	ck_assert_uint_eq(p.last.delivered, 8000);
	ck_assert_uint_eq(p.last.first_us, 1000);
	ck_assert_uint_eq(p.last.rtt_us, 7900);
	ck_assert(hws_probes_answered(&p, two, 12000));
	ck_assert_uint_eq(p.last.delivered, 17000);
	ck_assert_uint_eq(p.last.first_us, 3000);
	ck_assert(!hws_probes_answered(&p, two, 13000)); /* none is out */
	ck_assert_uint_eq(p.last.delivered, 17000);
}
END_TEST

START_TEST(an_answer_confirms_the_probes_before_it_too)
{
	for (uint64_t i = 1; i <= 3; i++) {
		hws_probes_passed(&p, 5000, i * 1000);
		hws_probes_add(&p, i * 1000);
	}
	ck_assert(hws_probes_answered(&p, 1, 9000)); /* the second */
	ck_assert_uint_eq(p.last.delivered, 10000);
	ck_assert_uint_eq(p.last.first_us, 1000);
	ck_assert_uint_eq(p.count, 1);
	ck_assert(hws_probes_answered(&p, -77, 9500)); /* a viewer that changes it: the oldest */
	ck_assert_uint_eq(p.last.delivered, 15000);
}
END_TEST

START_TEST(the_book_is_bounded)
{
	for (unsigned i = 0; i < HWS_PROBES_MAX; i++) {
		ck_assert(hws_probes_passed(&p, 5000, i));
		hws_probes_add(&p, i);
	}
	ck_assert(!hws_probes_passed(&p, 5000000, 100));
	ck_assert(hws_probes_answered(&p, HWS_PROBES_MAX - 1, 200));
	ck_assert_uint_eq(p.last.delivered, 5000 * HWS_PROBES_MAX);
	ck_assert(hws_probes_passed(
			&p, 1, 300)); /* what was not followed by one still waits for it */
	hws_probes_add(&p, 300);
	hws_probes_answered(&p, HWS_PROBES_MAX, 400);
	ck_assert_uint_eq(p.last.first_us, 100);
}
END_TEST

START_TEST(what_was_sent_one_by_one_says_nothing_about_speed)
{
	for (unsigned i = 1; i <= 5; i++)
		hws_probes_passed(&p, 500, i * 100000);
	hws_probes_add(&p, 1000000);
	hws_probes_answered(&p, 0, 1001000);
	ck_assert_uint_eq(p.last.delivered, 2500);
	ck_assert_uint_eq(p.last.first_us, 0);
	hws_probes_passed(&p, 500, 1100000); /* a character, later a page */
	hws_probes_passed(&p, 50000, 1900000);
	hws_probes_add(&p, 1900000);
	hws_probes_answered(&p, 1, 1950000);
	ck_assert_uint_eq(p.last.first_us, 1900000);
}
END_TEST

START_TEST(an_unanswered_probe_makes_the_round_trip_longer)
{
	ck_assert_uint_eq(hws_probes_rtt_ms(&p, 5), 0);
	hws_probes_add(&p, 1000);
	ck_assert_uint_eq(hws_probes_rtt_ms(&p, 1500), 0);
	hws_probes_answered(&p, 0, 1500);
	ck_assert_uint_eq(hws_probes_rtt_ms(&p, 1500), 1); /* 0 would be "unknown" */
	hws_probes_add(&p, 10000);
	ck_assert_uint_eq(hws_probes_rtt_ms(&p, 7010000), 7000);
	ck_assert_uint_eq(hws_probes_waiting_us(&p, 7010000), 7 * HWS_US_PER_S);
	hws_probes_answered(&p, 1, 7010000);
	ck_assert_uint_eq(hws_probes_rtt_ms(&p, 8000000), 7000);
	ck_assert_uint_eq(hws_probes_waiting_us(&p, 8000000), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/gate_probe");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, an_answer_confirms_all_that_was_sent_before_its_probe);
	tcase_add_test(t, an_answer_confirms_the_probes_before_it_too);
	tcase_add_test(t, the_book_is_bounded);
	tcase_add_test(t, what_was_sent_one_by_one_says_nothing_about_speed);
	tcase_add_test(t, an_unanswered_probe_makes_the_round_trip_longer);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
