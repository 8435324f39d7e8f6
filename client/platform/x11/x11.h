/* platform/x11: a desktop of an X server, by XCB: SHM, Damage, XFixes, RandR, XTEST, XKB. */
#pragma once
#include "client/platform/registry.h"

/* options: not used. Connects within some seconds or fails; needs all six extensions (SHM may be missing on
 * a server on another machine: then pictures travel over the socket). */
int hws_x11_open(struct hws_loop *loop, const struct hws_platform_conf *conf, const char *options,
		struct hws_platform **ret, struct hws_error *err) HWS_MUST_CHECK;
