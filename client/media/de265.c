/* H.265 decoded by libde265: in the thread of the caller, unit by unit. What it bears with and only
 * warns of is an error here: a picture that is not as it was sent is not shown. */
#include "client/media/de265.h"
#include "client/media/nal.h"
#include "shared/base/macros.h"
#include <libde265/de265.h>
#include <stdlib.h>

#define PACKET_MAX (64u << 20)
#define STEPS_MAX(units) (4 * (units) + 16) /* it takes two for each */

struct de265_decoder {
	struct hws_decoder base;
	de265_decoder_context *dec; /* NULL: the next packet needs another one */
	struct hws_picture picture; /* its planes belong to the library */
};

static int decoder_open(struct de265_decoder *d)
{
	d->dec = de265_new_decoder();
	if (!d->dec)
		return HWS_ERR_NOMEM;
	de265_set_parameter_bool(d->dec, DE265_DECODER_PARAM_SUPPRESS_FAULTY_PICTURES, 1);
	return HWS_OK;
}

static void decoder_close(struct de265_decoder *d)
{
	if (d->dec)
		de265_free_decoder(d->dec);
	d->dec = NULL;
}

static int push(struct de265_decoder *d, struct hws_bytes packet)
{
	struct hws_bytes unit;

	while (hws_nal_next(&packet, &unit))
		if (de265_push_NAL(d->dec, unit.ptr, (int)unit.len, 0, NULL) != DE265_OK)
			return HWS_ERR_NOMEM;
	de265_push_end_of_frame(d->dec);
	return HWS_OK;
}

/* Until it wants more. While a picture waits to be taken it says that there is more to do, even
 * when there is not: two steps without a unit end it. */
static int run(struct de265_decoder *d)
{
	int more = 1, idle = 0, steps = 0;
	int most = STEPS_MAX(de265_get_number_of_NAL_units_pending(d->dec));

	for (; more && idle < 2; steps++) {
		de265_error e = de265_decode(d->dec, &more);
		if (e == DE265_ERROR_WAITING_FOR_INPUT_DATA)
			break;
		if (e == DE265_ERROR_IMAGE_BUFFER_FULL && de265_peek_next_picture(d->dec))
			de265_release_next_picture(d->dec); /* a newer one comes */
		else if (!de265_isOK(e) || steps > most)
			return e == DE265_ERROR_OUT_OF_MEMORY ? HWS_ERR_NOMEM : HWS_ERR_CORRUPT;
		if (de265_get_number_of_NAL_units_pending(d->dec) == 0 &&
				de265_peek_next_picture(d->dec))
			idle++;
	}
	return de265_get_warning(d->dec) == DE265_OK ? HWS_OK : HWS_ERR_CORRUPT;
}

/* Only the newest picture is shown; it stays until the next call. */
static const struct de265_image *newest(struct de265_decoder *d)
{
	const struct de265_image *img = de265_get_next_picture(d->dec);

	while (img && de265_peek_next_picture(d->dec))
		img = de265_get_next_picture(d->dec);
	return img;
}

static int wrap(struct de265_decoder *d, const struct de265_image *img)
{
	uint8_t *plane[HWS_PLANES_MAX];
	int stride[HWS_PLANES_MAX];
	size_t size[HWS_PLANES_MAX];

	if (de265_get_chroma_format(img) != de265_chroma_420)
		return HWS_ERR_UNSUPPORTED;
	for (int i = 0; i < HWS_PLANES_MAX; i++) {
		if (de265_get_bits_per_pixel(img, i) != 8)
			return HWS_ERR_UNSUPPORTED;
		plane[i] = (uint8_t *)de265_get_image_plane(img, i, &stride[i]);
		size[i] = (size_t)HWS_MAX(stride[i], 0) *
				(size_t)HWS_MAX(de265_get_image_height(img, i), 0);
	}
	return hws_picture_wrap(HWS_PIXEL_I420, de265_get_image_width(img, 0),
			       de265_get_image_height(img, 0), plane, stride, size,
			       &d->picture) == HWS_OK
			? HWS_OK
			: HWS_ERR_CORRUPT;
}

static int decode(struct de265_decoder *d, struct hws_bytes packet)
{
	const struct de265_image *img = NULL;
	int r = d->dec ? HWS_OK : decoder_open(d);

	if (r == HWS_OK)
		r = push(d, packet);
	if (r == HWS_OK)
		r = run(d);
	if (r == HWS_OK)
		img = newest(d);
	if (r == HWS_OK)
		r = img ? wrap(d, img) : HWS_ERR_AGAIN;
	return r;
}

static int de265_decode_packet(
		struct hws_decoder *base, struct hws_bytes data, const struct hws_picture **ret)
{
	struct de265_decoder *d = hws_container(base, struct de265_decoder, base);
	struct hws_packet_size size;

	if (data.len == 0 || data.len > PACKET_MAX)
		return HWS_ERR_CORRUPT;
	int r = hws_nal_packet_size(HWS_CODEC_H265, data, &size);
	if (r < 0)
		return r;
	r = decode(d, data);
	if (r == HWS_OK)
		*ret = &d->picture;
	else if (r != HWS_ERR_AGAIN)
		decoder_close(d); /* nothing of it stays for the next packet */
	return r;
}

static void de265_decoder_free(struct hws_decoder *base)
{
	struct de265_decoder *d = hws_container(base, struct de265_decoder, base);

	decoder_close(d);
	de265_free();
	free(d);
}

static const struct hws_decoder_impl decoder_impl = {
	.decode = de265_decode_packet,
	.free = de265_decoder_free,
};

int hws_de265_decoder_new(
		enum hws_codec codec, unsigned threads HWS_UNUSED, struct hws_decoder **ret)
{
	struct de265_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	d->base.impl = &decoder_impl;
	d->base.codec = codec;
	/* The library fills its tables for the first decoder, and this is a part of each. */
	int r = de265_init() == DE265_OK ? HWS_OK : HWS_ERR_NOMEM;
	if (r == HWS_OK)
		r = decoder_open(d);
	if (r < 0) {
		free(d);
		return r;
	}
	*ret = &d->base;
	return HWS_OK;
}
