/* gtk/screenshot: a widget as PNG, rendered as it is on the screen. */
#pragma once
#include <gtk/gtk.h>
#include <stdbool.h>

bool gui_screenshot_save(GtkWidget *window, const char *path);
