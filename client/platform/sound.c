/* What every back-end of sound would have to check is checked here, once, so that a back-end sees
 * only what it can do. */
#include "client/platform/sound.h"
#include "shared/base/clock.h"
#include <stddef.h>

static bool spec_valid(const struct hws_sound_spec *s)
{
	return (s->sample == HWS_SOUND_S16 || s->sample == HWS_SOUND_F32) &&
			s->rate >= HWS_SOUND_RATE_MIN && s->rate <= HWS_SOUND_RATE_MAX &&
			s->channels >= 1 && s->channels <= HWS_SOUND_CHANNELS_MAX;
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
	return t->owner->impl->write(t, samples, frames, ret_taken);
}

uint64_t hws_sound_latency_us(const struct hws_sound_stream *t)
{
	return t->owner->impl->latency_us(t);
}

void hws_sound_close(struct hws_sound_stream *t)
{
	if (!t)
		return;
	t->owner->streams[t->conf.way]--;
	t->owner->impl->close(t);
}
