/* What a viewer does with pictures: shows them, keeps them in a file. */
#include "client/core/codec_wire.h"
#include "client/decoder/display_decoder.h"
#include "client/decoder/protocol.h"
#include "client/media/pixels.h"
#include "client/services/video/display_view.h"
#include "shared/wire/envelope.h"
#include "suites.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Ses__Message *packet_message(const struct hws_packet *p)
{
	Ses__Message m = SES__MESSAGE__INIT, *ret = NULL;
	Ses__VideoFrame v = SES__VIDEO_FRAME__INIT;
	Ses__EncodedVideoFrames list = SES__ENCODED_VIDEO_FRAMES__INIT;
	Ses__EncodedVideoFrame f = SES__ENCODED_VIDEO_FRAME__INIT, *one = &f;
	struct hws_buf out;

	f.data.data = (uint8_t *)(uintptr_t)p->data.ptr;
	f.data.len = p->data.len;
	f.key = p->key;
	list.frames = &one;
	list.n_frames = 1;
	v.union_case = SES__VIDEO_FRAME__UNION_VP9S;
	v.vp9s = &list;
	m.union_case = SES__MESSAGE__UNION_VIDEO_FRAME;
	m.video_frame = &v;
	hws_buf_init(&out, 1u << 20);
	ck_assert_int_eq(hws_ses_pack(&m, &out), HWS_OK);
	ck_assert_int_eq(hws_ses_unpack(hws_buf_bytes(&out), &ret), HWS_OK);
	hws_buf_done(&out);
	return ret;
}

/* What the viewer has of a display, and the decoder process. */
struct screen {
	struct hws_display_view *view;
	struct hws_display_decoder d;
	struct hws_picture_pool *pool;
};

static void open_screen(struct screen *s)
{
	*s = (struct screen){ 0 };
	ck_assert_int_eq(hws_display_view_new(&s->view), HWS_OK);
	ck_assert_int_eq(hws_picture_pool_new(HWS_DECODE_SLOTS, &s->pool), HWS_OK);
}

static void close_screen(struct screen *s)
{
	hws_display_view_free(s->view);
	hws_display_decoder_forget(&s->d);
	hws_picture_pool_free(s->pool);
}

/* Through the queue, the decoder and the comparison; the damage. */
static struct hws_rect show_on(struct screen *s, struct hws_encoder *e, const struct hws_picture *p,
		bool key, int64_t pts)
{
	const struct hws_picture *decoded = NULL;
	struct hws_display_view *v = s->view;
	struct hws_packet packet;
	struct hws_picture *shown = NULL;
	struct hws_rect damage;
	enum hws_codec codec;
	Ses__Message *m;

	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, key, pts, &packet), HWS_OK);
	m = packet_message(&packet);
	ck_assert(hws_display_view_push(v, m, packet.data.len));
	ck_assert_uint_eq(v->bytes, packet.data.len);
	m = hws_display_view_pop(v);
	const Ses__EncodedVideoFrames *f = hws_video_frames(m->video_frame, &codec);
	ck_assert_int_eq(hws_display_decoder_packet(&s->d, e->conf.codec, v->reset,
					 hws_bytes(f->frames[0]->data.data, f->frames[0]->data.len),
					 &decoded),
			HWS_OK);
	ck_assert_int_eq(hws_picture_pool_get(s->pool, HWS_PIXEL_BGRA, decoded->width,
					 decoded->height, &shown),
			HWS_OK);
	ck_assert_int_eq(hws_display_decoder_show(&s->d, decoded, true, shown, &damage), HWS_OK);
	v->reset = false;
	hws_display_view_publish(v, shown, damage, 1);
	hws_ses_free(m);
	return damage;
}

START_TEST(a_screen_tells_what_changed_and_can_be_forgotten)
{
	struct hws_encoder_conf conf = {
		.codec = HWS_CODEC_VP9, .width = 96, .height = 64, .quality = { 4000, 667, 3333 }
	};
	struct hws_encoder *e;
	struct screen s;
	struct hws_picture *p;

	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	open_screen(&s);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, 96, 64, &p), HWS_OK);
	memset(p->plane[0], 200, (size_t)p->stride[0] * 64);
	struct hws_rect all = show_on(&s, e, p, true, 0);
	ck_assert(all.x == 0 && all.y == 0 && all.w == 96 && all.h == 64);
	for (int y = 32; y < 48; y++)
		memset(p->plane[0] + (ptrdiff_t)y * p->stride[0] + 64, 30, 16);
	struct hws_rect part = show_on(&s, e, p, false, 33);
	ck_assert_int_ge(part.x, 32); /* the loop filter reaches over the edge of a block */
	ck_assert_int_ge(part.y, 16);
	ck_assert(part.x <= 64 && part.x + part.w >= 80 && part.y <= 32 && part.y + part.h >= 48);
	hws_display_view_forget(s.view);
	hws_display_decoder_forget(&s.d);
	ck_assert(!s.view->newest && !s.d.before && !s.d.decoder && s.view->need_key &&
			s.view->reset);
	all = show_on(&s, e, p, true, 66);
	ck_assert(all.w == 96 && all.h == 64);
	ck_assert_uint_eq(s.view->number, 3);
	close_screen(&s);
	hws_picture_drop(p);
	hws_encoder_free(e);
}
END_TEST

/* A decoder may give other pictures than most: what changed is found in any, by the pixel. */
START_TEST(what_changed_is_found_in_every_format)
{
	static const enum hws_pixel_format formats[] = { HWS_PIXEL_I420, HWS_PIXEL_I444,
		HWS_PIXEL_NV12 };
	struct hws_encoder_conf conf = {
		.codec = HWS_CODEC_RAW, .width = 97, .height = 65, .quality = { 4000, 0, 1000 }
	};
	const struct hws_pixel_row *row = hws_pixel_row(formats[_i]);
	struct hws_encoder *e;
	struct screen s;
	struct hws_picture *p;

	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	open_screen(&s);
	ck_assert_int_eq(hws_picture_new(formats[_i], 97, 65, &p), HWS_OK);
	struct hws_rect r = show_on(&s, e, p, true, 0);
	ck_assert(r.x == 0 && r.y == 0 && r.w == 97 && r.h == 65);
	ck_assert(hws_rect_empty(show_on(&s, e, p, false, 1)));
	p->plane[0][20 * p->stride[0] + 30] = 235;
	p->plane[0][24 * p->stride[0] + 41] = 235;
	r = show_on(&s, e, p, false, 2);
	ck_assert(r.x == 30 && r.y == 20 && r.w == 12 && r.h == 5);
	ck_assert_int_ge(s.view->newest->plane[0][20 * s.view->newest->stride[0] + 30 * 4], 250);
	ck_assert_int_le(s.view->newest->plane[0][20 * s.view->newest->stride[0] + 34 * 4], 5);
	/* Colour alone, at the last sample: the odd edge. */
	int w = hws_plane_side(97, row->plane[1].x_shift) * row->plane[1].bytes;
	int h = hws_plane_side(65, row->plane[1].y_shift);
	p->plane[1][(h - 1) * p->stride[1] + w - 1] = 90;
	r = show_on(&s, e, p, false, 3);
	ck_assert(r.x == 96 && r.y == 64 && r.w == 1 && r.h == 1);
	close_screen(&s);
	hws_picture_drop(p);
	hws_encoder_free(e);
}
END_TEST

/* However many pictures readers hold meanwhile: what is shown is what a whole conversion would
 * show. */
START_TEST(pictures_shown_are_complete_whatever_readers_hold)
{
	struct hws_encoder_conf conf = {
		.codec = HWS_CODEC_VP9, .width = 97, .height = 65, .quality = { 4000, 667, 3333 }
	};
	struct hws_picture *p, *held[2] = { NULL, NULL };
	struct hws_encoder *e;
	struct screen s;
	uint8_t *whole = calloc(97 * 4, 65);
	unsigned seed = 7;

	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	open_screen(&s);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, 97, 65, &p), HWS_OK);
	for (int i = 0; i < 60; i++) {
		seed = seed * 1664525u + 1013904223u;
		int x = (int)(seed >> 8) % 80, y = (int)(seed >> 16) % 50;
		for (int row = y; row < y + 9; row++)
			memset(p->plane[0] + (ptrdiff_t)row * p->stride[0] + x, (int)(seed >> 24),
					13);
		memset(p->plane[1] + (ptrdiff_t)(y / 2) * p->stride[1] + x / 2,
				(int)(seed >> 20) & 255, 5);
		show_on(&s, e, p, i == 0, i * 33);
		hws_pixels_i420_to_rgba(
				s.d.before, (struct hws_rect){ 0, 0, 97, 65 }, whole, 97 * 4);
		for (int row = 0; row < 65; row++)
			ck_assert_mem_eq(s.view->newest->plane[0] +
							(ptrdiff_t)row * s.view->newest->stride[0],
					whole + (ptrdiff_t)row * 97 * 4, 97 * 4);
		if (i % 3 == 0) { /* a reader takes this one and gives an older one back */
			hws_picture_unlock(held[i / 3 % 2]);
			held[i / 3 % 2] = hws_picture_lock(s.view->newest);
		}
	}
	hws_picture_unlock(held[0]);
	hws_picture_unlock(held[1]);
	close_screen(&s);
	hws_picture_drop(p);
	hws_encoder_free(e);
	free(whole);
}
END_TEST

Suite *picture_suite(void)
{
	Suite *s = suite_create("services/picture");
	TCase *t = tcase_create("picture");

	tcase_add_test(t, a_screen_tells_what_changed_and_can_be_forgotten);
	tcase_add_loop_test(t, what_changed_is_found_in_every_format, 0, 3);
	tcase_add_test(t, pictures_shown_are_complete_whatever_readers_hold);
	suite_add_tcase(s, t);
	return s;
}
