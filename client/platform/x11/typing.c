/* Characters in their order: those that have a key, and those that must wait until one is lent to
 * them. */
#include "client/platform/x11/typing.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>
#include <xcb/xtest.h>
#include <xkbcommon/xkbcommon.h>

#define SYM_BACKSPACE 0xff08u
#define SYM_TAB 0xff09u
#define SYM_RETURN 0xff0du
#define SYM_ESCAPE 0xff1bu
#define SYM_DELETE 0xffffu

void x11_typing_fake(struct x11_typing *t, uint8_t type, uint8_t code)
{
	xcb_test_fake_input(t->d->conn, type, code, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
	x11_flush(t->d);
}

/* --- the map --- */

static int load(struct x11_typing *t)
{
	struct x11_keymap *m;
	int r = x11_keymap_load(t->d, &m);

	if (r < 0)
		return r;
	x11_lend_look(t->lend, m);
	for (unsigned code = 0; code < X11_KEYS; code++)
		if (x11_lend_is_ours(t->lend, code))
			m->key[code].groups = 0; /* is not part of the layout */
	x11_keymap_free(t->map);
	t->map = m;
	return HWS_OK;
}

void x11_typing_refresh(struct x11_typing *t)
{
	if (!t->stale)
		return;
	t->stale = false; /* if it fails keep the old one rather than ask again for each key */
	if (load(t) < 0)
		hws_warn_limited("x11.keyboard_map_unreadable");
}

int x11_typing_init(struct x11_typing *t, struct x11_desktop *d)
{
	t->d = d;
	int r = x11_lend_new(d, &t->lend);

	return r < 0 ? r : load(t);
}

void x11_typing_done(struct x11_typing *t)
{
	x11_lend_free(t->lend);
	x11_reader_free(t->reader);
	x11_keymap_free(t->map);
}

/* --- modifiers of a run --- */

static uint8_t own_mods(const struct x11_typing *t)
{
	uint8_t mods = 0;

	for (unsigned code = 8; code < X11_KEYS; code++)
		if (t->down[code])
			mods |= t->map->modmap[code];
	return mods;
}

void x11_typing_begin(struct x11_typing *t)
{
	xcb_xkb_get_state_reply_t *s = xcb_xkb_get_state_reply(
			t->d->conn, xcb_xkb_get_state(t->d->conn, XCB_XKB_ID_USE_CORE_KBD), NULL);
	uint8_t own = own_mods(t);

	x11_flush(t->d); /* the wait may have read events */
	t->running = true;
	t->pressed = 0;
	t->lent = false;
	memset(t->lifted, 0, sizeof(t->lifted));
	t->state = t->locked = t->fixed = t->group = t->group_base = 0;
	if (s) {
		t->state = s->mods;
		t->locked = s->lockedMods;
		t->fixed = (uint8_t)((s->baseMods & ~own) | s->latchedMods);
		t->group = s->group;
		t->group_base = (uint8_t)(s->baseGroup + s->latchedGroup);
	}
	t->locked_before = t->locked;
	/* Here only: what is lent during the run is not pressed yet. */
	if (t->reader && x11_reader_settled(t->reader))
		x11_lend_settled(t->lend);
	/* The Shift of the viewer is in its characters already. */
	t->rest = t->state & (uint8_t) ~(own & XCB_MOD_MASK_SHIFT);
	free(s);
}

static void lock(struct x11_typing *t, uint8_t mask, uint8_t on)
{
	xcb_xkb_latch_lock_state(
			t->d->conn, XCB_XKB_ID_USE_CORE_KBD, mask, on & mask, 0, 0, 0, 0, 0);
	t->locked = (uint8_t)((t->locked & ~mask) | (on & mask));
	x11_flush(t->d);
}

static void set_bit(struct x11_typing *t, unsigned b)
{
	uint8_t key = t->map->mod_key[b];
	uint8_t mask = (uint8_t)(1u << b);

	/* A real key, where there is one: some programs follow keys, not modifiers. */
	if (key && !t->down[key]) {
		x11_typing_fake(t, XCB_KEY_PRESS, key);
		t->pressed |= mask;
	} else if (key && t->lifted[key]) {
		x11_typing_fake(t, XCB_KEY_PRESS, key);
		t->lifted[key] = false;
	} else {
		lock(t, mask, mask);
	}
	t->state |= mask;
}

static void clear_bit(struct x11_typing *t, unsigned b)
{
	uint8_t mask = (uint8_t)(1u << b);

	if (t->pressed & mask) {
		x11_typing_fake(t, XCB_KEY_RELEASE, t->map->mod_key[b]);
		t->pressed &= (uint8_t)~mask;
	}
	for (unsigned code = 8; code < X11_KEYS; code++)
		if (t->down[code] && !t->lifted[code] && (t->map->modmap[code] & mask)) {
			x11_typing_fake(t, XCB_KEY_RELEASE, (uint8_t)code);
			t->lifted[code] = true;
		}
	if (t->locked & mask)
		lock(t, mask, 0);
	t->state &= (uint8_t)~mask;
}

static void set_state(struct x11_typing *t, uint8_t want)
{
	for (unsigned b = 0; b < 8; b++)
		if (((t->state ^ want) >> b & 1) && !(t->fixed >> b & 1)) {
			if (want >> b & 1)
				set_bit(t, b);
			else
				clear_bit(t, b);
		}
}

static void tell_reader(struct x11_typing *t)
{
	if (t->lent && t->reader)
		x11_reader_pressed(t->reader);
	t->lent = false;
}

void x11_typing_end(struct x11_typing *t)
{
	if (!t->running)
		return;
	t->running = false;
	for (unsigned b = 0; b < 8; b++)
		if (t->pressed >> b & 1)
			x11_typing_fake(t, XCB_KEY_RELEASE, t->map->mod_key[b]);
	for (unsigned code = 8; code < X11_KEYS; code++)
		if (t->lifted[code])
			x11_typing_fake(t, XCB_KEY_PRESS, (uint8_t)code);
	if (t->locked != t->locked_before)
		lock(t, t->locked ^ t->locked_before, t->locked_before);
	tell_reader(t);
}

/* --- characters --- */

static void click(struct x11_typing *t, uint8_t code)
{
	/* Somebody's finger may be on it; a press of what is down would be lost. */
	if (t->down[code])
		x11_typing_fake(t, XCB_KEY_RELEASE, code);
	x11_typing_fake(t, XCB_KEY_PRESS, code);
	x11_typing_fake(t, XCB_KEY_RELEASE, code);
	t->down[code] = false;
}

static xcb_keysym_t control_symbol(uint32_t cp)
{
	switch (cp) {
	case '\n':
	case '\r':
		return SYM_RETURN;
	case '\t':
		return SYM_TAB;
	case '\b':
		return SYM_BACKSPACE;
	case 0x1b:
		return SYM_ESCAPE;
	case 0x7f:
		return SYM_DELETE;
	default:
		return 0;
	}
}

static bool is_control(uint32_t cp)
{
	return cp < 0x20 || cp == 0x7f;
}

static int lend(struct x11_typing *t, uint32_t cp, uint8_t mods, uint8_t fixed)
{
	if (!t->reader && x11_reader_new(t->d, &t->reader) < 0)
		return HWS_ERR_NOTFOUND;
	return x11_lend_take(t->lend, cp, mods, fixed);
}

static void commit(struct x11_typing *t)
{
	tell_reader(t);
	if (x11_lend_commit(t->lend)) {
		x11_reader_changed(t->reader);
		x11_flush(t->d);
	}
}

void x11_typing_prepare(struct x11_typing *t, const uint32_t *codepoint, size_t n)
{
	struct x11_stroke s;

	for (size_t k = 0; k < n; k++)
		if (!is_control(codepoint[k]) && xkb_utf32_to_keysym(codepoint[k]) &&
				!x11_keymap_find(t->map, codepoint[k], true, t->group, t->rest,
						t->fixed, &s) &&
				!x11_lend_find(t->lend, codepoint[k], t->rest, t->fixed, &s) &&
				lend(t, codepoint[k], t->rest, t->fixed) < 0)
			break;
	commit(t);
}

static void press_lent(struct x11_typing *t, const struct x11_stroke *s, bool keep_mods)
{
	if (!keep_mods)
		set_state(t, (uint8_t)((t->rest & ~s->mask) | s->mods));
	click(t, s->code);
	x11_lend_used(t->lend, s);
	t->lent = true;
}

static int type_lent(struct x11_typing *t, uint32_t cp, uint8_t mods, uint8_t fixed, bool keep_mods)
{
	struct x11_stroke s;

	if (!xkb_utf32_to_keysym(cp))
		return HWS_ERR_NOTFOUND;
	if (!x11_lend_find(t->lend, cp, mods, fixed, &s)) {
		int r = lend(t, cp, mods, fixed);
		if (r < 0)
			return r;
		commit(t);
		if (!x11_lend_find(t->lend, cp, mods, fixed, &s))
			return HWS_ERR_NOTFOUND;
	}
	press_lent(t, &s, keep_mods);
	return HWS_OK;
}

static void lock_group(struct x11_typing *t, unsigned group)
{
	unsigned n = HWS_MAX(t->map->groups, 1u);
	uint8_t locked = (uint8_t)((group + 4 * n - t->group_base % n) % n);

	xcb_xkb_latch_lock_state(t->d->conn, XCB_XKB_ID_USE_CORE_KBD, 0, 0, 1, locked, 0, 0, 0);
	x11_flush(t->d);
}

static int shortcut_char(struct x11_typing *t, uint32_t cp)
{
	xcb_keysym_t control = is_control(cp) ? control_symbol(cp) : 0;
	struct x11_stroke s;

	if (is_control(cp) && !control)
		return HWS_ERR_NOTFOUND;
	if (!x11_keymap_find_key(t->map, control ? control : cp, !control, t->group, &s))
		return control ? HWS_ERR_NOTFOUND : type_lent(t, cp, t->state, 0xff, true);
	/* In the group of the key: a program that gets Ctrl and a Greek letter takes it for no
	 * shortcut. */
	if (s.group != t->group)
		lock_group(t, s.group);
	click(t, s.code);
	if (s.group != t->group)
		lock_group(t, t->group);
	return HWS_OK;
}

int x11_typing_char(struct x11_typing *t, uint32_t codepoint, bool shortcut)
{
	struct x11_stroke s;

	if (shortcut)
		return shortcut_char(t, codepoint);
	xcb_keysym_t control = is_control(codepoint) ? control_symbol(codepoint) : 0;
	if (is_control(codepoint) && !control)
		return HWS_ERR_NOTFOUND;
	if (!x11_keymap_find(t->map, control ? control : codepoint, !control, t->group, t->rest,
			    t->fixed, &s)) {
		if (!control)
			return type_lent(t, codepoint, t->rest, t->fixed, false);
		if (!x11_keymap_find_key(t->map, control, false, t->group, &s))
			return HWS_ERR_NOTFOUND;
	}
	set_state(t, (uint8_t)((t->rest & ~s.mask) | s.mods));
	click(t, s.code);
	return HWS_OK;
}
