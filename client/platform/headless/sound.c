/* Sound of a desktop in memory. What plays is a triangle wave whose every sample is an exact number
 * in both sample formats, so that a test knows what it must hear; what is played or said into the
 * microphone is kept. Both go at the pace of the clock, as a sound card does. */
#include "client/platform/headless/doubles.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define STREAMS_MAX 8u
#define HEARD_MAX (4u << 20)
#define PERIOD 128u /* frames of the wave */
/* Who was asleep for longer has lost what lies before: a card's buffer is no longer either. */
#define BEHIND_US (500 * HWS_US_PER_MS)

struct stream {
	struct hws_sound_stream base;
	struct sound *s;
	struct hws_list node;
	struct hws_timer timer;
	uint64_t begun_us;
	bool lost;
	uint64_t position; /* capture: frames told; microphone: frames taken */
	uint64_t played;   /* microphone: frames heard, with silence in between */
	bool full;         /* somebody waits for room */
	struct hws_deferred gone;
	void *samples;
};

struct sound {
	struct hws_sound base;
	struct hws_loop *loop;
	struct hws_sound_device list[5];
	unsigned count;
	bool silent, unplugged;
	struct hws_list streams;
	unsigned open;
	struct hws_buf heard;
	struct hws_deferred relisted;
};

static struct sound *self_of(struct hws_sound *s)
{
	return hws_container(s, struct sound, base);
}

static struct stream *stream_of(const struct hws_sound_stream *t)
{
	return hws_container((struct hws_sound_stream *)t, struct stream, base);
}

int16_t hws_headless_tone(uint64_t position, unsigned channel)
{
	unsigned k = (unsigned)((position + channel * (PERIOD / 4)) % PERIOD);
	int up = (int)(k < PERIOD / 2 ? k : PERIOD - k);

	return (int16_t)((up - (int)PERIOD / 4) * 512);
}

static bool is_loudspeaker(enum hws_sound_way way)
{
	return way == HWS_SOUND_CAPTURE || way == HWS_SOUND_PLAY;
}

static void list_devices(struct sound *s)
{
	static const struct hws_sound_device all[] = {
		{ "tone", "Loudspeakers", HWS_SOUND_CAPTURE, true },
		{ "tone2", "Headphones", HWS_SOUND_CAPTURE, false },
		{ "microphone", "Far end", HWS_SOUND_MICROPHONE, true },
		{ "tone", "Loudspeakers", HWS_SOUND_PLAY, true },
		{ "desk", "Microphone", HWS_SOUND_RECORD, true },
	};

	s->count = 0;
	for (size_t i = 0; i < HWS_COUNT(all); i++)
		if (!s->unplugged || !is_loudspeaker(all[i].way))
			s->list[s->count++] = all[i];
}

static const struct hws_sound_device *hl_devices(struct hws_sound *base, unsigned *ret_count)
{
	struct sound *s = self_of(base);

	*ret_count = s->count;
	return s->list;
}

/* --- capture --- */

static uint64_t frames_until(const struct stream *t, uint64_t now_us)
{
	return (now_us - t->begun_us) * t->base.conf.spec.rate / HWS_US_PER_S;
}

static uint64_t time_of(const struct stream *t, uint64_t frame)
{
	return t->begun_us + frame * HWS_US_PER_S / t->base.conf.spec.rate;
}

static void fill_chunk(struct stream *t)
{
	const struct hws_sound_spec *spec = &t->base.conf.spec;
	int16_t *s16 = t->samples;
	float *f32 = t->samples;
	size_t n = 0;

	for (unsigned i = 0; i < t->base.chunk_frames; i++)
		for (unsigned c = 0; c < spec->channels; c++, n++) {
			int16_t v = 0;
			if (!t->s->silent)
				v = hws_headless_tone(t->position + i, c);
			if (spec->sample == HWS_SOUND_S16)
				s16[n] = v;
			else
				f32[n] = (float)v / 32768.0f;
		}
}

static void on_tick(void *arg);

static void next_tick(struct stream *t, uint64_t frame)
{
	uint64_t now = hws_clock_us(), due = time_of(t, frame) + 1;

	hws_timer_start(t->s->loop, &t->timer, due > now ? due - now : 0, on_tick, t);
}

static void on_tick(void *arg)
{
	struct stream *t = arg;
	unsigned n = t->base.chunk_frames;
	uint64_t now = frames_until(t, hws_clock_us());
	uint64_t most = BEHIND_US * t->base.conf.spec.rate / HWS_US_PER_S;

	if (now < t->position + n) {
		next_tick(t, t->position + n);
		return;
	}
	if (now - t->position > most + n)
		t->position += (now - t->position - most) / n * n;
	fill_chunk(t);
	struct hws_sound_chunk chunk = { .samples = t->samples,
		.frames = n,
		.position = t->position,
		.time_us = time_of(t, t->position),
		.silent = t->s->silent };
	t->position += n;
	next_tick(t, t->position + n);
	t->base.conf.on_chunk(&chunk, t->base.conf.arg); /* may close it */
}

/* --- microphone --- */

/* What has been heard by now; what was not there in time was silence. */
static void play(struct stream *t)
{
	uint64_t now = frames_until(t, hws_clock_us());

	if (t->position < now)
		t->position = now;
	t->played = now;
}

static unsigned room_of(const struct stream *t)
{
	uint64_t most = (uint64_t)t->base.conf.latency_us * t->base.conf.spec.rate / HWS_US_PER_S;
	uint64_t held = t->position - t->played;

	return held < most ? (unsigned)(most - held) : 0;
}

static void on_room(void *arg)
{
	struct stream *t = arg;

	play(t);
	if (!t->full)
		return;
	if (!room_of(t)) {
		hws_timer_start(t->s->loop, &t->timer, HWS_US_PER_MS, on_room, t);
		return;
	}
	t->full = false;
	if (t->base.conf.on_room)
		t->base.conf.on_room(t->base.conf.arg);
}

static int hl_write(struct hws_sound_stream *base, const void *samples, unsigned frames,
		unsigned *ret_taken)
{
	struct stream *t = stream_of(base);

	if (t->lost)
		return HWS_ERR_CLOSED;
	play(t);
	unsigned n = HWS_MIN(room_of(t), frames);
	if (n == 0) {
		t->full = true;
		hws_timer_start(t->s->loop, &t->timer, base->conf.latency_us / 4 + 1, on_room, t);
		return HWS_ERR_AGAIN;
	}
	t->position += n;
	hws_buf_put(&t->s->heard, samples, (size_t)n * hws_sound_frame_bytes(&base->conf.spec));
	*ret_taken = n;
	return HWS_OK;
}

/* --- both --- */

static uint64_t hl_latency_us(const struct hws_sound_stream *base)
{
	struct stream *t = stream_of(base);

	if (hws_sound_way_gives(base->conf.way))
		return (uint64_t)t->base.chunk_frames * HWS_US_PER_S / base->conf.spec.rate;
	play(t);
	return (t->position - t->played) * HWS_US_PER_S / base->conf.spec.rate;
}

static bool has_device(const struct sound *s, const struct hws_sound_stream_conf *conf)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->list[i].way == conf->way &&
				(conf->device ? hws_str_equal(s->list[i].id, conf->device)
					      : s->list[i].is_default))
			return true;
	return false;
}

static int hl_open(struct hws_sound *base, const struct hws_sound_stream_conf *conf,
		struct hws_sound_stream **ret)
{
	struct sound *s = self_of(base);

	if (!has_device(s, conf))
		return HWS_ERR_NOTFOUND;
	if (s->open == STREAMS_MAX)
		return HWS_ERR_FULL;
	struct stream *t = hws_alloc(sizeof(*t));
	if (!t)
		return HWS_ERR_NOMEM;
	unsigned n = (unsigned)((uint64_t)conf->chunk_us * conf->spec.rate / HWS_US_PER_S);
	t->samples = hws_alloc((size_t)n * hws_sound_frame_bytes(&conf->spec) + 1);
	if (!t->samples) {
		hws_free(t);
		return HWS_ERR_NOMEM;
	}
	t->s = s;
	t->begun_us = hws_clock_us();
	hws_list_push(&s->streams, &t->node);
	s->open++;
	if (hws_sound_way_gives(conf->way))
		hws_timer_start(s->loop, &t->timer, conf->chunk_us, on_tick, t);
	*ret = &t->base;
	return HWS_OK;
}

static void hl_close(struct hws_sound_stream *base)
{
	struct stream *t = stream_of(base);

	hws_timer_stop(&t->timer);
	hws_loop_defer_cancel(&t->gone);
	hws_list_remove(&t->node);
	t->s->open--;
	hws_free(t->samples);
	hws_free(t);
}

static const struct hws_sound_impl impl = { hl_devices, hl_open, hl_write, hl_latency_us,
	hl_close };

int hl_sound_new(struct hws_loop *loop, struct hws_sound **ret)
{
	struct sound *s = hws_alloc(sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	s->base.impl = &impl;
	s->loop = loop;
	hws_list_init(&s->streams);
	hws_buf_init(&s->heard, HEARD_MAX);
	list_devices(s);
	*ret = &s->base;
	return HWS_OK;
}

void hl_sound_free(struct hws_sound *base)
{
	if (!base)
		return;
	struct sound *s = self_of(base);
	hws_loop_defer_cancel(&s->relisted);
	hws_buf_done(&s->heard);
	hws_free(s);
}

/* --- what tests do --- */

void hws_headless_sound_silence(struct hws_sound *base, bool silent)
{
	self_of(base)->silent = silent;
}

struct hws_bytes hws_headless_sound_heard(struct hws_sound *base)
{
	return hws_buf_bytes(&self_of(base)->heard);
}

static void tell_gone(void *arg)
{
	struct stream *t = arg;

	if (t->base.conf.on_lost)
		t->base.conf.on_lost("the device was unplugged", t->base.conf.arg);
}

static void tell_relisted(void *arg)
{
	struct sound *s = arg;

	if (s->base.ev.on_devices)
		s->base.ev.on_devices(s->base.ev.arg);
}

void hws_headless_sound_plug(struct hws_sound *base, bool plugged)
{
	struct sound *s = self_of(base);

	s->unplugged = !plugged;
	list_devices(s);
	hws_loop_defer(s->loop, &s->relisted, tell_relisted, s);
	for (struct hws_list *n = s->streams.next; !plugged && n != &s->streams; n = n->next) {
		struct stream *t = hws_container(n, struct stream, node);
		if (t->lost || !is_loudspeaker(t->base.conf.way))
			continue;
		t->lost = true;
		hws_timer_stop(&t->timer);
		hws_loop_defer(s->loop, &t->gone, tell_gone, t);
	}
}
