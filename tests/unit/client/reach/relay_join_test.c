/* How long a viewer's leg at the relay waits for the host. */
#include "client/reach/relay_join.h"
#include <check.h>
#include <stdint.h>

START_TEST(silence_at_the_relay_is_judged_by_how_near_the_host_is)
{
	/* a host next door that has not come after two seconds will not come */
	ck_assert_uint_eq(hws_relay_join_patience(20000, false), 2000000);
	ck_assert_uint_eq(hws_relay_join_patience(0, false), 2000000);
	/* one at the other end of a satellite gets its time */
	ck_assert_uint_eq(hws_relay_join_patience(900000, false), 3600000);
	ck_assert_uint_eq(hws_relay_join_patience(60000000, false), 6000000);
	ck_assert_uint_eq(hws_relay_join_patience(UINT64_MAX, false), 6000000);
	/* the last pair is waited for as long as any host may need */
	ck_assert_uint_eq(hws_relay_join_patience(20000, true), 6000000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client/reach/relay_join");
	TCase *t = tcase_create("relay_join");
	SRunner *r;
	int failed;

	tcase_add_test(t, silence_at_the_relay_is_judged_by_how_near_the_host_is);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
