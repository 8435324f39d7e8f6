/* Input, cursor and clipboard of a real X server, seen by another client. */
#include "desktop.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xcb/xtest.h>
#include <xkbcommon/xkbcommon.h>

static struct desktop d;

static void setup(void)
{
	desktop_setup(&d);
}

static void teardown(void)
{
	desktop_teardown(&d);
}

/* The character a program makes of a key press, by the layout of this moment. */
static uint32_t character_of(const xcb_key_press_event_t *e)
{
	xcb_get_keyboard_mapping_reply_t *r = xcb_get_keyboard_mapping_reply(
			d.c, xcb_get_keyboard_mapping(d.c, e->detail, 1), NULL);
	ck_assert_ptr_nonnull(r);
	bool shift = (e->state & XCB_MOD_MASK_SHIFT) != 0;
	xcb_keysym_t sym = xcb_get_keyboard_mapping_keysyms(r)[shift ? 1 : 0];

	if (e->state & XCB_MOD_MASK_LOCK)
		sym = shift ? xkb_keysym_to_lower(sym) : xkb_keysym_to_upper(sym);
	free(r);
	return xkb_keysym_to_utf32(sym);
}

static uint32_t next_character(void)
{
	for (;;) {
		xcb_generic_event_t *e = desktop_event(&d, XCB_KEY_PRESS);
		uint32_t cp = character_of((const xcb_key_press_event_t *)e);
		free(e);
		if (cp) /* Shift itself makes none */
			return cp;
	}
}

START_TEST(text_arrives_also_when_it_is_on_no_key)
{
	static const uint32_t text[] = { 'a', 'Z', '1', '!', ' ', '@', 0xdf, 0x20ac, 0x4e16, 0x754c,
		0x1f600, '~', 'e' };

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		ck_assert_int_eq(hws_inject_type_char(d.p->inject, text[i], false, 0), HWS_OK);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		ck_assert_uint_eq(next_character(), text[i]);
	ck_assert_int_eq(hws_inject_type_char(d.p->inject, 0xd800, false, 0), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_inject_type_char(d.p->inject, 0x110000, false, 0), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(caps_lock_does_not_turn_typed_text_over)
{
	ck_assert_uint_eq(hws_inject_locks(d.p->inject), 0);
	ck_assert_int_eq(hws_inject_set_locks(d.p->inject, HWS_LOCK_CAPS, HWS_LOCK_CAPS), HWS_OK);
	ck_assert_int_eq(hws_inject_type_char(d.p->inject, 'q', false, 0), HWS_OK);
	ck_assert_int_eq(hws_inject_type_char(d.p->inject, 'Q', false, 0), HWS_OK);
	ck_assert_int_eq(hws_inject_type_char(d.p->inject, '7', false, 0), HWS_OK);
	ck_assert_uint_eq(next_character(), 'q');
	ck_assert_uint_eq(next_character(), 'Q');
	ck_assert_uint_eq(next_character(), '7');
	ck_assert_uint_eq(hws_inject_locks(d.p->inject), HWS_LOCK_CAPS);
	ck_assert_int_eq(hws_inject_set_locks(
					 d.p->inject, HWS_LOCK_CAPS | HWS_LOCK_NUM, HWS_LOCK_NUM),
			HWS_OK);
	desktop_run(&d, 30);
	ck_assert_uint_eq(hws_inject_locks(d.p->inject), HWS_LOCK_NUM);
}
END_TEST

START_TEST(keys_are_pressed_repeated_and_all_released)
{
	uint8_t code = 0;

	ck_assert_int_eq(hws_inject_key(d.p->inject, 7, true), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_inject_keycode_of(d.p->inject, 'k', &code), HWS_OK);
	ck_assert_uint_eq(code, 45);
	ck_assert_int_eq(hws_inject_keycode_of(d.p->inject, 0x1005fff, &code), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_inject_key(d.p->inject, 45, true), HWS_OK);
	ck_assert_int_eq(hws_inject_key(d.p->inject, 45, true), HWS_OK);
	free(desktop_event(&d, XCB_KEY_PRESS));
	free(desktop_event(&d, XCB_KEY_PRESS));
	ck_assert(hws_inject_key_is_down(d.p->inject, 45));
	ck_assert_int_eq(hws_inject_key(d.p->inject, 46, false), HWS_OK); /* was never down */
	hws_inject_release_all(d.p->inject);
	xcb_generic_event_t *e = desktop_event(&d, XCB_KEY_RELEASE);
	ck_assert_uint_eq(((xcb_key_release_event_t *)e)->detail, 45);
	free(e);
	ck_assert(!hws_inject_key_is_down(d.p->inject, 45));
}
END_TEST

static bool is_anything_held(void)
{
	xcb_query_keymap_reply_t *k = xcb_query_keymap_reply(d.c, xcb_query_keymap(d.c), NULL);
	xcb_query_pointer_reply_t *p =
			xcb_query_pointer_reply(d.c, xcb_query_pointer(d.c, d.screen->root), NULL);
	bool held = (p->mask & XCB_KEY_BUT_MASK_BUTTON_1) != 0;

	for (size_t i = 0; i < sizeof(k->keys); i++)
		held = held || k->keys[i];
	free(k);
	free(p);
	return held;
}

/* An agent that was killed lets go of nothing; to the server its keys are those of XTEST, whoever
 * pressed them. */
START_TEST(what_a_dead_process_held_is_let_go_of)
{
	xcb_test_fake_input(d.c, XCB_KEY_PRESS, 45, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
	xcb_test_fake_input(d.c, XCB_KEY_PRESS, 50, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
	xcb_test_fake_input(d.c, XCB_BUTTON_PRESS, 1, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
	desktop_sync(&d);
	ck_assert(is_anything_held());
	desktop_reopen(&d);
	ck_assert(!is_anything_held());
}
END_TEST

/* A few large texts are enough to fill the queue. */
START_TEST(nothing_stays_held_when_more_is_typed_than_can_wait)
{
	unsigned waiting = 0;
	xcb_generic_event_t *e;

	ck_assert_int_eq(hws_inject_key(d.p->inject, 45, true), HWS_OK);
	for (;; waiting++) {
		if (hws_inject_type_char(d.p->inject, 'a', false, 0) < 0)
			break;
		/* a click and a key at any place of the queue: also where the end finds no room */
		if (waiting < 60000)
			continue;
		(void)!hws_inject_button(d.p->inject, HWS_BUTTON_LEFT, true);
		(void)!hws_inject_key(d.p->inject, 46, true);
		(void)!hws_inject_button(d.p->inject, HWS_BUTTON_LEFT, false);
		(void)!hws_inject_key(d.p->inject, 46, false);
	}
	ck_assert_uint_gt(waiting, 60000);
	ck_assert_int_eq(hws_inject_type_char(d.p->inject, 'a', false, 0), HWS_ERR_FULL);
	ck_assert_int_eq(hws_inject_key(d.p->inject, 45, false), HWS_OK);
	hws_inject_release_all(d.p->inject);
	for (unsigned quiet = 0; quiet < 20;) { /* until all has been done */
		unsigned events = 0;
		desktop_run(&d, 20);
		for (; (e = xcb_poll_for_event(d.c)) != NULL; events++)
			free(e);
		quiet = events ? 0 : quiet + 1;
	}
	ck_assert(!is_anything_held());
}
END_TEST

START_TEST(the_mouse_moves_clicks_and_scrolls)
{
	static const struct {
		unsigned button;
		uint8_t number;
	} buttons[] = { { HWS_BUTTON_LEFT, 1 }, { HWS_BUTTON_MIDDLE, 2 }, { HWS_BUTTON_RIGHT, 3 },
		{ HWS_BUTTON_BACK, 8 }, { HWS_BUTTON_FORWARD, 9 } };

	ck_assert_int_eq(hws_inject_move(d.p->inject, 123, 45), HWS_OK);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_int_eq(hws_inject_button(d.p->inject, buttons[i].button, true), HWS_OK);
		ck_assert_int_eq(hws_inject_button(d.p->inject, buttons[i].button, false), HWS_OK);
		xcb_generic_event_t *e = desktop_event(&d, XCB_BUTTON_PRESS);
		const xcb_button_press_event_t *b = (const xcb_button_press_event_t *)e;
		ck_assert_uint_eq(b->detail, buttons[i].number);
		ck_assert_int_eq(b->root_x, 123);
		ck_assert_int_eq(b->root_y, 45);
		free(e);
	}
	ck_assert_int_eq(hws_inject_button(d.p->inject, 3, true), HWS_ERR_INVAL);
	static const int wheel[][3] = { { 0, 2, 4 }, { 0, -1, 5 }, { 1, 0, 6 }, { -2, 0, 7 } };
	for (size_t i = 0; i < 4; i++) {
		int n = abs(wheel[i][0]) + abs(wheel[i][1]);
		ck_assert_int_eq(hws_inject_wheel(d.p->inject, wheel[i][0], wheel[i][1]), HWS_OK);
		while (n-- > 0) {
			xcb_generic_event_t *e = desktop_event(&d, XCB_BUTTON_PRESS);
			ck_assert_uint_eq(((xcb_button_press_event_t *)e)->detail, wheel[i][2]);
			free(e);
		}
	}
	ck_assert_int_eq(hws_inject_move_relative(d.p->inject, -3, 5), HWS_OK);
	ck_assert_int_eq(hws_inject_button(d.p->inject, HWS_BUTTON_LEFT, true), HWS_OK);
	xcb_generic_event_t *e = desktop_event(&d, XCB_BUTTON_PRESS);
	ck_assert_int_eq(((xcb_button_press_event_t *)e)->root_x, 120);
	ck_assert_int_eq(((xcb_button_press_event_t *)e)->root_y, 50);
	free(e);
	hws_inject_release_all(d.p->inject);
	e = desktop_event(&d, XCB_BUTTON_RELEASE);
	free(e);
}
END_TEST

START_TEST(the_cursor_shape_and_position_are_told)
{
	xcb_pixmap_t pix = xcb_generate_id(d.c);
	xcb_cursor_t cursor = xcb_generate_id(d.c);
	xcb_gcontext_t gc = xcb_generate_id(d.c);
	uint32_t one = 1;
	xcb_rectangle_t all = { 0, 0, 16, 12 };

	hws_cursor_watch(d.p->cursor, true, true);
	desktop_wait(&d, &d.shapes, 1);
	uint64_t before = d.shape_id;
	xcb_create_pixmap(d.c, 1, pix, d.window, 16, 12);
	xcb_create_gc(d.c, gc, pix, XCB_GC_FOREGROUND, &one);
	xcb_poly_fill_rectangle(d.c, pix, gc, 1, &all);
	xcb_create_cursor(d.c, cursor, pix, pix, 0xffff, 0x8000, 0, 0, 0, 0, 5, 7);
	xcb_change_window_attributes(d.c, d.window, XCB_CW_CURSOR, &cursor);
	desktop_sync(&d);
	ck_assert_int_eq(hws_inject_move(d.p->inject, 300, 200), HWS_OK);
	desktop_wait(&d, &d.shapes, 2);
	ck_assert_int_eq(d.shape_w, 16);
	ck_assert_int_eq(d.shape_h, 12);
	ck_assert_int_eq(d.shape_hot_x, 5);
	ck_assert_int_eq(d.shape_hot_y, 7);
	ck_assert(d.shape_id != before && d.shape_id != 0);
	ck_assert_mem_eq(d.shape_pixel, ((uint8_t[]){ 255, 128, 0, 255 }), 4);
	unsigned n = d.positions;
	ck_assert_int_eq(hws_inject_move(d.p->inject, 310, 207), HWS_OK);
	desktop_wait(&d, &d.positions, n + 1);
	while (d.pos_x != 310)
		desktop_wait(&d, &d.positions, d.positions + 1);
	ck_assert_int_eq(d.pos_y, 207);
}
END_TEST

/* xclip, a real program, on the other side of the clipboard. */
static void start_xclip(struct test_proc *p, const char *way, const char *file)
{
	const char *const argv[] = { "/usr/bin/xclip", "-display", d.x.display, "-selection",
		"clipboard", "-quiet", way, file, NULL };

	test_proc_start(p, argv, NULL);
}

static char *sample(size_t len)
{
	char *s = calloc(1, len + 1);

	ck_assert_ptr_nonnull(s);
	for (size_t i = 0; i < len; i++)
		s[i] = (char)('!' + (i * 7 + i / 251) % 90);
	return s;
}

START_TEST(text_somebody_copies_is_told)
{
	size_t len = _i ? 1500000 : 60; /* the larger one travels in pieces */
	char dir[256], file[300], *text = sample(len);
	struct test_proc p;

	snprintf(file, sizeof(file), "%s/in", test_dir(dir, sizeof(dir)));
	FILE *f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	fclose(f);
	hws_clip_watch(d.p->clip, true);
	desktop_run(&d, 20);
	start_xclip(&p, "-i", file);
	desktop_wait(&d, &d.texts, 1);
	ck_assert_uint_eq(d.text_len, len);
	ck_assert_mem_eq(d.text, text, len);
	test_proc_stop(&p);
	free(text);
}
END_TEST

START_TEST(text_we_set_is_read_and_not_told_back)
{
	size_t len = _i ? 1500000 : 60;
	char *text = sample(len);
	const char *const argv[] = { "/usr/bin/xclip", "-display", d.x.display, "-selection",
		"clipboard", "-o", NULL };
	struct test_proc p;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	hws_clip_watch(d.p->clip, true);
	ck_assert_int_eq(hws_clip_set_text(d.p->clip, hws_bytes(text, len)), HWS_OK);
	desktop_run(&d, 30);
	test_proc_start(&p, argv, NULL);
	while (p.len < len) {
		ck_assert_msg(test_now_ms() < end, "%zu of %zu bytes arrived", p.len, len);
		hws_loop_once(d.loop, 1000);
		(void)test_proc_expect(&p, "\x01", 1);
	}
	ck_assert_uint_eq(p.len, len);
	ck_assert_mem_eq(p.log, text, len);
	test_proc_stop(&p);
	ck_assert_uint_eq(d.texts, 0);
	free(text);
}
END_TEST

START_TEST(an_owner_that_never_answers_does_not_block_the_next)
{
	xcb_atom_t clipboard;
	xcb_intern_atom_reply_t *r =
			xcb_intern_atom_reply(d.c, xcb_intern_atom(d.c, 0, 9, "CLIPBOARD"), NULL);
	struct test_proc p;
	char dir[256], file[300];

	clipboard = r->atom;
	free(r);
	hws_clip_watch(d.p->clip, true);
	desktop_run(&d, 20);
	xcb_set_selection_owner(d.c, d.window, clipboard, XCB_CURRENT_TIME);
	desktop_sync(&d);
	desktop_run(&d, 50);
	snprintf(file, sizeof(file), "%s/in", test_dir(dir, sizeof(dir)));
	FILE *f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	fputs("next", f);
	fclose(f);
	start_xclip(&p, "-i", file);
	desktop_wait(&d, &d.texts, 1);
	ck_assert_str_eq(d.text, "next");
	test_proc_stop(&p);
}
END_TEST

Suite *x11_input_suite(void)
{
	Suite *s = suite_create("platform/x11 input");
	TCase *t = tcase_create("input");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, text_arrives_also_when_it_is_on_no_key);
	tcase_add_test(t, caps_lock_does_not_turn_typed_text_over);
	tcase_add_test(t, keys_are_pressed_repeated_and_all_released);
	tcase_add_test(t, what_a_dead_process_held_is_let_go_of);
	tcase_add_test(t, nothing_stays_held_when_more_is_typed_than_can_wait);
	tcase_add_test(t, the_mouse_moves_clicks_and_scrolls);
	tcase_add_test(t, the_cursor_shape_and_position_are_told);
	tcase_add_loop_test(t, text_somebody_copies_is_told, 0, 2);
	tcase_add_loop_test(t, text_we_set_is_read_and_not_told_back, 0, 2);
	tcase_add_test(t, an_owner_that_never_answers_does_not_block_the_next);
	suite_add_tcase(s, t);
	return s;
}
