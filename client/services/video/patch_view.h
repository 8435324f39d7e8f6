/* video/patch_view: what the viewer makes of messages about exact pixels, before the decoder
 * process sees them. Used by video_view alone. */
#pragma once
#include "client/decoder/confined.h"
#include "client/services/video/display_view.h"

/* A frame of video has come: whether it can be used, by what it says of patches. Notes it. false:
 * only a whole new picture helps. */
bool hws_patch_view_video(struct hws_display_view *s, const Ses__VideoFrame *f, bool key);
/* The same of a patch. */
bool hws_patch_view_patch(const struct hws_display_view *s, const Ses__Patch *p);
/* What the request to the decoder says of it. `rects`: room for HWS_DECODE_RECTS_MAX. */
void hws_patch_view_fill(
		const Ses__VideoFrame *f, struct hws_rect *rects, struct hws_confined_video *v);
/* A request that changes nothing, but shows what was decoded when no picture was free. */
int hws_patch_view_show(struct hws_confined *decoder, unsigned display, bool rgba,
		hws_confined_done *done, void *arg) HWS_MUST_CHECK;
