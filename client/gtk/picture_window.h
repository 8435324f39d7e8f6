/* gtk/picture_window: what all windows with a picture of a host have in common: full screen with
 * its bar at the edge, the grab of the keyboard, and that the keyboard comes back to the picture.
 * Main thread only. */
#pragma once
#include "client/gtk/canvas.h"
#include "client/gtk/toolbar.h"

struct gui_picture_window {
	GtkWindow *window;
	GtkWidget *bar, *edge_bar, *edge;
	GtkWidget *overlay; /* over the picture; to be put into the window */
	GuiCanvas *canvas;
	GtkWidget *typed; /* it, too, may have the keyboard while there is a picture; NULL: none */
	gboolean (*has_picture)(gpointer arg);
	void (*on_fullscreen)(bool full, gpointer arg);
	/* Of Ctrl+Alt and a key: what is not about the window alone. */
	void (*on_hotkey)(guint keyval, gpointer arg);
	hawser_session *session; /* borrowed; NULL: none yet */
	gpointer arg;
	bool in_bar; /* the keyboard works the buttons, because the user wished so */
	guint focus_idle;
};

/* Makes the window, its bars and the canvas; `p` has functions and `arg` and stays where it is
 * until gui_picture_window_done. `scroller`: what is the picture's place, for the owner to put
 * under the overlay. */
void gui_picture_window_init(struct gui_picture_window *p, GtkApplication *gtk,
		enum gui_toolbar_kind kind, gui_action_fn fn, GtkWidget **ret_scroller);
/* The window is being destroyed. */
void gui_picture_window_done(struct gui_picture_window *p);
/* In both bars. */
void gui_picture_window_set_on(struct gui_picture_window *p, enum gui_action action, bool on);
/* FULLSCREEN and GRAB. False: it is something else. */
bool gui_picture_window_act(struct gui_picture_window *p, enum gui_action action, int value);
void gui_picture_window_set_grab(struct gui_picture_window *p, bool grab);
