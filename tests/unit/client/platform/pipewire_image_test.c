/* Pictures out of a camera's buffers: right where they are whole, refused where a buffer says more
 * than it holds. */
#include "client/platform/pipewire/camera_parts.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define W 34
#define H 18

static uint8_t memory[W * H * 4 + 64];
static struct spa_chunk chunk[3];
static struct spa_data data[3];
static struct spa_buffer buffer;
static struct hws_picture *to;

static void setup(void)
{
	memset(chunk, 0, sizeof(chunk));
	memset(data, 0, sizeof(data));
	memset(memory, 0, sizeof(memory));
	buffer = (struct spa_buffer){ .n_datas = 1, .datas = data };
	for (int i = 0; i < 3; i++)
		data[i].chunk = &chunk[i];
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, W, H, &to), HWS_OK);
}

static void teardown(void)
{
	hws_picture_drop(to);
}

static void holds(uint32_t offset, uint32_t size, int32_t stride)
{
	data[0].data = memory;
	data[0].maxsize = sizeof(memory);
	chunk[0] = (struct spa_chunk){ .offset = offset, .size = size, .stride = stride };
}

static int take(enum spa_video_format format)
{
	const struct pipewire_image image = { false, format, W, H };

	return pipewire_to_i420(&image, &buffer, to);
}

static void is(int x, int y, int luma)
{
	int got = to->plane[0][y * to->stride[0] + x];

	ck_assert_msg(abs(got - luma) <= 2, "%d,%d: %d", x, y, got);
}

START_TEST(planes_lie_one_after_the_other)
{
	for (int y = 0; y < H; y++)
		memset(memory + y * W, y + 20, W);
	holds(0, W * H * 3 / 2, W);
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_I420), HWS_OK);
	is(3, 5, 25);
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_NV12), HWS_OK);
	is(W - 1, H - 1, H - 1 + 20);
	/* a stride of its own, and none told */
	holds(0, (W + 6) * H * 3 / 2, W + 6);
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_I420), HWS_OK);
	holds(0, W * H * 3 / 2, 0);
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_I420), HWS_OK);
}
END_TEST

START_TEST(planes_lie_in_blocks_of_their_own)
{
	for (unsigned i = 0; i < 3; i++) {
		data[i].data = memory + i * W * H;
		data[i].maxsize = i ? W * H / 4 : W * H;
		chunk[i].size = data[i].maxsize;
		chunk[i].stride = i ? W / 2 : W;
	}
	memset(memory, 77, W * H);
	buffer.n_datas = 3;
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_I420), HWS_OK);
	is(0, 0, 77);
	chunk[2].size--;
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_I420), HWS_ERR_CORRUPT);
	data[2].data = NULL;
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_I420), HWS_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(packed_pixels_are_converted)
{
	memset(memory, 255, sizeof(memory));
	holds(0, W * H * 4, W * 4);
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_BGRx), HWS_OK);
	is(1, 1, 235);
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_RGBA), HWS_OK);
	holds(0, W * H * 3, W * 3);
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_RGB), HWS_OK);
	is(W - 1, H - 1, 235);
	holds(0, W * H * 2, W * 2);
	for (size_t i = 0; i < W * H; i++)
		memory[2 * i] = 100;
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_YUY2), HWS_OK);
	is(W / 2, H / 2, 100);
}
END_TEST

START_TEST(what_a_buffer_does_not_hold_is_not_read)
{
	static const enum spa_video_format all[] = { SPA_VIDEO_FORMAT_I420, SPA_VIDEO_FORMAT_NV12,
		SPA_VIDEO_FORMAT_YUY2, SPA_VIDEO_FORMAT_BGRx, SPA_VIDEO_FORMAT_RGBx,
		SPA_VIDEO_FORMAT_RGB };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		holds(0, 10, 0);
		ck_assert_int_eq(take(all[i]), HWS_ERR_CORRUPT);
		holds(0, UINT32_MAX, 1); /* the stride is shorter than a line */
		ck_assert_int_eq(take(all[i]), HWS_ERR_CORRUPT);
		holds(sizeof(memory) - 4, UINT32_MAX, 0);
		ck_assert_int_eq(take(all[i]), HWS_ERR_CORRUPT);
		holds(UINT32_MAX, UINT32_MAX, 0);
		ck_assert_int_eq(take(all[i]), HWS_ERR_UNSUPPORTED);
		holds(0, UINT32_MAX, INT32_MAX);
		ck_assert_int_eq(take(all[i]), HWS_ERR_UNSUPPORTED);
		holds(0, UINT32_MAX, 100000);
		ck_assert_int_eq(take(all[i]), HWS_ERR_CORRUPT);
	}
	data[0].data = NULL; /* memory of a card */
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_I420), HWS_ERR_UNSUPPORTED);
	buffer.n_datas = 0;
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_I420), HWS_ERR_UNSUPPORTED);
	holds(0, sizeof(memory), 0);
	ck_assert_int_eq(take(SPA_VIDEO_FORMAT_UYVY), HWS_ERR_UNSUPPORTED);
}
END_TEST

/* A JPEG of that size, by a program that knows how. */
static size_t make_jpeg(uint8_t *to_bytes, size_t size, const char *geometry)
{
	char dir[256], path[300], colour[40];
	const char *const argv[] = { "/usr/bin/convert", "-size", geometry, colour, path, NULL };
	char *out = NULL;
	FILE *f;
	size_t n;

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/picture.jpg", dir);
	snprintf(colour, sizeof(colour), "xc:white");
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	free(out);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	n = fread(to_bytes, 1, size, f);
	fclose(f);
	return n;
}

START_TEST(motion_jpeg_is_decoded)
{
	const struct pipewire_image image = { true, SPA_VIDEO_FORMAT_UNKNOWN, W, H };
	size_t n = make_jpeg(memory, sizeof(memory), "34x18");

	ck_assert_uint_gt(n, 100);
	holds(0, (uint32_t)n, 0);
	ck_assert_int_eq(pipewire_to_i420(&image, &buffer, to), HWS_OK);
	ck_assert_int_ge(to->plane[0][0], 230);
	/* of another size, cut off, and none at all */
	n = make_jpeg(memory, sizeof(memory), "36x18");
	holds(0, (uint32_t)n, 0);
	ck_assert_int_eq(pipewire_to_i420(&image, &buffer, to), HWS_ERR_CORRUPT);
	holds(0, 20, 0);
	ck_assert_int_eq(pipewire_to_i420(&image, &buffer, to), HWS_ERR_CORRUPT);
	memset(memory, 0xff, sizeof(memory));
	holds(0, sizeof(memory), 0);
	ck_assert_int_eq(pipewire_to_i420(&image, &buffer, to), HWS_ERR_CORRUPT);
}
END_TEST

int main(void)
{
	return test_main("pipewire/image", 60, setup, teardown,
			TESTS(planes_lie_one_after_the_other, planes_lie_in_blocks_of_their_own,
					packed_pixels_are_converted,
					what_a_buffer_does_not_hold_is_not_read,
					motion_jpeg_is_decoded));
}
