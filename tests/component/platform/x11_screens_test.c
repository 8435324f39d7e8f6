/* The displays of real X servers: their sizes and what becomes of them, displays that come and go,
 * dark monitors, blocked devices; and that all is as before when who changed it has gone, however
 * it went. */
#include "client/platform/x11/keep_sizes.h"
#include "client/platform/x11/sizes.h"
#include "desktop.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"
#include "tests/support/xorg.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xcb/xinput.h>
#include <xcb/xtest.h>

static struct desktop d;
static unsigned dones, overs;
static int last_r;
static char last_why[400];

static void on_done(enum hws_screens_act act HWS_UNUSED, uint64_t who, int r, const char *why,
		void *arg HWS_UNUSED)
{
	ck_assert_uint_eq(who, 7);
	dones++;
	last_r = r;
	snprintf(last_why, sizeof(last_why), "%s", why);
}

static void on_over(enum hws_screens_act act HWS_UNUSED, const char *why HWS_UNUSED,
		void *arg HWS_UNUSED)
{
	overs++;
}

static struct hws_screens *screens(void)
{
	struct hws_screens *s = d.p->screens;

	ck_assert_ptr_nonnull(s);
	s->displays = s->person = (struct hws_screens_events){ on_done, on_over, NULL };
	return s;
}

static void setup(void)
{
	memset(&d, 0, sizeof(d));
	dones = overs = 0;
}

static const struct hws_display *display(const char *name, unsigned *ret_index)
{
	unsigned n;
	const struct hws_display *list = hws_capture_displays(d.p->capture, &n);

	for (unsigned i = 0; i < n; i++)
		if (hws_str_equal(list[i].name, name)) {
			if (ret_index)
				*ret_index = i;
			return &list[i];
		}
	return NULL;
}

static bool display_is(const char *name, int x, int y, int w, int h)
{
	const struct hws_display *l = display(name, NULL);

	return l && l->x == x && l->y == y && l->width == w && l->height == h;
}

/* Runs until a display lies there; w = 0: until there is none of the name. */
static void until_display(const char *name, int x, int y, int w, int h)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (w ? !display_is(name, x, y, w, h) : display(name, NULL) != NULL) {
		ck_assert_msg(test_now_ms() < end, "display %s is not %dx%d+%d+%d", name, w, h, x,
				y);
		hws_loop_once(d.loop, 10000);
	}
}

static void ask_size(const char *name, int w, int h)
{
	unsigned i = 0, n = dones;

	ck_assert_ptr_nonnull(display(name, &i));
	hws_screens_resize(screens(), i, (struct hws_size){ w, h }, 0, 7);
	ck_assert_uint_eq(dones, n); /* never from inside */
	desktop_wait(&d, &dones, n + 1);
}

static void frame_of(const char *name, int w, int h)
{
	unsigned i = 0;

	ck_assert_ptr_nonnull(display(name, &i));
	d.display = i;
	ck_assert_int_eq(hws_capture_start(d.reader, i), HWS_OK);
	desktop_frame(&d);
	ck_assert_int_eq(d.picture->width, w);
	ck_assert_int_eq(d.picture->height, h);
	hws_capture_release(d.reader, i);
	hws_capture_stop(d.reader, i);
}

START_TEST(a_display_takes_the_sizes_that_it_has_and_goes_back)
{
	struct hws_size list[HWS_SIZES_MAX], size;
	bool has = false;

	if (!desktop_setup_outputs(&d))
		return;
	unsigned n = hws_screens_sizes(screens(), 0, list);
	ck_assert_uint_gt(n, 10);
	for (unsigned i = 0; i < n; i++)
		has = has || (list[i].width == 1024 && list[i].height == 768);
	ck_assert(has);
	ck_assert(!hws_screens_original(screens(), 0, &size));
	ask_size("DUMMY0", 1024, 768);
	ck_assert_int_eq(last_r, HWS_OK);
	until_display("DUMMY0", 0, 0, 1024, 768);
	frame_of("DUMMY0", 1024, 768);
	ck_assert(hws_screens_original(screens(), 0, &size));
	ck_assert_int_eq(size.width, 1280);
	ask_size("DUMMY0", 1011, 701); /* the driver has no such mode; it gets one */
	ck_assert_int_eq(last_r, HWS_OK);
	until_display("DUMMY0", 0, 0, 1011, 701);
	hws_screens_leave(screens(), 3); /* somebody else */
	desktop_run(&d, 50);
	ck_assert(display_is("DUMMY0", 0, 0, 1011, 701));
	hws_screens_leave(screens(), 0);
	until_display("DUMMY0", 0, 0, 1280, 800);
	ck_assert(!hws_screens_original(screens(), 0, &size));
	ask_size("DUMMY0", 1011, 701); /* nothing is left of the mode that would be in the way */
	until_display("DUMMY0", 0, 0, 1011, 701);
	hws_screens_leave(screens(), 0);
	until_display("DUMMY0", 0, 0, 1280, 800);
	char *out = test_xrandr_read(&d.x, "--query");
	ck_assert_ptr_null(strstr(out, "hawser-"));
	free(out);
	desktop_teardown(&d);
}
END_TEST

START_TEST(what_a_server_cannot_make_is_refused_with_the_reason)
{
	desktop_setup(&d);
	ask_size("screen", 1024, 768); /* Xvfb's first size is its largest */
	ck_assert_int_lt(last_r, 0);
	ck_assert_ptr_nonnull(strstr(last_why, "640 x 480"));
	ck_assert(display_is("screen", 0, 0, 640, 480));
	ask_size("screen", 512, 384);
	ck_assert_int_eq(last_r, HWS_OK);
	until_display("screen", 0, 0, 512, 384);
	hws_screens_resize(screens(), 9, (struct hws_size){ 512, 384 }, 0, 7);
	hws_screens_resize(screens(), 0, (struct hws_size){ 70000, -1 }, 0, 7);
	hws_screens_plug(screens(), 1, true, 0, 7);
	desktop_wait(&d, &dones, 5);
	ck_assert_int_lt(last_r, 0);
	ck_assert_ptr_nonnull(strstr(last_why, "no output"));
	desktop_teardown(&d);
}
END_TEST

START_TEST(what_lies_beside_a_display_moves_with_it)
{
	if (!desktop_setup_outputs(&d))
		return;
	test_xrandr(&d.x, (const char *const[]){ "--addmode", "DUMMY1", "1024x768", NULL });
	test_xrandr(&d.x,
			(const char *const[]){ "--output", "DUMMY1", "--mode", "1024x768",
					"--right-of", "DUMMY0", NULL });
	until_display("DUMMY1", 1280, 0, 1024, 768);
	ask_size("DUMMY0", 800, 600);
	until_display("DUMMY0", 0, 0, 800, 600);
	until_display("DUMMY1", 800, 0, 1024, 768);
	frame_of("DUMMY1", 1024, 768);
	ask_size("DUMMY0", 1920, 1080);
	until_display("DUMMY1", 1920, 0, 1024, 768);
	hws_screens_leave(screens(), 0);
	until_display("DUMMY0", 0, 0, 1280, 800);
	until_display("DUMMY1", 1280, 0, 1024, 768);
	/* What somebody at the host changes meanwhile is not taken back. */
	ask_size("DUMMY0", 800, 600);
	until_display("DUMMY1", 800, 0, 1024, 768);
	test_xrandr(&d.x, (const char *const[]){ "--output", "DUMMY1", "--off", NULL });
	until_display("DUMMY1", 0, 0, 0, 0);
	hws_screens_leave(screens(), 0);
	until_display("DUMMY0", 0, 0, 1280, 800);
	desktop_run(&d, 50);
	ck_assert_ptr_null(display("DUMMY1", NULL));
	desktop_teardown(&d);
}
END_TEST

START_TEST(displays_without_a_monitor_come_and_go)
{
	if (!desktop_setup_outputs(&d))
		return;
	hws_screens_plug(screens(), 1, true, 2, 7);
	until_display("DUMMY1", 1280, 0, 1920, 1080);
	hws_screens_plug(screens(), 1, true, 2, 7);
	until_display("DUMMY2", 3200, 0, 1920, 1080);
	frame_of("DUMMY2", 1920, 1080);
	hws_screens_plug(screens(), 1, false, 2, 7);
	until_display("DUMMY1", 0, 0, 0, 0);
	hws_screens_plug(screens(), 1, false, 2, 7); /* it has gone already */
	desktop_wait(&d, &dones, 4);
	ck_assert_int_lt(last_r, 0);
	hws_screens_plug(screens(), -1, false, 2, 7);
	until_display("DUMMY2", 0, 0, 0, 0);
	hws_screens_plug(screens(), 5, true, 2, 7);
	until_display("DUMMY1", 1280, 0, 1920, 1080);
	hws_screens_leave(screens(), 2);
	until_display("DUMMY1", 0, 0, 0, 0);
	desktop_teardown(&d);
}
END_TEST

START_TEST(monitors_that_somebody_defines_are_seen_at_once)
{
	desktop_setup(&d);
	test_xrandr(&d.x,
			(const char *const[]){ "--setmonitor", "left", "400/100x480/200+0+0",
					"screen", NULL });
	until_display("left", 0, 0, 400, 480);
	test_xrandr(&d.x,
			(const char *const[]){ "--setmonitor", "right", "240/100x480/200+400+0",
					"none", NULL });
	until_display("right", 400, 0, 240, 480);
	frame_of("right", 240, 480);
	ask_size("right", 200, 200);
	ck_assert_int_lt(last_r, 0);
	ck_assert_ptr_nonnull(strstr(last_why, "laid out"));
	test_xrandr(&d.x, (const char *const[]){ "--delmonitor", "right", NULL });
	until_display("right", 0, 0, 0, 0);
	frame_of("left", 400, 480);
	desktop_teardown(&d);
}
END_TEST

/* A server in a window of another one: the only one without hardware that turns its picture. */
static bool start_turnable(struct test_xvfb *outer)
{
	const char *argv[] = { "/usr/bin/Xephyr", "-displayfd", "1", "-screen", "640x480", "-ac",
		"-noreset", "-nolisten", "tcp", NULL };
	char env[40];
	const char *envp[] = { env, NULL };

	if (access(argv[0], X_OK) < 0) {
		test_skip("it needs %s", argv[0]);
		return false;
	}
	test_xvfb_start(outer, 1000, 1000);
	snprintf(env, sizeof(env), "DISPLAY=%s", outer->display);
	test_proc_start(&d.x.proc, argv, envp);
	test_xvfb_await(&d.x);
	return true;
}

START_TEST(a_turned_output_is_shown_as_it_is_seen)
{
	struct test_xvfb outer;
	struct hws_size list[HWS_SIZES_MAX];
	bool has = false;

	if (!start_turnable(&outer))
		return;
	desktop_setup_on(&d);
	until_display("default", 0, 0, 640, 480);
	test_xrandr(&d.x, (const char *const[]){ "-o", "left", NULL });
	until_display("default", 0, 0, 480, 640);
	unsigned n = hws_screens_sizes(screens(), 0, list);
	for (unsigned i = 0; i < n; i++)
		has = has || (list[i].width == 600 && list[i].height == 800);
	ck_assert(has);
	frame_of("default", 480, 640);
	desktop_fill(&d, 100, 400, 60, 60, 0xffffff);
	desktop_fill(&d, 200, 400, 60, 60, 0x000000);
	struct hws_picture *p = desktop_snapshot(&d, 0);
	ck_assert_uint_eq(p->plane[0][(size_t)p->stride[0] * 430 + 4 * 130], 255);
	ck_assert_uint_eq(p->plane[0][(size_t)p->stride[0] * 430 + 4 * 230], 0);
	hws_picture_drop(p);
	ask_size("default", 600, 800); /* a mode of 800 x 600 that stays turned */
	ck_assert_msg(last_r == HWS_OK, "%s", last_why);
	until_display("default", 0, 0, 600, 800);
	hws_screens_leave(screens(), 0);
	until_display("default", 0, 0, 480, 640);
	/* there are no tables that could be black */
	ck_assert(!screens()->can_blank);
	hws_screens_blank(screens(), true, 7);
	desktop_wait(&d, &dones, 2);
	ck_assert_int_lt(last_r, 0);
	ck_assert_ptr_nonnull(strstr(last_why, "dark"));
	desktop_teardown(&d);
	test_xvfb_stop(&outer);
}
END_TEST

/* All of us killed at once, in the middle: the next one finds the note. */
START_TEST(what_a_killed_one_left_is_taken_back_by_the_next)
{
	struct x11_keep keep;
	struct hws_error err = { 0 };
	struct x11_monitor monitor[4];

	if (!test_xorg_start(&d.x, 1280, 800))
		return;
	/* what a keeper does, and then its connection ends */
	xcb_connection_t *c = xcb_connect(d.x.display, NULL);
	free(xcb_randr_query_version_reply(c, xcb_randr_query_version(c, 1, 5), NULL));
	ck_assert_int_eq(x11_keep_init(&keep, c, 0), HWS_OK);
	ck_assert_uint_eq(x11_monitors_read(&keep.screen, monitor, 4), 1);
	ck_assert_int_eq(x11_keep_resize(&keep, monitor[0].name, 1000, 700, &err), HWS_OK);
	ck_assert_int_eq(x11_keep_plug(&keep, 1, &err), HWS_OK);
	/* while it lives nobody else takes anything back */
	xcb_connection_t *other = xcb_connect(d.x.display, NULL);
	struct x11_keep second;
	free(xcb_randr_query_version_reply(other, xcb_randr_query_version(other, 1, 5), NULL));
	ck_assert_int_eq(x11_keep_init(&second, other, 0), HWS_OK);
	xcb_disconnect(other);
	char *out = test_xrandr_read(&d.x, "--listmonitors");
	ck_assert_ptr_nonnull(strstr(out, "Monitors: 2"));
	ck_assert_ptr_nonnull(strstr(out, "1000/"));
	free(out);
	xcb_disconnect(c);
	desktop_setup_on(&d);
	until_display("DUMMY0", 0, 0, 1280, 800);
	until_display("DUMMY1", 0, 0, 0, 0);
	out = test_xrandr_read(&d.x, "--query");
	ck_assert_ptr_null(strstr(out, "hawser-"));
	free(out);
	desktop_teardown(&d);
}
END_TEST

/* --- the person at the desktop --- */

static uint16_t local_device(xcb_connection_t *c, const char *name)
{
	xcb_input_xi_query_device_reply_t *r = xcb_input_xi_query_device_reply(
			c, xcb_input_xi_query_device(c, XCB_INPUT_DEVICE_ALL), NULL);
	uint16_t id = 0;

	ck_assert_ptr_nonnull(r);
	xcb_input_xi_device_info_iterator_t it = xcb_input_xi_query_device_infos_iterator(r);
	for (; it.rem; xcb_input_xi_device_info_next(&it))
		if (it.data->name_len == strlen(name) &&
				memcmp(xcb_input_xi_device_info_name(it.data), name,
						strlen(name)) == 0)
			id = it.data->deviceid;
	free(r);
	ck_assert_uint_ne(id, 0);
	return id;
}

/* A key of the keyboard of this machine, as if somebody pressed it there. */
static void local_key(uint16_t device, uint8_t code)
{
	uint8_t base = xcb_get_extension_data(d.c, &xcb_input_id)->first_event;

	/* XTEST takes events of a certain device as those of XInput 1 */
	for (unsigned up = 0; up < 2; up++)
		xcb_test_fake_input(d.c, (uint8_t)(base + XCB_INPUT_DEVICE_KEY_PRESS + up), code, 0,
				XCB_NONE, 0, 0, (uint8_t)device);
	desktop_sync(&d);
}

static unsigned count_keys(uint8_t code)
{
	xcb_generic_event_t *e;
	unsigned n = 0;

	desktop_sync(&d);
	while ((e = xcb_poll_for_event(d.c)) != NULL) {
		n += (e->response_type & 0x7f) == XCB_KEY_PRESS &&
				((xcb_key_press_event_t *)e)->detail == code;
		free(e);
	}
	return n;
}

static void block(bool on)
{
	unsigned n = dones;

	hws_screens_block(screens(), on, 7);
	desktop_wait(&d, &dones, n + 1);
	ck_assert_msg(last_r == HWS_OK, "%s", last_why);
}

START_TEST(the_keyboard_there_has_no_effect_while_it_is_blocked)
{
	desktop_setup(&d);
	free(xcb_input_xi_query_version_reply(d.c, xcb_input_xi_query_version(d.c, 2, 2), NULL));
	uint16_t keyboard = local_device(d.c, "Xvfb keyboard");

	local_key(keyboard, 38);
	ck_assert_uint_eq(count_keys(38), 1);
	block(true);
	local_key(keyboard, 39);
	ck_assert_uint_eq(count_keys(39), 0);
	/* what the viewer types comes through */
	ck_assert_int_eq(hws_inject_key(d.p->inject, 40, true), HWS_OK);
	ck_assert_int_eq(hws_inject_key(d.p->inject, 40, false), HWS_OK);
	xcb_generic_event_t *e = desktop_event(&d, XCB_KEY_PRESS);
	ck_assert_uint_eq(((xcb_key_press_event_t *)e)->detail, 40);
	free(e);
	block(false);
	local_key(keyboard, 41);
	ck_assert_uint_eq(count_keys(41), 1);
	/* it ends with us */
	block(true);
	local_key(keyboard, 42);
	ck_assert_uint_eq(count_keys(42), 0);
	desktop_reopen(&d);
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	do {
		ck_assert_msg(test_now_ms() < end, "it is still blocked");
		desktop_run(&d, 10);
		local_key(keyboard, 43);
	} while (!count_keys(43));
	desktop_teardown(&d);
}
END_TEST

static bool is_dark(void)
{
	const struct x11_screen s = { d.c, d.screen->root };
	struct x11_layout l;
	bool dark = true;

	ck_assert_int_eq(x11_layout_read(&s, &l), HWS_OK);
	for (uint32_t i = 0; i < l.count; i++) {
		if (!l.crtc[i].mode)
			continue;
		xcb_randr_get_crtc_gamma_reply_t *r = xcb_randr_get_crtc_gamma_reply(
				d.c, xcb_randr_get_crtc_gamma(d.c, l.crtc[i].id), NULL);
		ck_assert_ptr_nonnull(r);
		for (unsigned k = 0; k < r->size; k++)
			dark = dark && !xcb_randr_get_crtc_gamma_red(r)[k] &&
					!xcb_randr_get_crtc_gamma_blue(r)[k];
		free(r);
	}
	return dark;
}

static void until_dark(bool dark)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (is_dark() != dark) {
		ck_assert_msg(test_now_ms() < end, "it is %sdark", dark ? "not " : "");
		desktop_run(&d, 10);
	}
}

START_TEST(the_monitors_are_dark_and_the_viewer_sees_on)
{
	unsigned n = 0;

	if (!desktop_setup_outputs(&d))
		return;
	ck_assert(screens()->can_blank);
	ck_assert(!is_dark());
	desktop_fill(&d, 0, 0, 640, 480, 0xffffff);
	hws_screens_blank(screens(), true, 7);
	desktop_wait(&d, &dones, ++n);
	ck_assert_msg(last_r == HWS_OK, "%s", last_why);
	ck_assert(is_dark());
	struct hws_picture *p = desktop_snapshot(&d, 0);
	ck_assert_uint_eq(p->plane[0][(size_t)p->stride[0] * 100 + 400], 255);
	hws_picture_drop(p);
	/* programs that set colours by the time of day */
	test_xrandr(&d.x,
			(const char *const[]){
					"--output", "DUMMY0", "--gamma", "1:0.8:0.6", NULL });
	until_dark(true);
	/* and monitors that come */
	test_xrandr(&d.x, (const char *const[]){ "--addmode", "DUMMY1", "1024x768", NULL });
	test_xrandr(&d.x,
			(const char *const[]){ "--output", "DUMMY1", "--mode", "1024x768",
					"--right-of", "DUMMY0", NULL });
	until_dark(true);
	hws_screens_blank(screens(), false, 7);
	desktop_wait(&d, &dones, ++n);
	ck_assert(!is_dark());
	/* it ends with us */
	hws_screens_blank(screens(), true, 7);
	desktop_wait(&d, &dones, ++n);
	ck_assert(is_dark());
	ck_assert_uint_eq(overs, 0);
	desktop_reopen(&d);
	until_dark(false);
	desktop_teardown(&d);
}
END_TEST

int main(void)
{
	return test_main("x11_screens", 120, setup, NULL,
			TESTS(a_display_takes_the_sizes_that_it_has_and_goes_back,
					what_a_server_cannot_make_is_refused_with_the_reason,
					what_lies_beside_a_display_moves_with_it,
					displays_without_a_monitor_come_and_go,
					monitors_that_somebody_defines_are_seen_at_once,
					a_turned_output_is_shown_as_it_is_seen,
					what_a_killed_one_left_is_taken_back_by_the_next,
					the_keyboard_there_has_no_effect_while_it_is_blocked,
					the_monitors_are_dark_and_the_viewer_sees_on));
}
