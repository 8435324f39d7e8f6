/* Which one decodes is chosen when a packet tells the size of the pictures to come, which is a
 * whole one. When the device fails at that packet, the row's own decoder takes it at once; at a
 * later one only the next whole picture helps, as after any damage. */
#include "client/media/hardware.h"
#include "client/media/hw_codec.h"
#include "client/media/video_codec.h"
#include "shared/base/mem.h"
#include <string.h>

#define OPEN_MS 3000
#define DECODE_MS 2000

struct hw_decoder {
	struct hws_decoder base;
	unsigned threads;
	struct hws_decoder *processor;
	struct hws_hw_link *link; /* NULL: the device is not in use */
	uint32_t instance;
	bool opened;                 /* the instance is there at the other end */
	bool started;                /* it has given a picture */
	unsigned width, height;      /* that was chosen for */
	struct hws_picture *picture; /* from the device */
};

static void leave_device(struct hw_decoder *d)
{
	if (d->link && d->opened)
		hws_hw_leave_instance(d->link, d->instance);
	hws_hw_link_free(d->link);
	d->link = NULL;
	d->opened = d->started = false;
}

static int open_device(struct hw_decoder *d)
{
	struct hws_hw_request q = { .kind = HWS_HW_OPEN_DECODER, .codec = d->base.codec };
	struct hws_hw_answer a;
	int r = HWS_OK;

	if (d->opened)
		return HWS_OK;
	if (!d->link)
		r = hws_hardware_open(&d->link);
	if (r == HWS_OK)
		r = hws_hw_take_instance(d->link, &d->instance);
	if (r < 0)
		return r;
	d->opened = true;
	q.instance = d->instance;
	return hws_hw_ask(d->link, &q, OPEN_MS, &a);
}

/* What the device has written is copied: it could write on, and others use the same place. */
static int take_picture(struct hw_decoder *d, const struct hws_hw_answer *a)
{
	int w = (int)a->width, h = (int)a->height, r = HWS_OK;
	struct hws_picture place;

	if (d->picture && (d->picture->width != w || d->picture->height != h)) {
		hws_picture_drop(d->picture);
		d->picture = NULL;
	}
	if (!d->picture)
		r = hws_picture_new(HWS_PIXEL_I420, w, h, &d->picture);
	if (r == HWS_OK)
		r = hws_hw_picture_place(d->link->memory, w, h, &place);
	return r < 0 ? r : hws_picture_copy(d->picture, &place);
}

static int decode_on_device(
		struct hw_decoder *d, struct hws_bytes data, const struct hws_picture **ret)
{
	struct hws_hw_request q = { .kind = HWS_HW_DECODE, .bytes = (uint32_t)data.len };
	struct hws_hw_answer a;
	int r = data.len && data.len <= HWS_HW_PACKET_BYTES ? open_device(d) : HWS_ERR_TOOBIG;

	if (r < 0)
		return r;
	q.instance = d->instance;
	memcpy(hws_hw_packet_place(d->link->memory), data.ptr, data.len);
	r = hws_hw_ask(d->link, &q, DECODE_MS, &a);
	if (r == HWS_OK)
		r = take_picture(d, &a);
	if (r == HWS_OK) {
		d->started = true;
		*ret = d->picture;
	}
	return r;
}

static int decode_on_processor(
		struct hw_decoder *d, struct hws_bytes data, const struct hws_picture **ret)
{
	const struct hws_codec_row *row = hws_codec_row(d->base.codec);

	if (!d->processor) {
		int r = row->new_decoder
				? row->new_decoder(d->base.codec, d->threads, &d->processor)
				: HWS_ERR_UNSUPPORTED;
		if (r < 0)
			return r;
	}
	return d->processor->impl->decode(d->processor, data, ret);
}

/* True: this packet begins pictures anew. */
static bool choose(struct hw_decoder *d, const struct hws_packet_size *s)
{
	if (!s->width || !s->height)
		return false;
	if (s->width == d->width && s->height == d->height)
		return d->link != NULL; /* it goes on as it is */
	d->width = s->width;
	d->height = s->height;
	if (!hws_hardware_wins(HWS_HW_DECODES, d->base.codec, (int)s->width, (int)s->height))
		leave_device(d);
	else if (!d->link && hws_hardware_open(&d->link) < 0)
		d->link = NULL;
	return true;
}

static int decode(struct hws_decoder *base, struct hws_bytes data, const struct hws_picture **ret)
{
	struct hw_decoder *d = hws_container(base, struct hw_decoder, base);
	struct hws_packet_size size;
	int r = hws_codec_packet_size(base->codec, data, &size);
	bool begins;

	if (r == HWS_OK)
		r = hws_packet_size_check(&size);
	if (r < 0)
		return r;
	begins = choose(d, &size);
	if (!d->link)
		return decode_on_processor(d, data, ret);
	r = decode_on_device(d, data, ret);
	if (r == HWS_OK)
		hws_hardware_count(HWS_HW_DECODES);
	if (r == HWS_OK || r == HWS_ERR_AGAIN)
		return r;
	hws_hardware_failed(HWS_HW_DECODES, base->codec, !d->started);
	leave_device(d);
	hws_decoder_free(d->processor); /* it has not seen what came since */
	d->processor = NULL;
	return begins ? decode_on_processor(d, data, ret) : HWS_ERR_CORRUPT;
}

static void decoder_free(struct hws_decoder *base)
{
	struct hw_decoder *d = hws_container(base, struct hw_decoder, base);

	leave_device(d);
	hws_decoder_free(d->processor);
	hws_picture_drop(d->picture);
	hws_free(d);
}

static const struct hws_decoder_impl decoder_impl = {
	.decode = decode,
	.free = decoder_free,
};

int hws_hw_decoder_new(enum hws_codec codec, unsigned threads, struct hws_decoder **ret)
{
	struct hw_decoder *d = hws_alloc(sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	d->base.impl = &decoder_impl;
	d->base.codec = codec;
	d->threads = threads;
	*ret = &d->base;
	return HWS_OK;
}
