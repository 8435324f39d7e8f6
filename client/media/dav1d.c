/* AV1 decoded by dav1d: in the thread of the caller, each packet at once, no frame larger than
 * pictures may be. */
#include "client/media/dav1d.h"
#include "client/media/av1_sizes.h"
#include "shared/base/macros.h"
#include <dav1d/dav1d.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PACKET_MAX (64u << 20)

struct dav1d_decoder {
	struct hws_decoder base;
	Dav1dContext *ctx;
	Dav1dPicture shown;         /* held until the next one */
	struct hws_picture picture; /* its planes */
};

static int error_of(int r)
{
	return r == -ENOMEM ? HWS_ERR_NOMEM : r == -ERANGE ? HWS_ERR_TOOBIG : HWS_ERR_CORRUPT;
}

/* What is ready; the newest stays in `shown`. */
static int take_pictures(struct dav1d_decoder *d, bool *any)
{
	for (;;) {
		Dav1dPicture p = { 0 };
		int r = dav1d_get_picture(d->ctx, &p);
		if (r == -EAGAIN)
			return HWS_OK;
		if (r < 0)
			return error_of(r);
		dav1d_picture_unref(&d->shown);
		d->shown = p;
		*any = true;
	}
}

static int feed(struct dav1d_decoder *d, struct hws_bytes packet, bool *any)
{
	Dav1dData data = { 0 };
	uint8_t *copy = dav1d_data_create(&data, packet.len);
	int r = HWS_OK;

	/* A copy, because it may hold on to parts of a frame that is not whole. */
	if (!copy)
		return HWS_ERR_NOMEM;
	memcpy(copy, packet.ptr, packet.len);
	while (data.sz > 0 && r == HWS_OK) {
		size_t before = data.sz;
		int sent = dav1d_send_data(d->ctx, &data);
		if (sent < 0 && sent != -EAGAIN)
			r = error_of(sent);
		else
			r = take_pictures(d, any);
		if (r == HWS_OK && sent == -EAGAIN && data.sz == before && !*any)
			r = HWS_ERR_CORRUPT; /* it will not go on */
	}
	if (data.sz > 0)
		dav1d_data_unref(&data);
	return r;
}

static int wrap(struct dav1d_decoder *d)
{
	const Dav1dPicture *p = &d->shown;
	bool whole = p->p.layout == DAV1D_PIXEL_LAYOUT_I444;
	uint8_t *plane[HWS_PLANES_MAX] = { p->data[0], p->data[1], p->data[2] };
	int stride[HWS_PLANES_MAX] = { (int)p->stride[0], (int)p->stride[1], (int)p->stride[1] };
	size_t size[HWS_PLANES_MAX];

	if (p->p.bpc != 8 || (!whole && p->p.layout != DAV1D_PIXEL_LAYOUT_I420))
		return HWS_ERR_UNSUPPORTED;
	for (int i = 0; i < HWS_PLANES_MAX; i++)
		size[i] = (size_t)HWS_MAX(stride[i], 0) *
				(size_t)hws_plane_side(p->p.h, i && !whole ? 1 : 0);
	return hws_picture_wrap(whole ? HWS_PIXEL_I444 : HWS_PIXEL_I420, p->p.w, p->p.h, plane,
			       stride, size, &d->picture) == HWS_OK
			? HWS_OK
			: HWS_ERR_CORRUPT;
}

static int dav1d_decode(
		struct hws_decoder *base, struct hws_bytes data, const struct hws_picture **ret)
{
	struct dav1d_decoder *d = hws_container(base, struct dav1d_decoder, base);
	struct hws_packet_size size;
	bool any = false;

	if (data.len == 0 || data.len > PACKET_MAX)
		return HWS_ERR_CORRUPT;
	int r = hws_av1_packet_size(HWS_CODEC_AV1, data, &size);
	if (r == HWS_OK)
		r = feed(d, data, &any);
	if (r < 0) {
		dav1d_flush(d->ctx); /* nothing of it stays for the next packet */
		return r;
	}
	if (!any)
		return HWS_ERR_AGAIN;
	r = wrap(d);
	if (r == HWS_OK)
		*ret = &d->picture;
	return r;
}

static void dav1d_decoder_free(struct hws_decoder *base)
{
	struct dav1d_decoder *d = hws_container(base, struct dav1d_decoder, base);

	dav1d_picture_unref(&d->shown);
	dav1d_close(&d->ctx);
	free(d);
}

static const struct hws_decoder_impl decoder_impl = {
	.decode = dav1d_decode,
	.free = dav1d_decoder_free,
};

int hws_dav1d_decoder_new(
		enum hws_codec codec, unsigned threads HWS_UNUSED, struct hws_decoder **ret)
{
	struct dav1d_decoder *d = calloc(1, sizeof(*d));
	Dav1dSettings s;

	if (!d)
		return HWS_ERR_NOMEM;
	dav1d_default_settings(&s);
	/* More threads would bring a picture later, and a desktop's are decoded soon enough. */
	s.n_threads = 1;
	s.max_frame_delay = 1;
	s.apply_grain = 0; /* no desktop has any */
	s.all_layers = 0;
	s.frame_size_limit = HWS_PICTURE_PIXELS_MAX;
	s.logger = (Dav1dLogger){ 0 };
	d->base.impl = &decoder_impl;
	d->base.codec = codec;
	if (dav1d_open(&d->ctx, &s) < 0) {
		free(d);
		return HWS_ERR_NOMEM;
	}
	*ret = &d->base;
	return HWS_OK;
}
