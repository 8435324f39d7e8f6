/* The suite end to end: real processes, a real X desktop, libhawser as the viewer. */
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOW_MS TEST_PATIENCE_MS

static struct test_stack stack;
static struct test_viewer viewer;

static struct test_viewer_conf as_stack(void)
{
	return (struct test_viewer_conf){
		.target = stack.target,
		.server = stack.flags & STACK_SERVERS ? stack.server : NULL,
		.key = stack.flags & STACK_SERVERS ? stack.key : NULL,
		.password = stack.password,
		.allow_insecure = !(stack.flags & STACK_SERVERS),
	};
}

static void open_and_show(void)
{
	struct test_viewer_conf conf = as_stack();

	test_viewer_open(&viewer, &conf);
	test_viewer_must_show(&viewer, SHOW_MS);
}

static void finish(void)
{
	test_viewer_close(&viewer);
	test_stack_stop(&stack);
}

/* Screenshot of the host's desktop by another program than ours. */
static void shoot_host(char *path, size_t size)
{
	const char *argv[] = { "/usr/bin/import", "-silent", "-window", "root", "-display",
		stack.screen.display, path, NULL };
	char *out = NULL;

	snprintf(path, size, "%s/host.png", stack.dir);
	ck_assert_msg(test_run(argv, stack.envp, &out) == 0, "import: %s", out);
	free(out);
}

/* The picture keeps getting better after a change: wait until it is as it should be. */
static bool looks_like_host(struct test_viewer *v)
{
	char png[300];

	shoot_host(png, sizeof(png));
	return test_viewer_similarity(v, png) > 0.95;
}

static void must_look_like_host(void)
{
	if (!test_viewer_until(&viewer, looks_like_host, SHOW_MS)) {
		char png[300];

		shoot_host(png, sizeof(png));
		ck_abort_msg("picture and desktop differ: similarity %.3f",
				test_viewer_similarity(&viewer, png));
	}
}

static bool line_typed(struct test_viewer *v)
{
	char text[256];

	(void)v;
	test_read_file(stack.typed, text, sizeof(text));
	return text[0] != '\0';
}

static void type_into_terminal(const char *text)
{
	char got[256];

	/* No window manager: the pointer gives the focus. */
	ck_assert_int_eq(hawser_session_mouse_move(viewer.session, 0, 200, 150), 0);
	ck_assert_int_eq(hawser_session_mouse_button(viewer.session, HAWSER_BUTTON_LEFT, true), 0);
	ck_assert_int_eq(hawser_session_mouse_button(viewer.session, HAWSER_BUTTON_LEFT, false), 0);
	ck_assert_int_eq(hawser_session_type_text(viewer.session, text), 0);
	ck_assert_int_eq(hawser_session_key(viewer.session, 28, true, 0, '\r'), 0); /* KEY_ENTER */
	ck_assert_int_eq(hawser_session_key(viewer.session, 28, false, 0, '\r'), 0);
	ck_assert_msg(test_viewer_until(&viewer, line_typed, 15000),
			"the typed line did not arrive");
	test_read_file(stack.typed, got, sizeof(got));
	got[strcspn(got, "\n")] = '\0';
	ck_assert_str_eq(got, text);
}

/* Between two ends of ours, whatever the way. */
static void must_be_v2(enum hawser_trust trust)
{
	struct hawser_stats st = HAWSER_STATS_INIT;

	ck_assert(viewer.encrypted);
	ck_assert_int_eq(hawser_session_stats(viewer.session, &st), 0);
	ck_assert_int_eq(st.encryption, HAWSER_ENCRYPTION_V2);
	ck_assert_int_eq(st.trust, trust);
}

START_TEST(by_id_it_shows_the_desktop_and_takes_input)
{
	test_stack_start(&stack, STACK_SERVERS | STACK_TERMINAL | STACK_XEV);
	open_and_show();
	must_be_v2(HAWSER_TRUST_SERVER);
	ck_assert(!viewer.relayed);
	ck_assert_str_eq(viewer.platform, "Linux");
	must_look_like_host();
	type_into_terminal("Grüße, hawser 123!");
	must_look_like_host();
	ck_assert_int_eq(hawser_session_mouse_move(viewer.session, 0, 800, 200), 0);
	ck_assert_int_eq(hawser_session_mouse_button(viewer.session, HAWSER_BUTTON_RIGHT, true), 0);
	ck_assert_int_eq(
			hawser_session_mouse_button(viewer.session, HAWSER_BUTTON_RIGHT, false), 0);
	test_viewer_run(&viewer, 50);
	test_proc_must_expect(&stack.xev, "ButtonPress", 10000);
	test_proc_must_expect(&stack.xev, "root:(800,200)", 10000);
	test_proc_must_expect(&stack.xev, "button 3", 10000);
	finish();
}
END_TEST

START_TEST(by_relay_it_shows_the_desktop_encrypted)
{
	test_stack_start(&stack, STACK_SERVERS | STACK_RELAY_ONLY | STACK_TERMINAL);
	open_and_show();
	must_be_v2(HAWSER_TRUST_SERVER);
	ck_assert(viewer.relayed);
	must_look_like_host();
	type_into_terminal("through the relay");
	finish();
}
END_TEST

START_TEST(the_viewer_can_force_the_relay)
{
	struct test_viewer_conf conf;

	test_stack_start(&stack, STACK_SERVERS | STACK_TERMINAL);
	conf = as_stack();
	conf.relay = true;
	test_viewer_open(&viewer, &conf);
	test_viewer_must_show(&viewer, SHOW_MS);
	ck_assert(viewer.relayed);
	ck_assert(viewer.encrypted);
	finish();
}
END_TEST

START_TEST(by_address_it_works_without_servers)
{
	test_stack_start(&stack, STACK_TERMINAL);
	open_and_show();
	must_look_like_host();
	type_into_terminal("direct");
	finish();
}
END_TEST

/* By address, too, where the deployed protocol has nothing. */
START_TEST(by_address_it_is_encrypted_and_nobody_is_asked)
{
	struct test_viewer_conf conf;

	test_stack_start(&stack, STACK_TERMINAL);
	conf = as_stack();
	conf.allow_insecure = false;
	test_viewer_open(&viewer, &conf);
	test_viewer_must_show(&viewer, SHOW_MS);
	ck_assert_uint_eq(viewer.insecure_questions, 0);
	must_be_v2(HAWSER_TRUST_FIRST);
	finish();
}
END_TEST

static bool asked_again(struct test_viewer *v)
{
	return v->closed || (v->passwords > 0 && v->password_reason == HAWSER_PASSWORD_WRONG);
}

START_TEST(a_wrong_password_is_asked_for_again_and_the_right_one_lets_in)
{
	struct test_viewer_conf conf;

	test_stack_start(&stack, STACK_SERVERS | STACK_TERMINAL);
	conf = as_stack();
	conf.password = "not the password";
	test_viewer_open(&viewer, &conf);
	ck_assert(test_viewer_until(&viewer, asked_again, SHOW_MS));
	ck_assert_msg(!viewer.closed, "%s", viewer.closed_text);
	ck_assert(!viewer.ready);
	ck_assert_int_eq(hawser_session_password(viewer.session, stack.password, false), 0);
	test_viewer_must_show(&viewer, SHOW_MS);
	finish();
}
END_TEST

static bool got_clipboard(struct test_viewer *v)
{
	return strcmp(v->clipboard, "copied on the host: ÄÖ €") == 0;
}

static bool host_has_clipboard(struct test_viewer *v)
{
	const char *argv[] = { "/usr/bin/xclip", "-selection", "clipboard", "-o", "-display",
		stack.screen.display, NULL };
	char *out = NULL;
	bool same;

	(void)v;
	same = test_run(argv, stack.envp, &out) == 0 && strcmp(out, "copied at the viewer ✓") == 0;
	free(out);
	return same;
}

START_TEST(the_clipboard_goes_both_ways)
{
	static const char text[] = "copied at the viewer ✓";
	char command[400];
	const char *argv[] = { "/bin/sh", "-c", command, NULL };

	test_stack_start(&stack, STACK_SERVERS | STACK_TERMINAL);
	open_and_show();
	snprintf(command, sizeof(command),
			"printf 'copied on the host: ÄÖ €' | setsid xclip -selection clipboard "
			"-i -display %s >/dev/null 2>&1",
			stack.screen.display);
	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
	ck_assert_msg(test_viewer_until(&viewer, got_clipboard, 10000), "got '%s'",
			viewer.clipboard);
	ck_assert_int_eq(hawser_session_send_clipboard(viewer.session, text, strlen(text)), 0);
	ck_assert(test_viewer_until(&viewer, host_has_clipboard, 10000));
	finish();
}
END_TEST

START_TEST(after_a_restart_of_the_host_it_can_be_reached_again)
{
	test_stack_start(&stack, STACK_SERVERS | STACK_TERMINAL);
	open_and_show();
	test_proc_signal(&stack.host, SIGKILL);
	test_proc_stop(&stack.host);
	test_viewer_close(&viewer);
	test_stack_start_host(&stack);
	open_and_show();
	finish();
}
END_TEST

static bool is_closed(struct test_viewer *v)
{
	return v->closed;
}

START_TEST(after_a_restart_of_the_server_a_host_is_back_within_one_interval)
{
	struct test_viewer_conf conf;
	uint64_t end;

	test_stack_start(&stack, STACK_SERVERS | STACK_TERMINAL);
	test_proc_signal(&stack.rendezvous, SIGKILL);
	test_proc_stop(&stack.rendezvous);
	test_stack_start_rendezvous(&stack);
	/* Registration interval of 15 s, its time-out of 3 s, and some for a busy machine. */
	end = test_now_ms() + TEST_PATIENCE_MS;
	for (;;) {
		conf = as_stack();
		conf.no_retry = true;
		test_viewer_open(&viewer, &conf);
		if (test_viewer_until(&viewer, is_closed, 12000)) {
			ck_assert_msg(test_now_ms() < end, "still unreachable: %s",
					viewer.closed_text);
			test_viewer_close(&viewer);
			continue;
		}
		test_viewer_must_show(&viewer, SHOW_MS);
		break;
	}
	finish();
}
END_TEST

START_TEST(vp8_is_spoken_when_the_viewer_wants_it)
{
	struct test_viewer_conf conf;

	test_stack_start(&stack, STACK_TERMINAL);
	conf = as_stack();
	conf.codec = HAWSER_CODEC_VP8;
	test_viewer_open(&viewer, &conf);
	test_viewer_must_show(&viewer, SHOW_MS);
	must_look_like_host();
	viewer.stats.size = sizeof(viewer.stats);
	ck_assert_int_eq(hawser_session_stats(viewer.session, &viewer.stats), 0);
	ck_assert_int_eq(viewer.stats.codec, HAWSER_CODEC_VP8);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/session");
	TCase *tc = tcase_create("session");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, by_id_it_shows_the_desktop_and_takes_input);
	tcase_add_test(tc, by_relay_it_shows_the_desktop_encrypted);
	tcase_add_test(tc, the_viewer_can_force_the_relay);
	tcase_add_test(tc, by_address_it_works_without_servers);
	tcase_add_test(tc, by_address_it_is_encrypted_and_nobody_is_asked);
	tcase_add_test(tc, a_wrong_password_is_asked_for_again_and_the_right_one_lets_in);
	tcase_add_test(tc, the_clipboard_goes_both_ways);
	tcase_add_test(tc, after_a_restart_of_the_host_it_can_be_reached_again);
	tcase_add_test(tc, after_a_restart_of_the_server_a_host_is_back_within_one_interval);
	tcase_add_test(tc, vp8_is_spoken_when_the_viewer_wants_it);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
