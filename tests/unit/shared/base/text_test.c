/* Strings and numbers: tables of what is taken and what is refused. */
#include <check.h>
#include <stdlib.h>

#include "shared/base/num.h"
#include "shared/base/str.h"

struct number {
	const char *text;
	int r;
	uint64_t value;
};

static const struct number u64s[] = {
	{ "0", HWS_OK, 0 },
	{ "18446744073709551615", HWS_OK, UINT64_MAX },
	{ "18446744073709551616", HWS_ERR_RANGE, 0 },
	{ "99999999999999999999999", HWS_ERR_RANGE, 0 },
	{ "0x10", HWS_OK, 16 },
	{ "0xffffffffffffffff", HWS_OK, UINT64_MAX },
	{ "0x", HWS_ERR_INVAL, 0 },
	{ "", HWS_ERR_INVAL, 0 },
	{ " 1", HWS_ERR_INVAL, 0 },
	{ "1 ", HWS_ERR_INVAL, 0 },
	{ "+1", HWS_ERR_INVAL, 0 },
	{ "-1", HWS_ERR_INVAL, 0 },
	{ "1a", HWS_ERR_INVAL, 0 },
};

START_TEST(u64_is_the_whole_string_or_nothing)
{
	const struct number *n = &u64s[_i];
	uint64_t v = 77;

	ck_assert_int_eq(hws_parse_u64(n->text, &v), n->r);
	ck_assert_uint_eq(v, n->r == HWS_OK ? n->value : 77);
}
END_TEST

START_TEST(smaller_types_have_their_own_range)
{
	uint16_t v16 = 7;
	uint32_t v32 = 7;

	ck_assert_int_eq(hws_parse_u16("65535", &v16), HWS_OK);
	ck_assert_uint_eq(v16, 65535);
	ck_assert_int_eq(hws_parse_u16("65536", &v16), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_parse_u16("0x10", &v16), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_parse_u32("4294967295", &v32), HWS_OK);
	ck_assert_uint_eq(v32, UINT32_MAX);
	ck_assert_int_eq(hws_parse_u32("4294967296", &v32), HWS_ERR_RANGE);
}
END_TEST

static const struct number durations[] = {
	{ "30", HWS_OK, 30000000 },
	{ "30s", HWS_OK, 30000000 },
	{ "5m", HWS_OK, 300000000 },
	{ "2h", HWS_OK, 7200000000 },
	{ "250ms", HWS_OK, 250000 },
	{ "1d", HWS_OK, 86400000000 },
	{ "7us", HWS_OK, 7 },
	{ "0", HWS_OK, 0 },
	{ "5 m", HWS_ERR_INVAL, 0 },
	{ "m", HWS_ERR_INVAL, 0 },
	{ "5x", HWS_ERR_INVAL, 0 },
	{ "1.5s", HWS_ERR_INVAL, 0 },
	{ "18446744073709551615s", HWS_ERR_RANGE, 0 },
	{ "99999999999999999999x", HWS_ERR_INVAL, 0 },
};

START_TEST(durations_have_units)
{
	const struct number *n = &durations[_i];
	uint64_t v = 77;

	ck_assert_int_eq(hws_parse_duration_us(n->text, &v), n->r);
	ck_assert_uint_eq(v, n->r == HWS_OK ? n->value : 77);
}
END_TEST

static const struct number sizes[] = {
	{ "65536", HWS_OK, 65536 },
	{ "64K", HWS_OK, 65536 },
	{ "64k", HWS_OK, 65536 },
	{ "10M", HWS_OK, 10 << 20 },
	{ "1G", HWS_OK, 1 << 30 },
	{ "16777215T", HWS_OK, 16777215ull << 40 },
	{ "16777216T", HWS_ERR_RANGE, 0 },
	{ "K", HWS_ERR_INVAL, 0 },
	{ "1KB", HWS_ERR_INVAL, 0 },
};

START_TEST(sizes_have_units)
{
	const struct number *n = &sizes[_i];
	uint64_t v = 77;

	ck_assert_int_eq(hws_parse_size(n->text, &v), n->r);
	ck_assert_uint_eq(v, n->r == HWS_OK ? n->value : 77);
}
END_TEST

START_TEST(doubles_and_booleans_take_no_rubbish)
{
	static const char *const bad[] = { "", "x", "1x", "nan", "inf", "0x1p3", " 1", "1,5", "--1",
		"e5" };
	bool b = false;
	double d = 7;

	ck_assert_int_eq(hws_parse_double("-1.5e3", &d), HWS_OK);
	ck_assert_double_eq(d, -1500);
	ck_assert_int_eq(hws_parse_double("1e999", &d), HWS_ERR_RANGE);
	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_int_eq(hws_parse_double(bad[i], &d), HWS_ERR_INVAL);
	ck_assert_double_eq(d, -1500);
	ck_assert_int_eq(hws_parse_bool("YES", &b), HWS_OK);
	ck_assert(b);
	ck_assert_int_eq(hws_parse_bool("off", &b), HWS_OK);
	ck_assert(!b);
	ck_assert_int_eq(hws_parse_bool("2", &b), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_parse_bool("", &b), HWS_ERR_INVAL);
}
END_TEST

static const struct {
	const char *text;
	size_t len;
	bool valid;
} utf8[] = {
	{ "", 0, true },
	{ "abc", 3, true },
	{ "\xc3\xa4", 2, true },
	{ "\xe2\x82\xac", 3, true },
	{ "\xf0\x9f\x98\x80", 4, true },
	{ "\xf4\x8f\xbf\xbf", 4, true },
	{ "\xc3", 1, false },
	{ "\xe2\x82", 2, false },
	{ "\x80", 1, false },
	{ "\xc0\xaf", 2, false },         /* overlong */
	{ "\xe0\x9f\xbf", 3, false },     /* overlong */
	{ "\xf0\x8f\xbf\xbf", 4, false }, /* overlong */
	{ "\xed\xa0\x80", 3, false },     /* surrogate */
	{ "\xf4\x90\x80\x80", 4, false }, /* above U+10FFFF */
	{ "\xf5\x80\x80\x80", 4, false },
	{ "\xff", 1, false },
	{ "a\xc3(", 3, false },
};

START_TEST(utf8_is_checked_as_rfc_3629_says)
{
	ck_assert_int_eq(hws_utf8_valid(hws_bytes(utf8[_i].text, utf8[_i].len)), utf8[_i].valid);
}
END_TEST

static const struct {
	const char *in;
	size_t len;
	const char *out;
} escapes[] = {
	{ "plain text", 10, "plain text" },
	{ "a\nb", 3, "a\\x0ab" },
	{ "a\0b", 3, "a\\x00b" },
	{ "\"'\\", 3, "\\x22'\\x5c" },                    /* sentences have apostrophes */
	{ "\\x1b\\x1B\\x1", 11, "\\x1b\\x5cx1B\\x5cx1" }, /* what was made safe before stays */
	{ "\xc3\xa4", 2, "\xc3\xa4" },
	{ "\xff\xc3", 2, "\\xff\\xc3" },
	{ "\x1b[31m", 5, "\\x1b[31m" },
	{ "\xc2\x9b", 2, "\\xc2\\x9b" },            /* CSI in C1 */
	{ "\xe2\x80\xae!", 4, "\\xe2\\x80\\xae!" }, /* right-to-left override */
	{ "\x7f", 1, "\\x7f" },
};

START_TEST(foreign_text_is_made_safe_to_show)
{
	char buf[64], again[100];

	ck_assert_str_eq(hws_str_escape(buf, sizeof(buf),
					 hws_bytes(escapes[_i].in, escapes[_i].len)),
			escapes[_i].out);
	/* texts pass several places that make them safe: the second time changes nothing */
	hws_str_escape(again, sizeof(again), hws_bytes_str(escapes[_i].out));
	ck_assert_str_eq(again, escapes[_i].out);
	/* cut anywhere: terminated, a prefix, no half escape */
	for (size_t size = 1; size < sizeof(buf); size++) {
		memset(buf, 'Z', sizeof(buf));
		hws_str_escape(buf, size, hws_bytes(escapes[_i].in, escapes[_i].len));
		ck_assert_uint_lt(strlen(buf), size);
		ck_assert(hws_str_starts(escapes[_i].out, buf));
		ck_assert(hws_utf8_valid(hws_bytes_str(buf)));
	}
}
END_TEST

START_TEST(sentences_keep_their_quotes)
{
	char buf[64];

	ck_assert_str_eq(hws_str_plain(buf, sizeof(buf),
					 hws_bytes_str("a \"b\" \\c\x1b[2J\n\xff\xc2\x9b")),
			"a \"b\" \\c\\x1b[2J\\x0a\\xff\\xc2\\x9b");
	ck_assert_str_eq(hws_str_plain(buf, 8,
					 hws_bytes_str("abcd\x1b"
						       "e")),
			"abcd");
}
END_TEST

START_TEST(bounded_copies_fail_instead_of_cutting)
{
	char buf[6] = "xxxxx";

	ck_assert_int_eq(hws_fmt(buf, sizeof(buf), "%d", 12345), HWS_OK);
	ck_assert_str_eq(buf, "12345");
	ck_assert_int_eq(hws_fmt(buf, sizeof(buf), "%d", 123456), HWS_ERR_TOOBIG);
	ck_assert_str_eq(buf, "");
	ck_assert_int_eq(hws_str_copy(buf, sizeof(buf), "hello"), HWS_OK);
	ck_assert_int_eq(hws_str_copy(buf, sizeof(buf), "hello!"), HWS_ERR_TOOBIG);
	ck_assert_str_eq(buf, "");
	ck_assert_int_eq(hws_str_from_bytes(buf, sizeof(buf), hws_bytes("hello", 5)), HWS_OK);
	ck_assert_str_eq(buf, "hello");
	ck_assert_int_eq(hws_str_from_bytes(buf, sizeof(buf), hws_bytes("hello!", 6)),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_str_from_bytes(buf, sizeof(buf), hws_bytes("h\0i", 3)), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_str_from_bytes(buf, sizeof(buf), hws_bytes("\xff", 1)), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_str_from_bytes(buf, sizeof(buf), hws_bytes(NULL, 0)), HWS_OK);
	ck_assert_str_eq(buf, "");
}
END_TEST

START_TEST(hex_goes_there_and_back)
{
	uint8_t all[256], back[256];
	char text[513];

	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	ck_assert_int_eq(hws_hex_encode(hws_bytes(all, 256), text, 512), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_hex_encode(hws_bytes(all, 256), text, sizeof(text)), HWS_OK);
	ck_assert_int_eq(hws_hex_decode(text, back, 256), HWS_OK);
	ck_assert_mem_eq(all, back, 256);
	ck_assert_int_eq(hws_hex_decode("ABcd", back, 2), HWS_OK);
	ck_assert_int_eq(hws_hex_decode("abc", back, 1), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_hex_decode("ab", back, 2), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_hex_decode("ag", back, 1), HWS_ERR_INVAL);
}
END_TEST

static int join(const char *part, void *arg)
{
	char *all = arg;

	if (hws_str_equal(part, "stop"))
		return HWS_ERR_CANCELED;
	strncat(all, part, 100);
	strncat(all, "|", 2);
	return HWS_OK;
}

START_TEST(lists_are_split_trimmed_and_stopped)
{
	char all[256] = "", text[] = " \t x y \n", longer[1100];

	ck_assert_int_eq(hws_str_each(" a, b b ,,c,", ',', join, all), HWS_OK);
	ck_assert_str_eq(all, "a|b b|c|");
	ck_assert_int_eq(hws_str_each("d,stop,e", ',', join, all), HWS_ERR_CANCELED);
	ck_assert_str_eq(all, "a|b b|c|d|");
	memset(longer, 'x', sizeof(longer));
	longer[1024] = 0;
	ck_assert_int_eq(hws_str_each(longer, ',', join, all), HWS_ERR_TOOBIG);
	ck_assert_str_eq(hws_str_trim(text), "x y");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/text");
	TCase *t = tcase_create("text");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, u64_is_the_whole_string_or_nothing, 0, HWS_COUNT(u64s));
	tcase_add_test(t, smaller_types_have_their_own_range);
	tcase_add_loop_test(t, durations_have_units, 0, HWS_COUNT(durations));
	tcase_add_loop_test(t, sizes_have_units, 0, HWS_COUNT(sizes));
	tcase_add_test(t, doubles_and_booleans_take_no_rubbish);
	tcase_add_loop_test(t, utf8_is_checked_as_rfc_3629_says, 0, HWS_COUNT(utf8));
	tcase_add_loop_test(t, foreign_text_is_made_safe_to_show, 0, HWS_COUNT(escapes));
	tcase_add_test(t, sentences_keep_their_quotes);
	tcase_add_test(t, bounded_copies_fail_instead_of_cutting);
	tcase_add_test(t, hex_goes_there_and_back);
	tcase_add_test(t, lists_are_split_trimmed_and_stopped);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
