/* gtk/x11_targets: whether a remote desktop program owns the clipboard of an X server. GDK tells
 * only formats whose name is a MIME type or that it converts itself; the mark of such programs is
 * neither. Asked over GDK's own connection, so that the answer stands in one order with its
 * "changed" signals. Main thread only. */
#pragma once
#include <gtk/gtk.h>

/* What remote desktop programs put beside what they set: a host on this desktop must not send it
 * on, or two machines that show each other would never come to rest. */
#define GUI_CLIPBOARD_MARK "dyn.com.rustdesk.owner"

struct gui_x11_targets;

/* NULL: not an X display. */
struct gui_x11_targets *gui_x11_targets_new(
		GdkDisplay *display, void (*fn)(bool marked, gpointer arg), gpointer arg);
void gui_x11_targets_free(struct gui_x11_targets *t); /* takes NULL */
/* Calls fn later, unless the owner does not answer, or another question is asked before. */
void gui_x11_targets_ask(struct gui_x11_targets *t);
/* Whether the X server holds this program for the owner, whatever GDK believes. */
bool gui_x11_targets_are_ours(struct gui_x11_targets *t);
