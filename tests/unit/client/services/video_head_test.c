/* Heads of messages with pictures, which are written by hand. */
#include "client/services/video/video_msg.h"
#include "host_desk.h"
#include "shared/wire/envelope.h"
#include <string.h>

#define VIDEO SES__MESSAGE__UNION_VIDEO_FRAME
#define VP9 SES__VIDEO_FRAME__UNION_VP9S
#define VP8 SES__VIDEO_FRAME__UNION_VP8S

/* The head that is written by hand says the same as the generated code. */
START_TEST(the_video_head_parses)
{
	static const struct {
		enum hws_codec codec;
		Ses__VideoFrame__UnionCase member;
		unsigned display;
		bool key;
		int64_t pts;
		size_t len;
	} cases[] = {
		{ HWS_CODEC_VP9, VP9, 0, true, 0, 0 },
		{ HWS_CODEC_VP9, VP9, 1, false, 1234, 1 },
		{ HWS_CODEC_VP8, VP8, 15, true, 1LL << 40, 127 },
		{ HWS_CODEC_AV1, SES__VIDEO_FRAME__UNION_AV1S, 3, false, 7, 128 },
		{ HWS_CODEC_H264, SES__VIDEO_FRAME__UNION_H264S, 0, false, 7, 70000 },
		{ HWS_CODEC_H265, SES__VIDEO_FRAME__UNION_H265S, 0, true, 7, 16384 },
	};
	static uint8_t buf[HWS_VIDEO_HEAD_MAX + 70000];
	struct hws_region region = { .n = (unsigned)_i % 2 ? HWS_REGION_MAX : 1 };
	struct hws_video_exact exact = { 77, _i == 1 ? NULL : &region };
	Ses__Message *m = NULL;

	for (unsigned i = 0; i < region.n; i++)
		region.rect[i] = (struct hws_rect){ 16000, 2, 300 + (int)i, 16384 };
	size_t n = hws_video_head(cases[_i].codec, cases[_i].display, cases[_i].key, cases[_i].pts,
			cases[_i].len, cases[_i].key ? NULL : &exact, buf);

	ck_assert_uint_gt(n, 0);
	ck_assert_uint_le(n, HWS_VIDEO_HEAD_MAX);
	memset(buf + n, 0x5a, cases[_i].len);
	ck_assert_int_eq(hws_ses_unpack(hws_bytes(buf, n + cases[_i].len), &m), HWS_OK);
	ck_assert_int_eq(m->union_case, VIDEO);
	ck_assert_int_eq(m->video_frame->union_case, cases[_i].member);
	ck_assert_int_eq(m->video_frame->display, (int)cases[_i].display);
	const Ses__EncodedVideoFrame *f = m->video_frame->vp9s->frames[0];
	ck_assert_int_eq(f->key, cases[_i].key);
	ck_assert_int_eq(f->pts, cases[_i].pts);
	ck_assert_uint_eq(f->data.len, cases[_i].len);
	const Ses__ExactFrame *e = m->video_frame->exact;
	ck_assert_int_eq(e != NULL, !cases[_i].key);
	if (e) {
		ck_assert_uint_eq(e->generation, 77);
		ck_assert_int_eq(e->whole, _i == 1);
		ck_assert_uint_eq(e->n_rects, _i == 1 ? 0 : region.n * 4);
	}
	if (e && !e->whole)
		ck_assert_uint_eq(e->rects[e->n_rects - 2], 300 + region.n - 1);
	hws_ses_free(m);
	ck_assert_uint_eq(hws_video_head(HWS_CODEC_RAW, 0, true, 0, 0, NULL, buf), 0);
}
END_TEST

START_TEST(the_patch_head_parses)
{
	static uint8_t buf[HWS_VIDEO_HEAD_MAX + 70000];
	size_t len = _i ? 70000 : 3;
	Ses__Message *m = NULL;
	size_t n = hws_video_patch_head(_i ? 15 : 0, _i ? ~0u : 1, len, buf);

	ck_assert_uint_le(n, HWS_VIDEO_HEAD_MAX);
	memset(buf + n, 0x5a, len);
	ck_assert_int_eq(hws_ses_unpack(hws_bytes(buf, n + len), &m), HWS_OK);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_PATCH);
	ck_assert_int_eq(m->patch->display, _i ? 15 : 0);
	ck_assert_uint_eq(m->patch->generation, _i ? ~0u : 1);
	ck_assert_uint_eq(m->patch->data.len, len);
	hws_ses_free(m);
}
END_TEST

Suite *video_head_suite(void)
{
	Suite *s = suite_create("services/video_head");
	TCase *t = tcase_create("heads");

	tcase_add_loop_test(t, the_video_head_parses, 0, 6);
	tcase_add_loop_test(t, the_patch_head_parses, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
