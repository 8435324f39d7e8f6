/* gtk/toolbar: the buttons of a session: the same set in the title bar and, in full screen, at the
 * top edge. What one of them shows is set from outside, so that both always show the same. Main
 * thread only. */
#pragma once
#include "client/gtk/action.h"
#include <gtk/gtk.h>
#include <hawser/hawser.h>
#include <stdbool.h>
#include <stddef.h>

/* Of the first window of a session, of a desktop or of cameras; and of a window beside it, which
 * has what concerns one picture. */
enum gui_toolbar_kind {
	GUI_TOOLBAR_DESKTOP,
	GUI_TOOLBAR_CAMERA,
	GUI_TOOLBAR_SIDE,
	GUI_TOOLBAR_CAMERA_SIDE
};

/* A horizontal box; nothing works yet but FULLSCREEN and DISCONNECT. */
GtkWidget *gui_toolbar_new(enum gui_toolbar_kind kind, gui_action_fn fn, gpointer arg);
/* Whether there is a picture to work on. */
void gui_toolbar_set_ready(GtkWidget *toolbar, bool ready);
/* Shows a chooser when there are several. */
void gui_toolbar_set_displays(GtkWidget *toolbar, const struct hawser_peer *peer, bool all);
/* What cannot be is grey, and says `why` (static; NULL: it can). */
void gui_toolbar_set_denied(GtkWidget *toolbar, enum gui_action action, const char *why);
/* Which displays (bits) have a window of their own. */
void gui_toolbar_set_windows(GtkWidget *toolbar, guint32 open);
/* Shows the value of a list of gtk/session_menu, or its volume. */
void gui_toolbar_set_value(GtkWidget *toolbar, enum gui_action action, int value);
/* What is on now: of all that is switched. */
void gui_toolbar_set_on(GtkWidget *toolbar, enum gui_action action, bool on);
/* Which quality is asked for now; for one that is not offered none is shown. */
void gui_toolbar_set_quality(GtkWidget *toolbar, enum hawser_quality quality);
/* Moves the keyboard focus to the first button that works. */
void gui_toolbar_focus(GtkWidget *toolbar);
/* Shows how keys are sent. */
void gui_toolbar_set_keyboard(GtkWidget *toolbar, enum hawser_keyboard_mode mode);
