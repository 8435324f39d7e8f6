/* gtk/toolbar: the buttons of a session: the same set in the title bar and, in full screen, at the
 * top edge. What one of them shows is set from outside, so that both always show the same. Main
 * thread only. */
#pragma once
#include "client/gtk/action.h"
#include <gtk/gtk.h>
#include <hawser/hawser.h>
#include <stdbool.h>
#include <stddef.h>

/* A horizontal box; nothing works yet but FULLSCREEN and DISCONNECT. */
GtkWidget *gui_toolbar_new(gui_action_fn fn, gpointer arg);
/* Whether there is a picture to work on. */
void gui_toolbar_set_ready(GtkWidget *toolbar, bool ready);
/* Shows a chooser when there are several. */
void gui_toolbar_set_displays(GtkWidget *toolbar, const struct hawser_peer *peer, bool all);
/* Whether the host permits it; what it does not is grey. */
void gui_toolbar_set_allowed(GtkWidget *toolbar, enum gui_action action, bool allowed);
/* What is on now: of all that is switched. */
void gui_toolbar_set_on(GtkWidget *toolbar, enum gui_action action, bool on);
/* Which quality is asked for now; for one that is not offered none is shown. */
void gui_toolbar_set_quality(GtkWidget *toolbar, enum hawser_quality quality);
/* Moves the keyboard focus to the first button that works. */
void gui_toolbar_focus(GtkWidget *toolbar);
/* Shows how keys are sent. */
void gui_toolbar_set_keyboard(GtkWidget *toolbar, enum hawser_keyboard_mode mode);
