/* platform/x11: a desktop of an X server, by XCB: SHM, Damage, XFixes, RandR, XTEST, XKB. */
#pragma once

struct hws_platform_opening;

/* options: not used. Connects on a thread of its own; needs all six extensions (SHM may be missing
 * on a server on another machine: then pictures travel over the socket). */
void hws_x11_open(struct hws_platform_opening *o, const char *options);
