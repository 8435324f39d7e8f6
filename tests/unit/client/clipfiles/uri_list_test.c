/* Lists of URIs as desktops write them, also badly: which paths of this machine are in them. */
#include "client/platform/uri_list.h"
#include "shared/base/mem.h"
#include "tests/support/suite.h"
#include <string.h>

static size_t take(const char *text, char ***ret)
{
	size_t n;

	ck_assert_int_eq(hws_uri_list_take(hws_bytes_str(text), ret, &n), HWS_OK);
	return n;
}

START_TEST(paths_go_there_and_back)
{
	const char *const paths[] = { "/home/a b/\xc3\xa4#?%", "/\xff\n\r", "/x" };
	struct hws_buf out;
	char **back;
	size_t n;

	hws_buf_init(&out, 4096);
	hws_uri_list_put(&out, paths, 3, "\r\n");
	ck_assert_int_eq(hws_uri_list_take(hws_buf_bytes(&out), &back, &n), HWS_OK);
	ck_assert_uint_eq(n, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_str_eq(back[i], paths[i]);
	hws_free(back);
	hws_buf_done(&out);
}
END_TEST

START_TEST(only_files_of_this_machine_count)
{
	char **got;

	ck_assert_uint_eq(
			take("# comment\r\nhttp://x/y\nfile://other/x\nfile:///a\nfile://localhost/b\n"
			     "/plain\nfile://\nfile:///%00\nfile:///%4\nfile:///%zz\nfile:///c",
					&got),
			3);
	ck_assert_str_eq(got[0], "/a");
	ck_assert_str_eq(got[1], "/b");
	ck_assert_str_eq(got[2], "/c");
	hws_free(got);
	ck_assert_uint_eq(take("", &got), 0);
	ck_assert_ptr_null(got);
	ck_assert_uint_eq(take("copy\nfile:///x%20y", &got), 1);
	ck_assert_str_eq(got[0], "/x y");
	hws_free(got);
}
END_TEST

START_TEST(a_list_has_an_end)
{
	struct hws_buf out;
	char **got;
	size_t n;

	hws_buf_init(&out, 1u << 20);
	for (unsigned i = 0; i <= HWS_URI_LIST_MAX; i++)
		hws_buf_put_str(&out, "file:///x\n");
	ck_assert_int_eq(hws_uri_list_take(hws_buf_bytes(&out), &got, &n), HWS_ERR_TOOBIG);
	hws_buf_done(&out);
}
END_TEST

int main(void)
{
	return test_main("uri_list", 30, NULL, NULL,
			TESTS(paths_go_there_and_back, only_files_of_this_machine_count,
					a_list_has_an_end));
}
