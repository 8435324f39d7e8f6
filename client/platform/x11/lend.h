/* x11/lend: keys of the keyboard map that have no symbol, lent to characters that no key of the
 * layout gives. Private to this folder.
 *
 * A program makes a character of a key press with the map it reads when it handles the press, which
 * may be much later. So a place of a lent key (code and level) keeps its character until every
 * press of it was surely handled (x11_lend_settled), and all of them stay until the viewers have
 * gone. To have many places, lent keys are of the key type with the most levels. Each bears a mark
 * that tells whose it is (sweep.h): what a process that died left behind is found by it and taken
 * out. */
#pragma once
#include "client/platform/x11/keymap.h"

struct x11_lend;

int x11_lend_new(struct x11_desktop *d, struct x11_lend **ret) HWS_MUST_CHECK;
/* Gives everything back at once. Takes NULL. */
void x11_lend_free(struct x11_lend *l);
/* Takes a map that was just read, and keeps it until the next: after start, and when somebody else
 * has changed it. Places that were overwritten are forgotten, keys that have got symbols are not
 * ours any more. */
void x11_lend_look(struct x11_lend *l, const struct x11_keymap *m);
bool x11_lend_is_ours(const struct x11_lend *l, unsigned code);
/* How many different characters can be lent a place at a time; 0 = the map has no key to spare. */
unsigned x11_lend_room(const struct x11_lend *l);

/* The way to a character that has a place, for modifiers `mods` of which `fixed` cannot be
 * changed. */
bool x11_lend_find(struct x11_lend *l, uint32_t codepoint, uint8_t mods, uint8_t fixed,
		struct x11_stroke *ret);
/* Gives a character a place; sent by x11_lend_commit. HWS_ERR_AGAIN: all are in use until
 * x11_lend_settled. HWS_ERR_NOTFOUND: there is none with these fixed modifiers. */
int x11_lend_take(struct x11_lend *l, uint32_t codepoint, uint8_t mods, uint8_t fixed);
/* Tells the server what was taken. True when that changed the map. */
bool x11_lend_commit(struct x11_lend *l);
/* The press of a place was sent. */
void x11_lend_used(struct x11_lend *l, const struct x11_stroke *s);
/* Every press so far was handled: all places may be given to others. */
void x11_lend_settled(struct x11_lend *l);
/* Gives all keys back. */
void x11_lend_return(struct x11_lend *l);
bool x11_lend_any(const struct x11_lend *l);
/* Whether an event of the map tells of a change of ours. */
bool x11_lend_is_own_event(const struct x11_lend *l, const xcb_generic_event_t *e);
