/* gtk/toolbar: the buttons of a session: the same set in the title bar and, in full screen, at the top edge. */
#pragma once
#include <gtk/gtk.h>
#include <stddef.h>

enum gui_action {
	GUI_ACTION_FULLSCREEN,
	GUI_ACTION_CTRL_ALT_DEL,
	GUI_ACTION_REFRESH,
	GUI_ACTION_SCALE,
	GUI_ACTION_GRAB,
	GUI_ACTION_DISCONNECT,
	GUI_ACTION_QUALITY,
	GUI_ACTION_DISPLAY
};

/* `value`: for QUALITY an enum hawser_quality, for DISPLAY an index, else 0. */
typedef void (*gui_action_fn)(enum gui_action action, int value, gpointer arg);

/* A horizontal box. */
GtkWidget *gui_toolbar_new(gui_action_fn fn, gpointer arg);
/* Shows a chooser when there are several. */
void gui_toolbar_set_displays(GtkWidget *toolbar, size_t count, size_t current);
