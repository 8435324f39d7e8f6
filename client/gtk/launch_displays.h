/* gtk/launch_displays: what the command line says of displays. */
#pragma once
#include "client/gtk/app.h"

/* As given, NULL = not. False after a message. */
bool gui_launch_displays(const char *display, const char *resolution, const char *follow,
		struct gui_launch *l);
