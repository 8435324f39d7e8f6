/* CSV of all kinds of programs, and what is no CSV; what is written is read as it was. */
#include "shared/base/csv.h"
#include "shared/base/macros.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hws_csv *read_text(const char *text)
{
	struct hws_csv *c = NULL;
	struct hws_error err = { 0 };

	ck_assert_msg(hws_csv_read(hws_bytes_str(text), &c, &err) == HWS_OK, "%s", err.text);
	return c;
}

START_TEST(cells_of_a_file)
{
	struct hws_csv *c = read_text("\xef\xbb\xbfid,name,note\r\n"
				      "1,\"a, \"\"b\"\"\",\"two\nlines\"\r\n"
				      "\r\n"
				      "2,,\n"
				      "3\n"
				      "4,x,'=1+1");

	ck_assert_uint_eq(hws_csv_rows(c), 4);
	ck_assert_uint_eq(hws_csv_columns(c), 3);
	ck_assert_str_eq(hws_csv_column(c, 2), "note");
	ck_assert_str_eq(hws_csv_cell(c, 0, "name"), "a, \"b\"");
	ck_assert_str_eq(hws_csv_cell(c, 0, "note"), "two\nlines");
	ck_assert_str_eq(hws_csv_cell(c, 1, "id"), "2");
	ck_assert_str_eq(hws_csv_cell(c, 1, "note"), "");
	ck_assert_ptr_null(hws_csv_cell(c, 2, "name"));
	ck_assert_ptr_null(hws_csv_cell(c, 0, "nothing"));
	ck_assert_str_eq(hws_csv_cell(c, 3, "note"), "=1+1");
	ck_assert_uint_eq(hws_csv_line(c, 0), 2);
	ck_assert_uint_eq(hws_csv_line(c, 1), 5); /* the note has a line, one is empty */
	hws_csv_free(c);
	c = read_text("id;name\n1;\"a,b\"\n");
	ck_assert_str_eq(hws_csv_cell(c, 0, "name"), "a,b");
	hws_csv_free(c);
	c = read_text("id\n");
	ck_assert_uint_eq(hws_csv_rows(c), 0);
	hws_csv_free(c);
}
END_TEST

static const struct {
	const char *text, *why;
} broken[] = {
	{ "", "names of columns" },
	{ "\n\n", "names of columns" },
	{ "a,\"b\n1,2", "line 2: a quote has no end" },
	{ "a,b\n\"1\"x,2", "line 2: text behind a quote" },
	{ "a,b\n1,2,3", "line 2: more cells" },
	{ "a,a\n", "line 1: two columns" },
	{ "a,,b\n", "line 1: a column has no name" },
	{ "a,b\n\xff,2", "line 2: no UTF-8" },
};

START_TEST(what_is_no_csv)
{
	struct hws_csv *c = NULL;
	struct hws_error err = { 0 };

	ck_assert_int_eq(hws_csv_read(hws_bytes_str(broken[_i].text), &c, &err), HWS_ERR_CORRUPT);
	ck_assert_msg(strstr(err.text, broken[_i].why) != NULL, "%s", err.text);
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(a_zero_and_what_is_too_much)
{
	struct hws_csv *c = NULL;
	struct hws_error err = { 0 };
	char *text = malloc(200000);
	size_t at = 0;

	ck_assert_int_eq(hws_csv_read(hws_bytes("a\n1\0002", 5), &c, &err), HWS_ERR_CORRUPT);
	ck_assert_int_eq(hws_csv_read(hws_bytes("a\n\"1\0002\"", 7), &c, &err), HWS_ERR_CORRUPT);
	for (int i = 0; i < 65; i++)
		at += (size_t)snprintf(text + at, 200000 - at, "%sc%d", i ? "," : "", i);
	ck_assert_int_eq(hws_csv_read(hws_bytes(text, at), &c, &err), HWS_ERR_TOOBIG);
	memcpy(text, "a\n", 2);
	memset(text + 2, 'x', 70000);
	ck_assert_int_eq(hws_csv_read(hws_bytes(text, 70002), &c, &err), HWS_ERR_TOOBIG);
	free(text);
}
END_TEST

START_TEST(what_is_written_is_read_as_it_was)
{
	static const char *const cells[] = { "plain", "", "a,b", "a;b", "\"", "two\r\nlines",
		"=SUM(A1)", "-5", "@x", "'=x", "''", "'", "\tx", "\xc3\xa4" };
	struct hws_csv *c = NULL;
	struct hws_error err;
	struct hws_buf out;

	hws_buf_init(&out, 4096);
	hws_buf_put_str(&out, "a,b\n");
	for (size_t i = 0; i < HWS_COUNT(cells); i++) {
		hws_csv_put(&out, cells[i], true);
		hws_csv_put(&out, cells[i], false);
		hws_buf_put_str(&out, "\n");
	}
	ck_assert_int_eq(hws_csv_read(hws_buf_bytes(&out), &c, &err), HWS_OK);
	ck_assert_uint_eq(hws_csv_rows(c), HWS_COUNT(cells));
	for (size_t i = 0; i < HWS_COUNT(cells); i++) {
		ck_assert_str_eq(hws_csv_cell(c, i, "a"), cells[i]);
		ck_assert_str_eq(hws_csv_cell(c, i, "b"), cells[i]);
	}
	hws_csv_free(c);
	hws_buf_done(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/csv");
	TCase *c = test_case(s, "csv", 60,
			TESTS(cells_of_a_file, a_zero_and_what_is_too_much,
					what_is_written_is_read_as_it_was));

	tcase_add_loop_test(c, what_is_no_csv, 0, HWS_COUNT(broken));
	return test_suite_run(s);
}
