/* A codec that codes nothing: what goes in comes out, bit by bit. Tests see by it what the way of a
 * picture does to it, apart from what a real codec does. */
#include "client/media/raw.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <string.h>

#define HEAD 5 /* key, width and height as little-endian u16 */

struct raw_encoder {
	struct hws_encoder base;
	struct hws_buf out;
	bool started;
	int width, height;
};

static void put_plane(struct hws_buf *out, const uint8_t *p, int stride, int w, int h)
{
	for (int y = 0; y < h; y++)
		hws_buf_put(out, p + (ptrdiff_t)y * stride, (size_t)w);
}

static int raw_encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage, bool key, int64_t pts_ms, struct hws_packet *ret)
{
	struct raw_encoder *w = hws_container(e, struct raw_encoder, base);

	(void)damage;
	(void)pts_ms;
	key = key || !w->started || p->width != w->width || p->height != w->height;
	hws_buf_reset(&w->out);
	hws_buf_put_u8(&w->out, key);
	hws_buf_put_u8(&w->out, (uint8_t)(p->width & 255));
	hws_buf_put_u8(&w->out, (uint8_t)(p->width >> 8));
	hws_buf_put_u8(&w->out, (uint8_t)(p->height & 255));
	hws_buf_put_u8(&w->out, (uint8_t)(p->height >> 8));
	put_plane(&w->out, p->plane[0], p->stride[0], p->width, p->height);
	for (int i = 1; i < 3; i++)
		put_plane(&w->out, p->plane[i], p->stride[i], hws_chroma(p->width),
				hws_chroma(p->height));
	if (hws_buf_err(&w->out) < 0)
		return hws_buf_err(&w->out);
	w->started = true;
	w->width = p->width;
	w->height = p->height;
	*ret = (struct hws_packet){ hws_buf_bytes(&w->out), key, 0 };
	return HWS_OK;
}

static int raw_set_quality(struct hws_encoder *e, const struct hws_quality *q)
{
	e->conf.quality = *q;
	return HWS_OK;
}

static void raw_encoder_free(struct hws_encoder *e)
{
	struct raw_encoder *w = hws_container(e, struct raw_encoder, base);

	hws_buf_done(&w->out);
	free(w);
}

static const struct hws_encoder_impl encoder_impl = { raw_encode, raw_set_quality,
	raw_encoder_free };

int hws_raw_encoder_new(const struct hws_encoder_conf *conf, struct hws_encoder **ret)
{
	struct raw_encoder *w = calloc(1, sizeof(*w));

	if (!w)
		return HWS_ERR_NOMEM;
	w->base.impl = &encoder_impl;
	w->base.conf = *conf;
	hws_buf_init(&w->out, 128u << 20);
	*ret = &w->base;
	return HWS_OK;
}

struct raw_decoder {
	struct hws_decoder base;
	struct hws_picture *picture;
	bool had_key;
};

static const uint8_t *take_plane(const uint8_t *in, uint8_t *to, int stride, int w, int h)
{
	for (int y = 0; y < h; y++, in += w)
		memcpy(to + (ptrdiff_t)y * stride, in, (size_t)w);
	return in;
}

static int raw_decode(struct hws_decoder *d, struct hws_bytes data, const struct hws_picture **ret)
{
	struct raw_decoder *w = hws_container(d, struct raw_decoder, base);

	if (data.len < HEAD)
		return HWS_ERR_CORRUPT;
	int width = data.ptr[1] | data.ptr[2] << 8, height = data.ptr[3] | data.ptr[4] << 8;
	size_t chroma = (size_t)hws_chroma(width) * (size_t)hws_chroma(height);

	if (data.len != HEAD + (size_t)width * (size_t)height + 2 * chroma)
		return HWS_ERR_CORRUPT;
	if (!data.ptr[0] && !w->had_key)
		return HWS_ERR_CORRUPT;
	if (!w->picture || w->picture->width != width || w->picture->height != height) {
		struct hws_picture *p;
		int r = hws_picture_new(HWS_PIXEL_I420, width, height, &p);
		if (r < 0)
			return HWS_ERR_TOOBIG;
		hws_picture_drop(w->picture);
		w->picture = p;
	}
	struct hws_picture *p = w->picture;
	const uint8_t *in = take_plane(data.ptr + HEAD, p->plane[0], p->stride[0], width, height);

	for (int i = 1; i < 3; i++)
		in = take_plane(in, p->plane[i], p->stride[i], hws_chroma(width),
				hws_chroma(height));
	w->had_key = true;
	*ret = p;
	return HWS_OK;
}

static void raw_decoder_free(struct hws_decoder *d)
{
	struct raw_decoder *w = hws_container(d, struct raw_decoder, base);

	hws_picture_drop(w->picture);
	free(w);
}

static const struct hws_decoder_impl decoder_impl = { raw_decode, raw_decoder_free };

int hws_raw_decoder_new(enum hws_codec codec, unsigned threads, struct hws_decoder **ret)
{
	struct raw_decoder *w = calloc(1, sizeof(*w));

	(void)threads;
	if (!w)
		return HWS_ERR_NOMEM;
	w->base.impl = &decoder_impl;
	w->base.codec = codec;
	*ret = &w->base;
	return HWS_OK;
}
