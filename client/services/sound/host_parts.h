/* sound/host_parts: what the files of the controlled side share: sound_host.c (the desktop's sound,
 * who hears what), call_host.c (who rings, who answers). */
#pragma once
#include "client/services/host_service.h"
#include "client/services/sound/source.h"
#include "client/services/sound/voice_in.h"
#include "shared/base/bucket.h"

struct sound_host;

struct sound_viewer {
	struct hws_host_viewer *v; /* NULL: nobody */
	struct sound_host *h;
	bool hears;       /* the desktop, or the microphone: it was told the format */
	uint64_t late_us; /* since when its line takes less than comes; 0 = it does not */
	bool rings;
	bool heard;         /* something, so that its end is news */
	bool misses;        /* it was told that there is no sound */
	int64_t ring_stamp; /* of its request */
	struct hws_bucket pace;
	struct hws_timer limit; /* of ringing */
};

struct sound_host {
	struct hws_host_service service;
	struct hws_host_env env;
	struct hws_sound *sound; /* NULL: this desktop has none */
	bool missing;            /* none now, or none at all */
	struct hws_sound_source *desktop, *microphone;
	struct sound_viewer viewer[HWS_HOST_VIEWERS_MAX];
	/* The one call that there is. */
	struct sound_viewer *caller; /* NULL: none */
	bool into_programs;          /* they hear the caller as their microphone */
	struct hws_voice_in *voice;
};

/* sound_host.c: who hears what may be others now. */
void sound_host_turn(struct sound_host *h);
/* A sentence for this viewer, in a box. */
void sound_host_box(struct sound_viewer *w, const char *title, const char *text);

/* call_host.c */
bool sound_call_message(struct sound_host *h, struct sound_viewer *w, const Ses__Message *m);
/* It may not any more, or has gone. */
void sound_call_leave(struct sound_host *h, struct sound_viewer *w);
int sound_call_command(struct sound_host *h, struct sound_viewer *w, const char *text,
		struct hws_error *err) HWS_MUST_CHECK;

static inline bool sound_viewer_may(const struct sound_viewer *w)
{
	return hws_host_viewer_may(w->v, HWS_PERM_AUDIO);
}
