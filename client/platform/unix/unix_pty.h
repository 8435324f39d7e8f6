/* platform/unix: programs behind terminals of the kernel, as the account that this process has. It
 * needs no desktop. */
#pragma once
#include "client/platform/pty.h"
#include "shared/loop/loop.h"

int hws_unix_ptys_new(struct hws_loop *loop, struct hws_ptys **ret) HWS_MUST_CHECK;
/* Its terminals must be closed. Programs that were hung up a moment ago and still run are killed.
 * Takes NULL. */
void hws_unix_ptys_free(struct hws_ptys *base);
