/* video/display_host: the showing of one display to those who watch it: when a picture is taken,
 * how it is coded, to whom it goes. Part of video_host. */
#pragma once
#include "client/services/video/video_parts.h"

/* Does the next step of a display, if there is one to do and all are ready for it. */
void hws_display_host_kick(struct hws_display_host *s);
/* Ends capture and forgets the encoder; who watches stays noted. */
void hws_display_host_stop(struct hws_display_host *s);
/* Tells each viewer the bitrate of the displays that it watches, if that is news to it. */
void hws_display_host_tell_bitrate(struct hws_video_host *v);
/* The capture's events. */
void hws_display_host_damaged(struct hws_display_host *s);
void hws_display_host_frame(struct hws_display_host *s, int r, struct hws_picture *picture,
		const struct hws_region *damage);
