/* gtk/edge_bar: the bar of full screen: hidden above the top edge until the pointer touches it.
 * Main thread only. */
#pragma once
#include <gtk/gtk.h>
#include <stdbool.h>

/* An overlay child for `window` that holds `content`; it works while the window is in full
 * screen. */
GtkWidget *gui_edge_bar_new(GtkWindow *window, GtkWidget *content);
/* Shows it without the pointer; it goes when neither pointer nor keyboard focus is in it. */
void gui_edge_bar_show(GtkWidget *edge);
