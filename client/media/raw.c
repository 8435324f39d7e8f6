/* A codec that codes nothing: what goes in comes out, bit by bit. Tests see by it what the way of a
 * picture does to it, apart from what a real codec does. */
#include "client/media/raw.h"
#include "client/media/dmabuf.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <string.h>

#define HEAD 6 /* key, format, width and height as little-endian u16 */

struct raw_encoder {
	struct hws_encoder base;
	struct hws_buf out;
	bool started;
	enum hws_pixel_format format;
	int width, height;
};

static size_t line_of(const struct hws_pixel_row *row, unsigned i, int width)
{
	return (size_t)hws_plane_side(width, row->plane[i].x_shift) * row->plane[i].bytes;
}

static void put_picture(struct hws_buf *out, const struct hws_picture *p)
{
	const struct hws_pixel_row *row = hws_pixel_row(p->format);

	for (unsigned i = 0; i < row->planes; i++)
		for (int y = 0; y < hws_plane_side(p->height, row->plane[i].y_shift); y++)
			hws_buf_put(out, p->plane[i] + (ptrdiff_t)y * p->stride[i],
					line_of(row, i, p->width));
}

static int encode_memory(struct raw_encoder *w, const struct hws_picture *p, bool key,
		struct hws_packet *ret)
{
	key = key || !w->started || p->width != w->width || p->height != w->height ||
			p->format != w->format;
	hws_buf_reset(&w->out);
	hws_buf_put_u8(&w->out, key);
	hws_buf_put_u8(&w->out, (uint8_t)p->format);
	hws_buf_put_u8(&w->out, (uint8_t)(p->width & 255));
	hws_buf_put_u8(&w->out, (uint8_t)(p->width >> 8));
	hws_buf_put_u8(&w->out, (uint8_t)(p->height & 255));
	hws_buf_put_u8(&w->out, (uint8_t)(p->height >> 8));
	put_picture(&w->out, p);
	if (hws_buf_err(&w->out) < 0)
		return hws_buf_err(&w->out);
	w->started = true;
	w->format = p->format;
	w->width = p->width;
	w->height = p->height;
	*ret = (struct hws_packet){ hws_buf_bytes(&w->out), key, 0 };
	return HWS_OK;
}

static int raw_encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage HWS_UNUSED, bool key, int64_t pts_ms HWS_UNUSED,
		struct hws_packet *ret)
{
	struct raw_encoder *w = hws_container(e, struct raw_encoder, base);
	struct hws_dmabuf_map m;

	if (p->format != HWS_PIXEL_DMABUF)
		return encode_memory(w, p, key, ret);
	int r = hws_dmabuf_map(p, &m);
	if (r < 0)
		return r;
	/* As of a real encoder: what it does not take in memory it does not take on a card
	 * either. */
	r = m.view.format != HWS_PIXEL_BGRA ? encode_memory(w, &m.view, key, ret)
					    : HWS_ERR_UNSUPPORTED;
	hws_dmabuf_unmap(&m);
	return r;
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

static size_t picture_bytes(const struct hws_pixel_row *row, int width, int height)
{
	size_t sum = 0;

	for (unsigned i = 0; i < row->planes; i++)
		sum += line_of(row, i, width) *
				(size_t)hws_plane_side(height, row->plane[i].y_shift);
	return sum;
}

static void take_picture(struct hws_picture *p, const uint8_t *in)
{
	const struct hws_pixel_row *row = hws_pixel_row(p->format);

	for (unsigned i = 0; i < row->planes; i++)
		for (int y = 0; y < hws_plane_side(p->height, row->plane[i].y_shift); y++) {
			memcpy(p->plane[i] + (ptrdiff_t)y * p->stride[i], in,
					line_of(row, i, p->width));
			in += line_of(row, i, p->width);
		}
}

static int raw_decode(struct hws_decoder *d, struct hws_bytes data, const struct hws_picture **ret)
{
	struct raw_decoder *w = hws_container(d, struct raw_decoder, base);

	if (data.len < HEAD)
		return HWS_ERR_CORRUPT;
	const struct hws_pixel_row *row = hws_pixel_row(data.ptr[1]);
	int width = data.ptr[2] | data.ptr[3] << 8, height = data.ptr[4] | data.ptr[5] << 8;

	if (!row || !row->planes || data.ptr[1] == HWS_PIXEL_BGRA)
		return HWS_ERR_CORRUPT;
	if (data.len != HEAD + picture_bytes(row, width, height))
		return HWS_ERR_CORRUPT;
	if (!data.ptr[0] && !w->had_key)
		return HWS_ERR_CORRUPT;
	if (!w->picture || w->picture->width != width || w->picture->height != height ||
			w->picture->format != data.ptr[1]) {
		struct hws_picture *p;
		int r = hws_picture_new(data.ptr[1], width, height, &p);
		if (r < 0)
			return HWS_ERR_TOOBIG;
		hws_picture_drop(w->picture);
		w->picture = p;
	}
	take_picture(w->picture, data.ptr + HEAD);
	w->had_key = true;
	*ret = w->picture;
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
