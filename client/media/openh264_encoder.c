/* H.264 encoded by OpenH264 as screen content, which finds what was scrolled. Its own control of
 * the rate changes no range of quantisers without a key frame, so the quantiser is chosen here, for
 * each picture. */
#include "client/media/coarseness.h"
#include "client/media/openh264.h"
#include "client/media/pace.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include <math.h>
#include <stdlib.h>
#include <wels/codec_api.h>

#define PACKET_MAX (64u << 20)
#define SIDE_MIN 16 /* the library fails at the first picture */

static const struct hws_quantisers quantisers = { .max = 51, .halving = 6 };

struct h264_encoder {
	struct hws_encoder base;
	ISVCEncoder *enc;
	SEncParamExt param;
	struct hws_buf out;
	bool started;
	int64_t last_pts;
	struct hws_pace pace; /* its quantiser: of the picture before */
};

static struct h264_encoder *self_of(struct hws_encoder *e)
{
	return hws_container(e, struct h264_encoder, base);
}

static void encoder_close(struct h264_encoder *v)
{
	if (v->enc) {
		(*v->enc)->Uninitialize(v->enc);
		WelsDestroySVCEncoder(v->enc);
	}
	v->enc = NULL;
	v->started = false;
}

static void fill_param(struct h264_encoder *v, int width, int height)
{
	SEncParamExt *p = &v->param;

	(*v->enc)->GetDefaultParams(v->enc, p);
	p->iUsageType = SCREEN_CONTENT_REAL_TIME;
	p->iPicWidth = width;
	p->iPicHeight = height;
	p->fMaxFrameRate = (float)(v->base.conf.fps ? v->base.conf.fps : 30);
	p->iTargetBitrate = 1000000; /* nothing goes by it */
	p->iMaxBitrate = UNSPECIFIED_BIT_RATE;
	p->iRCMode = RC_OFF_MODE;
	p->iTemporalLayerNum = 1;
	p->iSpatialLayerNum = 1;
	p->uiIntraPeriod = 0;
	p->iNumRefFrame = AUTO_REF_PIC_COUNT;
	p->eSpsPpsIdStrategy = CONSTANT_ID;
	p->iEntropyCodingModeFlag = 1;
	p->iComplexityMode = HIGH_COMPLEXITY; /* for screens the cheaper one, too */
	p->bEnableFrameSkip = false;
	p->bEnableLongTermReference = false;
	p->iMultipleThreadIdc = 1;
	p->bEnableDenoise = false;
	p->bEnableAdaptiveQuant = false;
	p->bEnableBackgroundDetection = true;
	p->bEnableSceneChangeDetect = false; /* a key frame comes when it is asked for */
	p->bEnableFrameCroppingFlag = true;
	SSpatialLayerConfig *l = &p->sSpatialLayers[0];
	l->iVideoWidth = width;
	l->iVideoHeight = height;
	l->fFrameRate = p->fMaxFrameRate;
	l->iSpatialBitrate = p->iTargetBitrate;
	l->iMaxSpatialBitrate = UNSPECIFIED_BIT_RATE;
	l->uiProfileIdc = PRO_MAIN;
	l->sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
	l->iDLayerQp = v->pace.quantiser;
}

static void range_of(const struct hws_quality *q, int *ret_min, int *ret_max)
{
	unsigned min, max;

	hws_quantisers_within(&quantisers, q->finest, q->coarsest, &min, &max);
	*ret_min = (int)min;
	*ret_max = (int)max;
}

static int encoder_open(struct h264_encoder *v, int width, int height)
{
	int quiet = WELS_LOG_QUIET, min, max;

	if (width < SIDE_MIN || height < SIDE_MIN)
		return HWS_ERR_UNSUPPORTED;
	if (WelsCreateSVCEncoder(&v->enc) != 0 || !v->enc)
		return HWS_ERR_NOMEM;
	(*v->enc)->SetOption(v->enc, ENCODER_OPTION_TRACE_LEVEL, &quiet);
	range_of(&v->base.conf.quality, &min, &max);
	v->pace = (struct hws_pace){ .halving = (int)quantisers.halving,
		.quantiser = (min + max) / 2 };
	fill_param(v, width, height);
	if ((*v->enc)->InitializeExt(v->enc, &v->param) == cmResultSuccess)
		return HWS_OK;
	WelsDestroySVCEncoder(v->enc);
	v->enc = NULL;
	return HWS_ERR_UNSUPPORTED;
}

static int choose_qp(struct h264_encoder *v, double seconds)
{
	const struct hws_quality *q = &v->base.conf.quality;
	int min, max;

	range_of(q, &min, &max);
	return hws_pace_choose(&v->pace, q->bitrate_kbit_s, seconds, min, max);
}

static int set_qp(struct h264_encoder *v, int qp)
{
	if (qp == v->pace.quantiser)
		return HWS_OK;
	v->pace.quantiser = qp;
	v->param.sSpatialLayers[0].iDLayerQp = qp;
	return (*v->enc)->SetOption(v->enc, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, &v->param) == 0
			? HWS_OK
			: HWS_ERR_INVAL;
}

static int take_packet(struct h264_encoder *v, const SFrameBSInfo *info, bool first,
		struct hws_packet *ret)
{
	hws_buf_reset(&v->out);
	for (int i = 0; i < info->iLayerNum; i++) {
		const SLayerBSInfo *l = &info->sLayerInfo[i];
		size_t n = 0;
		for (int k = 0; k < l->iNalCount; k++)
			n += (size_t)l->pNalLengthInByte[k];
		hws_buf_put(&v->out, l->pBsBuf, n);
	}
	if (hws_buf_err(&v->out) < 0)
		return hws_buf_err(&v->out);
	if (info->eFrameType == videoFrameTypeSkip || hws_buf_len(&v->out) == 0)
		return HWS_ERR_AGAIN;
	hws_pace_spent(&v->pace, hws_buf_len(&v->out), first);
	*ret = (struct hws_packet){ .data = hws_buf_bytes(&v->out),
		.key = info->eFrameType == videoFrameTypeIDR,
		.coarse = hws_coarseness_of(&quantisers, (unsigned)v->pace.quantiser) };
	return HWS_OK;
}

static int h264_encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage HWS_UNUSED, bool key, int64_t pts_ms,
		struct hws_packet *ret)
{
	struct h264_encoder *v = self_of(e);
	SFrameBSInfo info = { 0 };
	int r = HWS_OK;

	if (!v->enc || v->param.iPicWidth != p->width || v->param.iPicHeight != p->height) {
		encoder_close(v);
		r = encoder_open(v, p->width, p->height);
		if (r < 0)
			return r;
	}
	if (v->started && pts_ms <= v->last_pts)
		pts_ms = v->last_pts + 1;
	double gap = v->started ? (double)(pts_ms - v->last_pts) / 1000 : 0;
	r = set_qp(v, choose_qp(v, fmin(gap, 0.25)));
	if (r == HWS_OK && key && v->started && (*v->enc)->ForceIntraFrame(v->enc, true) != 0)
		r = HWS_ERR_INVAL;
	if (r < 0)
		return r;
	SSourcePicture pic = { .iColorFormat = videoFormatI420,
		.iPicWidth = p->width,
		.iPicHeight = p->height,
		.uiTimeStamp = pts_ms };
	for (int i = 0; i < 3; i++) {
		pic.pData[i] = p->plane[i];
		pic.iStride[i] = p->stride[i];
	}
	if ((*v->enc)->EncodeFrame(v->enc, &pic, &info) != cmResultSuccess)
		return HWS_ERR_CORRUPT;
	bool first = !v->started;
	v->started = true;
	v->last_pts = pts_ms;
	return take_packet(v, &info, first, ret);
}

static int h264_set_quality(struct hws_encoder *e, const struct hws_quality *q)
{
	e->conf.quality = *q; /* the next picture goes by it */
	return HWS_OK;
}

static void h264_encoder_free(struct hws_encoder *e)
{
	struct h264_encoder *v = self_of(e);

	encoder_close(v);
	hws_buf_done(&v->out);
	free(v);
}

static const struct hws_encoder_impl encoder_impl = {
	.encode = h264_encode,
	.set_quality = h264_set_quality,
	.free = h264_encoder_free,
};

int hws_openh264_encoder_new(const struct hws_encoder_conf *conf, struct hws_encoder **ret)
{
	struct h264_encoder *v = calloc(1, sizeof(*v));

	if (!v)
		return HWS_ERR_NOMEM;
	v->base.impl = &encoder_impl;
	v->base.conf = *conf;
	hws_buf_init(&v->out, PACKET_MAX);
	int r = encoder_open(v, conf->width, conf->height);
	if (r < 0) {
		hws_buf_done(&v->out);
		free(v);
		return r;
	}
	*ret = &v->base;
	return HWS_OK;
}
