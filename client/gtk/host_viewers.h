/* gtk/host_viewers: who is let in to this computer, with switches for what each may do and a button
 * that ends its session. Main thread only. */
#pragma once
#include <gtk/gtk.h>

/* Hidden while nobody is there; looks by itself, by a thread, while its window is shown. */
GtkWidget *gui_host_viewers_new(void);
