/* The clipboard of a real X server by the book (ICCCM): another client asks for what the platform
 * owns, and owns what the platform asks for, in all encodings, also badly. */
#include "clip_client.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

/* --- the other client reads --- */

static const struct {
	const char *target, *text, *type, *bytes;
} encodings[] = {
	{ "UTF8_STRING", "Gr\xc3\xbc\xc3\x9f \xe2\x82\xac", "UTF8_STRING",
			"Gr\xc3\xbc\xc3\x9f \xe2\x82\xac" },
	{ "text/plain;charset=utf-8", "\xe2\x82\xac", "text/plain;charset=utf-8", "\xe2\x82\xac" },
	{ "STRING", "Gr\xc3\xbc\xc3\x9f", "STRING", "Gr\xfc\xdf" },
	{ "STRING", "5 \xe2\x82\xac", "STRING", "5 ?" },
	{ "TEXT", "Gr\xc3\xbc\xc3\x9f", "STRING", "Gr\xfc\xdf" },
	{ "TEXT", "5 \xe2\x82\xac", "UTF8_STRING", "5 \xe2\x82\xac" },
	{ "COMPOUND_TEXT", "Gr\xc3\xbc\xc3\x9f", "COMPOUND_TEXT", "Gr\xfc\xdf" },
	{ "COMPOUND_TEXT", "5 \xe2\x82\xac\n", "COMPOUND_TEXT", "5 \x1b%G\xe2\x82\xac\x1b%@\n" },
};

START_TEST(text_we_own_is_given_in_the_encoding_asked_for)
{
	struct got g;

	set_text(encodings[_i].text);
	ck_assert(convert(encodings[_i].target, XCB_CURRENT_TIME, &g));
	ck_assert_uint_eq(g.type, atom(encodings[_i].type));
	ck_assert_uint_eq(g.format, 8);
	ck_assert_uint_eq(g.len, strlen(encodings[_i].bytes));
	ck_assert_mem_eq(g.bytes, encodings[_i].bytes, g.len);
}
END_TEST

START_TEST(targets_and_timestamp_are_told)
{
	static const char *const names[] = { "TARGETS", "TIMESTAMP", "MULTIPLE", "UTF8_STRING",
		"STRING", "TEXT", "COMPOUND_TEXT", "text/plain;charset=utf-8",
		"dyn.com.rustdesk.owner" };
	struct got g;
	uint32_t time = 0;

	set_text("text");
	ck_assert(convert("TARGETS", XCB_CURRENT_TIME, &g));
	ck_assert_uint_eq(g.type, XCB_ATOM_ATOM);
	ck_assert_uint_eq(g.format, 32);
	for (size_t i = 0; i < HWS_COUNT(names); i++)
		ck_assert_msg(has_atom(&g, names[i]), "%s", names[i]);
	ck_assert(convert("TIMESTAMP", XCB_CURRENT_TIME, &g));
	ck_assert_uint_eq(g.type, XCB_ATOM_INTEGER);
	ck_assert_uint_eq(g.format, 32);
	ck_assert_uint_eq(g.len, 4);
	memcpy(&time, g.bytes, 4);
	ck_assert_uint_ne(time, 0);
	/* Somebody who asks for a time when we did not have it gets nothing; later it is there. */
	ck_assert(!convert("UTF8_STRING", time - 1, &g));
	ck_assert(convert("UTF8_STRING", time, &g));
	ck_assert(!convert("image/png", XCB_CURRENT_TIME, &g));
}
END_TEST

START_TEST(several_targets_are_given_at_once)
{
	xcb_atom_t pairs[] = { atom("UTF8_STRING"), atom("P1"), atom("image/png"), atom("P2"),
		atom("STRING"), atom("P3"), atom("TIMESTAMP"), atom("P4") };
	struct got g;

	set_text("a\xc3\xbc");
	ck_assert(!convert("MULTIPLE", XCB_CURRENT_TIME, &g)); /* without a list */
	xcb_change_property(d.c, XCB_PROP_MODE_REPLACE, d.window, mine, atom("ATOM_PAIR"), 32, 8,
			pairs);
	ck_assert(convert("MULTIPLE", XCB_CURRENT_TIME, &g));
	ck_assert_uint_eq(g.len, sizeof(pairs));
	pairs[2] = pairs[3] = XCB_NONE; /* the one that cannot be had */
	ck_assert_mem_eq(g.bytes, pairs, sizeof(pairs));
	read_property(atom("P1"), &g);
	ck_assert_uint_eq(g.len, 3);
	ck_assert_mem_eq(g.bytes, "a\xc3\xbc", 3);
	read_property(atom("P2"), &g);
	ck_assert_uint_eq(g.type, XCB_NONE);
	read_property(atom("P3"), &g);
	ck_assert_uint_eq(g.len, 2);
	ck_assert_mem_eq(g.bytes, "a\xfc", 2);
	read_property(atom("P4"), &g);
	ck_assert_uint_eq(g.len, 4);
}
END_TEST

/* --- the other client owns --- */

static const struct {
	const char *offer, *type, *bytes, *text;
} offers[] = {
	{ "UTF8_STRING", "UTF8_STRING", "\xc3\xbc", "\xc3\xbc" },
	{ "text/plain;charset=utf-8", "text/plain;charset=utf-8", "\xe2\x82\xac", "\xe2\x82\xac" },
	{ "STRING", "STRING", "Gr\xfc\xdf", "Gr\xc3\xbc\xc3\x9f" },
	{ "STRING", "STRING", "\xc3\xbc", "\xc3\x83\xc2\xbc" }, /* UTF-8 by chance only */
	{ "TEXT", "STRING", "\xe9", "\xc3\xa9" },
	{ "TEXT", "UTF8_STRING", "\xc3\xa9", "\xc3\xa9" },
	{ "TEXT", "COMPOUND_TEXT", "\x1b-F\xe1\xe2", "\xce\xb1\xce\xb2" },
	{ "COMPOUND_TEXT", "COMPOUND_TEXT", "x\x1b%G\xe2\x82\xac\x1b%@y", "x\xe2\x82\xacy" },
	{ "text/plain", "text/plain", "\xc3\xa9", "\xc3\xa9" },
	{ "text/plain", "text/plain", "\xe9", "\xc3\xa9" },
};

START_TEST(text_in_any_encoding_is_taken)
{
	const char *const names[] = { "TARGETS", "image/tiff", offers[_i].offer, NULL };
	xcb_selection_request_event_t q;

	watch();
	own();
	q = next_request();
	ck_assert_uint_ne(q.time, XCB_CURRENT_TIME); /* which ICCCM forbids */
	give_targets(&q, names);
	q = next_request();
	ck_assert_uint_eq(q.target, atom(offers[_i].offer));
	give(&q, offers[_i].type, offers[_i].bytes, strlen(offers[_i].bytes));
	desktop_wait(&d, &d.texts, 1);
	ck_assert_str_eq(d.text, offers[_i].text);
}
END_TEST

/* --- files --- */

static char files[300];
static int files_told;

static void on_files(const char *const *paths, size_t n, void *arg HWS_UNUSED)
{
	files[0] = 0;
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(hws_fmt(files + strlen(files), sizeof(files) - strlen(files),
						 "[%s]", paths[i]),
				HWS_OK);
	files_told++;
}

static void watch_files(void)
{
	files_told = 0;
	d.p->clip->files = (struct hws_clip_file_events){ on_files, NULL };
	hws_clip_watch_files(d.p->clip, true);
	watch();
}

START_TEST(files_are_taken_before_their_text)
{
	const char *const names[] = { "UTF8_STRING", "text/uri-list", NULL };
	xcb_selection_request_event_t q;

	watch_files();
	own();
	q = next_request();
	give_targets(&q, names);
	q = next_request();
	ck_assert_uint_eq(q.target, atom("text/uri-list"));
	give(&q, "text/uri-list", "file:///a%20b\r\nfile:///c\r\n", 26);
	q = next_request();
	ck_assert_uint_eq(q.target, atom("UTF8_STRING"));
	give(&q, "UTF8_STRING", "/a b", 4);
	desktop_wait(&d, &d.texts, 1);
	ck_assert_int_eq(files_told, 1);
	ck_assert_str_eq(files, "[/a b][/c]");
}
END_TEST

START_TEST(files_of_a_remote_desktop_program_are_not_told)
{
	const char *const names[] = { "UTF8_STRING", "text/uri-list", "dyn.com.rustdesk.owner",
		NULL };
	xcb_selection_request_event_t q;

	watch_files();
	own();
	q = next_request();
	give_targets(&q, names);
	q = next_request();
	ck_assert_uint_eq(q.target, atom("UTF8_STRING"));
	ck_assert_int_eq(files_told, 0);
}
END_TEST

START_TEST(files_we_own_are_given_as_file_managers_want_them)
{
	static const char *const paths[] = { "/a b", "/c" };
	struct got g;

	set_text("makes us the owner");
	ck_assert_int_eq(hws_clip_set_files(d.p->clip, paths, 2), HWS_OK);
	desktop_run(&d, 50);
	ck_assert(convert("TARGETS", XCB_CURRENT_TIME, &g));
	ck_assert(has_atom(&g, "text/uri-list"));
	ck_assert(has_atom(&g, "x-special/gnome-copied-files"));
	ck_assert(has_atom(&g, "dyn.com.rustdesk.owner"));
	ck_assert(!has_atom(&g, "UTF8_STRING"));
	ck_assert(convert("text/uri-list", XCB_CURRENT_TIME, &g));
	ck_assert_uint_eq(g.len, 26);
	ck_assert_mem_eq(g.bytes, "file:///a%20b\r\nfile:///c\r\n", 26);
	ck_assert(convert("x-special/gnome-copied-files", XCB_CURRENT_TIME, &g));
	ck_assert_uint_eq(g.len, 28);
	ck_assert_mem_eq(g.bytes, "copy\nfile:///a%20b\nfile:///c", 28);
	ck_assert(!convert("UTF8_STRING", XCB_CURRENT_TIME, &g));
	hws_clip_clear_files(d.p->clip);
	desktop_run(&d, 50);
	ck_assert(!convert("text/uri-list", XCB_CURRENT_TIME, &g));
}
END_TEST

START_TEST(what_is_refused_is_asked_for_in_the_next_encoding)
{
	const char *const names[] = { "UTF8_STRING", "STRING", NULL };
	xcb_selection_request_event_t q;

	watch();
	own();
	q = next_request();
	notify(&q, XCB_NONE); /* no list of targets at all */
	q = next_request();
	ck_assert_uint_eq(q.target, atom("UTF8_STRING"));
	notify(&q, XCB_NONE);
	q = next_request();
	ck_assert_uint_eq(q.target, XCB_ATOM_STRING);
	give(&q, "STRING", "old", 3);
	desktop_wait(&d, &d.texts, 1);
	ck_assert_str_eq(d.text, "old");
	/* The same when it is given and is not what it says. */
	own();
	q = next_request();
	give_targets(&q, names);
	q = next_request();
	give(&q, "UTF8_STRING", "\xff\xfe", 2);
	q = next_request();
	ck_assert_uint_eq(q.target, XCB_ATOM_STRING);
	give(&q, "STRING", "good", 4);
	desktop_wait(&d, &d.texts, 2);
	ck_assert_str_eq(d.text, "good");
}
END_TEST

/* The answer of an owner that has lost the selection meanwhile says nothing about the present
 * one. */
START_TEST(a_late_answer_is_not_taken_for_another_owners)
{
	static const char *const plain[] = { "UTF8_STRING", NULL };
	static const char *const marked[] = { "UTF8_STRING", "dyn.com.rustdesk.owner", NULL };
	xcb_selection_request_event_t first, second;

	watch();
	own();
	first = next_request();
	own(); /* somebody else, that is: a new owner */
	second = next_request();
	if (_i) { /* the late one comes as text, when a text is waited for */
		give_targets(&second, plain);
		second = next_request();
		give(&first, "UTF8_STRING", "stale", 5);
		desktop_run(&d, 100);
		ck_assert_uint_eq(d.texts, 0);
		give(&second, "UTF8_STRING", "fresh", 5);
		desktop_wait(&d, &d.texts, 1);
		ck_assert_str_eq(d.text, "fresh");
		return;
	}
	give_targets(&first, plain);
	desktop_run(&d, 100);
	xcb_generic_event_t *e;
	while ((e = xcb_poll_for_event(d.c))) { /* nobody is asked for a text because of it */
		ck_assert_uint_ne(e->response_type & 0x7f, XCB_SELECTION_REQUEST);
		free(e);
	}
	give_targets(&second, marked);
	second = next_request();
	give(&second, "UTF8_STRING", "from afar", 9);
	desktop_wait(&d, &d.marked, 1);
	ck_assert_uint_eq(d.texts, 0);
}
END_TEST

/* Writes pieces as they are read, until `total` bytes or until nobody reads any more. */
static size_t pour(const xcb_selection_request_event_t *q, size_t total, size_t piece)
{
	uint32_t size = 10, mask = XCB_EVENT_MASK_PROPERTY_CHANGE;
	char *text = malloc(piece);
	size_t sent = 0;
	bool last = false;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', piece);
	xcb_change_window_attributes(d.c, q->requestor, XCB_CW_EVENT_MASK, &mask);
	xcb_change_property(d.c, XCB_PROP_MODE_REPLACE, q->requestor, q->property, atom("INCR"), 32,
			1, &size);
	notify(q, q->property);
	for (uint64_t end = test_now_ms() + TEST_PATIENCE_MS; !last && test_now_ms() < end;) {
		xcb_generic_event_t *e = xcb_poll_for_event(d.c);
		const xcb_property_notify_event_t *p = (const xcb_property_notify_event_t *)e;
		if (!e) {
			hws_loop_once(d.loop, 1000);
			continue;
		}
		if ((e->response_type & 0x7f) == XCB_PROPERTY_NOTIFY && p->window == q->requestor &&
				p->state == XCB_PROPERTY_DELETE && p->atom == q->property) {
			size_t n = HWS_MIN(piece, total - sent);
			xcb_change_property(d.c, XCB_PROP_MODE_REPLACE, q->requestor, q->property,
					atom("UTF8_STRING"), 8, (uint32_t)n, text);
			xcb_flush(d.c);
			sent += n;
			last = n == 0;
		}
		free(e);
	}
	free(text);
	ck_assert(last); /* also a text that is not wanted comes to its end */
	return sent;
}

START_TEST(pieces_are_put_together_up_to_a_bound)
{
	static const char *const plain[] = { "UTF8_STRING", NULL };
	size_t total = _i ? HWS_CLIP_PART_MAX + (2u << 20) : 700001;
	xcb_selection_request_event_t q;

	watch();
	own();
	q = next_request();
	give_targets(&q, plain);
	q = next_request();
	ck_assert_uint_eq(pour(&q, total, _i ? 1u << 20 : 9999), total);
	if (!_i) {
		desktop_wait(&d, &d.texts, 1);
		ck_assert_uint_eq(d.text_len, total);
		return;
	}
	desktop_wait(&d, &d.large, 1);
	own();
	q = next_request();
	give_targets(&q, plain);
	q = next_request();
	give(&q, "UTF8_STRING", "next", 4);
	desktop_wait(&d, &d.texts, 1);
	ck_assert_str_eq(d.text, "next");
	ck_assert_uint_eq(d.large, 1);
}
END_TEST

/* The server's word that we lost it is on its way when we take it again. */
START_TEST(an_old_loss_does_not_take_a_new_text_away)
{
	struct got g;

	set_text("first");
	own();
	set_text("second");
	ck_assert(convert("UTF8_STRING", XCB_CURRENT_TIME, &g));
	ck_assert_mem_eq(g.bytes, "second", 6);
	/* And a real loss is noticed, whether or not changes are watched. */
	own();
	desktop_run(&d, 50);
	ck_assert_int_eq(hws_clip_set_text(d.p->clip, hws_bytes_str("second")), HWS_OK);
	set_text("second");
	ck_assert(convert("UTF8_STRING", XCB_CURRENT_TIME, &g));
	ck_assert_mem_eq(g.bytes, "second", 6);
}
END_TEST

START_TEST(who_does_not_fetch_its_pieces_holds_nobody_up)
{
	size_t len = 3u << 20;
	char *text = malloc(len);
	struct got g;

	ck_assert_ptr_nonnull(text);
	memset(text, 'y', len);
	ck_assert_int_eq(hws_clip_set_text(d.p->clip, hws_bytes(text, len)), HWS_OK);
	desktop_run(&d, 100);
	for (unsigned i = 0; i < 40; i++) { /* more than are kept, none of them read on */
		ck_assert(convert("UTF8_STRING", XCB_CURRENT_TIME, &g));
		ck_assert_uint_eq(g.type, atom("INCR"));
	}
	desktop_run(&d, 50);
	set_text("short");
	ck_assert(convert("UTF8_STRING", XCB_CURRENT_TIME, &g));
	ck_assert_uint_eq(g.len, 5);
	free(text);
}
END_TEST

static uint32_t events_of(xcb_window_t w)
{
	xcb_get_window_attributes_reply_t *a = xcb_get_window_attributes_reply(
			d.c, xcb_get_window_attributes(d.c, w), NULL);
	uint32_t mask = a->all_event_masks;

	free(a);
	return mask;
}

/* Anybody may name any window to write to: one whose events we need is not ours to stop listening
 * to. */
START_TEST(who_names_a_window_we_listen_to_does_not_make_us_deaf)
{
	size_t len = 3u << 20;
	char *text = malloc(len), name[] = "ATTACK_A";
	xcb_window_t to = d.screen->root;
	xcb_generic_event_t *e;
	unsigned answered = 0;
	struct got g;

	ck_assert_ptr_nonnull(text);
	memset(text, 'y', len);
	ck_assert_int_eq(hws_inject_type_char(d.p->inject, 0x4e16, false, 0), HWS_OK);
	ck_assert_int_eq(hws_clip_set_text(d.p->clip, hws_bytes(text, len)), HWS_OK);
	desktop_run(&d, 100);
	if (_i == 0) {
		xcb_get_selection_owner_reply_t *o = xcb_get_selection_owner_reply(
				d.c, xcb_get_selection_owner(d.c, clipboard), NULL);
		to = o->owner;
		free(o);
	}
	uint32_t before = events_of(to);
	ck_assert_uint_ne(before, 0);
	xcb_convert_selection(
			d.c, to, clipboard, atom("UTF8_STRING"), atom(name), XCB_CURRENT_TIME);
	desktop_sync(&d);
	desktop_run(&d, 100);
	for (unsigned i = 0; i < 20; i++) { /* so many that the first one is given up */
		name[sizeof(name) - 2] = (char)('B' + i);
		xcb_convert_selection(d.c, d.window, clipboard, atom("UTF8_STRING"), atom(name),
				XCB_CURRENT_TIME);
	}
	desktop_sync(&d);
	for (uint64_t end = test_now_ms() + TEST_PATIENCE_MS; answered < 20;) {
		ck_assert_uint_lt(test_now_ms(), end);
		hws_loop_once(d.loop, 1000);
		while ((e = xcb_poll_for_event(d.c)) != NULL) {
			answered += (e->response_type & 0x7f) == XCB_SELECTION_NOTIFY;
			free(e);
		}
	}
	desktop_run(&d, 50);
	ck_assert_uint_eq(events_of(to), before);
	set_text("short");
	ck_assert(convert("UTF8_STRING", XCB_CURRENT_TIME, &g));
	ck_assert_uint_eq(g.len, 5);
	free(text);
}
END_TEST

static void set_flag(void *arg)
{
	*(bool *)arg = true;
}

/* Each answer is work; pictures and keys of the viewers have their turn between them. */
START_TEST(who_asks_without_end_does_not_get_all_turns)
{
	size_t len = 1u << 20;
	unsigned asked = 200, answered = 0;
	char *text = malloc(len);
	struct hws_timer timer = { 0 };
	bool had_a_turn = false;
	xcb_generic_event_t *e;

	ck_assert_ptr_nonnull(text);
	memset(text, 'y', len);
	ck_assert_int_eq(hws_clip_set_text(d.p->clip, hws_bytes(text, len)), HWS_OK);
	desktop_run(&d, 100);
	for (unsigned i = 0; i < asked; i++)
		xcb_convert_selection(d.c, d.window, clipboard, atom("COMPOUND_TEXT"), mine,
				XCB_CURRENT_TIME);
	desktop_sync(&d);
	hws_timer_start(d.loop, &timer, 1, set_flag, &had_a_turn);
	for (uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
			answered < asked && test_now_ms() < end;) {
		hws_loop_once(d.loop, 1000);
		desktop_sync(&d);
		while ((e = xcb_poll_for_event(d.c)) != NULL) {
			answered += (e->response_type & 0x7f) == XCB_SELECTION_NOTIFY;
			free(e);
		}
		if (!had_a_turn)
			ck_assert_uint_lt(answered, asked);
	}
	ck_assert(had_a_turn);
	ck_assert_uint_eq(answered, asked); /* nobody is forgotten */
	free(text);
}
END_TEST

Suite *x11_clip_suite(void)
{
	Suite *s = suite_create("platform/x11 clip");
	TCase *t = tcase_create("clip");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, clip_client_setup, clip_client_teardown);
	tcase_add_loop_test(t, text_we_own_is_given_in_the_encoding_asked_for, 0,
			(int)HWS_COUNT(encodings));
	tcase_add_test(t, targets_and_timestamp_are_told);
	tcase_add_test(t, several_targets_are_given_at_once);
	tcase_add_loop_test(t, text_in_any_encoding_is_taken, 0, (int)HWS_COUNT(offers));
	tcase_add_test(t, files_are_taken_before_their_text);
	tcase_add_test(t, files_of_a_remote_desktop_program_are_not_told);
	tcase_add_test(t, files_we_own_are_given_as_file_managers_want_them);
	tcase_add_test(t, what_is_refused_is_asked_for_in_the_next_encoding);
	tcase_add_loop_test(t, a_late_answer_is_not_taken_for_another_owners, 0, 2);
	tcase_add_loop_test(t, pieces_are_put_together_up_to_a_bound, 0, 2);
	tcase_add_test(t, an_old_loss_does_not_take_a_new_text_away);
	tcase_add_test(t, who_does_not_fetch_its_pieces_holds_nobody_up);
	tcase_add_test(t, who_asks_without_end_does_not_get_all_turns);
	tcase_add_loop_test(t, who_names_a_window_we_listen_to_does_not_make_us_deaf, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
