/* V4L2 M2M: the codecs of small boards. The library looks for the device itself, among all of
 * /dev/video*, each time that a codec is opened. */
#include "client/hwcodec/coder.h"
#include "shared/base/str.h"
#include <libavutil/opt.h>

#define RATE 20000000 /* bit/s; the quantiser decides */

static int v4l2_open(
		struct hwc_device *d, const char *path HWS_UNUSED, struct hws_error *err HWS_UNUSED)
{
	return hws_str_copy(d->vendor, sizeof(d->vendor), "V4L2 M2M");
}

/* Drivers take one or the other order of the samples. */
static int v4l2_prepare(struct hwc_device *d HWS_UNUSED, AVCodecContext *c,
		enum hws_codec codec HWS_UNUSED, int quantiser, unsigned way)
{
	if (way > 1)
		return HWS_ERR_UNSUPPORTED;
	c->pix_fmt = way ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_NV12;
	c->qmin = c->qmax = quantiser;
	c->bit_rate = RATE;
	return HWS_OK;
}

const struct hwc_backend hwc_v4l2 = {
	.name = "v4l2",
	.type = AV_HWDEVICE_TYPE_NONE,
	.encoder = { [HWS_CODEC_VP8] = "vp8_v4l2m2m",
			[HWS_CODEC_H264] = "h264_v4l2m2m",
			[HWS_CODEC_H265] = "hevc_v4l2m2m" },
	.decoder = { [HWS_CODEC_VP8] = "vp8_v4l2m2m",
			[HWS_CODEC_VP9] = "vp9_v4l2m2m",
			[HWS_CODEC_H264] = "h264_v4l2m2m",
			[HWS_CODEC_H265] = "hevc_v4l2m2m" },
	.opens_late = true,
	.open = v4l2_open,
	.prepare = v4l2_prepare,
};
