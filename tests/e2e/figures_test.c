/* What a session costs is shown at both of its ends; and it stays of use on a line of 50 kbit/s.
 * Real processes, a real X desktop. */
#include "shared/base/macros.h"
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include "tests/support/suite.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NARROW 6250 /* bytes a second */
#define CHANGES 8

static struct test_stack stack;
static struct test_viewer viewer;
static struct test_proc painter;

/* Something changes all the time. */
static void paint(const char *pause_s)
{
	const char *const xterm[] = { "/usr/bin/xterm", "-geometry", "30x4+600+400", "-e",
		"/bin/sh", "-c", "while :; do date +%N; sleep \"$0\"; done", pause_s, NULL };

	test_proc_start(&painter, xterm, stack.envp);
}

static void tear_down(void)
{
	if (viewer.session)
		test_viewer_close(&viewer);
	test_proc_stop(&painter);
	test_stack_stop(&stack);
}

static bool steps_are_known(struct test_viewer *v HWS_UNUSED)
{
	struct hawser_stats st = HAWSER_STATS_INIT;

	return hawser_session_stats(viewer.session, &st) == 0 && st.capture_us && st.encode_us &&
			st.network_us && st.decode_us;
}

static bool frame_is_shown(struct test_viewer *v)
{
	struct hawser_frame f = HAWSER_FRAME_INIT;
	struct hawser_stats st = HAWSER_STATS_INIT;

	if (hawser_session_lock_frame(v->session, 0, &f) == 0) {
		hawser_session_unlock_frame(v->session, 0);
		hawser_session_shown(v->session, 0, f.number);
	}
	return hawser_session_stats(v->session, &st) == 0 && st.present_us;
}

static void look_at_status(void)
{
	char state[300];
	const char *json[] = { test_bin("client/host/hawser-host"), "status", "--state-dir", state,
		"--json", NULL };
	const char *text[] = { json[0], "status", "--state-dir", state, NULL };
	char *out = NULL;

	snprintf(state, sizeof(state), "%s/host", stack.dir);
	ck_assert_int_eq(test_run(json, stack.envp, &out), 0);
	ck_assert_msg(strstr(out, "\"encode_us\"") && strstr(out, "\"network_us\""), "%s", out);
	free(out);
	ck_assert_int_eq(test_run(text, stack.envp, &out), 0);
	ck_assert_msg(strstr(out, "pictures: capture ") != NULL, "%s", out);
	free(out);
}

START_TEST(both_ends_show_what_a_picture_takes)
{
	struct test_viewer_conf conf = { .target = NULL };

	test_stack_start(&stack, 0);
	paint("0.1");
	conf.target = stack.target;
	conf.password = stack.password;
	test_viewer_open(&viewer, &conf);
	test_viewer_must_show(&viewer, TEST_PATIENCE_MS);
	ck_assert_msg(test_viewer_until(&viewer, steps_are_known, TEST_PATIENCE_MS),
			"the host does not tell its steps");
	ck_assert_msg(test_viewer_until(&viewer, frame_is_shown, TEST_PATIENCE_MS),
			"what was shown is not noted");
	look_at_status();
	tear_down();
}
END_TEST

static bool one_more(struct test_viewer *v)
{
	static unsigned seen;

	if (v->frames == seen)
		return false;
	seen = v->frames;
	return true;
}

static bool line_typed(struct test_viewer *v HWS_UNUSED)
{
	char text[256];

	test_read_file(stack.typed, text, sizeof(text));
	return text[0] != '\0';
}

/* Nothing is measured here, only that it goes on: bench media has the figures. */
START_TEST(over_50_kbit_keys_arrive_and_the_picture_moves)
{
	struct test_viewer_conf conf = { .target = NULL };
	struct test_proxy proxy;
	char target[40];

	test_stack_start(&stack, STACK_TERMINAL);
	paint("0.2");
	test_proxy_start_narrow(&proxy, stack.direct_port);
	test_proxy_limit(&proxy, NARROW);
	snprintf(target, sizeof(target), "127.0.0.1:%u", proxy.port);
	conf.target = target;
	conf.password = stack.password;
	test_viewer_open(&viewer, &conf);
	test_viewer_must_show(&viewer, TEST_PATIENCE_MS);
	for (unsigned i = 0; i < CHANGES; i++)
		ck_assert_msg(test_viewer_until(&viewer, one_more, TEST_PATIENCE_MS),
				"the picture stands after %u changes", i);
	ck_assert_int_eq(hawser_session_mouse_move(viewer.session, 0, 200, 150), 0);
	ck_assert_int_eq(hawser_session_mouse_button(viewer.session, HAWSER_BUTTON_LEFT, true), 0);
	ck_assert_int_eq(hawser_session_mouse_button(viewer.session, HAWSER_BUTTON_LEFT, false), 0);
	ck_assert_int_eq(hawser_session_type_text(viewer.session, "narrow"), 0);
	ck_assert_int_eq(hawser_session_key(viewer.session, 28, true, 0, '\r'), 0); /* KEY_ENTER */
	ck_assert_int_eq(hawser_session_key(viewer.session, 28, false, 0, '\r'), 0);
	ck_assert_msg(test_viewer_until(&viewer, line_typed, TEST_PATIENCE_MS),
			"what was typed did not arrive");
	tear_down();
	test_proxy_stop(&proxy);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("e2e/figures");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, both_ends_show_what_a_picture_takes);
	tcase_add_test(t, over_50_kbit_keys_arrive_and_the_picture_moves);
	suite_add_tcase(s, t);
	return test_suite_run(s);
}
