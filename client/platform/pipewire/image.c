/* Pictures out of the buffers of a camera. What a buffer says of itself is another program's word:
 * each plane is measured before it is read. */
#include "client/media/pixels.h"
#include "client/platform/camera_image.h"
#include "client/platform/pipewire/camera_parts.h"
#include "shared/base/macros.h"

#define STRIDE_MAX (8 * HWS_PICTURE_SIDE_MAX)

struct plane {
	uint8_t *ptr;
	size_t size;
	int stride;
};

/* What block `i` holds; `stride`: when it does not say. */
static bool plane_of(const struct spa_buffer *b, unsigned i, int stride, struct plane *ret)
{
	const struct spa_data *d = i < b->n_datas ? &b->datas[i] : NULL;

	if (!d || !d->data || !d->chunk)
		return false;
	/* The other program may go on writing to it: what is checked is a copy. */
	const volatile struct spa_chunk *chunk = d->chunk;
	uint32_t offset = chunk->offset, size = chunk->size;
	int32_t given = chunk->stride;

	if (offset > d->maxsize || given > STRIDE_MAX)
		return false;
	ret->ptr = (uint8_t *)d->data + offset;
	ret->size = HWS_MIN(size, d->maxsize - offset);
	ret->stride = given > 0 ? given : stride;
	return true;
}

/* All of it is in the first block, its planes one after the other. */
static int whole(const struct pipewire_image *image, const struct spa_buffer *b,
		struct hws_picture *to, enum hws_camera_code code)
{
	struct plane p;

	if (!plane_of(b, 0, 0, &p))
		return HWS_ERR_UNSUPPORTED;
	return hws_camera_image(code, p.ptr, p.size, image->jpeg ? 0 : p.stride, to);
}

/* Planes with a block each, or one after the other. */
static int planar(const struct pipewire_image *image, const struct spa_buffer *b,
		enum hws_pixel_format format, struct hws_picture *to)
{
	const struct hws_pixel_row *row = hws_pixel_row(format);
	uint8_t *ptr[HWS_PLANES_MAX] = { 0 };
	int stride[HWS_PLANES_MAX] = { 0 };
	size_t size[HWS_PLANES_MAX] = { 0 };
	struct hws_picture from;
	struct plane p = { .stride = image->width * row->plane[0].bytes };

	if (b->n_datas < row->planes)
		return whole(image, b, to,
				format == HWS_PIXEL_I420 ? HWS_CAMERA_I420 : HWS_CAMERA_NV12);
	for (unsigned i = 0; i < row->planes; i++) {
		if (!plane_of(b, i, p.stride, &p))
			return HWS_ERR_UNSUPPORTED;
		ptr[i] = p.ptr;
		size[i] = p.size;
		stride[i] = p.stride;
	}
	int r = hws_picture_wrap(format, image->width, image->height, ptr, stride, size, &from);
	return r < 0 ? HWS_ERR_CORRUPT : hws_pixels_convert(&from, to);
}

int pipewire_to_i420(const struct pipewire_image *image, const struct spa_buffer *b,
		struct hws_picture *to)
{
	if (to->format != HWS_PIXEL_I420 || to->width != image->width ||
			to->height != image->height)
		return HWS_ERR_INVAL;
	if (image->jpeg)
		return whole(image, b, to, HWS_CAMERA_JPEG);
	switch (image->format) {
	case SPA_VIDEO_FORMAT_I420:
		return planar(image, b, HWS_PIXEL_I420, to);
	case SPA_VIDEO_FORMAT_NV12:
		return planar(image, b, HWS_PIXEL_NV12, to);
	case SPA_VIDEO_FORMAT_YUY2:
		return whole(image, b, to, HWS_CAMERA_YUY2);
	case SPA_VIDEO_FORMAT_BGRx:
	case SPA_VIDEO_FORMAT_BGRA:
		return whole(image, b, to, HWS_CAMERA_BGRX);
	case SPA_VIDEO_FORMAT_RGBx:
	case SPA_VIDEO_FORMAT_RGBA:
		return whole(image, b, to, HWS_CAMERA_RGBX);
	case SPA_VIDEO_FORMAT_RGB:
		return whole(image, b, to, HWS_CAMERA_RGB);
	default:
		return HWS_ERR_UNSUPPORTED;
	}
}
