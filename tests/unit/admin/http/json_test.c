/* What is refused, and what comes out whole of what is not. */
#include "admin/http/json.h"
#include "shared/base/macros.h"
#include "tests/unit/admin/http/suites.h"
#include <stdlib.h>
#include <string.h>

static int read_text(const char *text, json_t **ret)
{
	struct hws_error err = { 0 };
	int r = htp_json_read(hws_bytes_str(text), ret, &err);

	ck_assert_int_eq(r < 0, *ret == NULL);
	ck_assert_int_eq(r < 0, *err.text != 0);
	return r;
}

static const char *const bad[] = {
	"",
	" ",
	"1",
	"\"a\"",
	"null",
	"{",
	"{}x",
	"{} {}",
	"{\"a\":1,\"a\":2}",
	"{\"a\":1,\"\\u0061\":2}",
	"{\"a\":{\"b\":1,\"b\":1}}",
	"{\"a\":\"\xff\"}",
	"{\"a\":\"\xc0\x80\"}",
	"{\"a\":\"\xed\xa0\x80\"}",
	"{\"a\":\"\\ud800\"}",
	"{\"a\":\"\\u0000\"}",
	"{\"a\":\"\x01\"}",
	"{\"a\":01}",
	"{\"a\":+1}",
	"{\"a\":1e999}",
	"{\"a\":-9223372036854775809}",
	"{\"a\":18446744073709551616}",
	"{\"a\":NaN}",
	"{\"a\":1,}",
	"{a:1}",
	"{'a':1}",
	"\xef\xbb\xbf{}",
	"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
	"[\"unended]",
	"[\"\\",
};

START_TEST(bad_json_is_refused)
{
	json_t *v;

	ck_assert_msg(read_text(bad[_i], &v) < 0, "%s", bad[_i]);
}
END_TEST

START_TEST(numbers_keep_all_bits)
{
	json_t *v;
	uint64_t n = 0;
	const char *s;

	ck_assert_int_eq(read_text("{\"session_id\":18446744073709551615,\"b\":9223372036854775807,"
				   "\"c\":9223372036854775808,\"d\":\"18446744073709551615\","
				   "\"e\":-1,\"f\":\"12x\",\"g\":\"[[9999999999999999999]]\"}",
					 &v),
			HWS_OK);
	ck_assert_int_eq(htp_json_u64(v, "session_id", &n), HWS_OK);
	ck_assert_uint_eq(n, UINT64_MAX);
	ck_assert_int_eq(htp_json_u64(v, "b", &n), HWS_OK);
	ck_assert_uint_eq(n, INT64_MAX);
	ck_assert_int_eq(htp_json_u64(v, "c", &n), HWS_OK);
	ck_assert_uint_eq(n, (uint64_t)INT64_MAX + 1);
	ck_assert_int_eq(htp_json_u64(v, "d", &n), HWS_OK);
	ck_assert_uint_eq(n, UINT64_MAX);
	ck_assert_int_eq(htp_json_u64(v, "e", &n), HWS_ERR_TOOBIG);
	ck_assert_int_eq(htp_json_u64(v, "f", &n), HWS_ERR_PROTO);
	ck_assert_int_eq(htp_json_u64(v, "h", &n), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(htp_json_text(v, "g", 100, &s), HWS_OK);
	ck_assert_str_eq(s, "[[9999999999999999999]]"); /* what is in a text stays */
	json_decref(v);
}
END_TEST

START_TEST(members_have_types_and_bounds)
{
	json_t *v;
	const char *s = NULL;
	int64_t n = 0;
	bool b = false;

	ck_assert_int_eq(read_text("{\"t\":\"abc\",\"i\":5,\"b\":true,\"n\":null}", &v), HWS_OK);
	ck_assert_int_eq(htp_json_text(v, "t", 3, &s), HWS_OK);
	ck_assert_int_eq(htp_json_text(v, "t", 2, &s), HWS_ERR_TOOBIG);
	ck_assert_int_eq(htp_json_text(v, "i", 9, &s), HWS_ERR_PROTO);
	ck_assert_int_eq(htp_json_text(v, "n", 9, &s), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(htp_json_int(v, "i", 0, 5, &n), HWS_OK);
	ck_assert_int_eq(htp_json_int(v, "i", 6, 9, &n), HWS_ERR_TOOBIG);
	ck_assert_int_eq(htp_json_int(v, "t", 0, 5, &n), HWS_ERR_PROTO);
	ck_assert_int_eq(htp_json_bool(v, "b", &b), HWS_OK);
	ck_assert(b);
	ck_assert_int_eq(htp_json_bool(v, "i", &b), HWS_ERR_PROTO);
	ck_assert_int_eq(htp_json_bool(NULL, "i", &b), HWS_ERR_NOTFOUND);
	json_decref(v);
}
END_TEST

START_TEST(many_values_are_refused_before_they_cost)
{
	size_t len = 1u << 20;
	char *text = malloc(len);
	struct hws_error err;
	json_t *v;

	for (size_t i = 0; i < len; i += 3)
		memcpy(text + i, "[],", HWS_MIN((size_t)3, len - i));
	text[0] = '[';
	ck_assert_int_eq(htp_json_read(hws_bytes(text, len), &v, &err), HWS_ERR_TOOBIG);
	free(text);
}
END_TEST

TCase *json_case(void)
{
	TCase *c = tcase_create("json");

	tcase_add_loop_test(c, bad_json_is_refused, 0, (int)HWS_COUNT(bad));
	tcase_add_test(c, numbers_keep_all_bits);
	tcase_add_test(c, members_have_types_and_bounds);
	tcase_add_test(c, many_values_are_refused_before_they_cost);
	return c;
}
