/* Capture from a real X server: what is drawn by another client arrives as a picture, whatever
 * the depth, size and visual. */
#include "client/media/pixels.h"
#include "client/media/video_codec.h"
#include "desktop.h"
#include "shared/base/str.h"
#include "tests/support/open_platform.h"
#include <libyuv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct desktop d;

static void setup(void)
{
	desktop_setup(&d);
}

static void teardown(void)
{
	desktop_teardown(&d);
}

static void draw_pattern(void)
{
	for (int y = 0; y < 480; y += 24)
		for (int x = 0; x < 640; x += 32)
			desktop_fill(&d, x, y, 32, 24,
					(uint32_t)(x / 3) << 16 | (uint32_t)(y / 2) << 8 |
							((x / 32 + y / 24) % 2 ? 200u : 40u));
}

/* Y of a colour by the conversion everybody uses. */
static int luma(uint32_t rgb)
{
	int r = rgb >> 16 & 255, g = rgb >> 8 & 255, b = rgb & 255;

	return (66 * r + 129 * g + 25 * b + 128) / 256 + 16;
}

static int luma_at(int x, int y)
{
	const uint8_t *bgra = d.picture->plane[0] + y * d.picture->stride[0] + (ptrdiff_t)x * 4;

	return luma((uint32_t)bgra[2] << 16 | (uint32_t)bgra[1] << 8 | bgra[0]);
}

static double psnr(const struct hws_picture *a, const struct hws_picture *b)
{
	return I420Psnr(a->plane[0], a->stride[0], a->plane[1], a->stride[1], a->plane[2],
			a->stride[2], b->plane[0], b->stride[0], b->plane[1], b->stride[1],
			b->plane[2], b->stride[2], a->width, a->height);
}

START_TEST(a_known_pattern_is_captured_coded_and_decoded)
{
	struct hws_encoder_conf conf = {
		.codec = _i ? HWS_CODEC_VP8 : HWS_CODEC_VP9,
		.width = 640,
		.height = 480,
		.quality = { 2000, 8, 40 },
	};
	struct hws_encoder *e;
	struct hws_decoder *dec;
	struct hws_packet pkt;
	struct hws_picture *yuv;
	const struct hws_picture *got;

	draw_pattern();
	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	desktop_frame(&d);
	ck_assert_int_eq(d.picture->width, 640);
	ck_assert_int_eq(d.picture->height, 480);
	for (int y = 12; y < 480; y += 24)
		for (int x = 16; x < 640; x += 32) {
			int tx = x / 32 * 32, ty = y / 24 * 24;
			uint32_t rgb = (uint32_t)(tx / 3) << 16 | (uint32_t)(ty / 2) << 8 |
					((tx / 32 + ty / 24) % 2 ? 200u : 40u);
			ck_assert_int_le(abs(luma_at(x, y) - luma(rgb)), 2);
		}
	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	ck_assert_int_eq(hws_decoder_new(conf.codec, 1, &dec), HWS_OK);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, 640, 480, &yuv), HWS_OK);
	ck_assert_int_eq(hws_pixels_convert(d.picture, yuv), HWS_OK);
	ck_assert_int_eq(hws_encoder_encode(e, yuv, &d.damage, false, 0, &pkt), HWS_OK);
	ck_assert_int_eq(hws_decoder_decode(dec, pkt.data, &got), HWS_OK);
	ck_assert(psnr(yuv, got) > 32);
	hws_picture_drop(yuv);
	hws_capture_release(d.reader, 0);
	hws_decoder_free(dec);
	hws_encoder_free(e);
}
END_TEST

START_TEST(only_what_was_drawn_is_damaged)
{
	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	desktop_frame(&d);
	ck_assert_int_eq(hws_capture_grab(d.reader, 0), HWS_ERR_BUSY);
	int before = luma_at(20, 20);
	hws_capture_release(d.reader, 0);
	desktop_fill(&d, 101, 101, 40, 30, 0xffffff);
	desktop_fill(&d, 501, 301, 7, 9, 0xff0000);
	desktop_frame(&d);
	ck_assert_uint_eq(d.damage.n, 2);
	struct hws_rect all = hws_region_bounds(&d.damage);
	ck_assert_int_eq(all.x, 100);
	ck_assert_int_eq(all.y, 100);
	ck_assert_int_eq(all.x + all.w, 508);
	ck_assert_int_eq(all.y + all.h, 310);
	ck_assert_int_le(hws_region_area(&d.damage), 42 * 32 + 8 * 10);
	ck_assert_int_ge(luma_at(120, 120), 234);
	ck_assert_int_le(abs(luma_at(504, 305) - luma(0xff0000)), 2);
	ck_assert_int_eq(luma_at(20, 20), before);
	hws_capture_release(d.reader, 0);
}
END_TEST

START_TEST(an_idle_screen_makes_no_events)
{
	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	desktop_frame(&d);
	hws_capture_release(d.reader, 0);
	desktop_run(&d, 100);
	unsigned damages = d.damages, frames = d.frames;
	desktop_run(&d, 400);
	ck_assert_uint_eq(d.damages, damages);
	ck_assert_uint_eq(d.frames, frames);
	ck_assert_int_eq(hws_capture_grab(d.reader, 0), HWS_ERR_AGAIN);
	/* A hundred changes between two grabs are one event. */
	for (int i = 0; i < 100; i++)
		desktop_fill(&d, i * 4, 10, 3, 3, 0xff00ff);
	desktop_run(&d, 50);
	ck_assert_uint_eq(d.damages, damages + 1);
}
END_TEST

START_TEST(a_snapshot_shows_the_same_as_the_capture)
{
	struct hws_picture *shot;

	draw_pattern();
	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	desktop_frame(&d);
	shot = desktop_snapshot(&d, 0);
	ck_assert_int_eq(d.picture->format, HWS_PIXEL_BGRA);
	for (int y = 0; y < 480; y++)
		ck_assert_mem_eq(shot->plane[0] + (ptrdiff_t)y * shot->stride[0],
				d.picture->plane[0] + (ptrdiff_t)y * d.picture->stride[0], 640 * 4);
	hws_capture_release(d.reader, 0);
	hws_picture_drop(shot);
	ck_assert_int_eq(hws_capture_snapshot(d.reader, 7), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_capture_start(d.reader, 7), HWS_ERR_NOTFOUND);
}
END_TEST

static void xrandr(const char *const args[])
{
	const char *argv[16] = { "/usr/bin/xrandr", "-display", d.x.display };
	char *out = NULL;

	for (size_t i = 0; args[i]; i++)
		argv[3 + i] = args[i];
	int status = test_run(argv, NULL, &out);
	ck_assert_msg(status == 0, "xrandr %s: %s", args[0], out);
	free(out);
}

START_TEST(a_new_screen_size_is_reported_and_captured)
{
	unsigned n;

	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	desktop_frame(&d);
	hws_capture_release(d.reader, 0);
	xrandr((const char *const[]){ "--newmode", "small", "10", "321", "330", "340", "350", "241",
			"250", "260", "270", NULL });
	xrandr((const char *const[]){ "--addmode", "screen", "small", NULL });
	desktop_run(&d, 60); /* a mode that is only offered changes nothing */
	ck_assert_uint_eq(d.lists, 0);
	xrandr((const char *const[]){ "--output", "screen", "--mode", "small", NULL });
	desktop_wait(&d, &d.lists, 1);
	desktop_run(&d, 60);
	const struct hws_display *list = hws_capture_displays(d.p->capture, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(list[0].width, 321);
	ck_assert_int_eq(list[0].height, 241);
	ck_assert_int_eq(hws_capture_grab(d.reader, 0), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	desktop_frame(&d);
	ck_assert_int_eq(d.picture->width, 321);
	ck_assert_int_eq(d.picture->height, 241);
	hws_capture_release(d.reader, 0);
	/* The odd edge is captured too. */
	desktop_fill(&d, 319, 239, 2, 2, 0xffffff);
	desktop_frame(&d);
	ck_assert_int_ge(luma_at(320, 240), 234);
	hws_capture_release(d.reader, 0);
}
END_TEST

START_TEST(two_monitors_are_two_displays)
{
	unsigned n;

	xrandr((const char *const[]){
			"--setmonitor", "left", "400/100x480/200+0+0", "screen", NULL });
	xrandr((const char *const[]){
			"--setmonitor", "right", "240/100x480/200+400+0", "none", NULL });
	desktop_reopen(&d); /* the server does not tell of monitors that are only defined */
	const struct hws_display *list = hws_capture_displays(d.p->capture, &n);
	ck_assert_uint_eq(n, 2);
	unsigned right = hws_str_equal(list[0].name, "right") ? 0 : 1;
	ck_assert_str_eq(list[!right].name, "left");
	ck_assert_int_eq(list[right].x, 400);
	ck_assert_int_eq(list[right].width, 240);
	d.display = right;
	ck_assert_int_eq(hws_capture_start(d.reader, right), HWS_OK);
	desktop_frame(&d);
	ck_assert_int_eq(d.picture->width, 240);
	hws_capture_release(d.reader, right);
	/* Damage on the other one is not ours. */
	desktop_fill(&d, 10, 10, 20, 20, 0xffffff);
	desktop_wait(&d, &d.damages, d.damages + 1);
	ck_assert_int_eq(hws_capture_grab(d.reader, right), HWS_OK);
	desktop_wait(&d, &d.frames, d.frames + 1);
	ck_assert_int_eq(d.frame_err, HWS_ERR_AGAIN);
	desktop_fill(&d, 390, 50, 20, 20, 0xffffff);
	desktop_frame(&d);
	struct hws_rect box = hws_region_bounds(&d.damage);
	ck_assert_int_eq(box.x, 0);
	ck_assert_int_eq(box.w, 10);
	ck_assert_int_eq(box.y, 50);
	hws_capture_release(d.reader, right);
}
END_TEST

struct second { /* reader of the same capture */
	struct hws_capture_reader *r;
	unsigned damages, frames;
	struct hws_picture *picture;
	struct hws_region damage;
};

static void second_damage(unsigned display HWS_UNUSED, void *arg)
{
	((struct second *)arg)->damages++;
}

static void second_frame(unsigned display HWS_UNUSED, int r, struct hws_picture *picture,
		const struct hws_region *damage, void *arg)
{
	struct second *s = arg;

	if (r < 0)
		return;
	s->frames++;
	s->picture = picture;
	s->damage = *damage;
}

START_TEST(two_readers_share_the_capture_and_do_not_wait_for_each_other)
{
	struct second s = { 0 };
	struct hws_capture_events ev = {
		.on_damage = second_damage, .on_frame = second_frame, .arg = &s
	};

	ck_assert_int_eq(hws_capture_subscribe(d.p->capture, &ev, &s.r), HWS_OK);
	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	desktop_fill(&d, 0, 0, 640, 480, 0);
	desktop_frame(&d);
	hws_capture_release(d.reader, 0);
	ck_assert_int_eq(hws_capture_start(s.r, 0), HWS_OK); /* later than the first */
	desktop_wait(&d, &s.damages, 1);
	ck_assert_int_eq(hws_capture_grab(s.r, 0), HWS_OK);
	desktop_wait(&d, &s.frames, 1);
	ck_assert_int_eq(hws_region_bounds(&s.damage).w, 640);
	for (int i = 0; i < 4; i++) { /* the second one holds its picture all the time */
		desktop_fill(&d, 100 * i, 100, 50, 50, 0xffffff);
		desktop_frame(&d);
		ck_assert_int_ge(luma_at(100 * i + 25, 125), 230);
		ck_assert_int_le(
				s.picture->plane[0][125 * s.picture->stride[0] + 100 * i + 25], 20);
		hws_capture_release(d.reader, 0);
	}
	hws_capture_release(s.r, 0);
	ck_assert_int_eq(hws_capture_grab(s.r, 0), HWS_OK);
	desktop_wait(&d, &s.frames, 2);
	struct hws_rect box = hws_region_bounds(&s.damage);
	ck_assert(box.x == 0 && box.y == 100 && box.w == 350 && box.h == 50);
	ck_assert_int_ge(s.picture->plane[0][125 * s.picture->stride[0] + 325 * 4], 230);
	hws_capture_unsubscribe(s.r);
}
END_TEST

START_TEST(the_end_of_the_server_is_told_once)
{
	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	desktop_frame(&d);
	hws_capture_release(d.reader, 0);
	desktop_fill(&d, 0, 0, 10, 10, 0xffffff);
	(void)!hws_capture_grab(d.reader, 0);
	test_proc_signal(&d.x.proc, SIGKILL);
	desktop_wait(&d, &d.lost, 1);
	desktop_run(&d, 50);
	ck_assert_uint_eq(d.lost, 1);
	ck_assert_int_lt(hws_capture_grab(d.reader, 0), 0);
	ck_assert_int_lt(hws_capture_snapshot(d.reader, 0), 0);
	/* Calls after the end are harmless. */
	ck_assert_int_eq(hws_inject_move(d.p->inject, 1, 1), HWS_OK);
	hws_cursor_watch(d.p->cursor, true, true);
	hws_clip_watch(d.p->clip, true);
	desktop_run(&d, 20);
}
END_TEST

START_TEST(a_missing_display_is_explained)
{
	struct hws_platform_conf conf = { .backend = "x11", .display = ":987" };
	struct hws_platform *p = NULL;
	struct hws_error err = { 0 };

	ck_assert_int_eq(test_open_platform(d.loop, &conf, &p, &err), HWS_ERR_DISPLAY);
	ck_assert_ptr_nonnull(strstr(err.text, ":987"));
	unsetenv("DISPLAY");
	conf.display = NULL;
	ck_assert_int_eq(test_open_platform(d.loop, &conf, &p, &err), HWS_ERR_DISPLAY);
	ck_assert_ptr_nonnull(strstr(err.text, "--display"));
	conf.backend = "amiga";
	ck_assert_int_eq(test_open_platform(d.loop, &conf, &p, &err), HWS_ERR_UNSUPPORTED);
	ck_assert_ptr_null(p);
}
END_TEST

START_TEST(a_missing_extension_is_explained)
{
	static const char *const names[] = { "XTEST", "DAMAGE", "XFIXES", "RANDR" };
	struct hws_platform_conf conf = { .backend = "x11" };
	struct hws_error err = { 0 };
	struct hws_platform *p = NULL;
	struct test_xvfb x;

	test_xvfb_start_without(&x, 320, 240, names[_i]);
	conf.display = x.display;
	ck_assert_int_eq(test_open_platform(d.loop, &conf, &p, &err), HWS_ERR_DISPLAY);
	ck_assert_msg(strstr(err.text, names[_i]) != NULL, "%s", err.text);
	ck_assert_ptr_null(p);
	test_xvfb_stop(&x);
}
END_TEST

START_TEST(without_shared_memory_pictures_come_all_the_same)
{
	desktop_teardown(&d);
	desktop_setup_without(&d, "MIT-SHM");
	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	desktop_frame(&d);
	hws_capture_release(d.reader, 0);
	desktop_fill(&d, 32, 64, 40, 20, 0xffffff);
	desktop_frame(&d);
	ck_assert_int_ge(luma_at(40, 70), 234);
	ck_assert_int_le(abs(luma_at(200, 200) - luma(0x204060)), 2);
	ck_assert_uint_eq(d.damage.n, 1);
	hws_capture_release(d.reader, 0);
}
END_TEST

static const xcb_visualtype_t *root_visual(void)
{
	xcb_depth_iterator_t depth = xcb_screen_allowed_depths_iterator(d.screen);

	for (; depth.rem; xcb_depth_next(&depth)) {
		xcb_visualtype_iterator_t v = xcb_depth_visuals_iterator(depth.data);
		for (; v.rem; xcb_visualtype_next(&v))
			if (v.data->visual_id == d.screen->root_visual)
				return v.data;
	}
	ck_abort_msg("no visual");
}

/* The share of `value` (0 to 255) of a channel. */
static uint32_t channel(uint32_t mask, uint32_t value)
{
	uint64_t top = mask >> __builtin_ctz(mask);

	return (uint32_t)((value * top + 127) / 255) << __builtin_ctz(mask);
}

static uint32_t pixel_of(uint32_t rgb)
{
	const xcb_visualtype_t *v = root_visual();

	return channel(v->red_mask, rgb >> 16) | channel(v->green_mask, rgb >> 8 & 255) |
			channel(v->blue_mask, rgb & 255);
}

START_TEST(colours_are_right_at_every_depth)
{
	static const int depths[] = { 15, 16, 24, 30 };
	static const uint32_t colours[] = { 0xff0000, 0x00ff00, 0x0000ff, 0xffffff, 0x000000,
		0x808080, 0xffa010, 0x203070 };
	struct hws_picture *shot;
	int slack = depths[_i % 4] < 24 ? 5 : 1; /* five bits of a channel are steps of eight */

	desktop_teardown(&d);
	desktop_setup_depth(&d, depths[_i % 4]);
	ck_assert_int_eq(hws_capture_start(d.reader, 0), HWS_OK);
	for (int i = 0; i < 8; i++)
		desktop_fill(&d, i * 80, 0, 80, 480, pixel_of(colours[i]));
	desktop_frame(&d);
	shot = desktop_snapshot(&d, 0);
	for (int i = 0; i < 8; i++) {
		const uint8_t *p = shot->plane[0] + 77 * shot->stride[0] + (i * 80 + 33) * 4;
		ck_assert_int_le(abs(luma_at(i * 80 + 33, 77) - luma(colours[i])), slack + 1);
		for (int c = 0; c < 3; c++)
			ck_assert_msg(abs(p[c] - (int)(colours[i] >> 8 * c & 255)) <= slack,
					"colour %06x channel %d is %d", colours[i], c, p[c]);
	}
	hws_picture_drop(shot);
	hws_capture_release(d.reader, 0);
	/* A single odd column: its rows are padded. */
	desktop_fill(&d, 201, 101, 1, 3, pixel_of(0xffffff));
	desktop_frame(&d);
	ck_assert_int_ge(luma_at(201, 102), 234 - slack);
	ck_assert_int_le(abs(luma_at(210, 102) - luma(colours[2])), slack + 1);
	hws_capture_release(d.reader, 0);
}
END_TEST

static Suite *capture_suite(void)
{
	Suite *s = suite_create("platform/x11");
	TCase *t = tcase_create("capture");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_known_pattern_is_captured_coded_and_decoded, 0, 2);
	tcase_add_test(t, only_what_was_drawn_is_damaged);
	tcase_add_test(t, an_idle_screen_makes_no_events);
	tcase_add_test(t, a_snapshot_shows_the_same_as_the_capture);
	tcase_add_test(t, a_new_screen_size_is_reported_and_captured);
	tcase_add_test(t, two_monitors_are_two_displays);
	tcase_add_test(t, two_readers_share_the_capture_and_do_not_wait_for_each_other);
	tcase_add_test(t, the_end_of_the_server_is_told_once);
	tcase_add_test(t, a_missing_display_is_explained);
	tcase_add_loop_test(t, a_missing_extension_is_explained, 0, 4);
	tcase_add_loop_test(t, colours_are_right_at_every_depth, 0, 4);
	tcase_add_test(t, without_shared_memory_pictures_come_all_the_same);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(capture_suite());

	srunner_add_suite(sr, x11_clip_suite());
	srunner_add_suite(sr, x11_clip_formats_suite());
	srunner_add_suite(sr, x11_input_suite());
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
