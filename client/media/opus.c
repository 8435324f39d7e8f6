/* libopus, with what a hostile packet could make it do held to one length of samples. */
#include "client/media/opus.h"
#include "shared/base/mem.h"
#include <opus/opus.h>

struct hws_opus_encoder {
	OpusEncoder *opus;
};

struct hws_opus_decoder {
	OpusDecoder *opus;
	int lost_frames; /* what a lost packet is taken to have held: as many as the one before */
};

bool hws_opus_can(uint32_t rate, uint32_t channels)
{
	return (rate == 8000 || rate == 12000 || rate == 16000 || rate == 24000 || rate == 48000) &&
			(channels == 1 || channels == 2);
}

int hws_opus_encoder_new(uint32_t rate, unsigned channels, struct hws_opus_encoder **ret)
{
	struct hws_opus_encoder *e;
	int err = OPUS_OK;

	if (!hws_opus_can(rate, channels))
		return HWS_ERR_UNSUPPORTED;
	e = hws_alloc(sizeof(*e));
	if (!e)
		return HWS_ERR_NOMEM;
	e->opus = opus_encoder_create((opus_int32)rate, (int)channels,
			OPUS_APPLICATION_RESTRICTED_LOWDELAY, &err);
	if (!e->opus) {
		hws_free(e);
		return HWS_ERR_NOMEM;
	}
	*ret = e;
	return HWS_OK;
}

void hws_opus_encoder_free(struct hws_opus_encoder *e)
{
	if (!e)
		return;
	opus_encoder_destroy(e->opus);
	hws_free(e);
}

int hws_opus_encode(struct hws_opus_encoder *e, const float *samples, unsigned frames, uint8_t *buf,
		size_t size)
{
	int n = opus_encode_float(e->opus, samples, (int)frames, buf,
			(opus_int32)HWS_MIN(size, (size_t)HWS_OPUS_PACKET_MAX));

	return n > 0 ? n : HWS_ERR_INVAL;
}

int hws_opus_decoder_new(uint32_t rate, unsigned channels, struct hws_opus_decoder **ret)
{
	struct hws_opus_decoder *d;
	int err = OPUS_OK;

	if (!hws_opus_can(rate, channels))
		return HWS_ERR_UNSUPPORTED;
	d = hws_alloc(sizeof(*d));
	if (!d)
		return HWS_ERR_NOMEM;
	d->lost_frames = (int)rate / 100;
	d->opus = opus_decoder_create((opus_int32)rate, (int)channels, &err);
	if (!d->opus) {
		hws_free(d);
		return HWS_ERR_NOMEM;
	}
	*ret = d;
	return HWS_OK;
}

void hws_opus_decoder_free(struct hws_opus_decoder *d)
{
	if (!d)
		return;
	opus_decoder_destroy(d->opus);
	hws_free(d);
}

int hws_opus_decode(struct hws_opus_decoder *d, struct hws_bytes packet, int16_t *out)
{
	int n;

	if (packet.len > HWS_OPUS_PACKET_MAX)
		return HWS_ERR_PROTO;
	n = packet.len ? opus_decode(d->opus, packet.ptr, (opus_int32)packet.len, out,
					 (int)HWS_OPUS_FRAMES_MAX, 0)
		       : opus_decode(d->opus, NULL, 0, out, d->lost_frames, 0);
	if (n <= 0)
		return HWS_ERR_PROTO;
	if (packet.len)
		d->lost_frames = n;
	return n;
}
