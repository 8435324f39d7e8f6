/* What a process of the host says, hostile or not, as it comes into hostd's log. */
#include "client/host/child_log.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_child_logs logs;
static int out = -1;
static char text[4 << 20];

static void setup(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	out = memfd_create("log", MFD_CLOEXEC);
	ck_assert_int_ge(out, 0);
	hws_log_setup("test", HWS_LOG_TEXT, out);
	hws_child_logs_init(&logs, loop);
}

static void teardown(void)
{
	hws_child_logs_done(&logs);
	hws_loop_free(loop);
	hws_log_setup("test", HWS_LOG_TEXT, 2);
	close(out);
}

static void say(int fd, const char *line, size_t n)
{
	ck_assert_int_eq(write(fd, line, n), (ssize_t)n);
}

static void read_log(void)
{
	ssize_t n = pread(out, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
}

static void turns(unsigned n)
{
	while (n--)
		hws_loop_once(loop, 0);
	read_log();
}

static size_t lines(void)
{
	size_t n = 0;

	for (const char *p = text; *p; p++)
		n += *p == '\n';
	return n;
}

START_TEST(lines_get_the_name_of_who_said_them)
{
	int fd = hws_child_log_open(&logs, "gate.log", 7);

	ck_assert_int_gt(fd, 2);
	say(fd, "0 bad.thing why=x\n", 18);
	say(fd, "plain words\n", 12);
	say(fd, "3 too quiet\n", 12);
	turns(3);
	ck_assert_msg(strstr(text, " error test gate.log conn=7 text=\"bad.thing why=x\"\n") !=
					NULL,
			"%s", text);
	ck_assert(strstr(text, " warn test gate.log conn=7 text=\"plain words\"\n") != NULL);
	ck_assert_ptr_null(strstr(text, "too quiet"));
	close(fd);
	turns(3);
	ck_assert(hws_list_empty(&logs.open));
}
END_TEST

START_TEST(nothing_said_can_forge_a_line_or_reach_a_terminal)
{
	static const char evil[] = "1 a\x1b]0;owned\x07\r2026-01-01 error hawser-host x\0rest\n";
	int fd = hws_child_log_open(&logs, "gate.log", 7);

	say(fd, evil, sizeof(evil) - 1);
	close(fd);
	turns(3);
	ck_assert_uint_eq(lines(), 1);
	for (const char *p = text; *p; p++)
		ck_assert_msg((unsigned char)*p >= ' ' || *p == '\n', "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "\\x1b"));
	ck_assert_ptr_nonnull(strstr(text, "rest"));
}
END_TEST

START_TEST(a_long_line_is_cut_into_pieces)
{
	static char big[5000];
	int fd = hws_child_log_open(&logs, "agent.log", 0);

	memset(big, 'x', sizeof(big));
	say(fd, big, sizeof(big));
	close(fd); /* without an end of line */
	turns(30);
	ck_assert_uint_eq(lines(), 5);
	ck_assert_ptr_nonnull(strstr(text, " agent.log text="));
	ck_assert(hws_list_empty(&logs.open));
}
END_TEST

/* A process that writes as fast as it can for as long as it likes. */
START_TEST(a_flood_is_read_at_a_bounded_rate)
{
	static char flood[8192];
	int fd = hws_child_log_open(&logs, "gate.log", 7);
	uint64_t begun = hws_clock_us();
	size_t refused = 0, bound;

	for (size_t i = 0; i < sizeof(flood); i++)
		flood[i] = i % 8 == 7 ? '\n' : 'x';
	for (unsigned i = 0; i < 3000; i++) {
		refused += write(fd, flood, sizeof(flood)) < 0;
		hws_loop_once(loop, 0);
	}
	read_log();
	ck_assert_uint_gt(refused, 100); /* never blocked */
	/* The burst, and for each second of a slow machine what a second allows. */
	bound = (131072 + 8192 * (2 + (size_t)((hws_clock_us() - begun) / HWS_US_PER_S))) / 100;
	ck_assert_msg(lines() <= bound, "%zu lines, at most %zu", lines(), bound);
	close(fd);
}
END_TEST

START_TEST(the_last_words_are_heard)
{
	int fd = hws_child_log_open(&logs, "gate.log", 7);

	say(fd, "1 good bye", 10);
	hws_child_logs_done(&logs);
	read_log();
	ck_assert_ptr_nonnull(strstr(text, "good bye"));
	ck_assert(hws_list_empty(&logs.open));
	close(fd);
	ck_assert_int_eq(hws_child_log_open(NULL, "gate.log", 7), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/child_log");
	TCase *t = tcase_create("child_log");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, lines_get_the_name_of_who_said_them);
	tcase_add_test(t, nothing_said_can_forge_a_line_or_reach_a_terminal);
	tcase_add_test(t, a_long_line_is_cut_into_pieces);
	tcase_add_test(t, a_flood_is_read_at_a_bounded_rate);
	tcase_add_test(t, the_last_words_are_heard);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
