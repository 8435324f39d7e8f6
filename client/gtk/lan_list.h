/* gtk/lan_list: "In this network": the computers that answer there, looked for again and again
 * while the window is shown; those that answered once and are silent can be woken. Main thread
 * only. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/hawser.h>

/* `on_connect`: the user wants that one. `accept_key`: the fingerprint that it must have, NULL: as
 * it is known. Both borrowed until return. */
struct gui_lan_list_events {
	void (*on_connect)(const char *target, const char *accept_key, gpointer arg);
	gpointer arg;
};
/* `context` must outlive the widget. */
GtkWidget *gui_lan_list_new(hawser_context *context, const struct gui_lan_list_events *events);
