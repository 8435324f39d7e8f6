/* sound/player: samples to a device. It is opened with the first of them and let go of when none
 * come, so that it may sleep; one that goes is looked for again with later samples. Loop thread
 * only. */
#pragma once
#include "client/platform/sound.h"
#include "shared/loop/loop.h"

struct hws_sound_player;

struct hws_sound_player_conf {
	struct hws_loop *loop;
	struct hws_sound *sound;
	enum hws_sound_way way; /* PLAY or MICROPHONE */
	/* Nothing can be heard, and why. NULL: it can again. Once for each change. */
	void (*on_trouble)(const char *why, void *arg);
	void *arg;
};

int hws_sound_player_new(const struct hws_sound_player_conf *conf,
		struct hws_sound_player **ret) HWS_MUST_CHECK;
void hws_sound_player_free(struct hws_sound_player *p); /* takes NULL */
/* Percent, 0 .. 100; 100 at first. */
void hws_sound_player_volume(struct hws_sound_player *p, unsigned percent);
/* 16 bits, interleaved. What the device has no room for is left out: it would be late. */
void hws_sound_player_play(struct hws_sound_player *p, const int16_t *samples, unsigned frames,
		uint32_t rate, unsigned channels);
void hws_sound_player_stop(struct hws_sound_player *p);
