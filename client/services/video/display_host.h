/* video/display_host: the showing of one display to those who watch it: when a picture is taken.
 * Part of video_host. */
#pragma once
#include "client/services/video/video_parts.h"

#define HWS_DISPLAY_REFINE_US 120000u /* rest before a blurred picture is sharpened */
#define HWS_DISPLAY_RETRY_US 1000000u /* after something failed */

/* Does the next step of a display, if there is one to do and all are ready for it. */
void hws_display_host_kick(struct hws_display_host *s);
/* Ends capture and forgets the encoder; who watches stays noted. */
void hws_display_host_stop(struct hws_display_host *s);
/* Looks again after so long. */
void hws_display_host_wait(struct hws_display_host *s, uint64_t us);
/* What is owed is paid after so long without a change. */
void hws_display_host_pay_later(struct hws_display_host *s, uint64_t us);
/* The capture's events. */
void hws_display_host_damaged(struct hws_display_host *s);
void hws_display_host_frame(struct hws_display_host *s, int r, struct hws_picture *picture,
		const struct hws_region *damage);
