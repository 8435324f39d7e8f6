/* host/launch_grants: what a checked password is good for, how long, and for how many. */
#include "client/host/launch_grants.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static struct hws_launch_grants g;

static void setup(void)
{
	memset(&g, 0, sizeof(g));
}

START_TEST(a_grant_is_for_one_account_and_ends)
{
	ck_assert(!hws_launch_grants_has(&g, "ann", 1));
	hws_launch_grants_add(&g, "ann", 1);
	ck_assert(hws_launch_grants_has(&g, "ann", 2));
	ck_assert(!hws_launch_grants_has(&g, "an", 2));
	ck_assert(!hws_launch_grants_has(&g, "", 2));
	ck_assert(!hws_launch_grants_has(&g, "ann", 1 + HWS_LAUNCH_GRANT_US));
	hws_launch_grants_add(&g, "", 1);
	ck_assert(!hws_launch_grants_has(&g, "", 2));
}
END_TEST

START_TEST(what_runs_keeps_it_for_a_day)
{
	uint64_t now = 1;

	hws_launch_grants_add(&g, "ann", now);
	for (; now < HWS_LAUNCH_GRANT_MOST_US; now += HWS_LAUNCH_GRANT_US / 2) {
		ck_assert(hws_launch_grants_has(&g, "ann", now));
		hws_launch_grants_use(&g, "ann", now);
	}
	hws_launch_grants_use(&g, "ann", now);
	ck_assert(!hws_launch_grants_has(&g, "ann", 1 + HWS_LAUNCH_GRANT_MOST_US));
	hws_launch_grants_use(&g, "bob", now); /* has none, and gets none */
	ck_assert(!hws_launch_grants_has(&g, "bob", now));
}
END_TEST

START_TEST(the_oldest_gives_way)
{
	char name[HWS_LAUNCH_ACCOUNT_MAX + 20];

	for (unsigned i = 0; i <= HWS_LAUNCH_GRANTS_MAX; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		hws_launch_grants_add(&g, name, 1 + i);
	}
	ck_assert(!hws_launch_grants_has(&g, "u0", 100));
	ck_assert(hws_launch_grants_has(&g, "u1", 100));
	ck_assert(hws_launch_grants_has(&g, name, 100));
	/* again the same takes no second place */
	hws_launch_grants_add(&g, "u1", 200);
	ck_assert(hws_launch_grants_has(&g, "u2", 200));
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	hws_launch_grants_add(&g, name, 200);
	ck_assert(!hws_launch_grants_has(&g, name, 200));
}
END_TEST

int main(void)
{
	return test_main("host/launch_grants", 20, setup, NULL,
			TESTS(a_grant_is_for_one_account_and_ends, what_runs_keeps_it_for_a_day,
					the_oldest_gives_way));
}
