/* x11/guard: a small process that takes lent keys back when this one is killed. Private to this
 * folder. */
#pragma once
#include "shared/base/err.h"

struct x11_guard;

/* `display` as for xcb_connect; NULL = $DISPLAY. */
int x11_guard_new(const char *display, struct x11_guard **ret) HWS_MUST_CHECK;
/* Nothing is lent any more: it ends without doing anything. Takes NULL. */
void x11_guard_free(struct x11_guard *g);
