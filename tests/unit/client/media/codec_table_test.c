/* The table of codecs against itself and the scale of coarseness that all of them share. */
#include "client/media/coarseness.h"
#include "client/media/codec_table.h"
#include "suites.h"

START_TEST(every_row_is_found_by_each_of_its_numbers)
{
	unsigned on_the_wire = 0;

	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++) {
		const struct hws_codec_row *row = hws_codec_row(c);
		ck_assert_ptr_nonnull(row->name);
		ck_assert_ptr_nonnull(row->title);
		ck_assert_int_eq(hws_codec_by_name(row->name), c);
		/* On the wire with all its numbers or with none. */
		ck_assert_int_eq(row->wish != 0, row->frames != 0);
		ck_assert_int_eq(row->wish != 0, row->ability != 0);
		if (!row->wish)
			continue;
		ck_assert_int_eq(hws_codec_by_wish(row->wish), c);
		ck_assert_int_eq(hws_codec_by_frames(row->frames), c);
		on_the_wire++;
	}
	ck_assert_uint_eq(on_the_wire, 5);
	ck_assert_int_eq(hws_codec_by_name("auto"), HWS_CODEC_NONE);
	ck_assert_int_eq(hws_codec_by_wish(0), HWS_CODEC_NONE);
	ck_assert_int_eq(hws_codec_by_wish(77), HWS_CODEC_NONE);
	ck_assert_int_eq(hws_codec_by_frames(0), HWS_CODEC_NONE);
	ck_assert_int_eq(hws_codec_by_frames(7), HWS_CODEC_NONE); /* RGB: no codec */
	ck_assert_str_eq(hws_codec_row((enum hws_codec)77)->name, "none");
}
END_TEST

START_TEST(sets_hold_what_is_built_and_on_the_wire)
{
	uint32_t both = HWS_CODEC_BIT(HWS_CODEC_VP8) | HWS_CODEC_BIT(HWS_CODEC_VP9) |
			HWS_CODEC_BIT(HWS_CODEC_AV1) | HWS_CODEC_BIT(HWS_CODEC_H264);

	ck_assert_uint_eq(hws_codecs_encodable(), both);
	ck_assert_uint_eq(hws_codecs_decodable(), both | HWS_CODEC_BIT(HWS_CODEC_H265));
	ck_assert(hws_codec_can_encode(HWS_CODEC_RAW)); /* only not offered to anybody */
	ck_assert(!hws_codec_can_encode(HWS_CODEC_H265));
	ck_assert(!hws_codec_fits(HWS_CODEC_VP8, 16384, 16));
	ck_assert(hws_codec_fits(HWS_CODEC_VP9, 16384, 16));
}
END_TEST

static const struct hws_quantisers scales[] = {
	{ .max = 63, .halving = 6 }, /* VP8, VP9, AV1 */
	{ .max = 51, .halving = 6 }, /* H.264, H.265 */
	{ .max = 31, .halving = 3 },
	{ .max = 255, .halving = 24 },
};

START_TEST(a_quantiser_maps_to_a_coarseness_and_back)
{
	const struct hws_quantisers *q = &scales[_i];
	unsigned before = 0;

	for (unsigned n = 0; n <= q->max; n++) {
		unsigned coarse = hws_coarseness_of(q, n), min, max;
		ck_assert(n == 0 ? coarse == 0 : coarse > before);
		ck_assert_uint_le(coarse, HWS_COARSE_MAX + HWS_COARSE_HALVING);
		/* Rounded to the nearest unit it may lie on either side of the step. */
		hws_quantisers_within(q, coarse ? coarse - 1 : 0, coarse + 1, &min, &max);
		ck_assert_uint_eq(min, n);
		ck_assert_uint_eq(max, n);
		before = coarse;
	}
	ck_assert_uint_eq(hws_coarseness_of(q, q->max + 9), hws_coarseness_of(q, q->max));
}
END_TEST

START_TEST(quantisers_lie_within_what_was_asked_for)
{
	const struct hws_quantisers *q = &scales[_i];

	for (unsigned fine = 0; fine <= HWS_COARSE_MAX; fine += 137)
		for (unsigned coarse = fine; coarse <= HWS_COARSE_MAX; coarse += 211) {
			unsigned min, max;
			hws_quantisers_within(q, fine, coarse, &min, &max);
			ck_assert_uint_le(min, max);
			ck_assert_uint_le(max, q->max);
			ck_assert_uint_le(max * HWS_COARSE_HALVING, coarse * q->halving);
			if (min < max) /* else no step lay between */
				ck_assert_uint_ge(min * HWS_COARSE_HALVING, fine * q->halving);
		}
}
END_TEST

Suite *codec_table_suite(void)
{
	Suite *s = suite_create("media/codec_table");
	TCase *t = tcase_create("all");

	tcase_add_test(t, every_row_is_found_by_each_of_its_numbers);
	tcase_add_test(t, sets_hold_what_is_built_and_on_the_wire);
	tcase_add_loop_test(t, a_quantiser_maps_to_a_coarseness_and_back, 0, 4);
	tcase_add_loop_test(t, quantisers_lie_within_what_was_asked_for, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
