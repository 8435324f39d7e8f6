/* A line of the prompt as words. */
#include "client/cli/files/words.h"
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "tests/unit/client/cli/files_suites.h"
#include <stdlib.h>
#include <string.h>

/* The words of `line` joined by "|". */
static void splits(const char *line, const char *want)
{
	struct files_words w;
	struct hws_buf got;

	hws_buf_init(&got, 512);
	ck_assert_msg(files_words_split(line, &w) == HWS_OK, "%s: %s", line, w.error);
	for (size_t i = 0; i < w.count; i++)
		hws_buf_fmt(&got, "%s%s", i ? "|" : "", w.word[i].text);
	hws_buf_put_u8(&got, 0);
	ck_assert_str_eq((const char *)hws_buf_bytes(&got).ptr, want);
	hws_buf_done(&got);
	files_words_done(&w);
}

static void refuses(const char *line, int err, const char *text)
{
	struct files_words w;

	ck_assert_int_eq(files_words_split(line, &w), err);
	ck_assert_msg(strstr(w.error, text), "%s", w.error);
	files_words_done(&w);
}

START_TEST(words_stand_between_blanks)
{
	splits("", "");
	splits("   \t ", "");
	splits("ls", "ls");
	splits("  get\ta  b \r\n", "get|a|b");
	splits("# ls", "");
	splits("ls #1", "ls|#1");
}
END_TEST

START_TEST(quotes_keep_what_is_between_them)
{
	splits("get 'a b' \"c d\"", "get|a b|c d");
	splits("get a' 'b", "get|a b");
	splits("get ''", "get|");
	splits("get \"a\\\"b\\\\c\"", "get|a\"b\\c");
	splits("get 'a\\b'", "get|a\\b");
	splits("get a\\ b", "get|a b");
	splits("get C:\\Users\\me", "get|C:\\Users\\me");
	splits("get x\\", "get|x\\");
}
END_TEST

START_TEST(wildcards_are_told_from_quoted_ones)
{
	struct files_words w;

	ck_assert_int_eq(files_words_split("get *.txt '*' \\*a \"[x]\" plain a\\[b", &w), HWS_OK);
	ck_assert_uint_eq(w.count, 7);
	ck_assert(w.word[1].wild && !w.word[2].wild && !w.word[3].wild && !w.word[4].wild);
	ck_assert(!w.word[5].wild && !w.word[6].wild);
	ck_assert_str_eq(w.word[1].pattern, "*.txt");
	ck_assert_str_eq(w.word[2].pattern, "\\*");
	ck_assert_str_eq(w.word[3].text, "*a");
	ck_assert_str_eq(w.word[3].pattern, "\\*a");
	ck_assert_str_eq(w.word[4].pattern, "\\[x\\]");
	ck_assert_str_eq(w.word[6].text, "a[b");
	files_words_done(&w);
}
END_TEST

START_TEST(a_shell_command_stays_as_it_is)
{
	struct files_words w;

	ck_assert_int_eq(files_words_split("  !echo 'a  b' | wc\n", &w), HWS_OK);
	ck_assert_uint_eq(w.count, 0);
	ck_assert_str_eq(w.shell, "echo 'a  b' | wc");
	files_words_done(&w);
}
END_TEST

START_TEST(what_cannot_be_meant_is_refused)
{
	char *line = malloc(FILES_LINE_MAX + 3);

	refuses("get 'a", HWS_ERR_INVAL, "not closed");
	refuses("get \"a\\\"", HWS_ERR_INVAL, "not closed");
	refuses("get \x1b[2J", HWS_ERR_INVAL, "character 5 ");
	memset(line, 'a', FILES_LINE_MAX + 2);
	line[FILES_LINE_MAX + 2] = 0;
	refuses(line, HWS_ERR_TOOBIG, "longer");
	for (size_t i = 0; i < FILES_LINE_MAX; i += 2)
		line[i + 1] = ' ';
	line[FILES_LINE_MAX] = 0;
	refuses(line, HWS_ERR_TOOBIG, "words");
	free(line);
}
END_TEST

Suite *files_words_suite(void)
{
	Suite *s = suite_create("cli/files/words");

	test_case(s, "words", 10,
			TESTS(words_stand_between_blanks, quotes_keep_what_is_between_them,
					wildcards_are_told_from_quoted_ones,
					a_shell_command_stays_as_it_is,
					what_cannot_be_meant_is_refused));
	return s;
}
