/* video/display_coding: one picture of a display through the encoder, and on to who watches it. Part
 * of video_host. */
#pragma once
#include "client/services/video/video_parts.h"

/* Codes s->picture: `damage` of it, all of it when a key frame is due. `refines`: nothing changed
 * there since, it was only coded badly. `s->coding` until it is through. */
void hws_display_coding_start(
		struct hws_display_host *s, const struct hws_region *damage, bool refines);
