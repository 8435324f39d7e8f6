/* The ends change places: two real hosts at one server, the viewer of the first at the second; the
 * second's viewer then comes to the first without a password, once. */
#include "tests/e2e/stack.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct test_stack stack;
static struct test_proc host[2], viewer;
static char state[2][300], id[2][32], password[32];

static const char *in_dir(const char *name)
{
	static char path[4][300];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", stack.dir, name);
	return p;
}

static void ask(int i, const char *verb, char *buf, size_t size)
{
	const char *argv[] = { test_bin("client/host/hawser-host"), verb, "--state-dir", state[i],
		NULL };
	char *out = NULL;

	ck_assert_int_eq(test_run(argv, stack.envp, &out), 0);
	snprintf(buf, size, "%.*s", (int)strcspn(out, "\n"), out);
	free(out);
}

static const char *keyboard; /* of the second host's viewers */

static void start_host(int i, const char *viewer_program)
{
	const char *argv[] = { test_bin("client/host/hawser-host"), "run", "--backend",
		"headless:160x120@10", "--state-dir", state[i], "--server", stack.server, "--key",
		stack.key, "--viewer-command", viewer_program, "--service-user", "root",
		"--restart-command", "/bin/false", i ? keyboard : "--enable-keyboard=yes", NULL };

	snprintf(state[i], sizeof(state[i]), "%s/host%d", stack.dir, i);
	test_proc_start(&host[i], argv, stack.envp);
	test_proc_must_expect(&host[i], "registered", TEST_PATIENCE_MS);
	ask(i, "id", id[i], sizeof(id[i]));
}

/* What the second host starts as its viewer. */
static void write_program(const char *path)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\nexec %s \"$@\" --headless --stats --after 2 > %s/came 2>&1\n",
			test_bin("client/cli/hawser"), stack.dir);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0700), 0);
}

static void start_both(void)
{
	char program[300];

	test_stack_start(&stack, STACK_SERVERS | STACK_NO_HOST);
	snprintf(program, sizeof(program), "%s", in_dir("program"));
	write_program(program);
	start_host(0, "");
	start_host(1, program);
	ask(1, "password", password, sizeof(password));
}

static void setup(void)
{
	keyboard = "--enable-keyboard=yes";
	start_both();
}

static void setup_no_keyboard(void)
{
	keyboard = "--enable-keyboard=no";
	start_both();
}

static void teardown(void)
{
	test_proc_stop(&viewer);
	test_proc_stop(&host[0]);
	test_proc_stop(&host[1]);
	test_stack_stop(&stack);
}

/* At the second host, as the user of the first one; its ID is in the settings. */
static void start_viewer(bool knows_id)
{
	static char pass[60], config[320], host_dir[340];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", id[1], "--server",
		stack.server, "--key", stack.key, "--headless", "--switch-sides", "--stats", NULL };
	const char *env[] = { pass, config, host_dir, NULL };

	ck_assert_int_eq(mkdir(in_dir("conf"), 0700), 0);
	ck_assert_int_eq(mkdir(in_dir("conf/hawser"), 0700), 0);
	test_write_file("", "%s/conf/hawser/hawser.conf", stack.dir);
	ck_assert_int_eq(chmod(in_dir("conf/hawser/hawser.conf"), 0600), 0);
	FILE *f = fopen(in_dir("conf/hawser/hawser.conf"), "w");
	if (knows_id)
		fprintf(f, "id = %s\n", id[0]);
	fclose(f);
	snprintf(pass, sizeof(pass), "HAWSER_PASSWORD=%s", password);
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", in_dir("conf"));
	snprintf(host_dir, sizeof(host_dir), "HAWSER_HOST_STATE_DIR=%s", state[0]);
	test_proc_start(&viewer, argv, env);
}

static bool has_come(void *arg)
{
	char text[4000];

	(void)arg;
	test_read_file(in_dir("came"), text, sizeof(text));
	return strstr(text, "final frames=") != NULL;
}

START_TEST(the_other_end_looks_here)
{
	char expect[100], text[4000];

	start_viewer(true);
	test_proc_must_expect(&host[1], "what=sides.changed result=ok", TEST_PATIENCE_MS);
	snprintf(expect, sizeof(expect), "id=%s kind=remote", id[1]);
	test_proc_must_expect(&host[0], expect, TEST_PATIENCE_MS);
	/* the first session is over, on purpose */
	snprintf(expect, sizeof(expect), "sides are changed: %s looks at this machine now", id[1]);
	test_proc_must_expect(&viewer, expect, TEST_PATIENCE_MS);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
	ck_assert(test_until(has_come, NULL, TEST_PATIENCE_MS));
	test_read_file(in_dir("came"), text, sizeof(text));
	ck_assert_msg(strstr(text, "encryption=v2") && !strstr(text, "frames=0 "), "%s", text);
}
END_TEST

/* The other end could not call back. */
START_TEST(without_an_id_nothing_is_changed)
{
	start_viewer(false);
	test_proc_must_expect(&viewer, "this viewer's own ID is not known: hawser config set id",
			TEST_PATIENCE_MS);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 1);
	ck_assert_ptr_null(strstr(host[1].log, "sides.changed"));
}
END_TEST

/* By its gate, which permits no such message; by itself, which cannot call such an ID. */
static void assert_refused(const char *text)
{
	test_proc_must_expect(&viewer, text, TEST_PATIENCE_MS);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 6);
}

START_TEST(a_host_that_does_not_permit_it_says_so)
{
	start_viewer(true);
	assert_refused("the host says: This host cannot change sides.");
}
END_TEST

START_TEST(a_host_that_cannot_call_back_says_so)
{
	snprintf(id[0], sizeof(id[0]), "desk.7");
	start_viewer(true);
	assert_refused("the host says: The sides were not changed: the host does not know how to reach");
}
END_TEST

/* A host of a test runs no command that restarts: it is told, and this ends. */
START_TEST(a_restart_that_fails_ends_it)
{
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", id[1], "--server",
		stack.server, "--key", stack.key, "--headless", "--restart-host", NULL };
	char pass[60];
	const char *env[] = { pass, NULL };

	snprintf(pass, sizeof(pass), "HAWSER_PASSWORD=%s", password);
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&viewer,
			"the host says: The host was not restarted: '/bin/false' ended with status 1",
			TEST_PATIENCE_MS);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 6);
}
END_TEST

/* A number that nobody here has spoken of lets nobody in, and is no password that is asked for. */
START_TEST(an_unknown_number_lets_nobody_in)
{
	char script[900];
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	char *out = NULL;

	snprintf(script, sizeof(script),
			"exec 3< /dev/zero; %s connect %s --server %s --key %s --headless --no-retry "
			"--own-id %s --switch-fd --after 1 --timeout 60 </dev/null",
			test_bin("client/cli/hawser"), id[0], stack.server, stack.key, id[1]);
	int r = test_run(argv, stack.envp, &out);
	ck_assert_msg(r != 0 && r != 128 + 15, "status %d: %s", r, out);
	free(out);
	test_proc_must_expect(&host[0], "result=refused", TEST_PATIENCE_MS);
	ck_assert_ptr_null(strstr(host[0].log, "session.open"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("e2e/sides");
	TCase *t = test_case(s, "sides", 240,
			TESTS(the_other_end_looks_here, without_an_id_nothing_is_changed,
					a_restart_that_fails_ends_it,
					an_unknown_number_lets_nobody_in,
					a_host_that_cannot_call_back_says_so));

	tcase_add_checked_fixture(t, setup, teardown);
	t = test_case(s, "refused", 240, TESTS(a_host_that_does_not_permit_it_says_so));
	tcase_add_checked_fixture(t, setup_no_keyboard, teardown);
	return test_suite_run(s);
}
