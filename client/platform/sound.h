/* platform/sound: what the desktop plays, taken as it plays it, and a microphone of ours that the
 * desktop's programs hear.  A stream goes one way: HWS_SOUND_CAPTURE gives what leaves the
 * desktop's loudspeakers, HWS_SOUND_RECORD what a microphone hears; HWS_SOUND_PLAY takes what
 * loudspeakers are to say, and HWS_SOUND_MICROPHONE what the desktop's programs are to hear as
 * their microphone. The back-end converts between what the device runs at and the spec of the
 * stream, so that who uses it meets one rate, one number of channels, one format of samples.
 * Samples are interleaved and in the byte order of the machine.  All calls and events on the loop's
 * thread; events never come from inside a call of this interface. A stream may be closed from
 * inside its own event. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_SOUND_DEVICES_MAX 32u
#define HWS_SOUND_CHANNELS_MAX 8u
#define HWS_SOUND_RATE_MIN 8000u
#define HWS_SOUND_RATE_MAX 192000u
/* Of one chunk, and of what a microphone may hold. */
#define HWS_SOUND_CHUNK_US_MIN 2500u
#define HWS_SOUND_CHUNK_US_MAX 120000u
#define HWS_SOUND_LATENCY_US_MAX 2000000u

enum hws_sound_way {
	HWS_SOUND_CAPTURE,    /* of what the desktop plays */
	HWS_SOUND_MICROPHONE, /* into what its programs hear */
	HWS_SOUND_PLAY,       /* by loudspeakers */
	HWS_SOUND_RECORD,     /* of a microphone */
	HWS_SOUND_WAYS
};

/* Gives samples; else it takes them. */
static inline bool hws_sound_way_gives(enum hws_sound_way way)
{
	return way == HWS_SOUND_CAPTURE || way == HWS_SOUND_RECORD;
}

enum hws_sound_sample {
	HWS_SOUND_S16, /* int16_t */
	HWS_SOUND_F32  /* float, -1.0 .. 1.0 */
};

struct hws_sound_spec {
	enum hws_sound_sample sample;
	uint32_t rate;    /* frames a second; a frame is one sample of each channel */
	uint8_t channels; /* 1 = mono, 2 = left and right */
};

/* Bytes of one frame. */
static inline unsigned hws_sound_frame_bytes(const struct hws_sound_spec *s)
{
	return s->channels * (s->sample == HWS_SOUND_S16 ? 2u : 4u);
}

struct hws_sound_device {
	char id[128];   /* of the back-end; stays the same when the device is plugged in again */
	char name[128]; /* for people, UTF-8 */
	enum hws_sound_way way;
	bool is_default;
};

struct hws_sound;
struct hws_sound_stream;
struct hws_sound_said;
struct hws_sound_ear;

struct hws_sound_chunk {
	const void *samples; /* borrows until the event returns */
	unsigned frames;     /* always those of the conf's chunk_us */
	uint64_t position;   /* frames since the stream was opened, with those that were lost */
	uint64_t time_us;    /* when its first frame was heard: hws_clock_us */
	bool silent;         /* all samples are zero */
};

struct hws_sound_stream_conf {
	enum hws_sound_way way;
	const char *device; /* NULL: the default one, also when another becomes the default */
	struct hws_sound_spec spec;
	/* Capture and record: the length of a chunk. Rounded down to whole frames. */
	uint32_t chunk_us;
	/* Microphone and play: how much it may hold before it takes no more; what is not given in
	 * time is played as silence. */
	uint32_t latency_us;
	/* Capture and record: the next chunk. Silence comes, too, but none while the device sleeps:
	 * the position goes on all the same. */
	void (*on_chunk)(const struct hws_sound_chunk *chunk, void *arg);
	/* Microphone and play: after HWS_ERR_AGAIN there is room again. May be NULL. */
	void (*on_room)(void *arg);
	/* The device has gone, or the sound server; nothing more comes. Close it, and perhaps open
	 * another. */
	void (*on_lost)(const char *why, void *arg);
	void *arg;
};

struct hws_sound_events {
	void (*on_devices)(void *arg); /* the list or the default changed; may be NULL */
	void *arg;
};

struct hws_sound_impl {
	const struct hws_sound_device *(*devices)(struct hws_sound *s, unsigned *ret_count);
	int (*open)(struct hws_sound *s, const struct hws_sound_stream_conf *conf,
			struct hws_sound_stream **ret);
	int (*write)(struct hws_sound_stream *t, const void *samples, unsigned frames,
			unsigned *ret_taken);
	uint64_t (*latency_us)(const struct hws_sound_stream *t);
	void (*close)(struct hws_sound_stream *t);
};

struct hws_sound {
	const struct hws_sound_impl *impl;
	struct hws_sound_events ev; /* set by the user */
	/* sound.c's */
	unsigned streams[HWS_SOUND_WAYS]; /* that are open */
	struct hws_sound_said *said;      /* while one records */
};

struct hws_sound_stream {
	struct hws_sound *owner;
	struct hws_sound_stream_conf conf; /* device: not to be read after the opening */
	unsigned chunk_frames;
	struct hws_sound_ear *ear; /* sound.c's */
};

/* All ways in one list; borrows until the next turn of the loop. */
static inline const struct hws_sound_device *hws_sound_devices(
		struct hws_sound *s, unsigned *ret_count)
{
	return s->impl->devices(s, ret_count);
}

/* What a microphone hears of the streams that play here is taken out of it, for 32-bit samples of
 * 48 kHz in chunks of 10 ms: both channels are one then. Other microphones are as they are.
 * HWS_ERR_INVAL: a spec, a chunk or a latency outside the limits, or one that gives without
 * on_chunk. HWS_ERR_NOTFOUND: no such device of this way; a back-end that does not know its devices
 * yet says so later, by on_lost. HWS_ERR_FULL: too many streams. HWS_ERR_NOMEM.
 * The strings of `conf` are copied or not kept. */
int hws_sound_open(struct hws_sound *s, const struct hws_sound_stream_conf *conf,
		struct hws_sound_stream **ret) HWS_MUST_CHECK;

/* How many streams of this way are open, whoever has them. */
static inline unsigned hws_sound_streams(const struct hws_sound *s, enum hws_sound_way way)
{
	return s->streams[way];
}

/* For back-ends: the event of a chunk. */
void hws_sound_heard(struct hws_sound_stream *t, struct hws_sound_chunk *chunk);

/* Microphone and play: takes whole frames, as many as there is room for; *ret_taken says how many.
 * HWS_ERR_AGAIN: none, on_room follows. HWS_ERR_CLOSED: the stream is lost. HWS_ERR_INVAL: of one
 * that gives. */
int hws_sound_write(struct hws_sound_stream *t, const void *samples, unsigned frames,
		unsigned *ret_taken) HWS_MUST_CHECK;

/* From the device to on_chunk; until what is written now is heard. */
uint64_t hws_sound_latency_us(const struct hws_sound_stream *t);

/* No more events of it. What is still held to be heard is dropped. Takes NULL. */
void hws_sound_close(struct hws_sound_stream *t);
