/* Names from strangers on a terminal, figures of a copy, and the bar that must fit its line. */
#include "client/cli/files/show.h"
#include "shared/base/clock.h"
#include "tests/unit/client/cli/files_suites.h"
#include <string.h>

static void shows(const char *name, const char *want)
{
	char buf[200];

	ck_assert_str_eq(files_show_name(buf, sizeof(buf), name), want);
}

START_TEST(names_command_nothing)
{
	shows("plain \"name\" C:\\x", "plain \"name\" C:\\x");
	shows("\u00e4\u20ac\U0001f600", "\u00e4\u20ac\U0001f600");
	shows("a\nb\tc", "a\\x0ab\\x09c");
	shows("\x1b]0;title\x07", "\\x1b]0;title\\x07");
	shows("\xc2\x9b"
	      "2J",
			"\\xc2\\x9b"
			"2J");
	shows("\xff\xc3", "\\xff\\xc3");
	shows("a\x80", "a\\x80");
	shows("\u202egnp.exe", "\\xe2\\x80\\xaegnp.exe");
	shows("a\u200bb", "a\\xe2\\x80\\x8bb");
	shows("\x7f", "\\x7f");
}
END_TEST

START_TEST(long_names_are_cut_between_characters)
{
	char buf[8];

	ck_assert_str_eq(files_show_name(buf, sizeof(buf), "abcdefghij"), "abcdefg");
	ck_assert_str_eq(files_show_name(buf, sizeof(buf), "abcdef\u00e4"), "abcdef");
	ck_assert_str_eq(files_show_name(buf, sizeof(buf), "abcd\x01"), "abcd");
}
END_TEST

START_TEST(sizes_and_times_are_short)
{
	char b[32];

	ck_assert_str_eq(files_show_size(b, sizeof(b), 0), "0 B");
	ck_assert_str_eq(files_show_size(b, sizeof(b), 999), "999 B");
	ck_assert_str_eq(files_show_size(b, sizeof(b), 1000), "1.0 KiB");
	ck_assert_str_eq(files_show_size(b, sizeof(b), 1536u << 20), "1.5 GiB");
	ck_assert_str_eq(files_show_size(b, sizeof(b), UINT64_MAX), "16.0 EiB");
	ck_assert_str_eq(files_show_rate(b, sizeof(b), 2048), "2.0 KiB/s");
	ck_assert_str_eq(files_show_time(b, sizeof(b), 42), "0:42");
	ck_assert_str_eq(files_show_time(b, sizeof(b), 3723), "1:02:03");
	ck_assert_str_eq(files_show_time(b, sizeof(b), 183600), "2 d 03 h");
	ck_assert_uint_eq(strlen(files_show_mtime(b, sizeof(b), 1700000000)), 16);
	ck_assert_uint_eq(strlen(files_show_mtime(b, sizeof(b), UINT64_MAX)), 16);
}
END_TEST

START_TEST(the_bar_fits_its_line)
{
	struct files_bar bar = { .name = "folder/\x1b[31m/name.bin",
		.done = 50 << 20,
		.total = 100 << 20,
		.files = 3,
		.files_done = 1,
		.rate = 10 << 20 };
	char line[2048];

	files_show_bar(line, sizeof(line), &bar, 100);
	ck_assert_str_eq(line,
			"folder/\\x1b[31m/name.bin   50%  50.0 MiB of 100 MiB  10.0 MiB/s"
			"  0:06 left  file 2/3");
	for (size_t columns = 10; columns < 120; columns++) {
		files_show_bar(line, sizeof(line), &bar, columns);
		ck_assert_uint_le(files_show_columns(line), columns);
	}
	bar = (struct files_bar){ .files = 1, .files_done = 1 };
	ck_assert_str_eq(files_show_bar(line, sizeof(line), &bar, 80), "100%  0 B of 0 B");
	bar = (struct files_bar){ .name = "a", .done = 5, .total = 3, .paused = true };
	ck_assert_str_eq(files_show_bar(line, sizeof(line), &bar, 80),
			"a  100%  5 B of 3 B  paused");
}
END_TEST

START_TEST(the_rate_follows_what_comes)
{
	struct files_rate r = { 0 };

	ck_assert(files_rate_step(&r, HWS_US_PER_S, 0) < 1);
	for (uint64_t i = 1; i <= 10; i++)
		files_rate_step(&r, HWS_US_PER_S * (1 + i), 1000 * i);
	ck_assert(r.rate > 999 && r.rate < 1001);
	for (uint64_t i = 11; i <= 40; i++)
		files_rate_step(&r, HWS_US_PER_S * (1 + i), 10000);
	ck_assert(r.rate < 10);
	/* a job that begins anew, a clock that stands */
	ck_assert(files_rate_step(&r, HWS_US_PER_S * 50, 0) < 10);
	ck_assert(files_rate_step(&r, HWS_US_PER_S * 50, 500) < 10);
}
END_TEST

Suite *files_show_suite(void)
{
	Suite *s = suite_create("cli/files/show");

	test_case(s, "show", 10,
			TESTS(names_command_nothing, long_names_are_cut_between_characters,
					sizes_and_times_are_short, the_bar_fits_its_line,
					the_rate_follows_what_comes));
	return s;
}
