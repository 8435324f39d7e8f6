/* x11/sweep: keys of a server's keyboard map that hawser lent, and taking them out again. Works on
 * any connection, so that another process can do it for one that died. Private to this folder. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <xcb/xcb.h>

/* A window that nobody sees; while it exists its process is alive. XCB_NONE on failure. */
xcb_window_t x11_sweep_owner_new(xcb_connection_t *conn, const xcb_screen_t *screen);
/* Whether that process still is there. */
bool x11_sweep_owner_lives(xcb_connection_t *conn, xcb_window_t owner);
/* The eight bytes of a key action that does nothing and says whose the key is. */
void x11_sweep_mark(xcb_window_t owner, uint8_t action[8]);
/* Whether an action is such a mark; then whose. */
bool x11_sweep_read_mark(const uint8_t action[8], xcb_window_t *ret_owner);
/* Makes every key blank again that `self` lent (XCB_NONE: nobody), or an owner that is gone. The
 * server is grabbed meanwhile; waits for answers. */
void x11_sweep(xcb_connection_t *conn, xcb_window_t self);
/* Lets go of keys and buttons that a process held which is gone: of all that XTEST has down. When a
 * desktop begins to be served, before anything is pressed. */
void x11_sweep_held(xcb_connection_t *conn);
