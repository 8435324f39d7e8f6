/* x11/keymap: the keyboard map of an X server as XKB has it: what each key gives in each group at
 * each level, and which modifiers choose the level. Pure after loading. Private to this folder. */
#pragma once
#include "client/platform/x11/desktop.h"

#define X11_GROUPS 4
#define X11_KEYS 256

struct x11_key {
	uint8_t groups;     /* 0 = the key has no symbol at all */
	uint8_t group_info; /* with the rule for groups it does not have */
	uint8_t width;
	uint8_t type[X11_GROUPS];
	uint8_t explicit_parts;
	bool acts;      /* has actions */
	uint32_t first; /* of its symbols: groups * width */
};

struct x11_type {
	uint8_t mods; /* that choose the level */
	uint8_t levels;
	bool keeps_lock;       /* Lock is left to the program even where it chooses the level */
	uint16_t first, count; /* entries */
};

struct x11_entry {
	uint8_t mods, level;
	bool keeps_lock; /* Lock is left to the program, though it chose the level */
};

struct x11_keymap {
	unsigned min, max;
	struct x11_key key[X11_KEYS];
	uint8_t modmap[X11_KEYS];
	xcb_keysym_t *sym;
	uint32_t *chr; /* the character of each symbol, 0 = none; never of the number pad */
	uint32_t sym_count;
	struct x11_type *type;
	unsigned type_count;
	struct x11_entry *entry;
	unsigned entry_count;
	unsigned groups;    /* the most that a key has */
	uint8_t num_mask;   /* modifier of Num Lock, 0 = none */
	uint8_t level_mods; /* modifiers that only choose levels: Shift, Level 3, Level 5 */
	uint8_t free_mods;  /* modifiers that no key sets */
	uint8_t mod_key[8]; /* key that sets a modifier of level_mods while it is held, 0 = none */
};

/* A way to get a symbol: a key, and the state of the modifiers in `mask`. */
struct x11_stroke {
	uint8_t code;
	uint8_t group; /* that must be active */
	uint8_t mask, mods;
	uint8_t place; /* of a lent key */
};

/* Asks the server and waits for the answer. */
int x11_keymap_load(struct x11_desktop *d, struct x11_keymap **ret) HWS_MUST_CHECK;
void x11_keymap_free(struct x11_keymap *m); /* takes NULL */

/* The group of a key when `group` is the active one. */
unsigned x11_keymap_group(const struct x11_keymap *m, unsigned code, unsigned group);
/* 0 outside. */
xcb_keysym_t x11_keymap_sym(
		const struct x11_keymap *m, unsigned code, unsigned group, unsigned level);
/* The same as hws_inject_symbol has it: characters alike whichever keysym the layout names them
 * by. */
uint32_t x11_keymap_symbol(
		const struct x11_keymap *m, unsigned code, unsigned group, unsigned level);
/* What a key gives with these modifiers in this group. */
xcb_keysym_t x11_keymap_now(
		const struct x11_keymap *m, unsigned code, unsigned group, uint8_t mods);
/* The modifiers of a key type that give a level, from `mods` of which `fixed` cannot change,
 * changing as few as may be; false if there are none. Only modifiers that mean nothing but a level
 * are changed. */
bool x11_keymap_way(const struct x11_keymap *m, unsigned type, unsigned level, uint8_t mods,
		uint8_t fixed, uint8_t *ret_mods);
/* The way to a symbol (`as_char`: a character) in the active group that changes least; `fixed`
 * modifiers stay as they are in `mods`. A character never by the number pad, whose meaning hangs on
 * Num Lock. */
bool x11_keymap_find(const struct x11_keymap *m, uint32_t want, bool as_char, unsigned group,
		uint8_t mods, uint8_t fixed, struct x11_stroke *ret);
/* The key of a symbol (`as_char`: a character), whatever modifiers it takes: in the active group,
 * else in another, which is then in ret->group. Lower levels first. */
bool x11_keymap_find_key(const struct x11_keymap *m, uint32_t want, bool as_char, unsigned group,
		struct x11_stroke *ret);
