/* AV1 encoded by libaom, set for what a desktop shows: its tools for screens (palettes above all)
 * are what it is chosen for, all that searches longer than a picture lasts is off. */
#include "client/media/aom.h"
#include "client/media/block_map.h"
#include "client/media/coarseness.h"
#include "shared/base/macros.h"
#include <aom/aom_encoder.h>
#include <aom/aomcx.h>
#include <stdlib.h>

/* 0 is another way of coding, without loss, which costs many times as much. Where the coarsest is 1
 * libaom 3.6 comes to a quantiser outside of the range, and ends the process by an assertion; from
 * 2 on it does not, and some room is left besides. */
#define FINEST 2u
#define FINEST_ROOM 4u

static const struct hws_quantisers quantisers = { .max = 63, .halving = 6 };

struct aom_encoder {
	struct hws_encoder base;
	aom_codec_ctx_t ctx;
	aom_codec_enc_cfg_t cfg;
	bool open, started, map_on;
	struct hws_block_map map;
	int64_t last_pts;
	enum hws_pixel_format format;
};

/* {control, value}. What is not here is as the library has it for real time. */
struct setting {
	int control, value;
};

static const struct setting settings[] = { { AOME_SET_CPUUSED, 10 },
	{ AV1E_SET_TUNE_CONTENT, AOM_CONTENT_SCREEN }, { AV1E_SET_ENABLE_PALETTE, 1 },
	/* Within a picture, copies cost more time than they save bits: pictures follow soon. */
	{ AV1E_SET_ENABLE_INTRABC, 0 }, { AV1E_SET_AQ_MODE, 0 }, { AV1E_SET_DELTAQ_MODE, 0 },
	{ AV1E_SET_ENABLE_CDEF, 1 }, { AV1E_SET_ENABLE_RESTORATION, 0 },
	{ AV1E_SET_ENABLE_ORDER_HINT, 0 }, { AV1E_SET_ENABLE_TPL_MODEL, 0 },
	{ AV1E_SET_ENABLE_OBMC, 0 }, { AV1E_SET_ENABLE_WARPED_MOTION, 0 },
	{ AV1E_SET_ENABLE_GLOBAL_MOTION, 0 }, { AV1E_SET_ENABLE_REF_FRAME_MVS, 0 },
	{ AV1E_SET_ENABLE_CFL_INTRA, 0 }, { AV1E_SET_ENABLE_SMOOTH_INTRA, 0 },
	{ AV1E_SET_ENABLE_PAETH_INTRA, 0 }, { AV1E_SET_ENABLE_FILTER_INTRA, 0 },
	{ AV1E_SET_ENABLE_ANGLE_DELTA, 0 }, { AV1E_SET_ENABLE_INTRA_EDGE_FILTER, 0 },
	{ AV1E_SET_INTRA_DEFAULT_TX_ONLY, 1 }, { AV1E_SET_ENABLE_TX64, 0 },
	{ AV1E_SET_ENABLE_MASKED_COMP, 0 }, { AV1E_SET_ENABLE_DIST_WTD_COMP, 0 },
	{ AV1E_SET_ENABLE_DIFF_WTD_COMP, 0 }, { AV1E_SET_ENABLE_INTERINTRA_COMP, 0 },
	{ AV1E_SET_ENABLE_INTERINTRA_WEDGE, 0 }, { AV1E_SET_ENABLE_SMOOTH_INTERINTRA, 0 },
	{ AV1E_SET_ENABLE_DUAL_FILTER, 0 }, { AV1E_SET_ENABLE_QM, 0 },
	{ AV1E_SET_ENABLE_RECT_PARTITIONS, 0 }, { AV1E_SET_DISABLE_TRELLIS_QUANT, 1 },
	{ AV1E_SET_NOISE_SENSITIVITY, 0 }, { AV1E_SET_COEFF_COST_UPD_FREQ, 3 },
	{ AV1E_SET_MODE_COST_UPD_FREQ, 3 }, { AV1E_SET_MV_COST_UPD_FREQ, 3 },
	{ AV1E_SET_CDF_UPDATE_MODE, 1 }, { AV1E_SET_MAX_REFERENCE_FRAMES, 3 },
	/* A key frame may cost so many percent of an average one: the first picture is worth it. */
	{ AOME_SET_MAX_INTRA_BITRATE_PCT, 2000 } };

static struct aom_encoder *self_of(struct hws_encoder *e)
{
	return hws_container(e, struct aom_encoder, base);
}

static void put_quality(aom_codec_enc_cfg_t *cfg, const struct hws_quality *q)
{
	cfg->rc_target_bitrate = q->bitrate_kbit_s;
	hws_quantisers_within(&quantisers, q->finest, q->coarsest, &cfg->rc_min_quantizer,
			&cfg->rc_max_quantizer);
	cfg->rc_min_quantizer = HWS_MAX(cfg->rc_min_quantizer, FINEST);
	cfg->rc_max_quantizer = HWS_MAX(cfg->rc_max_quantizer, FINEST_ROOM);
}

static int set_controls(struct aom_encoder *v)
{
	aom_codec_ctx_t *c = &v->ctx;
	bool threads = v->cfg.g_threads > 1;
	bool good = true;

	for (size_t i = 0; i < HWS_COUNT(settings); i++)
		good &= aom_codec_control(c, settings[i].control, settings[i].value) == 0;
	good &= aom_codec_control(c, AV1E_SET_ROW_MT, threads ? 1 : 0) == 0;
	good &= aom_codec_control(c, AV1E_SET_TILE_COLUMNS, threads ? 1 : 0) == 0;
	return good ? HWS_OK : HWS_ERR_UNSUPPORTED;
}

static void encoder_close(struct aom_encoder *v)
{
	if (v->open)
		aom_codec_destroy(&v->ctx);
	v->open = v->started = v->map_on = false;
	hws_block_map_done(&v->map);
}

static int encoder_open(struct aom_encoder *v, enum hws_pixel_format format, int width, int height)
{
	aom_codec_iface_t *iface = aom_codec_av1_cx();
	const struct hws_encoder_conf *conf = &v->base.conf;
	aom_codec_enc_cfg_t *cfg = &v->cfg;

	if (aom_codec_enc_config_default(iface, cfg, AOM_USAGE_REALTIME) != AOM_CODEC_OK)
		return HWS_ERR_UNSUPPORTED;
	v->format = format;
	cfg->g_profile = format == HWS_PIXEL_I444; /* whole chroma */
	cfg->g_w = (unsigned)width;
	cfg->g_h = (unsigned)height;
	cfg->g_timebase = (struct aom_rational){ 1, 1000 };
	cfg->g_threads = conf->threads ? conf->threads : 1;
	cfg->g_input_bit_depth = 8;
	cfg->g_pass = AOM_RC_ONE_PASS;
	cfg->g_lag_in_frames = 0;
	cfg->g_error_resilient = 0;
	cfg->rc_end_usage = AOM_CBR;
	cfg->rc_dropframe_thresh = 0; /* pacing skips pictures before they are coded */
	cfg->rc_undershoot_pct = 100;
	cfg->rc_overshoot_pct = 100;
	cfg->rc_buf_sz = 1000;
	cfg->rc_buf_initial_sz = 600;
	cfg->rc_buf_optimal_sz = 600;
	cfg->kf_mode = AOM_KF_DISABLED;
	put_quality(cfg, &conf->quality);
	if (aom_codec_enc_init(&v->ctx, iface, cfg, 0) != AOM_CODEC_OK)
		return HWS_ERR_NOMEM;
	v->open = true;
	int r = set_controls(v);
	if (r == HWS_OK)
		r = hws_block_map_init(&v->map, width, height);
	if (r < 0)
		encoder_close(v);
	return r;
}

static int set_map(struct aom_encoder *v, const struct hws_region *damage, bool key)
{
	aom_active_map_t am = { .rows = v->map.rows, .cols = v->map.cols };

	if (key || !damage) {
		if (!v->map_on)
			return HWS_OK;
		v->map_on = false; /* libaom switches it off when it is given none */
	} else {
		am.active_map = hws_block_map_mark(&v->map, damage);
		v->map_on = true;
	}
	return aom_codec_control(&v->ctx, AOME_SET_ACTIVEMAP, &am) == AOM_CODEC_OK ? HWS_OK
										   : HWS_ERR_INVAL;
}

static void wrap(aom_image_t *img, const struct hws_picture *p)
{
	bool whole = p->format == HWS_PIXEL_I444;

	*img = (aom_image_t){
		.fmt = whole ? AOM_IMG_FMT_I444 : AOM_IMG_FMT_I420,
		.cp = AOM_CICP_CP_UNSPECIFIED,
		.tc = AOM_CICP_TC_UNSPECIFIED,
		.mc = AOM_CICP_MC_UNSPECIFIED,
		.range = AOM_CR_STUDIO_RANGE,
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

static int take_packet(struct aom_encoder *v, struct hws_packet *ret)
{
	aom_codec_iter_t it = NULL;
	const aom_codec_cx_pkt_t *pkt;

	while ((pkt = aom_codec_get_cx_data(&v->ctx, &it)) != NULL) {
		int q = 0;
		if (pkt->kind != AOM_CODEC_CX_FRAME_PKT)
			continue;
		aom_codec_control(&v->ctx, AOME_GET_LAST_QUANTIZER_64, &q);
		ret->data = hws_bytes(pkt->data.frame.buf, pkt->data.frame.sz);
		ret->key = (pkt->data.frame.flags & AOM_FRAME_IS_KEY) != 0;
		ret->coarse = hws_coarseness_of(&quantisers, (unsigned)HWS_MAX(q, 0));
		return HWS_OK; /* without look-ahead there is one packet for each picture */
	}
	return HWS_ERR_AGAIN;
}

static int aom_encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage, bool key, int64_t pts_ms, struct hws_packet *ret)
{
	struct aom_encoder *v = self_of(e);
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
	aom_image_t img;
	wrap(&img, p);
	/* As in vpx.c: what may be spent grows with the time since the last picture, up to a
	 * point. */
	unsigned fps = e->conf.fps ? e->conf.fps : 30;
	int64_t gap = v->started ? pts_ms - v->last_pts : 1000 / fps;
	unsigned long duration = (unsigned long)HWS_MIN(HWS_MAX(gap, (int64_t)1), (int64_t)250);

	if (aom_codec_encode(&v->ctx, &img, pts_ms, duration, key ? AOM_EFLAG_FORCE_KF : 0) !=
			AOM_CODEC_OK)
		return HWS_ERR_CORRUPT;
	v->started = true;
	v->last_pts = pts_ms;
	return take_packet(v, ret);
}

static int aom_set_quality(struct hws_encoder *e, const struct hws_quality *q)
{
	struct aom_encoder *v = self_of(e);

	e->conf.quality = *q;
	if (!v->open)
		return HWS_OK;
	put_quality(&v->cfg, q);
	return aom_codec_enc_config_set(&v->ctx, &v->cfg) == AOM_CODEC_OK ? HWS_OK : HWS_ERR_INVAL;
}

static void aom_encoder_free(struct hws_encoder *e)
{
	struct aom_encoder *v = self_of(e);

	encoder_close(v);
	free(v);
}

static const struct hws_encoder_impl encoder_impl = {
	.encode = aom_encode,
	.set_quality = aom_set_quality,
	.free = aom_encoder_free,
};

int hws_aom_encoder_new(const struct hws_encoder_conf *conf, struct hws_encoder **ret)
{
	struct aom_encoder *v = calloc(1, sizeof(*v));

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
