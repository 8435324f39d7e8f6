/* gtk/account_part: "Account": who is logged in at the server, logging in and out. Main thread
 * only. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/hawser.h>

/* `context` must outlive the widget. */
GtkWidget *gui_account_new(hawser_context *context);
/* The settings, or what another program has kept, may be others now. */
void gui_account_refresh(GtkWidget *account);
