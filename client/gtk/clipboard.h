/* gtk/clipboard: keeps the desktop's clipboard and the session's in step: all
 * formats of what is copied, and files. Main thread only. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/hawser.h>

struct gui_clipboard;

struct gui_clipboard *gui_clipboard_new(void);
void gui_clipboard_free(struct gui_clipboard *c);
/* Local changes go to this session (borrowed); NULL = nowhere. */
void gui_clipboard_set_session(struct gui_clipboard *c, hawser_session *session);
/* The host's clipboard changed: HAWSER_EVENT_CLIPBOARD or HAWSER_EVENT_CLIPFILES. */
void gui_clipboard_receive(struct gui_clipboard *c, const struct hawser_event *e);
/* Something of the session that the user copies here, a picture: it does not go back to the host.
 * Takes the reference. */
void gui_clipboard_copy_picture(struct gui_clipboard *c, GdkContentProvider *picture);
