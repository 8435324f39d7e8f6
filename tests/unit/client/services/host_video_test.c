/* video_host on the headless desktop. */
#include "client/media/pixels.h"
#include "client/services/video/codec_choice.h"
#include "client/services/video/video_msg.h"
#include "host_desk.h"
#include "shared/base/clock.h"
#include "shared/wire/envelope.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

#define VIDEO SES__MESSAGE__UNION_VIDEO_FRAME
#define MISC SES__MESSAGE__UNION_MISC
#define VP9 SES__VIDEO_FRAME__UNION_VP9S
#define VP8 SES__VIDEO_FRAME__UNION_VP8S

static struct desk d;

static void setup(void)
{
	desk_setup(&d, "headless:320x200");
}

static void teardown(void)
{
	desk_teardown(&d);
}

static unsigned keys(const struct viewer *v)
{
	unsigned n = 0;

	for (unsigned i = 0; i < v->count; i++)
		if (v->msg[i]->union_case == VIDEO)
			n += v->msg[i]->video_frame->vp9s->frames[0]->key;
	return n;
}

static void paint(int x, int y, uint32_t rgb)
{
	hws_headless_fill(d.p, (struct hws_rect){ x, y, 24, 24 }, rgb);
}

/* Decodes all a viewer got of one codec and compares the last picture with the desktop. */
static void check_picture(const struct viewer *v, enum hws_codec codec)
{
	struct hws_decoder *dec;
	const struct hws_picture *got = NULL;
	struct hws_picture *shot;
	double sum = 0;
	long n = 0;

	ck_assert_int_eq(hws_decoder_new(codec, 1, &dec), HWS_OK);
	for (unsigned i = 0; i < v->count; i++) {
		const Ses__EncodedVideoFrame *f =
				desk_frame(v->msg[i], codec == HWS_CODEC_VP8 ? VP8 : VP9);
		if (f)
			ck_assert_int_eq(
					hws_decoder_decode(dec,
							hws_bytes(f->data.data, f->data.len), &got),
					HWS_OK);
	}
	ck_assert_ptr_nonnull(got);
	ck_assert_int_eq(hws_headless_snapshot(d.p, 0, &shot), HWS_OK);
	ck_assert_int_eq(got->width, shot->width);
	ck_assert_int_eq(got->height, shot->height);
	uint8_t *line = calloc(4, (size_t)got->width * 2);
	for (int y = 0; y + 1 < got->height; y += 2) {
		hws_pixels_i420_to_bgra(got, (struct hws_rect){ 0, y, got->width, 2 }, line,
				got->width * 4);
		for (int x = 0; x < got->width; x++, n++) {
			const uint8_t *p = shot->plane[0] + y * shot->stride[0] + x * 4;
			sum += abs(p[1] - line[x * 4 + 1]);
		}
	}
	ck_assert_msg(sum / n < 6, "mean difference %.1f", sum / n);
	free(line);
	hws_picture_drop(shot);
	hws_decoder_free(dec);
}

START_TEST(a_viewer_sees_the_desktop_and_its_changes)
{
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	ck_assert(desk_frame(desk_get(&d.v[0], VIDEO, 0), VP9)->key);
	ck_assert_int_eq(desk_get(&d.v[0], VIDEO, 0)->video_frame->display, 0);
	for (unsigned i = 0; i < 5; i++) {
		paint((int)i * 40, 50, 0xff0000u >> i);
		desk_wait(&d, 0, VIDEO, 2 + i);
	}
	ck_assert_uint_eq(keys(&d.v[0]), 1);
	check_picture(&d.v[0], HWS_CODEC_VP9);
	ck_assert_uint_gt(d.v[0].bitrate, 0);
}
END_TEST

/* What a capture gives that the codec does not take is converted on the way. */
START_TEST(a_capture_of_any_format_is_shown)
{
	static const enum hws_pixel_format formats[] = { HWS_PIXEL_I444, HWS_PIXEL_NV12,
		HWS_PIXEL_BGRA };

	hws_headless_set_format(d.p, formats[_i]);
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	for (unsigned i = 0; i < 3; i++) {
		paint((int)i * 40, 50, 0xff0000u >> i);
		desk_wait(&d, 0, VIDEO, 2 + i);
	}
	check_picture(&d.v[0], HWS_CODEC_VP9);
}
END_TEST

START_TEST(an_idle_desktop_sends_nothing)
{
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	unsigned n = 0, grabs;

	/* the picture may still be sharpened, on a slow machine for long */
	for (int i = 0; i < 30 && d.v[0].count != n; i++) {
		n = d.v[0].count;
		desk_run(&d, 1000);
	}
	grabs = hws_headless_grabs(d.p);
	desk_run(&d, 500);
	ck_assert_uint_eq(d.v[0].count, n);
	ck_assert_uint_eq(hws_headless_grabs(d.p), grabs);
	ck_assert_uint_eq(grabs, 1);
}
END_TEST

START_TEST(refresh_gives_a_key_frame_of_the_same_picture)
{
	Ses__Misc m = SES__MISC__INIT;

	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	desk_run(&d, 100);
	unsigned grabs = hws_headless_grabs(d.p), n = desk_count(&d.v[0], VIDEO);
	if (_i) {
		m.union_case = SES__MISC__UNION_REFRESH_VIDEO;
		m.refresh_video = true;
	} else {
		m.union_case = SES__MISC__UNION_REFRESH_VIDEO_DISPLAY;
		m.refresh_video_display = 0;
	}
	ck_assert(desk_send_misc(&d, 0, &m));
	desk_wait(&d, 0, VIDEO, n + 1);
	while (keys(&d.v[0]) < 2)
		desk_wait(&d, 0, VIDEO, desk_count(&d.v[0], VIDEO) + 1);
	ck_assert_uint_eq(hws_headless_grabs(d.p), grabs);
	m.union_case = SES__MISC__UNION_REFRESH_VIDEO_DISPLAY;
	m.refresh_video_display = -1;
	ck_assert(desk_send_misc(&d, 0, &m));
	m.refresh_video_display = 99;
	ck_assert(desk_send_misc(&d, 0, &m));
}
END_TEST

START_TEST(a_report_of_a_display_is_followed_by_a_key_frame)
{
	Ses__Misc m = SES__MISC__INIT;
	Ses__MessageQuery q = SES__MESSAGE_QUERY__INIT;

	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	desk_run(&d, 100);
	desk_forget(&d.v[0]);
	m.union_case = SES__MISC__UNION_MESSAGE_QUERY;
	m.message_query = &q;
	ck_assert(desk_send_misc(&d, 0, &m));
	ck_assert_ptr_nonnull(desk_get(&d.v[0], MISC, 0));
	desk_wait(&d, 0, VIDEO, 1);
	ck_assert_uint_eq(keys(&d.v[0]), 1);
	q.switch_display = 31; /* there is none */
	ck_assert(desk_send_misc(&d, 0, &m));
	ck_assert_ptr_null(desk_get(&d.v[0], MISC, 1));
}
END_TEST

START_TEST(a_second_viewer_gets_a_key_frame_first)
{
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	paint(0, 0, 0x00ff00);
	desk_wait(&d, 0, VIDEO, 2);
	desk_join(&d, 1);
	desk_wait(&d, 1, VIDEO, 1);
	ck_assert(desk_frame(desk_get(&d.v[1], VIDEO, 0), VP9)->key);
	check_picture(&d.v[1], HWS_CODEC_VP9);
	desk_leave(&d, 0);
	unsigned before = d.v[0].count, n = desk_count(&d.v[1], VIDEO);
	paint(60, 60, 0x0000ff);
	desk_wait(&d, 1, VIDEO, n + 1);
	ck_assert_uint_eq(d.v[0].count, before);
}
END_TEST

START_TEST(no_viewer_means_no_capture)
{
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	desk_leave(&d, 0);
	unsigned grabs = hws_headless_grabs(d.p);
	paint(0, 0, 0x123456);
	desk_run(&d, 100);
	ck_assert_uint_eq(hws_headless_grabs(d.p), grabs);
	desk_forget(&d.v[0]);
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	check_picture(&d.v[0], HWS_CODEC_VP9);
}
END_TEST

START_TEST(a_full_link_gets_the_newest_picture_later_not_all_of_them)
{
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	desk_run(&d, 50);
	d.v[0].congested = true;
	unsigned n = desk_count(&d.v[0], VIDEO);
	for (int i = 0; i < 10; i++) {
		paint(i * 20, 100, 0xffffff);
		desk_run(&d, 20);
	}
	ck_assert_uint_le(desk_count(&d.v[0], VIDEO), n + 1);
	n = desk_count(&d.v[0], VIDEO);
	d.v[0].congested = false;
	hws_host_set_drained(d.services, &d.v[0].g, HWS_SEND_VIDEO);
	desk_wait(&d, 0, VIDEO, n + 1);
	check_picture(&d.v[0], HWS_CODEC_VP9);
}
END_TEST

START_TEST(a_stuck_viewer_is_left_behind_and_comes_back_with_a_key_frame)
{
	desk_join(&d, 0);
	desk_join(&d, 1);
	desk_wait(&d, 0, VIDEO, 1);
	desk_wait(&d, 1, VIDEO, 1);
	desk_run(&d, 50);
	d.v[1].congested = true;
	unsigned stuck = desk_count(&d.v[1], VIDEO), n = desk_count(&d.v[0], VIDEO);
	paint(10, 10, 0xff00ff);
	desk_run(&d, 20);
	desk_wait(&d, 0, VIDEO, n + 1); /* after a second */
	paint(90, 10, 0xff00ff);
	desk_wait(&d, 0, VIDEO, n + 2);
	ck_assert_uint_le(desk_count(&d.v[1], VIDEO), stuck + 1);
	unsigned had = keys(&d.v[1]);
	d.v[1].congested = false;
	hws_host_set_drained(d.services, &d.v[1].g, HWS_SEND_VIDEO);
	while (keys(&d.v[1]) == had)
		desk_wait(&d, 1, VIDEO, desk_count(&d.v[1], VIDEO) + 1);
	check_picture(&d.v[1], HWS_CODEC_VP9);
}
END_TEST

/* A picture that cannot be coded in few bytes. */
static void paint_noise(uint32_t salt)
{
	for (int y = 0; y < 200; y += 4)
		for (int x = 0; x < 320; x += 4) {
			salt = salt * 1664525u + 1013904223u;
			hws_headless_fill(d.p, (struct hws_rect){ x, y, 4, 4 }, salt >> 8);
		}
}

START_TEST(a_viewer_that_confirms_nothing_gets_no_more_than_a_line_may_hold)
{
	struct hws_flow_answer a = { .rtt_us = 1000, .answered_us = hws_loop_now_us(d.loop) };
	uint64_t most = 0, before = 0;

	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	hws_host_set_line(d.services, &d.v[0].g, &a);
	for (uint32_t i = 0; i < 60; i++) {
		paint_noise(i);
		desk_run(&d, 40);
		most = HWS_MAX(most, d.v[0].g.sent - before);
		before = d.v[0].g.sent;
	}
	ck_assert_uint_gt(most, 4096); /* or the test shows nothing */
	ck_assert_uint_le(d.v[0].g.sent, 65536 + most);
	/* It goes on, with the newest, when what was sent has arrived. */
	hws_headless_fill(d.p, (struct hws_rect){ 0, 0, 320, 200 }, 0x405060);
	desk_run(&d, 40);
	unsigned n = desk_count(&d.v[0], VIDEO);
	a.delivered = d.v[0].g.sent;
	a.answered_us = hws_loop_now_us(d.loop);
	a.first_us = a.answered_us - 1000;
	hws_host_set_line(d.services, &d.v[0].g, &a);
	desk_wait(&d, 0, VIDEO, n + 1);
	check_picture(&d.v[0], HWS_CODEC_VP9);
}
END_TEST

/* Of the last picture to the desktop; decodes all from the beginning. */
static double blur(void)
{
	struct hws_decoder *dec;
	const struct hws_picture *got = NULL;
	struct hws_picture *shot;
	double sum = 0;

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_VP9, 1, &dec), HWS_OK);
	for (unsigned i = 0; i < d.v[0].count; i++) {
		const Ses__EncodedVideoFrame *f = desk_frame(d.v[0].msg[i], VP9);
		if (f)
			ck_assert_int_eq(
					hws_decoder_decode(dec,
							hws_bytes(f->data.data, f->data.len), &got),
					HWS_OK);
	}
	ck_assert_int_eq(hws_headless_snapshot(d.p, 0, &shot), HWS_OK);
	for (int y = 0; y < 200; y++)
		for (int x = 0; x < 240; x++) /* grey: G is brightness; what moves is right of it */
			sum += abs((got->plane[0][y * got->stride[0] + x] - 16) * 255 / 219 -
					shot->plane[0][y * shot->stride[0] + x * 4 + 1]);
	hws_picture_drop(shot);
	hws_decoder_free(dec);
	return sum / (200 * 240);
}

static void paint_text(uint32_t salt)
{
	hws_headless_fill(d.p, (struct hws_rect){ 0, 0, 320, 200 }, 0xe0e0e0);
	for (int y = 0; y < 196; y += 8)
		for (int x = 0; x < 240; x += 4) {
			salt = salt * 1664525u + 1013904223u;
			hws_headless_fill(d.p, (struct hws_rect){ x, y + (salt >> 30), 2, 5 },
					0x202020);
		}
}

/* _i: does something small move all the time? */
START_TEST(what_a_narrow_line_made_coarse_becomes_sharp)
{
	struct desk_line l = { .speed = 5000 };
	struct hws_flow_answer a = { .rtt_us = 500, .answered_us = hws_loop_now_us(d.loop) };
	uint64_t end, beat = 0;
	double coarse, sharp;

	desk_join(&d, 0);
	hws_host_set_line(d.services, &d.v[0].g, &a);
	for (uint32_t i = 0; i < 8; i++) {
		paint_text(i);
		unsigned n = desk_count(&d.v[0], VIDEO);
		end = hws_clock_us() + 10 * HWS_US_PER_S;
		while (desk_count(&d.v[0], VIDEO) == n && hws_clock_us() < end)
			desk_line_run(&d, &l);
	}
	coarse = blur();
	end = hws_clock_us() + 40 * HWS_US_PER_S;
	do {
		uint64_t stop = hws_clock_us() + HWS_US_PER_S;
		while (hws_clock_us() < stop) {
			desk_line_run(&d, &l);
			if (_i && hws_clock_us() > beat + 60000) {
				beat = hws_clock_us();
				paint(280, 20 + (int)(beat % 5) * 24, (uint32_t)beat & 0xffffff);
			}
		}
		sharp = blur();
	} while (sharp > 8 && hws_clock_us() < end);
	ck_assert_msg(coarse > 12, "it was never coarse: %.1f", coarse);
	ck_assert_msg(sharp <= 8, "it stays coarse: %.1f, at first %.1f", sharp, coarse);
}
END_TEST

START_TEST(acknowledgements_pace_the_viewers_that_need_them)
{
	Ses__Misc ack = SES__MISC__INIT;

	d.v[0].g.ack_required = true;
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	for (int i = 0; i < 8; i++) {
		paint(i * 30, 20, 0x808000);
		desk_run(&d, 40);
	}
	ck_assert_uint_le(desk_count(&d.v[0], VIDEO), 2);
	unsigned n = desk_count(&d.v[0], VIDEO);
	ack.union_case = SES__MISC__UNION_VIDEO_RECEIVED;
	ack.video_received = true;
	ck_assert(desk_send_misc(&d, 0, &ack));
	desk_wait(&d, 0, VIDEO, n + 1);
}
END_TEST

START_TEST(the_codec_is_one_that_all_viewers_can)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	Ses__SupportedDecoding dec = SES__SUPPORTED_DECODING__INIT;

	dec.ability_vp8 = dec.ability_vp9 = 1;
	dec.prefer = SES__SUPPORTED_DECODING__PREFER_CODEC__VP8;
	o.supported_decoding = &dec;
	desk_join(&d, 0);
	hws_host_set_option(d.services, &d.v[0].g, &o);
	desk_wait(&d, 0, VIDEO, 1);
	unsigned n = desk_count(&d.v[0], VIDEO);
	paint(5, 5, 0x00ffff);
	desk_wait(&d, 0, VIDEO, n + 1);
	ck_assert_ptr_nonnull(desk_frame(desk_get(&d.v[0], VIDEO, n), VP8));
	check_picture(&d.v[0], HWS_CODEC_VP8);
	/* One that only knows VP9 turns all back, with a key frame. */
	desk_forget(&d.v[0]);
	desk_join(&d, 1);
	desk_wait(&d, 1, VIDEO, 1);
	ck_assert_ptr_nonnull(desk_frame(desk_get(&d.v[1], VIDEO, 0), VP9));
	desk_wait(&d, 0, VIDEO, 1);
	const Ses__EncodedVideoFrame *f = NULL;
	for (unsigned i = 0; !f && i < d.v[0].count; i++)
		f = desk_frame(d.v[0].msg[i], VP9);
	ck_assert_ptr_nonnull(f);
	ck_assert(f->key);
}
END_TEST

static const struct hws_display two[] = {
	{ 0, 0, 320, 200, "one", true },
	{ 320, 0, 161, 99, "two", false },
};

START_TEST(what_a_codec_cannot_hold_goes_by_another)
{
	static const struct hws_display wide = { 0, 0, HWS_PICTURE_SIDE_MAX, 16, "wide", true };
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	Ses__SupportedDecoding dec = SES__SUPPORTED_DECODING__INIT;

	dec.ability_vp8 = dec.ability_vp9 = 1;
	dec.prefer = SES__SUPPORTED_DECODING__PREFER_CODEC__VP8;
	o.supported_decoding = &dec;
	desk_join(&d, 0);
	hws_host_set_option(d.services, &d.v[0].g, &o);
	desk_wait(&d, 0, VIDEO, 1);
	desk_forget(&d.v[0]);
	ck_assert_int_eq(hws_headless_set_displays(d.p, &wide, 1), HWS_OK);
	desk_wait(&d, 0, VIDEO, 1);
	const Ses__EncodedVideoFrame *f = desk_frame(desk_get(&d.v[0], VIDEO, 0), VP9);
	ck_assert_ptr_nonnull(f);
	ck_assert(f->key);
	desk_forget(&d.v[0]);
	ck_assert_int_eq(hws_headless_set_displays(d.p, two, 2), HWS_OK);
	desk_wait(&d, 0, VIDEO, 1);
	ck_assert_ptr_nonnull(desk_frame(desk_get(&d.v[0], VIDEO, 0), VP8));
}
END_TEST

START_TEST(new_displays_are_told_and_shown)
{
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	desk_forget(&d.v[0]);
	ck_assert_int_eq(hws_headless_set_displays(d.p, two, 2), HWS_OK);
	desk_wait(&d, 0, VIDEO, 1);
	const Ses__Message *m = desk_get(&d.v[0], SES__MESSAGE__UNION_PEER_INFO, 0);
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->peer_info->n_displays, 2);
	ck_assert_str_eq(m->peer_info->displays[1]->name, "two");
	ck_assert_int_eq(m->peer_info->displays[1]->x, 320);
	ck_assert_ptr_nonnull(desk_get(&d.v[0], MISC, 0));
	ck_assert(desk_frame(desk_get(&d.v[0], VIDEO, 0), VP9)->key);
}
END_TEST

START_TEST(a_viewer_switches_and_watches_several_displays)
{
	Ses__Misc m = SES__MISC__INIT;
	Ses__SwitchDisplay sd = SES__SWITCH_DISPLAY__INIT;
	Ses__CaptureDisplays cd = SES__CAPTURE_DISPLAYS__INIT;
	int32_t set[] = { 1, 77, -3 };

	ck_assert_int_eq(hws_headless_set_displays(d.p, two, 2), HWS_OK);
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	m.union_case = SES__MISC__UNION_SWITCH_DISPLAY;
	m.switch_display = &sd;
	sd.display = 5;
	ck_assert(desk_send_misc(&d, 0, &m));
	ck_assert_ptr_null(desk_get(&d.v[0], MISC, 0));
	sd.display = 1;
	ck_assert(desk_send_misc(&d, 0, &m));
	const Ses__Message *told = desk_get(&d.v[0], MISC, 0);
	ck_assert_ptr_nonnull(told);
	ck_assert_int_eq(told->misc->switch_display->display, 1);
	ck_assert_int_eq(told->misc->switch_display->width, 161);
	ck_assert_int_eq(told->misc->switch_display->x, 320);
	m.union_case = SES__MISC__UNION_CAPTURE_DISPLAYS;
	m.capture_displays = &cd;
	cd.set = set;
	cd.n_set = 3;
	ck_assert(desk_send_misc(&d, 0, &m));
	while (!desk_get(&d.v[0], VIDEO, 0) ||
			desk_get(&d.v[0], VIDEO, desk_count(&d.v[0], VIDEO) - 1)
							->video_frame->display != 1)
		desk_wait(&d, 0, VIDEO, desk_count(&d.v[0], VIDEO) + 1);
	desk_run(&d, 1500);
	desk_forget(&d.v[0]);
	paint(10, 10, 0xffffff); /* display 0: nobody watches */
	hws_headless_fill(d.p, (struct hws_rect){ 330, 10, 9, 9 }, 0xffffff);
	desk_wait(&d, 0, VIDEO, 1);
	desk_run(&d, 60);
	for (unsigned i = 0; i < desk_count(&d.v[0], VIDEO); i++)
		ck_assert_int_eq(desk_get(&d.v[0], VIDEO, i)->video_frame->display, 1);
}
END_TEST

START_TEST(a_failing_capture_is_tried_again)
{
	hws_headless_fail_grabs(d.p, 2);
	desk_join(&d, 0);
	desk_wait(&d, 0, VIDEO, 1);
	check_picture(&d.v[0], HWS_CODEC_VP9);
}
END_TEST

START_TEST(a_viewer_whose_link_breaks_does_not_hurt_the_others)
{
	desk_join(&d, 0);
	desk_join(&d, 1);
	desk_wait(&d, 0, VIDEO, 1);
	d.v[1].broken = true;
	unsigned n = desk_count(&d.v[0], VIDEO);
	paint(0, 0, 0xff);
	desk_wait(&d, 0, VIDEO, n + 1);
	desk_leave(&d, 1);
	n = desk_count(&d.v[0], VIDEO);
	paint(50, 0, 0xff);
	desk_wait(&d, 0, VIDEO, n + 1);
}
END_TEST

START_TEST(a_screenshot_is_a_png_of_the_display)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__ScreenshotRequest q = SES__SCREENSHOT_REQUEST__INIT;

	desk_join(&d, 0);
	q.sid = (char *)"win-1";
	m.union_case = SES__MESSAGE__UNION_SCREENSHOT_REQUEST;
	m.screenshot_request = &q;
	ck_assert(desk_send(&d, 0, &m));
	desk_wait(&d, 0, SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, 1);
	const Ses__ScreenshotResponse *a =
			desk_get(&d.v[0], SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, 0)
					->screenshot_response;
	ck_assert_str_eq(a->sid, "win-1");
	ck_assert_str_eq(a->msg, "");
	png_image img = { .version = PNG_IMAGE_VERSION };
	ck_assert(png_image_begin_read_from_memory(&img, a->data.data, a->data.len));
	ck_assert_uint_eq(img.width, 320);
	ck_assert_uint_eq(img.height, 200);
	png_image_free(&img);
	q.display = 9;
	ck_assert(desk_send(&d, 0, &m));
	desk_wait(&d, 0, SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, 2);
	a = desk_get(&d.v[0], SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, 1)->screenshot_response;
	ck_assert_str_ne(a->msg, "");
	ck_assert_uint_eq(a->data.len, 0);
}
END_TEST

START_TEST(the_host_may_end_while_a_picture_is_being_coded)
{
	desk_join(&d, 0);
	for (int i = 0; i < 3; i++)
		hws_loop_once(d.loop, 1000);
	/* the fixture frees the services now */
}
END_TEST

Suite *host_video_suite(void)
{
	Suite *s = suite_create("services/video_host");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_viewer_sees_the_desktop_and_its_changes);
	tcase_add_loop_test(t, a_capture_of_any_format_is_shown, 0, 3);
	tcase_add_test(t, an_idle_desktop_sends_nothing);
	tcase_add_loop_test(t, refresh_gives_a_key_frame_of_the_same_picture, 0, 2);
	tcase_add_test(t, a_report_of_a_display_is_followed_by_a_key_frame);
	tcase_add_test(t, a_second_viewer_gets_a_key_frame_first);
	tcase_add_test(t, no_viewer_means_no_capture);
	tcase_add_test(t, a_full_link_gets_the_newest_picture_later_not_all_of_them);
	tcase_add_test(t, a_stuck_viewer_is_left_behind_and_comes_back_with_a_key_frame);
	tcase_add_test(t, a_viewer_that_confirms_nothing_gets_no_more_than_a_line_may_hold);
	tcase_add_loop_test(t, what_a_narrow_line_made_coarse_becomes_sharp, 0, 2);
	tcase_add_test(t, acknowledgements_pace_the_viewers_that_need_them);
	tcase_add_test(t, the_codec_is_one_that_all_viewers_can);
	tcase_add_test(t, what_a_codec_cannot_hold_goes_by_another);
	tcase_add_test(t, new_displays_are_told_and_shown);
	tcase_add_test(t, a_viewer_switches_and_watches_several_displays);
	tcase_add_test(t, a_failing_capture_is_tried_again);
	tcase_add_test(t, a_viewer_whose_link_breaks_does_not_hurt_the_others);
	tcase_add_test(t, a_screenshot_is_a_png_of_the_display);
	tcase_add_test(t, the_host_may_end_while_a_picture_is_being_coded);
	suite_add_tcase(s, t);
	return s;
}
