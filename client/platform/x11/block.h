/* x11/block: mouse and keyboard of the person at the desktop have no effect: their devices are
 * grabbed, all but those that XTEST injects by. The server lets go of them by itself when the
 * process that holds them ends. For the keeper's process: calls wait for the server. Private to
 * this folder. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <xcb/xcb.h>

#define X11_BLOCK_DEVICES_MAX 64u

struct x11_block { /* zeroed: nothing is held */
	uint16_t device[X11_BLOCK_DEVICES_MAX];
	unsigned count;
	bool on;
	uint8_t opcode; /* of the extension, for events */
};

/* All or none; `err` has a sentence. */
int x11_block_on(xcb_connection_t *conn, xcb_window_t root, struct x11_block *b,
		struct hws_error *err) HWS_MUST_CHECK;
void x11_block_off(xcb_connection_t *conn, xcb_window_t root, struct x11_block *b);
/* Whether an event says that devices came or went: then x11_block_again. */
bool x11_block_is_change(const struct x11_block *b, const xcb_generic_event_t *e);
/* Holds what came; on failure nothing is held any more. */
int x11_block_again(xcb_connection_t *conn, xcb_window_t root, struct x11_block *b,
		struct hws_error *err) HWS_MUST_CHECK;
/* Which devices are those of XTEST: they bear a property of this name. */
xcb_atom_t x11_xtest_atom(xcb_connection_t *conn);
bool x11_is_xtest(xcb_connection_t *conn, uint16_t device, xcb_atom_t atom);
