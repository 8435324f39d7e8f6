/* Samples come when they are due, and a device takes them in its own time: what is between the two
 * is held here, and little of it. */
#include "client/services/sound/player.h"
#include "client/media/opus.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"

/* A device begins when half of it is there, and is fed by a timer on a busy loop. */
#define HELD_US (50 * HWS_US_PER_MS)
#define QUIET_US (5 * HWS_US_PER_S)
#define AGAIN_US (2 * HWS_US_PER_S)

struct hws_sound_player {
	struct hws_sound_player_conf conf;
	struct hws_sound_stream *stream;
	struct hws_sound_spec spec;
	struct hws_timer quiet;
	uint64_t again_us; /* not before */
	bool troubled;
	unsigned percent;
	int16_t scaled[HWS_OPUS_FRAMES_MAX * HWS_OPUS_CHANNELS_MAX];
};

static void tell(struct hws_sound_player *p, const char *why)
{
	bool troubled = why != NULL;

	if (p->troubled == troubled)
		return;
	p->troubled = troubled;
	p->conf.on_trouble(why, p->conf.arg);
}

static void fail(struct hws_sound_player *p, const char *why)
{
	hws_sound_close(p->stream);
	p->stream = NULL;
	p->again_us = hws_clock_us() + AGAIN_US;
	tell(p, why);
}

static void on_lost(const char *why, void *arg)
{
	fail(arg, why);
}

static void open_device(struct hws_sound_player *p)
{
	const struct hws_sound_stream_conf c = { .way = p->conf.way,
		.spec = p->spec,
		.latency_us = HELD_US,
		.on_lost = on_lost,
		.arg = p };
	int r = hws_sound_open(p->conf.sound, &c, &p->stream);

	if (r == HWS_OK)
		return;
	p->stream = NULL;
	fail(p, r == HWS_ERR_NOTFOUND ? "there is no loudspeaker" : hws_err_text(r));
}

static void on_quiet(void *arg)
{
	hws_sound_player_stop(arg);
}

static const int16_t *scale(struct hws_sound_player *p, const int16_t *samples, unsigned frames)
{
	if (p->percent >= 100)
		return samples;
	for (unsigned i = 0; i < frames * p->spec.channels; i++)
		p->scaled[i] = (int16_t)(samples[i] * (int)p->percent / 100);
	return p->scaled;
}

void hws_sound_player_play(struct hws_sound_player *p, const int16_t *samples, unsigned frames,
		uint32_t rate, unsigned channels)
{
	const struct hws_sound_spec spec = { HWS_SOUND_S16, rate, (uint8_t)channels };
	unsigned taken;

	if (frames > HWS_OPUS_FRAMES_MAX || channels > HWS_OPUS_CHANNELS_MAX)
		return;
	if (p->stream && (spec.rate != p->spec.rate || spec.channels != p->spec.channels))
		hws_sound_player_stop(p);
	p->spec = spec;
	if (!p->stream && hws_clock_us() >= p->again_us)
		open_device(p);
	if (!p->stream)
		return;
	hws_timer_start(p->conf.loop, &p->quiet, QUIET_US, on_quiet, p);
	int r = hws_sound_write(p->stream, scale(p, samples, frames), frames, &taken);
	if (r == HWS_ERR_CLOSED)
		return; /* on_lost is on its way */
	if (r == HWS_OK)
		tell(p, NULL);
}

void hws_sound_player_stop(struct hws_sound_player *p)
{
	hws_timer_stop(&p->quiet);
	hws_sound_close(p->stream);
	p->stream = NULL;
}

void hws_sound_player_volume(struct hws_sound_player *p, unsigned percent)
{
	p->percent = percent;
}

int hws_sound_player_new(const struct hws_sound_player_conf *conf, struct hws_sound_player **ret)
{
	struct hws_sound_player *p = hws_alloc(sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	p->conf = *conf;
	p->percent = 100;
	*ret = p;
	return HWS_OK;
}

void hws_sound_player_free(struct hws_sound_player *p)
{
	if (!p)
		return;
	hws_sound_player_stop(p);
	hws_free(p);
}
