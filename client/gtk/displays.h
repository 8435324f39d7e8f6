/* gtk/displays: the displays of one session's host: which are shown, and what the user wishes of
 * them and of the person there. Joins the canvas, the two bars and the session. Main thread only.
 * */
#pragma once
#include "client/gtk/canvas.h"
#include "client/gtk/launch.h"
#include "client/gtk/side_windows.h"
#include "client/gtk/toolbar.h"

struct gui_displays;

/* Borrows the widgets and windows, which outlive it. */
struct gui_displays *gui_displays_new(GuiCanvas *canvas, GtkWidget *bar, GtkWidget *edge_bar,
		GtkWidget *notice, struct gui_side_windows *side);
void gui_displays_free(struct gui_displays *d); /* takes NULL */
/* What the command line wished (NULL: nothing), before the session connects. */
void gui_displays_begin(
		struct gui_displays *d, hawser_session *session, const struct gui_launch *launch);
/* READY (`ready`) and DISPLAYS. */
void gui_displays_listed(struct gui_displays *d, const struct hawser_peer *peer, bool ready);
/* PRIVACY. */
void gui_displays_privacy(struct gui_displays *d, const struct hawser_event *e);
/* Which have windows of their own (bits) has changed. */
void gui_displays_windows(struct gui_displays *d, guint32 open);
/* The first window is hidden: its display comes no more unless it has another window. */
void gui_displays_leave(struct gui_displays *d);
/* FRAME; true: it is shown. */
bool gui_displays_frame(struct gui_displays *d, size_t display);
/* SCALE and what gtk/display_menu has, and DISPLAY. False: it is something else. */
bool gui_displays_act(struct gui_displays *d, enum gui_action action, int value);
