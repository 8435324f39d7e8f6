/* video/display_viewers: the viewers of one display, as its pictures see them: who can take one
 * now, what all of their lines bear, and the sending to them. Part of video_host. */
#pragma once
#include "client/services/video/video_parts.h"

#define HWS_DISPLAY_LAG_US 1000000u /* a viewer that blocks the others for so long is left behind */

/* 0 when a picture taken now can go to every viewer that is not hopelessly behind; else the time to
 * wait before looking again, HWS_FLOW_BLOCKED when something will happen before. */
uint64_t hws_display_viewers_wait(struct hws_display_host *s, uint64_t now);
/* The bytes of a picture of this display that pass soon; 0 = any number: no viewer's line is
 * narrow. */
double hws_display_viewers_room(struct hws_display_host *s);
/* The bytes of a picture that makes others better, so that a change need not wait long behind it;
 * 0 = any number. */
double hws_display_viewers_spare(struct hws_display_host *s, uint64_t now);
/* What the encoder may spend: as wished, or this display's part of what the slowest line
 * carries. */
uint32_t hws_display_viewers_kbit(struct hws_display_host *s, uint32_t kbit_s);
/* Is it recorded, at a viewer or here? Then the encoder must get every change. */
bool hws_display_viewers_record(const struct hws_display_host *s);
/* Something new is known of this line; true: whether it makes pictures coarser has changed. */
bool hws_display_viewers_line(struct hws_video_viewer *w, uint64_t now);
/* To all who watch and can use it. */
void hws_display_viewers_send(struct hws_display_host *s, const struct hws_display_job *j);
/* Tells this viewer, and who runs the host, what its pictures cost, if it is time to. */
void hws_display_viewers_tell_cost(struct hws_video_host *v, struct hws_video_viewer *w);
/* Tells each viewer the bitrate of the displays that it watches, if that is news to it. */
void hws_display_viewers_tell_bitrate(struct hws_video_host *v);
