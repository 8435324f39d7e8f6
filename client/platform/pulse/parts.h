/* pulse/parts: what the files of this back-end share: pulse.c (the server, its devices), stream.c
 * (streams), virtual.c (the microphone that programs hear). */
#pragma once
#include "client/platform/pulse/library.h"
#include "client/platform/sound.h"
#include "shared/base/buf.h"
#include "shared/loop/loop.h"

#define PULSE_STREAMS_MAX 8u
#define PULSE_NAME 200u

enum pulse_state {
	PULSE_DOWN,    /* nobody has asked, or the server has gone */
	PULSE_OPENING, /* connecting, or its devices are not known yet */
	PULSE_READY
};

struct pulse {
	struct hws_sound base;
	struct hws_loop *loop;
	const struct pulse_library *lib;
	pa_mainloop_api api;
	pa_context *context;
	enum pulse_state state;
	char why[400]; /* DOWN: as far as it is known */
	struct hws_deferred dropping;
	struct hws_timer patience; /* OPENING */

	/* The devices, and the list that is being made. */
	struct hws_sound_device list[HWS_SOUND_DEVICES_MAX], next[HWS_SOUND_DEVICES_MAX];
	unsigned count, next_count;
	char sink[PULSE_NAME], source[PULSE_NAME]; /* the defaults; "": there is none */
	char next_sink[PULSE_NAME], next_source[PULSE_NAME];
	bool listing, relist;
	struct hws_deferred relisted;

	struct hws_list streams;
	unsigned open;

	/* virtual.c */
	unsigned voices;             /* open streams that speak into it */
	struct hws_timer voice_over; /* the last one was closed in this turn */
	char voice_sink[40];
	uint32_t voice_module, voice_source_module;
	char source_before[PULSE_NAME]; /* was the default */
};

struct pulse_stream {
	struct hws_sound_stream base;
	struct pulse *p;
	struct hws_list node;
	char device[PULSE_NAME]; /* "": the default one */
	char at[PULSE_NAME];     /* the device of the server that it is at; "" = none yet */
	pa_stream *stream;
	bool ready, lost, voiced;
	bool full; /* somebody waits for room */
	/* samples that make no chunk yet; or that wait until the stream is there */
	struct hws_buf held;
	size_t held_max;
	uint64_t position;
	uint64_t last_us; /* when samples last came */
	char why[400];
	struct hws_deferred gone, placing;
	bool *closed; /* set when it is closed inside of its event */
};

/* pulse.c */
void pulse_connect(struct pulse *p);
/* stream.c: the devices are known, or others: streams are put where they belong. */
void pulse_streams_place(struct pulse *p);
/* No microphone can be made. */
void pulse_streams_no_voice(struct pulse *p);
/* The server has gone: all are lost. */
void pulse_streams_drop(struct pulse *p, const char *why);
int pulse_stream_open(struct hws_sound *s, const struct hws_sound_stream_conf *conf,
		struct hws_sound_stream **ret) HWS_MUST_CHECK;
int pulse_stream_write(struct hws_sound_stream *base, const void *samples, unsigned frames,
		unsigned *ret_taken) HWS_MUST_CHECK;
uint64_t pulse_stream_latency_us(const struct hws_sound_stream *base);
void pulse_stream_close(struct hws_sound_stream *base);

/* virtual.c: the sink that a microphone's stream plays into, and the source that its monitor is. */
#define PULSE_VOICE_SINK "hawser_microphone_" /* and the number of the process */
void pulse_voice_begin(struct pulse *p);
void pulse_voice_end(struct pulse *p);
/* A sink of ours is there: unloads it if the process that made it was killed. */
void pulse_voice_sweep(struct pulse *p, const pa_sink_info *sink);

static inline struct pulse *pulse_of(struct hws_sound *s)
{
	return hws_container(s, struct pulse, base);
}

static inline void pulse_forget(struct pulse *p, pa_operation *o)
{
	if (o)
		p->lib->operation_unref(o);
}
