#include "client/platform/x11/desktop.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>
#include <xcb/xtest.h>
#include <xkbcommon/xkbcommon.h>

#define SPARE_MAX 32
#define SYM_SHIFT_L 0xffe1u
#define SYM_SHIFT_R 0xffe2u
#define SYM_NUM_LOCK 0xff7fu
#define SYM_RETURN 0xff0du
#define WHEEL_MAX 100

struct spare { /* a key without a symbol that we lend one */
	uint8_t code;
	xcb_keysym_t sym; /* 0 = unused */
	uint64_t used;
};

struct x11_inject {
	struct hws_inject base;
	struct x11_desktop *d;
	bool down[256];
	unsigned buttons;  /* HWS_BUTTON_* that are down */
	xcb_keysym_t *sym; /* of keycode min..max, per_code each */
	unsigned min, max, per_code;
	bool stale;
	uint8_t group;
	unsigned locked; /* modifier mask */
	unsigned num_mask;
	struct spare spare[SPARE_MAX];
	unsigned spare_count;
	uint64_t turn;
};

static struct x11_inject *self_of(struct hws_inject *i)
{
	return hws_container(i, struct x11_inject, base);
}

static xcb_keysym_t sym_at(const struct x11_inject *j, unsigned code, unsigned column)
{
	if (code < j->min || code > j->max || column >= j->per_code)
		return 0;
	return j->sym[(code - j->min) * j->per_code + column];
}

/* --- the layout --- */

static void find_spare_keys(struct x11_inject *j)
{
	/* High codes first: they are the least likely on a real keyboard. */
	for (unsigned code = j->max; code >= j->min && j->spare_count < SPARE_MAX; code--) {
		bool empty = true;
		for (unsigned k = 0; k < j->per_code; k++)
			empty = empty && sym_at(j, code, k) == 0;
		if (empty)
			j->spare[j->spare_count++].code = (uint8_t)code;
	}
}

static void load_num_mask(struct x11_inject *j)
{
	xcb_get_modifier_mapping_reply_t *r = xcb_get_modifier_mapping_reply(
			j->d->conn, xcb_get_modifier_mapping(j->d->conn), NULL);

	j->num_mask = 0;
	if (!r)
		return;
	const xcb_keycode_t *code = xcb_get_modifier_mapping_keycodes(r);
	for (unsigned m = 0; m < 8; m++)
		for (unsigned k = 0; k < r->keycodes_per_modifier; k++)
			if (sym_at(j, code[m * r->keycodes_per_modifier + k], 0) == SYM_NUM_LOCK)
				j->num_mask = 1u << m;
	free(r);
}

static int load_layout(struct x11_inject *j)
{
	const xcb_setup_t *setup = xcb_get_setup(j->d->conn);
	uint8_t count = (uint8_t)(setup->max_keycode - setup->min_keycode + 1);
	xcb_get_keyboard_mapping_reply_t *r = xcb_get_keyboard_mapping_reply(j->d->conn,
			xcb_get_keyboard_mapping(j->d->conn, setup->min_keycode, count), NULL);
	int err = HWS_ERR_DISPLAY;

	x11_flush(j->d); /* the wait may have read events */
	if (!r)
		return err;
	size_t n = (size_t)count * r->keysyms_per_keycode;
	xcb_keysym_t *copy = NULL;
	if ((size_t)xcb_get_keyboard_mapping_keysyms_length(r) >= n) {
		copy = hws_memdup(xcb_get_keyboard_mapping_keysyms(r), n * sizeof(*copy));
		err = HWS_ERR_NOMEM;
	}
	if (copy) {
		hws_free(j->sym);
		j->sym = copy;
		j->min = setup->min_keycode;
		j->max = setup->max_keycode;
		j->per_code = r->keysyms_per_keycode;
		j->stale = false;
		load_num_mask(j);
		err = HWS_OK;
	}
	free(r);
	return err;
}

static void refresh(struct x11_inject *j)
{
	if (j->stale && load_layout(j) < 0)
		j->stale = false; /* keep the old one rather than ask again for each key */
}

void x11_inject_on_mapping(struct x11_inject *j)
{
	j->stale = true;
}

void x11_inject_on_xkb(struct x11_inject *j, const xcb_generic_event_t *e)
{
	const xcb_xkb_state_notify_event_t *s = (const xcb_xkb_state_notify_event_t *)e;

	if (s->xkbType == XCB_XKB_STATE_NOTIFY) {
		j->locked = s->lockedMods;
		j->group = s->group;
	} else {
		j->stale = true;
	}
}

static bool is_spare(const struct x11_inject *j, unsigned code)
{
	for (unsigned k = 0; k < j->spare_count; k++)
		if (j->spare[k].code == code)
			return true;
	return false;
}

/* Looks at the two levels of the active group (the core mapping knows two groups). */
static bool find_key(const struct x11_inject *j, uint32_t want, bool as_unicode, uint8_t *ret_code,
		bool *ret_shift)
{
	unsigned base = j->group == 1 && j->per_code >= 4 ? 2 : 0;

	if (j->group > 1)
		return false;
	for (unsigned level = 0; level < 2; level++)
		for (unsigned code = j->min; code <= j->max; code++) {
			xcb_keysym_t sym = sym_at(j, code, base + level);
			if (base && !sym_at(j, code, 2) && !sym_at(j, code, 3))
				sym = sym_at(j, code, level); /* keys without a second group */
			if (!sym || is_spare(j, code))
				continue;
			if (as_unicode ? xkb_keysym_to_utf32(sym) != want : sym != want)
				continue;
			*ret_code = (uint8_t)code;
			*ret_shift = level == 1;
			return true;
		}
	return false;
}

static int x11_keycode_of(
		struct hws_inject *base, uint32_t keysym, uint8_t *ret_code, bool *ret_shift)
{
	struct x11_inject *j = self_of(base);

	refresh(j);
	return find_key(j, keysym, false, ret_code, ret_shift) ? HWS_OK : HWS_ERR_NOTFOUND;
}

/* --- events --- */

static void fake(struct x11_inject *j, uint8_t type, uint8_t detail, int x, int y)
{
	xcb_test_fake_input(j->d->conn, type, detail, XCB_CURRENT_TIME,
			type == XCB_MOTION_NOTIFY && !detail ? j->d->screen->root : XCB_NONE,
			(int16_t)x, (int16_t)y, 0);
	x11_flush(j->d);
}

static int clamp16(int v)
{
	return HWS_MIN(HWS_MAX(v, -32768), 32767);
}

static int x11_move(struct hws_inject *base, int x, int y)
{
	fake(self_of(base), XCB_MOTION_NOTIFY, 0, clamp16(x), clamp16(y));
	return HWS_OK;
}

static int x11_move_relative(struct hws_inject *base, int dx, int dy)
{
	fake(self_of(base), XCB_MOTION_NOTIFY, 1, clamp16(dx), clamp16(dy));
	return HWS_OK;
}

static uint8_t button_number(unsigned button)
{
	switch (button) {
	case HWS_BUTTON_LEFT:
		return 1;
	case HWS_BUTTON_MIDDLE:
		return 2;
	case HWS_BUTTON_RIGHT:
		return 3;
	case HWS_BUTTON_BACK:
		return 8;
	case HWS_BUTTON_FORWARD:
		return 9;
	default:
		return 0;
	}
}

static int x11_button(struct hws_inject *base, unsigned button, bool down)
{
	struct x11_inject *j = self_of(base);
	uint8_t n = button_number(button);

	if (!n)
		return HWS_ERR_INVAL;
	if (!down && !(j->buttons & button))
		return HWS_OK; /* somebody else's press is not ours to end */
	j->buttons = down ? j->buttons | button : j->buttons & ~button;
	fake(j, down ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE, n, 0, 0);
	return HWS_OK;
}

static void notches(struct x11_inject *j, uint8_t n, int count)
{
	for (int k = 0; k < HWS_MIN(count, WHEEL_MAX); k++) {
		fake(j, XCB_BUTTON_PRESS, n, 0, 0);
		fake(j, XCB_BUTTON_RELEASE, n, 0, 0);
	}
}

static int x11_wheel(struct hws_inject *base, int dx, int dy)
{
	struct x11_inject *j = self_of(base);

	notches(j, 4, dy);
	notches(j, 5, dy < -WHEEL_MAX ? WHEEL_MAX : -dy);
	notches(j, 6, dx);
	notches(j, 7, dx < -WHEEL_MAX ? WHEEL_MAX : -dx);
	return HWS_OK;
}

static int x11_key(struct hws_inject *base, uint8_t code, bool down)
{
	struct x11_inject *j = self_of(base);

	if (code < 8)
		return HWS_ERR_INVAL;
	if (!down && !j->down[code])
		return HWS_OK;
	/* A down of a key that is down is auto-repeat: the server repeats only for physical keys. */
	if (down && j->down[code])
		fake(j, XCB_KEY_RELEASE, code, 0, 0);
	j->down[code] = down;
	fake(j, down ? XCB_KEY_PRESS : XCB_KEY_RELEASE, code, 0, 0);
	return HWS_OK;
}

static bool x11_key_is_down(struct hws_inject *base, uint8_t code)
{
	return self_of(base)->down[code];
}

/* --- text --- */

/* Lends a symbol to a key. The mapping stays until the key is needed for another symbol or the viewer has
 * gone: a program reads it when it handles the key event, which may be much later. */
static int borrow_key(struct x11_inject *j, xcb_keysym_t sym, uint8_t *ret)
{
	struct spare *s = NULL;

	for (unsigned k = 0; k < j->spare_count; k++) {
		if (j->spare[k].sym == sym) {
			s = &j->spare[k];
			break;
		}
		if (!s || j->spare[k].used < s->used)
			s = &j->spare[k];
	}
	if (!s)
		return HWS_ERR_NOTFOUND;
	s->used = ++j->turn;
	*ret = s->code;
	if (s->sym == sym)
		return HWS_OK;
	xcb_keysym_t syms[4] = { sym, sym, sym, sym };
	s->sym = sym;
	xcb_change_keyboard_mapping(j->d->conn, 1, s->code, 4, syms);
	return HWS_OK;
}

static void return_keys(struct x11_inject *j)
{
	xcb_keysym_t none[4] = { 0 };

	for (unsigned k = 0; k < j->spare_count; k++)
		if (j->spare[k].sym) {
			xcb_change_keyboard_mapping(j->d->conn, 1, j->spare[k].code, 4, none);
			j->spare[k].sym = 0;
		}
}

static void click_shifted(struct x11_inject *j, uint8_t code, bool shift)
{
	static const xcb_keysym_t shifts[2] = { SYM_SHIFT_L, SYM_SHIFT_R };
	uint8_t held[2] = { 0 }, first = 0;
	bool any = false;

	for (unsigned k = 0; k < 2; k++) {
		uint8_t c;
		bool unused;
		if (!find_key(j, shifts[k], false, &c, &unused))
			continue;
		if (!first)
			first = c;
		if (j->down[c]) {
			held[k] = c;
			any = true;
		}
	}
	if (shift && !any && first)
		fake(j, XCB_KEY_PRESS, first, 0, 0);
	for (unsigned k = 0; k < 2 && !shift; k++)
		if (held[k])
			fake(j, XCB_KEY_RELEASE, held[k], 0, 0);
	fake(j, XCB_KEY_PRESS, code, 0, 0);
	fake(j, XCB_KEY_RELEASE, code, 0, 0);
	if (shift && !any && first)
		fake(j, XCB_KEY_RELEASE, first, 0, 0);
	for (unsigned k = 0; k < 2 && !shift; k++)
		if (held[k])
			fake(j, XCB_KEY_PRESS, held[k], 0, 0);
}

static xcb_keysym_t control_symbol(uint32_t cp)
{
	switch (cp) {
	case '\n':
	case '\r':
		return SYM_RETURN;
	case '\t':
		return 0xff09;
	case '\b':
		return 0xff08;
	case 0x1b:
		return 0xff1b;
	default:
		return 0;
	}
}

static int x11_type_char(struct hws_inject *base, uint32_t cp)
{
	struct x11_inject *j = self_of(base);
	bool shift = false;
	uint8_t code;

	if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return HWS_ERR_NOTFOUND;
	refresh(j);
	if (cp < 0x20 || cp == 0x7f) {
		xcb_keysym_t sym = cp == 0x7f ? 0xffff : control_symbol(cp);
		if (!sym || !find_key(j, sym, false, &code, &shift))
			return HWS_ERR_NOTFOUND;
	} else if (!find_key(j, cp, true, &code, &shift)) {
		xcb_keysym_t sym = xkb_utf32_to_keysym(cp);
		int r = sym ? borrow_key(j, sym, &code) : HWS_ERR_NOTFOUND;
		if (r < 0)
			return r;
	} else if (j->locked & XCB_MOD_MASK_LOCK) {
		xcb_keysym_t sym = sym_at(j, code, 0);
		/* Caps Lock turns letters, and only letters, over. */
		if (xkb_keysym_to_upper(sym) != xkb_keysym_to_lower(sym))
			shift = !shift;
	}
	click_shifted(j, code, shift);
	return HWS_OK;
}

/* --- locks --- */

static unsigned x11_locks(struct hws_inject *base)
{
	struct x11_inject *j = self_of(base);

	return (j->locked & XCB_MOD_MASK_LOCK ? HWS_LOCK_CAPS : 0u) |
			(j->locked & j->num_mask ? HWS_LOCK_NUM : 0u);
}

static int x11_set_locks(struct hws_inject *base, unsigned mask, unsigned on)
{
	struct x11_inject *j = self_of(base);
	unsigned bits = (mask & HWS_LOCK_CAPS ? XCB_MOD_MASK_LOCK : 0u) |
			(mask & HWS_LOCK_NUM ? j->num_mask : 0u);
	unsigned value = (on & HWS_LOCK_CAPS ? XCB_MOD_MASK_LOCK : 0u) |
			(on & HWS_LOCK_NUM ? j->num_mask : 0u);

	value &= bits;
	if (!bits || (j->locked & bits) == value)
		return HWS_OK;
	xcb_xkb_latch_lock_state(j->d->conn, XCB_XKB_ID_USE_CORE_KBD, (uint8_t)bits, (uint8_t)value,
			0, 0, 0, 0, 0);
	j->locked = (j->locked & ~bits) | value;
	x11_flush(j->d);
	return HWS_OK;
}

static void x11_release_all(struct hws_inject *base)
{
	struct x11_inject *j = self_of(base);

	for (unsigned code = 8; code < 256; code++)
		if (j->down[code])
			(void)!x11_key(base, (uint8_t)code, false);
	for (unsigned b = 1; b <= HWS_BUTTON_FORWARD; b <<= 1)
		if (j->buttons & b)
			(void)!x11_button(base, b, false);
	return_keys(j);
	x11_flush(j->d);
}

static const struct hws_inject_impl impl = {
	.move = x11_move,
	.move_relative = x11_move_relative,
	.button = x11_button,
	.wheel = x11_wheel,
	.key = x11_key,
	.keycode_of = x11_keycode_of,
	.key_is_down = x11_key_is_down,
	.type_char = x11_type_char,
	.locks = x11_locks,
	.set_locks = x11_set_locks,
	.release_all = x11_release_all,
};

int x11_inject_new(struct x11_desktop *d)
{
	struct x11_inject *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return HWS_ERR_NOMEM;
	j->base.impl = &impl;
	j->d = d;
	r = load_layout(j);
	if (r < 0) {
		free(j);
		return r;
	}
	find_spare_keys(j);
	uint16_t events = XCB_XKB_EVENT_TYPE_STATE_NOTIFY | XCB_XKB_EVENT_TYPE_MAP_NOTIFY |
			XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY;
	xcb_xkb_select_events(
			d->conn, XCB_XKB_ID_USE_CORE_KBD, events, 0, events, 0xff, 0xff, NULL);
	xcb_xkb_get_state_reply_t *s = xcb_xkb_get_state_reply(
			d->conn, xcb_xkb_get_state(d->conn, XCB_XKB_ID_USE_CORE_KBD), NULL);
	if (s) {
		j->locked = s->lockedMods;
		j->group = s->group;
	}
	free(s);
	d->inject = j;
	d->base.inject = &j->base;
	return HWS_OK;
}

void x11_inject_free(struct x11_inject *j)
{
	if (!j)
		return;
	hws_free(j->sym);
	free(j);
}
