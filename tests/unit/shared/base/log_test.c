/* Log lines as the sinks write them, read back through a pipe. */
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/base/log.h"

static int fds[2];
static char text[1 << 20];

static void set_up(void)
{
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	hws_log_set_level(HWS_LOG_INFO);
}

static void tear_down(void)
{
	close(fds[0]);
	close(fds[1]);
}

static const char *drain(void)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	return text;
}

START_TEST(text_lines_have_typed_and_escaped_fields)
{
	const char *line;

	hws_log_setup("prog", HWS_LOG_TEXT, fds[1]);
	hws_info("pair.closed", HWS_STR("why", "idle time\n"), HWS_U64("bytes", UINT64_MAX),
			HWS_I64("delta", -5), HWS_BOOL("ok", true),
			HWS_ERR("error", HWS_ERR_TIMEOUT), HWS_STR("id", "a\x01="),
			HWS_STR("none", NULL));
	line = drain();
	ck_assert_str_eq(line + 27,
			" info prog pair.closed why=\"idle time\\x0a\" bytes=18446744073709551615"
			" delta=-5 ok=true error=timeout id=\"a\\x01=\" none=\"\"\n");
	hws_debug("not.shown");
	ck_assert_str_eq(drain(), "");
	hws_log_set_level(HWS_LOG_DEBUG);
	hws_debug("shown");
	ck_assert_ptr_nonnull(strstr(drain(), " debug prog shown\n"));
}
END_TEST

START_TEST(json_lines_are_json_whatever_the_values_are)
{
	json_t *line;
	char nasty[256];

	for (unsigned i = 0; i < 255; i++)
		nasty[i] = (char)(i + 1);
	nasty[255] = 0;
	hws_log_setup("prog", HWS_LOG_JSON, fds[1]);
	hws_warn("x.y", HWS_STR("raw", nasty), HWS_STR("t", "a\"b\\c\td\xc3\xa4"), HWS_U64("n", 5),
			HWS_BOOL("b", false));
	line = json_loads(drain(), 0, NULL);
	ck_assert(json_is_object(line));
	ck_assert_str_eq(json_string_value(json_object_get(line, "level")), "warn");
	ck_assert_str_eq(json_string_value(json_object_get(line, "event")), "x.y");
	ck_assert_str_eq(json_string_value(json_object_get(line, "t")),
			"a\\x22b\\x5cc\\x09d\xc3\xa4");
	ck_assert_int_eq(json_integer_value(json_object_get(line, "n")), 5);
	ck_assert(json_is_false(json_object_get(line, "b")));
	ck_assert(json_is_string(json_object_get(line, "raw")));
	json_decref(line);
}
END_TEST

START_TEST(too_long_lines_are_cut_between_fields_and_stay_whole)
{
	static char longer[4000];
	json_t *line;

	memset(longer, '\n', sizeof(longer) - 1);
	for (int format = HWS_LOG_TEXT; format <= HWS_LOG_JSON; format++) {
		hws_log_setup("prog", (enum hws_log_format)format, fds[1]);
		hws_info("long", HWS_STR("a", longer), HWS_STR("b", longer), HWS_STR("c", longer),
				HWS_U64("n", 1));
		drain();
		ck_assert_uint_le(strlen(text), 4096);
		ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	}
	line = json_loads(text, 0, NULL);
	ck_assert(json_is_object(line));
	json_decref(line);
}
END_TEST

START_TEST(what_strangers_trigger_is_limited_and_counted)
{
	size_t lines = 0;
	const char *p;

	hws_log_setup("prog", HWS_LOG_TEXT, fds[1]);
	for (int i = 0; i < 1000; i++)
		hws_warn_limited("limited.event", HWS_I64("i", i));
	hws_warn_limited("other.event");
	for (p = drain(); (p = strstr(p, "limited.event")); p++)
		lines++;
	ck_assert_uint_ge(lines, 20);
	ck_assert_uint_le(lines, 40);
	ck_assert_ptr_nonnull(strstr(text, "other.event"));
	/* the next one that passes tells how many were dropped */
	do
		hws_warn_limited("limited.event");
	while (!*drain());
	ck_assert_ptr_nonnull(strstr(text, "suppressed="));
}
END_TEST

static void *writer(void *arg)
{
	for (int i = 0; i < 200; i++)
		hws_info("thread.line", HWS_STR("name", arg), HWS_I64("i", i));
	return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
	pthread_t t[4];
	size_t lines = 0;
	char name[4][2] = { "a", "b", "c", "d" };

	hws_log_setup("prog", HWS_LOG_TEXT, fds[1]);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, writer, name[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	drain();
	for (char *p = text, *end; (end = strchr(p, '\n')); p = end + 1, lines++) {
		*end = 0;
		ck_assert_ptr_nonnull(strstr(p, " info prog thread.line name="));
		ck_assert_uint_lt(strlen(p), 90);
	}
	ck_assert_uint_eq(lines, 800);
}
END_TEST

/* Whoever ends a command's output by Ctrl-S must not end the server. */
START_TEST(who_does_not_read_keeps_nobody)
{
	static const char lost[] = " warn prog log.lost lines=";
	size_t lines = 0;
	const char *at;

	ck_assert_int_eq(fcntl(fds[1], F_SETFL, 0), 0); /* a write waits for room */
	ck_assert_int_ge(fcntl(fds[1], F_SETPIPE_SZ, 16384), 16384);
	hws_log_setup("prog", HWS_LOG_TEXT, fds[1]);
	for (int i = 0; i < 500; i++)
		hws_info("nobody.reads", HWS_I64("number", i));
	for (at = drain(); (at = strchr(at, '\n')); at++)
		lines++;
	ck_assert_uint_gt(lines, 10);
	ck_assert_uint_lt(lines, 500);
	ck_assert_str_eq(text + strlen(text) - 1, "\n"); /* none is torn */
	hws_info("somebody.reads");
	at = strstr(drain(), lost);
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(strtoul(at + strlen(lost), NULL, 10), 500 - lines);
	ck_assert_ptr_nonnull(strstr(at, " info prog somebody.reads\n"));
	hws_info("somebody.reads", HWS_U64("again", 1));
	ck_assert_ptr_null(strstr(drain(), lost));
}
END_TEST

START_TEST(without_a_journal_lines_come_as_text)
{
	hws_log_setup("prog", HWS_LOG_JOURNAL, fds[1]);
	if (access("/run/systemd/journal/socket", F_OK) == 0)
		return; /* they went there */
	hws_info("journal.away", HWS_U64("n", 1));
	ck_assert_ptr_nonnull(strstr(drain(), " info prog journal.away n=1\n"));
}
END_TEST

START_TEST(names_of_levels_are_parsed)
{
	enum hws_log_level level = HWS_LOG_ERROR;

	ck_assert_int_eq(hws_log_level_parse("debug", &level), HWS_OK);
	ck_assert_int_eq(level, HWS_LOG_DEBUG);
	ck_assert_int_eq(hws_log_level_parse("loud", &level), HWS_ERR_INVAL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/log");
	TCase *t = tcase_create("log");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, text_lines_have_typed_and_escaped_fields);
	tcase_add_test(t, json_lines_are_json_whatever_the_values_are);
	tcase_add_test(t, too_long_lines_are_cut_between_fields_and_stay_whole);
	tcase_add_test(t, what_strangers_trigger_is_limited_and_counted);
	tcase_add_test(t, lines_of_threads_do_not_mix);
	tcase_add_test(t, who_does_not_read_keeps_nobody);
	tcase_add_test(t, without_a_journal_lines_come_as_text);
	tcase_add_test(t, names_of_levels_are_parsed);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
