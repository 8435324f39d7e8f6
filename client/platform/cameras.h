/* platform/cameras: the cameras of this account as a "desktop" of their own, whose displays they
 * are: it has a capture and cameras, sound for voice calls, and nothing else. */
#pragma once
#include "client/platform/opening.h"

/* The back-end "camera"; behind a colon, with commas between: "headless" (the double), "pipewire" or
 * "v4l2" (that alone), "size=WIDTHxHEIGHT" and "fps=N" (what is taken of each). */
void hws_cameras_open(struct hws_platform_opening *o, const char *options);
