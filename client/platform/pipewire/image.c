/* Pictures out of the buffers of a camera. What a buffer says of itself is another program's word:
 * each plane is measured before it is read. */
#include "client/media/pixels.h"
#include "client/platform/pipewire/camera_parts.h"
#include "shared/base/macros.h"
#include <libyuv.h>

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

/* Planes that follow each other in one block, as most sources have them, or a block each. */
static int planar(const struct pipewire_image *image, const struct spa_buffer *b,
		enum hws_pixel_format format, struct hws_picture *to)
{
	const struct hws_pixel_row *row = hws_pixel_row(format);
	uint8_t *ptr[HWS_PLANES_MAX] = { 0 };
	int stride[HWS_PLANES_MAX] = { 0 };
	size_t size[HWS_PLANES_MAX] = { 0 };
	struct hws_picture from;
	struct plane p;

	if (!plane_of(b, 0, image->width * row->plane[0].bytes, &p))
		return HWS_ERR_UNSUPPORTED;
	for (unsigned i = 0; i < row->planes; i++) {
		int lines = hws_plane_side(image->height, row->plane[i].y_shift);

		if (i && b->n_datas >= row->planes && !plane_of(b, i, p.stride, &p))
			return HWS_ERR_UNSUPPORTED;
		ptr[i] = p.ptr;
		size[i] = p.size;
		stride[i] = i && b->n_datas < row->planes
				? hws_plane_side(p.stride, row->plane[i].x_shift) *
						row->plane[i].bytes
				: p.stride;
		if (b->n_datas >= row->planes)
			continue;
		size_t used = HWS_MIN(p.size, (size_t)stride[i] * (size_t)lines);
		p.ptr += used;
		p.size -= used;
	}
	int r = hws_picture_wrap(format, image->width, image->height, ptr, stride, size, &from);
	return r < 0 ? HWS_ERR_CORRUPT : hws_pixels_convert(&from, to);
}

typedef int (*packed_fn)(const uint8_t *src, int src_stride, uint8_t *y, int y_stride, uint8_t *u,
		int u_stride, uint8_t *v, int v_stride, int width, int height);

/* Two pixels of YUY2 have their colour in common. */
static int line_of(int width, int bytes)
{
	return bytes == 2 ? (width + 1) / 2 * 4 : width * bytes;
}

/* libyuv names formats by the 32-bit word. */
static int packed(const struct pipewire_image *image, const struct spa_buffer *b, packed_fn convert,
		int bytes, struct hws_picture *to)
{
	struct plane p;

	if (!plane_of(b, 0, line_of(image->width, bytes), &p))
		return HWS_ERR_UNSUPPORTED;
	if (p.stride < line_of(image->width, bytes) ||
			p.size / (size_t)p.stride < (size_t)image->height)
		return HWS_ERR_CORRUPT;
	return convert(p.ptr, p.stride, to->plane[0], to->stride[0], to->plane[1], to->stride[1],
			       to->plane[2], to->stride[2], image->width, image->height) == 0
			? HWS_OK
			: HWS_ERR_CORRUPT;
}

static int jpeg(const struct pipewire_image *image, const struct spa_buffer *b,
		struct hws_picture *to)
{
	struct plane p;
	int width, height;

	if (!plane_of(b, 0, 0, &p))
		return HWS_ERR_UNSUPPORTED;
	if (MJPGSize(p.ptr, p.size, &width, &height) != 0 || width != image->width ||
			height != image->height)
		return HWS_ERR_CORRUPT;
	return MJPGToI420(p.ptr, p.size, to->plane[0], to->stride[0], to->plane[1], to->stride[1],
			       to->plane[2], to->stride[2], width, height, width, height) == 0
			? HWS_OK
			: HWS_ERR_CORRUPT;
}

int pipewire_to_i420(const struct pipewire_image *image, const struct spa_buffer *b,
		struct hws_picture *to)
{
	if (to->format != HWS_PIXEL_I420 || to->width != image->width ||
			to->height != image->height)
		return HWS_ERR_INVAL;
	if (image->jpeg)
		return jpeg(image, b, to);
	switch (image->format) {
	case SPA_VIDEO_FORMAT_I420:
		return planar(image, b, HWS_PIXEL_I420, to);
	case SPA_VIDEO_FORMAT_NV12:
		return planar(image, b, HWS_PIXEL_NV12, to);
	case SPA_VIDEO_FORMAT_YUY2:
		return packed(image, b, YUY2ToI420, 2, to);
	case SPA_VIDEO_FORMAT_BGRx:
	case SPA_VIDEO_FORMAT_BGRA:
		return packed(image, b, ARGBToI420, 4, to);
	case SPA_VIDEO_FORMAT_RGBx:
	case SPA_VIDEO_FORMAT_RGBA:
		return packed(image, b, ABGRToI420, 4, to);
	case SPA_VIDEO_FORMAT_RGB:
		return packed(image, b, RAWToI420, 3, to);
	default:
		return HWS_ERR_UNSUPPORTED;
	}
}
