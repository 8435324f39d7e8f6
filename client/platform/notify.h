/* platform/notify: notifications on the desktop (org.freedesktop.Notifications on the session bus).
 * All of it is a courtesy: without a bus, or one that does not answer, nothing is shown and nothing
 * waits. Loop thread only. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <stdbool.h>

#define HWS_NOTIFY_PLACES 112
/* Bytes of the texts with their NULs; what is longer is cut. */
#define HWS_NOTIFY_SUMMARY 400
#define HWS_NOTIFY_TEXT 4100

/* How one is shown. */
#define HWS_NOTIFY_STAYS                                                                           \
	1u /* until it is closed or replaced; else for as long as the desktop likes */
#define HWS_NOTIFY_UNRECORDED 2u /* the desktop is asked to keep it in no list of past ones */

struct hws_notifier;

/* Looks for the bus with the first notification. */
int hws_notifier_new(struct hws_loop *loop, struct hws_notifier **ret) HWS_MUST_CHECK;
/* Takes back what is shown for good. Takes NULL. */
void hws_notifier_free(struct hws_notifier *n);
/* Shows UTF-8 texts at a place (below HWS_NOTIFY_PLACES) instead of what is shown there. `body` may
 * be taken for markup: no foreign text with < > & in it. `how`: HWS_NOTIFY_*. HWS_ERR_CLOSED when
 * nobody shows anything, as far as is known by now: there is no bus, or nobody on it answered the
 * last one. */
int hws_notifier_show(struct hws_notifier *n, unsigned place, const char *summary, const char *body,
		unsigned how);
