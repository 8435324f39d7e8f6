/* Encoders and decoders against each other. */
#include "client/media/coarseness.h"
#include "client/media/video_codec.h"
#include "suites.h"
#include <libyuv.h>
#include <string.h>

/* Each way that this build has: a codec, and pictures that it takes. */
static const struct way {
	enum hws_codec codec;
	enum hws_pixel_format format;
} ways[] = { { HWS_CODEC_VP8, HWS_PIXEL_I420 }, { HWS_CODEC_VP9, HWS_PIXEL_I420 },
	{ HWS_CODEC_VP9, HWS_PIXEL_I444 }, { HWS_CODEC_AV1, HWS_PIXEL_I420 },
	{ HWS_CODEC_AV1, HWS_PIXEL_I444 }, { HWS_CODEC_H264, HWS_PIXEL_I420 },
	{ HWS_CODEC_RAW, HWS_PIXEL_I420 } };
#define WAYS ((int)HWS_COUNT(ways))
#define SIDE_MIN 16 /* of every codec; some can less */

static struct hws_encoder *new_encoder(enum hws_codec codec, int w, int h)
{
	struct hws_encoder_conf conf = {
		.codec = codec,
		.width = w,
		.height = h,
		.quality = { .bitrate_kbit_s = 2000, .finest = 1333, .coarsest = 6667 },
	};
	struct hws_encoder *e;

	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	return e;
}

/* Text-like content: sharp edges, some colour; `seed` changes it. */
static void draw(struct hws_picture *p, struct hws_rect r, unsigned seed)
{
	int half = p->format == HWS_PIXEL_I420;

	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++) {
			unsigned cell = (unsigned)(x / 6) * 7u + (unsigned)(y / 9) * 13u + seed;
			bool ink = (cell * 2654435761u >> 13 & 7) < 2;
			p->plane[0][y * p->stride[0] + x] = ink ? 40 : 225;
			if (half && (x & 1 || y & 1))
				continue;
			p->plane[1][(y >> half) * p->stride[1] + (x >> half)] = 120;
			p->plane[2][(y >> half) * p->stride[2] + (x >> half)] = ink ? 140 : 128;
		}
}

/* Of the plane that is the worst: chroma is as good as luma. */
static double psnr_444(const struct hws_picture *a, const struct hws_picture *b)
{
	double worst = 128;

	for (int i = 0; i < 3; i++) {
		double one = CalcFramePsnr(a->plane[i], a->stride[i], b->plane[i], b->stride[i],
				a->width, a->height);
		worst = one < worst ? one : worst;
	}
	return worst;
}

static double psnr(const struct hws_picture *a, const struct hws_picture *b)
{
	ck_assert_int_eq(a->width, b->width);
	ck_assert_int_eq(a->height, b->height);
	ck_assert_int_eq(a->format, b->format);
	if (a->format == HWS_PIXEL_I444)
		return psnr_444(a, b);
	return I420Psnr(a->plane[0], a->stride[0], a->plane[1], a->stride[1], a->plane[2],
			a->stride[2], b->plane[0], b->stride[0], b->plane[1], b->stride[1],
			b->plane[2], b->stride[2], a->width, a->height);
}

static struct hws_picture *new_picture(enum hws_pixel_format format, int w, int h, unsigned seed)
{
	struct hws_picture *p;

	ck_assert_int_eq(hws_picture_new(format, w, h, &p), HWS_OK);
	draw(p, (struct hws_rect){ 0, 0, w, h }, seed);
	return p;
}

START_TEST(decoded_pictures_resemble_the_drawn_ones)
{
	static const int sizes[][2] = { { 640, 360 }, { 641, 359 }, { 33, 17 }, { 16, 16 } };
	enum hws_codec codec = ways[_i / 4].codec;
	int w = sizes[_i % 4][0], h = sizes[_i % 4][1];
	struct hws_encoder *e = new_encoder(codec, w, h);
	struct hws_decoder *d;
	struct hws_picture *p = new_picture(ways[_i / 4].format, w, h, 0);
	struct hws_region whole = { 1, { { 0, 0, w, h } } };

	ck_assert_int_eq(hws_decoder_new(codec, 1, &d), HWS_OK);
	for (int n = 0; n < 12 && hws_codec_fits(codec, w, h) && w >= SIDE_MIN; n++) {
		struct hws_packet pkt;
		const struct hws_picture *got;
		struct hws_rect box = hws_rect_align2(
				(struct hws_rect){ w / 4, h / 4, w / 2, h / 4 }, w, h);
		struct hws_region damage = { 1, { box } };
		if (n > 0 && n < 6) /* then the picture rests and gets better */
			draw(p, box, (unsigned)n);
		ck_assert_int_eq(hws_encoder_encode(e, p, n < 6 ? &damage : &whole, false, n * 33,
						 &pkt),
				HWS_OK);
		ck_assert_int_eq(pkt.key, n == 0 || (codec == HWS_CODEC_RAW && pkt.key));
		ck_assert_int_eq(hws_decoder_decode(d, pkt.data, &got), HWS_OK);
		double quality = psnr(p, got);
		ck_assert_msg(quality > (n < 11 ? 24 : 33), "picture %d: %.1f dB", n, quality);
	}
	hws_picture_drop(p);
	hws_decoder_free(d);
	hws_encoder_free(e);
}
END_TEST

START_TEST(pixels_outside_the_damage_are_not_touched)
{
	struct way way = ways[_i];
	struct hws_encoder *e = new_encoder(way.codec, 320, 240);
	struct hws_decoder *d;
	struct hws_picture *p = new_picture(way.format, 320, 240, 0), *before;
	struct hws_packet pkt;
	const struct hws_picture *got;
	struct hws_region damage = { 1, { { 0, 0, 64, 64 } } };

	ck_assert_int_eq(hws_decoder_new(way.codec, 1, &d), HWS_OK);
	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, false, 0, &pkt), HWS_OK);
	ck_assert_int_eq(hws_decoder_decode(d, pkt.data, &got), HWS_OK);
	size_t key_size = pkt.data.len;
	ck_assert_int_eq(hws_picture_new(way.format, 320, 240, &before), HWS_OK);
	ck_assert_int_eq(hws_picture_copy(before, got), HWS_OK);
	draw(p, damage.rect[0], 99);
	ck_assert_int_eq(hws_encoder_encode(e, p, &damage, false, 33, &pkt), HWS_OK);
	ck_assert(!pkt.key);
	ck_assert_uint_lt(pkt.data.len, key_size / 2);
	ck_assert_int_eq(hws_decoder_decode(d, pkt.data, &got), HWS_OK);
	/* Beyond the reach of the loop filter nothing differs from the picture before. */
	for (int y = 96; y < 240; y++)
		ck_assert_mem_eq(got->plane[0] + y * got->stride[0],
				before->plane[0] + y * before->stride[0], 320);
	hws_picture_drop(p);
	hws_picture_drop(before);
	hws_decoder_free(d);
	hws_encoder_free(e);
}
END_TEST

START_TEST(a_key_frame_comes_on_demand_and_starts_a_new_decoder)
{
	enum hws_codec codec = ways[_i].codec;
	struct hws_encoder *e = new_encoder(codec, 320, 200);
	struct hws_decoder *d;
	struct hws_picture *p = new_picture(ways[_i].format, 320, 200, 0);
	struct hws_region damage = { 1, { { 0, 0, 32, 32 } } };
	struct hws_packet pkt;
	const struct hws_picture *got;

	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, false, 0, &pkt), HWS_OK);
	ck_assert(pkt.key);
	ck_assert_int_eq(hws_encoder_encode(e, p, &damage, false, 10, &pkt), HWS_OK);
	ck_assert(!pkt.key);
	ck_assert_int_eq(hws_decoder_new(codec, 1, &d), HWS_OK);
	ck_assert_int_lt(hws_decoder_decode(d, pkt.data, &got), 0);
	ck_assert_int_eq(hws_encoder_encode(e, p, &damage, true, 20, &pkt), HWS_OK);
	ck_assert(pkt.key);
	ck_assert_int_eq(hws_decoder_decode(d, pkt.data, &got), HWS_OK);
	ck_assert(psnr(p, got) > 24);
	hws_picture_drop(p);
	hws_decoder_free(d);
	hws_encoder_free(e);
}
END_TEST

START_TEST(a_new_size_gives_a_key_frame_the_same_decoder_takes)
{
	enum hws_codec codec = ways[_i].codec;
	struct hws_encoder *e = new_encoder(codec, 320, 200);
	struct hws_decoder *d;
	static const int sizes[][2] = { { 320, 200 }, { 400, 301 }, { 64, 48 } };

	ck_assert_int_eq(hws_decoder_new(codec, 1, &d), HWS_OK);
	for (int i = 0; i < 3; i++) {
		bool even = hws_codec_row(codec)->even;
		int height = sizes[i][1] - (even ? sizes[i][1] % 2 : 0);
		struct hws_picture *p = new_picture(ways[_i].format, sizes[i][0], height, 5);
		struct hws_region damage = { 1, { { 0, 0, 16, 16 } } };
		struct hws_packet pkt;
		const struct hws_picture *got;
		ck_assert_int_eq(hws_encoder_encode(e, p, &damage, false, i * 40, &pkt), HWS_OK);
		ck_assert(pkt.key);
		ck_assert_int_eq(hws_decoder_decode(d, pkt.data, &got), HWS_OK);
		ck_assert(psnr(p, got) > 24);
		hws_picture_drop(p);
	}
	hws_decoder_free(d);
	hws_encoder_free(e);
}
END_TEST

static size_t size_at(struct hws_encoder *e, struct hws_picture *p, unsigned *seed, int64_t *pts)
{
	size_t sum = 0;
	struct hws_packet pkt;

	for (int i = 0; i < 10; i++) {
		draw(p, (struct hws_rect){ 0, 0, 640, 360 }, ++*seed);
		ck_assert_int_eq(hws_encoder_encode(e, p, NULL, false, *pts += 33, &pkt), HWS_OK);
		sum += i < 4 ? 0 : pkt.data.len;
	}
	return sum;
}

START_TEST(quality_changes_at_run_time)
{
	struct hws_encoder *e = new_encoder(ways[_i].codec, 640, 360);
	struct hws_picture *p = new_picture(ways[_i].format, 640, 360, 0);
	unsigned seed = 0;
	int64_t pts = 0;
	struct hws_quality good = { 20000, 667, 3333 }, poor = { 200, 8333, 10000 };

	ck_assert_int_eq(hws_encoder_set_quality(e, &good), HWS_OK);
	size_t large = size_at(e, p, &seed, &pts);
	ck_assert_int_eq(hws_encoder_set_quality(e, &poor), HWS_OK);
	size_t small = size_at(e, p, &seed, &pts);
	ck_assert_uint_lt(small * 3 / 2, large);
	ck_assert_int_eq(hws_encoder_set_quality(e, &(struct hws_quality){ 0, 667, 3333 }),
			HWS_ERR_INVAL);
	ck_assert_int_eq(hws_encoder_set_quality(e, &(struct hws_quality){ 9, 6667, 3333 }),
			HWS_ERR_INVAL);
	ck_assert_int_eq(hws_encoder_set_quality(
					 e, &(struct hws_quality){ 9, 0, HWS_COARSE_MAX + 1 }),
			HWS_ERR_INVAL);
	hws_picture_drop(p);
	hws_encoder_free(e);
}
END_TEST

/* At the ends of the scale, where the control of the rate has no room: libaom once ended the
 * process there, after the tenth picture. */
START_TEST(the_finest_and_the_coarsest_quality_are_coded)
{
	static const struct hws_quality ends[] = { { 1388, 0, 0 }, { 100000, 0, 0 }, { 50, 0, 1 },
		{ 50, HWS_COARSE_MAX, HWS_COARSE_MAX }, { 100000, 0, HWS_COARSE_MAX } };
	struct hws_encoder *e = new_encoder(ways[_i].codec, 320, 200);
	struct hws_picture *p = new_picture(ways[_i].format, 320, 200, 0);
	int64_t pts = 0;

	for (size_t k = 0; k < HWS_COUNT(ends); k++) {
		ck_assert_int_eq(hws_encoder_set_quality(e, &ends[k]), HWS_OK);
		for (unsigned n = 0; n < 30; n++) {
			struct hws_region damage = { 1, { { 16, 16, (int)(280 - 8 * n), 60 } } };
			struct hws_packet pkt;
			draw(p, damage.rect[0], n);
			int r = hws_encoder_encode(e, p, &damage, n == 0, pts += 33, &pkt);
			ck_assert_msg(r == HWS_OK || r == HWS_ERR_AGAIN, "%d", r);
		}
	}
	hws_picture_drop(p);
	hws_encoder_free(e);
}
END_TEST

/* Whatever a peer sends, the decoder answers with an error or a picture and goes on. */
START_TEST(damaged_packets_do_not_break_the_decoder)
{
	enum hws_codec codec = ways[_i].codec;
	struct hws_encoder *e = new_encoder(codec, 96, 64);
	struct hws_decoder *d;
	struct hws_picture *p = new_picture(ways[_i].format, 96, 64, 0);
	struct hws_packet pkt;
	const struct hws_picture *got;
	static uint8_t copy[1 << 16];

	ck_assert_int_eq(hws_decoder_new(codec, 1, &d), HWS_OK);
	ck_assert_int_eq(hws_decoder_decode(d, (struct hws_bytes){ 0 }, &got), HWS_ERR_CORRUPT);
	for (unsigned n = 0; n < 400; n++) {
		ck_assert_int_eq(hws_encoder_encode(e, p, NULL, n % 8 == 0, n * 10, &pkt), HWS_OK);
		ck_assert_uint_le(pkt.data.len, sizeof(copy));
		memcpy(copy, pkt.data.ptr, pkt.data.len);
		copy[n * 2654435761u % (pkt.data.len < 40 ? pkt.data.len : 40)] ^=
				(uint8_t)(1u << n % 8);
		int r = hws_decoder_decode(
				d, hws_bytes(copy, n % 3 ? pkt.data.len : pkt.data.len / 2), &got);
		if (r == HWS_OK)
			ck_assert_int_gt(got->width, 0);
	}
	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, true, 90000, &pkt), HWS_OK);
	int r = hws_decoder_decode(d, pkt.data, &got);
	ck_assert_int_eq(r, HWS_OK);
	ck_assert(psnr(p, got) > 24);
	hws_picture_drop(p);
	hws_decoder_free(d);
	hws_encoder_free(e);
}
END_TEST

START_TEST(what_a_bitstream_cannot_hold_is_refused)
{
	static const struct {
		enum hws_codec codec;
		int width, height;
		bool fits;
	} rows[] = { { HWS_CODEC_VP8, 16384, 16, false }, { HWS_CODEC_H264, 641, 360, false },
		{ HWS_CODEC_H264, 640, 361, false }, { HWS_CODEC_H264, 3840, 2160, true },
		{ HWS_CODEC_H264, 4096, 2306, false }, { HWS_CODEC_AV1, 641, 361, true } };

	for (size_t i = 0; i < HWS_COUNT(rows); i++)
		ck_assert_int_eq(hws_codec_fits(rows[i].codec, rows[i].width, rows[i].height),
				rows[i].fits);
	struct hws_encoder *e = new_encoder(HWS_CODEC_H264, 320, 200);
	struct hws_picture *p = new_picture(HWS_PIXEL_I420, 321, 200, 0);
	struct hws_packet pkt;
	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, false, 0, &pkt), HWS_ERR_UNSUPPORTED);
	hws_picture_drop(p);
	p = new_picture(HWS_PIXEL_I420, 8, 8, 0);
	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, false, 0, &pkt), HWS_ERR_UNSUPPORTED);
	hws_picture_drop(p);
	p = new_picture(HWS_PIXEL_I420, 320, 200, 0);
	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, false, 0, &pkt), HWS_OK);
	ck_assert(pkt.key);
	hws_picture_drop(p);
	hws_encoder_free(e);
}
END_TEST

START_TEST(missing_codecs_are_refused)
{
	struct hws_encoder_conf conf = {
		.codec = HWS_CODEC_H265, .width = 9, .height = 9, .quality = { 100, 1, 2 }
	};
	struct hws_encoder *e;
	struct hws_decoder *d;

	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_NONE, 1, &d), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_decoder_new((enum hws_codec)77, 1, &d), HWS_ERR_UNSUPPORTED);
	ck_assert_str_eq(hws_codec_name((enum hws_codec)77), "none");
}
END_TEST

Suite *codec_suite(void)
{
	Suite *s = suite_create("media/video_codec");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, decoded_pictures_resemble_the_drawn_ones, 0, 4 * WAYS);
	tcase_add_loop_test(t, pixels_outside_the_damage_are_not_touched, 1, 5);
	tcase_add_loop_test(t, a_key_frame_comes_on_demand_and_starts_a_new_decoder, 0, WAYS);
	tcase_add_loop_test(t, a_new_size_gives_a_key_frame_the_same_decoder_takes, 0, WAYS);
	tcase_add_loop_test(t, quality_changes_at_run_time, 0, WAYS - 1);
	tcase_add_loop_test(t, the_finest_and_the_coarsest_quality_are_coded, 0, WAYS);
	tcase_add_loop_test(t, damaged_packets_do_not_break_the_decoder, 0, WAYS);
	tcase_add_test(t, what_a_bitstream_cannot_hold_is_refused);
	tcase_add_test(t, missing_codecs_are_refused);
	suite_add_tcase(s, t);
	return s;
}
