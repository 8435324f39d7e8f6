/* Several viewers at one desktop, and who takes whose place: real processes, libhawser as the
 * viewers. One of them is a process of its own that can be killed, or stopped, with keys held
 * down. */
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include "tests/support/suite.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/xcb.h>

#define SHOW_MS TEST_PATIENCE_MS
#define SHIFT 42 /* KEY_LEFTSHIFT */
#define SLOW_BYTES_S 30000u

static struct test_stack stack;
static struct test_viewer first, second;
static struct test_proc copier; /* has what the desktop has copied */
static xcb_connection_t *screen;

static void set_up(void)
{
	test_stack_start(&stack, STACK_TERMINAL | STACK_NO_HOST);
	/* nothing of this machine's own host */
	snprintf(stack.config, sizeof(stack.config), "%s/host.conf", stack.dir);
	test_write_file("", "%s", stack.config);
	test_stack_start_host(&stack);
	screen = xcb_connect(stack.screen.display, NULL);
	ck_assert_int_eq(xcb_connection_has_error(screen), 0);
}

static void tear_down(void)
{
	if (first.session)
		test_viewer_close(&first);
	if (second.session)
		test_viewer_close(&second);
	test_proc_stop(&copier);
	xcb_disconnect(screen);
	test_stack_stop(&stack);
}

/* --- what the desktop says --- */

static bool shift_is_down(void)
{
	xcb_query_keymap_reply_t *r =
			xcb_query_keymap_reply(screen, xcb_query_keymap(screen), NULL);

	ck_assert_ptr_nonnull(r);
	bool down = r->keys[(SHIFT + 8) / 8] >> (SHIFT + 8) % 8 & 1;
	free(r);
	return down;
}

static bool is_down(void *arg)
{
	return shift_is_down() == *(const bool *)arg;
}

static void must_have_shift(bool down)
{
	ck_assert_msg(test_until(is_down, &down, SHOW_MS), "Shift is%s down", down ? " not" : "");
}

static bool pointer_is_at(int x, int y)
{
	xcb_window_t root = xcb_setup_roots_iterator(xcb_get_setup(screen)).data->root;
	xcb_query_pointer_reply_t *r =
			xcb_query_pointer_reply(screen, xcb_query_pointer(screen, root), NULL);

	ck_assert_ptr_nonnull(r);
	bool at = r->root_x == x && r->root_y == y;
	free(r);
	return at;
}

static bool looks_like_host(struct test_viewer *v)
{
	char png[300];
	char *out = NULL;

	snprintf(png, sizeof(png), "%s/host.png", stack.dir);
	const char *argv[] = { "/usr/bin/import", "-silent", "-window", "root", "-display",
		stack.screen.display, png, NULL };
	ck_assert_msg(test_run(argv, stack.envp, &out) == 0, "import: %s", out);
	free(out);
	return test_viewer_similarity(v, png) > 0.95;
}

/* --- what the host says --- */

static char *ask(const char *const args[])
{
	const char *argv[16] = { test_bin("client/host/hawser-host") };
	char *out = NULL, state[280];
	unsigned n = 1;

	for (; args[n - 1]; n++)
		argv[n] = args[n - 1];
	snprintf(state, sizeof(state), "%s/host", stack.dir);
	argv[n++] = "--state-dir";
	argv[n++] = state;
	argv[n++] = "--config";
	argv[n++] = stack.config;
	ck_assert_msg(test_run(argv, stack.envp, &out) == 0, "%s", out);
	return out;
}
#define ASK(...) ask((const char *const[]){ __VA_ARGS__, NULL })

static void configure(const char *name, const char *value)
{
	free(ASK("config", "set", name, value));
}

static unsigned sessions(void)
{
	char *out = ASK("status", "--json");
	unsigned n = 0;

	for (const char *at = out; (at = strstr(at, "\"kind\"")); at++)
		n++;
	free(out);
	return n;
}

static bool are_so_many(struct test_viewer *v)
{
	(void)v;
	return sessions() == (second.session ? 2 : 1);
}

/* Of the session that came n-th. */
static void number_of(unsigned n, char *buf, size_t size)
{
	char *out = ASK("status", "--json");
	unsigned long conns[8] = { 0 };
	unsigned count = 0;

	for (const char *at = out; count < 8 && (at = strstr(at, "\"conn\"")); at++)
		conns[count++] = strtoul(at + strcspn(at, "0123456789"), NULL, 10);
	for (unsigned i = 0; i < count; i++) {
		unsigned before = 0;
		for (unsigned k = 0; k < count; k++)
			before += conns[k] < conns[i];
		if (before == n)
			snprintf(buf, size, "%lu", conns[i]);
	}
	free(out);
}

/* By a program of the desktop, which has to stay for it. */
static void copy(const char *text)
{
	char path[300];
	const char *argv[] = { "/usr/bin/xclip", "-quiet", "-selection", "clipboard", "-i", path,
		NULL };

	snprintf(path, sizeof(path), "%s/copied", stack.dir);
	test_write_file(text, "%s", path);
	test_proc_stop(&copier);
	test_proc_start(&copier, argv, stack.envp);
}

/* --- the viewers --- */

static void open_viewer(struct test_viewer *v, const struct test_viewer_conf *like)
{
	struct test_viewer_conf conf = *like;
	char own[300];

	/* each is somebody else, but for those that are given the same */
	snprintf(own, sizeof(own), "%s/%s", stack.dir, v == &first ? "first" : "second");
	ck_assert(mkdir(own, 0700) == 0 || errno == EEXIST);
	snprintf(own, sizeof(own), "%s/%s/viewer.conf", stack.dir,
			v == &first ? "first" : "second"); /* its key is beside it */
	conf.config = conf.config ? conf.config : own;
	conf.target = conf.target ? conf.target : stack.target;
	conf.password = stack.password;
	test_viewer_open(v, &conf);
}

/* A process with a viewer that holds Shift. */
static pid_t hold_shift(const char *config)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct test_viewer v;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		open_viewer(&v, &(struct test_viewer_conf){ .config = config });
		test_viewer_must_show(&v, SHOW_MS);
		hawser_session_mouse_move(v.session, 0, 200, 150);
		hawser_session_key(v.session, SHIFT, true, 0, 0);
		for (;;)
			test_viewer_run(&v, 1000);
	}
	must_have_shift(true);
	return pid;
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static bool line_is_there(struct test_viewer *v)
{
	char text[256];

	(void)v;
	test_read_file(stack.typed, text, sizeof(text));
	return text[0] != '\0';
}

static void type(struct test_viewer *v, const char *text)
{
	hawser_session_mouse_move(v->session, 0, 200, 150);
	hawser_session_mouse_button(v->session, HAWSER_BUTTON_LEFT, true);
	hawser_session_mouse_button(v->session, HAWSER_BUTTON_LEFT, false);
	hawser_session_type_text(v->session, text);
	hawser_session_key(v->session, 28, true, 0, '\r');
	hawser_session_key(v->session, 28, false, 0, '\r');
}

static bool has_no_keyboard(struct test_viewer *v)
{
	return !hawser_session_permitted(v->session, HAWSER_PERMISSION_KEYBOARD);
}

static bool has_keyboard(struct test_viewer *v)
{
	return !has_no_keyboard(v);
}

static bool pointer_came(struct test_viewer *v)
{
	return v->closed || pointer_is_at(500, 400);
}

static bool pasted(struct test_viewer *v)
{
	return v->clipboards > 0;
}

static bool is_closed(struct test_viewer *v)
{
	return v->closed;
}

/* Both are served while one of them is waited for. */
static bool until_with(struct test_viewer *v, struct test_viewer *other,
		bool (*done)(struct test_viewer *v))
{
	uint64_t end = test_now_ms() + SHOW_MS;

	while (!done(v)) {
		if (test_now_ms() >= end)
			return false;
		hawser_context_wait(v->context, 10);
		hawser_context_wait(other->context, 1);
	}
	return true;
}

/* --- */

START_TEST(three_viewers_each_with_what_it_may)
{
	struct test_proxy proxy;
	char narrow[40], conn[24], got[64];
	pid_t dies = hold_shift(NULL);

	open_viewer(&first, &(struct test_viewer_conf){ 0 });
	test_viewer_must_show(&first, SHOW_MS);
	/* one comes in the middle, on a line that carries less than the pictures are to cost */
	test_proxy_start_narrow(&proxy, stack.direct_port);
	test_proxy_limit(&proxy, SLOW_BYTES_S);
	snprintf(narrow, sizeof(narrow), "127.0.0.1:%u", proxy.port);
	open_viewer(&second, &(struct test_viewer_conf){ .target = narrow, .view_only = true });
	test_viewer_must_show(&second, SHOW_MS);
	ck_assert(until_with(&first, &second, looks_like_host));
	ck_assert(until_with(&second, &first, looks_like_host));
	ck_assert_uint_eq(sessions(), 3);
	/* what it held is let go */
	end_process(dies);
	must_have_shift(false);
	ck_assert(until_with(&first, &second, are_so_many));
	/* keys of the one that may, and of nobody else */
	type(&second, "not this");
	type(&first, "hello");
	ck_assert(until_with(&first, &second, line_is_there));
	test_read_file(stack.typed, got, sizeof(got));
	ck_assert_str_eq(got, "hello\n");
	ck_assert(until_with(&first, &second, looks_like_host));
	ck_assert(until_with(&second, &first, looks_like_host));
	/* one loses a permission, the other does not */
	char off[] = "keyboard=off", on[] = "keyboard=on";
	number_of(0, conn, sizeof(conn));
	free(ASK("permit", conn, off));
	ck_assert(until_with(&first, &second, has_no_keyboard));
	ck_assert(has_keyboard(&second));
	hawser_session_mouse_move(first.session, 0, 500, 400);
	test_viewer_run(&first, 300);
	ck_assert(!pointer_is_at(500, 400));
	free(ASK("permit", conn, on));
	ck_assert(until_with(&first, &second, has_keyboard));
	hawser_session_mouse_move(first.session, 0, 500, 400);
	ck_assert(until_with(&first, &second, pointer_came));
	/* what the desktop copies goes to those who take part, once; what viewers copy, to no
	 * other */
	copy("one");
	ck_assert(until_with(&first, &second, pasted));
	ck_assert_str_eq(first.clipboard, "one");
	ck_assert_int_eq(hawser_session_set_option(second.session, HAWSER_OPTION_VIEW_ONLY, 0), 0);
	test_viewer_run(&second, 500);
	ck_assert_uint_eq(second.clipboards, 0);
	copy("two");
	ck_assert(until_with(&second, &first, pasted));
	ck_assert_str_eq(second.clipboard, "two");
	ck_assert_int_eq(hawser_session_send_clipboard(first.session, "three", 5), 0);
	test_viewer_run(&second, 1000);
	test_viewer_run(&first, 300);
	ck_assert_uint_eq(second.clipboards, 1);
	ck_assert_uint_eq(first.clipboards, 2);
	ck_assert_str_eq(first.clipboard, "two");
	ck_assert(!first.closed && !second.closed && !first.retries && !second.retries);
	test_proxy_stop(&proxy);
}
END_TEST

/* A laptop was closed with a key held, and its owner comes from the same machine anew. */
START_TEST(who_comes_again_has_no_ghost_beside_it)
{
	char config[300];
	pid_t ghost;

	snprintf(config, sizeof(config), "%s/viewer.conf", stack.dir);
	ghost = hold_shift(config);
	kill(ghost, SIGSTOP);
	open_viewer(&first, &(struct test_viewer_conf){ .config = config });
	test_viewer_must_show(&first, SHOW_MS);
	test_proc_must_expect(&stack.host, "Continued on a new connection", SHOW_MS);
	must_have_shift(false);
	ck_assert(test_viewer_until(&first, are_so_many, SHOW_MS));
	test_viewer_run(&first, 100);
	ck_assert(!first.closed && !first.retries);
	end_process(ghost);
}
END_TEST

START_TEST(a_second_viewer_is_refused_where_the_owner_says_so)
{
	configure("second-viewer", "refuse");
	open_viewer(&first, &(struct test_viewer_conf){ 0 });
	test_viewer_must_show(&first, SHOW_MS);
	open_viewer(&second, &(struct test_viewer_conf){ 0 });
	ck_assert(until_with(&second, &first, is_closed));
	ck_assert_msg(strstr(second.closed_text, "controls this desktop"), "%s",
			second.closed_text);
	ck_assert_uint_eq(second.retries, 0);
	test_viewer_close(&second);
	/* but may look on, and stays one who does */
	open_viewer(&second, &(struct test_viewer_conf){ .view_only = true });
	test_viewer_must_show(&second, SHOW_MS);
	ck_assert_int_eq(hawser_session_set_option(second.session, HAWSER_OPTION_VIEW_ONLY, 0), 0);
	ck_assert(until_with(&second, &first, has_no_keyboard));
	hawser_session_mouse_move(second.session, 0, 500, 400);
	test_viewer_run(&second, 300);
	ck_assert(!pointer_is_at(500, 400));
	ck_assert(!first.closed && !first.retries);
}
END_TEST

START_TEST(who_is_asked_takes_over_by_coming_again)
{
	configure("second-viewer", "ask");
	open_viewer(&first, &(struct test_viewer_conf){ 0 });
	test_viewer_must_show(&first, SHOW_MS);
	open_viewer(&second, &(struct test_viewer_conf){ 0 });
	ck_assert(until_with(&second, &first, is_closed));
	ck_assert_msg(strstr(second.closed_text, "Connect again within a minute to take over"),
			"%s", second.closed_text);
	ck_assert(!first.closed);
	test_viewer_close(&second);
	open_viewer(&second, &(struct test_viewer_conf){ 0 });
	ck_assert(until_with(&first, &second, is_closed));
	ck_assert_msg(strstr(first.closed_text, "has taken over"), "%s", first.closed_text);
	test_viewer_must_show(&second, SHOW_MS);
	test_viewer_run(&first, 2500); /* no fight: it does not come back by itself */
	ck_assert_uint_eq(first.retries, 0);
	test_viewer_run(&second, 100);
	ck_assert(!second.closed && !second.retries);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/seats");
	TCase *tc = tcase_create("seats");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, three_viewers_each_with_what_it_may);
	tcase_add_test(tc, who_comes_again_has_no_ghost_beside_it);
	tcase_add_test(tc, a_second_viewer_is_refused_where_the_owner_says_so);
	tcase_add_test(tc, who_is_asked_takes_over_by_coming_again);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
