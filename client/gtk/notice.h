/* gtk/notice: a line that the host, or the person there, wants read: it stays until it is closed.
 * The status line is written every second and would wipe it away. Main thread only. */
#pragma once
#include <gtk/gtk.h>

/* Hidden until there is something to read. */
GtkWidget *gui_notice_new(void);
/* "TITLE: TEXT"; `length` bytes of UTF-8. */
void gui_notice_show(GtkWidget *notice, const char *title, const char *utf8, size_t length);
/* The same, for what gui_notice_pass takes away: it can be looked up elsewhere, and a full
 * screen is the picture's. */
void gui_notice_show_passing(GtkWidget *notice, const char *title, const char *utf8, size_t length);
void gui_notice_pass(GtkWidget *notice);
/* The same for a piece of news: it goes by itself after some seconds. */
void gui_notice_show_shortly(GtkWidget *notice, const char *title, const char *utf8, size_t length);
