/* The desktop program as a person uses it: a password typed into its page, a picture, keys that arrive at the host, and the
 * session that comes back by itself when the host does. Driven by X events on a screen of its own. */
#include "tests/e2e/stack.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_MS 30000

static struct test_stack stack;
static struct test_xvfb screen;
static struct test_proc desktop;
static char display_env[40];
static const char *env[20];

static void start_desktop(void)
{
	const char *argv[] = { test_bin("client/gtk/hawser-desktop"), "connect", stack.target,
		"--server", stack.server, "--key", stack.key, NULL };
	unsigned n = 0;

	test_xvfb_start(&screen, 1400, 900);
	for (; stack.envp[n] && strncmp(stack.envp[n], "DISPLAY=", 8) != 0; n++)
		env[n] = stack.envp[n];
	snprintf(display_env, sizeof(display_env), "DISPLAY=%s", screen.display);
	env[n++] = display_env;
	env[n++] = "GDK_BACKEND=x11";
	env[n++] = "GSK_RENDERER=cairo";
	env[n++] = "GTK_A11Y=none";
	env[n++] = "NO_AT_BRIDGE=1";
	env[n] = NULL;
	test_proc_start(&desktop, argv, env);
}

static int xdotool(const char *a, const char *b, const char *c, const char *d)
{
	const char *argv[] = { "/usr/bin/xdotool", a, b, c, d, NULL };

	return test_run(argv, env, NULL);
}

static bool has_window(void *arg)
{
	return xdotool("search", "--onlyvisible", "--name", arg) == 0;
}

static void place_window(const char *title)
{
	const char *argv[] = { "/usr/bin/xdotool", "search", "--onlyvisible", "--name", title,
		"windowmove", "0", "0", "windowsize", "1400", "900", "windowfocus", NULL };

	ck_assert_int_eq(test_run(argv, env, NULL), 0);
}

/* No eyes here, so one pixel: where the host's terminal must be in the scaled picture. Coding shifts colours a little. */
static bool sees_terminal(void *arg)
{
	const char *argv[] = { "/usr/bin/import", "-silent", "-window", "root", "-crop",
		"1x1+300+300", "-depth", "8", "rgb:-", NULL };
	static const uint8_t want[3] = { 0x1e, 0x2a, 0x38 };
	char *out = NULL;
	bool ok = test_run(argv, env, &out) == 0;

	(void)arg;
	for (unsigned i = 0; ok && i < 3; i++)
		ok = abs((uint8_t)out[i] - want[i]) <= 12;
	free(out);
	return ok;
}

static bool sees_progress(void *arg)
{
	return !sees_terminal(arg);
}

static bool was_typed(void *arg)
{
	char text[200];

	test_read_file(stack.typed, text, sizeof(text));
	return strcmp(text, arg) == 0;
}

static void type_line(const char *text)
{
	ck_assert_int_eq(xdotool("type", "--delay", "20", text), 0);
	ck_assert_int_eq(xdotool("key", "Return", NULL, NULL), 0);
}

static bool says_wrong(void *arg)
{
	(void)arg;
	return test_proc_expect(&stack.host, "result=wrong", 50) != NULL;
}

/* The page appears a little later than the connection: what is typed before goes nowhere. */
static void answer_password_page(const char *password, bool (*done)(void *arg))
{
	for (unsigned i = 0; i < 5; i++) {
		type_line(password);
		if (test_until(done, NULL, 6000))
			return;
	}
	ck_abort_msg("'%s' has no effect:\n%s\n%s", password, stack.host.log,
			desktop.log ? desktop.log : "");
}

static void set_permanent_password(const char *password)
{
	char line[700];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line),
			"echo '%s' | '%s' password --set-from-stdin --state-dir '%s/host'",
			password, test_bin("client/host/hawser-host"), stack.dir);
	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
}

static void stop_all(void)
{
	test_proc_stop(&desktop);
	test_xvfb_stop(&screen);
	test_stack_stop(&stack);
}

/* Looked at with the eyes of a host on the viewer's desktop: the text, and the mark that it is not to be sent on. */
static bool clipboard_has(void *arg)
{
	const char *text[] = { "/usr/bin/xclip", "-selection", "clipboard", "-o", NULL };
	const char *targets[] = { "/usr/bin/xclip", "-selection", "clipboard", "-o", "-t",
		"TARGETS", NULL };
	char *out = NULL;
	bool ok = test_run(text, env, &out) == 0 && strcmp(out, arg) == 0;

	free(out);
	out = NULL;
	ok = ok && test_run(targets, env, &out) == 0 &&
			strstr(out, "dyn.com.rustdesk.owner") != NULL;
	free(out);
	return ok;
}

static void copy_on_host(const char *text)
{
	char line[200];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line), "printf '%s' | xclip -selection clipboard -i >/dev/null 2>&1",
			text);
	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
}

START_TEST(a_person_logs_in_types_and_stays_when_the_host_restarts)
{
	static char text[] = "typed by a person\n", copied[] = "copied on the host";

	test_stack_start(&stack, STACK_SERVERS | STACK_TERMINAL);
	set_permanent_password("long and secret");
	start_desktop();
	ck_assert(test_until(has_window, stack.target, SHOW_MS));
	place_window(stack.target);
	test_proc_must_expect(&stack.host, "connection.accepted", SHOW_MS);
	ck_assert(!sees_terminal(NULL));
	answer_password_page("not the password", says_wrong);
	ck_assert(!sees_terminal(NULL));
	answer_password_page("long and secret", sees_terminal);
	copy_on_host(copied);
	ck_assert(test_until(clipboard_has, copied, SHOW_MS));
	test_proc_signal(&stack.host, SIGKILL);
	test_proc_stop(&stack.host);
	ck_assert_msg(test_until(sees_progress, NULL, SHOW_MS), "a dead picture stays");
	test_stack_start_host(&stack);
	ck_assert_msg(test_until(sees_terminal, NULL, SHOW_MS), "no picture again: %s",
			desktop.log);
	test_proc_must_expect(&stack.host, "session.open", SHOW_MS);
	ck_assert_int_eq(xdotool("mousemove", "300", "300", NULL), 0);
	type_line("typed by a person");
	ck_assert(test_until(was_typed, text, SHOW_MS));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/desktop");
	TCase *tc = tcase_create("desktop");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, NULL, stop_all);
	tcase_add_test(tc, a_person_logs_in_types_and_stays_when_the_host_restarts);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
