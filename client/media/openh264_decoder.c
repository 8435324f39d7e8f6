/* H.264 decoded by OpenH264, each packet at once: what it would keep back to put pictures in order
 * is asked for, because hosts send none that are out of order. */
#include "client/media/nal.h"
#include "client/media/openh264.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <wels/codec_api.h>

#define PACKET_MAX (64u << 20)

struct h264_decoder {
	struct hws_decoder base;
	ISVCDecoder *dec;
	struct hws_picture picture; /* its planes belong to the library */
};

static int decoder_open(struct h264_decoder *d)
{
	SDecodingParam param = { .uiTargetDqLayer = 255,
		.eEcActiveIdc = ERROR_CON_DISABLE,
		.sVideoProperty = { .size = sizeof(SVideoProperty),
				.eVideoBsType = VIDEO_BITSTREAM_AVC } };
	int quiet = WELS_LOG_QUIET;

	if (WelsCreateDecoder(&d->dec) != 0 || !d->dec)
		return HWS_ERR_NOMEM;
	(*d->dec)->SetOption(d->dec, DECODER_OPTION_TRACE_LEVEL, &quiet);
	if ((*d->dec)->Initialize(d->dec, &param) == cmResultSuccess)
		return HWS_OK;
	WelsDestroyDecoder(d->dec);
	d->dec = NULL;
	return HWS_ERR_NOMEM;
}

static void decoder_close(struct h264_decoder *d)
{
	if (!d->dec)
		return;
	(*d->dec)->Uninitialize(d->dec);
	WelsDestroyDecoder(d->dec);
	d->dec = NULL;
}

/* All that is ready; the newest counts. */
static int run(struct h264_decoder *d, struct hws_bytes data, SBufferInfo *ret)
{
	uint8_t *plane[3] = { 0 };
	SBufferInfo info = { 0 };
	DECODING_STATE state = (*d->dec)->DecodeFrameNoDelay(
			d->dec, data.ptr, (int)data.len, plane, &info);
	int left = 0;

	if (state != dsErrorFree)
		return state & dsOutOfMemory ? HWS_ERR_NOMEM : HWS_ERR_CORRUPT;
	if (info.iBufferStatus == 1)
		*ret = info;
	(*d->dec)->GetOption(d->dec, DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER, &left);
	for (; left > 0; left--) {
		info = (SBufferInfo){ 0 };
		if ((*d->dec)->FlushFrame(d->dec, plane, &info) == dsErrorFree &&
				info.iBufferStatus == 1)
			*ret = info;
	}
	return ret->iBufferStatus == 1 ? HWS_OK : HWS_ERR_AGAIN;
}

static int wrap(struct h264_decoder *d, SBufferInfo *info)
{
	const SSysMEMBuffer *m = &info->UsrData.sSystemBuffer;
	int stride[HWS_PLANES_MAX] = { m->iStride[0], m->iStride[1], m->iStride[1] };
	size_t size[HWS_PLANES_MAX];

	if (m->iFormat != videoFormatI420)
		return HWS_ERR_UNSUPPORTED;
	for (int i = 0; i < HWS_PLANES_MAX; i++)
		size[i] = (size_t)HWS_MAX(stride[i], 0) *
				(size_t)hws_plane_side(HWS_MAX(m->iHeight, 0), i ? 1 : 0);
	return hws_picture_wrap(HWS_PIXEL_I420, m->iWidth, m->iHeight, info->pDst, stride, size,
			       &d->picture) == HWS_OK
			? HWS_OK
			: HWS_ERR_CORRUPT;
}

static int h264_decode(
		struct hws_decoder *base, struct hws_bytes data, const struct hws_picture **ret)
{
	struct h264_decoder *d = hws_container(base, struct h264_decoder, base);
	struct hws_packet_size size;
	SBufferInfo info = { 0 };

	if (data.len == 0 || data.len > PACKET_MAX)
		return HWS_ERR_CORRUPT;
	int r = hws_nal_packet_size(HWS_CODEC_H264, data, &size);
	if (r < 0)
		return r;
	if (!d->dec)
		r = decoder_open(d);
	if (r == HWS_OK)
		r = run(d, data, &info);
	if (r == HWS_OK)
		r = wrap(d, &info);
	if (r == HWS_OK)
		*ret = &d->picture;
	else if (r != HWS_ERR_AGAIN)
		decoder_close(d); /* nothing of it stays for the next packet */
	return r;
}

static void h264_decoder_free(struct hws_decoder *base)
{
	struct h264_decoder *d = hws_container(base, struct h264_decoder, base);

	decoder_close(d);
	free(d);
}

static const struct hws_decoder_impl decoder_impl = {
	.decode = h264_decode,
	.free = h264_decoder_free,
};

int hws_openh264_decoder_new(
		enum hws_codec codec, unsigned threads HWS_UNUSED, struct hws_decoder **ret)
{
	struct h264_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	d->base.impl = &decoder_impl;
	d->base.codec = codec;
	int r = decoder_open(d);
	if (r < 0) {
		free(d);
		return r;
	}
	*ret = &d->base;
	return HWS_OK;
}
