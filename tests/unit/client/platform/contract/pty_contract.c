/* The contract of client/platform/pty.h. */
#include "contract.h"
#include "shared/base/clock.h"
#include <string.h>

#define MUCH 100000u

static const struct contract_pty *b;
static struct hws_loop *loop;
static struct hws_ptys *ptys;
static struct hws_pty *pty;
static unsigned readables, writables, exits;
static struct hws_pty_exit exit_how;
static char text[2 * MUCH];
static size_t text_len;
static bool all_read; /* HWS_ERR_CLOSED was read */
static bool closes;

static void on_readable(void *arg)
{
	ck_assert_ptr_eq(arg, &text);
	readables++;
	if (closes) {
		hws_pty_close(pty);
		pty = NULL;
	}
}

static void on_writable(void *arg HWS_UNUSED)
{
	writables++;
}

static void on_exit_event(const struct hws_pty_exit *how, void *arg HWS_UNUSED)
{
	exits++;
	exit_how = *how;
}

static void setup(void)
{
	readables = writables = exits = 0;
	text_len = 0;
	all_read = closes = false;
	memset(text, 0, sizeof(text));
	pty = NULL;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ptys = b->open(loop);
}

static void teardown(void)
{
	hws_pty_close(pty);
	b->close(ptys);
	hws_loop_free(loop);
}

static struct hws_pty_conf conf(void)
{
	return (struct hws_pty_conf){ .columns = 80,
		.rows = 24,
		.env = b->env,
		.on_readable = on_readable,
		.on_writable = on_writable,
		.on_exit = on_exit_event,
		.arg = &text };
}

static void begin(const char *const *argv)
{
	struct hws_pty_conf c = conf();
	struct hws_error err = { 0 };

	c.argv = argv;
	int r = hws_pty_open(ptys, &c, &pty, &err);
	ck_assert_msg(r == HWS_OK, "%s", err.text);
}

static void take(void)
{
	size_t n;
	int r;

	while ((r = hws_pty_read(pty, (uint8_t *)text + text_len, sizeof(text) - 1 - text_len,
				&n)) == HWS_OK) {
		ck_assert_uint_gt(n, 0);
		text_len += n;
	}
	if (r != HWS_ERR_AGAIN)
		ck_assert_int_eq(r, HWS_ERR_CLOSED);
	all_read = r == HWS_ERR_CLOSED;
}

static void say(const char *line)
{
	struct hws_bytes left = hws_bytes_str(line);

	while (left.len) {
		size_t n = 0;
		int r = hws_pty_write(pty, left, &n);
		if (r == HWS_ERR_AGAIN) {
			contract_until(loop, &writables, writables + 1);
			continue;
		}
		ck_assert_int_eq(r, HWS_OK);
		left = hws_bytes(left.ptr + n, left.len - n);
	}
}

/* Reads on until this has been said. */
static void expect(const char *what)
{
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;

	while (!strstr(text, what)) {
		take();
		ck_assert_msg(hws_clock_us() < end, "\"%s\" was never said: %s", what, text);
		hws_loop_once(loop, 5000);
	}
}

static void expect_exit(void)
{
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;

	while (!exits) {
		if (!all_read)
			take();
		ck_assert(hws_clock_us() < end);
		hws_loop_once(loop, 5000);
	}
	contract_turns(loop, 10);
	ck_assert_uint_eq(exits, 1);
}

START_TEST(a_shell_answers_and_ends)
{
	size_t n;

	begin(NULL);
	ck_assert_uint_eq(readables, 0); /* not from inside */
	say(b->say_ready);
	expect("ready");
	say(b->exit_7);
	expect_exit();
	ck_assert(!exit_how.signalled);
	ck_assert_int_eq(exit_how.code, 7);
	ck_assert_int_eq(hws_pty_write(pty, hws_bytes_str("x"), &n), HWS_ERR_CLOSED);
	ck_assert_int_eq(hws_pty_kill(pty, true), HWS_ERR_CLOSED);
	ck_assert_int_eq(hws_pty_read(pty, (uint8_t *)text, 1, &n), HWS_ERR_CLOSED);
}
END_TEST

START_TEST(a_program_runs_to_its_end)
{
	begin(b->program);
	expect("ready");
	expect_exit();
	ck_assert(!exit_how.signalled);
	ck_assert_int_eq(exit_how.code, 0);
}
END_TEST

START_TEST(the_program_learns_of_a_new_size)
{
	begin(NULL);
	say(b->say_size);
	expect("24 80");
	ck_assert_int_eq(hws_pty_resize(pty, 132, 43), HWS_OK);
	say(b->say_size);
	expect("43 132");
	ck_assert_int_eq(hws_pty_resize(pty, 0, 43), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_pty_resize(pty, HWS_PTY_SIDE_MAX + 1, 43), HWS_ERR_INVAL);
}
END_TEST

/* Who does not read stops the program, and gets everything in the end. */
START_TEST(what_is_not_read_waits_with_the_program)
{
	begin(NULL);
	say(b->say_much);
	contract_until(loop, &readables, 1);
	unsigned told = readables;
	uint64_t end = hws_clock_us() + 100 * HWS_US_PER_MS;
	while (hws_clock_us() < end)
		hws_loop_once(loop, 5000);
	ck_assert_uint_eq(readables, told); /* once, until all was read */
	while (text_len < MUCH) {
		take();
		hws_loop_once(loop, 5000);
	}
	say(b->say_ready);
	expect("ready");
	ck_assert_uint_ge(text_len, MUCH);
}
END_TEST

/* What the program wrote before it ended is not lost, however late it is read. */
START_TEST(the_end_comes_after_the_last_word)
{
	begin(NULL);
	say(b->say_ready);
	say(b->exit_7);
	contract_until(loop, &readables, 1);
	contract_turns(loop, 50);
	ck_assert_uint_eq(exits, 0);
	expect("ready");
	expect_exit();
	ck_assert(all_read);
}
END_TEST

START_TEST(a_hang_up_ends_and_a_kill_always_does)
{
	begin(NULL);
	if (_i) {
		say(b->ignore_hangup);
		say(b->say_ready);
		expect("ready");
		ck_assert_int_eq(hws_pty_kill(pty, false), HWS_OK);
		contract_turns(loop, 20);
		ck_assert_uint_eq(exits, 0);
	}
	ck_assert_int_eq(hws_pty_kill(pty, _i), HWS_OK);
	expect_exit();
	ck_assert(exit_how.signalled);
	ck_assert_int_eq(exit_how.code, _i ? 9 : 1);
}
END_TEST

/* A program that does not read takes so much and no more. */
START_TEST(what_is_not_taken_waits_here)
{
	static const char *const sleeper[] = { "sh", "-c", "sleep 600", NULL };
	static uint8_t much[1 << 20];
	size_t n, sum = 0;
	int r = HWS_OK;

	memset(much, 'x', sizeof(much)); /* no line: nothing that could be taken as one */
	begin(sleeper);
	for (unsigned i = 0; i < 10000 && r == HWS_OK; i++) {
		r = hws_pty_write(pty, hws_bytes(much, sizeof(much)), &n);
		sum += n;
	}
	ck_assert_int_eq(r, HWS_ERR_AGAIN);
	ck_assert_uint_lt(sum, 16u << 20);
}
END_TEST

START_TEST(what_cannot_be_is_refused_in_words)
{
	struct hws_pty_conf c = conf();
	static const char *const nothing[] = { NULL };
	static const char *const missing[] = { "/there/is/no/such/program", NULL };
	struct hws_error err = { 0 };

	c.columns = 0;
	ck_assert_int_eq(hws_pty_open(ptys, &c, &pty, &err), HWS_ERR_INVAL);
	ck_assert_str_ne(err.text, "");
	c = conf();
	c.argv = nothing;
	ck_assert_int_eq(hws_pty_open(ptys, &c, &pty, &err), HWS_ERR_INVAL);
	c.argv = missing;
	ck_assert_int_eq(hws_pty_open(ptys, &c, &pty, &err), HWS_ERR_NOTFOUND);
	c = conf();
	c.user = "no-such-user-here";
	ck_assert_int_eq(hws_pty_open(ptys, &c, &pty, &err), HWS_ERR_NOTFOUND);
	c.user = b->other_user;
	if (b->other_user)
		ck_assert_int_eq(hws_pty_open(ptys, &c, &pty, &err), HWS_ERR_PERM);
	c = conf();
	c.on_exit = NULL;
	ck_assert_int_eq(hws_pty_open(ptys, &c, &pty, &err), HWS_ERR_INVAL);
	pty = NULL;
}
END_TEST

START_TEST(terminals_are_bounded)
{
	static struct hws_pty *many[HWS_PTYS_MAX];
	struct hws_pty_conf c = conf();
	struct hws_error err = { 0 };

	for (unsigned i = 0; i < HWS_PTYS_MAX; i++)
		ck_assert_int_eq(hws_pty_open(ptys, &c, &many[i], &err), HWS_OK);
	ck_assert_int_eq(hws_pty_open(ptys, &c, &pty, &err), HWS_ERR_FULL);
	for (unsigned i = 0; i < HWS_PTYS_MAX; i++)
		hws_pty_close(many[i]); /* while their shells run */
	pty = NULL;
	begin(NULL);
	say(b->say_ready);
	expect("ready");
}
END_TEST

START_TEST(a_terminal_may_be_closed_in_its_event)
{
	closes = true;
	begin(NULL);
	say(b->say_ready);
	contract_until(loop, &readables, 1);
	contract_turns(loop, 20);
	ck_assert_uint_eq(readables, 1);
	ck_assert_uint_eq(exits, 0);
}
END_TEST

Suite *contract_pty_suite(const struct contract_pty *backend)
{
	Suite *s = suite_create("platform/pty");
	TCase *t = tcase_create(backend->name);

	b = backend;
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_shell_answers_and_ends);
	tcase_add_test(t, a_program_runs_to_its_end);
	tcase_add_test(t, the_program_learns_of_a_new_size);
	tcase_add_test(t, what_is_not_read_waits_with_the_program);
	tcase_add_test(t, the_end_comes_after_the_last_word);
	tcase_add_loop_test(t, a_hang_up_ends_and_a_kill_always_does, 0, 2);
	tcase_add_test(t, what_is_not_taken_waits_here);
	tcase_add_test(t, what_cannot_be_is_refused_in_words);
	tcase_add_test(t, terminals_are_bounded);
	tcase_add_test(t, a_terminal_may_be_closed_in_its_event);
	suite_add_tcase(s, t);
	return s;
}
