/* A surface through OpenH264 into a coded buffer, with the quantiser and the kind of picture
 * that the parameters say. */
#include "driver.h"
#include <stdlib.h>
#include <string.h>
#include <va/va_enc_h264.h>

static int open_encoder(struct context *c, int qp)
{
	SEncParamExt *p = &c->param;
	int quiet = WELS_LOG_QUIET, scale = va_mode()->small ? 2 : 1;

	if (WelsCreateSVCEncoder(&c->encoder) != 0)
		return -1;
	(*c->encoder)->SetOption(c->encoder, ENCODER_OPTION_TRACE_LEVEL, &quiet);
	(*c->encoder)->GetDefaultParams(c->encoder, p);
	p->iUsageType = CAMERA_VIDEO_REAL_TIME;
	p->iPicWidth = c->width / scale & ~1;
	p->iPicHeight = c->height / scale & ~1;
	p->fMaxFrameRate = 30;
	p->iTargetBitrate = 5000000;
	p->iRCMode = RC_OFF_MODE;
	p->iComplexityMode = LOW_COMPLEXITY;
	p->iNumRefFrame = 1;
	p->eSpsPpsIdStrategy = CONSTANT_ID;
	p->bEnableDenoise = p->bEnableSceneChangeDetect = p->bEnableAdaptiveQuant = false;
	p->bEnableFrameSkip = false;
	p->sSpatialLayers[0].iVideoWidth = p->iPicWidth;
	p->sSpatialLayers[0].iVideoHeight = p->iPicHeight;
	p->sSpatialLayers[0].fFrameRate = 30;
	p->sSpatialLayers[0].iSpatialBitrate = p->iTargetBitrate;
	p->sSpatialLayers[0].sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
	p->sSpatialLayers[0].iDLayerQp = qp;
	return (*c->encoder)->InitializeExt(c->encoder, p);
}

void va_take_sequence(struct context *c, const struct buffer *b)
{
	const VAEncSequenceParameterBufferH264 *q = (const void *)b->bytes;

	c->width = q->picture_width_in_mbs * 16;
	c->height = q->picture_height_in_mbs * 16;
	if (!q->frame_cropping_flag)
		return;
	c->width -= (int)q->frame_crop_right_offset * 2;
	c->height -= (int)q->frame_crop_bottom_offset * 2;
}

static int quantiser_of(const struct picture *n)
{
	const VAEncPictureParameterBufferH264 *p = (const void *)n->enc_pic->bytes;
	const VAEncSliceParameterBufferH264 *s = (const void *)n->enc_slice->bytes;
	int qp = p->pic_init_qp + s->slice_qp_delta;

	if (n->roi) {
		const VAEncMiscParameterBuffer *m = (const void *)n->roi->bytes;
		VAEncMiscParameterBufferROI roi; /* lies at any place */
		memcpy(&roi, m->data, sizeof(roi));
		if (roi.num_roi > 0 && roi.roi)
			qp += roi.roi[0].roi_value;
	}
	return qp < 1 ? 1 : qp > 51 ? 51 : qp;
}

static void planes_of(const struct context *c, uint8_t *i420, SSourcePicture *ret)
{
	const struct surface *s = c->now.target;
	int w = c->param.iPicWidth, h = c->param.iPicHeight, half = (w + 1) / 2;
	uint8_t *u = i420 + (size_t)w * h, *v = u + (size_t)half * ((h + 1) / 2);

	for (int y = 0; y < h; y++)
		memcpy(i420 + (size_t)y * w, s->bytes + (size_t)y * s->stride, (size_t)w);
	for (int y = 0; y < (h + 1) / 2; y++)
		for (int x = 0; x < half; x++) {
			const uint8_t *uv = s->bytes + (size_t)s->stride * s->height +
					(size_t)y * s->stride + 2 * x;
			u[(size_t)y * half + x] = uv[0];
			v[(size_t)y * half + x] = uv[1];
		}
	if (va_mode()->grey)
		memset(i420, 128, (size_t)w * h);
	*ret = (SSourcePicture){ .iColorFormat = videoFormatI420,
		.iStride = { w, half, half },
		.pData = { i420, u, v },
		.iPicWidth = w,
		.iPicHeight = h };
}

static VAStatus put_packet(struct buffer *b, const SFrameBSInfo *info)
{
	unsigned n = 0;

	for (int i = 0; i < info->iLayerNum; i++) {
		const SLayerBSInfo *l = &info->sLayerInfo[i];
		unsigned len = 0;
		for (int k = 0; k < l->iNalCount; k++)
			len += (unsigned)l->pNalLengthInByte[k];
		if (len > b->size - n)
			return VA_STATUS_ERROR_ENCODING_ERROR;
		memcpy(b->bytes + n, l->pBsBuf, len);
		n += len;
	}
	b->segment = (VACodedBufferSegment){ .size = n, .buf = b->bytes };
	return VA_STATUS_SUCCESS;
}

VAStatus va_encode(struct context *c)
{
	const struct picture *n = &c->now;
	SFrameBSInfo info = { 0 };
	SSourcePicture pic;

	if (!n->enc_pic || !n->enc_slice || !n->coded)
		return VA_STATUS_ERROR_INVALID_PARAMETER;
	const VAEncPictureParameterBufferH264 *p = (const void *)n->enc_pic->bytes;
	int qp = quantiser_of(n);

	if (!c->encoder && open_encoder(c, qp) != 0)
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	if (qp != c->param.sSpatialLayers[0].iDLayerQp) {
		c->param.sSpatialLayers[0].iDLayerQp = qp;
		(*c->encoder)
				->SetOption(c->encoder, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT,
						&c->param);
	}
	if (p->pic_fields.bits.idr_pic_flag && c->pictures)
		(*c->encoder)->ForceIntraFrame(c->encoder, true);
	uint8_t *i420 = malloc((size_t)c->width * c->height * 2);
	if (!i420)
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	planes_of(c, i420, &pic);
	pic.uiTimeStamp = (long long)c->pictures++ * 33;
	int r = (*c->encoder)->EncodeFrame(c->encoder, &pic, &info);
	free(i420);
	return r == cmResultSuccess ? put_packet(n->coded, &info) : VA_STATUS_ERROR_ENCODING_ERROR;
}
