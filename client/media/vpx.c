/* VP8 and VP9 by libvpx, set for what a desktop shows: one pass, no look-ahead, no key frames but
 * those asked for, and an active map, so that what did not change costs neither time nor bits. */
#include "client/media/vpx.h"
#include "client/media/block_map.h"
#include "client/media/coarseness.h"
#include "client/media/vpx_sizes.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

#define PACKET_MAX (64u << 20)

static const struct hws_quantisers quantisers = { .max = 63, .halving = 6 };

struct vpx_encoder {
	struct hws_encoder base;
	vpx_codec_ctx_t ctx;
	vpx_codec_enc_cfg_t cfg;
	bool open, started;
	bool map_on; /* the encoder has an active map now */
	struct hws_block_map map;
	int64_t last_pts;
	enum hws_pixel_format format;
};

static struct vpx_encoder *self_of(struct hws_encoder *e)
{
	return hws_container(e, struct vpx_encoder, base);
}

static vpx_codec_iface_t *encoder_iface(enum hws_codec codec)
{
	return codec == HWS_CODEC_VP8 ? vpx_codec_vp8_cx() : vpx_codec_vp9_cx();
}

static void put_quality(vpx_codec_enc_cfg_t *cfg, const struct hws_quality *q)
{
	cfg->rc_target_bitrate = q->bitrate_kbit_s;
	hws_quantisers_within(&quantisers, q->finest, q->coarsest, &cfg->rc_min_quantizer,
			&cfg->rc_max_quantizer);
}

static int set_controls(struct vpx_encoder *v)
{
	vpx_codec_ctx_t *c = &v->ctx;
	int bad = 0;

	if (v->base.conf.codec == HWS_CODEC_VP8) {
		bad |= vpx_codec_control(c, VP8E_SET_CPUUSED, 12);
		bad |= vpx_codec_control(c, VP8E_SET_SCREEN_CONTENT_MODE, 1);
		bad |= vpx_codec_control(c, VP8E_SET_NOISE_SENSITIVITY, 0);
	} else {
		bad |= vpx_codec_control(c, VP8E_SET_CPUUSED, 9);
		bad |= vpx_codec_control(c, VP9E_SET_TUNE_CONTENT, VP9E_CONTENT_SCREEN);
		bad |= vpx_codec_control(c, VP9E_SET_AQ_MODE, 0);
		bad |= vpx_codec_control(c, VP9E_SET_ROW_MT, v->cfg.g_threads > 1);
		bad |= vpx_codec_control(c, VP9E_SET_TILE_COLUMNS, v->cfg.g_threads > 1 ? 1 : 0);
		bad |= vpx_codec_control(c, VP9E_SET_NOISE_SENSITIVITY, 0);
		bad |= vpx_codec_control(c, VP9E_SET_FRAME_PERIODIC_BOOST, 0);
	}
	/* A key frame may cost so many percent of an average frame: the first picture is worth
	 * it. */
	bad |= vpx_codec_control(c, VP8E_SET_MAX_INTRA_BITRATE_PCT, 2000);
	return bad ? HWS_ERR_UNSUPPORTED : HWS_OK;
}

static void encoder_close(struct vpx_encoder *v)
{
	if (v->open)
		vpx_codec_destroy(&v->ctx);
	v->open = v->started = v->map_on = false;
	hws_block_map_done(&v->map);
}

static int encoder_open(struct vpx_encoder *v, enum hws_pixel_format format, int width, int height)
{
	vpx_codec_iface_t *iface = encoder_iface(v->base.conf.codec);
	vpx_codec_enc_cfg_t *cfg = &v->cfg;
	const struct hws_encoder_conf *conf = &v->base.conf;

	if (vpx_codec_enc_config_default(iface, cfg, 0) != VPX_CODEC_OK)
		return HWS_ERR_UNSUPPORTED;
	v->format = format;
	cfg->g_profile = format == HWS_PIXEL_I444; /* of VP9: whole chroma */
	cfg->g_w = (unsigned)width;
	cfg->g_h = (unsigned)height;
	cfg->g_timebase = (vpx_rational_t){ 1, 1000 };
	cfg->g_threads = conf->threads ? conf->threads : 1;
	cfg->g_pass = VPX_RC_ONE_PASS;
	cfg->g_lag_in_frames = 0;
	cfg->g_error_resilient = 0;
	cfg->rc_end_usage = VPX_CBR;
	cfg->rc_dropframe_thresh = 0; /* pacing skips pictures before they are coded */
	cfg->rc_resize_allowed = 0;
	cfg->rc_undershoot_pct = 100;
	cfg->rc_overshoot_pct = 100;
	cfg->rc_buf_sz = 1000;
	cfg->rc_buf_initial_sz = 600;
	cfg->rc_buf_optimal_sz = 600;
	cfg->kf_mode = VPX_KF_DISABLED;
	put_quality(cfg, &conf->quality);
	if (vpx_codec_enc_init(&v->ctx, iface, cfg, 0) != VPX_CODEC_OK)
		return HWS_ERR_NOMEM;
	v->open = true;
	int r = set_controls(v);
	if (r == HWS_OK)
		r = hws_block_map_init(&v->map, width, height);
	if (r < 0)
		encoder_close(v);
	return r;
}

static int set_map(struct vpx_encoder *v, const struct hws_region *damage, bool key)
{
	vpx_active_map_t am = { .rows = v->map.rows, .cols = v->map.cols };

	if (key || !damage) {
		if (!v->map_on)
			return HWS_OK;
		v->map_on = false; /* libvpx switches it off when it is given none */
	} else {
		am.active_map = hws_block_map_mark(&v->map, damage);
		v->map_on = true;
	}
	return vpx_codec_control(&v->ctx, VP8E_SET_ACTIVEMAP, &am) == VPX_CODEC_OK ? HWS_OK
										   : HWS_ERR_INVAL;
}

static void wrap(vpx_image_t *img, const struct hws_picture *p)
{
	bool whole = p->format == HWS_PIXEL_I444;

	*img = (vpx_image_t){
		.fmt = whole ? VPX_IMG_FMT_I444 : VPX_IMG_FMT_I420,
		.cs = VPX_CS_BT_601,
		.range = VPX_CR_STUDIO_RANGE,
		.w = (unsigned)p->width,
		.h = (unsigned)p->height,
		.d_w = (unsigned)p->width,
		.d_h = (unsigned)p->height,
		.bit_depth = 8,
		.bps = whole ? 24 : 12,
		.x_chroma_shift = !whole,
		.y_chroma_shift = !whole,
	};
	for (int i = 0; i < 3; i++) {
		img->planes[i] = p->plane[i];
		img->stride[i] = p->stride[i];
	}
}

static int vpx_encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage, bool key, int64_t pts_ms, struct hws_packet *ret)
{
	struct vpx_encoder *v = self_of(e);
	int r;

	if (!v->open || v->format != p->format || (int)v->cfg.g_w != p->width ||
			(int)v->cfg.g_h != p->height) {
		encoder_close(v);
		r = encoder_open(v, p->format, p->width, p->height);
		if (r < 0)
			return r;
	}
	key = key || !v->started;
	r = set_map(v, damage, key);
	if (r < 0)
		return r;
	if (v->started && pts_ms <= v->last_pts)
		pts_ms = v->last_pts + 1;
	vpx_image_t img;
	wrap(&img, p);
	/* The time since the last picture: what rate control may spend grows with it, but a long
	 * idle time must not turn into one huge frame. */
	unsigned fps = e->conf.fps ? e->conf.fps : 30;
	int64_t gap = v->started ? pts_ms - v->last_pts : 1000 / fps;
	unsigned long duration = (unsigned long)HWS_MIN(HWS_MAX(gap, (int64_t)1), (int64_t)250);

	if (vpx_codec_encode(&v->ctx, &img, pts_ms, duration, key ? VPX_EFLAG_FORCE_KF : 0,
			    VPX_DL_REALTIME) != VPX_CODEC_OK)
		return HWS_ERR_CORRUPT;
	v->started = true;
	v->last_pts = pts_ms;
	vpx_codec_iter_t it = NULL;
	const vpx_codec_cx_pkt_t *pkt;

	while ((pkt = vpx_codec_get_cx_data(&v->ctx, &it)) != NULL) {
		if (pkt->kind != VPX_CODEC_CX_FRAME_PKT)
			continue;
		int q = 0;
		vpx_codec_control(&v->ctx, VP8E_GET_LAST_QUANTIZER_64, &q);
		ret->data = hws_bytes(pkt->data.frame.buf, pkt->data.frame.sz);
		ret->key = (pkt->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
		ret->coarse = hws_coarseness_of(&quantisers, (unsigned)HWS_MAX(q, 0));
		return HWS_OK; /* without look-ahead there is one packet for each picture */
	}
	return HWS_ERR_AGAIN;
}

static int vpx_set_quality(struct hws_encoder *e, const struct hws_quality *q)
{
	struct vpx_encoder *v = self_of(e);

	e->conf.quality = *q;
	if (!v->open)
		return HWS_OK;
	put_quality(&v->cfg, q);
	return vpx_codec_enc_config_set(&v->ctx, &v->cfg) == VPX_CODEC_OK ? HWS_OK : HWS_ERR_INVAL;
}

static void vpx_encoder_free(struct hws_encoder *e)
{
	struct vpx_encoder *v = self_of(e);

	encoder_close(v);
	free(v);
}

static const struct hws_encoder_impl encoder_impl = {
	.encode = vpx_encode,
	.set_quality = vpx_set_quality,
	.free = vpx_encoder_free,
};

int hws_vpx_encoder_new(const struct hws_encoder_conf *conf, struct hws_encoder **ret)
{
	struct vpx_encoder *v = calloc(1, sizeof(*v));

	if (!v)
		return HWS_ERR_NOMEM;
	v->base.impl = &encoder_impl;
	v->base.conf = *conf;
	int r = encoder_open(v, HWS_PIXEL_I420, conf->width, conf->height);
	if (r < 0) {
		free(v);
		return r;
	}
	*ret = &v->base;
	return HWS_OK;
}

struct vpx_decoder {
	struct hws_decoder base;
	vpx_codec_ctx_t ctx;
	struct hws_picture picture; /* its planes belong to libvpx */
	struct hws_buf packet;      /* with an index, see one_frame() */
};

static vpx_codec_iface_t *decoder_iface(enum hws_codec codec)
{
	return codec == HWS_CODEC_VP8 ? vpx_codec_vp8_dx() : vpx_codec_vp9_dx();
}

/* Behind a frame of VP9 libvpx looks for another one, whose header nobody has read yet. An index of
 * one frame says that there is none. */
static int one_frame(struct vpx_decoder *v, struct hws_bytes *data)
{
	enum { MARKER = 0xd8 }; /* one frame, its size in four bytes */
	size_t n = data->len;
	const uint8_t index[] = { MARKER, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16),
		(uint8_t)(n >> 24), MARKER };

	hws_buf_reset(&v->packet);
	hws_buf_put(&v->packet, data->ptr, n);
	hws_buf_put(&v->packet, index, sizeof(index));
	*data = hws_buf_bytes(&v->packet);
	return hws_buf_err(&v->packet);
}

static int check_sizes(struct vpx_decoder *v, struct hws_bytes *data)
{
	struct hws_packet_size s;
	int r = hws_vpx_packet_size(v->base.codec, *data, &s);

	if (r < 0)
		return r;
	return v->base.codec == HWS_CODEC_VP8 || s.indexed ? HWS_OK : one_frame(v, data);
}

static int vpx_decode(struct hws_decoder *d, struct hws_bytes data, const struct hws_picture **ret)
{
	struct vpx_decoder *v = hws_container(d, struct vpx_decoder, base);

	if (data.len == 0 || data.len > PACKET_MAX)
		return HWS_ERR_CORRUPT; /* libvpx takes an empty packet for a flush */
	int r = check_sizes(v, &data);
	if (r < 0)
		return r;
	if (vpx_codec_decode(&v->ctx, data.ptr, (unsigned)data.len, NULL, 0) != VPX_CODEC_OK)
		return HWS_ERR_CORRUPT;
	vpx_codec_iter_t it = NULL;
	const vpx_image_t *img, *last = NULL;

	while ((img = vpx_codec_get_frame(&v->ctx, &it)) != NULL)
		last = img;
	if (!last)
		return HWS_ERR_AGAIN;
	if (last->fmt != VPX_IMG_FMT_I420 && last->fmt != VPX_IMG_FMT_I444)
		return HWS_ERR_UNSUPPORTED;
	bool whole = last->fmt == VPX_IMG_FMT_I444;
	size_t size[HWS_PLANES_MAX];
	for (int i = 0; i < HWS_PLANES_MAX; i++)
		size[i] = (size_t)HWS_MAX(last->stride[i], 0) *
				(size_t)hws_plane_side((int)last->d_h, i && !whole ? 1 : 0);
	r = hws_picture_wrap(whole ? HWS_PIXEL_I444 : HWS_PIXEL_I420, (int)last->d_w,
			(int)last->d_h, last->planes, last->stride, size, &v->picture);
	if (r < 0)
		return HWS_ERR_CORRUPT;
	*ret = &v->picture;
	return HWS_OK;
}

static void vpx_decoder_free(struct hws_decoder *d)
{
	struct vpx_decoder *v = hws_container(d, struct vpx_decoder, base);

	vpx_codec_destroy(&v->ctx);
	hws_buf_done(&v->packet);
	free(v);
}

static const struct hws_decoder_impl decoder_impl = {
	.decode = vpx_decode,
	.free = vpx_decoder_free,
};

int hws_vpx_decoder_new(enum hws_codec codec, unsigned threads, struct hws_decoder **ret)
{
	vpx_codec_dec_cfg_t cfg = { .threads = threads ? threads : 1 };
	struct vpx_decoder *v = calloc(1, sizeof(*v));

	if (!v)
		return HWS_ERR_NOMEM;
	v->base.impl = &decoder_impl;
	v->base.codec = codec;
	hws_buf_init(&v->packet, PACKET_MAX + 16);
	if (vpx_codec_dec_init(&v->ctx, decoder_iface(codec), &cfg, 0) != VPX_CODEC_OK) {
		free(v);
		return HWS_ERR_NOMEM;
	}
	*ret = &v->base;
	return HWS_OK;
}
