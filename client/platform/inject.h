/* platform/inject: input into the desktop. Calls take effect in order. Loop thread only.
 * Keys are X keycodes (evdev + 8); symbols are X keysyms. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Button bits as the wire has them. */
enum {
	HWS_BUTTON_LEFT = 1,
	HWS_BUTTON_RIGHT = 2,
	HWS_BUTTON_MIDDLE = 4,
	HWS_BUTTON_BACK = 8,
	HWS_BUTTON_FORWARD = 16
};

enum { HWS_LOCK_CAPS = 1, HWS_LOCK_NUM = 2 };

struct hws_inject;

struct hws_inject_impl {
	int (*move)(struct hws_inject *i, int x, int y);
	int (*move_relative)(struct hws_inject *i, int dx, int dy);
	int (*button)(struct hws_inject *i, unsigned button, bool down);
	int (*wheel)(struct hws_inject *i, int dx, int dy);
	int (*key)(struct hws_inject *i, uint8_t keycode, bool down);
	int (*keycode_of)(struct hws_inject *i, uint32_t keysym, uint8_t *ret_code);
	bool (*key_is_down)(struct hws_inject *i, uint8_t keycode);
	int (*type_char)(struct hws_inject *i, uint32_t codepoint, bool shortcut, unsigned tag);
	unsigned (*locks)(struct hws_inject *i);
	int (*set_locks)(struct hws_inject *i, unsigned mask, unsigned on);
	uint32_t (*symbol)(struct hws_inject *i, uint8_t keycode, unsigned level);
	void (*release_all)(struct hws_inject *i);
};

struct hws_inject {
	const struct hws_inject_impl *impl;
	/* Set by the user, may be NULL: `count` characters of type_char with `tag` could not be
	 * typed after all. */
	void (*on_untyped)(unsigned tag, unsigned count, void *arg);
	/* The same: what `symbol` says may have changed, because the user took another layout or
	 * group. May come often. */
	void (*on_layout)(void *arg);
	void *arg;
};

/* Virtual-desktop pixels; clipped by the desktop. */
static inline HWS_MUST_CHECK int hws_inject_move(struct hws_inject *i, int x, int y)
{
	return i->impl->move(i, x, y);
}

static inline HWS_MUST_CHECK int hws_inject_move_relative(struct hws_inject *i, int dx, int dy)
{
	return i->impl->move_relative(i, dx, dy);
}

/* One HWS_BUTTON_*; others are HWS_ERR_INVAL. */
static inline HWS_MUST_CHECK int hws_inject_button(struct hws_inject *i, unsigned button, bool down)
{
	return i->impl->button(i, button, down);
}

/* Notches: dy > 0 scrolls up, dx > 0 to the left (as the wire has them); capped at 100. */
static inline HWS_MUST_CHECK int hws_inject_wheel(struct hws_inject *i, int dx, int dy)
{
	return i->impl->wheel(i, dx, dy);
}

/* HWS_ERR_INVAL outside 8..255. */
static inline HWS_MUST_CHECK int hws_inject_key(struct hws_inject *i, uint8_t keycode, bool down)
{
	return i->impl->key(i, keycode, down);
}

/* The key of a symbol on the present layout, whatever modifiers the symbol takes: in the active
 * group, else in another. HWS_ERR_NOTFOUND. */
static inline HWS_MUST_CHECK int hws_inject_keycode_of(
		struct hws_inject *i, uint32_t keysym, uint8_t *ret_code)
{
	return i->impl->keycode_of(i, keysym, ret_code);
}

/* Whether a key was pressed through this interface and not yet released. */
static inline bool hws_inject_key_is_down(struct hws_inject *i, uint8_t keycode)
{
	return i->impl->key_is_down(i, keycode);
}

/* Types one Unicode character, also one that is on no key of the layout (by a key that has no
 * symbol otherwise), whatever locks and group are on; modifiers other than Shift stay as they are.
 * It may have to wait until programs have read what came before; what follows waits behind it. As a
 * `shortcut` the modifiers stay all as they are, and the key is that of the character: for Ctrl+C
 * and the like. HWS_ERR_NOTFOUND: no such character. HWS_ERR_FULL: too much waits. Later failures
 * go to on_untyped with tag. */
static inline HWS_MUST_CHECK int hws_inject_type_char(
		struct hws_inject *i, uint32_t codepoint, bool shortcut, unsigned tag)
{
	return i->impl->type_char(i, codepoint, shortcut, tag);
}

/* Set of HWS_LOCK_* that is on. */
static inline unsigned hws_inject_locks(struct hws_inject *i)
{
	return i->impl->locks(i);
}

/* Switches the locks in `mask` on or off. */
static inline HWS_MUST_CHECK int hws_inject_set_locks(
		struct hws_inject *i, unsigned mask, unsigned on)
{
	return i->impl->set_locks(i, mask, on);
}

/* What a key gives in the active group at a level (0 plain, 1 Shift, 2 AltGr, 3 both): an X keysym;
 * that of a character is its code point, plus 0x1000000 from U+0100 on. 0: nothing, or not
 * known. */
static inline uint32_t hws_inject_symbol(struct hws_inject *i, uint8_t keycode, unsigned level)
{
	return i->impl->symbol(i, keycode, level);
}

/* Releases every key and button pressed through this interface; keys that were lent to characters
 * go back to what they were as soon as programs have read what was typed. */
static inline void hws_inject_release_all(struct hws_inject *i)
{
	i->impl->release_all(i);
}
