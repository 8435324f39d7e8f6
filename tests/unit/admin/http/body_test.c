/* Bodies, whole and byte by byte. */
#include "admin/http/body.h"
#include "shared/base/macros.h"
#include "tests/unit/admin/http/suites.h"
#include <string.h>

#define MAX 100u

static const struct {
	const char *in, *content;
	int r;
	size_t rest; /* bytes that belong to the next request */
} chunked[] = {
	{ "0\r\n\r\n", "", HWS_OK, 0 },
	{ "3\r\nabc\r\n0\r\n\r\nGET", "abc", HWS_OK, 3 },
	{ "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTail: x\r\n\r\n", "abc0123456789", HWS_OK, 0 },
	{ "3\r\nab", "ab", HWS_ERR_SHORT, 0 },
	{ "0\r\n\r", "", HWS_ERR_SHORT, 1 },
	{ "\r\n", "", HWS_ERR_PROTO, 0 },
	{ "g\r\n", "", HWS_ERR_PROTO, 0 },
	{ "3\nabc", "", HWS_ERR_PROTO, 0 },
	{ "3x\r\nabc", "", HWS_ERR_PROTO, 0 },
	{ "-3\r\nabc", "", HWS_ERR_PROTO, 0 },
	{ "0x3\r\nabc", "", HWS_ERR_PROTO, 0 },
	{ "000000003\r\nabc", "", HWS_ERR_PROTO, 0 },
	{ "3\r\nabcd\r\n", "abc", HWS_ERR_PROTO, 0 },
	{ "65\r\n", "", HWS_ERR_TOOBIG, 0 },
	{ "ffffffff\r\n", "", HWS_ERR_TOOBIG, 0 },
};

static void check_one(size_t i, size_t step)
{
	struct htp_head head = { .chunked = true };
	size_t len = strlen(chunked[i].in), at = 0, have = step, used;
	struct htp_body b;
	struct hws_buf out;
	int r;

	hws_buf_init(&out, MAX);
	ck_assert_int_eq(htp_body_init(&b, &head, MAX), HWS_OK);
	do {
		have = HWS_MIN(have, len);
		r = htp_body_feed(&b, hws_bytes(chunked[i].in + at, have - at), &used, &out);
		at += used;
		if (have == len)
			break;
		have += step;
	} while (r == HWS_ERR_SHORT);
	ck_assert_msg(r == chunked[i].r, "%s: %d", chunked[i].in, r);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&out), hws_bytes_str(chunked[i].content)));
	if (r == HWS_OK)
		ck_assert_uint_le(len - at, chunked[i].rest);
	hws_buf_done(&out);
}

START_TEST(chunks)
{
	check_one((size_t)_i, 1000);
	check_one((size_t)_i, 1);
}
END_TEST

START_TEST(a_length)
{
	struct htp_head head = { .has_length = true, .length = 5 };
	struct htp_body b;
	struct hws_buf out;
	size_t used;

	hws_buf_init(&out, MAX);
	ck_assert_int_eq(htp_body_init(&b, &head, 4), HWS_ERR_TOOBIG);
	ck_assert_int_eq(htp_body_init(&b, &head, 5), HWS_OK);
	ck_assert_int_eq(htp_body_feed(&b, hws_bytes("abc", 3), &used, &out), HWS_ERR_SHORT);
	ck_assert_uint_eq(used, 3);
	ck_assert_int_eq(htp_body_feed(&b, hws_bytes("deGET", 5), &used, &out), HWS_OK);
	ck_assert_uint_eq(used, 2);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&out), hws_bytes_str("abcde")));
	hws_buf_done(&out);
	head.length = 0;
	ck_assert_int_eq(htp_body_init(&b, &head, 0), HWS_OK);
	ck_assert_int_eq(htp_body_feed(&b, hws_bytes("GET", 3), &used, NULL), HWS_OK);
	ck_assert_uint_eq(used, 0);
}
END_TEST

START_TEST(what_surrounds_chunks_is_capped)
{
	struct htp_head head = { .chunked = true };
	struct htp_body b;
	size_t used;
	int r = HWS_ERR_SHORT;

	ck_assert_int_eq(htp_body_init(&b, &head, 1u << 30), HWS_OK);
	for (unsigned i = 0; i < 100000 && r == HWS_ERR_SHORT; i++)
		r = htp_body_feed(&b, hws_bytes("1\r\nx\r\n", 6), &used, NULL);
	ck_assert_int_eq(r, HWS_ERR_TOOBIG);
	ck_assert_uint_gt(b.total, 1000);
}
END_TEST

TCase *body_case(void)
{
	TCase *c = tcase_create("body");

	tcase_add_loop_test(c, chunks, 0, (int)HWS_COUNT(chunked));
	tcase_add_test(c, a_length);
	tcase_add_test(c, what_surrounds_chunks_is_capped);
	return c;
}
