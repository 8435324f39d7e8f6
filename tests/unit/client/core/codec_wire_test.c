/* Each codec's numbers in the codec table against the members that protobuf-c generated from the
 * schema: a wrong number would talk of another codec. */
#include "client/core/codec_wire.h"
#include "client/media/codec_table.h"
#include "suites.h"

#define BIT(name) HWS_CODEC_BIT(HWS_CODEC_##name)

START_TEST(abilities_go_to_their_members)
{
	Ses__SupportedDecoding d = SES__SUPPORTED_DECODING__INIT;

	ck_assert_uint_eq(hws_codecs_of_decoding(&d), 0);
	hws_codecs_to_decoding(BIT(VP9), &d);
	ck_assert_int_eq(d.ability_vp9, 1);
	ck_assert_int_eq(d.ability_vp8 + d.ability_av1 + d.ability_h264 + d.ability_h265, 0);
	hws_codecs_to_decoding(BIT(VP8) | BIT(H265), &d);
	ck_assert_int_eq(d.ability_vp9, 0);
	ck_assert_int_eq(d.ability_vp8, 1);
	ck_assert_int_eq(d.ability_h265, 1);
	hws_codecs_to_decoding(BIT(AV1) | BIT(H264) | BIT(RAW), &d);
	ck_assert_int_eq(d.ability_av1, 1);
	ck_assert_int_eq(d.ability_h264, 1);
	ck_assert_int_eq(d.ability_h265 + d.ability_vp8 + d.ability_vp9, 0);
	d.ability_vp8 = 7;   /* any number above 0 means yes */
	d.ability_h264 = -1; /* and no other */
	ck_assert_uint_eq(hws_codecs_of_decoding(&d), BIT(AV1) | BIT(VP8));
}
END_TEST

START_TEST(encodings_go_to_their_members)
{
	Ses__SupportedEncoding e = SES__SUPPORTED_ENCODING__INIT;

	hws_codecs_to_encoding(BIT(VP8) | BIT(VP9), &e);
	ck_assert(e.vp8 && !e.av1 && !e.h264 && !e.h265 && !e.i444);
	hws_codecs_to_encoding(BIT(AV1) | BIT(H264) | BIT(H265), &e);
	ck_assert(!e.vp8 && e.av1 && e.h264 && e.h265 && !e.i444);
}
END_TEST

START_TEST(whole_chroma_goes_to_its_members)
{
	Ses__CodecAbility a = SES__CODEC_ABILITY__INIT;

	ck_assert_uint_eq(hws_codecs_of_ability(NULL), 0);
	ck_assert_uint_eq(hws_codecs_of_ability(&a), 0);
	hws_codecs_to_ability(BIT(VP9) | BIT(AV1) | BIT(RAW), &a);
	ck_assert(!a.vp8 && a.vp9 && a.av1 && !a.h264 && !a.h265);
	ck_assert_uint_eq(hws_codecs_of_ability(&a), BIT(VP9) | BIT(AV1));
	hws_codecs_to_ability(BIT(VP8) | BIT(H264) | BIT(H265), &a);
	ck_assert(a.vp8 && !a.vp9 && !a.av1 && a.h264 && a.h265);
	ck_assert_uint_eq(hws_codecs_of_ability(&a), BIT(VP8) | BIT(H264) | BIT(H265));
}
END_TEST

START_TEST(packets_are_found_in_every_member)
{
	static const struct {
		Ses__VideoFrame__UnionCase member;
		enum hws_codec codec;
	} cases[] = { { SES__VIDEO_FRAME__UNION_VP8S, HWS_CODEC_VP8 },
		{ SES__VIDEO_FRAME__UNION_VP9S, HWS_CODEC_VP9 },
		{ SES__VIDEO_FRAME__UNION_AV1S, HWS_CODEC_AV1 },
		{ SES__VIDEO_FRAME__UNION_H264S, HWS_CODEC_H264 },
		{ SES__VIDEO_FRAME__UNION_H265S, HWS_CODEC_H265 } };
	Ses__VideoFrame f = SES__VIDEO_FRAME__INIT;
	Ses__EncodedVideoFrames packets = SES__ENCODED_VIDEO_FRAMES__INIT;
	enum hws_codec codec = HWS_CODEC_NONE;
	Ses__RGB rgb = SES__RGB__INIT;

	ck_assert_ptr_null(hws_video_frames(&f, &codec));
	f.union_case = SES__VIDEO_FRAME__UNION_RGB;
	f.rgb = &rgb;
	ck_assert_ptr_null(hws_video_frames(&f, &codec));
	ck_assert_int_eq(codec, HWS_CODEC_NONE);
	for (size_t i = 0; i < HWS_COUNT(cases); i++) {
		f.union_case = cases[i].member;
		f.vp9s = &packets; /* one union */
		ck_assert_ptr_eq(hws_video_frames(&f, &codec), &packets);
		ck_assert_int_eq(codec, cases[i].codec);
	}
}
END_TEST

Suite *codec_wire_suite(void)
{
	Suite *s = suite_create("core/codec_wire");
	TCase *t = tcase_create("all");

	tcase_add_test(t, abilities_go_to_their_members);
	tcase_add_test(t, encodings_go_to_their_members);
	tcase_add_test(t, whole_chroma_goes_to_its_members);
	tcase_add_test(t, packets_are_found_in_every_member);
	suite_add_tcase(s, t);
	return s;
}
