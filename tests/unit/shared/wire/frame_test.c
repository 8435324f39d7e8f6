/* shared/wire/frame: headers of every length, both ways, at each boundary, and what is not a
 * header. */
#include <check.h>
#include <stdlib.h>

#include "shared/wire/frame.h"

START_TEST(every_cut_point_asks_for_more_and_leaves_results_alone)
{
	uint8_t wire[2 + 64 + 1] = { 0x01,
		0x01 }; /* 64 bytes behind a 2-byte header, then one more */
	struct hws_bytes got = { NULL, 77 };
	size_t used = 99;

	for (size_t n = 0; n < 66; n++) {
		ck_assert_int_eq(
				hws_frame_next(hws_bytes(wire, n), 64, &got, &used), HWS_ERR_SHORT);
		ck_assert_uint_gt(hws_frame_need(hws_bytes(wire, n)), n);
	}
	ck_assert_uint_eq(used, 99);
	ck_assert_uint_eq(got.len, 77);
	ck_assert_int_eq(hws_frame_next(hws_bytes(wire, 67), 64, &got, &used), HWS_OK);
	ck_assert_uint_eq(used, 66);
	ck_assert_uint_eq(got.len, 64);
	ck_assert_ptr_eq(got.ptr, wire + 2);
}
END_TEST

START_TEST(a_too_long_frame_is_refused_by_its_header_alone)
{
	static const uint8_t wire[] = { 0xff, 0xff, 0xff, 0xff };
	struct hws_bytes got;
	size_t used;

	ck_assert_int_eq(hws_frame_next(hws_bytes(wire, 3), 1 << 20, &got, &used), HWS_ERR_SHORT);
	ck_assert_int_eq(hws_frame_next(hws_bytes(wire, 4), 1 << 20, &got, &used), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_frame_next(hws_bytes(wire, 4), HWS_FRAME_LEN_MAX, &got, &used),
			HWS_ERR_SHORT);
	ck_assert_uint_eq(hws_frame_need(hws_bytes(wire, 4)), 4u + HWS_FRAME_LEN_MAX);
}
END_TEST

START_TEST(headers_are_the_narrowest_and_read_back)
{
	static const size_t lens[] = { 0, 1, 62, 63, 64, 16383, 16384, 4194303, 4194304,
		HWS_FRAME_LEN_MAX };
	static const size_t widths[] = { 1, 1, 1, 1, 2, 2, 3, 3, 4, 4 };
	uint8_t hdr[HWS_FRAME_HEADER_MAX];

	ck_assert_uint_eq(hws_frame_header(lens[_i], hdr), widths[_i]);
	ck_assert_uint_eq(hws_frame_need(hws_bytes(hdr, widths[_i])), widths[_i] + lens[_i]);
}
END_TEST

START_TEST(a_length_no_header_can_say_has_no_header)
{
	uint8_t hdr[HWS_FRAME_HEADER_MAX];

	ck_assert_uint_eq(hws_frame_header((size_t)HWS_FRAME_LEN_MAX + 1, hdr), 0);
	ck_assert_uint_eq(hws_frame_header(SIZE_MAX, hdr), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire/frame");
	TCase *t = tcase_create("frame");
	SRunner *r;
	int failed;

	tcase_add_test(t, every_cut_point_asks_for_more_and_leaves_results_alone);
	tcase_add_test(t, a_too_long_frame_is_refused_by_its_header_alone);
	tcase_add_loop_test(t, headers_are_the_narrowest_and_read_back, 0, 10);
	tcase_add_test(t, a_length_no_header_can_say_has_no_header);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
