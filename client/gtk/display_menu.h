/* gtk/display_menu: the button behind which lies what is wished of the host's displays and of the
 * person there. It keeps no state of its own: what is on is set from outside. Main thread only. */
#pragma once
#include "client/gtk/action.h"
#include <hawser/hawser.h>
#include <stdbool.h>

/* Calls fn with STRETCH, FOLLOW_POINTER, FOLLOW_WINDOW, BLOCK, DARK, SIZE or PLUG. */
GtkWidget *gui_display_menu_new(gui_action_fn fn, gpointer arg);
/* The shown display, whose sizes are offered; NULL: none alone. */
void gui_display_menu_set_display(GtkWidget *menu, const struct hawser_display *info);
/* False: it is none of this menu. */
bool gui_display_menu_set_on(GtkWidget *menu, enum gui_action action, bool on);
