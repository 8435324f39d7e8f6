/* gtk/session_menu: the button behind which lies what is wished less often: pictures as files, how
 * much of a picture and of the clipboard goes over, the volume, and what is done to the host's
 * machine. It keeps no state of its own. Main thread only. */
#pragma once
#include "client/gtk/action.h"
#include <hawser/hawser.h>
#include <stdbool.h>

/* Calls fn with the actions of action.h that are said to be behind it; of cameras fewer. */
GtkWidget *gui_session_menu_new(bool camera, gui_action_fn fn, gpointer arg);
/* Shows this value of a list or the volume, or whether something is on. False: it is none of this
 * menu. */
bool gui_session_menu_set(GtkWidget *menu, enum gui_action action, int value);
/* As gui_display_menu_set_denied. */
bool gui_session_menu_set_denied(GtkWidget *menu, enum gui_action action, const char *why);
