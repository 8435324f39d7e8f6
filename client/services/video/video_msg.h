/* video/video_msg: messages about pictures and displays. */
#pragma once
#include "client/media/region.h"
#include "client/media/video_codec.h"
#include "client/platform/capture.h"
#include "client/platform/screens.h"
#include "proto/session.pb-c.h"
#include "shared/base/bytes.h"

#define HWS_VIDEO_HEAD_MAX 640

/* What of a picture comes by video, for viewers that show patches, too. */
struct hws_video_exact {
	uint32_t generation;
	const struct hws_region *region; /* NULL: whole */
};

/* The serialised ses.Message of one coded picture up to and without its `data`, which must follow
 * as the rest: a picture is never copied into a message. `exact`: NULL for viewers that do not know
 * of it. Returns the length of the head, 0 for a codec that is not on the wire. */
size_t hws_video_head(enum hws_codec codec, unsigned display, bool key, int64_t pts_ms,
		size_t data_len, const struct hws_video_exact *exact,
		uint8_t buf[HWS_VIDEO_HEAD_MAX]);
/* The same of a patch. */
size_t hws_video_patch_head(unsigned display, uint32_t generation, size_t data_len,
		uint8_t buf[HWS_VIDEO_HEAD_MAX]);

/* A list of displays as messages carry it; the struct must outlive the messages that point to
 * it. */
struct hws_display_msg {
	Ses__DisplayInfo info[HWS_DISPLAYS_MAX];
	Ses__DisplayInfo *ptr[HWS_DISPLAYS_MAX];
	Ses__Resolution original[HWS_DISPLAYS_MAX];
	struct hws_display copy[HWS_DISPLAYS_MAX]; /* holds the names */
	unsigned count, primary;
};
/* `screens` may be NULL. */
void hws_display_msg_fill(struct hws_display_msg *m, const struct hws_display *list, unsigned count,
		struct hws_screens *screens);

/* The sizes that a display may have, in the same way. */
struct hws_sizes_msg {
	Ses__SupportedResolutions m;
	Ses__Resolution size[HWS_SIZES_MAX];
	Ses__Resolution *ptr[HWS_SIZES_MAX];
};
void hws_sizes_msg_fill(struct hws_sizes_msg *m, struct hws_screens *screens, unsigned display);
/* What it goes back to: its size, where nothing has been changed. */
Ses__Resolution hws_original_msg(
		const struct hws_display *d, struct hws_screens *screens, unsigned display);
