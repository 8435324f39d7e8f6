/* Settings as published: VP9 at speed 7 without a mode for screens, a flush after each picture; AV1
 * at speed 10 with WebRTC's list. */
#include "tests/bench/media/peers.h"
#include <aom/aom_encoder.h>
#include <aom/aomcx.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#define KBIT_S 1388 /* 1080p, balanced */

struct peer {
	bool av1;
	vpx_codec_ctx_t vpx;
	aom_codec_ctx_t aom;
};

static void open_vp9(struct peer *p, unsigned width, unsigned height)
{
	vpx_codec_enc_cfg_t cfg;

	ck_assert_int_eq(vpx_codec_enc_config_default(vpx_codec_vp9_cx(), &cfg, 0), VPX_CODEC_OK);
	cfg.g_w = width;
	cfg.g_h = height;
	cfg.g_timebase = (vpx_rational_t){ 1, 1000 };
	cfg.g_threads = 1;
	cfg.g_lag_in_frames = 0;
	cfg.g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
	cfg.rc_end_usage = VPX_CBR;
	cfg.rc_target_bitrate = KBIT_S;
	cfg.rc_undershoot_pct = 95;
	cfg.rc_dropframe_thresh = 25;
	cfg.rc_min_quantizer = 24;
	cfg.rc_max_quantizer = 50;
	cfg.kf_mode = VPX_KF_DISABLED;
	ck_assert_int_eq(vpx_codec_enc_init(&p->vpx, vpx_codec_vp9_cx(), &cfg, 0), VPX_CODEC_OK);
	ck_assert_int_eq(vpx_codec_control(&p->vpx, VP8E_SET_CPUUSED, 7), 0);
	ck_assert_int_eq(vpx_codec_control(&p->vpx, VP9E_SET_ROW_MT, 1), 0);
	ck_assert_int_eq(vpx_codec_control(&p->vpx, VP9E_SET_TILE_COLUMNS, 4), 0);
}

static void open_av1(struct peer *p, unsigned width, unsigned height)
{
	static const struct {
		int control, value;
	} list[] = { { AOME_SET_CPUUSED, 10 }, { AV1E_SET_ENABLE_CDEF, 1 },
		{ AV1E_SET_ENABLE_TPL_MODEL, 0 }, { AV1E_SET_DELTAQ_MODE, 0 },
		{ AV1E_SET_ENABLE_ORDER_HINT, 0 }, { AV1E_SET_AQ_MODE, 3 },
		{ AOME_SET_MAX_INTRA_BITRATE_PCT, 300 }, { AV1E_SET_COEFF_COST_UPD_FREQ, 3 },
		{ AV1E_SET_MODE_COST_UPD_FREQ, 3 }, { AV1E_SET_MV_COST_UPD_FREQ, 3 },
		{ AV1E_SET_TUNE_CONTENT, AOM_CONTENT_SCREEN }, { AV1E_SET_ENABLE_PALETTE, 1 },
		{ AV1E_SET_TILE_COLUMNS, 0 }, { AV1E_SET_ROW_MT, 0 }, { AV1E_SET_ENABLE_OBMC, 0 },
		{ AV1E_SET_NOISE_SENSITIVITY, 0 }, { AV1E_SET_ENABLE_WARPED_MOTION, 0 },
		{ AV1E_SET_ENABLE_GLOBAL_MOTION, 0 }, { AV1E_SET_ENABLE_REF_FRAME_MVS, 0 },
		{ AV1E_SET_ENABLE_CFL_INTRA, 0 }, { AV1E_SET_ENABLE_SMOOTH_INTRA, 0 },
		{ AV1E_SET_ENABLE_ANGLE_DELTA, 0 }, { AV1E_SET_ENABLE_FILTER_INTRA, 0 },
		{ AV1E_SET_INTRA_DEFAULT_TX_ONLY, 1 }, { AV1E_SET_DISABLE_TRELLIS_QUANT, 1 },
		{ AV1E_SET_ENABLE_DIST_WTD_COMP, 0 }, { AV1E_SET_ENABLE_DIFF_WTD_COMP, 0 },
		{ AV1E_SET_ENABLE_DUAL_FILTER, 0 }, { AV1E_SET_ENABLE_INTERINTRA_COMP, 0 },
		{ AV1E_SET_ENABLE_INTERINTRA_WEDGE, 0 }, { AV1E_SET_ENABLE_INTRA_EDGE_FILTER, 0 },
		{ AV1E_SET_ENABLE_INTRABC, 0 }, { AV1E_SET_ENABLE_MASKED_COMP, 0 },
		{ AV1E_SET_ENABLE_PAETH_INTRA, 0 }, { AV1E_SET_ENABLE_QM, 0 },
		{ AV1E_SET_ENABLE_RECT_PARTITIONS, 0 }, { AV1E_SET_ENABLE_RESTORATION, 0 },
		{ AV1E_SET_ENABLE_SMOOTH_INTERINTRA, 0 }, { AV1E_SET_ENABLE_TX64, 0 },
		{ AV1E_SET_MAX_REFERENCE_FRAMES, 3 } };
	aom_codec_enc_cfg_t cfg;

	ck_assert_int_eq(aom_codec_enc_config_default(aom_codec_av1_cx(), &cfg, AOM_USAGE_REALTIME),
			AOM_CODEC_OK);
	cfg.g_w = width;
	cfg.g_h = height;
	cfg.g_timebase = (struct aom_rational){ 1, 1000 };
	cfg.g_threads = 1;
	cfg.g_lag_in_frames = 0;
	cfg.g_error_resilient = 0;
	cfg.rc_end_usage = AOM_CBR;
	cfg.rc_target_bitrate = KBIT_S;
	cfg.rc_undershoot_pct = cfg.rc_overshoot_pct = 50;
	cfg.rc_buf_initial_sz = cfg.rc_buf_optimal_sz = 600;
	cfg.rc_buf_sz = 1000;
	cfg.rc_min_quantizer = 18;
	cfg.rc_max_quantizer = 38;
	cfg.kf_mode = AOM_KF_DISABLED;
	ck_assert_int_eq(aom_codec_enc_init(&p->aom, aom_codec_av1_cx(), &cfg, 0), AOM_CODEC_OK);
	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		ck_assert_int_eq(aom_codec_control(&p->aom, list[i].control, list[i].value), 0);
}

struct peer *peer_open(const char *codec, int width, int height)
{
	struct peer *p = calloc(1, sizeof(*p));

	ck_assert_ptr_nonnull(p);
	p->av1 = strcmp(codec, "av1") == 0;
	if (p->av1)
		open_av1(p, (unsigned)width, (unsigned)height);
	else
		open_vp9(p, (unsigned)width, (unsigned)height);
	return p;
}

void peer_close(struct peer *p)
{
	if (p->av1)
		aom_codec_destroy(&p->aom);
	else
		vpx_codec_destroy(&p->vpx);
	free(p);
}

static struct hws_bytes encode_vp9(struct peer *p, const struct hws_picture *from, int64_t pts)
{
	struct hws_bytes ret = { 0 };
	const vpx_codec_cx_pkt_t *k;
	vpx_codec_iter_t it = NULL;
	vpx_image_t img;

	vpx_img_wrap(&img, VPX_IMG_FMT_I420, (unsigned)from->width, (unsigned)from->height, 1,
			from->plane[0]);
	for (int i = 0; i < 3; i++) {
		img.planes[i] = from->plane[i];
		img.stride[i] = from->stride[i];
	}
	ck_assert_int_eq(vpx_codec_encode(&p->vpx, &img, pts, 1, 0, VPX_DL_REALTIME), 0);
	while ((k = vpx_codec_get_cx_data(&p->vpx, &it)))
		if (k->kind == VPX_CODEC_CX_FRAME_PKT)
			ret = hws_bytes(k->data.frame.buf, k->data.frame.sz);
	/* A flush each time: the packet lies in memory that it leaves alone. */
	ck_assert_int_eq(vpx_codec_encode(&p->vpx, NULL, -1, 1, 0, VPX_DL_REALTIME), 0);
	return ret;
}

static struct hws_bytes encode_av1(struct peer *p, const struct hws_picture *from, int64_t pts)
{
	struct hws_bytes ret = { 0 };
	const aom_codec_cx_pkt_t *k;
	aom_codec_iter_t it = NULL;
	aom_image_t img;

	aom_img_wrap(&img, AOM_IMG_FMT_I420, (unsigned)from->width, (unsigned)from->height, 1,
			from->plane[0]);
	for (int i = 0; i < 3; i++) {
		img.planes[i] = from->plane[i];
		img.stride[i] = from->stride[i];
	}
	ck_assert_int_eq(aom_codec_encode(&p->aom, &img, pts, 1, 0), 0);
	while ((k = aom_codec_get_cx_data(&p->aom, &it)))
		if (k->kind == AOM_CODEC_CX_FRAME_PKT)
			ret = hws_bytes(k->data.frame.buf, k->data.frame.sz);
	return ret;
}

struct hws_bytes peer_encode(struct peer *p, const struct hws_picture *picture, int64_t pts_ms)
{
	return p->av1 ? encode_av1(p, picture, pts_ms) : encode_vp9(p, picture, pts_ms);
}
