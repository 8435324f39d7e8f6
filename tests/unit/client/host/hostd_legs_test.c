/* host/hostd_legs: a gate that fell into foreign hands says again and again where its session
 * goes. */
#include "client/host/hostd.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "tests/support/suite.h"
#include <check.h>
#include <string.h>
#include <unistd.h>

static struct hws_hostd hostd;
static struct hws_host_session session;
static int log_pipe[2];

static void set_up(void)
{
	ck_assert_int_eq(pipe(log_pipe), 0);
	hws_log_setup("test", HWS_LOG_TEXT, log_pipe[1]);
	hostd = (struct hws_hostd){ 0 };
	hws_list_init(&hostd.sessions);
	session = (struct hws_host_session){ .conn = 3, .shown = true, .via = "direct" };
	session.leg.first_via = "direct";
	ck_assert_int_eq(hws_addr_parse("192.0.2.1:4000", 0, &session.from), HWS_OK);
	ck_assert_int_eq(
			hws_str_copy(session.peer, sizeof(session.peer), "192.0.2.1:4000"), HWS_OK);
}

static void tear_down(void)
{
	close(log_pipe[0]);
	close(log_pipe[1]);
}

static unsigned lines(void)
{
	char text[65536];
	unsigned count = 0;
	ssize_t n;

	hws_info("test.end", HWS_U64("conn", 0));
	n = read(log_pipe[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	for (const char *at = text; (at = strstr(at, "session.path")); at++)
		count++;
	return count;
}

START_TEST(a_session_that_stays_is_not_told_of_again)
{
	const Agt__LegUp up = AGT__LEG_UP__INIT;

	for (int i = 0; i < 100; i++)
		hws_hostd_leg_up(&session, &up, &hostd);
	ck_assert_uint_eq(lines(), 0);
	ck_assert_str_eq(session.via, "direct");
}
END_TEST

START_TEST(one_that_comes_back_to_its_first_connection_is_told_of_once)
{
	const Agt__LegUp up = AGT__LEG_UP__INIT;

	session.leg.on = 7;
	session.via = "relay";
	for (int i = 0; i < 100; i++)
		hws_hostd_leg_up(&session, &up, &hostd);
	ck_assert_uint_eq(lines(), 1);
	ck_assert_str_eq(session.via, "direct");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client/host/hostd_legs");
	TCase *t = test_case(s, "hostd_legs", 60, TESTS_NONE);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_session_that_stays_is_not_told_of_again);
	tcase_add_test(t, one_that_comes_back_to_its_first_connection_is_told_of_once);
	return test_suite_run(s);
}
