/* Terminals of the kernel keep the contract; and what only they can show: the environment, the
 * controlling terminal, pipes, and that nothing is left behind. */
#include "client/platform/unix/unix_pty.h"
#include "contract/contract.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_US (60 * HWS_US_PER_S)

void contract_until(struct hws_loop *loop, const unsigned *count, unsigned n)
{
	uint64_t end = hws_clock_us() + PATIENCE_US;

	while (*count < n) {
		ck_assert_msg(hws_clock_us() < end, "%u instead of %u", *count, n);
		hws_loop_once(loop, 10000);
	}
}

void contract_turns(struct hws_loop *loop, unsigned n)
{
	while (n--)
		hws_loop_once(loop, 1000);
}

static struct hws_ptys *open_ptys(struct hws_loop *loop)
{
	struct hws_ptys *s;

	ck_assert_int_eq(hws_unix_ptys_new(loop, &s), HWS_OK);
	return s;
}

static const char *const program[] = { "sh", "-c", "echo ready", NULL };

/* What people have in the files of their shells is no part of this. */
static const char *const home[] = { "HOME=/nonexistent", NULL };

/* The login shell of whoever runs this may be any: what is asked of it all of them know. "ready"
 * must not be in the echo of the line that says it. */
static const struct contract_pty pty = { "unix", open_ptys, hws_unix_ptys_free, "echo rea''dy\n",
	"stty size\n", "head -c 100000 /dev/zero | tr '\\0' x\n", "trap '' HUP\n", "exit 7\n",
	program, NULL, home };

/* --- of the kernel's alone -------------------------------------------------------------------- */

static struct hws_loop *loop;
static struct hws_ptys *ptys;
static struct hws_pty *one;
static char said[1 << 17], errors[4096];
static size_t said_len, errors_len;
static unsigned exits;
static struct hws_pty_exit how;

static void drain(void *arg HWS_UNUSED)
{
	size_t n;

	while (hws_pty_read(one, (uint8_t *)said + said_len, sizeof(said) - 1 - said_len, &n) ==
			HWS_OK)
		said_len += n;
	while (hws_pty_read_errors(one, (uint8_t *)errors + errors_len,
			       sizeof(errors) - 1 - errors_len, &n) == HWS_OK)
		errors_len += n;
}

static void on_exit_event(const struct hws_pty_exit *h, void *arg HWS_UNUSED)
{
	exits++;
	how = *h;
}

static void begin(const char *script, bool pipes, const char *const *env)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct hws_pty_conf c = { .argv = argv,
		.env = env,
		.pipes = pipes,
		.columns = 80,
		.rows = 24,
		.on_readable = drain,
		.on_exit = on_exit_event };
	struct hws_error err = { 0 };

	exits = 0;
	said_len = errors_len = 0;
	memset(said, 0, sizeof(said));
	memset(errors, 0, sizeof(errors));
	int r = hws_pty_open(ptys, &c, &one, &err);
	ck_assert_msg(r == HWS_OK, "%s", err.text);
}

static void type(const char *text)
{
	size_t n;

	ck_assert_int_eq(hws_pty_write(one, hws_bytes_str(text), &n), HWS_OK);
	ck_assert_uint_eq(n, strlen(text));
}

static void until_said(const char *what)
{
	uint64_t end = hws_clock_us() + PATIENCE_US;

	while (!strstr(said, what)) {
		ck_assert_msg(hws_clock_us() < end, "\"%s\" was never said: %s", what, said);
		hws_loop_once(loop, 5000);
	}
}

static void end_test(void)
{
	hws_pty_close(one);
	one = NULL;
}

static void setup(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ptys = open_ptys(loop);
}

static void teardown(void)
{
	hws_unix_ptys_free(ptys);
	hws_loop_free(loop);
}

START_TEST(the_environment_is_clean)
{
	static const char *const env[] = { "COLORTERM=truecolor", "LANG=xx_XX.UTF-8", NULL };

	setenv("HAWSER_SECRET", "x", 1);
	setenv("DBUS_SESSION_BUS_ADDRESS", "x", 1);
	begin("env | sed 's/=.*//' | sort | tr '\\n' ' '; echo $LANG $TERM; pwd; echo $HOME", false,
			env);
	contract_until(loop, &exits, 1);
	said[strcspn(said, "\r")] = 0;
	char *line = said;
	/* what a shell adds by itself beside them */
	static const char *const known[] = { "COLORTERM", "HOME", "LANG", "LOGNAME", "PATH",
		"SHELL", "TERM", "USER", "PWD", "OLDPWD", "SHLVL", "_", "TZ", "xx_XX.UTF-8",
		"xterm-256color" };
	unsigned found = 0;
	char *save = NULL;
	for (char *w = strtok_r(line, " \r\n", &save); w; w = strtok_r(NULL, " \r\n", &save)) {
		size_t i = 0;
		while (i < HWS_COUNT(known) && strcmp(known[i], w) != 0)
			i++;
		ck_assert_msg(i < HWS_COUNT(known), "%s", w);
		found += i < 8 || i > 12;
	}
	ck_assert_uint_eq(found, 10);
	end_test();
}
END_TEST

START_TEST(the_terminal_is_its_own)
{
	begin("ps -o sid=,tty=,tpgid= -p $$; tty; stty -a | tr ' ' '\\n' | grep -x iutf8; "
	      "echo pid=$$",
			false, NULL);
	contract_until(loop, &exits, 1);
	ck_assert_ptr_nonnull(strstr(said, "pts/"));
	ck_assert_ptr_nonnull(strstr(said, "/dev/pts/"));
	ck_assert_ptr_nonnull(strstr(said, "iutf8"));
	char want[32];
	ck_assert_int_eq(hws_fmt(want, sizeof(want), "pid=%u\r\n", one->pid), HWS_OK);
	ck_assert_ptr_nonnull(strstr(said, want)); /* leader of its session: tty knows it */
	end_test();
}
END_TEST

START_TEST(nothing_open_passes_on)
{
	int fd = dup(0);

	ck_assert_int_ge(fd, 3);
	begin("ls -l /proc/self/fd | grep -c -v -e pts/ -e pipe: -e total -e /proc/", _i != 0,
			NULL);
	contract_until(loop, &exits, 1);
	ck_assert_ptr_eq(strstr(said, "0"), said);
	close(fd);
	end_test();
}
END_TEST

START_TEST(pipes_tell_output_from_errors_and_end)
{
	begin("echo out; echo oops >&2; cat; echo end; exit 3", true, NULL);
	until_said("out");
	type("through");
	ck_assert_int_eq(hws_pty_end_input(one), HWS_OK);
	ck_assert_int_eq(hws_pty_end_input(one), HWS_ERR_CLOSED);
	contract_until(loop, &exits, 1);
	ck_assert_str_eq(said, "out\nthroughend\n");
	ck_assert_str_eq(errors, "oops\n");
	ck_assert(!how.signalled);
	ck_assert_int_eq(how.code, 3);
	ck_assert_int_eq(hws_pty_resize(one, 80, 24), HWS_ERR_UNSUPPORTED);
	end_test();
}
END_TEST

START_TEST(the_end_of_input_reaches_a_terminal)
{
	begin("cat; echo bye", false, NULL);
	type("line\n");
	ck_assert_int_eq(hws_pty_end_input(one), HWS_OK);
	contract_until(loop, &exits, 1);
	ck_assert_ptr_nonnull(strstr(said, "bye"));
	end_test();
}
END_TEST

START_TEST(signals_reach_the_foreground)
{
	int number = 0;

	begin("trap 'echo hit; exit 5' INT; echo up; while :; do sleep 0.1; done", _i != 0, NULL);
	until_said("up");
	ck_assert_int_eq(hws_pty_interrupts(one, 3, &number), _i == 0);
	ck_assert(!hws_pty_interrupts(one, 'x', &number));
	ck_assert_int_eq(hws_pty_signal(one, 0), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_pty_signal(one, SIGINT), HWS_OK);
	contract_until(loop, &exits, 1);
	ck_assert_ptr_nonnull(strstr(said, "hit"));
	ck_assert_int_eq(how.code, 5);
	end_test();
}
END_TEST

START_TEST(raw_terminals_interrupt_nothing)
{
	int number;

	begin("stty raw -isig; echo raw; sleep 600", false, NULL);
	until_said("raw\n");
	ck_assert(!hws_pty_interrupts(one, 3, &number));
	end_test();
}
END_TEST

/* What the shell left in the background does not keep the terminal, nor lose what it said. */
START_TEST(the_background_does_not_keep_a_terminal)
{
	begin("trap '' HUP; (trap '' HUP; sleep 600) & echo gone", false, NULL);
	contract_until(loop, &exits, 1);
	ck_assert_ptr_nonnull(strstr(said, "gone"));
	end_test();
}
END_TEST

/* All of its session go, also those that no group of the terminal's holds. */
START_TEST(a_kill_reaches_the_whole_session)
{
	begin("trap '' HUP; set -m; (trap '' HUP; exec sleep 600) & echo pid=$!.; wait", false,
			NULL);
	until_said(".");
	char *at = strstr(said, "pid=");
	ck_assert_ptr_nonnull(at);
	pid_t other = (pid_t)strtoul(at + 4, NULL, 10);
	ck_assert_int_gt(other, 1);
	ck_assert_int_eq(hws_pty_kill(one, true), HWS_OK);
	contract_until(loop, &exits, 1);
	uint64_t end = hws_clock_us() + PATIENCE_US;
	while (kill(other, 0) == 0 && hws_clock_us() < end) {
		char path[64], text[256] = "";
		ck_assert_int_eq(hws_fmt(path, sizeof(path), "/proc/%d/stat", other), HWS_OK);
		FILE *f = fopen(path, "re");
		if (f && fgets(text, sizeof(text), f) && strstr(text, ") Z "))
			end = 0; /* dead, and nobody has asked for it yet */
		if (f)
			fclose(f);
		hws_loop_once(loop, 5000);
	}
	ck_assert(kill(other, 0) < 0 || end == 0);
	end_test();
}
END_TEST

int main(void)
{
	Suite *s = contract_pty_suite(&pty);
	TCase *t = tcase_create("kernel");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_environment_is_clean);
	tcase_add_test(t, the_terminal_is_its_own);
	tcase_add_loop_test(t, nothing_open_passes_on, 0, 2);
	tcase_add_test(t, pipes_tell_output_from_errors_and_end);
	tcase_add_test(t, the_end_of_input_reaches_a_terminal);
	tcase_add_loop_test(t, signals_reach_the_foreground, 0, 2);
	tcase_add_test(t, raw_terminals_interrupt_nothing);
	tcase_add_test(t, the_background_does_not_keep_a_terminal);
	tcase_add_test(t, a_kill_reaches_the_whole_session);
	suite_add_tcase(s, t);
	return test_suite_run(s);
}
