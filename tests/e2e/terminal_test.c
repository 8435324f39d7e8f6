/* `hawser terminal` at a real host: as people use it, and as scripts do. */
#include "tests/e2e/stack.h"
#include "tests/support/pty_proc.h"
#include "tests/support/suite.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_stack stack;
static struct test_proxy proxy;
static const char *envp[16];
static char hawser[300], target[60], password[80], dir[300];

/* One host for all tests, behind a line that can be cut. */
static void set_up(void)
{
	size_t n = 0;

	test_stack_start(&stack, 0);
	/* One that holds for more than one session. */
	const char *set[] = { "/bin/sh", "-c", NULL, NULL };
	char script[800];

	snprintf(script, sizeof(script),
			"echo a-fixed-password | %s password --set-from-stdin --state-dir %s/host",
			test_bin("client/host/hawser-host"), stack.dir);
	set[2] = script;
	ck_assert_int_eq(test_run(set, stack.envp, NULL), 0);
	test_proxy_start(&proxy, stack.direct_port);
	snprintf(hawser, sizeof(hawser), "HAWSER=%s", test_bin("client/cli/hawser"));
	snprintf(target, sizeof(target), "TARGET=127.0.0.1:%u", proxy.port);
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=a-fixed-password");
	snprintf(dir, sizeof(dir), "DIR=%s", stack.dir);
	for (; stack.envp[n]; n++)
		envp[n] = stack.envp[n];
	envp[n++] = hawser;
	envp[n++] = target;
	envp[n++] = password;
	envp[n++] = dir;
	envp[n++] = "TERM=xterm-256color";
	envp[n] = NULL;
}

static void tear_down(void)
{
	test_proxy_stop(&proxy);
	test_stack_stop(&stack);
}

#define RUN "$HAWSER terminal $TARGET "

/* Runs a line of shell; its output must hold `text` and its status be `status`. */
static void sh(const char *script, int status, const char *text)
{
	const char *argv[] = { "/bin/bash", "-c", script, NULL };
	char *out = NULL;
	int r = test_run(argv, envp, &out);

	ck_assert_msg(r == status, "%s\nended with %d, not %d:\n%.2000s\nhost:\n%.3000s", script, r,
			status, out, stack.host.log);
	ck_assert_msg(!text || strstr(out, text), "%s\nsaid nothing of \"%s\":\n%.5000s", script,
			text, out);
	free(out);
}

static void begin(struct pty_proc *p, const char *option, const char *value)
{
	const char *argv[] = { test_bin("client/cli/hawser"), "terminal", target + 7, option, value,
		NULL };

	pty_proc_start(p, argv, envp, 30, 100);
}

/* A shell whose prompt is known. */
static void begin_shell(struct pty_proc *p, const char *option)
{
	begin(p, option, NULL);
	pty_proc_must_be_raw(p, true);
	pty_proc_type(p, "exec env PS1='rea''dy> ' /bin/sh -i\r");
	pty_proc_must_show(p, "ready> ");
}

/* --- scripts ---------------------------------------------------------------------------------- */

START_TEST(the_status_of_a_command_is_passed_on)
{
	sh(RUN "-- true", 0, NULL);
	sh(RUN "-- sh -c 'exit 7'", 7, NULL);
	sh(RUN "-- sh -c 'kill -TERM $$'", 143, NULL);
	sh(RUN "-- /no/such/program", 255, "/no/such/program");
	sh(RUN "-- sh -c 'echo one two' 2> $DIR/err && ! test -s $DIR/err", 0, "one two");
	sh(RUN "-t -- sh -c 'test -t 0 && exit 9' < /dev/null", 9, NULL);
	sh(RUN "-- sh -c 'test -t 0 || exit 8' < /dev/null", 8, NULL);
	/* Each argument as it is. */
	sh(RUN "-- printf '%s|' 'a  b' '$HOME' '*' ''", 0, "a  b|$HOME|*||");
}
END_TEST

START_TEST(numbers_of_terminals_are_counted_from_one)
{
	sh(RUN "--attach 0", 255, "number of a kept terminal");
	sh(RUN "--kill 0", 255, "number of a kept terminal");
	sh(RUN "--kill x", 255, "number of a kept terminal");
}
END_TEST

START_TEST(output_and_errors_come_apart_and_input_ends)
{
	sh(RUN "-- sh -c 'echo out; echo err >&2' > $DIR/out 2> $DIR/err < /dev/null; "
	       "grep -qx out $DIR/out && grep -qx err $DIR/err && ! grep -q err $DIR/out",
			0, NULL);
	sh("printf 'b\\na\\n' | " RUN "-- sort", 0, "a\nb\n");
	sh("printf 'x\\0y\\377\\r\\n\\004z' | " RUN "-- od -An -tx1", 0, "78 00 79 ff 0d 0a 04 7a");
	sh("echo 'exit 4' | " RUN, 4, NULL); /* a login shell that reads a script */
	sh("set -o pipefail; " RUN "-- yes | head -1", 141, "y");
	/* Closed by the shell: an empty input, and an output that cannot be written. */
	sh(RUN "-- sh -c 'cat; echo end' <&-", 0, "end");
	sh(RUN "-- echo lost >&-", 255, "standard output: Bad file descriptor");
}
END_TEST

START_TEST(ten_megabytes_go_both_ways)
{
	sh("head -c 10485760 /dev/urandom > $DIR/in; " RUN
	   "-- cat < $DIR/in > $DIR/out && cmp $DIR/in $DIR/out",
			0, NULL);
	sh(RUN "-- sh -c 'head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2' > $DIR/out "
	       "2> $DIR/err; stat -c %s $DIR/out $DIR/err",
			0, "3000000\n3000000");
}
END_TEST

/* --- people ----------------------------------------------------------------------------------- */

START_TEST(a_shell_knows_its_window_and_terminal)
{
	struct pty_proc p;

	begin_shell(&p, NULL);
	pty_proc_type(&p, "stty size; echo $TERM\r");
	pty_proc_must_show(&p, "\n30 100\r\nxterm-256color");
	pty_proc_type(&p, "trap 'stty size' WINCH\r");
	pty_proc_must_show(&p, "ready> ");
	pty_proc_resize(&p, 41, 121);
	for (int i = 0; i < 100 && !strstr(p.seen, "41 121"); i++) {
		pty_proc_type(&p, "stty size\r");
		pty_proc_must_show(&p, "ready> ");
	}
	ck_assert_ptr_nonnull(strstr(p.seen, "41 121"));
	pty_proc_type(&p, "printf '\\033[38;2;1;2;3mgr\\303\\274n\\n'\r");
	pty_proc_must_show(&p, "\x1b[38;2;1;2;3mgr\xc3\xbcn");
	pty_proc_type(&p, "exit 5\r");
	ck_assert_int_eq(pty_proc_wait(&p), 5);
	ck_assert(!pty_proc_is_raw(&p));
	pty_proc_stop(&p);
}
END_TEST

START_TEST(a_flood_is_interrupted)
{
	struct pty_proc p;

	begin_shell(&p, NULL);
	pty_proc_type(&p, "yes\r");
	pty_proc_must_show(&p, "y\r\ny\r\ny\r\ny\r\n");
	pty_proc_type(&p, "\003");
	pty_proc_type(&p, "echo done-$((20+3))\r");
	pty_proc_must_show(&p, "done-23");
	pty_proc_type(&p, "\r~.");
	ck_assert_int_eq(pty_proc_wait(&p), 255);
	pty_proc_stop(&p);
}
END_TEST

START_TEST(a_kept_shell_is_listed_found_and_killed)
{
	struct pty_proc p;

	begin_shell(&p, "--keep");
	pty_proc_type(&p, "secret=forty-$((40+2)); echo \"s=$secret\"\r");
	pty_proc_must_show(&p, "s=forty-42");
	pty_proc_type(&p, "\r~.");
	ck_assert_int_eq(pty_proc_wait(&p), 255);
	pty_proc_must_show(&p, "terminal 1 goes on");
	pty_proc_stop(&p);
	sh(RUN "--list", 0, "kept");
	sh(RUN "--list --json", 0, "{\"id\":1,");
	begin(&p, "--attach", "1");
	pty_proc_must_show(&p, "s=forty-42"); /* its screen */
	pty_proc_must_be_raw(&p, true);
	pty_proc_type(&p, "echo again-$secret\r");
	pty_proc_must_show(&p, "again-forty-42");
	pty_proc_type(&p, "\r~.");
	ck_assert_int_eq(pty_proc_wait(&p), 255);
	pty_proc_stop(&p);
	sh(RUN "--kill 1; until " RUN "--list | grep -q 'keeps no terminals'; do :; done", 0, NULL);
	sh(RUN "--kill 1", 1, "keeps no terminal 1");
	sh(RUN "--attach 1 < /dev/null", 255, NULL);
}
END_TEST

/* --- cuts ------------------------------------------------------------------------------------- */

/* Cut again and again while bytes go both ways: not one is lost, not one comes twice. */
START_TEST(a_pipe_survives_cuts)
{
	const char *argv[] = { "/bin/bash", "-c",
		"head -c 30000000 /dev/urandom > $DIR/cut.in; " RUN
		"-- cat < $DIR/cut.in > $DIR/cut.out && cmp $DIR/cut.in $DIR/cut.out && echo same",
		NULL };
	struct test_proc p;

	test_proxy_limit(&proxy, 4000000);
	test_proc_start(&p, argv, envp);
	for (int i = 0; i < 3; i++) {
		char path[320];
		long begun = 0;
		uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

		/* until some more has come */
		snprintf(path, sizeof(path), "%s/cut.out", stack.dir);
		while (begun < (i + 1) * 3000000L && test_now_ms() < due && !p.ended) {
			FILE *f = fopen(path, "r");

			if (!f)
				continue;
			fseek(f, 0, SEEK_END);
			begun = ftell(f);
			fclose(f);
		}
		test_proxy_set(&proxy, TEST_PROXY_CUT);
		test_proc_must_expect(&p, "trying again", 20000);
		test_proxy_set(&proxy, TEST_PROXY_PASS);
		test_proc_must_expect(&p, "connected again", 20000);
	}
	test_proc_must_expect(&p, "same", 60000);
	ck_assert_int_eq(test_proc_wait(&p, TEST_PATIENCE_MS), 0);
	test_proc_stop(&p);
	test_proxy_limit(&proxy, 0);
}
END_TEST

START_TEST(a_shell_goes_on_where_it_was_cut)
{
	struct pty_proc p;

	begin_shell(&p, NULL);
	pty_proc_type(&p, "word=same\r");
	pty_proc_must_show(&p, "ready> ");
	test_proxy_set(&proxy, TEST_PROXY_CUT);
	pty_proc_must_show(&p, "trying again");
	pty_proc_type(&p, "echo the-$word-shell\r"); /* typed into the cut */
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	pty_proc_must_show(&p, "connected again");
	pty_proc_must_show(&p, "the-same-shell");
	pty_proc_type(&p, "exit 6\r");
	ck_assert_int_eq(pty_proc_wait(&p), 6);
	/* once */
	const char *first = strstr(p.seen, "\nthe-same-shell");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_null(strstr(first + 1, "\nthe-same-shell"));
	pty_proc_stop(&p);
}
END_TEST

/* What embedders copy from. */
START_TEST(the_example_runs_a_command)
{
	char example[300];

	snprintf(example, sizeof(example), "%s", test_bin("tests/e2e/example-terminal"));
	if (access(example, X_OK) < 0)
		return; /* examples are not built with sanitizers */
	setenv("EXAMPLE", example, 1);
	sh("printf 'b\\na\\n' | $EXAMPLE ${TARGET} sort", 0, "a\nb\n");
	sh("$EXAMPLE ${TARGET} sh -c 'exit 3' < /dev/null", 3, NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("e2e/terminal");
	TCase *t = test_case(s, "terminal", 300,
			TESTS(the_status_of_a_command_is_passed_on,
					numbers_of_terminals_are_counted_from_one,
					output_and_errors_come_apart_and_input_ends,
					ten_megabytes_go_both_ways,
					a_shell_knows_its_window_and_terminal,
					a_flood_is_interrupted,
					a_kept_shell_is_listed_found_and_killed,
					a_pipe_survives_cuts, a_shell_goes_on_where_it_was_cut,
					the_example_runs_a_command));

	tcase_add_unchecked_fixture(t, set_up, tear_down);
	return test_suite_run(s);
}
