/* Which codec the viewers of a host get, by what they announce: deployed ones of all versions, and
 * ours. */
#include "client/media/codec_table.h"
#include "client/services/video/codec_choice.h"
#include "tests/support/suite.h"

#define V8 HWS_CODEC_BIT(HWS_CODEC_VP8)
#define V9 HWS_CODEC_BIT(HWS_CODEC_VP9)
#define A1 HWS_CODEC_BIT(HWS_CODEC_AV1)
#define H4 HWS_CODEC_BIT(HWS_CODEC_H264)
#define H5 HWS_CODEC_BIT(HWS_CODEC_H265)
#define AUTO HWS_CODEC_NONE

static const struct hws_codec_host all = { V8 | V9 | A1 | H4, V9 | A1, A1 };

static enum hws_codec of(const struct hws_codec_wish *w, unsigned n, const struct hws_codec_host *h)
{
	return hws_codec_choose(w, n, h).codec;
}

START_TEST(the_wish_of_one_viewer_is_met)
{
	static const enum hws_codec can[] = { HWS_CODEC_VP8, HWS_CODEC_VP9, HWS_CODEC_AV1,
		HWS_CODEC_H264 };

	for (size_t i = 0; i < HWS_COUNT(can); i++) {
		struct hws_codec_wish w = { V8 | V9 | A1 | H4 | H5, can[i], 0, false };
		ck_assert_int_eq(of(&w, 1, &all), can[i]);
	}
	/* What the host lacks counts as no wish. */
	struct hws_codec_wish w = { V8 | V9 | A1 | H4 | H5, HWS_CODEC_H265, 0, false };
	ck_assert_int_eq(of(&w, 1, &all), HWS_CODEC_AV1);
	/* And what the viewer itself cannot. */
	w = (struct hws_codec_wish){ V9, HWS_CODEC_AV1, 0, false };
	ck_assert_int_eq(of(&w, 1, &all), HWS_CODEC_VP9);
}
END_TEST

START_TEST(nobody_is_sent_what_he_cannot_decode)
{
	/* All pairs and triples of abilities and wishes, against all hosts. */
	static const enum hws_codec codecs[] = { AUTO, HWS_CODEC_VP8, HWS_CODEC_VP9, HWS_CODEC_AV1,
		HWS_CODEC_H264, HWS_CODEC_H265 };

	for (unsigned a = 0; a < 32; a++)
		for (unsigned b = 0; b < 32; b++)
			for (size_t i = 0; i < HWS_COUNT(codecs) * HWS_COUNT(codecs); i++) {
				struct hws_codec_wish w[2] = { { a << 1 | V9, codecs[i % 6], 0,
									       false },
					{ b << 1 | V9, codecs[i / 6], 0, false } };
				struct hws_codec_host h = { V9 | (a ^ b) << 1, 0, 62 };
				enum hws_codec c = of(w, 2, &h);
				ck_assert(w[0].can >> c & 1);
				ck_assert(w[1].can >> c & 1);
				ck_assert(h.can >> c & 1);
			}
}
END_TEST

START_TEST(most_votes_win_and_the_first_of_equal_ones)
{
	struct hws_codec_wish w[3] = { { V8 | V9, HWS_CODEC_VP8, 0, false },
		{ V8 | V9, AUTO, 0, false }, { V9, AUTO, 0, false } };

	ck_assert_int_eq(of(w, 0, &all), HWS_CODEC_VP9);
	ck_assert_int_eq(of(w, 2, &all), HWS_CODEC_VP8);
	ck_assert_int_eq(of(w, 3, &all), HWS_CODEC_VP9);
	w[2] = (struct hws_codec_wish){ V8 | V9, HWS_CODEC_VP9, 0, false };
	ck_assert_int_eq(of(w, 3, &all), HWS_CODEC_VP8);
	w[1].prefer = HWS_CODEC_VP9;
	ck_assert_int_eq(of(w, 3, &all), HWS_CODEC_VP9);
}
END_TEST

START_TEST(without_a_wish_only_what_is_ready_is_taken)
{
	struct hws_codec_wish w = { V8 | V9 | A1 | H4 | H5, AUTO, 0, false };
	struct hws_codec_host slow = all;

	ck_assert_int_eq(of(&w, 1, &all), HWS_CODEC_AV1);
	slow.ready = 0;
	ck_assert_int_eq(of(&w, 1, &slow), HWS_CODEC_VP9);
	slow.ready = H4 | V8; /* in software they are no gain */
	ck_assert_int_eq(of(&w, 1, &slow), HWS_CODEC_VP9);
	w.prefer = HWS_CODEC_AV1; /* a wish counts all the same */
	ck_assert_int_eq(of(&w, 1, &slow), HWS_CODEC_AV1);
}
END_TEST

START_TEST(whole_chroma_needs_all_of_them)
{
	struct hws_codec_wish w[2] = { { V9 | A1 | H4, HWS_CODEC_VP9, V9 | A1, true },
		{ V9 | A1 | H4, HWS_CODEC_VP9, V9 | A1, true } };
	struct hws_codec_host halves = { V9, 0, 0 };

	ck_assert(hws_codec_choose(w, 2, &all).whole);
	ck_assert(!hws_codec_choose(w, 0, &all).whole);
	ck_assert(!hws_codec_choose(w, 2, &halves).whole);
	w[1].prefers_whole = false;
	ck_assert(!hws_codec_choose(w, 2, &all).whole);
	w[1].prefers_whole = true;
	w[1].whole = A1; /* but VP9 is what both ask for */
	ck_assert(!hws_codec_choose(w, 2, &all).whole);
	w[0].prefer = w[1].prefer = HWS_CODEC_AV1;
	ck_assert(hws_codec_choose(w, 2, &all).whole);
	w[0].prefer = w[1].prefer = HWS_CODEC_H264; /* has none */
	ck_assert_int_eq(hws_codec_choose(w, 2, &all).codec, HWS_CODEC_H264);
	ck_assert(!hws_codec_choose(w, 2, &all).whole);
}
END_TEST

/* As deployed viewers of these versions log in. */
START_TEST(viewers_of_all_versions_are_understood)
{
	static const struct {
		const char *version;
		const uint8_t bytes[16];
		size_t len;
		uint32_t can, whole;
		enum hws_codec prefer;
		bool prefers_whole;
	} rows[] = {
		{ "1.1.9", { 0 }, 0, 0, 0, AUTO, false },
		{ "1.2.0", { 0x08, 1, 0x28, 1 }, 4, V8 | V9, 0, AUTO, false },
		{ "1.2.0, h264 by hardware", { 0x08, 1, 0x10, 1, 0x20, 2, 0x28, 1 }, 8,
				V8 | V9 | H4, 0, HWS_CODEC_H264, false },
		{ "1.2.3", { 0x08, 1, 0x28, 1, 0x30, 1 }, 6, V8 | V9 | A1, 0, AUTO, false },
		{ "1.2.4", { 0x08, 1, 0x28, 1, 0x30, 1, 0x3a, 4, 0x10, 1, 0x18, 1, 0x40, 1 }, 14,
				V8 | V9 | A1, V9 | A1, AUTO, true },
		{ "1.4.x",
				{ 0x08, 1, 0x10, 1, 0x18, 1, 0x20, 5, 0x28, 1, 0x30, 1, 0x3a, 2,
						0x10, 1 },
				16, V8 | V9 | A1 | H4 | H5, V9, HWS_CODEC_AV1, false },
		{ "one that prefers what nobody knows", { 0x08, 1, 0x20, 77 }, 4, V9, 0, AUTO,
				false },
	};

	for (size_t i = 0; i < HWS_COUNT(rows); i++) {
		Ses__SupportedDecoding *d =
				ses__supported_decoding__unpack(NULL, rows[i].len, rows[i].bytes);
		ck_assert_msg(d != NULL, "%s", rows[i].version);
		struct hws_codec_wish w = hws_codec_wish_of(d);
		ck_assert_msg(w.can == rows[i].can, "%s: %x", rows[i].version, w.can);
		ck_assert_msg(w.whole == rows[i].whole, "%s: %x", rows[i].version, w.whole);
		ck_assert_msg(w.prefer == rows[i].prefer, "%s", rows[i].version);
		ck_assert_msg(w.prefers_whole == rows[i].prefers_whole, "%s", rows[i].version);
		ses__supported_decoding__free_unpacked(d, NULL);
	}
	ck_assert_uint_eq(hws_codec_wish_of(NULL).can, V9);
	ck_assert(!hws_codec_wish_of(NULL).prefers_whole);
}
END_TEST

int main(void)
{
	return test_main("services/video/codec_choice", 60, NULL, NULL,
			TESTS(the_wish_of_one_viewer_is_met, nobody_is_sent_what_he_cannot_decode,
					most_votes_win_and_the_first_of_equal_ones,
					without_a_wish_only_what_is_ready_is_taken,
					whole_chroma_needs_all_of_them,
					viewers_of_all_versions_are_understood));
}
