/* gtk/display_menu: the button behind which lies what is wished of the host's displays and of the
 * person there. It keeps no state of its own: what is on is set from outside. Main thread only. */
#pragma once
#include "client/gtk/action.h"
#include <hawser/hawser.h>
#include <stdbool.h>

/* Calls fn with STRETCH, FOLLOW_POINTER, FOLLOW_WINDOW, BLOCK, DARK, SIZE, PLUG, WINDOW or WINDOWS;
 * of cameras with STRETCH, WINDOW and WINDOWS. */
GtkWidget *gui_display_menu_new(bool camera, gui_action_fn fn, gpointer arg);
/* How many displays there are: each may have a window of its own, if there are several. */
void gui_display_menu_set_count(GtkWidget *menu, size_t count);
/* Which have one (bits). */
void gui_display_menu_set_windows(GtkWidget *menu, guint32 open);
/* What cannot be is grey and says `why` (static; NULL: it can). False: it is none of this menu. */
bool gui_display_menu_set_denied(GtkWidget *menu, enum gui_action action, const char *why);
/* The shown display, whose sizes are offered; NULL: none alone. */
void gui_display_menu_set_display(GtkWidget *menu, const struct hawser_display *info);
/* False: it is none of this menu. */
bool gui_display_menu_set_on(GtkWidget *menu, enum gui_action action, bool on);
