/* Exact pixels in the real decoder process: video in parts and patches upon one picture, and
 * patches of a hostile host, which cost pictures and nothing else. */
#include "client/media/patch.h"
#include "stage.h"
#include "tests/support/suite.h"

static struct stage s;

static void close_stage(void)
{
	stage_close(&s);
}

static uint32_t at(int x, int y)
{
	uint32_t v;

	memcpy(&v, s.picture->plane[0] + (ptrdiff_t)y * s.picture->stride[0] + (ptrdiff_t)x * 4, 4);
	return v & 0xffffff;
}

static unsigned asked;

static int result_of(int r)
{
	ck_assert_int_eq(r, HWS_OK);
	stage_wait(&s, ++asked);
	return s.result;
}

/* Four pixels of ff8040 at 10,20. */
static const uint8_t dot[] = { HWS_PATCH_VERSION, 1, 10, 20, 1, 1, 0x40, 0x80, 0xff };
#define DOT hws_bytes(dot, sizeof(dot))

static void begin(uint8_t grey)
{
	asked = 0;
	stage_open(&s, NULL, 0);
	ck_assert_int_eq(result_of(stage_exact(&s, 0,
					 stage_packet(HWS_CODEC_VP9, 320, 200, true, grey), NULL)),
			HWS_OK);
}

START_TEST(patches_and_parts_are_one_picture)
{
	const struct hws_rect part = { 0, 0, 64, 200 };

	begin(200);
	uint32_t ground = at(100, 100);
	ck_assert_int_eq(s.damage.w, 320);
	ck_assert_int_eq(result_of(stage_patch(&s, 0, DOT)), HWS_OK);
	ck_assert_uint_eq(at(10, 20), 0xff8040);
	ck_assert_uint_eq(at(12, 20), ground);
	ck_assert(s.damage.x == 10 && s.damage.y == 20 && s.damage.w == 2 && s.damage.h == 2);
	/* Every picture that is given out shows all of it. */
	for (int i = 0; i < 6; i++) {
		const uint8_t line[] = { HWS_PATCH_VERSION, 1, 100, (uint8_t)(100 + i), 9, 0, 1, 2,
			(uint8_t)i };
		ck_assert_int_eq(result_of(stage_patch(&s, 0, hws_bytes(line, sizeof(line)))),
				HWS_OK);
		for (int k = 0; k <= i; k++)
			ck_assert_uint_eq(at(105, 100 + k), (uint32_t)k << 16 | 0x0201);
		ck_assert_uint_eq(at(10, 20), 0xff8040);
	}
	/* A darker picture, of which only the left part is shown: the dot is gone, the lines are
	 * not. */
	ck_assert_int_eq(result_of(stage_exact(&s, 0,
					 stage_packet(HWS_CODEC_VP9, 320, 200, false, 40), &part)),
			HWS_OK);
	ck_assert_uint_lt(at(10, 20), 0x606060);
	ck_assert_uint_eq(at(105, 105), 0x050201);
	ck_assert_uint_eq(at(200, 100), ground);
	ck_assert_int_eq(s.damage.w, 64);
	/* All by video again. */
	ck_assert_int_eq(result_of(stage_video(&s, 0,
					 stage_packet(HWS_CODEC_VP9, 320, 200, false, 40), false)),
			HWS_OK);
	ck_assert_uint_lt(at(105, 105), 0x606060);
	ck_assert_uint_lt(at(200, 100), 0x606060);
	ck_assert_int_eq(s.damage.w, 320);
	ck_assert_int_eq(result_of(stage_patch(&s, 0, DOT)), HWS_ERR_CORRUPT);
	ck_assert_int_eq(s.losses, 0);
}
END_TEST

START_TEST(a_patch_upon_nothing_is_refused)
{
	const struct hws_rect part = { 0, 0, 64, 64 };

	asked = 0;
	stage_open(&s, NULL, 0);
	ck_assert_int_eq(result_of(stage_patch(&s, 3, DOT)), HWS_ERR_CORRUPT);
	ck_assert_int_eq(result_of(stage_exact(&s, 3,
					 stage_packet(HWS_CODEC_VP9, 320, 200, true, 99), &part)),
			HWS_ERR_CORRUPT);
	ck_assert_int_eq(stage_patch(&s, HWS_DECODE_DISPLAYS_MAX, DOT), HWS_ERR_RANGE);
	ck_assert_int_eq(s.losses, 0);
}
END_TEST

/* Bytes that are no patch, and parts that are not of the picture: an error, then nothing is shown
 * upon what may be spoilt, until the next whole picture. */
START_TEST(what_is_wrong_is_an_error_and_no_more)
{
	static const struct hws_rect parts[] = { { 0, 0, 322, 10 }, { 1, 0, 2, 2 }, { 0, 0, 3, 2 },
		{ 320, 0, 2, 2 }, { 0, 198, 2, 4 }, { 1 << 20, 1 << 20, 1 << 20, 1 << 20 },
		{ -2, 0, 4, 4 }, { 0, 0, 0, 0 } };
	uint8_t bytes[64];

	begin(120);
	for (unsigned i = 0; i < 300; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)(i * 37 + k * k * 11 + (i * k) % 13);
		bytes[0] = (uint8_t)(i % 4 != 0);
		bytes[1] &= 0x83;
		int r = result_of(stage_patch(&s, 0, hws_bytes(bytes, 1 + i % sizeof(bytes))));
		if (r == HWS_OK)
			continue;
		ck_assert_int_eq(result_of(stage_patch(&s, 0, DOT)), HWS_ERR_CORRUPT);
		ck_assert_int_eq(result_of(stage_exact(&s, 0,
						 stage_packet(HWS_CODEC_VP9, 320, 200, false, 120),
						 NULL)),
				HWS_OK);
	}
	for (size_t i = 0; i < HWS_COUNT(parts); i++) {
		ck_assert_int_eq(result_of(stage_exact(&s, 0,
						 stage_packet(HWS_CODEC_VP9, 320, 200, false, 120),
						 &parts[i])),
				HWS_ERR_CORRUPT);
		ck_assert_int_eq(result_of(stage_exact(&s, 0,
						 stage_packet(HWS_CODEC_VP9, 320, 200, false, 120),
						 NULL)),
				HWS_OK);
	}
	ck_assert_int_eq(s.losses, 0);
}
END_TEST

void exact_cases(Suite *suite)
{
	TCase *t = test_case(suite, "exact", 60,
			TESTS(patches_and_parts_are_one_picture, a_patch_upon_nothing_is_refused,
					what_is_wrong_is_an_error_and_no_more));

	tcase_add_checked_fixture(t, NULL, close_stage);
}
