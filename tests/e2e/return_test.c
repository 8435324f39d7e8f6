/* Getting in, and back in after the network, the desktop or the host failed for a while: real
 * processes, libhawser as the viewer, one-time passwords. */
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define SHOW_MS TEST_PATIENCE_MS

static struct test_stack stack;
static struct test_viewer viewer;

/* Asked at once, answered at once: neither waits for what the host says about the login without a
 * password that came first. */
START_TEST(an_answer_given_inside_the_question_lets_in)
{
	struct test_viewer_conf conf;
	char used[sizeof(stack.password)] = "";

	test_stack_start(&stack, 0);
	for (int i = 0; i < 8; i++) {
		/* the host sees a moment later than we that a session is over */
		do
			test_stack_ask_host(
					&stack, "password", stack.password, sizeof(stack.password));
		while (strcmp(stack.password, used) == 0);
		snprintf(used, sizeof(used), "%s", stack.password);
		conf = (struct test_viewer_conf){ .target = stack.target,
			.answer = stack.password };
		test_viewer_open(&viewer, &conf);
		test_viewer_must_show(&viewer, SHOW_MS);
		test_viewer_close(&viewer);
	}
	test_stack_stop(&stack);
}
END_TEST

/* By address, through a proxy that plays the network. */
static void open_by_proxy(struct test_proxy *proxy, char *target, size_t size)
{
	test_proxy_start(proxy, stack.direct_port);
	snprintf(target, size, "127.0.0.1:%u", proxy->port);
	test_viewer_open(&viewer,
			&(struct test_viewer_conf){ .target = target, .password = stack.password });
	test_viewer_must_show(&viewer, SHOW_MS);
}

static void finish(struct test_proxy *proxy)
{
	test_viewer_close(&viewer);
	test_proxy_stop(proxy);
	test_stack_stop(&stack);
}

static bool is_measured(struct test_viewer *v)
{
	return v->stats.rtt_ms > 0 && v->stats.silent_s == 0;
}

static bool is_silent(struct test_viewer *v)
{
	return v->silent_s >= 5 && v->stats.silent_s >= 5;
}

START_TEST(a_host_that_falls_silent_is_shown)
{
	struct test_proxy proxy;
	char target[40], text[60];

	test_stack_start(&stack, STACK_TERMINAL);
	open_by_proxy(&proxy, target, sizeof(target));
	ck_assert(test_viewer_until(&viewer, is_measured, SHOW_MS));
	test_proxy_set(&proxy, TEST_PROXY_HOLD);
	ck_assert(test_viewer_until(&viewer, is_silent, SHOW_MS));
	snprintf(text, sizeof(text), "not answering for %u s", viewer.silent_s);
	ck_assert_str_eq(viewer.state_text, text);
	ck_assert_int_eq(viewer.state, HAWSER_STATE_READY);
	ck_assert_uint_eq(viewer.stats.rtt_ms, 0);
	ck_assert_uint_eq(viewer.silences, 1);
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	ck_assert(test_viewer_until(&viewer, is_measured, SHOW_MS));
	ck_assert_uint_eq(viewer.silent_s, 0);
	ck_assert_str_eq(viewer.state_text, "connected");
	ck_assert(!viewer.closed);
	ck_assert_uint_eq(viewer.retries, 0);
	finish(&proxy);
}
END_TEST

static bool shows_again(struct test_viewer *v)
{
	return v->closed || (v->ready && v->frames > 0);
}

/* From now on; the password that let in is no longer the one shown there. */
static void must_show_again(unsigned timeout_ms)
{
	char now[32];

	ck_assert_msg(test_viewer_until(&viewer, shows_again, timeout_ms), "not back: %s",
			viewer.state_text);
	ck_assert_msg(!viewer.closed, "the session ended: %s", viewer.closed_text);
	test_stack_ask_host(&stack, "password", now, sizeof(now));
	ck_assert_str_ne(now, stack.password);
}

static bool tried_twice(struct test_viewer *v)
{
	return v->closed || v->retries >= 2;
}

START_TEST(a_session_outlives_a_restart_of_the_x_server)
{
	test_stack_start(&stack, STACK_OWN_SCREEN);
	test_viewer_open(&viewer,
			&(struct test_viewer_conf){
					.target = stack.target, .password = stack.password });
	test_viewer_must_show(&viewer, SHOW_MS);
	test_xvfb_kill(&stack.screen);
	/* Lost, and refused once because there is nothing to show. */
	ck_assert(test_viewer_until(&viewer, tried_twice, SHOW_MS));
	ck_assert_msg(!viewer.closed, "the session ended: %s", viewer.closed_text);
	viewer.ready = false;
	viewer.frames = 0;
	test_xvfb_again(&stack.screen, 1280, 720);
	must_show_again(60000);
	test_viewer_close(&viewer);
	test_stack_stop(&stack);
}
END_TEST

static bool is_lost(struct test_viewer *v)
{
	return v->closed || v->retries >= 1;
}

/* Long enough for both ends to give the link up. */
START_TEST(a_session_outlives_a_minute_without_a_network)
{
	struct test_proxy proxy;
	char target[40];

	test_stack_start(&stack, STACK_TERMINAL);
	open_by_proxy(&proxy, target, sizeof(target));
	test_proxy_set(&proxy, TEST_PROXY_HOLD);
	ck_assert(test_viewer_until(&viewer, is_lost, 60000));
	viewer.ready = false;
	viewer.frames = 0;
	test_proc_must_expect(&stack.host, "connection.closed", 60000);
	test_viewer_run(&viewer, 32000);
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	must_show_again(60000);
	finish(&proxy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/return");
	TCase *tc = tcase_create("return");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 200);
	tcase_add_test(tc, an_answer_given_inside_the_question_lets_in);
	tcase_add_test(tc, a_host_that_falls_silent_is_shown);
	tcase_add_test(tc, a_session_outlives_a_restart_of_the_x_server);
	tcase_add_test(tc, a_session_outlives_a_minute_without_a_network);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
