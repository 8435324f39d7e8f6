/* recording/record_sound: what is heard at a desktop, for a recording at the host: what it plays,
 * and its microphone while that is listened to, as in a voice call (whose other end the
 * loudspeakers play). One sound, as who watches the film expects. Loop thread. */
#pragma once
#include "client/platform/sound.h"
#include "shared/base/bytes.h"
#include "shared/loop/loop.h"

#define HWS_RECORD_SOUND_CHANNELS 2u

struct hws_record_sound;

struct hws_record_sound_conf {
	struct hws_loop *loop;
	struct hws_sound *sound;
	/* An Opus packet, borrowed; `time_ms`: when its first sample was heard, by hws_clock_us.
	 * Silence that lasts, and a sound server that is away, give none. */
	void (*on_packet)(struct hws_bytes packet, uint64_t time_ms, void *arg);
	void *arg;
};

/* Begins at once, and again whenever there is a sound server. */
int hws_record_sound_new(const struct hws_record_sound_conf *conf,
		struct hws_record_sound **ret) HWS_MUST_CHECK;
void hws_record_sound_free(struct hws_record_sound *s); /* takes NULL */
