/* The encodings of X clipboards, byte by byte and by properties. */
#include "client/platform/x11/clip_text.h"
#include "shared/base/str.h"
#include <check.h>
#include <string.h>

static struct hws_buf out;

static void setup(void)
{
	hws_buf_init(&out, 1u << 20);
}

static void teardown(void)
{
	hws_buf_done(&out);
}

static const struct {
	const char *in, *text;
} known[] = {
	{ "plain\ttext\n", "plain\ttext\n" }, { "Gr\xfc\xdf", "Gr\xc3\xbc\xc3\x9f" },
	{ "\x1b-L\xbf\xe0\xd8\xd2\xd5\xe2", "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82" },
	{ "\x1b-B\xb1", "\xc4\x85" }, { "\x1b-b\xa4", "\xe2\x82\xac" },
	{ "\x1b$(B\x46\x7c\x4b\x5c\x1b(B.", "\xe6\x97\xa5\xe6\x9c\xac." },
	{ "\x1b$)B\xc6\xfc", "\xe6\x97\xa5" }, { "\x1b$(A\x56\x50", "\xe4\xb8\xad" },
	{ "\x1b$(C\x47\x51", "\xed\x95\x9c" }, { "\x1b)I\xb1", "\xef\xbd\xb1" },
	{ "a\x1b%G\xf0\x9f\x98\x80\x1b%@b",
			"a\xf0\x9f\x98\x80"
			"b" },
	{ "\x1b%G\xe2\x82\xac", "\xe2\x82\xac" }, /* never closed */
	{ "a\x9b"
	  "2]b\x9b]c",
			"abc" }, /* direction of writing */
	{ "\x1b-Q\xaa\xab"
	  "c",
			"\xef\xbf\xbd\xef\xbf\xbd"
			"c" }, /* a set nobody knows */
	{ "a\x1b%/1\x80\x86"
	  "koi\x02xx!",
			"a\xef\xbf\xbd!" },           /* a segment of unknown encoding */
	{ "\x1b-G\xa1\xd1", "\xef\xbf\xbd\xd8\xb1" }, /* a code the set does not have */
};

START_TEST(known_texts_are_read)
{
	ck_assert_int_eq(x11_compound_take(&out, hws_bytes_str(known[_i].in)), HWS_OK);
	hws_buf_put_u8(&out, 0);
	ck_assert_str_eq((const char *)hws_buf_bytes(&out).ptr, known[_i].text);
}
END_TEST

START_TEST(what_is_cut_off_is_no_text)
{
	static const char *const bad[] = { "\x1b", "a\x1b(", "\x1b$", "\x1b$(", "\x1b%", "\x1b%/",
		"\x1b%/1\x80\x90x", "\x1bZ", "\x1b%/1\x10\x10" };

	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(x11_compound_take(&out, hws_bytes_str(bad[i])) == HWS_ERR_CORRUPT,
				"%zu", i);
}
END_TEST

static void put_random_char(struct hws_buf *b, uint32_t *seed)
{
	static const char *const chars[] = { "a", "Z", " ", "\n", "\t", "\xc3\xa4", "\xc2\xa0",
		"\xc2\x9b", "\x1b", "\x01", "\xe2\x82\xac", "\xd0\x96", "\xf0\x9f\x98\x80", "%G",
		"\x1b%@", "\x7f" };
	const char *c;

	*seed = *seed * 1103515245u + 12345u;
	c = chars[*seed / 65536u % HWS_COUNT(chars)];
	/* The end of a segment inside one cannot be told from its end: no peer writes such text. */
	hws_buf_put(b, c, strcmp(c, "\x1b%@") ? strlen(c) : 1);
}

START_TEST(what_is_written_is_read_again)
{
	struct hws_buf text, back;
	uint32_t seed = (uint32_t)_i;

	hws_buf_init(&text, 4096);
	hws_buf_init(&back, 65536);
	for (int n = _i % 61; n >= 0; n--)
		put_random_char(&text, &seed);
	x11_compound_put(&out, hws_buf_bytes(&text));
	ck_assert_int_eq(x11_compound_take(&back, hws_buf_bytes(&out)), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&back), hws_buf_len(&text));
	ck_assert_mem_eq(hws_buf_bytes(&back).ptr, hws_buf_bytes(&text).ptr, hws_buf_len(&text));
	hws_buf_done(&text);
	hws_buf_done(&back);
}
END_TEST

START_TEST(latin1_is_exact_where_it_can_be)
{
	struct hws_buf back;
	uint8_t all[256];

	hws_buf_init(&back, 1024);
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	x11_latin1_take(&out, hws_bytes(all, 256));
	ck_assert(hws_utf8_valid(hws_buf_bytes(&out)));
	ck_assert(x11_latin1_put(&back, hws_buf_bytes(&out)));
	ck_assert_uint_eq(hws_buf_len(&back), 256);
	ck_assert_mem_eq(hws_buf_bytes(&back).ptr, all, 256);
	hws_buf_reset(&back);
	ck_assert(!x11_latin1_put(&back,
			hws_bytes_str("a\xc4\x80"
				      "b\xf0\x9f\x98\x80")));
	ck_assert_uint_eq(hws_buf_len(&back), 4);
	ck_assert_mem_eq(hws_buf_bytes(&back).ptr, "a?b?", 4);
	hws_buf_done(&back);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("platform/clip_text");
	TCase *t = tcase_create("clip_text");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, known_texts_are_read, 0, (int)HWS_COUNT(known));
	tcase_add_test(t, what_is_cut_off_is_no_text);
	tcase_add_loop_test(t, what_is_written_is_read_again, 0, 400);
	tcase_add_test(t, latin1_is_exact_where_it_can_be);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
