/* sound/inlet: the sound that the other end sends, from its messages to packets in the order and at
 * the time in which they are to be decoded. What is absurd is refused with a reason, once for each
 * format. Loop thread only. */
#pragma once
#include "client/services/sound/jitter.h"
#include "proto/session.pb-c.h"
#include "shared/loop/loop.h"

struct hws_sound_inlet;

struct hws_sound_inlet_conf {
	struct hws_loop *loop;
	/* The next packet; empty: it was lost. `anew`: with a new decoder. Borrowed. */
	void (*on_packet)(struct hws_bytes packet, bool anew, void *arg);
	/* What comes cannot be heard, and why: a sentence part. */
	void (*on_trouble)(const char *text, void *arg);
	void *arg;
};

int hws_sound_inlet_new(const struct hws_sound_inlet_conf *conf,
		struct hws_sound_inlet **ret) HWS_MUST_CHECK;
void hws_sound_inlet_free(struct hws_sound_inlet *in); /* takes NULL */
void hws_sound_inlet_format(struct hws_sound_inlet *in, const Ses__AudioFormat *f);
/* Left out before there is a format, and at more than a hundred a second or what a line holds
 * back. */
void hws_sound_inlet_frame(struct hws_sound_inlet *in, const Ses__AudioFrame *f);
/* Of the last format; 0: there is none. */
uint32_t hws_sound_inlet_rate(const struct hws_sound_inlet *in);
unsigned hws_sound_inlet_channels(const struct hws_sound_inlet *in);
/* What was decoded was no Opus. */
void hws_sound_inlet_broken(struct hws_sound_inlet *in);
/* Nothing is heard from now on until the next format; what waits is forgotten. */
void hws_sound_inlet_reset(struct hws_sound_inlet *in);
const struct hws_jitter *hws_sound_inlet_jitter(const struct hws_sound_inlet *in);
