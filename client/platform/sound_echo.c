/* Both ends are put on one line of time, that of the clock: a device says when a chunk was heard
 * and when what is written will be. On a busy machine such times waver by more than an echo lasts,
 * while samples follow each other exactly: so each side goes on where it was until its times have
 * been off for a while. What is heard waits some chunks, so that the filter is given what is said
 * ahead of it: an echo may not come before its sound, however uncertain the times are. */
#include "client/platform/sound_echo.h"
#include "client/media/echo.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <string.h>

#define RATE 48000u
#define CHUNK (RATE / 100u)
#define SAMPLES 480.0f /* of a chunk */
#define RING RATE      /* a second */
#define TAIL (RATE / 4u)
#define WAIT 4u /* chunks */
#define AHEAD (RATE / 40u)
#define ECHO_LEAVES 0.25 /* of the energy, at most */
#define ECHO_GAIN 0.03f
#define OFF_MAX (RATE / 20u) /* that a time may be uncertain by */
#define GAP_MIN (RATE / 3u)  /* nothing was said for so long, or nothing heard */
#define OFF_TIMES_MAX 50u    /* in a row, until it is believed */

struct line {          /* of samples, at their times */
	uint64_t next; /* behind the last one; 0: there was none */
	unsigned off;
};

struct hws_sound_said {
	int16_t ring[RING]; /* sample `at` is at at % RING */
	struct line line;
};

struct hws_sound_ear {
	struct hws_echo *echo;
	struct line line;
	unsigned channels;
	float gain;
	unsigned turn; /* of the chunks that wait, the oldest */
	int16_t heard[WAIT + 1][CHUNK], said[CHUNK], left[CHUNK];
	float out[CHUNK * HWS_SOUND_CHANNELS_MAX];
};

/* Where samples of this time belong, that follow those before if their time allows it. */
static uint64_t place_of(struct line *l, uint64_t time_us)
{
	uint64_t at = time_us / 1000u * (RATE / 1000u);
	uint64_t by = at > l->next ? at - l->next : l->next - at;

	l->off = l->next && by > OFF_MAX ? l->off + 1 : 0;
	if (!l->next || by > GAP_MIN || l->off > OFF_TIMES_MAX) {
		l->off = 0;
		return at;
	}
	return l->next;
}

/* --- what is said ----------------------------------------------------------------------------- */

int hws_sound_said_new(struct hws_sound_said **ret)
{
	*ret = hws_alloc(sizeof(**ret));
	return *ret ? HWS_OK : HWS_ERR_NOMEM;
}

void hws_sound_said_free(struct hws_sound_said *s)
{
	hws_free(s);
}

static void put(struct hws_sound_said *s, int v)
{
	s->ring[s->line.next++ % RING] = (int16_t)HWS_MAX(-32768, HWS_MIN(32767, v));
}

/* Nothing was said until then. */
static void skip_to(struct hws_sound_said *s, uint64_t at)
{
	if (at < s->line.next || at - s->line.next > RING) {
		memset(s->ring, 0, sizeof(s->ring));
		s->line.next = at;
	}
	while (s->line.next < at)
		put(s, 0);
}

static int sample_of(const struct hws_sound_spec *spec, const void *samples, unsigned frame)
{
	long sum = 0;

	if (!spec->channels)
		return 0;
	for (unsigned c = 0; c < spec->channels; c++) {
		size_t i = (size_t)frame * spec->channels + c;

		sum += spec->sample == HWS_SOUND_S16 ? ((const int16_t *)samples)[i]
						     : (long)(((const float *)samples)[i] * 32767);
	}
	sum /= (long)spec->channels;
	return (int)HWS_MAX(-32768L, HWS_MIN(32767L, sum));
}

void hws_sound_said_add(struct hws_sound_said *s, const struct hws_sound_spec *spec,
		const void *samples, unsigned frames, uint64_t time_us)
{
	int times, before;

	if (!s || !frames || !spec->rate || RATE % spec->rate)
		return; /* of no rate that a voice comes in */
	times = (int)(RATE / spec->rate);
	skip_to(s, place_of(&s->line, time_us));
	before = sample_of(spec, samples, 0);
	for (unsigned i = 0; i < frames; i++) {
		int now = sample_of(spec, samples, i);

		for (int k = 1; k <= times; k++)
			put(s, before + (now - before) * k / times);
		before = now;
	}
}

static void read_said(const struct hws_sound_said *s, uint64_t at, int16_t *out)
{
	memset(out, 0, CHUNK * sizeof(*out));
	for (unsigned i = 0; i < CHUNK; i++, at++)
		if (at < s->line.next && at + RING >= s->line.next)
			out[i] = s->ring[at % RING];
}

/* --- what is heard ---------------------------------------------------------------------------- */

int hws_sound_ear_new(const struct hws_sound_stream_conf *conf, struct hws_sound_ear **ret)
{
	struct hws_sound_ear *e;
	int r;

	*ret = NULL;
	if (conf->spec.rate != RATE || conf->spec.sample != HWS_SOUND_F32 ||
			(uint64_t)conf->chunk_us * RATE / HWS_US_PER_S != CHUNK)
		return HWS_ERR_UNSUPPORTED;
	e = hws_alloc(sizeof(*e));
	if (!e)
		return HWS_ERR_NOMEM;
	e->channels = conf->spec.channels;
	e->gain = 1;
	r = hws_echo_new(RATE, CHUNK, TAIL, &e->echo);
	if (r < 0) {
		hws_free(e);
		return r;
	}
	*ret = e;
	return HWS_OK;
}

void hws_sound_ear_free(struct hws_sound_ear *e)
{
	if (!e)
		return;
	hws_echo_free(e->echo);
	hws_free(e);
}

static void take(struct hws_sound_ear *e, const float *samples)
{
	int16_t *to = e->heard[(e->turn + WAIT) % (WAIT + 1)];

	for (unsigned i = 0; i < CHUNK; i++) {
		float sum = 0;

		for (unsigned c = 0; c < e->channels; c++)
			sum += samples[i * e->channels + c];
		sum /= (float)e->channels;
		to[i] = (int16_t)(HWS_MAX(-1.0f, HWS_MIN(1.0f, sum)) * 32767.0f);
	}
}

static double energy_of(const int16_t *samples)
{
	double sum = 0;

	for (unsigned i = 0; i < CHUNK; i++)
		sum += (double)samples[i] * samples[i];
	return sum;
}

/* Where most of what was heard was an echo, what is left is one, too; whoever speaks before the
 * microphone leaves more than that. It comes back slower than it goes. */
static float gain_of(const struct hws_sound_ear *e, const int16_t *heard, const int16_t *left)
{
	bool echo = left != heard && energy_of(left) < ECHO_LEAVES * energy_of(heard);

	return echo ? ECHO_GAIN : HWS_MIN(1.0f, e->gain + 0.2f);
}

void hws_sound_ear_hear(
		struct hws_sound_ear *e, struct hws_sound_said *s, struct hws_sound_chunk *chunk)
{
	uint64_t at;

	if (!e || chunk->frames != CHUNK)
		return;
	at = place_of(&e->line, chunk->time_us);
	if (at != e->line.next && e->line.next)
		hws_echo_forget(e->echo);
	e->line.next = at + CHUNK;
	at -= HWS_MIN(at, (uint64_t)WAIT * CHUNK); /* what has waited is older */
	take(e, chunk->samples);
	const int16_t *heard = e->heard[e->turn], *left = heard;
	if (s && s->line.next && at < s->line.next + TAIL) {
		read_said(s, at + AHEAD, e->said);
		hws_echo_cancel(e->echo, heard, e->said, e->left);
		left = e->left;
	} /* else nothing is said that it could be */
	e->turn = (e->turn + 1) % (WAIT + 1);
	float from = e->gain, step;
	e->gain = gain_of(e, heard, left);
	step = (e->gain - from) / SAMPLES;
	for (unsigned i = 0; i < CHUNK; i++)
		for (unsigned c = 0; c < e->channels; c++)
			e->out[i * e->channels + c] =
					(float)left[i] * (from + step * (float)i) / 32768.0f;
	chunk->samples = e->out;
}
