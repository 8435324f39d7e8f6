/* Regions, pictures, pixels, PNG; main of the program. */
#include "client/media/picture.h"
#include "client/media/pixels.h"
#include "client/media/png.h"
#include "client/media/region.h"
#include "suites.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

static bool covers(const struct hws_region *g, int x, int y)
{
	for (unsigned i = 0; i < g->n; i++) {
		struct hws_rect r = g->rect[i];
		if (x >= r.x && y >= r.y && x < r.x + r.w && y < r.y + r.h)
			return true;
	}
	return false;
}

START_TEST(region_covers_all_that_was_added)
{
	struct hws_region g = { 0 };
	unsigned seed = 12345;
	struct hws_rect added[200];

	for (int i = 0; i < 200; i++) {
		int v[4];
		for (int k = 0; k < 4; k++) {
			seed = seed * 1103515245u + 12345u;
			v[k] = (int)(seed >> 16 & 0x3ff);
		}
		added[i] = (struct hws_rect){ v[0], v[1], 1 + v[2] / 8, 1 + v[3] / 8 };
		hws_region_add(&g, added[i]);
		ck_assert_uint_le(g.n, HWS_REGION_MAX);
	}
	for (int i = 0; i < 200; i++) {
		struct hws_rect r = added[i];
		ck_assert(covers(&g, r.x, r.y));
		ck_assert(covers(&g, r.x + r.w - 1, r.y + r.h - 1));
		ck_assert(covers(&g, r.x + r.w / 2, r.y + r.h / 2));
	}
}
END_TEST

START_TEST(distant_small_rectangles_stay_apart)
{
	struct hws_region g = { 0 };

	hws_region_add(&g, (struct hws_rect){ 0, 0, 10, 10 });
	hws_region_add(&g, (struct hws_rect){ 1000, 800, 10, 10 });
	hws_region_add(&g, (struct hws_rect){ 5, 5, 10, 10 });
	hws_region_add(&g, (struct hws_rect){ 5, 5, 0, 10 });
	ck_assert_uint_eq(g.n, 2);
	ck_assert_int_le(hws_region_area(&g), 225 + 100);
}
END_TEST

START_TEST(clip_moves_to_the_corner)
{
	struct hws_region g = { 0 }, out;

	hws_region_add(&g, (struct hws_rect){ 90, 40, 20, 20 });
	hws_region_clip(&g, (struct hws_rect){ 100, 50, 200, 200 }, &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_int_eq(out.rect[0].x, 0);
	ck_assert_int_eq(out.rect[0].y, 0);
	ck_assert_int_eq(out.rect[0].w, 10);
	ck_assert_int_eq(out.rect[0].h, 10);
}
END_TEST

START_TEST(align_grows_to_even_and_keeps_odd_edges)
{
	struct hws_rect r = hws_rect_align2((struct hws_rect){ 3, 5, 2, 2 }, 101, 51);

	ck_assert_int_eq(r.x, 2);
	ck_assert_int_eq(r.y, 4);
	ck_assert_int_eq(r.w, 4);
	ck_assert_int_eq(r.h, 4);
	r = hws_rect_align2((struct hws_rect){ 99, 49, 2, 2 }, 101, 51);
	ck_assert_int_eq(r.x + r.w, 101);
	ck_assert_int_eq(r.y + r.h, 51);
}
END_TEST

START_TEST(picture_refuses_absurd_sizes)
{
	struct hws_picture *p = NULL;

	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, 0, 10, &p), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_BGRA, 16384, 16384, &p), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_BGRA, 40000, 1, &p), HWS_ERR_RANGE);
	ck_assert_ptr_null(p);
}
END_TEST

START_TEST(pool_recycles_and_outlives_its_owner)
{
	struct hws_picture_pool *pool;
	struct hws_picture *a, *b, *c;

	ck_assert_int_eq(hws_picture_pool_new(2, &pool), HWS_OK);
	ck_assert_int_eq(hws_picture_pool_get(pool, HWS_PIXEL_I420, 33, 17, &a), HWS_OK);
	ck_assert_int_eq(hws_picture_pool_get(pool, HWS_PIXEL_I420, 33, 17, &b), HWS_OK);
	ck_assert_int_eq(hws_picture_pool_get(pool, HWS_PIXEL_I420, 33, 17, &c), HWS_ERR_FULL);
	ck_assert(hws_picture_unshared(a));
	ck_assert_ptr_eq(hws_picture_lock(a), a);
	ck_assert(!hws_picture_unshared(a));
	hws_picture_drop(a);
	ck_assert_int_eq(hws_picture_pool_get(pool, HWS_PIXEL_I420, 33, 17, &c), HWS_ERR_FULL);
	uint8_t *plane = a->plane[0];
	hws_picture_unlock(a);
	ck_assert_int_eq(hws_picture_pool_get(pool, HWS_PIXEL_I420, 33, 17, &c), HWS_OK);
	ck_assert_ptr_eq(c->plane[0], plane);
	hws_picture_drop(c);
	ck_assert_int_eq(hws_picture_pool_get(pool, HWS_PIXEL_BGRA, 8, 8, &c), HWS_OK);
	ck_assert_int_eq(c->width, 8);
	hws_picture_pool_free(pool);
	hws_picture_drop(b);
	hws_picture_drop(c);
}
END_TEST

START_TEST(a_rectangle_converts_there_and_back)
{
	struct hws_picture *p;
	uint8_t src[10 * 6 * 4], back[10 * 6 * 4];

	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, 31, 21, &p), HWS_OK);
	for (int i = 0; i < 60; i++) {
		src[i * 4] = 200;
		src[i * 4 + 1] = 100;
		src[i * 4 + 2] = 50;
		src[i * 4 + 3] = 255;
	}
	struct hws_rect r = { 20, 14, 10, 6 };
	hws_pixels_bgra_to_i420(src, 40, p, r);
	hws_pixels_i420_to_bgra(p, r, back, 40);
	for (int i = 0; i < 240; i++)
		ck_assert_int_le(abs(src[i] - back[i]), 3);
	ck_assert_int_eq(p->plane[0][0], 16); /* the rest is untouched */
	ck_assert_int_eq(p->plane[0][14 * p->stride[0] + 19], 16);
	hws_picture_drop(p);
}
END_TEST

START_TEST(png_of_both_formats_reads_back)
{
	static const enum hws_pixel_format formats[] = { HWS_PIXEL_BGRA, HWS_PIXEL_I420 };
	struct hws_picture *p;
	uint8_t line[7 * 4];

	ck_assert_int_eq(hws_picture_new(formats[_i], 7, 5, &p), HWS_OK);
	for (int x = 0; x < 7; x++)
		memcpy(line + x * 4, (uint8_t[]){ 20, 180, 90, 255 }, 4);
	for (int y = 0; y < 5; y++) {
		if (formats[_i] == HWS_PIXEL_BGRA)
			memcpy(p->plane[0] + y * p->stride[0], line, sizeof(line));
		else if (y % 2 == 0)
			hws_pixels_bgra_to_i420(
					line, 0, p, (struct hws_rect){ 0, y, 7, y == 4 ? 1 : 2 });
	}
	struct hws_buf out;
	hws_buf_init(&out, 1 << 20);
	ck_assert_int_eq(hws_png_encode(p, &out), HWS_OK);
	png_image img = { .version = PNG_IMAGE_VERSION };
	struct hws_bytes b = hws_buf_bytes(&out);
	ck_assert(png_image_begin_read_from_memory(&img, b.ptr, b.len));
	ck_assert_uint_eq(img.width, 7);
	ck_assert_uint_eq(img.height, 5);
	img.format = PNG_FORMAT_RGB;
	uint8_t rgb[7 * 5 * 3];
	ck_assert(png_image_finish_read(&img, NULL, rgb, 0, NULL));
	for (int i = 0; i < 35; i++) {
		ck_assert_int_le(abs(rgb[i * 3] - 90), 4);
		ck_assert_int_le(abs(rgb[i * 3 + 1] - 180), 4);
		ck_assert_int_le(abs(rgb[i * 3 + 2] - 20), 4);
	}
	hws_buf_done(&out);
	hws_picture_drop(p);
}
END_TEST

static Suite *media_suite(void)
{
	Suite *s = suite_create("media");
	TCase *t = tcase_create("all");

	tcase_add_test(t, region_covers_all_that_was_added);
	tcase_add_test(t, distant_small_rectangles_stay_apart);
	tcase_add_test(t, clip_moves_to_the_corner);
	tcase_add_test(t, align_grows_to_even_and_keeps_odd_edges);
	tcase_add_test(t, picture_refuses_absurd_sizes);
	tcase_add_test(t, pool_recycles_and_outlives_its_owner);
	tcase_add_test(t, a_rectangle_converts_there_and_back);
	tcase_add_loop_test(t, png_of_both_formats_reads_back, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(media_suite());

	srunner_add_suite(sr, codec_suite());
	srunner_add_suite(sr, formats_suite());
	srunner_add_suite(sr, codec_table_suite());
	srunner_add_suite(sr, sizes_suite());
	srunner_add_suite(sr, headers_suite());
	srunner_add_suite(sr, h265_suite());
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
