/* `hawser terminal` at a deployed host: what a person sees and types, and what a script gets. */
#include "tests/component/viewer/fake_terminal.h"
#include "tests/support/pty_proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_host host;
static struct fake_terminal shell;
static char target[40], dir[200], home[220];

static void set_up(void)
{
	struct fake_conf conf = { .password = "secret" };

	fake_terminal_conf(&shell, &conf);
	fake_host_start(&host, &conf);
	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	test_dir(dir, sizeof(dir));
	snprintf(home, sizeof(home), "XDG_CONFIG_HOME=%s", dir);
}

static void tear_down(void)
{
	fake_host_stop(&host);
}

static void begin(struct pty_proc *p, const char *option)
{
	const char *argv[] = { test_bin("client/cli/hawser"), "terminal", target, option, NULL };
	const char *env[] = { "HAWSER_PASSWORD=secret", home, "TERM=xterm", NULL };

	pty_proc_start(p, argv, env, 30, 100);
	pty_proc_must_show(p, "$ ");
	pty_proc_must_be_raw(p, true);
}

/* Runs a line of shell with $HAWSER and $TARGET. */
static void sh(const char *script, int status, const char *text)
{
	char hawser[300], where[60];
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	const char *env[] = { hawser, where, "HAWSER_PASSWORD=secret", home, NULL };
	char *out = NULL;

	snprintf(hawser, sizeof(hawser), "HAWSER=%s", test_bin("client/cli/hawser"));
	snprintf(where, sizeof(where), "TARGET=%s", target);
	int r = test_run(argv, env, &out);
	ck_assert_msg(r == status, "%s\nended with %d, not %d:\n%s", script, r, status, out);
	ck_assert_msg(!text || strstr(out, text), "%s\nsaid nothing of \"%s\":\n%s", script, text,
			out);
	free(out);
}

START_TEST(a_shell_is_typed_into_and_its_status_passed_on)
{
	struct pty_proc p;

	begin(&p, NULL);
	pty_proc_type(&p, "h\xc3\xa4llo\r");
	pty_proc_must_show(&p, "h\xc3\xa4llo\r\n$ ");
	pty_proc_type(&p, "size\r");
	pty_proc_must_show(&p, "30 rows, 100 columns");
	pty_proc_resize(&p, 40, 120);
	/* The new size overtakes nothing: it is asked for until it is there. */
	for (int i = 0; i < 50 && !strstr(p.seen, "40 rows, 120 columns"); i++) {
		pty_proc_type(&p, "size\r");
		pty_proc_must_show(&p, "columns\r\n$ ");
	}
	ck_assert_ptr_nonnull(strstr(p.seen, "40 rows, 120 columns"));
	pty_proc_type(&p, "exit 7\r");
	ck_assert_int_eq(pty_proc_wait(&p), 7);
	ck_assert(!pty_proc_is_raw(&p));
	ck_assert(!shell.compressed_input);
	pty_proc_stop(&p);
}
END_TEST

START_TEST(packed_output_comes_whole)
{
	struct pty_proc p;

	begin(&p, NULL);
	pty_proc_type(&p, "big\r");
	pty_proc_must_show(&p, "END");
	const char *at = strstr(p.seen, "big\r\n") + 5;
	for (size_t i = 0; i < FAKE_TERMINAL_BIG; i++)
		ck_assert_msg(at[i] == fake_terminal_byte(i), "byte %zu is wrong", i);
	pty_proc_type(&p, "exit 0\r");
	ck_assert_int_eq(pty_proc_wait(&p), 0);
	pty_proc_stop(&p);
}
END_TEST

START_TEST(the_escape_character_leaves_helps_and_suspends)
{
	struct pty_proc p;

	begin(&p, NULL);
	pty_proc_type(&p, "\r~?");
	pty_proc_must_show(&p, "suspend this program");
	pty_proc_type(&p, "\r~\x1a");
	pty_proc_must_be_stopped(&p);
	pty_proc_must_be_raw(&p, false); /* the terminal is as it was */
	ck_assert_int_eq(kill(pty_proc_program(&p), SIGCONT), 0);
	pty_proc_must_be_raw(&p, true);
	pty_proc_type(&p, "echo\r");
	pty_proc_must_show(&p, "echo\r\n$ ");
	pty_proc_type(&p, "~~/bin\r");
	pty_proc_must_show(&p, "~/bin\r\n$ ");
	pty_proc_type(&p, "~.");
	ck_assert_int_eq(pty_proc_wait(&p), 255);
	ck_assert(!pty_proc_is_raw(&p));
	pty_proc_stop(&p);
}
END_TEST

/* 0: the terminal's hang-up; 1: the end of the line for good; 2: a crash */
START_TEST(the_terminal_is_given_back_whatever_happens)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGSEGV, SIGABRT };
	struct pty_proc p;

	begin(&p, NULL);
	kill(pty_proc_program(&p), signals[_i]);
	ck_assert_int_ne(pty_proc_wait(&p), 0);
	ck_assert(!pty_proc_is_raw(&p));
	pty_proc_stop(&p);
}
END_TEST

START_TEST(words_of_the_host_command_nothing)
{
	struct pty_proc p;

	begin(&p, NULL);
	pty_proc_type(&p, "evil\r");
	ck_assert_int_eq(pty_proc_wait(&p), 255);
	pty_proc_must_show(&p, "hawser: gone\\x1b]0;owned\\x07");
	pty_proc_stop(&p);
}
END_TEST

START_TEST(a_kept_shell_is_there_again_after_a_cut)
{
	struct pty_proc p;

	begin(&p, "--keep");
	pty_proc_resize(&p, 50, 140);
	pty_proc_type(&p, "cut\r");
	/* what its terminal was asked then is not asked again */
	pty_proc_must_show(&p, "trying again in");
	pty_proc_must_show(&p, "before the cut $ ");
	ck_assert_str_eq(shell.service_id, "ts_fake");
	pty_proc_type(&p, "size\r");
	pty_proc_must_show(&p, "50 rows, 140 columns");
	ck_assert_uint_eq(shell.opens, 2);
	pty_proc_type(&p, "\r~.");
	ck_assert_int_eq(pty_proc_wait(&p), 255);
	pty_proc_must_show(&p, "terminal 1 goes on");
	ck_assert_uint_eq(shell.closes, 0);
	pty_proc_stop(&p);
	/* The next one asks for it by the id that is remembered. */
	shell.kept = true;
	shell.service_id[0] = 0;
	begin(&p, "--keep");
	ck_assert_str_eq(shell.service_id, "ts_fake");
	pty_proc_type(&p, "exit 3\r");
	ck_assert_int_eq(pty_proc_wait(&p), 3);
	pty_proc_stop(&p);
}
END_TEST

START_TEST(what_is_not_kept_ends_with_the_line)
{
	struct pty_proc p;

	begin(&p, NULL);
	pty_proc_type(&p, "cut\r");
	ck_assert_int_eq(pty_proc_wait(&p), 255);
	pty_proc_must_show(&p, "the host does not keep this terminal");
	pty_proc_stop(&p);
}
END_TEST

START_TEST(scripts_are_told_what_a_deployed_host_cannot)
{
	sh("$HAWSER terminal $TARGET -- touch $XDG_CONFIG_HOME/x", 255, "runs no commands");
	sh("echo ls | $HAWSER terminal $TARGET", 255, "login shells");
	sh("$HAWSER terminal $TARGET --list", 1, "does not speak hawser v2");
	sh("$HAWSER terminal $TARGET --kill 1", 1, "does not speak hawser v2");
	ck_assert_uint_eq(shell.opens, 0);
	/* Who wants a script to be typed says so. */
	sh("echo exit 5 | $HAWSER terminal $TARGET -t", 5, "exit 5");
	sh("HAWSER_PASSWORD=wrong $HAWSER terminal $TARGET -t < /dev/null", 255,
			"password is wrong");
	sh("$HAWSER terminal $TARGET --tty --no-tty", 255, "does not go with");
	sh("$HAWSER terminal $TARGET --escape ab", 255, "--escape takes one character");
	sh("$HAWSER terminal", 255, "which host?");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("viewer/terminal");
	TCase *t = test_case(s, "terminal", 240,
			TESTS(a_shell_is_typed_into_and_its_status_passed_on,
					packed_output_comes_whole,
					the_escape_character_leaves_helps_and_suspends,
					words_of_the_host_command_nothing,
					a_kept_shell_is_there_again_after_a_cut,
					what_is_not_kept_ends_with_the_line,
					scripts_are_told_what_a_deployed_host_cannot));

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, the_terminal_is_given_back_whatever_happens, 0, 4);
	return test_suite_run(s);
}
