/* video/codec_speed: how long codecs take for a picture on this machine: measured on pictures of
 * its own before one is taken without anybody's wish, and on those that are sent while it is in
 * use. Pure but for the measuring. Times of the monotonic clock, in microseconds. */
#pragma once
#include "client/media/codec.h"
#include <stdatomic.h>

struct hws_codec_took {
	/* a million pixels: of a first picture, of a changed one; 0 = not known */
	double key_us, frame_us;
};

struct hws_codec_speed {
	struct hws_codec_took took[HWS_CODEC_COUNT];
	double late[HWS_CODEC_COUNT];      /* how often pictures came late, 0..1 */
	uint64_t slow_us[HWS_CODEC_COUNT]; /* until then it is not tried again */
};

/* Codes a few pictures of a desktop that is drawn for it, in one thread, whose time of the
 * processor counts. For a worker: HWS_ERR_TIMEOUT when `limit_us` have gone by in the meantime,
 * HWS_ERR_CANCELED soon after *stop (may be NULL) is set. */
int hws_codec_speed_measure(enum hws_codec codec, uint64_t limit_us, const atomic_bool *stop,
		struct hws_codec_took *ret) HWS_MUST_CHECK;
/* A picture of a session took so long; `interval_us`: the time that there is for one. */
void hws_codec_speed_note(struct hws_codec_speed *s, enum hws_codec codec, uint64_t took_us,
		uint64_t interval_us, uint64_t now_us);
/* Whether pictures of so many pixels come in time. False for what was never measured. */
bool hws_codec_speed_fits(const struct hws_codec_speed *s, enum hws_codec codec, double pixels,
		uint64_t interval_us, uint64_t now_us);
