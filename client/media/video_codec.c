#include "client/media/video_codec.h"
#include "client/media/raw.h"
#include "client/media/vpx.h"
#include "shared/base/macros.h"

struct codec_row {
	const char *name;
	int (*new_encoder)(const struct hws_encoder_conf *conf, struct hws_encoder **ret);
	int (*new_decoder)(enum hws_codec codec, unsigned threads, struct hws_decoder **ret);
	int side_max; /* 0 = any picture */
};

static const struct codec_row table[HWS_CODEC_COUNT] = {
	[HWS_CODEC_NONE] = { "none" },
	[HWS_CODEC_VP8] = { "vp8", hws_vpx_encoder_new, hws_vpx_decoder_new, 16383 },
	[HWS_CODEC_VP9] = { "vp9", hws_vpx_encoder_new, hws_vpx_decoder_new },
	[HWS_CODEC_AV1] = { "av1" },
	[HWS_CODEC_H264] = { "h264" },
	[HWS_CODEC_H265] = { "h265" },
	[HWS_CODEC_RAW] = { "raw", hws_raw_encoder_new, hws_raw_decoder_new },
};

static const struct codec_row *row(enum hws_codec codec)
{
	return &table[(unsigned)codec < HWS_CODEC_COUNT ? codec : HWS_CODEC_NONE];
}

const char *hws_codec_name(enum hws_codec codec)
{
	return row(codec)->name;
}

bool hws_codec_can_encode(enum hws_codec codec)
{
	return row(codec)->new_encoder != NULL;
}

bool hws_codec_can_decode(enum hws_codec codec)
{
	return row(codec)->new_decoder != NULL;
}

bool hws_codec_fits(enum hws_codec codec, int width, int height)
{
	int max = row(codec)->side_max;

	return hws_picture_fits(width, height) && (!max || (width <= max && height <= max));
}

static bool quality_valid(const struct hws_quality *q)
{
	return q->bitrate_kbit_s > 0 && q->q_min <= q->q_max && q->q_max <= 63;
}

int hws_encoder_new(const struct hws_encoder_conf *conf, struct hws_encoder **ret)
{
	if (!hws_codec_can_encode(conf->codec))
		return HWS_ERR_UNSUPPORTED;
	if (!quality_valid(&conf->quality) || conf->width < 1 || conf->height < 1 ||
			conf->width > HWS_PICTURE_SIDE_MAX || conf->height > HWS_PICTURE_SIDE_MAX)
		return HWS_ERR_INVAL;
	return row(conf->codec)->new_encoder(conf, ret);
}

void hws_encoder_free(struct hws_encoder *e)
{
	if (e)
		e->impl->free(e);
}

int hws_encoder_encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage, bool key, int64_t pts_ms, struct hws_packet *ret)
{
	if (p->format != HWS_PIXEL_I420)
		return HWS_ERR_INVAL;
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
	return row(codec)->new_decoder(codec, threads, ret);
}

void hws_decoder_free(struct hws_decoder *d)
{
	if (d)
		d->impl->free(d);
}

int hws_decoder_decode(struct hws_decoder *d, struct hws_bytes data, const struct hws_picture **ret)
{
	return d->impl->decode(d, data, ret);
}
