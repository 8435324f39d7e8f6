/* x11/displays: the monitors of a screen. Private to this folder. */
#pragma once
#include "client/platform/capture.h"
#include "client/platform/x11/desktop.h"

/* Fills list[HWS_DISPLAYS_MAX] and returns how many; 0: nothing that can be shown, `err` (may be
 * NULL) says why. Waits for the server (a few round trips). */
unsigned x11_displays_list(struct x11_desktop *d, struct hws_display *list, struct hws_error *err);
bool x11_displays_same(const struct hws_display *a, const struct hws_display *b, unsigned n);
