/* One decoder of libavcodec, which may parse but not decode by itself: a picture that is not of the
 * device is no picture. */
#include "client/hwcodec/coder.h"
#include "client/media/hw_link.h"
#include "client/media/pixels.h"
#include "shared/base/mem.h"
#include <libavutil/hwcontext.h>
#include <string.h>

struct hwc_decoder {
	struct hwc_device *device;
	AVCodecContext *c;
	AVFrame *got, *memory;
	AVPacket *packet;
	struct hws_buf in; /* with the room behind it that the library reads into */
};

static enum AVPixelFormat only_ours(AVCodecContext *c HWS_UNUSED, const enum AVPixelFormat *list)
{
	for (; *list != AV_PIX_FMT_NONE; list++)
		if (*list == AV_PIX_FMT_VAAPI)
			return *list;
	return AV_PIX_FMT_NONE;
}

static int open_codec(struct hwc_decoder *d, enum hws_codec codec)
{
	const char *name = d->device->backend->decoder[codec];
	const AVCodec *k = name ? avcodec_find_decoder_by_name(name) : NULL;

	if (!k)
		return HWS_ERR_UNSUPPORTED;
	d->c = avcodec_alloc_context3(k);
	d->got = av_frame_alloc();
	d->memory = av_frame_alloc();
	d->packet = av_packet_alloc();
	if (!d->c || !d->got || !d->memory || !d->packet)
		return HWS_ERR_NOMEM;
	d->c->thread_count = 1;
	d->c->flags |= AV_CODEC_FLAG_LOW_DELAY; /* hosts send nothing out of order */
	d->c->max_pixels = HWS_HW_PIXELS_MAX;
	if (d->device->device) {
		d->c->hw_device_ctx = av_buffer_ref(d->device->device);
		d->c->get_format = only_ours;
		if (!d->c->hw_device_ctx)
			return HWS_ERR_NOMEM;
	}
	return hwc_err(avcodec_open2(d->c, k, NULL));
}

int hwc_decoder_new(struct hwc_device *device, enum hws_codec codec, struct hwc_decoder **ret)
{
	struct hwc_decoder *d = hws_alloc(sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	d->device = device;
	hws_buf_init(&d->in, HWS_HW_PACKET_BYTES + AV_INPUT_BUFFER_PADDING_SIZE);
	int r = open_codec(d, codec);
	if (r < 0) {
		hwc_decoder_free(d);
		return r;
	}
	*ret = d;
	return HWS_OK;
}

void hwc_decoder_free(struct hwc_decoder *d)
{
	if (!d)
		return;
	avcodec_free_context(&d->c);
	av_frame_free(&d->got);
	av_frame_free(&d->memory);
	av_packet_free(&d->packet);
	hws_buf_done(&d->in);
	hws_free(d);
}

/* What is in memory now, in the order of the samples that it has, to the place for it. */
static int hand_over(const AVFrame *f, uint8_t *memory, int *ret_width, int *ret_height)
{
	bool pairs = f->format == AV_PIX_FMT_NV12;
	struct hws_picture from, to;
	size_t size[HWS_PLANES_MAX] = { 0 };

	if (!pairs && f->format != AV_PIX_FMT_YUV420P)
		return HWS_ERR_UNSUPPORTED;
	if (!hws_hw_fits(f->width, f->height))
		return HWS_ERR_TOOBIG;
	for (unsigned i = 0; i < (pairs ? 2u : 3u); i++) {
		if (f->linesize[i] < 0)
			return HWS_ERR_UNSUPPORTED;
		size[i] = (size_t)f->linesize[i] * (size_t)(i ? hws_chroma(f->height) : f->height);
	}
	int r = hws_picture_wrap(pairs ? HWS_PIXEL_NV12 : HWS_PIXEL_I420, f->width, f->height,
			f->data, f->linesize, size, &from);
	if (r == HWS_OK)
		r = hws_hw_picture_place(memory, f->width, f->height, &to);
	if (r == HWS_OK)
		r = hws_pixels_convert(&from, &to);
	*ret_width = f->width;
	*ret_height = f->height;
	return r;
}

static int take(struct hwc_decoder *d, uint8_t *memory, int *ret_width, int *ret_height)
{
	const AVFrame *f = d->got;
	int r = HWS_OK;

	if (d->device->device) {
		if (f->format != AV_PIX_FMT_VAAPI)
			return HWS_ERR_UNSUPPORTED;
		av_frame_unref(d->memory);
		r = hwc_err(av_hwframe_transfer_data(d->memory, f, 0));
		/* the card's picture is of whole blocks */
		d->memory->width = HWS_MIN(f->width, d->memory->width);
		d->memory->height = HWS_MIN(f->height, d->memory->height);
		f = d->memory;
	}
	return r < 0 ? r : hand_over(f, memory, ret_width, ret_height);
}

int hwc_decoder_decode(struct hwc_decoder *d, struct hws_bytes packet, uint8_t *memory,
		int *ret_width, int *ret_height)
{
	static const uint8_t padding[AV_INPUT_BUFFER_PADDING_SIZE];
	int r, shown = HWS_ERR_AGAIN;

	/* A copy: who asks could change it while it is parsed. */
	hws_buf_reset(&d->in);
	hws_buf_put(&d->in, packet.ptr, packet.len);
	hws_buf_put(&d->in, padding, sizeof(padding));
	if (hws_buf_err(&d->in) < 0)
		return hws_buf_err(&d->in);
	d->packet->data = d->in.data + d->in.start;
	d->packet->size = (int)packet.len;
	r = hwc_err(avcodec_send_packet(d->c, d->packet));
	while (r == HWS_OK) {
		r = hwc_err(avcodec_receive_frame(d->c, d->got));
		if (r == HWS_OK)
			shown = r = take(d, memory, ret_width, ret_height);
		av_frame_unref(d->got);
	}
	return r == HWS_ERR_AGAIN ? shown : r;
}
