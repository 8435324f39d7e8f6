/* video/display_coding: one picture of a display through the encoder, and on to who watches it.
 * Part of video_host. */
#pragma once
#include "client/services/video/video_parts.h"

enum hws_coding {
	HWS_CODING_CHANGE,
	HWS_CODING_REFINES,  /* nothing changed there since, it was only coded badly */
	HWS_CODING_COMPLETES /* not by the codec: see patch_host.h */
};

/* Codes s->picture: `damage` of it, all of it when a key frame is due. `s->coding` until it is
 * through. */
void hws_display_coding_start(
		struct hws_display_host *s, const struct hws_region *damage, enum hws_coding what);
