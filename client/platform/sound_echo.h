/* platform/sound_echo: for sound.c: what loudspeakers say is kept for a moment, so that it is taken
 * out of what a microphone hears. Loop thread only. */
#pragma once
#include "client/platform/sound.h"

struct hws_sound_said; /* by the loudspeakers of one hws_sound */
struct hws_sound_ear;  /* of one stream that records */

/* All take NULL, and then do nothing. */
int hws_sound_said_new(struct hws_sound_said **ret) HWS_MUST_CHECK;
void hws_sound_said_free(struct hws_sound_said *s);
/* `time_us`: when the first frame is heard. */
void hws_sound_said_add(struct hws_sound_said *s, const struct hws_sound_spec *spec,
		const void *samples, unsigned frames, uint64_t time_us);

/* HWS_ERR_UNSUPPORTED: of this spec and chunk none is made. */
int hws_sound_ear_new(const struct hws_sound_stream_conf *conf,
		struct hws_sound_ear **ret) HWS_MUST_CHECK;
void hws_sound_ear_free(struct hws_sound_ear *e);
/* What is left of a chunk: its samples are the ear's, until the next call. */
void hws_sound_ear_hear(
		struct hws_sound_ear *e, struct hws_sound_said *s, struct hws_sound_chunk *chunk);
