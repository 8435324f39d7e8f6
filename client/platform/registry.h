/* platform/registry: chooses and opens the back-end of this desktop. */
#pragma once
#include "client/platform/platform.h"

/* Begins to open and returns at once: an X server may be slow, and a portal asks the person at the
 * desktop first. How long that may take is for the caller to say, by hws_platform_cancel.
 * HWS_ERR_NOMEM only. */
int hws_platform_open(struct hws_loop *loop, const struct hws_platform_conf *conf,
		struct hws_platform_opening **ret) HWS_MUST_CHECK;
/* Gives up: on_open is not called. Not after it was. Takes NULL. */
void hws_platform_cancel(struct hws_platform_opening *o);
/* Releases all pressed keys. Takes NULL. */
void hws_platform_close(struct hws_platform *p);

/* HWS_GIVES_* of a back-end by its name ("x11"); 0 = there is none. */
unsigned hws_platform_gives(const char *backend);
/* The same of an opened desktop. */
unsigned hws_platform_has(const struct hws_platform *p);
