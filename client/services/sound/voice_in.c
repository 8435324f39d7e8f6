/* The caller's packets, in order, through the same jitter buffer as a viewer has, to a decoder
 * process and from there to the device. The process ends with the call. */
#include "client/services/sound/voice_in.h"
#include "client/decoder/confined.h"
#include "client/services/sound/inlet.h"
#include "client/services/sound/player.h"
#include "shared/base/mem.h"

struct hws_voice_in {
	struct hws_voice_in_conf conf;
	struct hws_sound_inlet *inlet;
	struct hws_sound_player *player;
	struct hws_confined *decoder;
	bool anew; /* the decoder is another one */
};

static void on_decoded(int r, const struct hws_confined_result *res, void *arg)
{
	struct hws_voice_in *v = arg;
	unsigned channels = hws_sound_inlet_channels(v->inlet);
	uint32_t rate = hws_sound_inlet_rate(v->inlet);

	if (r == HWS_ERR_PROTO)
		hws_sound_inlet_broken(v->inlet);
	if (r < 0)
		v->anew = true;
	else if (rate) /* the format may be another by now, and a moment of noise is that */
		hws_sound_player_play(v->player, (const int16_t *)(const void *)res->bytes.ptr,
				(unsigned)(res->bytes.len / (channels * sizeof(int16_t))), rate,
				channels);
}

static void on_packet(struct hws_bytes packet, bool anew, void *arg)
{
	struct hws_voice_in *v = arg;
	const struct hws_confined_sound s = { .rate = hws_sound_inlet_rate(v->inlet),
		.channels = hws_sound_inlet_channels(v->inlet),
		.reset = anew || v->anew,
		.packets = &packet,
		.count = 1 };

	v->anew = hws_confined_sound(v->decoder, &s, on_decoded, v) < 0;
}

static void on_trouble(const char *text, void *arg)
{
	struct hws_voice_in *v = arg;

	v->conf.on_trouble(text, v->conf.arg);
}

int hws_voice_in_new(const struct hws_voice_in_conf *conf, struct hws_voice_in **ret)
{
	struct hws_voice_in *v = hws_alloc(sizeof(*v));
	int r;

	if (!v)
		return HWS_ERR_NOMEM;
	v->conf = *conf;
	r = hws_confined_new(
			&(struct hws_confined_conf){
					.loop = conf->loop, .on_broken = on_trouble, .arg = v },
			&v->decoder);
	if (r == HWS_OK)
		r = hws_sound_inlet_new(&(struct hws_sound_inlet_conf){ .loop = conf->loop,
							.on_packet = on_packet,
							.on_trouble = on_trouble,
							.arg = v },
				&v->inlet);
	if (r == HWS_OK)
		r = hws_sound_player_new(&(struct hws_sound_player_conf){ .loop = conf->loop,
							 .sound = conf->sound,
							 .way = conf->way,
							 .on_trouble = on_trouble,
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
	if (v->decoder)
		hws_confined_cancel(v->decoder, v);
	hws_confined_free(v->decoder);
	hws_sound_inlet_free(v->inlet);
	hws_sound_player_free(v->player);
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
