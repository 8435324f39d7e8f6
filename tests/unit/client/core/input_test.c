/* What keys, mouse, clipboard and cursor become on the wire, and the recording of a stream. */
#include "client/services/clipboard/clipboard_view.h"
#include "client/services/cursor/cursor_view.h"
#include "client/services/input/input_view.h"
#include "client/services/input/keymap.h"
#include "shared/wire/compress.h"
#include "shared/wire/envelope.h"
#include "suites.h"
#include "tests/unit/client/core/recorder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* evdev, then X11, Windows, macOS, Android as the protocol's table has them; ~0 = no code. */
static const struct {
	unsigned evdev;
	uint32_t x11, windows, macos, android;
} positions[] = {
	{ 30, 0x26, 0x1e, 0x00, 0x1d },    /* A */
	{ 16, 0x18, 0x10, 0x0c, 0x2d },    /* Q */
	{ 28, 0x24, 0x1c, 0x24, 0x42 },    /* Return */
	{ 1, 0x09, 0x01, 0x35, 0x6f },     /* Escape */
	{ 97, 0x69, 0xe01d, 0x3e, 0x72 },  /* right Control */
	{ 100, 0x6c, 0xe038, 0x3d, 0x3a }, /* AltGr */
	{ 103, 0x6f, 0xe048, 0x7e, 0x13 }, /* Up */
	{ 111, 0x77, 0xe053, 0x75, 0x70 }, /* Delete */
	{ 125, 0x85, 0xe05b, 0x37, 0x75 }, /* left Meta */
	{ 86, 0x5e, 0x56, 0x0a, ~0u },     /* the key beside left Shift */
	{ 96, 0x68, 0xe01c, 0x4c, ~0u },   /* Enter of the numpad */
	{ 119, 0x7f, ~0u, ~0u, 0x79 },     /* Pause */
	{ 194, 0xca, 0x76, ~0u, ~0u },     /* F24 */
	{ 9999, ~0u, ~0u, ~0u, ~0u },
};

START_TEST(positions_follow_the_table)
{
	unsigned k = positions[_i].evdev;

	ck_assert_uint_eq(hws_keymap_position(HWS_PLATFORM_LINUX, k), positions[_i].x11);
	ck_assert_uint_eq(hws_keymap_position(HWS_PLATFORM_WINDOWS, k), positions[_i].windows);
	ck_assert_uint_eq(hws_keymap_position(HWS_PLATFORM_MACOS, k), positions[_i].macos);
	ck_assert_uint_eq(hws_keymap_position(HWS_PLATFORM_ANDROID, k), positions[_i].android);
}
END_TEST

START_TEST(no_two_keys_share_a_position)
{
	static const enum hws_peer_platform all[] = { HWS_PLATFORM_WINDOWS, HWS_PLATFORM_ANDROID };

	for (size_t p = 0; p < HWS_COUNT(all); p++)
		for (unsigned a = 1; a < 248; a++)
			for (unsigned b = a + 1; b < 248; b++) {
				uint32_t x = hws_keymap_position(all[p], a);
				if ((a == 85 && b == 194) || (a == 40 && b == 41))
					continue; /* Lang5 and F24, quotes of Android: so in the
						     table */
				ck_assert_msg(x == HWS_KEY_NONE ||
								x != hws_keymap_position(all[p], b),
						"keys %u and %u", a, b);
			}
}
END_TEST

static const Ses__KeyEvent *last_key(struct recorder *r, Ses__Message **m)
{
	*m = recorder_sent(r, -1);
	ck_assert_int_eq((*m)->union_case, SES__MESSAGE__UNION_KEY_EVENT);
	return (*m)->key_event;
}

START_TEST(map_mode_sends_positions_of_the_host)
{
	struct recorder r;
	struct hws_input_view *iv;
	Ses__Message *m;

	recorder_ready(&r, "Windows", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	ck_assert_int_eq(hws_input_view_key(iv, 30, true, HWS_LOCK_CAPS | HWS_LOCK_NUM, 'A'),
			HWS_OK);
	const Ses__KeyEvent *k = last_key(&r, &m);
	ck_assert_int_eq(k->mode, SES__KEYBOARD_MODE__Map);
	ck_assert_int_eq(k->union_case, SES__KEY_EVENT__UNION_CHR);
	ck_assert_uint_eq(k->chr, 0x1e);
	ck_assert(k->down && !k->press);
	ck_assert_uint_eq(k->n_modifiers, 1);
	ck_assert_int_eq(k->modifiers[0], SES__CONTROL_KEY__CapsLock);
	hws_ses_free(m);
	/* Auto-repeat is another down; the release comes once. */
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_input_view_key(iv, 30, true, 0, 'a'), HWS_OK);
	ck_assert_int_eq(hws_input_view_key(iv, 30, false, 0, 'a'), HWS_OK);
	ck_assert_int_eq(hws_input_view_key(iv, 30, false, 0, 'a'), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before + 2);
	/* Pause has no scan code. */
	ck_assert_int_eq(hws_input_view_key(iv, 119, true, 0, 0), HWS_OK);
	k = last_key(&r, &m);
	ck_assert_int_eq(k->mode, SES__KEYBOARD_MODE__Legacy);
	ck_assert_int_eq(k->control_key, SES__CONTROL_KEY__Pause);
	hws_ses_free(m);
	ck_assert_int_eq(hws_input_view_key(iv, 240, true, 0, 0), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_input_view_key(iv, 0, true, 0, 0), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_input_view_key(iv, 70000, true, 0, 0), HWS_ERR_UNSUPPORTED);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

START_TEST(macos_key_a_has_code_0_and_is_sent)
{
	struct recorder r;
	struct hws_input_view *iv;
	Ses__Message *m;

	recorder_ready(&r, "Mac OS", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	ck_assert_int_eq(hws_input_view_key(iv, 30, true, 0, 'a'), HWS_OK);
	const Ses__KeyEvent *k = last_key(&r, &m);
	ck_assert_int_eq(k->union_case, SES__KEY_EVENT__UNION_CHR);
	ck_assert_uint_eq(k->chr, 0);
	hws_ses_free(m);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

START_TEST(translate_mode_sends_characters_and_hotkeys_as_positions)
{
	struct recorder r;
	struct hws_input_view *iv;
	Ses__Message *m;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	hws_input_view_set_mode(iv, HWS_KEYBOARD_TRANSLATE);
	ck_assert_int_eq(hws_input_view_key(iv, 18, true, 0, 0x20ac), HWS_OK);
	const Ses__KeyEvent *k = last_key(&r, &m);
	ck_assert_int_eq(k->union_case, SES__KEY_EVENT__UNION_SEQ);
	ck_assert_str_eq(k->seq, "\xe2\x82\xac");
	ck_assert_int_eq(k->mode, SES__KEYBOARD_MODE__Translate);
	hws_ses_free(m);
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_input_view_key(iv, 18, false, 0, 0x20ac), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before); /* a character needs no release */
	ck_assert_int_eq(hws_input_view_key(iv, 29, true, 0, 0), HWS_OK);
	/* Z of an AZERTY keyboard, in the place of W; its digits stay by place. */
	ck_assert_int_eq(hws_input_view_key(iv, 17, true, 0, 'z'), HWS_OK);
	k = last_key(&r, &m);
	ck_assert_int_eq(k->union_case, SES__KEY_EVENT__UNION_SEQ);
	ck_assert_str_eq(k->seq, "z");
	hws_ses_free(m);
	ck_assert_int_eq(hws_input_view_key(iv, 2, true, 0, '&'), HWS_OK);
	k = last_key(&r, &m);
	ck_assert_int_eq(k->union_case, SES__KEY_EVENT__UNION_CHR);
	ck_assert_uint_eq(k->chr, 2 + 8);
	hws_ses_free(m);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

START_TEST(alt_gr_of_translate_mode_is_in_the_characters_alone)
{
	struct recorder r;
	struct hws_input_view *iv;
	Ses__Message *m;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	hws_input_view_set_mode(iv, HWS_KEYBOARD_TRANSLATE);
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_input_view_key(iv, 100, true, 0, 0), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before);
	ck_assert_int_eq(hws_input_view_key(iv, 18, true, 0, 0x20ac), HWS_OK);
	const Ses__KeyEvent *k = last_key(&r, &m);
	ck_assert_int_eq(k->union_case, SES__KEY_EVENT__UNION_SEQ);
	ck_assert_str_eq(k->seq, "\xe2\x82\xac");
	hws_ses_free(m);
	ck_assert_int_eq(hws_input_view_button(iv, 1, true), HWS_OK);
	m = recorder_sent(&r, -1);
	ck_assert_uint_eq(m->mouse_event->n_modifiers, 0);
	hws_ses_free(m);
	before = r.sent_count;
	ck_assert_int_eq(hws_input_view_key(iv, 18, false, 0, 0), HWS_OK);
	ck_assert_int_eq(hws_input_view_key(iv, 100, false, 0, 0), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

/* Spec session 5.1: such a host knows a few masks only, and takes places from all of them. */
START_TEST(android_hosts_get_touches_and_wheels_as_they_know_them)
{
	struct recorder r;
	struct hws_input_view *iv;
	static const struct {
		int mask, x;
	} want[] = { { 0, 10 }, { 9, 10 }, { 8, 20 }, { 10, 20 }, { 0, 30 }, { 963, 30 },
		{ 523331, 30 } };

	recorder_ready(&r, "Android", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_input_view_move(iv, 0, 10, 5), HWS_OK);
	ck_assert_int_eq(hws_input_view_button(iv, 1, true), HWS_OK);
	ck_assert_int_eq(hws_input_view_move(iv, 0, 20, 5), HWS_OK);
	ck_assert_int_eq(hws_input_view_button(iv, 1, false), HWS_OK);
	ck_assert_int_eq(hws_input_view_move(iv, 0, 30, 5), HWS_OK);
	ck_assert_int_eq(hws_input_view_wheel(iv, 0, 120), HWS_OK);
	ck_assert_int_eq(hws_input_view_wheel(iv, 0, -120), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before + HWS_COUNT(want));
	for (size_t i = 0; i < HWS_COUNT(want); i++) {
		Ses__Message *m = recorder_sent(&r, (int)(before + i));
		ck_assert_int_eq(m->mouse_event->mask, want[i].mask);
		ck_assert_int_eq(m->mouse_event->x, want[i].x);
		hws_ses_free(m);
	}
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

START_TEST(old_hosts_get_legacy_events)
{
	struct recorder r;
	struct hws_input_view *iv;
	Ses__Message *m;

	recorder_ready(&r, "Linux", "1.1.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	ck_assert_int_eq(hws_input_view_key(iv, 42, true, 0, 0), HWS_OK); /* Shift */
	const Ses__KeyEvent *k = last_key(&r, &m);
	ck_assert_int_eq(k->control_key, SES__CONTROL_KEY__Shift);
	ck_assert_uint_eq(k->n_modifiers, 0);
	hws_ses_free(m);
	ck_assert_int_eq(hws_input_view_key(iv, 30, true, 0, 'A'), HWS_OK);
	k = last_key(&r, &m);
	ck_assert_int_eq(k->mode, SES__KEYBOARD_MODE__Legacy);
	ck_assert_uint_eq(k->chr, 'A');
	ck_assert_uint_eq(k->n_modifiers, 1);
	ck_assert_int_eq(k->modifiers[0], SES__CONTROL_KEY__Shift);
	hws_ses_free(m);
	/* Released as what it was pressed as, whatever Shift does meanwhile. */
	ck_assert_int_eq(hws_input_view_key(iv, 42, false, 0, 0), HWS_OK);
	ck_assert_int_eq(hws_input_view_key(iv, 30, false, 0, 'a'), HWS_OK);
	k = last_key(&r, &m);
	ck_assert_uint_eq(k->chr, 'A');
	hws_ses_free(m);
	ck_assert_int_eq(hws_input_view_key(iv, 48, true, 0, 0), HWS_OK); /* B, layout unknown */
	k = last_key(&r, &m);
	ck_assert_uint_eq(k->chr, 'b');
	hws_ses_free(m);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

START_TEST(loss_of_focus_releases_everything)
{
	struct recorder r;
	struct hws_input_view *iv;
	int ups = 0, alt = 0, mouse_up = 0;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	ck_assert_int_eq(hws_input_view_key(iv, 56, true, 0, 0), HWS_OK);
	ck_assert_int_eq(hws_input_view_key(iv, 15, true, 0, 0), HWS_OK);
	ck_assert_int_eq(hws_input_view_button(iv, 1, true), HWS_OK);
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_input_view_release_all(iv), HWS_OK);
	for (size_t i = before; i < r.sent_count; i++) {
		Ses__Message *m = recorder_sent(&r, (int)i);
		if (m->union_case == SES__MESSAGE__UNION_KEY_EVENT) {
			ck_assert(!m->key_event->down);
			ups++;
			alt += m->key_event->chr == 56 + 8;
		} else {
			mouse_up += m->mouse_event->mask == 10;
		}
		hws_ses_free(m);
	}
	ck_assert_int_eq(ups, 3);
	ck_assert_int_eq(alt, 2);
	ck_assert_int_eq(mouse_up, 1);
	before = r.sent_count;
	ck_assert_int_eq(hws_input_view_release_all(iv), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

START_TEST(mouse_masks_and_places)
{
	static const struct {
		int button, down, mask;
	} table[] = { { 1, 1, 9 }, { 1, 0, 10 }, { 2, 1, 17 }, { 2, 0, 18 }, { 4, 1, 33 },
		{ 4, 0, 34 }, { 8, 1, 65 }, { 8, 0, 66 }, { 16, 1, 129 }, { 16, 0, 130 } };
	struct recorder r;
	struct hws_input_view *iv;
	Ses__Message *m;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	ck_assert_int_eq(hws_input_view_move(iv, 1, 100, 5000), HWS_OK);
	m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->mouse_event->mask, 0);
	ck_assert_int_eq(m->mouse_event->x, 2020); /* display 1 stands right of display 0 */
	ck_assert_int_eq(m->mouse_event->y, 1079); /* not beyond the picture */
	hws_ses_free(m);
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_input_view_move(iv, 1, 100, 5000), HWS_OK); /* did not move */
	ck_assert_uint_eq(r.sent_count, before);
	ck_assert_int_eq(hws_input_view_move(iv, 2, 0, 0), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_input_view_button(iv, 3, true), HWS_ERR_INVAL);
	for (size_t i = 0; i < HWS_COUNT(table); i++) {
		ck_assert_int_eq(hws_input_view_button(iv, table[i].button, table[i].down), HWS_OK);
		m = recorder_sent(&r, -1);
		ck_assert_int_eq(m->mouse_event->mask, table[i].mask);
		hws_ses_free(m);
	}
	/* Parts of a notch add up; right is -1 on the wire. */
	before = r.sent_count;
	ck_assert_int_eq(hws_input_view_wheel(iv, 0, 60), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before);
	ck_assert_int_eq(hws_input_view_wheel(iv, 120, 60), HWS_OK);
	m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->mouse_event->mask, 3);
	ck_assert_int_eq(m->mouse_event->x, -1);
	ck_assert_int_eq(m->mouse_event->y, 1);
	hws_ses_free(m);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

START_TEST(typed_text_arrives_whole_with_its_line_ends)
{
	struct recorder r;
	struct hws_input_view *iv;
	struct hws_buf got;
	char *text;
	size_t n = 0;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	text = calloc(1, 4000);
	for (int i = 0; i < 400; i++)
		n += (size_t)snprintf(text + n, 4000 - n, "%s",
				i % 50 ? "h\xc3\xb6"
					 "\xe2\x82\xac"
				       : "x\r\n\t");
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_input_view_type(iv, hws_bytes(text, n)), HWS_OK);
	hws_buf_init(&got, 10000);
	for (size_t i = before; i < r.sent_count; i++) {
		Ses__Message *m = recorder_sent(&r, (int)i);
		const Ses__KeyEvent *k = m->key_event;
		if (k->union_case == SES__KEY_EVENT__UNION_SEQ)
			hws_buf_put_str(&got, k->seq);
		else
			hws_buf_put_str(&got,
					k->control_key == SES__CONTROL_KEY__Return ? "\r\n" : "\t");
		hws_ses_free(m);
	}
	ck_assert_uint_eq(hws_buf_len(&got), n);
	ck_assert_mem_eq(hws_buf_bytes(&got).ptr, text, n);
	ck_assert_int_eq(hws_input_view_type(iv, hws_bytes("\xff", 1)), HWS_ERR_INVAL);
	hws_buf_done(&got);
	free(text);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

START_TEST(ctrl_alt_del_depends_on_the_host)
{
	struct recorder r;
	struct hws_input_view *iv;
	Ses__Message *m;

	recorder_ready(&r, _i ? "Windows" : "Linux", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	ck_assert_int_eq(hws_input_view_ctrl_alt_del(iv), HWS_OK);
	const Ses__KeyEvent *k = last_key(&r, &m);
	if (_i) {
		ck_assert_int_eq(k->control_key, SES__CONTROL_KEY__CtrlAltDel);
		ck_assert(k->down);
	} else {
		ck_assert_int_eq(k->control_key, SES__CONTROL_KEY__Delete);
		ck_assert(k->press);
		ck_assert_uint_eq(k->n_modifiers, 2);
	}
	hws_ses_free(m);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

static struct hws_buf clip;
static int clips, shapes, moves;
static struct hws_cursor_shape shape;

static void on_clip(const struct hws_clip_content *c, void *arg HWS_UNUSED)
{
	clips++;
	hws_buf_reset(&clip);
	hws_buf_put(&clip, c->part[HWS_CLIP_TEXT].ptr, c->part[HWS_CLIP_TEXT].len);
}

static int send_text(struct hws_clipboard_view *cv, const char *text)
{
	const struct hws_clip_content c = hws_clip_content_text(hws_bytes_str(text));

	return hws_clipboard_view_send(cv, &c);
}

static void feed_clip(struct recorder *r, const char *text, size_t len, bool compress, bool multi)
{
	Ses__Clipboard c = SES__CLIPBOARD__INIT, *list = &c;
	Ses__MultiClipboards mc = SES__MULTI_CLIPBOARDS__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	c.compress = compress;
	c.content.data = (uint8_t *)text;
	c.content.len = len;
	mc.n_clipboards = 1;
	mc.clipboards = &list;
	m.union_case = multi ? SES__MESSAGE__UNION_MULTI_CLIPBOARDS : SES__MESSAGE__UNION_CLIPBOARD;
	if (multi)
		m.multi_clipboards = &mc;
	else
		m.clipboard = &c;
	recorder_feed(r, &m);
}

static uint64_t clip_now_us;

static uint64_t clip_now(void)
{
	return clip_now_us;
}

/* The host may hold something else by then: another viewer's text, a picture. */
START_TEST(the_text_the_host_sent_once_is_sent_when_somebody_copies_it)
{
	struct recorder r;
	struct hws_clipboard_view *cv;
	size_t before;

	clip_now_us = 1000000;
	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_clipboard_view_new(
					 &(struct hws_clipboard_view_conf){ .on_content = on_clip,
							 .now_us = clip_now },
					 &cv),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_clipboard_view_service(cv));
	hws_buf_init(&clip, 1000);
	feed_clip(&r, "same", 4, false, true);
	before = r.sent_count;
	clip_now_us += 1900000; /* a program that keeps a history */
	ck_assert_int_eq(send_text(cv, "same"), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before);
	clip_now_us += 200000; /* a person */
	ck_assert_int_eq(send_text(cv, "same"), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before + 1);
	feed_clip(&r, "same", 4, false, true);
	ck_assert_int_eq(send_text(cv, "other"), HWS_OK);
	ck_assert_int_eq(send_text(cv, "same"), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before + 3);
	hws_buf_done(&clip);
	hws_viewer_lost(r.viewer);
	recorder_done(&r);
	hws_clipboard_view_free(cv);
}
END_TEST

START_TEST(clipboard_text_goes_both_ways_without_echo)
{
	struct recorder r;
	struct hws_clipboard_view *cv;
	struct hws_buf packed;
	Ses__Message *m;

	recorder_ready(&r, "Linux", _i ? "1.4.9" : "1.2.0");
	ck_assert_int_eq(hws_clipboard_view_new(
					 &(struct hws_clipboard_view_conf){ .on_content = on_clip },
					 &cv),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_clipboard_view_service(cv));
	hws_buf_init(&clip, 1000);
	clips = 0;
	feed_clip(&r, "from host", 9, false, _i);
	ck_assert_int_eq(clips, 1);
	ck_assert_mem_eq(hws_buf_bytes(&clip).ptr, "from host", 9);
	size_t before = r.sent_count;
	ck_assert_int_eq(send_text(cv, "from host"), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before);
	ck_assert_int_eq(send_text(cv, "from here"), HWS_OK);
	m = recorder_sent(&r, -1);
	if (_i) {
		ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_MULTI_CLIPBOARDS);
		ck_assert_mem_eq(m->multi_clipboards->clipboards[0]->content.data, "from here", 9);
	} else {
		ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_CLIPBOARD);
		ck_assert_mem_eq(m->clipboard->content.data, "from here", 9);
	}
	hws_ses_free(m);
	/* What does not decode, or is no text, is passed over. */
	feed_clip(&r, "no zstd", 7, true, _i);
	feed_clip(&r, "\xff\xfe", 2, false, _i);
	feed_clip(&r, "a\0b", 3, false, _i);
	feed_clip(&r, "", 0, false, _i);
	ck_assert_int_eq(clips, 1);
	hws_buf_init(&packed, 1000);
	ck_assert_int_eq(hws_compress(hws_bytes_str("packed text"), 3, &packed), HWS_OK);
	feed_clip(&r, (const char *)hws_buf_bytes(&packed).ptr, hws_buf_len(&packed), true, _i);
	ck_assert_int_eq(clips, 2);
	hws_viewer_set_options(r.viewer,
			&(struct hws_view_options){ .can = HWS_CODEC_BIT(HWS_CODEC_VP9),
					.no_clipboard = true });
	feed_clip(&r, "unwanted", 8, false, _i);
	ck_assert_int_eq(clips, 2);
	ck_assert_int_eq(send_text(cv, "x"), HWS_ERR_DENIED);
	hws_buf_done(&packed);
	hws_buf_done(&clip);
	hws_viewer_lost(r.viewer);
	recorder_done(&r);
	hws_clipboard_view_free(cv);
}
END_TEST

static void on_shape(const struct hws_cursor_shape *s, void *arg HWS_UNUSED)
{
	shapes++;
	shape = *s;
}

static void on_position(int x, int y, void *arg HWS_UNUSED)
{
	moves += x + y;
}

static void feed_cursor(struct recorder *r, uint64_t id, int w, int h, size_t bytes)
{
	Ses__CursorData d = SES__CURSOR_DATA__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	struct hws_buf raw, packed;

	hws_buf_init(&raw, 1u << 24);
	hws_buf_init(&packed, 1u << 24);
	if (bytes) {
		memset(hws_buf_reserve(&raw, bytes), (int)id, bytes);
		hws_buf_commit(&raw, bytes);
	}
	ck_assert_int_eq(hws_compress(hws_buf_bytes(&raw), 3, &packed), HWS_OK);
	d.id = id;
	d.width = w;
	d.height = h;
	d.hotx = -3;
	d.hoty = 1000;
	d.colors.data = (uint8_t *)hws_buf_bytes(&packed).ptr;
	d.colors.len = hws_buf_len(&packed);
	m.union_case = SES__MESSAGE__UNION_CURSOR_DATA;
	m.cursor_data = &d;
	recorder_feed(r, &m);
	hws_buf_done(&raw);
	hws_buf_done(&packed);
}

/* 0: as the X server has it, 1: as it is */
START_TEST(half_transparent_shapes_of_linux_hosts_are_as_bright_as_they_were)
{
	static const uint8_t pixels[] = { 64, 0, 128, 128, 10, 20, 30, 255, 7, 7, 7, 0, 200, 0, 0,
		100 };
	static const uint8_t want[] = { 128, 0, 255, 128, 10, 20, 30, 255, 7, 7, 7, 0, 255, 0, 0,
		100 };
	struct recorder r;
	struct hws_cursor_view *cv;
	Ses__CursorData d = SES__CURSOR_DATA__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	struct hws_buf packed;

	recorder_ready(&r, _i ? "Windows" : "Linux", "1.4.9");
	ck_assert_int_eq(hws_cursor_view_new(&(struct hws_cursor_view_conf){ .on_shape = on_shape,
							     .on_position = on_position },
					 &cv),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_cursor_view_service(cv));
	hws_buf_init(&packed, 1000);
	ck_assert_int_eq(hws_compress(hws_bytes(pixels, sizeof(pixels)), 3, &packed), HWS_OK);
	d.id = 1;
	d.width = d.height = 2;
	d.colors.data = (uint8_t *)hws_buf_bytes(&packed).ptr;
	d.colors.len = hws_buf_len(&packed);
	m.union_case = SES__MESSAGE__UNION_CURSOR_DATA;
	m.cursor_data = &d;
	recorder_feed(&r, &m);
	ck_assert_mem_eq(shape.rgba, _i ? pixels : want, sizeof(want));
	hws_buf_done(&packed);
	hws_viewer_lost(r.viewer);
	recorder_done(&r);
	hws_cursor_view_free(cv);
}
END_TEST

START_TEST(cursor_shapes_are_kept_by_id_and_checked)
{
	struct recorder r;
	struct hws_cursor_view *cv;
	Ses__Message m = SES__MESSAGE__INIT;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_cursor_view_new(&(struct hws_cursor_view_conf){ .on_shape = on_shape,
							     .on_position = on_position },
					 &cv),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_cursor_view_service(cv));
	shapes = 0;
	feed_cursor(&r, 5, 4, 4, 64);
	ck_assert_int_eq(shapes, 1);
	ck_assert_uint_eq(shape.id, 5);
	ck_assert_int_eq(shape.hot_x, 0);
	ck_assert_int_eq(shape.hot_y, 4);
	ck_assert_uint_eq(shape.rgba[63], 5);
	feed_cursor(&r, 6, 4, 4, 63);         /* too few pixels */
	feed_cursor(&r, 6, 4, 4, 65);         /* too many */
	feed_cursor(&r, 6, 40000, 40000, 64); /* not believed */
	feed_cursor(&r, 6, -1, 4, 64);
	ck_assert_int_eq(shapes, 1);
	feed_cursor(&r, 8, 0, 4, 0); /* invisible */
	ck_assert_int_eq(shapes, 2);
	ck_assert_int_eq(shape.width, 0);
	ck_assert_int_eq(shape.height, 0);
	ck_assert_ptr_null(shape.rgba);
	shapes = 1;
	feed_cursor(&r, 7, 2, 2, 16);
	ck_assert_int_eq(shapes, 2);
	m.union_case = SES__MESSAGE__UNION_CURSOR_ID;
	m.cursor_id = 5;
	recorder_feed(&r, &m);
	ck_assert_int_eq(shapes, 3);
	ck_assert_uint_eq(shape.id, 5);
	m.cursor_id = 6;
	recorder_feed(&r, &m); /* never told: ignored */
	ck_assert_int_eq(shapes, 3);
	for (unsigned i = 100; i < 300; i++)
		feed_cursor(&r, i, 1, 1, 4);
	m.cursor_id = 5;
	recorder_feed(&r, &m); /* an animated pointer does not push it out */
	ck_assert_int_eq(shapes, 204);
	ck_assert_uint_eq(shape.id, 5);
	ck_assert_uint_eq(shape.rgba[63], 5);
	for (unsigned i = 1000; i < 3000; i++)
		feed_cursor(&r, i, 1, 1, 4);
	recorder_feed(&r, &m); /* 2000 newer ones do */
	ck_assert_int_eq(shapes, 2204);
	for (unsigned i = 4000; i < 4010; i++) /* and so do few, but large ones */
		feed_cursor(&r, i, 1024, 1000, 4096000);
	m.cursor_id = 4000;
	recorder_feed(&r, &m);
	ck_assert_int_eq(shapes, 2214);
	m.cursor_id = 4008;
	recorder_feed(&r, &m);
	ck_assert_int_eq(shapes, 2215);
	hws_viewer_lost(r.viewer);
	recorder_done(&r);
	hws_cursor_view_free(cv);
}
END_TEST

Suite *input_suite(void)
{
	Suite *s = suite_create("services/view");
	TCase *t = tcase_create("input");

	tcase_add_loop_test(t, positions_follow_the_table, 0, (int)HWS_COUNT(positions));
	tcase_add_test(t, no_two_keys_share_a_position);
	tcase_add_test(t, map_mode_sends_positions_of_the_host);
	tcase_add_test(t, macos_key_a_has_code_0_and_is_sent);
	tcase_add_test(t, translate_mode_sends_characters_and_hotkeys_as_positions);
	tcase_add_test(t, alt_gr_of_translate_mode_is_in_the_characters_alone);
	tcase_add_test(t, android_hosts_get_touches_and_wheels_as_they_know_them);
	tcase_add_test(t, old_hosts_get_legacy_events);
	tcase_add_test(t, loss_of_focus_releases_everything);
	tcase_add_test(t, mouse_masks_and_places);
	tcase_add_test(t, typed_text_arrives_whole_with_its_line_ends);
	tcase_add_loop_test(t, ctrl_alt_del_depends_on_the_host, 0, 2);
	tcase_add_test(t, the_text_the_host_sent_once_is_sent_when_somebody_copies_it);
	tcase_add_loop_test(t, clipboard_text_goes_both_ways_without_echo, 0, 2);
	tcase_add_test(t, cursor_shapes_are_kept_by_id_and_checked);
	tcase_add_loop_test(
			t, half_transparent_shapes_of_linux_hosts_are_as_bright_as_they_were, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
