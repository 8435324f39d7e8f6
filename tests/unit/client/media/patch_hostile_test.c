/* Patches of a hostile host: every place and size beyond the picture, overlapping copies, more work
 * than any honest patch, broken streams. And the examples of tests/vectors, byte by byte. */
#include "client/media/patch.h"
#include "patch_stage.h"
#include "shared/base/macros.h"
#include "tests/support/vector.h"
#include <stdlib.h>

#define W 32
#define H 20

static int apply(struct hws_picture *p, const uint8_t *bytes, size_t n)
{
	struct hws_region touched;
	/* Of its own size, so that a byte too many is noticed. */
	uint8_t *copy = malloc(n ? n : 1);

	memcpy(copy, bytes, n);
	int r = hws_patch_apply(hws_bytes(copy, n), p, &touched);
	free(copy);
	return r;
}

#define APPLY(p, ...) apply(p, (const uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }))

static struct hws_picture *blank(void)
{
	struct hws_picture *p;

	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_BGRA, W, H, &p), HWS_OK);
	return p;
}

static uint32_t at(const struct hws_picture *p, int x, int y)
{
	uint32_t v;

	memcpy(&v, p->plane[0] + (ptrdiff_t)y * p->stride[0] + (ptrdiff_t)x * 4, 4);
	return v;
}

enum { COPY, FILL, SCREEN, PHOTO, LAST = 0x80 };

START_TEST(nothing_leads_out_of_the_picture)
{
	struct hws_picture *p = blank();

	ck_assert_int_eq(APPLY(p, 1, FILL, 0, 0, W - 1, H - 1, 1, 2, 3), HWS_OK);
	ck_assert_uint_eq(at(p, W - 1, H - 1), 0xff030201);
	ck_assert_int_eq(APPLY(p, 1, FILL, 0, 0, W, 0, 1, 2, 3), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, FILL, W, 0, 0, 0, 1, 2, 3), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, FILL, 1, 0, W - 1, 0, 1, 2, 3), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, FILL, 0, H, 0, 0, 1, 2, 3), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, FILL, 0, 1, 0, H - 1, 1, 2, 3), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, FILL, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 1, 2, 3),
			HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, FILL, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 1, 2, 3),
			HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, FILL, 0, 0, 0, 0, 1, 2), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, COPY, 0, 0, 3, 3, W - 3, 0), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, COPY, 0, 0, 3, 3, 0, H - 3), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, COPY, 0, 0, 3, 3, W - 4, H - 4), HWS_OK);
	ck_assert_int_eq(APPLY(p, 1, COPY, 0, 0, 3, 3, W - 4), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, SCREEN, 0, 0, 3, 3, 5, 0, 0), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, SCREEN, 0, 0, 3, 3, 2, 0, 0), HWS_OK);
	ck_assert_int_eq(APPLY(p, 1, 4, 0, 0, 0, 0), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, 0x40, 0, 0, 0, 0), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 1, FILL), HWS_ERR_CORRUPT);
	ck_assert_int_eq(APPLY(p, 2, FILL, 0, 0, 0, 0, 1, 2, 3), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(APPLY(p, 1), HWS_OK);
	ck_assert_int_eq(apply(p, NULL == p ? NULL : (const uint8_t *)"", 0), HWS_ERR_CORRUPT);
	hws_picture_drop(p);
}
END_TEST

START_TEST(copies_may_overlap)
{
	struct hws_picture *p = blank();

	/* A staircase of colours, moved by one pixel each way. */
	for (uint8_t i = 0; i < 10; i++)
		ck_assert_int_eq(APPLY(p, 1, FILL, i, i, 0, 0, i, i, i), HWS_OK);
	ck_assert_int_eq(APPLY(p, 1, COPY, 1, 1, 9, 9, 0, 0), HWS_OK);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(at(p, i + 1, i + 1) & 0xff, (unsigned)i);
	ck_assert_int_eq(APPLY(p, 1, COPY, 0, 0, 9, 9, 1, 1), HWS_OK);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(at(p, i, i) & 0xff, (unsigned)i);
	ck_assert_int_eq(APPLY(p, 1, COPY, 3, 0, 9, 9, 0, 0), HWS_OK);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(at(p, i + 3, i) & 0xff, (unsigned)i);
	hws_picture_drop(p);
}
END_TEST

START_TEST(work_is_bounded_by_the_picture)
{
	struct hws_picture *p = blank();
	const uint8_t all[] = { FILL, 0, 0, W - 1, H - 1, 1, 2, 3 },
		      dot[] = { FILL, 0, 0, 0, 0, 1, 2, 3 };
	size_t n = 1 + (HWS_PATCH_OPS_MAX + 1) * sizeof(dot);
	uint8_t *bytes = malloc(n);

	bytes[0] = 1;
	for (unsigned i = 0; i < 3; i++)
		memcpy(bytes + 1 + i * sizeof(all), all, sizeof(all));
	ck_assert_int_eq(apply(p, bytes, 1 + 2 * sizeof(all)), HWS_OK);
	ck_assert_int_eq(apply(p, bytes, 1 + 3 * sizeof(all)), HWS_ERR_TOOBIG);
	free(bytes);
	hws_picture_drop(p);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_BGRA, 100, 100, &p), HWS_OK);
	bytes = malloc(n);
	bytes[0] = 1;
	for (unsigned i = 0; i <= HWS_PATCH_OPS_MAX; i++)
		memcpy(bytes + 1 + i * sizeof(dot), dot, sizeof(dot));
	ck_assert_int_eq(apply(p, bytes, n - sizeof(dot)), HWS_OK);
	ck_assert_int_eq(apply(p, bytes, n), HWS_ERR_TOOBIG);
	free(bytes);
	hws_picture_drop(p);
}
END_TEST

/* Streams of noise give some picture, at any length. */
START_TEST(broken_streams_stay_in_their_rectangle)
{
	struct hws_picture *p = blank();
	unsigned seed = (unsigned)_i + 1;
	uint8_t bytes[300];

	for (int k = 0; k < 200; k++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1103515245u + 12345u;
			bytes[i] = (uint8_t)(seed >> 16);
		}
		bytes[0] = 1;
		bytes[1] = (uint8_t)(LAST | (k & 1 ? SCREEN : PHOTO));
		bytes[2] = 3;
		bytes[3] = 2;
		bytes[4] = (uint8_t)(k % 20);
		bytes[5] = (uint8_t)(k % 13);
		size_t len = 6 + seed % (sizeof(bytes) - 6);
		ck_assert_int_eq(apply(p, bytes, len), HWS_OK);
		ck_assert_uint_eq(at(p, 2, 2), at(p, 0, 0));
		ck_assert_uint_eq(at(p, 3 + k % 20 + 1, 2), at(p, 0, 0));
		for (int y = 0; y < H; y++)
			for (int x = 0; x < W; x++)
				memset(p->plane[0] + y * p->stride[0] + x * 4, 0, 4);
	}
	hws_picture_drop(p);
}
END_TEST

/* The picture that the examples start from: docs/protocol-patches.md. */
static void draw_example(struct hws_picture *p)
{
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++) {
			uint32_t v = (x / 4 + y / 4) % 2 ? 0xff204060u : 0xffe0e0e0u;
			memcpy(p->plane[0] + (ptrdiff_t)y * p->stride[0] + (ptrdiff_t)x * 4, &v, 4);
		}
}

static uint64_t sum_of(const struct hws_picture *p)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (int y = 0; y < p->height; y++)
		for (int x = 0; x < p->width; x++)
			for (int i = 0; i < 3; i++) {
				h ^= p->plane[0][y * p->stride[0] + x * 4 + i];
				h *= 0x100000001b3ull;
			}
	return h;
}

static const char *const examples[] = { "fill", "copy", "screen", "photo", "two" };

START_TEST(examples_give_their_pictures)
{
	struct hws_picture *p = blank();
	uint8_t bytes[4096], sum[16];
	size_t sum_len = 0,
	       n = test_vector("patches.json", examples[_i], bytes, sizeof(bytes), sum, &sum_len);
	uint64_t want = 0;

	draw_example(p);
	ck_assert_int_eq(apply(p, bytes, n), HWS_OK);
	ck_assert_uint_eq(sum_len, 8);
	for (int i = 0; i < 8; i++)
		want = want << 8 | sum[i];
	ck_assert_msg(sum_of(p) == want, "%s: %016llx", examples[_i],
			(unsigned long long)sum_of(p));
	hws_picture_drop(p);
}
END_TEST

Suite *patch_hostile_suite(void)
{
	Suite *s = suite_create("patch, hostile");
	TCase *t = tcase_create("all");

	tcase_add_test(t, nothing_leads_out_of_the_picture);
	tcase_add_test(t, copies_may_overlap);
	tcase_add_test(t, work_is_bounded_by_the_picture);
	tcase_add_loop_test(t, broken_streams_stay_in_their_rectangle, 0, 4);
	tcase_add_loop_test(t, examples_give_their_pictures, 0, (int)HWS_COUNT(examples));
	suite_add_tcase(s, t);
	return s;
}
