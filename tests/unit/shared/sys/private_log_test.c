/* sys/private_log: nothing is lost when a file is full, and nothing is written where others could
 * have put something. */
#include "shared/sys/private_log.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[256], path[300];
static struct hws_private_log log_file;
static struct hws_error err;

static void setup(void)
{
	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	ck_assert_int_eq(hws_private_log_init(&log_file, path, 64, 3), HWS_OK);
}

static void teardown(void)
{
	hws_private_log_close(&log_file);
}

static const char *content(unsigned number)
{
	static char text[4096];
	char name[320];
	size_t n = 0;
	FILE *f;

	ck_assert_int_eq(hws_private_log_name(path, number, name, sizeof(name)), HWS_OK);
	f = fopen(name, "re");
	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = 0;
	return f ? text : "(none)";
}

static int append(const char *lines)
{
	return hws_private_log_append(&log_file, hws_bytes_str(lines), &err);
}

START_TEST(lines_follow_each_other_in_a_private_file)
{
	struct stat st;

	ck_assert_str_eq(content(0), "(none)");
	ck_assert_int_eq(append("one\n"), HWS_OK);
	ck_assert_int_eq(append("two\nthree\n"), HWS_OK);
	ck_assert_str_eq(content(0), "one\ntwo\nthree\n");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	/* the next start goes on */
	hws_private_log_close(&log_file);
	ck_assert_int_eq(append("four\n"), HWS_OK);
	ck_assert_str_eq(content(0), "one\ntwo\nthree\nfour\n");
}
END_TEST

START_TEST(full_files_are_put_aside_and_the_oldest_goes)
{
	char line[64];

	for (int i = 0; i < 6; i++) {
		snprintf(line, sizeof(line), "%d ---------------------------------------\n", i);
		ck_assert_int_eq(append(line), HWS_OK);
	}
	ck_assert_int_eq(content(0)[0], '5');
	ck_assert_int_eq(content(1)[0], '4');
	ck_assert_int_eq(content(3)[0], '2');
	ck_assert_str_eq(content(4), "(none)");
}
END_TEST

/* More than a file takes is still one piece. */
START_TEST(a_long_batch_is_not_cut)
{
	char lines[200];

	memset(lines, 'x', sizeof(lines) - 1);
	lines[sizeof(lines) - 2] = '\n';
	lines[sizeof(lines) - 1] = 0;
	ck_assert_int_eq(append("one\n"), HWS_OK);
	ck_assert_int_eq(append(lines), HWS_OK);
	ck_assert_str_eq(content(0), lines);
	ck_assert_str_eq(content(1), "one\n");
}
END_TEST

START_TEST(nothing_is_written_to_what_is_not_ours_alone)
{
	char other[320];

	snprintf(other, sizeof(other), "%s/other", dir);
	test_write_file("", "%s", other);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert_int_eq(append("one\n"), HWS_ERR_PERM);
	ck_assert(strstr(err.text, path) != NULL);
	ck_assert_int_eq(unlink(path), 0);
	test_write_file("", "%s", path);
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(append("one\n"), HWS_ERR_PERM);
	ck_assert_str_eq(content(0), "");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_lt(append("one\n"), 0);
	/* and it is tried anew each time */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(append("one\n"), HWS_OK);
}
END_TEST

/* A disk that is full in the middle of a line. */
START_TEST(a_torn_line_is_ended_first)
{
	ck_assert_int_eq(append("half of"), HWS_OK);
	ck_assert_int_eq(append("next\n"), HWS_OK);
	ck_assert_str_eq(content(0), "half of\nnext\n");
}
END_TEST

int main(void)
{
	return test_main("sys/private_log", 20, setup, teardown,
			TESTS(lines_follow_each_other_in_a_private_file,
					full_files_are_put_aside_and_the_oldest_goes,
					a_long_batch_is_not_cut,
					nothing_is_written_to_what_is_not_ours_alone,
					a_torn_line_is_ended_first));
}
