/* x11/reader: whether programs have read the keyboard map since it was changed for them. Private to
 * this folder.
 *
 * A program that has handled a press of a lent key has the character. The X server does not say
 * what a program has handled. But programs of toolkits answer pings (_NET_WM_PING) in the order of
 * their events; and others ask the server for the map when they come to a press and were told of a
 * change before, be it of several: the RECORD extension shows that. They learn of a change when
 * they read it from the line, perhaps before they handle presses that came earlier: so they get
 * some time after they have asked. */
#pragma once
#include "client/platform/x11/desktop.h"

struct x11_reader;

int x11_reader_new(struct x11_desktop *d, struct x11_reader **ret) HWS_MUST_CHECK;
void x11_reader_free(struct x11_reader *r); /* takes NULL */
/* The map was changed, and x11_reader_mark called before any other program could ask for it. */
void x11_reader_changed(struct x11_reader *r);
/* Puts a mark into the order of requests, which the reader sees. */
void x11_reader_mark(xcb_connection_t *conn, uint8_t code);
/* A client message at the root window; true when it was the answer to a ping. */
bool x11_reader_on_message(struct x11_reader *r, const xcb_client_message_event_t *e);
/* Lent keys were pressed, for the program that has the keyboard now. Waits for an answer of the
 * server. */
void x11_reader_pressed(struct x11_reader *r);
/* Every program that got presses has read the map since; a program that is gone counts as such. */
bool x11_reader_settled(struct x11_reader *r);
/* Waits for no program any more. */
void x11_reader_forget(struct x11_reader *r);
