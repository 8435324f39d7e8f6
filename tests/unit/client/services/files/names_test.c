/* Names on their way between systems: each comes back as it was, and none that leads out is
 * taken. */
#include "client/services/files/names.h"
#include "shared/base/bytes.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"
#include <string.h>

START_TEST(every_name_comes_back_as_it_was)
{
	static const char *const names[] = { "plain", "caf\xc3\xa9", "\xff", "a\x80z", "\xc3",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xee\xbe\x80", "\xee\xbf\xbf", "\xc0\xaf",
		"\xe2\x82", "back\\slash", "\x01\x1b[2J" };

	for (size_t i = 0; i < HWS_COUNT(names); i++) {
		char wire[64], back[64];

		ck_assert_int_eq(hws_name_to_wire(names[i], wire, sizeof(wire)), HWS_OK);
		ck_assert_msg(hws_utf8_valid(hws_bytes_str(wire)), "%zu", i);
		ck_assert_int_eq(hws_name_from_wire(wire, false, back, sizeof(back)), HWS_OK);
		ck_assert_msg(!strcmp(back, names[i]), "%zu", i);
	}
}
END_TEST

/* All bytes, in pairs: no two names meet on the wire. */
START_TEST(any_two_bytes_come_back)
{
	for (unsigned i = 1; i < 65536; i++) {
		char name[4] = { (char)(i & 0xff), (char)(i >> 8), 0 }, wire[16], back[16];

		if (!(i & 0xff))
			continue;
		ck_assert_int_eq(hws_name_to_wire(name, wire, sizeof(wire)), HWS_OK);
		ck_assert(hws_utf8_valid(hws_bytes_str(wire)));
		ck_assert_int_eq(hws_name_from_wire(wire, false, back, sizeof(back)), HWS_OK);
		ck_assert_str_eq(back, name);
	}
}
END_TEST

START_TEST(what_does_not_fit_is_said)
{
	char buf[4];

	ck_assert_int_eq(hws_name_to_wire("abc", buf, 4), HWS_OK);
	ck_assert_int_eq(hws_name_to_wire("abcd", buf, 4), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_name_to_wire("\xff", buf, 4), HWS_OK);
	ck_assert_int_eq(hws_name_to_wire("\xff", buf, 3), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_name_from_wire("abcd", false, buf, 4), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_name_from_wire("\xff", false, buf, 4), HWS_ERR_INVAL);
}
END_TEST

START_TEST(names_of_windows_are_ours)
{
	char buf[64];

	ck_assert_int_eq(hws_name_from_wire("dir\\file", true, buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "dir/file");
	ck_assert_int_eq(hws_name_from_wire("dir\\file", false, buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "dir\\file");
	ck_assert_int_eq(hws_name_to_windows("a/b:c/con.txt/end. /COM1/comma", buf, sizeof(buf)),
			HWS_OK);
	ck_assert_str_eq(buf, "a\\b_c\\_con.txt\\end._\\_COM1\\comma");
	ck_assert_int_eq(hws_name_to_windows("abc", buf, 3), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_name_from_wire("..\\x", true, buf, sizeof(buf)), HWS_OK);
	ck_assert_ptr_nonnull(hws_name_refusal(buf, false));
}
END_TEST

START_TEST(names_that_lead_out_are_refused)
{
	static const char *const bad[] = { "..", "../a", "a/..", "a/../b", "/", "/a", "a//b", "a/",
		".", "./a", "a/.", "c:/x", "Z:\\x", "" };
	static const char *const good[] = { "a", "...", "..a", "a..", "a/b/c", "c:", "c:x", ".a",
		"a\\b", "-rf", " " };
	char longest[HWS_FILE_NAME_MAX + 2];

	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(hws_name_refusal(bad[i], false), "%s", bad[i]);
	for (size_t i = 0; i < HWS_COUNT(good); i++)
		ck_assert_msg(!hws_name_refusal(good[i], false), "%s", good[i]);
	ck_assert_ptr_null(hws_name_refusal("", true));
	memset(longest, 'x', sizeof(longest));
	longest[HWS_FILE_NAME_MAX + 1] = 0;
	ck_assert_ptr_nonnull(hws_name_refusal(longest, false));
	longest[HWS_FILE_NAME_MAX] = 0;
	ck_assert_ptr_null(hws_name_refusal(longest, false));
	ck_assert_ptr_nonnull(hws_name_leaf_refusal("a/b"));
	ck_assert_ptr_nonnull(hws_name_leaf_refusal(""));
	ck_assert_ptr_null(hws_name_leaf_refusal("ab"));
}
END_TEST

START_TEST(the_last_component)
{
	char buf[HWS_FILE_NAME_MAX + 1];

	ck_assert_int_eq(hws_name_last("/a/b", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "b");
	ck_assert_int_eq(hws_name_last("/a/b//", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "b");
	ck_assert_int_eq(hws_name_last("a", buf, sizeof(buf)), HWS_OK);
	ck_assert_int_eq(hws_name_last("/", buf, sizeof(buf)), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_name_last("", buf, sizeof(buf)), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_name_last("a/..", buf, sizeof(buf)), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_name_last("/abc", buf, 3), HWS_ERR_TOOBIG);
}
END_TEST

int main(void)
{
	return test_main("files/names", 30, NULL, NULL,
			TESTS(every_name_comes_back_as_it_was, any_two_bytes_come_back,
					what_does_not_fit_is_said, names_of_windows_are_ours,
					names_that_lead_out_are_refused, the_last_component));
}
