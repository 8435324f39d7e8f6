/* What every back-end of sound would have to check is checked here, once, so that a back-end sees
 * only what it can do. */
#include "client/platform/sound.h"
#include "client/platform/sound_echo.h"
#include "shared/base/clock.h"
#include <stddef.h>

static bool spec_valid(const struct hws_sound_spec *s)
{
	return (s->sample == HWS_SOUND_S16 || s->sample == HWS_SOUND_F32) &&
			s->rate >= HWS_SOUND_RATE_MIN && s->rate <= HWS_SOUND_RATE_MAX &&
			s->channels >= 1 && s->channels <= HWS_SOUND_CHANNELS_MAX;
}

/* One that cannot be had is done without: it is heard as it is. */
static void listen_without_echo(struct hws_sound *s, struct hws_sound_stream *t)
{
	if (hws_sound_ear_new(&t->conf, &t->ear) < 0)
		t->ear = NULL;
	else if (!s->said && hws_sound_said_new(&s->said) < 0)
		s->said = NULL;
}

void hws_sound_heard(struct hws_sound_stream *t, struct hws_sound_chunk *chunk)
{
	hws_sound_ear_hear(t->ear, t->owner->said, chunk);
	t->conf.on_chunk(chunk, t->conf.arg);
}

int hws_sound_open(struct hws_sound *s, const struct hws_sound_stream_conf *conf,
		struct hws_sound_stream **ret)
{
	bool gives = hws_sound_way_gives(conf->way);

	if (!spec_valid(&conf->spec))
		return HWS_ERR_INVAL;
	if (gives &&
			(!conf->on_chunk || conf->chunk_us < HWS_SOUND_CHUNK_US_MIN ||
					conf->chunk_us > HWS_SOUND_CHUNK_US_MAX))
		return HWS_ERR_INVAL;
	if (!gives &&
			((unsigned)conf->way >= HWS_SOUND_WAYS || conf->latency_us == 0 ||
					conf->latency_us > HWS_SOUND_LATENCY_US_MAX))
		return HWS_ERR_INVAL;
	int r = s->impl->open(s, conf, ret);
	if (r < 0)
		return r;
	struct hws_sound_stream *t = *ret;
	t->owner = s;
	s->streams[conf->way]++;
	t->conf = *conf;
	t->conf.device = NULL;
	t->chunk_frames = (unsigned)((uint64_t)conf->chunk_us * conf->spec.rate / HWS_US_PER_S);
	if (conf->way == HWS_SOUND_RECORD)
		listen_without_echo(s, t);
	return HWS_OK;
}

int hws_sound_write(struct hws_sound_stream *t, const void *samples, unsigned frames,
		unsigned *ret_taken)
{
	*ret_taken = 0;
	if (hws_sound_way_gives(t->conf.way))
		return HWS_ERR_INVAL;
	if (frames == 0)
		return HWS_OK;
	uint64_t time_us = hws_clock_us() + t->owner->impl->latency_us(t);
	int r = t->owner->impl->write(t, samples, frames, ret_taken);
	if (t->conf.way == HWS_SOUND_PLAY)
		hws_sound_said_add(t->owner->said, &t->conf.spec, samples, *ret_taken, time_us);
	return r;
}

uint64_t hws_sound_latency_us(const struct hws_sound_stream *t)
{
	return t->owner->impl->latency_us(t);
}

void hws_sound_close(struct hws_sound_stream *t)
{
	if (!t)
		return;
	struct hws_sound *s = t->owner;
	s->streams[t->conf.way]--;
	hws_sound_ear_free(t->ear);
	t->ear = NULL;
	if (!s->streams[HWS_SOUND_RECORD]) {
		hws_sound_said_free(s->said);
		s->said = NULL;
	}
	s->impl->close(t);
}
