/* gtk/screenshot: what is shown as a PNG file. */
#pragma once
#include "shared/base/err.h"
#include <gtk/gtk.h>

/* The pixels as they are. Files as in shared/base/output.h. */
int gui_screenshot_save(
		GdkTexture *picture, const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* A window, rendered as it is on the screen. */
int gui_screenshot_save_window(
		GtkWidget *window, const char *path, struct hws_error *err) HWS_MUST_CHECK;
