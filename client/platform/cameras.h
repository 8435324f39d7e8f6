/* platform/cameras: the cameras of this account as a "desktop" of their own, whose displays they
 * are: it has a capture and cameras, and nothing else. */
#pragma once
#include "client/platform/opening.h"

/* The back-end "camera": of PipeWire; "camera:headless": the double. */
void hws_cameras_open(struct hws_platform_opening *o, const char *options);
