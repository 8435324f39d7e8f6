/* Heads and targets that strangers send. */
#include "admin/http/head.h"
#include "admin/http/target.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "tests/unit/admin/http/suites.h"
#include <string.h>

static char text[64 << 10];

static int parse(const char *in, size_t len, struct htp_head *ret)
{
	int status;

	memcpy(text, in, len);
	ck_assert_int_eq(htp_head_parse(text, len, ret, &status) < 0, status != 0);
	return status;
}

static int parse_text(const char *in, struct htp_head *ret)
{
	return parse(in, strlen(in), ret);
}

START_TEST(a_head_is_taken_apart)
{
	struct htp_head h;

	ck_assert_int_eq(parse_text("POST /api/ab?x=1 HTTP/1.1\r\nHost: a:21114\r\n"
				    "content-length:  12 \r\nX-A: \r\nx-a: two\r\n\r\n",
					 &h),
			0);
	ck_assert_int_eq(h.method, HTP_POST);
	ck_assert_str_eq(h.target, "/api/ab?x=1");
	ck_assert(h.keep_alive && !h.chunked && h.has_length && !h.http10);
	ck_assert_uint_eq(h.length, 12);
	ck_assert_str_eq(htp_head_get(&h, "X-a"), "");
	ck_assert_uint_eq(htp_head_count(&h, "X-A"), 2);
	ck_assert_ptr_null(htp_head_get(&h, "X-B"));
}
END_TEST

#define HEAD "GET / HTTP/1.1\r\nHost: a\r\n"

static const struct {
	const char *text;
	int status;
} heads[] = {
	{ HEAD "\r\n", 0 },
	{ "GET / HTTP/1.0\r\n\r\n", 0 },
	{ "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 0 },
	{ "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", 0 },
	{ "POST / HTTP/1.1\r\nHost: a\r\n\r\n", 0 }, /* old clients: neither length nor chunks */
	{ HEAD "Transfer-Encoding: Chunked\r\n\r\n", 0 },
	{ HEAD "Expect: 100-Continue\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\n\r\n", 400 }, /* no host */
	{ HEAD "Host: b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400 },
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 },
	{ "GET / FTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /\r\n\r\n", 400 },
	{ "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501 },
	{ "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501 },
	{ "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 501 },
	{ HEAD "X : 1\r\n\r\n", 400 },
	{ HEAD " folded\r\n\r\n", 400 },
	{ HEAD "X: 1\r\n\tfolded: 2\r\n\r\n", 400 },
	{ HEAD "nocolon\r\n\r\n", 400 },
	{ HEAD ": empty\r\n\r\n", 400 },
	{ HEAD "X: a\x01"
	       "b\r\n\r\n",
			400 },
	{ HEAD "X: a\nY: b\r\n\r\n", 400 },
	{ HEAD "X: a\rY: b\r\n\r\n", 400 },
	{ HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400 },
	{ HEAD "Content-Length: 1, 1\r\n\r\n", 400 },
	{ HEAD "Content-Length: +1\r\n\r\n", 400 },
	{ HEAD "Content-Length: -1\r\n\r\n", 400 },
	{ HEAD "Content-Length: 0x1\r\n\r\n", 400 },
	{ HEAD "Content-Length: \r\n\r\n", 400 },
	{ HEAD "Content-Length: 1234567890123456789\r\n\r\n", 400 },
	{ HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ HEAD "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400 },
	{ HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
	{ HEAD "Transfer-Encoding: xchunked\r\n\r\n", 501 },
	{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ HEAD "Expect: miracles\r\n\r\n", 417 },
};

START_TEST(what_two_parsers_could_see_differently_is_refused)
{
	struct htp_head h;
	int status = parse_text(heads[_i].text, &h);

	ck_assert_msg(status == heads[_i].status, "%s: %d", heads[_i].text, status);
}
END_TEST

/* A head with so many fields besides the host. */
static int with_fields(unsigned count, struct htp_head *ret)
{
	struct hws_buf b;
	int status;

	hws_buf_init(&b, HTP_HEAD_MAX);
	hws_buf_put_str(&b, HEAD);
	for (unsigned i = 0; i < count; i++)
		hws_buf_fmt(&b, "X%u: 1\r\n", i);
	hws_buf_put_str(&b, "\r\n");
	status = parse((const char *)hws_buf_bytes(&b).ptr, hws_buf_len(&b), ret);
	hws_buf_done(&b);
	return status;
}

START_TEST(a_head_has_its_limits)
{
	struct htp_head h;
	size_t end;

	ck_assert_int_eq(with_fields(HTP_FIELDS_MAX - 1, &h), 0);
	ck_assert_int_eq(with_fields(HTP_FIELDS_MAX, &h), 431);
	ck_assert_int_eq(parse("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 28, &h), 400);

	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(htp_head_end(hws_bytes(text, HTP_HEAD_MAX - 1), &end), HWS_ERR_SHORT);
	ck_assert_int_eq(htp_head_end(hws_bytes(text, HTP_HEAD_MAX), &end), HWS_ERR_TOOBIG);
	memcpy(text + HTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	ck_assert_int_eq(htp_head_end(hws_bytes(text, HTP_HEAD_MAX), &end), HWS_OK);
	ck_assert_uint_eq(end, HTP_HEAD_MAX);
}
END_TEST

START_TEST(who_closes)
{
	struct htp_head h;

	ck_assert_int_eq(parse_text(HEAD "Connection: foo, Close\r\n\r\n", &h), 0);
	ck_assert(!h.keep_alive);
	ck_assert_int_eq(parse_text("GET / HTTP/1.0\r\n\r\n", &h), 0);
	ck_assert(!h.keep_alive);
	ck_assert_int_eq(parse_text("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &h), 0);
	ck_assert(h.keep_alive);
}
END_TEST

static int target_of(const char *in, struct htp_target *ret)
{
	ck_assert_int_eq(hws_str_copy(text, sizeof(text), in), HWS_OK);
	return htp_target_parse(text, ret);
}

START_TEST(a_target_is_unescaped)
{
	struct htp_target t;

	ck_assert_int_eq(target_of("/api/ab/peers/?ab=a%20b&q=%C3%A4+x&empty=&alone&&=", &t), 0);
	ck_assert_uint_eq(t.segments, 3);
	ck_assert_str_eq(t.segment[2], "peers");
	ck_assert_str_eq(htp_target_query(&t, "ab"), "a b");
	ck_assert_str_eq(htp_target_query(&t, "q"), "\xc3\xa4 x");
	ck_assert_str_eq(htp_target_query(&t, "empty"), "");
	ck_assert_str_eq(htp_target_query(&t, "alone"), "");
	ck_assert_ptr_null(htp_target_query(&t, "other"));
	ck_assert_int_eq(target_of("/", &t), 0);
	ck_assert_uint_eq(t.segments, 0);
	ck_assert_int_eq(target_of("/a+b/%2e%2Ex#f?x", &t), 0);
	ck_assert_str_eq(t.segment[0], "a+b"); /* plus is a blank in queries only */
	ck_assert_str_eq(t.segment[1], "..x");
}
END_TEST

static const char *const bad_targets[] = {
	"/..",
	"/a/../b",
	"/a/./b",
	"/%2e%2e/b",
	"/%2E",
	"/a%2fb",
	"/a%2Fb",
	"/a%5cb",
	"/a%00b",
	"/a%0ab",
	"/a%7f",
	"/a%",
	"/a%4",
	"/a%zz",
	"/a%ff",
	"/a%c3",
	"/?a=%00",
	"/?a=%",
	"/?a=%e4",
	"/?a=1&a=2",
	"/?%61=1&a=2",
	"/1/2/3/4/5/6/7/8/9/10/11/12/13",
};

START_TEST(a_bad_target_is_refused)
{
	struct htp_target t;

	ck_assert_msg(target_of(bad_targets[_i], &t) < 0, "%s", bad_targets[_i]);
}
END_TEST

START_TEST(a_query_has_its_limits)
{
	struct htp_target t;
	struct hws_buf b;

	hws_buf_init(&b, 4096);
	hws_buf_put_str(&b, "/?");
	for (unsigned i = 0; i < HTP_QUERY_MAX; i++)
		hws_buf_fmt(&b, "a%u=&", i);
	hws_buf_put_u8(&b, 0);
	ck_assert_int_eq(target_of((const char *)hws_buf_bytes(&b).ptr, &t), HWS_OK);
	hws_buf_reset(&b);
	hws_buf_put_str(&b, "/?");
	for (unsigned i = 0; i <= HTP_QUERY_MAX; i++)
		hws_buf_fmt(&b, "a%u=&", i);
	hws_buf_put_u8(&b, 0);
	ck_assert_int_eq(target_of((const char *)hws_buf_bytes(&b).ptr, &t), HWS_ERR_TOOBIG);
	hws_buf_done(&b);
}
END_TEST

TCase *head_case(void)
{
	TCase *c = tcase_create("head");

	tcase_add_test(c, a_head_is_taken_apart);
	tcase_add_loop_test(c, what_two_parsers_could_see_differently_is_refused, 0,
			(int)HWS_COUNT(heads));
	tcase_add_test(c, a_head_has_its_limits);
	tcase_add_test(c, who_closes);
	tcase_add_test(c, a_target_is_unescaped);
	tcase_add_loop_test(c, a_bad_target_is_refused, 0, (int)HWS_COUNT(bad_targets));
	tcase_add_test(c, a_query_has_its_limits);
	return c;
}
