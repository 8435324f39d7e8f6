/* Pictures of all formats: their planes, what is refused, and the ways from one to another. */
#include "client/media/dmabuf.h"
#include "client/media/pixels.h"
#include "client/media/video_codec.h"
#include "suites.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const enum hws_pixel_format memory[] = { HWS_PIXEL_BGRA, HWS_PIXEL_I420, HWS_PIXEL_I444,
	HWS_PIXEL_NV12 };

static struct hws_picture *new_picture(enum hws_pixel_format format, int w, int h)
{
	struct hws_picture *p;

	ck_assert_int_eq(hws_picture_new(format, w, h, &p), HWS_OK);
	return p;
}

/* Broad areas of colour, so that halved chroma loses little. */
static struct hws_picture *draw_bgra(int w, int h)
{
	struct hws_picture *p = new_picture(HWS_PIXEL_BGRA, w, h);

	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++) {
			uint8_t *px = p->plane[0] + y * p->stride[0] + x * 4;
			bool right = x >= w / 2, low = y >= h / 2;
			px[0] = right ? 200 : 40;
			px[1] = low ? 180 : 60;
			px[2] = right != low ? 220 : 30;
			px[3] = 255;
		}
	return p;
}

static double difference(const struct hws_picture *a, const struct hws_picture *b)
{
	double sum = 0;

	for (int y = 0; y < a->height; y++)
		for (int x = 0; x < a->width; x++)
			for (int c = 0; c < 3; c++) {
				int d = a->plane[0][y * a->stride[0] + x * 4 + c] -
						b->plane[0][y * b->stride[0] + x * 4 + c];
				sum += d < 0 ? -d : d;
			}
	return sum / (3.0 * a->width * a->height);
}

START_TEST(planes_are_as_large_as_their_format_needs)
{
	static const int sizes[][2] = { { 1, 1 }, { 7, 5 }, { 64, 48 }, { 641, 3 } };
	enum hws_pixel_format format = memory[_i / 4];
	int w = sizes[_i % 4][0], h = sizes[_i % 4][1];
	struct hws_picture *p = new_picture(format, w, h), *q = new_picture(format, w, h);
	const struct hws_pixel_row *row = hws_pixel_row(format);

	ck_assert(hws_picture_valid(p));
	for (unsigned i = 0; i < HWS_PLANES_MAX; i++) {
		if (i >= row->planes) {
			ck_assert_ptr_null(p->plane[i]);
			continue;
		}
		memset(p->plane[i], (int)(50 + i), p->size[i]); /* all of it may be written to */
		ck_assert_int_ge(p->stride[i],
				hws_plane_side(w, row->plane[i].x_shift) * row->plane[i].bytes);
	}
	ck_assert_int_eq(hws_picture_copy(q, p), HWS_OK);
	for (unsigned i = 0; i < row->planes; i++)
		ck_assert_uint_eq(q->plane[i][0], 50 + i);
	hws_picture_drop(p);
	hws_picture_drop(q);
}
END_TEST

START_TEST(what_is_too_small_is_not_valid)
{
	enum hws_pixel_format format = memory[_i];
	const struct hws_pixel_row *row = hws_pixel_row(format);
	struct hws_picture *p = new_picture(format, 33, 17), w;

	ck_assert_int_eq(
			hws_picture_wrap(format, 33, 17, p->plane, p->stride, p->size, &w), HWS_OK);
	ck_assert_int_eq(hws_picture_wrap(format, 0, 17, p->plane, p->stride, p->size, &w),
			HWS_ERR_RANGE);
	ck_assert_int_eq(hws_picture_wrap(HWS_PIXEL_DMABUF, 33, 17, p->plane, p->stride, p->size,
					 &w),
			HWS_ERR_INVAL);
	ck_assert_int_eq(hws_picture_wrap((enum hws_pixel_format)99, 33, 17, p->plane, p->stride,
					 p->size, &w),
			HWS_ERR_INVAL);
	for (unsigned i = 0; i < row->planes; i++) {
		int line = hws_plane_side(33, row->plane[i].x_shift) * row->plane[i].bytes;
		size_t lines = (size_t)hws_plane_side(17, row->plane[i].y_shift);
		struct hws_picture bad = *p;
		bad.plane[i] = NULL;
		ck_assert(!hws_picture_valid(&bad));
		bad = *p;
		bad.stride[i] = line - 1;
		ck_assert(!hws_picture_valid(&bad));
		bad.stride[i] = -p->stride[i];
		ck_assert(!hws_picture_valid(&bad));
		bad = *p;
		bad.size[i] = (size_t)p->stride[i] * (lines - 1) + (size_t)line; /* just enough */
		ck_assert(hws_picture_valid(&bad));
		bad.size[i]--;
		ck_assert(!hws_picture_valid(&bad));
	}
	hws_picture_drop(p);
}
END_TEST

START_TEST(every_way_of_the_table_gives_the_picture)
{
	enum hws_pixel_format from = memory[_i / 4], to = memory[_i % 4];
	struct hws_picture *bgra = draw_bgra(96, 64), *back = new_picture(HWS_PIXEL_BGRA, 96, 64);
	struct hws_picture *a = new_picture(from, 96, 64), *b = new_picture(to, 96, 64);

	ck_assert_int_eq(hws_pixels_convert(bgra, a), HWS_OK);
	if (!hws_pixels_can(from, to)) {
		ck_assert_int_eq(hws_pixels_convert(a, b), HWS_ERR_UNSUPPORTED);
	} else {
		ck_assert_int_eq(hws_pixels_convert(a, b), HWS_OK);
		ck_assert_int_eq(hws_pixels_convert(b, back), HWS_OK);
		ck_assert_msg(difference(bgra, back) < 4, "%s to %s: %.1f",
				hws_pixel_row(from)->name, hws_pixel_row(to)->name,
				difference(bgra, back));
	}
	/* A codec's pictures must all come to what is encoded and to what is shown. */
	ck_assert(hws_pixels_can(from, HWS_PIXEL_I420));
	ck_assert(hws_pixels_can(from, HWS_PIXEL_BGRA));
	struct hws_picture *other = new_picture(to, 98, 64);
	ck_assert_int_eq(hws_pixels_convert(a, other), HWS_ERR_INVAL);
	hws_picture_drop(other);
	hws_picture_drop(bgra);
	hws_picture_drop(back);
	hws_picture_drop(a);
	hws_picture_drop(b);
}
END_TEST

START_TEST(a_rectangle_of_any_format_can_be_shown)
{
	enum hws_pixel_format format = memory[1 + _i];
	struct hws_picture *bgra = draw_bgra(96, 64), *p = new_picture(format, 96, 64);
	struct hws_picture *shown = new_picture(HWS_PIXEL_BGRA, 96, 64);
	struct hws_rect r = { 32, 16, 62, 40 };

	ck_assert_int_eq(hws_pixels_convert(bgra, p), HWS_OK);
	for (int rgba = 0; rgba < 2; rgba++) {
		uint8_t *dst = shown->plane[0] + r.y * shown->stride[0] + r.x * 4;
		ck_assert_int_eq(hws_pixels_to_packed(p, r, rgba, dst, shown->stride[0]), HWS_OK);
		for (int y = r.y; y < r.y + r.h; y += 3)
			for (int x = r.x; x < r.x + r.w; x += 3) {
				const uint8_t *want = bgra->plane[0] + y * bgra->stride[0] + x * 4;
				const uint8_t *got = shown->plane[0] + y * shown->stride[0] + x * 4;
				ck_assert_int_le(abs(want[0] - got[rgba ? 2 : 0]), 4);
				ck_assert_int_le(abs(want[2] - got[rgba ? 0 : 2]), 4);
				ck_assert_int_eq(got[3], 255);
			}
	}
	ck_assert_int_eq(shown->plane[0][15 * shown->stride[0] + 40 * 4], 0); /* beside it */
	ck_assert_int_eq(hws_pixels_to_packed(bgra, r, false, shown->plane[0], shown->stride[0]),
			HWS_ERR_UNSUPPORTED);
	hws_picture_drop(bgra);
	hws_picture_drop(p);
	hws_picture_drop(shown);
}
END_TEST

static struct hws_encoder *new_encoder(enum hws_codec codec)
{
	struct hws_encoder_conf conf = { .codec = codec,
		.width = 33,
		.height = 17,
		.quality = { .bitrate_kbit_s = 1000, .coarsest = 5000 } };
	struct hws_encoder *e;

	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	return e;
}

static void expect_same(const struct hws_picture *a, const struct hws_picture *b)
{
	const struct hws_pixel_row *row = hws_pixel_row(a->format);

	ck_assert_int_eq(a->format, b->format);
	for (unsigned i = 0; i < row->planes; i++) {
		size_t line = (size_t)hws_plane_side(a->width, row->plane[i].x_shift) *
				row->plane[i].bytes;
		for (int y = 0; y < hws_plane_side(a->height, row->plane[i].y_shift); y++)
			ck_assert_mem_eq(a->plane[i] + y * a->stride[i],
					b->plane[i] + y * b->stride[i], line);
	}
}

/* Through a codec that loses nothing: the format goes with the picture, and a change of it is a key
 * frame. */
START_TEST(formats_pass_a_codec_that_takes_them)
{
	struct hws_encoder *e = new_encoder(HWS_CODEC_RAW);
	struct hws_decoder *d;
	struct hws_picture *bgra = draw_bgra(33, 17);

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_RAW, 1, &d), HWS_OK);
	for (int n = 0; n < 6; n++) {
		struct hws_picture *p = new_picture(memory[1 + n / 2], 33, 17);
		struct hws_packet pkt;
		const struct hws_picture *got;
		ck_assert_int_eq(hws_pixels_convert(bgra, p), HWS_OK);
		ck_assert_int_eq(hws_encoder_encode(e, p, NULL, false, n, &pkt), HWS_OK);
		ck_assert_int_eq(pkt.key, n % 2 == 0);
		ck_assert_int_eq(hws_decoder_decode(d, pkt.data, &got), HWS_OK);
		expect_same(p, got);
		hws_picture_drop(p);
	}
	hws_picture_drop(bgra);
	hws_decoder_free(d);
	hws_encoder_free(e);
}
END_TEST

START_TEST(a_codec_refuses_what_it_does_not_take)
{
	struct hws_encoder *raw = new_encoder(HWS_CODEC_RAW), *vp9 = new_encoder(HWS_CODEC_VP9);
	struct hws_packet pkt;

	for (size_t i = 0; i < HWS_COUNT(memory); i++) {
		struct hws_picture *p = new_picture(memory[i], 33, 17);
		bool planes = memory[i] == HWS_PIXEL_I420 || memory[i] == HWS_PIXEL_I444;
		bool yuv = memory[i] != HWS_PIXEL_BGRA;
		ck_assert_int_eq(hws_encoder_encode(vp9, p, NULL, false, (int64_t)i, &pkt),
				planes ? HWS_OK : HWS_ERR_UNSUPPORTED);
		ck_assert_int_eq(hws_encoder_encode(raw, p, NULL, false, (int64_t)i, &pkt),
				yuv ? HWS_OK : HWS_ERR_UNSUPPORTED);
		p->size[0] = 100; /* less than it says */
		ck_assert_int_eq(hws_encoder_encode(raw, p, NULL, false, 99, &pkt), HWS_ERR_INVAL);
		ck_assert_int_eq(hws_encoder_encode(vp9, p, NULL, false, 99, &pkt), HWS_ERR_INVAL);
		hws_picture_drop(p);
	}
	hws_encoder_free(raw);
	hws_encoder_free(vp9);
}
END_TEST

START_TEST(damaged_heads_of_the_raw_codec_are_corrupt)
{
	struct hws_encoder *e = new_encoder(HWS_CODEC_RAW);
	struct hws_decoder *d;
	struct hws_picture *p = new_picture(HWS_PIXEL_I444, 33, 17);
	struct hws_packet pkt;
	const struct hws_picture *got;
	uint8_t copy[4096];

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_RAW, 1, &d), HWS_OK);
	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, true, 0, &pkt), HWS_OK);
	ck_assert_uint_le(pkt.data.len, sizeof(copy));
	for (unsigned format = 0; format < 256; format++) {
		memcpy(copy, pkt.data.ptr, pkt.data.len);
		copy[1] = (uint8_t)format;
		ck_assert_int_eq(hws_decoder_decode(d, hws_bytes(copy, pkt.data.len), &got),
				format == HWS_PIXEL_I444 ? HWS_OK : HWS_ERR_CORRUPT);
	}
	hws_picture_drop(p);
	hws_decoder_free(d);
	hws_encoder_free(e);
}
END_TEST

/* --- memory behind descriptors --- */

/* As a card would give it: planes of NV12 in one piece of memory, after something else. */
static int card_memory(const struct hws_picture *p, struct hws_dmabuf *ret)
{
	size_t size = 512 + p->size[0] + p->size[1];
	int fd = memfd_create("card", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_int_eq(pwrite(fd, p->plane[0], p->size[0], 512), (ssize_t)p->size[0]);
	ck_assert_int_eq(pwrite(fd, p->plane[1], p->size[1], (off_t)(512 + p->size[0])),
			(ssize_t)p->size[1]);
	*ret = (struct hws_dmabuf){ .fourcc = HWS_FOURCC('N', 'V', '1', '2'),
		.modifier = HWS_MODIFIER_LINEAR,
		.planes = 2,
		.plane = { { fd, 512, (uint32_t)p->stride[0] },
				{ fd, (uint32_t)(512 + p->size[0]), (uint32_t)p->stride[1] } } };
	return fd;
}

START_TEST(memory_behind_descriptors_is_a_picture)
{
	struct hws_picture *bgra = draw_bgra(64, 48), *nv12 = new_picture(HWS_PIXEL_NV12, 64, 48);
	struct hws_picture *card, *i420 = new_picture(HWS_PIXEL_I420, 64, 48),
				  *want = new_picture(HWS_PIXEL_I420, 64, 48);
	struct hws_encoder *e = new_encoder(HWS_CODEC_RAW);
	struct hws_decoder *d;
	struct hws_packet pkt;
	const struct hws_picture *got;
	struct hws_dmabuf b;
	struct hws_dmabuf_map m;

	ck_assert_int_eq(hws_pixels_convert(bgra, nv12), HWS_OK);
	int fd = card_memory(nv12, &b);
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &card), HWS_OK);
	ck_assert(hws_picture_valid(card));
	ck_assert_ptr_null(card->plane[0]);
	ck_assert_uint_eq(hws_picture_dmabuf(card)->modifier, HWS_MODIFIER_LINEAR);
	ck_assert_ptr_null(hws_picture_dmabuf(nv12));
	ck_assert_int_eq(hws_dmabuf_map(card, &m), HWS_OK);
	expect_same(&m.view, nv12);
	hws_dmabuf_unmap(&m);
	ck_assert_int_eq(hws_pixels_convert(card, i420), HWS_OK);
	ck_assert_int_eq(hws_pixels_convert(nv12, want), HWS_OK);
	expect_same(i420, want);
	ck_assert_int_eq(hws_pixels_convert(nv12, card), HWS_ERR_UNSUPPORTED); /* not into it */
	/* An encoder that takes it, and one that does not. */
	ck_assert_int_eq(hws_encoder_encode(e, card, NULL, true, 0, &pkt), HWS_OK);
	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_RAW, 1, &d), HWS_OK);
	ck_assert_int_eq(hws_decoder_decode(d, pkt.data, &got), HWS_OK);
	expect_same(got, nv12);
	struct hws_encoder *vp9 = new_encoder(HWS_CODEC_VP9);
	ck_assert_int_eq(hws_encoder_encode(vp9, card, NULL, true, 0, &pkt), HWS_ERR_UNSUPPORTED);
	/* Whoever drops it last closes it. */
	struct hws_picture *also = hws_picture_lock(card);
	hws_picture_drop(card);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	hws_picture_unlock(also);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
	hws_encoder_free(e);
	hws_encoder_free(vp9);
	hws_decoder_free(d);
	hws_picture_drop(bgra);
	hws_picture_drop(nv12);
	hws_picture_drop(i420);
	hws_picture_drop(want);
}
END_TEST

START_TEST(what_is_said_of_memory_is_not_believed)
{
	struct hws_picture *nv12 = new_picture(HWS_PIXEL_NV12, 64, 48), *p = NULL;
	struct hws_dmabuf good, b;
	int fd = card_memory(nv12, &good);
	struct hws_dmabuf_map m;

	b = good;
	b.fourcc = HWS_FOURCC('P', 'A', 'L', '8');
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &p), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_picture_of_dmabuf(&good, 0, 48, &p), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_picture_of_dmabuf(&good, 64, 50, &p), HWS_ERR_INVAL); /* too short */
	ck_assert_int_eq(hws_picture_of_dmabuf(&good, 66, 48, &p), HWS_ERR_INVAL); /* too narrow */
	b.fourcc = good.fourcc;
	b.planes = 1;
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &p), HWS_ERR_INVAL);
	b.planes = HWS_DMABUF_PLANES_MAX + 1;
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &p), HWS_ERR_INVAL);
	b = good;
	b.plane[1].offset = UINT32_MAX;
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &p), HWS_ERR_INVAL);
	b.plane[1].offset = good.plane[1].offset + 1; /* the last line would reach beyond */
	b.plane[1].stride = good.plane[1].stride;
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &p), HWS_ERR_INVAL);
	b = good;
	b.plane[0].stride = UINT32_MAX;
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &p), HWS_ERR_INVAL);
	b.plane[0].stride = 0;
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &p), HWS_ERR_INVAL);
	b = good;
	b.plane[1].fd = -1;
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &p), HWS_ERR_INVAL);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0); /* all the while it was the caller's */
	/* Tiled: for the card only, and with more planes than the format has. */
	b = good;
	b.modifier = 0x0100000000000002ull;
	b.planes = 3;
	b.plane[2] = b.plane[1];
	ck_assert_int_eq(hws_picture_of_dmabuf(&b, 64, 48, &p), HWS_OK);
	ck_assert_int_eq(hws_dmabuf_map(p, &m), HWS_ERR_UNSUPPORTED);
	struct hws_picture *i420 = new_picture(HWS_PIXEL_I420, 64, 48);
	ck_assert_int_eq(hws_pixels_convert(p, i420), HWS_ERR_UNSUPPORTED);
	hws_picture_drop(i420);
	hws_picture_drop(p);
	/* One that becomes smaller after it was taken. */
	fd = card_memory(nv12, &good);
	ck_assert_int_eq(hws_picture_of_dmabuf(&good, 64, 48, &p), HWS_OK);
	ck_assert_int_eq(ftruncate(fd, 1000), 0);
	ck_assert_int_lt(hws_dmabuf_map(p, &m), 0);
	hws_picture_drop(p);
	hws_picture_drop(nv12);
}
END_TEST

Suite *formats_suite(void)
{
	Suite *s = suite_create("media/formats");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, planes_are_as_large_as_their_format_needs, 0, 16);
	tcase_add_loop_test(t, what_is_too_small_is_not_valid, 0, 4);
	tcase_add_loop_test(t, every_way_of_the_table_gives_the_picture, 0, 16);
	tcase_add_loop_test(t, a_rectangle_of_any_format_can_be_shown, 0, 3);
	tcase_add_test(t, formats_pass_a_codec_that_takes_them);
	tcase_add_test(t, a_codec_refuses_what_it_does_not_take);
	tcase_add_test(t, damaged_heads_of_the_raw_codec_are_corrupt);
	tcase_add_test(t, memory_behind_descriptors_is_a_picture);
	tcase_add_test(t, what_is_said_of_memory_is_not_believed);
	suite_add_tcase(s, t);
	return s;
}
