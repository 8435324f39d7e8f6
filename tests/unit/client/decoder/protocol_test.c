/* What each end takes of the other. */
#include "stage.h"
#include "tests/support/suite.h"

START_TEST(requests_are_bounded)
{
	struct hws_decode_request good = { .kind = HWS_DECODE_VIDEO, .packets = 1, .size = 10 }, q;

	ck_assert_int_eq(hws_decode_request_check(&good), HWS_OK);
#define BAD(member, value)                                                                         \
	do {                                                                                       \
		q = good;                                                                          \
		q.member = (value);                                                                \
		ck_assert_int_eq(hws_decode_request_check(&q), HWS_ERR_PROTO);                     \
	} while (0)
	BAD(kind, HWS_DECODE_KINDS);
	BAD(size, HWS_DECODE_PAYLOAD_MAX + 1);
	BAD(display, HWS_DECODE_DISPLAYS_MAX);
	BAD(slot, HWS_DECODE_SLOTS);
	BAD(packets, 0);
	BAD(packets, HWS_DECODE_PACKETS_MAX + 1);
	BAD(rects, HWS_DECODE_RECTS_MAX + 1);
	good = (struct hws_decode_request){ .kind = HWS_DECODE_ROOM,
		.width = 64,
		.height = 64,
		.stride = 256,
		.slots = HWS_DECODE_SLOTS };
	ck_assert_int_eq(hws_decode_request_check(&good), HWS_OK);
	BAD(size, 1);
	BAD(slots, HWS_DECODE_SLOTS + 1);
	BAD(width, 0);
	BAD(width, UINT32_MAX);
	BAD(height, 16385);
	BAD(stride, 252);
	good = (struct hws_decode_request){ .kind = HWS_DECODE_UNPACK, .max = 1000 };
	ck_assert_int_eq(hws_decode_request_check(&good), HWS_OK);
	BAD(max, UINT32_MAX);
	good.kind = HWS_DECODE_FORGET;
	BAD(size, 1);
	good.kind = HWS_DECODE_PATCH;
	ck_assert_int_eq(hws_decode_request_check(&good), HWS_OK);
	BAD(slot, HWS_DECODE_SLOTS);
	BAD(display, HWS_DECODE_DISPLAYS_MAX);
	good = (struct hws_decode_request){ .kind = HWS_DECODE_IMAGE, .max = 1000 };
	ck_assert_int_eq(hws_decode_request_check(&good), HWS_OK);
	BAD(max, UINT32_MAX);
	BAD(flags, HWS_DECODE_PACKED); /* a file is none */
	good.width = good.height = 4096;
	good.flags = HWS_DECODE_PACKED;
	ck_assert_int_eq(hws_decode_request_check(&good), HWS_OK);
	BAD(width, 4097);
	BAD(height, UINT32_MAX);
	BAD(flags, HWS_DECODE_RESET);
#undef BAD
}
END_TEST

START_TEST(packets_end_where_the_message_does)
{
	const uint8_t two[] = { 1, 0, 0, 0, 'a', 2, 0, 0, 0, 'b', 'c' };
	struct hws_bytes in = hws_bytes(two, sizeof(two)), p;

	ck_assert_int_eq(hws_decode_next_packet(&in, &p), HWS_OK);
	ck_assert(p.len == 1 && p.ptr[0] == 'a');
	ck_assert_int_eq(hws_decode_next_packet(&in, &p), HWS_OK);
	ck_assert(p.len == 2 && p.ptr[1] == 'c');
	ck_assert_int_eq(hws_decode_next_packet(&in, &p), HWS_ERR_PROTO);
	in = hws_bytes(two + 5, 5); /* cut */
	ck_assert_int_eq(hws_decode_next_packet(&in, &p), HWS_ERR_PROTO);
}
END_TEST

START_TEST(rectangles_are_all_there)
{
	const struct hws_rect two[] = { { 1, 2, 3, 4 }, { 5, 6, 7, 8 } };
	struct hws_rect got[HWS_DECODE_RECTS_MAX];
	struct hws_bytes in = hws_bytes(two, sizeof(two));

	ck_assert_int_eq(hws_decode_take_rects(&in, 2, got), HWS_OK);
	ck_assert_int_eq(got[1].w, 7);
	ck_assert_uint_eq(in.len, 0);
	in = hws_bytes(two, sizeof(two) - 1);
	ck_assert_int_eq(hws_decode_take_rects(&in, 2, got), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_decode_take_rects(&in, UINT32_MAX, got), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_decode_take_rects(&in, 0, got), HWS_OK);
}
END_TEST

START_TEST(a_text_is_no_longer_than_was_asked_for)
{
	const struct hws_decode_request q = { .kind = HWS_DECODE_UNPACK, .id = 5, .max = 1000 };
	const struct hws_decode_asked asked = { .request = &q };
	struct hws_decode_answer a = { .kind = HWS_DECODE_DONE, .id = 5, .size = 1000 };

	ck_assert_int_eq(hws_decode_answer_check(&asked, &a), HWS_OK);
	a.size = 1001;
	ck_assert_int_eq(hws_decode_answer_check(&asked, &a), HWS_ERR_PROTO);
	a.result = HWS_ERR_CORRUPT; /* then there is none */
	a.size = 1;
	ck_assert_int_eq(hws_decode_answer_check(&asked, &a), HWS_ERR_PROTO);
	a.size = 0;
	ck_assert_int_eq(hws_decode_answer_check(&asked, &a), HWS_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decoder");

	test_case(suite, "protocol", 60,
			TESTS(requests_are_bounded, packets_end_where_the_message_does,
					rectangles_are_all_there,
					a_text_is_no_longer_than_was_asked_for));
	confined_cases(suite);
	exact_cases(suite);
	hostile_cases(suite);
	return test_suite_run(suite);
}
