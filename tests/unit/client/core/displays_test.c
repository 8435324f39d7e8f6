/* core/viewer_displays and services/privacy at the viewer: which displays are asked for, what
 * becomes of it when the host's list changes, and what the host says of its monitors and devices.
 * */
#include "client/services/privacy/privacy_view.h"
#include "shared/wire/envelope.h"
#include "suites.h"
#include "tests/unit/client/core/recorder.h"
#include <stdio.h>
#include <string.h>

#define MISC SES__MESSAGE__UNION_MISC

static struct recorder r;

static void teardown(void)
{
	recorder_done(&r);
}

/* The last Misc of this kind that was sent; freed by hws_ses_free. NULL: none since `from`. */
static Ses__Message *sent(Ses__Misc__UnionCase what, size_t from)
{
	for (size_t i = r.sent_count; i-- > from;) {
		Ses__Message *m = recorder_sent(&r, (int)i);
		if (m->union_case == MISC && m->misc->union_case == what)
			return m;
		hws_ses_free(m);
	}
	return NULL;
}

static unsigned count(Ses__Misc__UnionCase what, size_t from)
{
	unsigned n = 0;

	for (size_t i = from; i < r.sent_count; i++) {
		Ses__Message *m = recorder_sent(&r, (int)i);
		n += m->union_case == MISC && m->misc->union_case == what;
		hws_ses_free(m);
	}
	return n;
}

/* The host's list, by names. */
static void list(const char *const names[])
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__PeerInfo info = SES__PEER_INFO__INIT;
	Ses__DisplayInfo d[8], *ptr[8];
	size_t n = 0;

	for (; names[n]; n++) {
		ses__display_info__init(&d[n]);
		d[n].name = (char *)(uintptr_t)names[n];
		d[n].width = 800 + (int)n;
		d[n].height = 600;
		ptr[n] = &d[n];
	}
	info.displays = ptr;
	info.n_displays = n;
	m.union_case = SES__MESSAGE__UNION_PEER_INFO;
	m.peer_info = &info;
	recorder_feed(&r, &m);
}

#define LIST(...) list((const char *const[]){ __VA_ARGS__, NULL })

static void must_capture(size_t from, const int32_t *want, size_t n)
{
	Ses__Message *m = sent(SES__MISC__UNION_CAPTURE_DISPLAYS, from);

	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->misc->capture_displays->n_set, n);
	ck_assert_uint_eq(m->misc->capture_displays->n_add, 0);
	ck_assert_mem_eq(m->misc->capture_displays->set, want, n * sizeof(*want));
	hws_ses_free(m);
}

static void set_all(bool all)
{
	struct hws_view_options o = *hws_viewer_options(r.viewer);

	o.all_displays = all;
	hws_viewer_set_options(r.viewer, &o);
}

START_TEST(all_displays_are_asked_for_and_stay_all)
{
	static const int32_t three[] = { 0, 1, 2 };

	recorder_ready(&r, "Linux", "1.4.9");
	size_t from = r.sent_count;
	set_all(true);
	must_capture(from, three, 2);
	ck_assert_uint_eq(count(SES__MISC__UNION_REFRESH_VIDEO_DISPLAY, from), 2);
	from = r.sent_count;
	set_all(true); /* nothing new */
	ck_assert_uint_eq(r.sent_count, from);
	LIST("a", "b", "c");
	must_capture(from, three, 3);
	from = r.sent_count;
	LIST("a");
	must_capture(from, three, 1);
	/* one of them, chosen by hand */
	LIST("a", "b");
	from = r.sent_count;
	ck_assert_int_eq(hws_viewer_show(r.viewer, 1), HWS_OK);
	must_capture(from, &three[1], 1);
	ck_assert(!hws_viewer_options(r.viewer)->all_displays);
	/* and back by the option */
	set_all(true);
	from = r.sent_count;
	set_all(false);
	must_capture(from, &three[1], 1);
}
END_TEST

START_TEST(the_wish_for_all_is_told_after_each_login)
{
	static const int32_t two[] = { 0, 1 };

	recorder_ready(&r, "Linux", "1.4.9");
	set_all(true);
	hws_viewer_lost(r.viewer);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	size_t from = r.sent_count;
	recorder_login_ok(&r, "Linux", "1.4.9", 2);
	must_capture(from, two, 2);
}
END_TEST

START_TEST(old_hosts_are_asked_in_their_own_way)
{
	recorder_ready(&r, "Windows", "1.2.3");
	size_t from = r.sent_count;
	set_all(true);
	ck_assert(!hws_viewer_options(r.viewer)->all_displays);
	ck_assert_uint_eq(r.sent_count, from);
	ck_assert_int_eq(hws_viewer_resize(r.viewer, 1, 800, 600), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_viewer_resize(r.viewer, 0, 800, 600), HWS_OK);
	Ses__Message *m = sent(SES__MISC__UNION_CHANGE_RESOLUTION, from);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->misc->change_resolution->width, 800);
	hws_ses_free(m);
	ck_assert_int_eq(hws_viewer_darken(r.viewer, true), HWS_OK);
	m = sent(SES__MISC__UNION_OPTION, from);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->misc->option->privacy_mode, SES__OPTION_MESSAGE__BOOL_OPTION__Yes);
	hws_ses_free(m);
}
END_TEST

START_TEST(wishes_are_told)
{
	Ses__Message *m;

	recorder_ready(&r, "Linux", "1.4.9");
	size_t from = r.sent_count;
	ck_assert_int_eq(hws_viewer_resize(r.viewer, 2, 800, 600), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_viewer_resize(r.viewer, 1, 800, 600), HWS_OK);
	m = sent(SES__MISC__UNION_CHANGE_DISPLAY_RESOLUTION, from);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->misc->change_display_resolution->display, 1);
	ck_assert_int_eq(m->misc->change_display_resolution->resolution->height, 600);
	hws_ses_free(m);
	ck_assert_int_eq(hws_viewer_plug(r.viewer, -1, false), HWS_OK);
	m = sent(SES__MISC__UNION_TOGGLE_VIRTUAL_DISPLAY, from);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->misc->toggle_virtual_display->display, -1);
	hws_ses_free(m);
	ck_assert_int_eq(hws_viewer_darken(r.viewer, true), HWS_OK);
	m = sent(SES__MISC__UNION_TOGGLE_PRIVACY_MODE, from);
	ck_assert_ptr_nonnull(m);
	ck_assert(m->misc->toggle_privacy_mode->on);
	hws_ses_free(m);
	struct hws_view_options o = *hws_viewer_options(r.viewer);
	o.follow_cursor = o.block_input = true;
	hws_viewer_set_options(r.viewer, &o);
	m = sent(SES__MISC__UNION_OPTION, from);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->misc->option->follow_remote_cursor,
			SES__OPTION_MESSAGE__BOOL_OPTION__Yes);
	ck_assert_int_eq(m->misc->option->block_input, SES__OPTION_MESSAGE__BOOL_OPTION__Yes);
	ck_assert_int_eq(m->misc->option->follow_remote_window,
			SES__OPTION_MESSAGE__BOOL_OPTION__NotSet);
	hws_ses_free(m);
}
END_TEST

START_TEST(what_is_shown_is_found_again_by_its_name)
{
	recorder_ready(&r, "Linux", "1.4.9");
	LIST("a", "b", "c");
	ck_assert_int_eq(hws_viewer_show(r.viewer, 1), HWS_OK);
	size_t from = r.sent_count;
	LIST("b", "c"); /* it has another place now */
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->current, 0);
	must_capture(from, (const int32_t[]){ 0 }, 1);
	from = r.sent_count;
	LIST("b", "c", "d"); /* as it was: nothing to ask for */
	ck_assert_uint_eq(r.sent_count, from);
	LIST("c", "d"); /* it has gone */
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->current, 0);
	/* without names the place counts */
	LIST("", "");
	ck_assert_int_eq(hws_viewer_show(r.viewer, 1), HWS_OK);
	LIST("", "", "");
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->current, 1);
	LIST("");
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->current, 0);
}
END_TEST

static void follow(int display)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_FOLLOW_CURRENT_DISPLAY;
	misc.follow_current_display = display;
	m.union_case = MISC;
	m.misc = &misc;
	recorder_feed(&r, &m);
}

START_TEST(only_who_wishes_it_is_led_to_another_display)
{
	recorder_ready(&r, "Linux", "1.4.9");
	follow(1);
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->current, 0);
	struct hws_view_options o = *hws_viewer_options(r.viewer);
	o.follow_window = true;
	hws_viewer_set_options(r.viewer, &o);
	follow(1);
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->current, 1);
	follow(7);
	follow(-1);
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->current, 1);
	set_all(true);
	follow(0);
	ck_assert(hws_viewer_options(r.viewer)->all_displays);
}
END_TEST

START_TEST(sizes_are_believed_within_bounds)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__SwitchDisplay s = SES__SWITCH_DISPLAY__INIT;
	Ses__SupportedResolutions sizes = SES__SUPPORTED_RESOLUTIONS__INIT;
	Ses__Resolution size[100], *ptr[100], original = SES__RESOLUTION__INIT;

	recorder_ready(&r, "Linux", "1.4.9");
	for (size_t i = 0; i < 100; i++) {
		ses__resolution__init(&size[i]);
		size[i].width = 800 + (int)i / 2; /* each twice */
		size[i].height = i == 99 ? -5 : 600;
		ptr[i] = &size[i];
	}
	size[0].width = 1 << 30;
	sizes.resolutions = ptr;
	sizes.n_resolutions = 100;
	original.width = 1280;
	original.height = 800;
	s.display = 1;
	s.resolutions = &sizes;
	s.original_resolution = &original;
	misc.union_case = SES__MISC__UNION_SWITCH_DISPLAY;
	misc.switch_display = &s;
	m.union_case = MISC;
	m.misc = &misc;
	recorder_feed(&r, &m);
	const struct hws_peer_display *d = &hws_viewer_peer(r.viewer)->display[1];
	ck_assert_uint_eq(d->size_count, 50);
	ck_assert_int_eq(d->size[0].width, 800);
	ck_assert_int_eq(d->size[49].width, 849);
	ck_assert_int_eq(d->original.width, 1280);
	for (size_t i = 0; i < 100; i++) {
		size[i].width = 800 + (int)i;
		size[i].height = 600;
	}
	recorder_feed(&r, &m);
	ck_assert_uint_eq(d->size_count, HWS_PEER_SIZES_MAX);
	s.display = -1;
	recorder_feed(&r, &m);
	s.display = 9;
	recorder_feed(&r, &m);
}
END_TEST

START_TEST(several_are_shown_beside_the_current_one)
{
	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_viewer_show_beside(r.viewer, 0), HWS_OK);
	LIST("a", "b", "c");
	size_t from = r.sent_count;
	ck_assert_int_eq(hws_viewer_show_beside(r.viewer, 1u << 1 | 1u << 2 | 1u << 9), HWS_OK);
	must_capture(from, (const int32_t[]){ 0, 1, 2 }, 3);
	ck_assert_uint_eq(count(SES__MISC__UNION_REFRESH_VIDEO_DISPLAY, from), 2);
	from = r.sent_count;
	ck_assert_int_eq(hws_viewer_show_beside(r.viewer, 1u << 1 | 1u << 2), HWS_OK);
	ck_assert_uint_eq(r.sent_count, from); /* nothing new */
	/* one less; another one alone in the first window */
	ck_assert_int_eq(hws_viewer_show_beside(r.viewer, 1u << 2), HWS_OK);
	must_capture(from, (const int32_t[]){ 0, 2 }, 2);
	ck_assert_uint_eq(count(SES__MISC__UNION_REFRESH_VIDEO_DISPLAY, from), 0);
	from = r.sent_count;
	ck_assert_int_eq(hws_viewer_show(r.viewer, 1), HWS_OK);
	must_capture(from, (const int32_t[]){ 1, 2 }, 2);
	/* nothing is followed meanwhile */
	struct hws_view_options o = *hws_viewer_options(r.viewer);
	o.follow_cursor = true;
	hws_viewer_set_options(r.viewer, &o);
	follow(0);
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->current, 1);
	/* they move in the list, one goes */
	from = r.sent_count;
	LIST("c", "b");
	must_capture(from, (const int32_t[]){ 0, 1 }, 2);
	from = r.sent_count;
	LIST("b");
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->current, 0);
	LIST("b", "c"); /* who comes back is to be asked for again */
	from = r.sent_count;
	ck_assert_int_eq(hws_viewer_show_beside(r.viewer, 1u << 1), HWS_OK);
	must_capture(from, (const int32_t[]){ 0, 1 }, 2);
	/* as is everything with another login */
	hws_viewer_lost(r.viewer);
	ck_assert_int_eq(hws_viewer_show_beside(r.viewer, 0), HWS_ERR_DENIED);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	from = r.sent_count;
	recorder_login_ok(&r, "Linux", "1.4.9", 2);
	ck_assert_uint_eq(count(SES__MISC__UNION_CAPTURE_DISPLAYS, from), 0);
}
END_TEST

START_TEST(old_hosts_show_none_beside)
{
	recorder_ready(&r, "Windows", "1.2.3");
	size_t from = r.sent_count;
	ck_assert_int_eq(hws_viewer_show_beside(r.viewer, 2), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_viewer_show_beside(r.viewer, 0), HWS_OK);
	ck_assert_uint_eq(r.sent_count, from);
}
END_TEST

/* --- what the host says of itself --- */

static struct hws_privacy_news last;
static char last_text[500];
static unsigned news;

static void on_news(const struct hws_privacy_news *n, void *arg HWS_UNUSED)
{
	news++;
	last = *n;
	snprintf(last_text, sizeof(last_text), "%s", n->text);
}

static void notify(bool input, int state, const char *details)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__BackNotification n = SES__BACK_NOTIFICATION__INIT;

	if (input) {
		n.union_case = SES__BACK_NOTIFICATION__UNION_BLOCK_INPUT_STATE;
		n.block_input_state = (Ses__BackNotification__BlockInputState)state;
	} else {
		n.union_case = SES__BACK_NOTIFICATION__UNION_PRIVACY_MODE_STATE;
		n.privacy_mode_state = (Ses__BackNotification__PrivacyModeState)state;
	}
	n.details = (char *)(uintptr_t)details;
	misc.union_case = SES__MISC__UNION_BACK_NOTIFICATION;
	misc.back_notification = &n;
	m.union_case = MISC;
	m.misc = &misc;
	recorder_feed(&r, &m);
}

START_TEST(each_state_of_the_protocol_has_words)
{
	static const struct {
		bool input;
		int state;
		bool on, good;
	} states[] = { { false, 2, true, false }, { false, 3, false, false },
		{ false, 4, true, true }, { false, 5, false, false }, { false, 6, false, false },
		{ false, 7, false, false }, { false, 8, false, true }, { false, 9, false, false },
		{ false, 10, true, false }, { false, 11, false, false }, { true, 2, true, true },
		{ true, 3, false, false }, { true, 4, false, true }, { true, 5, true, false } };
	struct hws_service *s;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_privacy_view_new(on_news, NULL, &s), HWS_OK);
	hws_viewer_serve(r.viewer, s);
	news = 0;
	for (size_t i = 0; i < HWS_COUNT(states); i++) {
		notify(states[i].input, states[i].state, "why\x1b[31m");
		ck_assert_uint_eq(news, i + 1);
		ck_assert_int_eq(last.is_input, states[i].input);
		ck_assert_int_eq(last.on, states[i].on);
		ck_assert_int_eq(last.result == HWS_OK, states[i].good);
		ck_assert_int_eq(last_text[0] == 0, states[i].good);
		ck_assert_ptr_null(strchr(last_text, 0x1b));
		ck_assert_int_eq(last.by_other, !states[i].input && states[i].state == 2);
		ck_assert(states[i].good || strstr(last_text, "why"));
	}
	notify(false, 0, "");
	notify(false, 99, "");
	notify(true, 99, "");
	ck_assert_uint_eq(news, HWS_COUNT(states));
	hws_viewer_lost(r.viewer);
	s->impl->free(s);
}
END_TEST

Suite *displays_suite(void)
{
	Suite *s = suite_create("core/displays");
	TCase *t = tcase_create("displays");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, all_displays_are_asked_for_and_stay_all);
	tcase_add_test(t, the_wish_for_all_is_told_after_each_login);
	tcase_add_test(t, old_hosts_are_asked_in_their_own_way);
	tcase_add_test(t, wishes_are_told);
	tcase_add_test(t, what_is_shown_is_found_again_by_its_name);
	tcase_add_test(t, only_who_wishes_it_is_led_to_another_display);
	tcase_add_test(t, several_are_shown_beside_the_current_one);
	tcase_add_test(t, old_hosts_show_none_beside);
	tcase_add_test(t, sizes_are_believed_within_bounds);
	tcase_add_test(t, each_state_of_the_protocol_has_words);
	suite_add_tcase(s, t);
	return s;
}
