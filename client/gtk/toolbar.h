/* gtk/toolbar: the buttons of a session: the same set in the title bar and, in full screen, at the
 * top edge. What one of them shows is set from outside, so that both always show the same. Main
 * thread only. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/hawser.h>
#include <stdbool.h>
#include <stddef.h>

enum gui_action {
	GUI_ACTION_FULLSCREEN,
	GUI_ACTION_CTRL_ALT_DEL,
	GUI_ACTION_REFRESH,
	GUI_ACTION_SCALE,
	GUI_ACTION_GRAB,
	GUI_ACTION_DISCONNECT,
	GUI_ACTION_QUALITY,
	GUI_ACTION_DISPLAY,
	GUI_ACTION_KEYBOARD,
	GUI_ACTION_SOUND,
	GUI_ACTION_CALL,
	/* behind the button of gtk/display_menu */
	GUI_ACTION_STRETCH,
	GUI_ACTION_FOLLOW_POINTER,
	GUI_ACTION_FOLLOW_WINDOW,
	GUI_ACTION_BLOCK,
	GUI_ACTION_DARK,
	GUI_ACTION_SIZE,
	GUI_ACTION_PLUG
};
#define GUI_DISPLAY_ALL (-1)
#define GUI_SIZE_FIT (-1) /* that of the window */

/* `value`: for what is switched whether it shall be on, for QUALITY an enum hawser_quality, for
 * DISPLAY an index or GUI_DISPLAY_ALL, for SIZE width << 16 | height or GUI_SIZE_FIT, for PLUG
 * whether one comes, else 0. */
typedef void (*gui_action_fn)(enum gui_action action, int value, gpointer arg);

/* A horizontal box; nothing works yet but FULLSCREEN and DISCONNECT. */
GtkWidget *gui_toolbar_new(gui_action_fn fn, gpointer arg);
/* Whether there is a picture to work on. */
void gui_toolbar_set_ready(GtkWidget *toolbar, bool ready);
/* Shows a chooser when there are several. */
void gui_toolbar_set_displays(GtkWidget *toolbar, const struct hawser_peer *peer, bool all);
/* What is on now: of all that is switched. */
void gui_toolbar_set_on(GtkWidget *toolbar, enum gui_action action, bool on);
/* Which quality is asked for now; for one that is not offered none is shown. */
void gui_toolbar_set_quality(GtkWidget *toolbar, enum hawser_quality quality);
/* Moves the keyboard focus to the first button that works. */
void gui_toolbar_focus(GtkWidget *toolbar);
/* Shows how keys are sent. */
void gui_toolbar_set_keyboard(GtkWidget *toolbar, enum hawser_keyboard_mode mode);
