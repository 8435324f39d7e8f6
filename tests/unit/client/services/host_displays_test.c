/* displays_host and privacy_host on the headless desktop: sizes, virtual displays, viewers that
 * follow, dark monitors, blocked devices. */
#include "host_desk.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/wire/version.h"
#include <string.h>

#define BOX SES__MESSAGE__UNION_MESSAGE_BOX
#define PRV(state) SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE__Prv##state
#define YES SES__OPTION_MESSAGE__BOOL_OPTION__Yes
#define NO SES__OPTION_MESSAGE__BOOL_OPTION__No

static struct desk d;

static void setup(void)
{
	desk_setup(&d, "headless:640x480");
	for (unsigned i = 0; i < 4; i++)
		d.v[i].g.conn = i + 100;
}

static void teardown(void)
{
	desk_teardown(&d);
}

static const struct hws_display *displays(unsigned *ret_count)
{
	return hws_capture_displays(d.p->capture, ret_count);
}

static void until_size(unsigned display, int w, int h)
{
	uint64_t end = hws_clock_us() + 10 * HWS_US_PER_S;
	unsigned n;

	for (;;) {
		const struct hws_display *l = displays(&n);
		if (display < n && l[display].width == w && l[display].height == h)
			return;
		ck_assert_msg(hws_clock_us() < end, "display %u is not %dx%d", display, w, h);
		hws_loop_once(d.loop, 10000);
	}
}

static void ask_size(unsigned viewer, int display, int w, int h)
{
	Ses__Misc m = SES__MISC__INIT;
	Ses__DisplayResolution r = SES__DISPLAY_RESOLUTION__INIT;
	Ses__Resolution size = SES__RESOLUTION__INIT;

	size.width = w;
	size.height = h;
	r.display = display;
	r.resolution = &size;
	m.union_case = SES__MISC__UNION_CHANGE_DISPLAY_RESOLUTION;
	m.change_display_resolution = &r;
	ck_assert(desk_send_misc(&d, viewer, &m));
}

static const char *box_of(unsigned viewer, unsigned n)
{
	desk_wait(&d, viewer, BOX, n + 1);
	return desk_get(&d.v[viewer], BOX, n)->message_box->text;
}

/* The last message of this kind of Misc; NULL: none. */
static const Ses__Misc *misc_of(unsigned viewer, Ses__Misc__UnionCase what)
{
	const struct viewer *v = &d.v[viewer];

	for (unsigned i = v->count; i-- > 0;)
		if (v->msg[i]->union_case == SES__MESSAGE__UNION_MISC &&
				v->msg[i]->misc->union_case == what)
			return v->msg[i]->misc;
	return NULL;
}

START_TEST(a_display_has_the_wished_size_until_the_last_who_wished_one_leaves)
{
	Ses__Misc old = SES__MISC__INIT;
	Ses__Resolution size = SES__RESOLUTION__INIT;

	desk_join(&d, 0);
	desk_join(&d, 1);
	desk_join(&d, 2);
	ask_size(0, 0, 1024, 768);
	until_size(0, 1024, 768);
	const Ses__Misc *m = misc_of(1, SES__MISC__UNION_SWITCH_DISPLAY);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->switch_display->width, 1024);
	ck_assert_int_eq(m->switch_display->original_resolution->width, 640);
	ck_assert_uint_gt(m->switch_display->resolutions->n_resolutions, 3);
	/* the old message is about the display that this viewer has */
	size.width = 800;
	size.height = 600;
	old.union_case = SES__MISC__UNION_CHANGE_RESOLUTION;
	old.change_resolution = &size;
	ck_assert(desk_send_misc(&d, 1, &old));
	until_size(0, 800, 600);
	desk_leave(&d, 0);
	desk_leave(&d, 2);
	desk_run(&d, 30);
	until_size(0, 800, 600);
	desk_leave(&d, 1);
	until_size(0, 640, 480);
}
END_TEST

START_TEST(who_switches_displays_may_bring_a_size_along)
{
	struct hws_display two[] = { { .width = 640, .height = 480, .primary = true },
		{ .x = 640, .width = 640, .height = 480, .name = "second" } };
	Ses__Misc m = SES__MISC__INIT;
	Ses__SwitchDisplay s = SES__SWITCH_DISPLAY__INIT;

	ck_assert_int_eq(hws_headless_set_displays(d.p, two, 2), HWS_OK);
	desk_join(&d, 0);
	s.display = 1;
	s.width = 800;
	s.height = 600;
	m.union_case = SES__MISC__UNION_SWITCH_DISPLAY;
	m.switch_display = &s;
	ck_assert(desk_send_misc(&d, 0, &m));
	until_size(1, 800, 600);
	until_size(0, 640, 480);
	ck_assert_uint_eq(d.v[0].g.display, 1);
	/* not without the keyboard */
	d.v[1].g.permissions = 0;
	desk_join(&d, 1);
	d.v[1].g.permissions = ALL_PERMISSIONS & ~(1u << HWS_PERM_KEYBOARD);
	s.width = 1024;
	s.height = 768;
	ck_assert(desk_send_misc(&d, 1, &m));
	desk_run(&d, 30);
	until_size(1, 800, 600);
}
END_TEST

START_TEST(a_size_that_cannot_be_is_refused_in_words)
{
	unsigned n = 0;

	desk_join(&d, 0);
	ask_size(0, 0, 20, -1);
	ck_assert_ptr_nonnull(strstr(box_of(0, n++), "keeps its size"));
	ask_size(0, 0, 40000, 600);
	ck_assert_ptr_nonnull(strstr(box_of(0, n++), "keeps its size"));
	ask_size(0, 7, 800, 600); /* of a list that is old */
	ask_size(0, -1, 800, 600);
	ask_size(0, 0, 640, 480); /* it has that */
	ck_assert_uint_eq(desk_count(&d.v[0], BOX), n);
	hws_headless_refuse_screens(d.p, true);
	ask_size(0, 0, 800, 600);
	ck_assert_str_eq(box_of(0, n++),
			"The display keeps its size: this desktop in memory was told to refuse.");
	for (unsigned i = 0; i < 20; i++) /* a window that is being dragged */
		ask_size(0, 0, 800, 600);
	desk_run(&d, 20);
	bool often = false;
	for (unsigned i = 0; i < desk_count(&d.v[0], BOX); i++)
		often = often || strstr(box_of(0, i), "too often");
	ck_assert(often);
	until_size(0, 640, 480);
}
END_TEST

static void plug(unsigned viewer, int number, bool on)
{
	Ses__Misc m = SES__MISC__INIT;
	Ses__ToggleVirtualDisplay t = SES__TOGGLE_VIRTUAL_DISPLAY__INIT;

	t.display = number;
	t.on = on;
	m.union_case = SES__MISC__UNION_TOGGLE_VIRTUAL_DISPLAY;
	m.toggle_virtual_display = &t;
	ck_assert(desk_send_misc(&d, viewer, &m));
	desk_run(&d, 20);
}

START_TEST(displays_without_a_monitor_come_for_viewers_and_go_with_them)
{
	unsigned n;

	desk_join(&d, 0);
	plug(0, 1, true);
	plug(0, 1, true);
	displays(&n);
	ck_assert_uint_eq(n, 3);
	plug(0, 1, false);
	displays(&n);
	ck_assert_uint_eq(n, 2);
	hws_headless_refuse_screens(d.p, true);
	plug(0, 2, true);
	ck_assert(hws_str_starts(box_of(0, 0), "Failed to plug in virtual display: "));
	plug(0, -1, false);
	ck_assert(hws_str_starts(box_of(0, 1), "Failed to plug out virtual displays: "));
	hws_headless_refuse_screens(d.p, false);
	desk_leave(&d, 0);
	desk_run(&d, 20);
	displays(&n);
	ck_assert_uint_eq(n, 1);
}
END_TEST

/* --- following --- */

static unsigned count_follows(unsigned viewer)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d.v[viewer].count; i++) {
		const Ses__Message *m = d.v[viewer].msg[i];
		n += m->union_case == SES__MESSAGE__UNION_MISC &&
				m->misc->union_case == SES__MISC__UNION_FOLLOW_CURRENT_DISPLAY;
	}
	return n;
}

static int followed(unsigned viewer)
{
	const Ses__Misc *m = misc_of(viewer, SES__MISC__UNION_FOLLOW_CURRENT_DISPLAY);

	return m ? m->follow_current_display : -1;
}

static void option(unsigned viewer, const Ses__OptionMessage *o)
{
	hws_host_set_option(d.services, &d.v[viewer].g, o);
}

static void show(unsigned viewer, int display)
{
	Ses__Misc m = SES__MISC__INIT;
	Ses__SwitchDisplay s = SES__SWITCH_DISPLAY__INIT;
	Ses__CaptureDisplays c = SES__CAPTURE_DISPLAYS__INIT;

	s.display = display;
	m.union_case = SES__MISC__UNION_SWITCH_DISPLAY;
	m.switch_display = &s;
	ck_assert(desk_send_misc(&d, viewer, &m));
	c.set = &display;
	c.n_set = 1;
	m.union_case = SES__MISC__UNION_CAPTURE_DISPLAYS;
	m.capture_displays = &c;
	ck_assert(desk_send_misc(&d, viewer, &m));
}

START_TEST(viewers_follow_the_pointer_and_the_window)
{
	struct hws_display two[] = { { .width = 320, .height = 200, .primary = true },
		{ .x = 320, .width = 320, .height = 200, .name = "second" } };
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	Ses__Misc m = SES__MISC__INIT;
	Ses__CaptureDisplays c = SES__CAPTURE_DISPLAYS__INIT;
	int32_t both[] = { 0, 1 };

	ck_assert_int_eq(hws_headless_set_displays(d.p, two, 2), HWS_OK);
	desk_join(&d, 0);
	desk_join(&d, 1);
	hws_headless_move_pointer(d.p, 400, 10); /* nobody follows */
	ck_assert_int_eq(followed(0), -1);
	o.follow_remote_cursor = YES;
	option(0, &o);
	hws_headless_move_pointer(d.p, 400, 10);
	ck_assert_int_eq(followed(0), 1);
	ck_assert_int_eq(followed(1), -1);
	show(0, 1);
	hws_headless_move_pointer(d.p, 500, 10);
	ck_assert_uint_eq(count_follows(0), 1);  /* told when it comes, not while it stays */
	hws_headless_move_pointer(d.p, 900, 10); /* where no display is */
	hws_headless_move_pointer(d.p, 10, 10);
	ck_assert_int_eq(followed(0), 0);
	show(0, 0);
	/* who moves it knows where it is */
	d.v[0].g.mouse_us = hws_loop_now_us(d.loop);
	hws_headless_move_pointer(d.p, 400, 10);
	ck_assert_uint_eq(count_follows(0), 2);
	d.v[0].g.mouse_us = 0;
	/* who sees all of them sees it */
	c.set = both;
	c.n_set = 2;
	m.union_case = SES__MISC__UNION_CAPTURE_DISPLAYS;
	m.capture_displays = &c;
	ck_assert(desk_send_misc(&d, 0, &m));
	ck_assert(d.v[0].g.many);
	hws_headless_move_pointer(d.p, 10, 10);
	hws_headless_move_pointer(d.p, 400, 10);
	ck_assert_uint_eq(count_follows(0), 2);
	show(0, 0);
	ck_assert(!d.v[0].g.many);
	/* the window */
	o = (Ses__OptionMessage)SES__OPTION_MESSAGE__INIT;
	o.follow_remote_window = YES;
	option(1, &o);
	hws_headless_move_window(d.p, 330, 20);
	ck_assert_int_eq(followed(1), 1);
	o.follow_remote_window = NO;
	option(1, &o);
	show(1, 1);
	hws_headless_move_window(d.p, 10, 20);
	ck_assert_uint_eq(count_follows(1), 1);
	desk_leave(&d, 0);
	hws_headless_move_pointer(d.p, 10, 10);
}
END_TEST

START_TEST(a_display_that_goes_takes_nobody_with_it)
{
	struct hws_display list[] = { { .width = 320, .height = 200, .name = "a" },
		{ .x = 320, .width = 320, .height = 200, .name = "b", .primary = true },
		{ .x = 640, .width = 320, .height = 200, .name = "c" } };

	ck_assert_int_eq(hws_headless_set_displays(d.p, list, 3), HWS_OK);
	desk_join(&d, 0);
	show(0, 2);
	desk_forget(&d.v[0]);
	ck_assert_int_eq(hws_headless_set_displays(d.p, list, 2), HWS_OK);
	desk_wait(&d, 0, SES__MESSAGE__UNION_VIDEO_FRAME, 1);
	ck_assert_uint_eq(d.v[0].g.display, 1);
	ck_assert_int_eq(
			desk_get(&d.v[0], SES__MESSAGE__UNION_VIDEO_FRAME, 0)->video_frame->display,
			1);
	const Ses__Message *m = desk_get(&d.v[0], SES__MESSAGE__UNION_PEER_INFO, 0);
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->peer_info->n_displays, 2);
	ck_assert_int_eq(misc_of(0, SES__MISC__UNION_SWITCH_DISPLAY)->switch_display->display, 1);
}
END_TEST

/* --- the person at the desktop --- */

static int privacy_state(unsigned viewer)
{
	const Ses__Misc *m = misc_of(viewer, SES__MISC__UNION_BACK_NOTIFICATION);
	const Ses__BackNotification *n = m ? m->back_notification : NULL;

	if (!n || n->union_case != SES__BACK_NOTIFICATION__UNION_PRIVACY_MODE_STATE)
		return -1;
	return (int)n->privacy_mode_state;
}

static bool toggle(unsigned viewer, bool on)
{
	Ses__Misc m = SES__MISC__INIT;
	Ses__TogglePrivacyMode t = SES__TOGGLE_PRIVACY_MODE__INIT;

	t.on = on;
	t.impl_key = (char *)"key";
	m.union_case = SES__MISC__UNION_TOGGLE_PRIVACY_MODE;
	m.toggle_privacy_mode = &t;
	bool taken = desk_send_misc(&d, viewer, &m);
	desk_run(&d, 20);
	return taken;
}

static bool did(const char *what)
{
	bool has = strstr(hws_headless_input(d.p), what) != NULL;

	hws_headless_clear_input(d.p);
	return has;
}

static const char *opened_error;
static bool opened;

static void on_opened(struct hws_host_viewer *g HWS_UNUSED, const char *error, int fd HWS_UNUSED)
{
	opened = true;
	opened_error = error;
}

static void try_to_enter(void)
{
	Ses__LoginRequest login = SES__LOGIN_REQUEST__INIT;
	struct hws_host_viewer g = { .slot = 3, .opened = on_opened };

	opened = false;
	opened_error = NULL;
	hws_host_set_open(d.services, &g, &login);
	ck_assert(opened);
}

START_TEST(one_viewer_has_the_monitors_dark)
{
	Ses__Features features = SES__FEATURES__INIT;
	Ses__PeerInfo info = SES__PEER_INFO__INIT;

	desk_join(&d, 0);
	desk_join(&d, 1);
	info.features = &features;
	hws_host_set_describe(d.services, &d.v[0].g, &info);
	ck_assert(features.privacy_mode);
	ck_assert(toggle(0, false)); /* off already */
	ck_assert_int_eq(privacy_state(0), PRV(OffSucceeded));
	ck_assert(toggle(0, true));
	ck_assert_int_eq(privacy_state(0), PRV(OnSucceeded));
	ck_assert_str_eq(
			misc_of(0, SES__MISC__UNION_BACK_NOTIFICATION)->back_notification->impl_key,
			"key");
	ck_assert_int_eq(privacy_state(1), PRV(OnByOther));
	ck_assert(did("blank:1"));
	try_to_enter();
	ck_assert_str_eq(opened_error, "Someone turns on privacy mode, exit");
	ck_assert(toggle(1, true));
	ck_assert_int_eq(privacy_state(1), PRV(OnFailed));
	ck_assert(toggle(1, false));
	ck_assert_int_eq(privacy_state(1), PRV(OffFailed));
	ck_assert(toggle(0, true)); /* on already */
	ck_assert_int_eq(privacy_state(0), PRV(OnSucceeded));
	ck_assert(!did("blank"));
	ck_assert(toggle(0, false));
	ck_assert_int_eq(privacy_state(0), PRV(OffSucceeded));
	ck_assert(did("blank:0"));
	try_to_enter();
	ck_assert_ptr_null(opened_error);
	/* it ends with its viewer */
	ck_assert(toggle(1, true));
	desk_leave(&d, 1);
	desk_run(&d, 20);
	ck_assert(did("blank:0"));
	try_to_enter();
	ck_assert_ptr_null(opened_error);
}
END_TEST

START_TEST(darkness_that_fails_or_ends_is_told)
{
	desk_join(&d, 0);
	d.v[0].g.permissions = ALL_PERMISSIONS & ~(1u << HWS_PERM_PRIVACY_MODE);
	ck_assert(toggle(0, true));
	ck_assert_int_eq(privacy_state(0), PRV(OnFailedDenied));
	d.v[0].g.permissions = ALL_PERMISSIONS;
	hws_headless_refuse_screens(d.p, true);
	ck_assert(toggle(0, true));
	ck_assert_int_eq(privacy_state(0), PRV(OnFailed));
	ck_assert(*misc_of(0, SES__MISC__UNION_BACK_NOTIFICATION)->back_notification->details);
	hws_headless_refuse_screens(d.p, false);
	ck_assert(toggle(0, true));
	ck_assert_int_eq(privacy_state(0), PRV(OnSucceeded));
	hws_headless_end_blank(d.p);
	ck_assert_int_eq(privacy_state(0), PRV(OffUnknown));
	ck_assert(toggle(0, true));
	/* the person takes the permission back */
	d.v[0].g.permissions = ALL_PERMISSIONS & ~(1u << HWS_PERM_PRIVACY_MODE);
	hws_host_set_update(d.services, &d.v[0].g);
	desk_run(&d, 20);
	ck_assert_int_eq(privacy_state(0), PRV(OffByPeer));
	ck_assert(did("blank:0"));
}
END_TEST

START_TEST(old_viewers_darken_by_an_option)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	d.v[0].g.version = hws_version_number("1.2.3");
	desk_join(&d, 0);
	o.privacy_mode = YES;
	option(0, &o);
	desk_run(&d, 20);
	ck_assert_int_eq(privacy_state(0), PRV(OnSucceeded));
	o.privacy_mode = NO;
	option(0, &o);
	desk_run(&d, 20);
	ck_assert_int_eq(privacy_state(0), PRV(OffSucceeded));
	d.v[1].g.permissions = 0;
	desk_join(&d, 1); /* a new one uses the message */
	o.privacy_mode = YES;
	option(1, &o);
	desk_run(&d, 20);
	ck_assert_int_eq(privacy_state(1), -1);
}
END_TEST

START_TEST(devices_are_blocked_while_any_viewer_wishes_it)
{
	Ses__OptionMessage on = SES__OPTION_MESSAGE__INIT, off = on;

	on.block_input = YES;
	off.block_input = NO;
	desk_join(&d, 0);
	desk_join(&d, 1);
	option(0, &on);
	option(1, &on);
	desk_run(&d, 20);
	ck_assert_str_eq(hws_headless_input(d.p), "block:1 ");
	hws_headless_clear_input(d.p);
	ck_assert_ptr_null(misc_of(0, SES__MISC__UNION_BACK_NOTIFICATION)); /* not reported */
	option(0, &off);
	desk_run(&d, 20);
	ck_assert(!did("block"));
	desk_leave(&d, 1);
	desk_run(&d, 20);
	ck_assert(did("block:0"));
	/* the person takes the permission back */
	option(0, &on);
	ck_assert(did("block:1"));
	d.v[0].g.permissions = ALL_PERMISSIONS & ~(1u << HWS_PERM_BLOCK_INPUT);
	hws_host_set_update(d.services, &d.v[0].g);
	desk_run(&d, 20);
	ck_assert(did("block:0"));
	option(0, &on);
	const Ses__Misc *m = misc_of(0, SES__MISC__UNION_BACK_NOTIFICATION);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->back_notification->block_input_state,
			SES__BACK_NOTIFICATION__BLOCK_INPUT_STATE__BlkOnFailed);
	ck_assert_str_eq(m->back_notification->details, "No permission");
	option(0, &off);
	ck_assert_int_eq(misc_of(0, SES__MISC__UNION_BACK_NOTIFICATION)
					 ->back_notification->block_input_state,
			SES__BACK_NOTIFICATION__BLOCK_INPUT_STATE__BlkOffFailed);
	/* the platform refuses */
	d.v[0].g.permissions = ALL_PERMISSIONS;
	hws_headless_refuse_screens(d.p, true);
	option(0, &on);
	desk_run(&d, 20);
	m = misc_of(0, SES__MISC__UNION_BACK_NOTIFICATION);
	ck_assert_int_eq(m->back_notification->block_input_state,
			SES__BACK_NOTIFICATION__BLOCK_INPUT_STATE__BlkOnFailed);
	ck_assert_ptr_nonnull(strstr(m->back_notification->details, "told to refuse"));
	/* and so it can be asked for again */
	hws_headless_refuse_screens(d.p, false);
	option(0, &on);
	desk_run(&d, 20);
	ck_assert(did("block:1"));
}
END_TEST

/* A desktop that can do nothing of it leaves the answers to the table. */
START_TEST(a_desktop_without_screens_serves_none_of_it)
{
	Ses__Misc m = SES__MISC__INIT;
	Ses__Resolution size = SES__RESOLUTION__INIT;
	Ses__ToggleVirtualDisplay t = SES__TOGGLE_VIRTUAL_DISPLAY__INIT;
	struct hws_host_env env = { .loop = d.loop, .work = d.work, .platform = d.p };

	hws_host_set_free(d.services);
	hws_headless_lose_screens(d.p);
	ck_assert_int_eq(hws_host_set_new(hws_host_registry, &env, &d.services), HWS_OK);
	desk_join(&d, 0);
	ck_assert(!toggle(0, true));
	ck_assert(!toggle(0, false));
	m.union_case = SES__MISC__UNION_CHANGE_RESOLUTION;
	m.change_resolution = &size;
	ck_assert(!desk_send_misc(&d, 0, &m));
	m.union_case = SES__MISC__UNION_TOGGLE_VIRTUAL_DISPLAY;
	m.toggle_virtual_display = &t;
	ck_assert(!desk_send_misc(&d, 0, &m));
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	o.block_input = YES;
	option(0, &o);
	ck_assert_str_eq(misc_of(0, SES__MISC__UNION_BACK_NOTIFICATION)->back_notification->details,
			"This host cannot block its input");
	desk_leave(&d, 0);
}
END_TEST

Suite *host_displays_suite(void)
{
	Suite *s = suite_create("host_displays");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_display_has_the_wished_size_until_the_last_who_wished_one_leaves);
	tcase_add_test(tc, who_switches_displays_may_bring_a_size_along);
	tcase_add_test(tc, a_size_that_cannot_be_is_refused_in_words);
	tcase_add_test(tc, displays_without_a_monitor_come_for_viewers_and_go_with_them);
	tcase_add_test(tc, viewers_follow_the_pointer_and_the_window);
	tcase_add_test(tc, a_display_that_goes_takes_nobody_with_it);
	tcase_add_test(tc, one_viewer_has_the_monitors_dark);
	tcase_add_test(tc, darkness_that_fails_or_ends_is_told);
	tcase_add_test(tc, old_viewers_darken_by_an_option);
	tcase_add_test(tc, devices_are_blocked_while_any_viewer_wishes_it);
	tcase_add_test(tc, a_desktop_without_screens_serves_none_of_it);
	suite_add_tcase(s, tc);
	return s;
}
