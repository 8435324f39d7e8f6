/* x11/focus: where the window is that has the keyboard. Private to this folder. */
#pragma once
#include "client/platform/x11/desktop.h"

struct x11_focus;

/* Tells `to` (hws_cursor_window_moved), which outlives it. */
int x11_focus_new(struct x11_desktop *d, struct hws_cursor *to,
		struct x11_focus **ret) HWS_MUST_CHECK;
void x11_focus_free(struct x11_focus *f); /* takes NULL */
void x11_focus_watch(struct x11_focus *f, bool on);
