/* Replies byte for byte, as the parsers of deployed clients need them. */
#include "admin/http/reply.h"
#include "shared/base/macros.h"
#include "tests/unit/admin/http/suites.h"
#include <string.h>

static char text[64 << 10];

/* The message of `r`, which ends here. */
static const char *written(struct htp_reply *r, struct htp_reply_form form)
{
	struct hws_buf out;

	hws_buf_init(&out, sizeof(text) - 1);
	htp_reply_write(r, &form, &out);
	ck_assert_int_eq(hws_buf_err(&out), HWS_OK);
	memcpy(text, hws_buf_bytes(&out).ptr, hws_buf_len(&out));
	text[hws_buf_len(&out)] = 0;
	hws_buf_done(&out);
	htp_reply_done(r);
	return text;
}

static const char *body_of(const char *message)
{
	return strstr(message, "\r\n\r\n") + 4;
}

START_TEST(a_write_answers_nothing)
{
	struct htp_reply r;
	const char *m;

	htp_reply_init(&r);
	m = written(&r, (struct htp_reply_form){ .keep_alive = true });
	ck_assert_ptr_nonnull(strstr(m, "HTTP/1.1 200 OK\r\n"));
	ck_assert_ptr_nonnull(strstr(m, "\r\nContent-Length: 0\r\n"));
	ck_assert_ptr_null(strstr(m, "\r\nContent-Type:"));
	ck_assert_ptr_null(strstr(m, "Access-Control"));
	ck_assert_str_eq(body_of(m), "");
}
END_TEST

START_TEST(an_object_and_a_failure)
{
	struct htp_reply r;
	const char *m;

	htp_reply_init(&r);
	htp_reply_error(&r, 404, "gone");
	htp_reply_json(&r, json_pack("{s:s}", "name", "\xc3\xa4"));
	m = written(&r, (struct htp_reply_form){ .tls = true, .origin = "https://a" });
	ck_assert_str_eq(body_of(m), "{\"name\":\"\xc3\xa4\"}"); /* no \u in it */
	ck_assert_ptr_nonnull(strstr(m, "\r\nContent-Type: application/json; charset=utf-8\r\n"));
	ck_assert_ptr_nonnull(strstr(m, "\r\nConnection: close\r\n"));
	ck_assert_ptr_nonnull(strstr(m, "\r\nStrict-Transport-Security: "));
	ck_assert_ptr_nonnull(strstr(m, "\r\nAccess-Control-Allow-Origin: https://a\r\n"));

	htp_reply_init(&r);
	htp_reply_text(&r, "before");
	htp_reply_error(&r, 401, "no \"%s\"", "\xff");
	m = written(&r, (struct htp_reply_form){ 0 });
	ck_assert_ptr_nonnull(strstr(m, "HTTP/1.1 401 Unauthorized\r\n"));
	ck_assert_str_eq(body_of(m), "{\"error\":\"Unauthorized\"}"); /* what was no UTF-8 */
}
END_TEST

START_TEST(a_success_is_never_taken_for_a_failure)
{
	struct htp_reply r;

	htp_reply_init(&r);
	htp_reply_json(&r, json_pack("{s:n}", "error"));
	ck_assert_ptr_nonnull(strstr(written(&r, (struct htp_reply_form){ 0 }), "HTTP/1.1 500 "));
}
END_TEST

START_TEST(a_field_cannot_make_two)
{
	struct htp_reply r;
	const char *m;

	htp_reply_init(&r);
	htp_reply_field(&r, "X-A", "a\r\nX-B: b");
	m = written(&r, (struct htp_reply_form){ 0 });
	ck_assert_ptr_nonnull(strstr(m, "HTTP/1.1 500 "));
	ck_assert_ptr_null(strstr(m, "X-B"));
}
END_TEST

START_TEST(head_has_the_length_alone)
{
	struct htp_reply r;
	const char *m;

	htp_reply_init(&r);
	htp_reply_text(&r, "SYSINFO_UPDATED");
	m = written(&r, (struct htp_reply_form){ .head = true });
	ck_assert_ptr_nonnull(strstr(m, "\r\nContent-Length: 15\r\n"));
	ck_assert_ptr_nonnull(strstr(m, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
	ck_assert_str_eq(body_of(m), "");
}
END_TEST

TCase *reply_case(void)
{
	TCase *c = tcase_create("reply");

	tcase_add_test(c, a_write_answers_nothing);
	tcase_add_test(c, an_object_and_a_failure);
	tcase_add_test(c, a_success_is_never_taken_for_a_failure);
	tcase_add_test(c, a_field_cannot_make_two);
	tcase_add_test(c, head_has_the_length_alone);
	return c;
}
