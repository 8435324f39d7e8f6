/* A desktop sent by each codec, with halved and with whole chroma, as viewers ask for it: what they
 * decode is what is on the screen. */
#include "client/media/codec_table.h"
#include "client/media/pixels.h"
#include "client/media/video_codec.h"
#include "host_desk.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <stdlib.h>

#define VIDEO SES__MESSAGE__UNION_VIDEO_FRAME
#define W 320
#define H 200

static struct desk d;

static void setup(void)
{
	desk_setup(&d, "headless:320x200");
	hws_headless_set_format(d.p, HWS_PIXEL_BGRA);
}

static void teardown(void)
{
	desk_teardown(&d);
}

/* Columns of red and blue, which halved chroma cannot tell apart. */
static void paint_columns(int shift)
{
	for (int x = 0; x < W; x++)
		hws_headless_fill(d.p, (struct hws_rect){ x, 0, 1, H },
				(x + shift) % 2 ? 0xd02020u : 0x2020d0u);
}

/* Larger areas, which any chroma holds. */
static void paint_areas(int shift)
{
	for (int x = 0; x < W; x += 32)
		hws_headless_fill(d.p, (struct hws_rect){ x, 0, 32, H },
				(x / 32 + shift) % 2 ? 0xd0a020u : 0x2060d0u);
}

static const enum hws_codec codecs[] = { HWS_CODEC_VP8, HWS_CODEC_VP9, HWS_CODEC_AV1,
	HWS_CODEC_H264 };

static void ask(unsigned i, enum hws_codec codec, bool whole)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	Ses__SupportedDecoding dec = SES__SUPPORTED_DECODING__INIT;
	Ses__CodecAbility ability = SES__CODEC_ABILITY__INIT;

	dec.ability_vp8 = dec.ability_vp9 = dec.ability_av1 = dec.ability_h264 = 1;
	dec.prefer = (Ses__SupportedDecoding__PreferCodec)hws_codec_row(codec)->wish;
	ability.vp9 = ability.av1 = true;
	dec.i444 = &ability;
	dec.prefer_chroma = whole ? SES__CHROMA__I444 : SES__CHROMA__I420;
	o.supported_decoding = &dec;
	hws_host_set_option(d.services, &d.v[i].g, &o);
}

struct seen {
	enum hws_codec codec; /* of the last frame */
	enum hws_pixel_format format;
	double differs; /* per sample of its pixels from the screen */
};

static double difference(const struct hws_picture *got)
{
	struct hws_rect all = { 0, 0, got->width, got->height };
	uint8_t *pixels = calloc(4, (size_t)got->width * (size_t)got->height);
	struct hws_picture *shot;
	double sum = 0;

	ck_assert_int_eq(hws_headless_snapshot(d.p, 0, &shot), HWS_OK);
	ck_assert_int_eq(got->width, shot->width);
	ck_assert_int_eq(got->height, shot->height);
	ck_assert_int_eq(hws_pixels_to_packed(got, all, false, pixels, got->width * 4), HWS_OK);
	for (int y = 0; y < got->height; y++)
		for (int x = 0; x < got->width * 4; x++)
			if (x % 4 != 3)
				sum += abs(shot->plane[0][y * shot->stride[0] + x] -
						pixels[(size_t)y * (size_t)got->width * 4 +
								(size_t)x]);
	free(pixels);
	hws_picture_drop(shot);
	return sum / (3.0 * got->width * got->height);
}

/* All that the viewer got, decoded from its last key frame with a change of codec on. */
static struct seen look(const struct viewer *v)
{
	struct hws_decoder *dec = NULL;
	struct seen ret = { 0 };
	const struct hws_picture *got = NULL;

	for (unsigned i = 0; i < v->count; i++) {
		const Ses__VideoFrame *f =
				v->msg[i]->union_case == VIDEO ? v->msg[i]->video_frame : NULL;
		const Ses__EncodedVideoFrames *list;
		enum hws_codec codec =
				f ? hws_codec_by_frames((unsigned)f->union_case) : HWS_CODEC_NONE;
		if (codec == HWS_CODEC_NONE)
			continue;
		list = f->vp9s; /* members of one union */
		if (codec != ret.codec) {
			ck_assert(list->frames[0]->key);
			hws_decoder_free(dec);
			ck_assert_int_eq(hws_decoder_new(codec, 1, &dec), HWS_OK);
			ret.codec = codec;
		}
		for (size_t k = 0; k < list->n_frames; k++)
			ck_assert_int_eq(hws_decoder_decode(dec,
							 hws_bytes(list->frames[k]->data.data,
									 list->frames[k]->data.len),
							 &got),
					HWS_OK);
	}
	ck_assert_ptr_nonnull(got);
	ret.format = got->format;
	ret.differs = difference(got);
	hws_decoder_free(dec);
	return ret;
}

/* Until what the viewer has resembles the screen, or for long. */
static struct seen until_near(const struct viewer *v, enum hws_codec codec,
		enum hws_pixel_format format, double near)
{
	uint64_t due = test_now_ms() + 20000;
	struct seen s;

	do {
		desk_run(&d, 200);
		s = look(v);
	} while ((s.differs > near || s.codec != codec || s.format != format) &&
			test_now_ms() < due);
	return s;
}

START_TEST(each_codec_shows_the_screen)
{
	enum hws_codec codec = codecs[_i];

	paint_areas(0);
	desk_join(&d, 0);
	ask(0, codec, false);
	desk_wait(&d, 0, VIDEO, 1);
	for (int n = 1; n < 4; n++) {
		paint_areas(n);
		desk_run(&d, 50);
	}
	struct seen s = until_near(&d.v[0], codec, HWS_PIXEL_I420, 4);
	ck_assert_int_eq(s.codec, codec);
	ck_assert_int_eq(s.format, HWS_PIXEL_I420);
	ck_assert_msg(s.differs <= 4, "%s: %.1f", hws_codec_name(codec), s.differs);
}
END_TEST

START_TEST(whole_chroma_keeps_what_halved_chroma_mixes)
{
	enum hws_codec codec = _i ? HWS_CODEC_AV1 : HWS_CODEC_VP9;

	paint_columns(0);
	desk_join(&d, 0);
	ask(0, codec, false);
	desk_wait(&d, 0, VIDEO, 1);
	paint_columns(1);
	struct seen s = until_near(&d.v[0], codec, HWS_PIXEL_I420, 255);
	ck_assert_int_eq(s.codec, codec);
	ck_assert_int_eq(s.format, HWS_PIXEL_I420);
	ck_assert_msg(s.differs > 30, "halved chroma holds it: %.1f", s.differs);
	ask(0, codec, true);
	paint_columns(2);
	s = until_near(&d.v[0], codec, HWS_PIXEL_I444, 4);
	ck_assert_int_eq(s.format, HWS_PIXEL_I444);
	ck_assert_msg(s.differs <= 4, "%s: %.1f", hws_codec_name(codec), s.differs);
	/* Only what changed is converted, and it is as good. */
	hws_headless_fill(d.p, (struct hws_rect){ 33, 21, 65, 41 }, 0x30c030);
	s = until_near(&d.v[0], codec, HWS_PIXEL_I444, 4);
	ck_assert_msg(s.differs <= 4, "%s: %.1f", hws_codec_name(codec), s.differs);
}
END_TEST

START_TEST(one_viewer_without_whole_chroma_halves_it_for_all)
{
	paint_areas(0);
	desk_join(&d, 0);
	ask(0, HWS_CODEC_VP9, true);
	struct seen s = until_near(&d.v[0], HWS_CODEC_VP9, HWS_PIXEL_I444, 4);
	ck_assert_int_eq(s.format, HWS_PIXEL_I444);
	desk_join(&d, 1); /* has said nothing: VP9 with halved chroma */
	s = until_near(&d.v[1], HWS_CODEC_VP9, HWS_PIXEL_I420, 4);
	ck_assert_int_eq(s.format, HWS_PIXEL_I420);
	s = until_near(&d.v[0], HWS_CODEC_VP9, HWS_PIXEL_I420, 4);
	ck_assert_int_eq(s.format, HWS_PIXEL_I420);
	ck_assert_msg(s.differs <= 4, "%.1f", s.differs);
	desk_leave(&d, 1);
	s = until_near(&d.v[0], HWS_CODEC_VP9, HWS_PIXEL_I444, 4);
	ck_assert_int_eq(s.format, HWS_PIXEL_I444);
}
END_TEST

START_TEST(an_encoder_that_fails_is_replaced_by_vp9)
{
	/* Even, and smaller than OpenH264 takes. */
	static const struct hws_display tiny = { 0, 0, 8, 8, "tiny", true };

	ck_assert_int_eq(hws_headless_set_displays(d.p, &tiny, 1), HWS_OK);
	desk_join(&d, 0);
	ask(0, HWS_CODEC_H264, false);
	desk_wait(&d, 0, VIDEO, 1);
	const Ses__VideoFrame *f = desk_get(&d.v[0], VIDEO, 0)->video_frame;
	ck_assert_int_eq(f->union_case, SES__VIDEO_FRAME__UNION_VP9S);
	ck_assert(f->vp9s->frames[0]->key);
}
END_TEST

START_TEST(what_the_host_can_is_told)
{
	Ses__PeerInfo info = SES__PEER_INFO__INIT;

	desk_join(&d, 0);
	hws_host_set_describe(d.services, &d.v[0].g, &info);
	ck_assert_ptr_nonnull(info.encoding);
	ck_assert(info.encoding->vp8 && info.encoding->av1 && info.encoding->h264);
	ck_assert(!info.encoding->h265);
	ck_assert_ptr_nonnull(info.encoding->i444);
	ck_assert(info.encoding->i444->vp9 && info.encoding->i444->av1);
	ck_assert(!info.encoding->i444->vp8 && !info.encoding->i444->h264);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/video/codecs");
	TCase *t = test_case(s, "all", 60,
			TESTS(an_encoder_that_fails_is_replaced_by_vp9,
					one_viewer_without_whole_chroma_halves_it_for_all,
					what_the_host_can_is_told));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_codec_shows_the_screen, 0, (int)HWS_COUNT(codecs));
	tcase_add_loop_test(t, whole_chroma_keeps_what_halved_chroma_mixes, 0, 2);
	return test_suite_run(s);
}
