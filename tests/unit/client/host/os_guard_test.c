/* The waits between wrong passwords of the system's accounts, as the protocol has them. */
#include "client/host/os_guard.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"

static struct hws_os_guard g;
static uint64_t now;
static char text[HWS_OS_GUARD_TEXT];

static void setup(void)
{
	hws_os_guard_init(&g);
	now = 1000 * HWS_US_PER_S;
}

static int try(const char *user, bool good)
{
	int r = hws_os_guard_begin(&g, user, now, text, sizeof(text));

	if (r == HWS_OK)
		hws_os_guard_ended(&g, user, good, now);
	return r;
}

START_TEST(the_third_wrong_one_makes_wait_and_each_twice_as_long)
{
	static const unsigned waits[] = { 0, 0, 15, 30, 60, 120, 240, 480, 960, 1800, 1800 };

	for (size_t i = 0; i < HWS_COUNT(waits); i++) {
		ck_assert_int_eq(try("ann", false), HWS_OK);
		if (!waits[i])
			continue;
		char want[HWS_OS_GUARD_TEXT];
		ck_assert_int_eq(hws_fmt(want, sizeof(want), "Please try again in %u second(s).",
						 waits[i]),
				HWS_OK);
		ck_assert_int_eq(try("ann", true), HWS_ERR_AGAIN);
		ck_assert_str_eq(text, want);
		now += waits[i] * HWS_US_PER_S - 1;
		ck_assert_int_eq(try("ann", true), HWS_ERR_AGAIN);
		now++;
	}
}
END_TEST

START_TEST(a_right_one_and_an_hour_forget)
{
	try("ann", false);
	try("ann", false);
	ck_assert_int_eq(try("ann", true), HWS_OK);
	for (unsigned i = 0; i < 2; i++)
		try("ann", false);
	now += 3601 * HWS_US_PER_S;
	ck_assert_int_eq(try("ann", false), HWS_OK);
	ck_assert_int_eq(try("ann", false), HWS_OK);
}
END_TEST

/* A place may be shared, but not by many of those that are asked for at random. */
START_TEST(one_account_does_not_keep_all_others_out)
{
	unsigned out = 0;

	for (unsigned i = 0; i < 12; i++) {
		try("ann", false);
		now += 1800 * HWS_US_PER_S;
	}
	try("ann", false);
	for (unsigned i = 0; i < 100; i++) {
		char user[16];
		ck_assert_int_eq(hws_fmt(user, sizeof(user), "user%u", i), HWS_OK);
		out += try(user, true) != HWS_OK;
	}
	ck_assert_uint_lt(out, 10);
}
END_TEST

START_TEST(few_checks_run_at_once)
{
	for (unsigned i = 0; i < HWS_OS_GUARD_CHECKS; i++)
		ck_assert_int_eq(hws_os_guard_begin(&g, "ann", now, text, sizeof(text)), HWS_OK);
	ck_assert_int_eq(hws_os_guard_begin(&g, "bob", now, text, sizeof(text)), HWS_ERR_AGAIN);
	ck_assert_str_eq(text, "Please try 1 minute later");
	hws_os_guard_ended(&g, "ann", true, now);
	ck_assert_int_eq(hws_os_guard_begin(&g, "bob", now, text, sizeof(text)), HWS_OK);
}
END_TEST

int main(void)
{
	return test_main("host/os_guard", 30, setup, NULL,
			TESTS(the_third_wrong_one_makes_wait_and_each_twice_as_long,
					a_right_one_and_an_hour_forget,
					one_account_does_not_keep_all_others_out,
					few_checks_run_at_once));
}
