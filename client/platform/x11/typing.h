/* x11/typing: characters as key presses, on what the keyboard is at this moment: layout, active
 * group, modifiers and locks. Private to this folder. */
#pragma once
#include "client/platform/x11/keymap.h"
#include "client/platform/x11/lend.h"
#include "client/platform/x11/reader.h"

struct x11_typing {
	struct x11_desktop *d;
	struct x11_keymap *map;
	struct x11_lend *lend;
	struct x11_reader *reader; /* made when the first key is lent */
	bool down[X11_KEYS];       /* keys we hold */
	bool stale;                /* the map is to be read again */
	/* the run: characters typed without a pause between */
	bool running;
	uint8_t state; /* modifiers as they are now */
	uint8_t rest;  /* ... as they are to be for keys that do not care */
	uint8_t fixed; /* ... that somebody else holds */
	uint8_t locked, locked_before;
	uint8_t group, group_base;
	uint8_t pressed;       /* modifiers whose keys we pressed for this run */
	bool lifted[X11_KEYS]; /* keys we hold and let go for this run */
	bool lent;             /* lent keys were pressed and the reader does not know it yet */
};

int x11_typing_init(struct x11_typing *t, struct x11_desktop *d) HWS_MUST_CHECK;
void x11_typing_done(struct x11_typing *t);
/* Reads the map if somebody changed it. */
void x11_typing_refresh(struct x11_typing *t);
void x11_typing_fake(struct x11_typing *t, uint8_t type, uint8_t code);

/* Looks how the keyboard is; waits for the answer. */
void x11_typing_begin(struct x11_typing *t);
/* Makes modifiers and locks what they were. */
void x11_typing_end(struct x11_typing *t);
/* Prepares characters to come, so that the map is changed once for all of them. Inside a run. */
void x11_typing_prepare(struct x11_typing *t, const uint32_t *codepoint, size_t n);
/* HWS_ERR_AGAIN: when programs have read what was typed. HWS_ERR_NOTFOUND: not at all on this
 * keyboard. With `shortcut` the modifiers stay as they are, and only the key is that of the
 * character. Inside a run. */
int x11_typing_char(struct x11_typing *t, uint32_t codepoint, bool shortcut) HWS_MUST_CHECK;
