/* sound/sound_view: what a host plays, heard at the viewer; and a voice call with whoever is at
 * that host. Loop thread only. */
#pragma once
#include "client/core/viewer.h"
#include "client/decoder/confined.h"
#include "client/platform/sound.h"

struct hws_sound_view;
struct hws_jitter_figures;

enum hws_call_state { HWS_CALL_NONE, HWS_CALL_RINGS, HWS_CALL_ACTIVE };

struct hws_sound_view_conf {
	struct hws_loop *loop;
	struct hws_confined *decoder;
	struct hws_sound *sound; /* for the microphone of a call */
	/* 16 bits, interleaved, borrowed: to be heard now. */
	void (*on_samples)(const int16_t *samples, unsigned frames, uint32_t rate,
			unsigned channels, void *arg);
	/* A packet as it came, for who keeps it; borrowed. May be NULL. */
	void (*on_packet)(struct hws_bytes opus, unsigned rate, unsigned channels, void *arg);
	/* A sentence: what is missing. */
	void (*on_trouble)(const char *text, void *arg);
	/* The host has none, or has it again. May be NULL. */
	void (*on_host_sound)(bool none, void *arg);
	/* `text`: a sentence for people. */
	void (*on_call)(enum hws_call_state state, const char *text, void *arg);
	void *arg;
};

int hws_sound_view_new(
		const struct hws_sound_view_conf *conf, struct hws_sound_view **ret) HWS_MUST_CHECK;
void hws_sound_view_free(struct hws_sound_view *sv); /* takes NULL */
struct hws_service *hws_sound_view_service(struct hws_sound_view *sv);
/* The other way round; `s` is one. */
struct hws_sound_view *hws_sound_view_of(struct hws_service *s);
/* Rings. HWS_ERR_DENIED: there is no session, or no sound in it; HWS_ERR_BUSY: there is a call. */
int hws_sound_view_call(struct hws_sound_view *sv) HWS_MUST_CHECK;
/* Ends the call, or the ringing; harmless without. */
void hws_sound_view_hang_up(struct hws_sound_view *sv);
const struct hws_jitter_figures *hws_sound_view_figures(const struct hws_sound_view *sv);
