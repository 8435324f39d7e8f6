/* What may be shown of a replay: everything that is seen, nothing that is answered. */
#include "client/services/terminal/replay_filter.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <string.h>

/* Fed whole, then byte by byte: the same comes out. */
static void shows(const char *in, const char *want)
{
	for (int split = 0; split < 2; split++) {
		struct hws_replay_filter f = { 0 };
		struct hws_buf out;
		size_t n = strlen(in);

		hws_buf_init(&out, 1 << 20);
		if (!split)
			hws_replay_filter_run(&f, hws_bytes(in, n), &out);
		for (size_t i = 0; split && i < n; i++)
			hws_replay_filter_run(&f, hws_bytes(in + i, 1), &out);
		hws_replay_filter_end(&f, &out);
		hws_buf_put_u8(&out, 0);
		ck_assert_str_eq((const char *)hws_buf_bytes(&out).ptr, want);
		hws_buf_done(&out);
	}
}

static void is_shown(const char *in)
{
	shows(in, in);
}

static void is_left_out(const char *in)
{
	char with[300];

	snprintf(with, sizeof(with), "a%sb", in);
	shows(with, "ab");
}

START_TEST(what_is_seen_stays)
{
	is_shown("plain text\r\n\ttab\b");
	is_shown("\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3m24 bit\x1b[m");
	is_shown("\x1b[?1049h\x1b[2J\x1b[H\x1b[10;20r\x1b[3 q\x1b[!p\x1b[?25l\x1b[?2004h");
	is_shown("\x1b]0;a title?\x07\x1b]2;another; \xe2\x9c\x93 one\x1b\\\x1b]8;;http://h/?q=1\x1b\\");
	is_shown("\x1bPq#0;2;0;0;0~~@@vv\x1b\\");
	is_shown("\x1b"
		 "7\x1b"
		 "8\x1b(B\x1b=\x1b>\x1b"
		 "c");
	is_shown("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0");
	is_shown("\x1b[>4;1m\x1b[>1u\x1b[>4n");
}
END_TEST

START_TEST(what_asks_goes)
{
	static const char *const questions[] = { "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[=c",
		"\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x1b[x", "\x1b[18t", "\x1b[21t", "\x1b[?1$p",
		"\x1b[4$p", "\x1b[>q", "\x1b[?u", "\x1b[?4m", "\x1b[1;1;1;1;1;1*y", "\x1b[1$w",
		"\x1b[#R", "\x1bZ", "\x05", "\x1b]11;?\x07", "\x1b]10;?\x1b\\",
		"\x1b]4;1;?;2;?\x07", "\x1b]52;c;?\x07", "\x1b]52;c;aGk=\x07", "\x1bP$qm\x1b\\",
		"\x1bP+q544e\x1b\\", "\x1b_Gi=1,a=q;AAAA\x1b\\", "\x1b^x\x1b\\", "\x1bXy\x1b\\",
		"\xc2\x9b"
		"6n",
		"\xc2\x9d"
		"11;?\x07",
		"\xc2\x90$qm\x1b\\", "\xc2\x9a",
		"\x9b"
		"6n",
		"\x9a", "\x1b[0000000000000000000000000000000000000000c" };

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		is_left_out(questions[i]);
}
END_TEST

/* A question that hides in something else. */
START_TEST(what_cuts_a_sequence_off_is_looked_at)
{
	shows("\x1b]0;title\x1b[6nx", "x");
	shows("\x1b[1;\x1b[6nx", "x");
	shows("\x1b[6\x18n", "\x18n"); /* cancelled: it is text */
	shows("\x1b[3\r1m", "\r\x1b[31m");
	shows("\x1bPq~~\x1b[6nx\x1b\\", "\x1bPq~~\x18x\x1b\\");
	shows("\x1b]0;t\xc2\x9b"
	      "6n\x07x",
			"x");
	shows("\x1b]0;t\x9b"
	      "6n\x07x",
			"x");
	shows("\xc2\x1b[6nx", "\xc2x");
	shows("\xe2\x82\x1b[6nx", "\xe2\x82x");
}
END_TEST

START_TEST(what_is_not_over_goes_on_behind_the_replay)
{
	struct hws_replay_filter f = { 0 };
	struct hws_buf out;

	hws_buf_init(&out, 1000);
	hws_replay_filter_run(&f, hws_bytes_str("x\x1b[3"), &out);
	ck_assert_uint_eq(hws_buf_len(&out), 1);
	hws_replay_filter_end(&f, &out);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&out), hws_bytes_str("x\x1b[3")));
	hws_buf_done(&out);
}
END_TEST

START_TEST(no_sequence_is_too_long)
{
	static char title[3 * HWS_REPLAY_SEQUENCE_MAX];
	struct hws_replay_filter f = { 0 };
	struct hws_buf out;

	memset(title, 'x', sizeof(title));
	memcpy(title, "\x1b]0;", 4);
	hws_buf_init(&out, 1 << 20);
	hws_replay_filter_run(&f, hws_bytes(title, sizeof(title)), &out);
	hws_replay_filter_run(&f, hws_bytes_str("\x07ok"), &out);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&out), hws_bytes_str("ok")));
	memcpy(title, "\x1bPq~", 4); /* a picture is as long as it is */
	hws_buf_reset(&out);
	hws_replay_filter_run(&f, hws_bytes(title, sizeof(title)), &out);
	hws_replay_filter_run(&f, hws_bytes_str("\x1b\\"), &out);
	ck_assert_uint_eq(hws_buf_len(&out), sizeof(title) + 2);
	hws_buf_done(&out);
}
END_TEST

int main(void)
{
	return test_main("terminal/replay_filter", 20, NULL, NULL,
			TESTS(what_is_seen_stays, what_asks_goes,
					what_cuts_a_sequence_off_is_looked_at,
					what_is_not_over_goes_on_behind_the_replay,
					no_sequence_is_too_long));
}
