/* The microphone is no sound of the desktop's until somebody listens to it: whether one does is
 * seen at the streams that are open. It comes at its own pace and waits in a ring until the
 * desktop's next chunk. */
#include "client/services/recording/record_sound.h"
#include "client/services/sound/source.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"

#define FRAME HWS_RECORD_SOUND_CHANNELS
#define RING (HWS_SOUND_RATE / 5u * FRAME) /* samples: 200 ms */
/* Frames that wait before the first one is taken, and more than which none wait. */
#define WAIT_FRAMES (HWS_SOUND_RATE / 50u)
#define WAIT_MAX (HWS_SOUND_RATE / 10u)
#define AGAIN_US HWS_US_PER_S /* a microphone that cannot be had */

_Static_assert(HWS_SOUND_CHANNELS == HWS_RECORD_SOUND_CHANNELS, "what a source gives");

struct hws_record_sound {
	struct hws_record_sound_conf conf;
	struct hws_sound_source *desktop;
	struct hws_sound_stream *microphone; /* NULL: nobody listens, or there is none */
	uint64_t again_us;
	float ring[RING];
	unsigned first, held; /* samples */
	bool flows;
	uint64_t time_us; /* of the chunk that becomes a packet */
};

static void mute(struct hws_record_sound *s)
{
	hws_sound_close(s->microphone);
	s->microphone = NULL;
	s->held = 0;
	s->flows = false;
}

/* A microphone of the desktop's programs that somebody speaks into is the one that there is. */
static bool is_listened_to(const struct hws_record_sound *s)
{
	unsigned own = s->microphone != NULL;

	return hws_sound_streams(s->conf.sound, HWS_SOUND_RECORD) > own ||
			hws_sound_streams(s->conf.sound, HWS_SOUND_MICROPHONE) > 0;
}

static void on_voice(const struct hws_sound_chunk *c, void *arg)
{
	struct hws_record_sound *s = arg;
	const float *samples = c->samples;

	/* Also while loudspeakers sleep, and nobody asks for what was heard. */
	if (!is_listened_to(s)) {
		mute(s);
		return;
	}
	for (unsigned i = 0; i < c->frames * FRAME; i++) {
		s->ring[(s->first + s->held) % RING] = samples[i];
		if (s->held < RING)
			s->held++;
		else
			s->first = (s->first + 1) % RING;
	}
}

static void on_voice_lost(const char *why HWS_UNUSED, void *arg)
{
	struct hws_record_sound *s = arg;

	mute(s);
	s->again_us = hws_clock_us() + AGAIN_US;
}

static void listen_too(struct hws_record_sound *s)
{
	const struct hws_sound_stream_conf c = { .way = HWS_SOUND_RECORD,
		.spec = { HWS_SOUND_F32, HWS_SOUND_RATE, FRAME },
		.chunk_us = HWS_SOUND_PACKET_US,
		.on_chunk = on_voice,
		.on_lost = on_voice_lost,
		.arg = s };

	if (s->microphone || hws_clock_us() < s->again_us)
		return;
	if (hws_sound_open(s->conf.sound, &c, &s->microphone) < 0) {
		s->microphone = NULL;
		s->again_us = hws_clock_us() + AGAIN_US;
	}
}

static void drop(struct hws_record_sound *s, unsigned samples)
{
	s->first = (s->first + samples) % RING;
	s->held -= samples;
}

static bool mix(const struct hws_sound_chunk *c, float *samples, void *arg)
{
	struct hws_record_sound *s = arg;
	unsigned n = c->frames * FRAME;

	s->time_us = c->time_us;
	if (!is_listened_to(s)) {
		mute(s);
		return false;
	}
	listen_too(s);
	if (s->held > WAIT_MAX * FRAME) /* two clocks are never one */
		drop(s, s->held - WAIT_FRAMES * FRAME);
	s->flows = s->held >= n && (s->flows || s->held >= WAIT_FRAMES * FRAME);
	if (!s->flows)
		return false;
	for (unsigned i = 0; i < n; i++) {
		float sum = samples[i] + s->ring[(s->first + i) % RING];

		samples[i] = HWS_MAX(-1.0f, HWS_MIN(1.0f, sum));
	}
	drop(s, n);
	return true;
}

static void on_packet(struct hws_bytes packet, uint64_t number HWS_UNUSED, void *arg)
{
	struct hws_record_sound *s = arg;

	s->conf.on_packet(packet, s->time_us / HWS_US_PER_MS, s->conf.arg);
}

/* The film goes on: nobody is waiting for its sound. */
static void on_trouble(const char *why, void *arg HWS_UNUSED)
{
	if (why)
		hws_info_limited("recording.silent", HWS_STR("why", why));
	else
		hws_info_limited("recording.sound");
}

int hws_record_sound_new(const struct hws_record_sound_conf *conf, struct hws_record_sound **ret)
{
	struct hws_record_sound *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return HWS_ERR_NOMEM;
	s->conf = *conf;
	r = hws_sound_source_new(&(struct hws_sound_source_conf){ .loop = conf->loop,
						 .sound = conf->sound,
						 .way = HWS_SOUND_CAPTURE,
						 .mix = mix,
						 .on_packet = on_packet,
						 .on_trouble = on_trouble,
						 .arg = s },
			&s->desktop);
	if (r < 0) {
		hws_free(s);
		return r;
	}
	hws_sound_source_start(s->desktop);
	*ret = s;
	return HWS_OK;
}

void hws_record_sound_free(struct hws_record_sound *s)
{
	if (!s)
		return;
	hws_sound_source_free(s->desktop);
	mute(s);
	hws_free(s);
}
