/* One encoder of libavcodec: a picture in, its packet out. Another quantiser is a shift of the
 * whole picture where the device can, else a new encoder, whose first picture is a whole one:
 * that is done seldom. */
#include "client/hwcodec/coder.h"
#include "client/media/coarseness.h"
#include "client/media/nal.h"
#include "client/media/pixels.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <libavutil/hwcontext.h>
#include <time.h>

#define KEYS_MOST (1 << 16) /* pictures between whole ones: as many as all drivers take */
#define WAIT_US (500 * HWS_US_PER_MS)
#define STEP 667u /* of coarseness: less is not worth a new encoder */
#define AGAIN_US HWS_US_PER_S
#define HEADERS_MAX 4096u

static const struct hws_quantisers quantisers[HWS_CODEC_COUNT] = {
	[HWS_CODEC_VP8] = { .max = 127, .halving = 12 },
	[HWS_CODEC_VP9] = { .max = 255, .halving = 24 },
	[HWS_CODEC_AV1] = { .max = 255, .halving = 24 },
	[HWS_CODEC_H264] = { .max = 51, .halving = 6 },
	[HWS_CODEC_H265] = { .max = 51, .halving = 6 },
};

struct hwc_encoder {
	struct hwc_device *device;
	struct hwc_encoder_conf conf;
	AVCodecContext *c;
	AVFrame *memory, *card; /* the picture in memory, and on the card */
	AVPacket *packet;
	struct hws_buf out, headers;
	int quantiser; /* of the encoder as it was opened */
	bool shifts;
	unsigned way;
	int64_t count;
	uint64_t opened_us;
};

static int quantiser_of(const struct hwc_encoder *e, unsigned coarse)
{
	unsigned min, max;

	hws_quantisers_within(&quantisers[e->conf.codec], 0, coarse, &min, &max);
	return HWS_MAX((int)max, 1);
}

/* --- opening --- */

static void close_codec(struct hwc_encoder *e)
{
	av_frame_free(&e->memory);
	av_frame_free(&e->card);
	avcodec_free_context(&e->c);
}

static int try_way(struct hwc_encoder *e, const AVCodec *codec, int quantiser)
{
	AVCodecContext *c = e->c = avcodec_alloc_context3(codec);

	if (!c)
		return HWS_ERR_NOMEM;
	c->width = e->conf.width;
	c->height = e->conf.height;
	c->time_base = (AVRational){ 1, (int)e->conf.fps };
	c->framerate = (AVRational){ (int)e->conf.fps, 1 };
	c->gop_size = KEYS_MOST;
	c->max_b_frames = 0;
	c->thread_count = 1;
	c->flags |= AV_CODEC_FLAG_LOW_DELAY;
	c->color_range = AVCOL_RANGE_MPEG;
	c->colorspace = AVCOL_SPC_SMPTE170M;
	int r = e->device->backend->prepare(e->device, c, e->conf.codec, quantiser, e->way);
	return r < 0 ? r : hwc_err(avcodec_open2(c, codec, NULL));
}

static int make_frames(struct hwc_encoder *e)
{
	AVFrame *m = e->memory = av_frame_alloc();

	e->card = av_frame_alloc();
	if (!m || !e->card)
		return HWS_ERR_NOMEM;
	m->format = e->c->hw_frames_ctx ? AV_PIX_FMT_NV12 : e->c->pix_fmt;
	m->width = e->conf.width;
	m->height = e->conf.height;
	return hwc_err(av_frame_get_buffer(m, 0));
}

static int open_codec(struct hwc_encoder *e, int quantiser)
{
	const char *name = e->device->backend->encoder[e->conf.codec];
	const AVCodec *codec = name ? avcodec_find_encoder_by_name(name) : NULL;
	int r = HWS_ERR_UNSUPPORTED;

	if (!codec)
		return r;
	close_codec(e);
	for (unsigned first = e->way;; e->way++) {
		r = try_way(e, codec, quantiser);
		if (r == HWS_OK)
			break;
		close_codec(e);
		if (r == HWS_ERR_UNSUPPORTED && e->way > first)
			return r;
		if (e->way >= 8)
			return r;
	}
	e->quantiser = quantiser;
	e->count = 0;
	e->opened_us = hws_clock_us();
	e->shifts = e->device->backend->shifts &&
			e->device->backend->shifts(e->device, e->c, e->conf.codec, e->way);
	hws_buf_reset(&e->headers);
	return make_frames(e);
}

int hwc_encoder_new(
		struct hwc_device *d, const struct hwc_encoder_conf *conf, struct hwc_encoder **ret)
{
	struct hwc_encoder *e = hws_alloc(sizeof(*e));

	if (!e)
		return HWS_ERR_NOMEM;
	e->device = d;
	e->conf = *conf;
	hws_buf_init(&e->out, HWS_HW_PACKET_BYTES);
	hws_buf_init(&e->headers, HEADERS_MAX);
	e->packet = av_packet_alloc();
	int r = e->packet ? open_codec(e, quantiser_of(e, conf->coarse)) : HWS_ERR_NOMEM;
	if (r < 0) {
		hwc_encoder_free(e);
		return r;
	}
	*ret = e;
	return HWS_OK;
}

void hwc_encoder_free(struct hwc_encoder *e)
{
	if (!e)
		return;
	close_codec(e);
	av_packet_free(&e->packet);
	hws_buf_done(&e->out);
	hws_buf_done(&e->headers);
	hws_free(e);
}

/* --- coding --- */

static int fill(struct hwc_encoder *e, const struct hws_picture *p)
{
	AVFrame *m = e->memory;
	bool pairs = m->format == AV_PIX_FMT_NV12;
	struct hws_picture to;
	int r = hwc_err(av_frame_make_writable(m));
	size_t size[HWS_PLANES_MAX] = { 0 };

	if (r < 0)
		return r;
	for (unsigned i = 0; i < (pairs ? 2u : 3u); i++)
		size[i] = (size_t)m->linesize[i] * (size_t)(i ? hws_chroma(p->height) : p->height);
	r = hws_picture_wrap(pairs ? HWS_PIXEL_NV12 : HWS_PIXEL_I420, p->width, p->height, m->data,
			m->linesize, size, &to);
	return r < 0 ? r : hws_pixels_convert(p, &to);
}

static int to_card(struct hwc_encoder *e, AVFrame **ret)
{
	*ret = e->memory;
	if (!e->c->hw_frames_ctx)
		return HWS_OK;
	av_frame_unref(e->card);
	int r = hwc_err(av_hwframe_get_buffer(e->c->hw_frames_ctx, e->card, 0));
	if (r == HWS_OK)
		r = hwc_err(av_hwframe_transfer_data(e->card, e->memory, 0));
	*ret = e->card;
	return r;
}

/* The whole picture is one region, of another quantiser than the encoder's. */
static int shift(struct hwc_encoder *e, AVFrame *f, int quantiser)
{
	av_frame_remove_side_data(f, AV_FRAME_DATA_REGIONS_OF_INTEREST);
	if (quantiser == e->quantiser)
		return HWS_OK;
	AVFrameSideData *s = av_frame_new_side_data(
			f, AV_FRAME_DATA_REGIONS_OF_INTEREST, sizeof(AVRegionOfInterest));
	if (!s)
		return HWS_ERR_NOMEM;
	*(AVRegionOfInterest *)(void *)s->data = (AVRegionOfInterest){
		.self_size = sizeof(AVRegionOfInterest),
		.bottom = e->conf.height,
		.right = e->conf.width,
		.qoffset = { quantiser - e->quantiser, (int)quantisers[e->conf.codec].max },
	};
	return HWS_OK;
}

/* Kinds of units in front of the first slice: whether there is a sequence parameter set, and a
 * slice at all. */
static void look_at_units(enum hws_codec codec, struct hws_bytes in, bool *ret_set, bool *ret_slice)
{
	struct hws_bytes unit;

	*ret_set = *ret_slice = false;
	while (hws_nal_next(&in, &unit)) {
		if (!unit.len)
			continue;
		unsigned kind = codec == HWS_CODEC_H264 ? unit.ptr[0] & 31u
							: unit.ptr[0] >> 1 & 63u;
		*ret_set = *ret_set || kind == (codec == HWS_CODEC_H264 ? 7u : 33u);
		*ret_slice = *ret_slice ||
				(codec == HWS_CODEC_H264 ? kind >= 1 && kind <= 5 : kind < 32);
	}
}

/* Devices may give the headers once, apart from the pictures: they belong to every whole one.
 * False: no picture is in it. */
static bool add_packet(struct hwc_encoder *e, bool *ret_key)
{
	struct hws_bytes data = { e->packet->data, (size_t)e->packet->size };
	bool set = true, slice = true, key = e->packet->flags & AV_PKT_FLAG_KEY;

	if (e->conf.codec == HWS_CODEC_H264 || e->conf.codec == HWS_CODEC_H265)
		look_at_units(e->conf.codec, data, &set, &slice);
	if (!slice) {
		hws_buf_put(&e->headers, data.ptr, data.len);
		return false;
	}
	if (key && !set) {
		struct hws_bytes h = hws_buf_bytes(&e->headers);
		if (!h.len && e->c->extradata_size > 0)
			h = hws_bytes(e->c->extradata, (size_t)e->c->extradata_size);
		hws_buf_put(&e->out, h.ptr, h.len);
	}
	hws_buf_put(&e->out, data.ptr, data.len);
	*ret_key = key;
	return true;
}

static int receive(struct hwc_encoder *e, bool *ret_key)
{
	uint64_t due = hws_clock_us() + WAIT_US;

	hws_buf_reset(&e->out);
	for (;;) {
		int r = hwc_err(avcodec_receive_packet(e->c, e->packet));
		if (r == HWS_ERR_AGAIN && hws_clock_us() < due) {
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
			continue;
		}
		if (r < 0) /* what comes late is of no use: the next picture would wait for it */
			return r == HWS_ERR_AGAIN ? HWS_ERR_TIMEOUT : r;
		bool whole = add_packet(e, ret_key);
		av_packet_unref(e->packet);
		if (whole || hws_buf_err(&e->out) < 0)
			return hws_buf_err(&e->out);
	}
}

static int choose_quantiser(struct hwc_encoder *e, unsigned coarse, int *ret)
{
	const struct hws_quantisers *q = &quantisers[e->conf.codec];
	unsigned now = hws_coarseness_of(q, (unsigned)e->quantiser);
	unsigned apart = coarse > now ? coarse - now : now - coarse;

	*ret = quantiser_of(e, coarse);
	if (e->shifts || e->count == 0) {
		if (!e->shifts && *ret != e->quantiser)
			return open_codec(e, *ret);
		return HWS_OK;
	}
	if (apart >= STEP && hws_clock_us() - e->opened_us >= AGAIN_US)
		return open_codec(e, *ret);
	*ret = e->quantiser;
	return HWS_OK;
}

int hwc_encoder_encode(struct hwc_encoder *e, const struct hws_picture *p, unsigned coarse,
		bool key, struct hwc_packet *ret)
{
	AVFrame *f = NULL;
	int quantiser, r;
	bool is_key = false;

	if (p->width != e->conf.width || p->height != e->conf.height)
		return HWS_ERR_INVAL;
	r = choose_quantiser(e, coarse, &quantiser);
	if (r == HWS_OK)
		r = fill(e, p);
	if (r == HWS_OK)
		r = to_card(e, &f);
	if (r == HWS_OK && e->shifts)
		r = shift(e, f, quantiser);
	if (r < 0)
		return r;
	f->pts = e->count++;
	f->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	r = hwc_err(avcodec_send_frame(e->c, f));
	if (r == HWS_OK)
		r = receive(e, &is_key);
	if (r == HWS_OK)
		*ret = (struct hwc_packet){ hws_buf_bytes(&e->out), is_key,
			hws_coarseness_of(&quantisers[e->conf.codec], (unsigned)quantiser) };
	return r;
}
