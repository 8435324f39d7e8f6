/* gtk/app: the one object of the desktop program: GTK application and hawser context, tied to the
 * GLib loop. */
#pragma once
#include "client/gtk/launch.h"
#include <gtk/gtk.h>
#include <hawser/hawser.h>

struct gui_app {
	GtkApplication *gtk;
	hawser_context *context;
	guint source; /* GLib watch on the context's descriptor */
	struct gui_launch launch;
	int exit_status;
};

/* Runs the program until its last window closes; returns the exit status. Wipes and frees the
 * password. */
int gui_app_run(struct gui_launch *launch);
/* What of it a session is opened with; borrows. */
void gui_launch_fill(const struct gui_launch *launch, struct hawser_session_config *conf);
/* Overwrites and frees; takes NULL. */
void gui_free_password(char *password);
