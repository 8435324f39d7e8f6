/* Chat: what becomes of foreign text, and the viewer's end. */
#include "client/services/chat/chat_text.h"
#include "client/services/chat/chat_view.h"
#include "shared/wire/envelope.h"
#include "tests/unit/client/core/recorder.h"
#include <stdlib.h>
#include <string.h>

/* --- the text --------------------------------------------------------------------------------- */

static void reads(const char *in, const char *want)
{
	char buf[HWS_CHAT_ROOM(60)];

	ck_assert(hws_chat_readable(buf, sizeof(buf), in));
	ck_assert_str_eq(buf, want);
}

START_TEST(text_stays_as_it_was_written)
{
	reads("", "");
	reads("C:\\temp is \"full\"", "C:\\temp is \"full\"");
	reads("two\nlines\r\nand\ta tab\n", "two\nlines\nand a tab\n");
	reads("\u00e4\u20ac\U0001f600", "\u00e4\u20ac\U0001f600");
}
END_TEST

START_TEST(text_commands_nothing)
{
	reads("\x1b[31mred", "\\x1b[31mred");
	reads("a\x07", "a\\x07");
	reads("\xff\xfe", "\\xff\\xfe");
	reads("\xc3", "\\xc3");
	reads("\xc2\x9b", "\\xc2\\x9b"); /* the other CSI */
	reads("\u202egnp.exe", "\\xe2\\x80\\xaegnp.exe");
}
END_TEST

START_TEST(long_text_is_cut_between_characters)
{
	char buf[HWS_CHAT_ROOM(4)];

	ck_assert(hws_chat_readable(buf, sizeof(buf), "abcd"));
	ck_assert_str_eq(buf, "abcd");
	ck_assert(!hws_chat_readable(buf, sizeof(buf), "abcde"));
	ck_assert_str_eq(buf, "abcd");
	ck_assert(!hws_chat_readable(buf, sizeof(buf), "abc\u00e4"));
	ck_assert_str_eq(buf, "abc");
	ck_assert(!hws_chat_readable(buf, sizeof(buf), "\u20ac\u20ac"));
	ck_assert_str_eq(buf, "\u20ac");
	/* the worst there is fits */
	ck_assert(hws_chat_readable(buf, sizeof(buf), "\xff\xff\xff\xff"));
	ck_assert_uint_eq(strlen(buf), sizeof(buf) - 1);
}
END_TEST

START_TEST(blanks_are_nothing_to_read)
{
	ck_assert(hws_chat_is_blank(""));
	ck_assert(hws_chat_is_blank(" \t\r\n "));
	ck_assert(!hws_chat_is_blank(" . "));
}
END_TEST

/* --- the viewer ------------------------------------------------------------------------------- */

static struct recorder r;
static struct hws_chat_view *cv;
static char heard[200];
static unsigned count;
static uint64_t now;

static void on_text(const char *text, void *arg)
{
	ck_assert_ptr_eq(arg, &r);
	strncpy(heard, text, sizeof(heard) - 1);
	count++;
}

static uint64_t the_time(void)
{
	return now;
}

static void setup(void)
{
	now = 1000000000;
	count = 0;
	memset(heard, 0, sizeof(heard));
	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_chat_view_new(&(struct hws_chat_view_conf){ on_text, &r, the_time },
					 &cv),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_chat_view_service(cv));
}

static void teardown(void)
{
	recorder_done(&r);
	hws_chat_view_free(cv);
}

static void says(const char *text)
{
	Ses__ChatMessage chat = SES__CHAT_MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	chat.text = (char *)(uintptr_t)text;
	misc.union_case = SES__MISC__UNION_CHAT_MESSAGE;
	misc.chat_message = &chat;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	recorder_feed(&r, &m);
}

START_TEST(what_the_host_says_is_told)
{
	says("hello\n\x1b[2Jthere");
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(heard, "hello\n\\x1b[2Jthere");
	says("");
	says(" \n");
	ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(a_host_that_floods_is_held_to_a_pace)
{
	for (unsigned i = 0; i < 5000; i++)
		says("again");
	ck_assert_uint_le(count, 100);
	ck_assert_uint_ge(count, 10);
	count = 0;
	now += 10000000;
	says("and now?");
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(heard, "and now?");
}
END_TEST

START_TEST(what_the_user_says_is_sent)
{
	Ses__Message *m;

	ck_assert_int_eq(hws_chat_view_send(cv, "caf\u00e9?"), HWS_OK);
	m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_MISC);
	ck_assert_int_eq(m->misc->union_case, SES__MISC__UNION_CHAT_MESSAGE);
	ck_assert_str_eq(m->misc->chat_message->text, "caf\u00e9?");
	hws_ses_free(m);
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_chat_view_send(cv, " \n"), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_chat_view_send(cv, "\xff"), HWS_ERR_INVAL);
	hws_viewer_lost(r.viewer);
	ck_assert_int_eq(hws_chat_view_send(cv, "anybody?"), HWS_ERR_DENIED);
	ck_assert_uint_eq(r.sent_count, before);
}
END_TEST

/* Who only looks on, and may not type, may still write. */
START_TEST(looking_on_is_enough_to_write)
{
	struct hws_view_options o = *hws_viewer_options(r.viewer);

	o.view_only = true;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert_int_eq(hws_chat_view_send(cv, "hello"), HWS_OK);
	says("hello yourself");
	ck_assert_str_eq(heard, "hello yourself");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/chat");
	TCase *t = tcase_create("text");
	SRunner *sr = srunner_create(s);

	tcase_add_test(t, text_stays_as_it_was_written);
	tcase_add_test(t, text_commands_nothing);
	tcase_add_test(t, long_text_is_cut_between_characters);
	tcase_add_test(t, blanks_are_nothing_to_read);
	suite_add_tcase(s, t);
	t = tcase_create("viewer");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_the_host_says_is_told);
	tcase_add_test(t, a_host_that_floods_is_held_to_a_pace);
	tcase_add_test(t, what_the_user_says_is_sent);
	tcase_add_test(t, looking_on_is_enough_to_write);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
