/* VAAPI: graphics cards by their render node. Constant quantisers, shifted for single pictures
 * where the driver takes regions of interest; otherwise the encoder is opened anew for another
 * one. */
#include "client/hwcodec/coder.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_vaapi.h>
#include <libavutil/opt.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <va/va.h>
#include <va/va_drm.h>

static void on_driver_message(void *arg HWS_UNUSED, const char *text HWS_UNUSED)
{
	/* The log of hawser is no place for what drivers say of themselves. */
}

static int open_display(struct hwc_device *d, VADisplay *ret, struct hws_error *err)
{
	VADisplay display = vaGetDisplayDRM(d->fd);
	int major, minor;

	if (!display)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED, "it is no render node");
	vaSetInfoCallback(display, on_driver_message, NULL);
	vaSetErrorCallback(display, on_driver_message, NULL);
	VAStatus s = vaInitialize(display, &major, &minor);
	if (s != VA_STATUS_SUCCESS) {
		vaTerminate(display);
		return hws_error_set(
				err, HWS_ERR_UNSUPPORTED, "no driver for it: %s", vaErrorStr(s));
	}
	const char *vendor = vaQueryVendorString(display);
	hws_str_escape(d->vendor, sizeof(d->vendor), hws_bytes_str(vendor ? vendor : "unknown"));
	*ret = display;
	return HWS_OK;
}

static void free_display(AVHWDeviceContext *c)
{
	AVVAAPIDeviceContext *va = c->hwctx;

	vaTerminate(va->display);
}

static int vaapi_open(struct hwc_device *d, const char *path, struct hws_error *err)
{
	VADisplay display = NULL;
	struct stat st;

	d->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (d->fd < 0)
		return hws_error_set(err, hws_err_from_errno(errno), "%s", strerror(errno));
	if (fstat(d->fd, &st) < 0 || !S_ISCHR(st.st_mode))
		return hws_error_set(err, HWS_ERR_INVAL, "it is no device");
	int r = open_display(d, &display, err);
	if (r < 0)
		return r;
	d->device = av_hwdevice_ctx_alloc(AV_HWDEVICE_TYPE_VAAPI);
	if (!d->device) {
		vaTerminate(display);
		return HWS_ERR_NOMEM;
	}
	AVHWDeviceContext *c = (AVHWDeviceContext *)(void *)d->device->data;
	((AVVAAPIDeviceContext *)c->hwctx)->display = display;
	c->free = free_display;
	return hwc_err(av_hwdevice_ctx_init(d->device));
}

static int make_frames(const struct hwc_device *d, AVCodecContext *c)
{
	AVBufferRef *frames = av_hwframe_ctx_alloc(d->device);

	if (!frames)
		return HWS_ERR_NOMEM;
	AVHWFramesContext *f = (AVHWFramesContext *)(void *)frames->data;
	f->format = AV_PIX_FMT_VAAPI;
	f->sw_format = AV_PIX_FMT_NV12;
	f->width = c->width;
	f->height = c->height;
	f->initial_pool_size = 4;
	int r = hwc_err(av_hwframe_ctx_init(frames));
	if (r == HWS_OK)
		c->hw_frames_ctx = frames;
	else
		av_buffer_unref(&frames);
	return r;
}

/* Some drivers have the one way into the hardware, some the other. */
static int vaapi_prepare(struct hwc_device *d, AVCodecContext *c, enum hws_codec codec HWS_UNUSED,
		int quantiser, unsigned way)
{
	if (way > 1)
		return HWS_ERR_UNSUPPORTED;
	c->pix_fmt = AV_PIX_FMT_VAAPI;
	c->global_quality = HWS_MAX(quantiser, 1);
	(void)av_opt_set(c->priv_data, "rc_mode", "CQP", 0);
	(void)av_opt_set(c->priv_data, "async_depth", "1", 0); /* each packet at once */
	(void)av_opt_set(c->priv_data, "low_power", way ? "1" : "0", 0);
	return make_frames(d, c);
}

static bool vaapi_shifts(const struct hwc_device *d, const AVCodecContext *c HWS_UNUSED,
		enum hws_codec codec, unsigned way)
{
	static const VAProfile profiles[HWS_CODEC_COUNT] = { [HWS_CODEC_VP8] =
									     VAProfileVP8Version0_3,
		[HWS_CODEC_VP9] = VAProfileVP9Profile0,
		[HWS_CODEC_AV1] = VAProfileAV1Profile0,
		[HWS_CODEC_H264] = VAProfileH264High,
		[HWS_CODEC_H265] = VAProfileHEVCMain };
	const AVHWDeviceContext *dev = (const AVHWDeviceContext *)(const void *)d->device->data;
	VADisplay display = ((const AVVAAPIDeviceContext *)dev->hwctx)->display;
	VAConfigAttrib roi = { .type = VAConfigAttribEncROI };
	VAConfigAttribValEncROI value;

	if (vaGetConfigAttributes(display, profiles[codec],
			    way ? VAEntrypointEncSliceLP : VAEntrypointEncSlice, &roi,
			    1) != VA_STATUS_SUCCESS ||
			roi.value == VA_ATTRIB_NOT_SUPPORTED)
		return false;
	value.value = roi.value;
	return value.bits.num_roi_regions > 0;
}

const struct hwc_backend hwc_vaapi = {
	.name = "vaapi",
	.type = AV_HWDEVICE_TYPE_VAAPI,
	.encoder = { [HWS_CODEC_VP8] = "vp8_vaapi",
			[HWS_CODEC_VP9] = "vp9_vaapi",
			[HWS_CODEC_AV1] = "av1_vaapi",
			[HWS_CODEC_H264] = "h264_vaapi",
			[HWS_CODEC_H265] = "hevc_vaapi" },
	/* The library's own parsers; what they find goes to the card, or nowhere. */
	.decoder = { [HWS_CODEC_VP8] = "vp8",
			[HWS_CODEC_VP9] = "vp9",
			[HWS_CODEC_AV1] = "av1",
			[HWS_CODEC_H264] = "h264",
			[HWS_CODEC_H265] = "hevc" },
	.open = vaapi_open,
	.prepare = vaapi_prepare,
	.shifts = vaapi_shifts,
};
