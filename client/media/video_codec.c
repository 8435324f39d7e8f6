/* The calls of video_codec.h: what is wrong whatever the codec is refused here, so that a codec
 * sees only what it can do. */
#include "client/media/video_codec.h"
#include "client/media/coarseness.h"
#include "client/media/hardware.h"
#include "client/media/hw_codec.h"

static bool quality_valid(const struct hws_quality *q)
{
	return q->bitrate_kbit_s > 0 && q->finest <= q->coarsest && q->coarsest <= HWS_COARSE_MAX;
}

int hws_encoder_new(const struct hws_encoder_conf *conf, struct hws_encoder **ret)
{
	int (*make)(const struct hws_encoder_conf *conf, struct hws_encoder **ret) =
			hws_hardware_has(HWS_HW_ENCODES, conf->codec)
			? hws_hw_encoder_new
			: hws_codec_row(conf->codec)->new_encoder;

	if (!make)
		return HWS_ERR_UNSUPPORTED;
	if (!quality_valid(&conf->quality) || conf->width < 1 || conf->height < 1 ||
			conf->width > HWS_PICTURE_SIDE_MAX || conf->height > HWS_PICTURE_SIDE_MAX)
		return HWS_ERR_INVAL;
	return make(conf, ret);
}

void hws_encoder_free(struct hws_encoder *e)
{
	if (e)
		e->impl->free(e);
}

int hws_encoder_encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage, bool key, int64_t pts_ms, struct hws_packet *ret)
{
	if (!hws_picture_valid(p))
		return HWS_ERR_INVAL;
	if (!(hws_codec_row(e->conf.codec)->takes & HWS_PIXEL_BIT(p->format)) ||
			!hws_codec_fits(e->conf.codec, p->width, p->height))
		return HWS_ERR_UNSUPPORTED;
	return e->impl->encode(e, p, damage, key, pts_ms, ret);
}

int hws_encoder_set_quality(struct hws_encoder *e, const struct hws_quality *quality)
{
	if (!quality_valid(quality))
		return HWS_ERR_INVAL;
	return e->impl->set_quality(e, quality);
}

int hws_decoder_new(enum hws_codec codec, unsigned threads, struct hws_decoder **ret)
{
	if (!hws_codec_can_decode(codec))
		return HWS_ERR_UNSUPPORTED;
	return hws_hardware_has(HWS_HW_DECODES, codec)
			? hws_hw_decoder_new(codec, threads, ret)
			: hws_codec_row(codec)->new_decoder(codec, threads, ret);
}

int hws_codec_packet_size(
		enum hws_codec codec, struct hws_bytes packet, struct hws_packet_size *ret)
{
	const struct hws_codec_row *row = hws_codec_row(codec);

	*ret = (struct hws_packet_size){ 0 };
	return row->packet_size ? row->packet_size(codec, packet, ret) : HWS_OK;
}

void hws_decoder_free(struct hws_decoder *d)
{
	if (d)
		d->impl->free(d);
}

int hws_decoder_decode(struct hws_decoder *d, struct hws_bytes data, const struct hws_picture **ret)
{
	const struct hws_picture *p = NULL;
	int r = d->impl->decode(d, data, &p);

	/* What comes out of a peer's bytes is not taken on trust, whoever decoded it. */
	if (r == HWS_OK &&
			(!hws_picture_valid(p) ||
					!(hws_codec_row(d->codec)->gives &
							HWS_PIXEL_BIT(p->format))))
		return HWS_ERR_CORRUPT;
	if (r == HWS_OK)
		*ret = p;
	return r;
}
