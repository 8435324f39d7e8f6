/* x11/reader: whether programs have read the keyboard map since it was changed for them. Private to this folder.
 *
 * A program that has a press of a lent key before it, and has read the map since that key was lent, has the
 * character: later changes come behind the press in its stream of events. The X server does not say what a
 * program has read. But programs of toolkits answer pings (_NET_WM_PING) in the order of their events; and others
 * ask the server for the map, once for each time that they are told of a change: the RECORD extension shows that. */
#pragma once
#include "client/platform/x11/desktop.h"

struct x11_reader;

int x11_reader_new(struct x11_desktop *d, struct x11_reader **ret) HWS_MUST_CHECK;
void x11_reader_free(struct x11_reader *r); /* takes NULL */
/* The map was changed. */
void x11_reader_changed(struct x11_reader *r);
/* Programs were told of it; with one change that happens several times, for each keyboard of the machine. */
void x11_reader_told(struct x11_reader *r);
/* A client message at the root window; true when it was the answer to a ping. */
bool x11_reader_on_message(struct x11_reader *r, const xcb_client_message_event_t *e);
/* Lent keys were pressed, for the program that has the keyboard now. Waits for an answer of the server. */
void x11_reader_pressed(struct x11_reader *r);
/* Every program that got presses has read the map since; a program that is gone counts as such. */
bool x11_reader_settled(struct x11_reader *r);
/* Waits for no program any more. */
void x11_reader_forget(struct x11_reader *r);
