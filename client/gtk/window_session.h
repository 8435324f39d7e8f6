/* gtk/window_session: one window, one session. */
#pragma once
#include "client/gtk/app.h"

/* Opens the window and the connection; the window frees itself when it is closed. `launch` (may be
 * NULL) gives options of the command line; a password in it is used for this session and wiped. */
void gui_session_window_open(struct gui_app *app, const char *target, struct gui_launch *launch);
