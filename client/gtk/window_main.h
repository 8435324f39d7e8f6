/* gtk/window_main: where to connect to, recent hosts, this computer's ID and password, the server's
 * settings. */
#pragma once
#include "client/gtk/app.h"

void gui_main_window_open(struct gui_app *app);
