/* The decoder of H.265 against pictures of another encoder. */
#include "client/media/video_codec.h"
#include "h265_sample.h"
#include "suites.h"
#include <libyuv.h>
#include <string.h>

#define W 64
#define H 48

static struct hws_picture *draw_sample(int n)
{
	struct hws_picture *p;

	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, W, H, &p), HWS_OK);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			p->plane[0][y * p->stride[0] + x] = (x / 8 + y / 8) % 2 == 0 ? 235
					: x + 8 * n > y * 2                          ? 60
										     : 120;
	memset(p->plane[1], 110, p->size[1]);
	memset(p->plane[2], 150, p->size[2]);
	return p;
}

static void expect_picture(const struct hws_picture *got, int n)
{
	struct hws_picture *p = draw_sample(n);

	ck_assert_int_eq(got->width, W);
	ck_assert_int_eq(got->height, H);
	double psnr = I420Psnr(p->plane[0], p->stride[0], p->plane[1], p->stride[1], p->plane[2],
			p->stride[2], got->plane[0], got->stride[0], got->plane[1], got->stride[1],
			got->plane[2], got->stride[2], W, H);
	ck_assert_msg(psnr > 30, "picture %d: %.1f dB", n, psnr);
	hws_picture_drop(p);
}

static void decode_sample(struct hws_decoder *d)
{
	const struct hws_picture *got;

	for (int n = 0; n < (int)HWS_COUNT(h265_sample); n++) {
		ck_assert_int_eq(hws_decoder_decode(d, h265_sample[n], &got), HWS_OK);
		expect_picture(got, n);
	}
}

START_TEST(each_packet_is_a_picture_at_once)
{
	struct hws_decoder *d;

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_H265, 1, &d), HWS_OK);
	decode_sample(d);
	decode_sample(d); /* a key frame begins anew */
	hws_decoder_free(d);
}
END_TEST

START_TEST(without_a_key_frame_there_is_no_picture)
{
	const struct hws_picture *got;
	struct hws_decoder *d;

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_H265, 1, &d), HWS_OK);
	ck_assert_int_lt(hws_decoder_decode(d, h265_sample[1], &got), 0);
	ck_assert_int_eq(hws_decoder_decode(d, (struct hws_bytes){ 0 }, &got), HWS_ERR_CORRUPT);
	decode_sample(d);
	hws_decoder_free(d);
}
END_TEST

START_TEST(what_is_lost_is_not_made_up)
{
	const struct hws_picture *got;
	struct hws_decoder *d;

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_H265, 1, &d), HWS_OK);
	ck_assert_int_eq(hws_decoder_decode(d, h265_sample[0], &got), HWS_OK);
	ck_assert_int_lt(hws_decoder_decode(d, h265_sample[3], &got), 0);
	hws_decoder_free(d);
}
END_TEST

START_TEST(damaged_packets_end_in_an_error_or_a_picture)
{
	static uint8_t copy[1 << 12];
	const struct hws_picture *got;
	struct hws_decoder *d;

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_H265, 1, &d), HWS_OK);
	for (unsigned n = 0; n < 1500; n++) {
		struct hws_bytes p = h265_sample[n % HWS_COUNT(h265_sample)];
		memcpy(copy, p.ptr, p.len);
		copy[n * 2654435761u % (n % 2 ? p.len : 80)] ^= (uint8_t)(1u << n % 8);
		int r = hws_decoder_decode(d, hws_bytes(copy, n % 5 ? p.len : p.len / 2), &got);
		if (r == HWS_OK)
			ck_assert_int_gt(got->width, 0);
	}
	decode_sample(d);
	hws_decoder_free(d);
}
END_TEST

Suite *h265_suite(void)
{
	Suite *s = suite_create("media/h265");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_packet_is_a_picture_at_once);
	tcase_add_test(t, without_a_key_frame_there_is_no_picture);
	tcase_add_test(t, what_is_lost_is_not_made_up);
	tcase_add_test(t, damaged_packets_end_in_an_error_or_a_picture);
	suite_add_tcase(s, t);
	return s;
}
