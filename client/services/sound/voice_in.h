/* sound/voice_in: at the host: what the caller says, from its messages to the loudspeakers, or to
 * what programs of the desktop hear as their microphone. It is decoded in a process of its own,
 * that has nothing else (decoder/confined.h): what the caller sends is bytes beside the desktop.
 * Loop thread only. */
#pragma once
#include "client/platform/sound.h"
#include "proto/session.pb-c.h"
#include "shared/loop/loop.h"

struct hws_voice_in;

struct hws_voice_in_conf {
	struct hws_loop *loop;
	struct hws_sound *sound;
	enum hws_sound_way way; /* PLAY or MICROPHONE */
	/* Why nothing is heard of it; NULL: it is again. The object may not be freed in here. */
	void (*on_trouble)(const char *text, void *arg);
	void *arg;
};

int hws_voice_in_new(
		const struct hws_voice_in_conf *conf, struct hws_voice_in **ret) HWS_MUST_CHECK;
void hws_voice_in_free(struct hws_voice_in *v); /* takes NULL */
void hws_voice_in_format(struct hws_voice_in *v, const Ses__AudioFormat *f);
void hws_voice_in_frame(struct hws_voice_in *v, const Ses__AudioFrame *f);
