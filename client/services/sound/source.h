/* sound/source: the sound of a device, coded for the other end: capture, Opus, and nothing at all
 * while it is silent. A device that goes is looked for again. Loop thread only. */
#pragma once
#include "client/platform/sound.h"
#include "proto/session.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/loop/loop.h"

/* As deployed ends have it. */
#define HWS_SOUND_RATE 48000u
#define HWS_SOUND_CHANNELS 2u
#define HWS_SOUND_PACKET_US 10000u

struct hws_sound_source;

struct hws_sound_source_conf {
	struct hws_loop *loop;
	struct hws_sound *sound;
	enum hws_sound_way way; /* CAPTURE or RECORD */
	/* Adds to what was captured before it is coded; true: something was. May be NULL. */
	bool (*mix)(const struct hws_sound_chunk *c, float *samples, void *arg);
	/* One packet, borrowed; `number` counts those that were left out as silence, too. */
	void (*on_packet)(struct hws_bytes packet, uint64_t number, void *arg);
	/* There is nothing to hear, and why; it is tried again. NULL: there is again. Once for
	 * each change. */
	void (*on_trouble)(const char *why, void *arg);
	void *arg;
};

int hws_sound_source_new(const struct hws_sound_source_conf *conf,
		struct hws_sound_source **ret) HWS_MUST_CHECK;
void hws_sound_source_free(struct hws_sound_source *s); /* takes NULL */
/* Harmless when it runs, or does not. */
void hws_sound_source_start(struct hws_sound_source *s);
void hws_sound_source_stop(struct hws_sound_source *s);
bool hws_sound_source_runs(const struct hws_sound_source *s);
/* What precedes its packets on the wire, and one of them: points into itself, and to `packet`. */
struct hws_sound_message {
	Ses__Message m;
	Ses__Misc misc;
	Ses__AudioFormat format;
	Ses__AudioFrame frame;
};
void hws_sound_message_format(struct hws_sound_message *m);
void hws_sound_message_frame(struct hws_sound_message *m, struct hws_bytes packet, uint64_t number);
