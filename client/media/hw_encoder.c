/* A picture goes to the device or to the row's encoder, whichever is the faster one for its
 * size; a change between them is a whole picture. What the device cannot take (whole chroma, odd
 * sides) goes to the other one, too. */
#include "client/media/coarseness.h"
#include "client/media/hardware.h"
#include "client/media/hw_codec.h"
#include "client/media/pace.h"
#include "client/media/video_codec.h"
#include "shared/base/buf.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#define OPEN_MS 5000 /* with the start of the process */
#define CODE_MS 2000
#define GAP_MAX 0.25 /* s */
#define FPS_USUAL 30u

struct hw_encoder {
	struct hws_encoder base;
	struct hws_encoder *processor; /* NULL: not needed yet */
	struct hws_hw_link *link;      /* NULL: the device is not in use */
	uint32_t instance;
	int width, height; /* as the device was opened for */
	bool started;      /* it has coded a picture */
	int64_t last_pts;
	struct hws_pace pace;
	struct hws_buf out;
};

static struct hw_encoder *self_of(struct hws_encoder *e)
{
	return hws_container(e, struct hw_encoder, base);
}

static void leave_device(struct hw_encoder *v)
{
	hws_hw_link_free(v->link);
	v->link = NULL;
	v->started = false;
}

static void leave_processor(struct hw_encoder *v)
{
	hws_encoder_free(v->processor);
	v->processor = NULL;
}

/* --- the device --- */

static int open_device(struct hw_encoder *v, int width, int height)
{
	const struct hws_quality *q = &v->base.conf.quality;
	struct hws_hw_request open = { .kind = HWS_HW_OPEN_ENCODER,
		.codec = v->base.conf.codec,
		.width = (uint32_t)width,
		.height = (uint32_t)height,
		.fps = v->base.conf.fps ? v->base.conf.fps : FPS_USUAL,
		.coarse = (q->finest + q->coarsest) / 2u };
	struct hws_hw_answer a;
	int r;

	if (v->link && v->width == width && v->height == height)
		return HWS_OK;
	leave_device(v);
	r = hws_hardware_open(&v->link);
	if (r == HWS_OK)
		r = hws_hw_take_instance(v->link, &v->instance);
	open.instance = v->instance;
	if (r == HWS_OK)
		r = hws_hw_ask(v->link, &open, OPEN_MS, &a);
	v->width = width;
	v->height = height;
	v->pace = (struct hws_pace){ .halving = HWS_COARSE_HALVING, .quantiser = (int)open.coarse };
	return r;
}

static int take_packet(struct hw_encoder *v, const struct hws_hw_answer *a, struct hws_packet *ret)
{
	/* It could still write to what both have. */
	hws_buf_reset(&v->out);
	hws_buf_put(&v->out, hws_hw_packet_place(v->link->memory), a->bytes);
	if (hws_buf_err(&v->out) < 0)
		return hws_buf_err(&v->out);
	hws_pace_spent(&v->pace, a->bytes, !v->started);
	*ret = (struct hws_packet){
		.data = hws_buf_bytes(&v->out), .key = a->key != 0, .coarse = (uint16_t)a->coarse
	};
	return HWS_OK;
}

static int code_on_device(struct hw_encoder *v, const struct hws_picture *p, bool key,
		int64_t pts_ms, struct hws_packet *ret)
{
	const struct hws_quality *quality = &v->base.conf.quality;
	int r = open_device(v, p->width, p->height);
	struct hws_hw_answer a;
	struct hws_picture place;

	if (r == HWS_OK)
		r = hws_hw_picture_place(v->link->memory, p->width, p->height, &place);
	if (r == HWS_OK)
		r = hws_picture_copy(&place, p);
	if (r < 0)
		return r;
	if (v->started && pts_ms <= v->last_pts)
		pts_ms = v->last_pts + 1;
	double gap = v->started ? (double)(pts_ms - v->last_pts) / 1000 : 0;
	v->pace.quantiser = hws_pace_choose(&v->pace, quality->bitrate_kbit_s,
			HWS_MIN(gap, GAP_MAX), quality->finest, quality->coarsest);
	struct hws_hw_request q = { .kind = HWS_HW_ENCODE,
		.instance = v->instance,
		.coarse = (uint32_t)v->pace.quantiser,
		.key = key || !v->started };
	r = hws_hw_ask(v->link, &q, v->started ? CODE_MS : OPEN_MS, &a);
	/* Nobody could show what begins without a whole picture. */
	if (r == HWS_OK && q.key && !a.key)
		r = HWS_ERR_CORRUPT;
	if (r == HWS_OK)
		r = take_packet(v, &a, ret);
	if (r == HWS_OK) {
		v->pace.quantiser = (int)a.coarse;
		v->started = true;
		v->last_pts = pts_ms;
	}
	return r;
}

/* --- either --- */

static bool device_wins(const struct hw_encoder *v, const struct hws_picture *p)
{
	return p->format == HWS_PIXEL_I420 &&
			hws_hardware_wins(HWS_HW_ENCODES, v->base.conf.codec, p->width, p->height);
}

static int code_on_processor(struct hw_encoder *v, const struct hws_picture *p,
		const struct hws_region *damage, bool key, int64_t pts_ms, struct hws_packet *ret)
{
	const struct hws_codec_row *row = hws_codec_row(v->base.conf.codec);

	if (!row->new_encoder)
		return HWS_ERR_UNSUPPORTED;
	if (!v->processor) {
		struct hws_encoder_conf conf = v->base.conf;
		conf.width = p->width;
		conf.height = p->height;
		int r = row->new_encoder(&conf, &v->processor);
		if (r < 0)
			return r;
		damage = NULL;
	}
	return v->processor->impl->encode(v->processor, p, damage, key, pts_ms, ret);
}

static int encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage, bool key, int64_t pts_ms, struct hws_packet *ret)
{
	struct hw_encoder *v = self_of(e);

	if (device_wins(v, p)) {
		int r = code_on_device(v, p, key, pts_ms, ret);
		if (r == HWS_OK) {
			hws_hardware_count(HWS_HW_ENCODES);
			leave_processor(v);
			return HWS_OK;
		}
		hws_warn_limited("video.hardware_failed",
				HWS_STR("codec", hws_codec_name(e->conf.codec)), HWS_ERR("why", r));
		hws_hardware_failed(HWS_HW_ENCODES, e->conf.codec, !v->started);
		leave_processor(v);
	}
	leave_device(v);
	return code_on_processor(v, p, damage, key, pts_ms, ret);
}

static int set_quality(struct hws_encoder *e, const struct hws_quality *q)
{
	struct hw_encoder *v = self_of(e);

	e->conf.quality = *q;
	return v->processor ? v->processor->impl->set_quality(v->processor, q) : HWS_OK;
}

static void encoder_free(struct hws_encoder *e)
{
	struct hw_encoder *v = self_of(e);

	leave_device(v);
	leave_processor(v);
	hws_buf_done(&v->out);
	hws_free(v);
}

static const struct hws_encoder_impl encoder_impl = {
	.encode = encode,
	.set_quality = set_quality,
	.free = encoder_free,
};

int hws_hw_encoder_new(const struct hws_encoder_conf *conf, struct hws_encoder **ret)
{
	struct hw_encoder *v = hws_alloc(sizeof(*v));

	if (!v)
		return HWS_ERR_NOMEM;
	v->base.impl = &encoder_impl;
	v->base.conf = *conf;
	hws_buf_init(&v->out, HWS_HW_PACKET_BYTES);
	*ret = &v->base;
	return HWS_OK;
}
