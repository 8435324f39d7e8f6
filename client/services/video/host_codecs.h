/* video/host_codecs: which codec the displays are sent by, and when that changes: viewers come and
 * wish, a line turns out narrow, a codec too slow or not to work. Part of video_host. */
#pragma once
#include "client/services/video/video_parts.h"

/* By what is known now; displays that change their codec begin anew. */
void hws_host_codecs_choose(struct hws_video_host *v);
/* Something new is known of this viewer's line. */
void hws_host_codecs_line(struct hws_video_host *v, unsigned slot);
/* A picture was coded in so long. */
void hws_host_codecs_coded(struct hws_video_lane *l, enum hws_codec codec, uint64_t took_us);
/* An encoder cannot be made or has failed: all go by VP9, until the viewers have gone. */
void hws_host_codecs_failed(struct hws_video_host *v, enum hws_codec codec);
