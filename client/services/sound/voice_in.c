/* The caller's packets, in order, through the same jitter buffer as a viewer has. */
#include "client/services/sound/voice_in.h"
#include "client/media/opus.h"
#include "client/services/sound/inlet.h"
#include "client/services/sound/player.h"
#include "shared/base/mem.h"

struct hws_voice_in {
	struct hws_voice_in_conf conf;
	struct hws_sound_inlet *inlet;
	struct hws_sound_player *player;
	struct hws_opus_decoder *opus;
	int16_t samples[HWS_OPUS_FRAMES_MAX * HWS_OPUS_CHANNELS_MAX];
};

static void on_packet(struct hws_bytes packet, bool anew, void *arg)
{
	struct hws_voice_in *v = arg;
	uint32_t rate = hws_sound_inlet_rate(v->inlet);
	unsigned channels = hws_sound_inlet_channels(v->inlet);

	if (anew) {
		hws_opus_decoder_free(v->opus);
		v->opus = NULL;
		if (hws_opus_decoder_new(rate, channels, &v->opus) < 0)
			v->opus = NULL;
	}
	if (!v->opus)
		return;
	int n = hws_opus_decode(v->opus, packet, v->samples);
	if (n < 0)
		hws_sound_inlet_broken(v->inlet);
	else
		hws_sound_player_play(v->player, v->samples, (unsigned)n, rate, channels);
}

static void on_inlet_trouble(const char *text, void *arg)
{
	struct hws_voice_in *v = arg;

	v->conf.on_trouble(text, v->conf.arg);
}

static void on_player_trouble(const char *why, void *arg)
{
	struct hws_voice_in *v = arg;

	if (why)
		v->conf.on_trouble(why, v->conf.arg);
}

int hws_voice_in_new(const struct hws_voice_in_conf *conf, struct hws_voice_in **ret)
{
	struct hws_voice_in *v = hws_alloc(sizeof(*v));
	int r;

	if (!v)
		return HWS_ERR_NOMEM;
	v->conf = *conf;
	r = hws_sound_inlet_new(&(struct hws_sound_inlet_conf){ .loop = conf->loop,
						.on_packet = on_packet,
						.on_trouble = on_inlet_trouble,
						.arg = v },
			&v->inlet);
	if (r == HWS_OK)
		r = hws_sound_player_new(&(struct hws_sound_player_conf){ .loop = conf->loop,
							 .sound = conf->sound,
							 .way = conf->way,
							 .on_trouble = on_player_trouble,
							 .arg = v },
				&v->player);
	if (r < 0) {
		hws_voice_in_free(v);
		return r;
	}
	*ret = v;
	return HWS_OK;
}

void hws_voice_in_free(struct hws_voice_in *v)
{
	if (!v)
		return;
	hws_sound_inlet_free(v->inlet);
	hws_sound_player_free(v->player);
	hws_opus_decoder_free(v->opus);
	hws_free(v);
}

void hws_voice_in_format(struct hws_voice_in *v, const Ses__AudioFormat *f)
{
	hws_sound_inlet_format(v->inlet, f);
}

void hws_voice_in_frame(struct hws_voice_in *v, const Ses__AudioFrame *f)
{
	hws_sound_inlet_frame(v->inlet, f);
}
