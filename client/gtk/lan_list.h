/* gtk/lan_list: "In this network": the computers that answer there, looked for again and again
 * while the window is shown; those that answered once and are silent can be woken. Main thread
 * only. */
#pragma once
#include "client/gtk/app.h"

/* `on_connect`: the user wants that one. `accept_key`: the fingerprint that it must have, NULL: as
 * it is known. Both borrowed until return. */
struct gui_lan_list_events {
	void (*on_connect)(const char *target, const char *accept_key, gpointer arg);
	gpointer arg;
};
/* `app` must outlive the widget. */
GtkWidget *gui_lan_list_new(struct gui_app *app, const struct gui_lan_list_events *events);
