/* One row for each way of packing, the decoding itself is libyuv's. */
#include "client/platform/camera_image.h"
#include "client/media/pixels.h"
#include "shared/base/macros.h"
#include <libyuv.h>

/* A line of a camera is not longer than this, whatever it says. */
#define STRIDE_MAX (8 * HWS_PICTURE_SIDE_MAX)

typedef int (*packed_fn)(const uint8_t *src, int src_stride, uint8_t *y, int y_stride, uint8_t *u,
		int u_stride, uint8_t *v, int v_stride, int width, int height);

/* libyuv names formats by the 32-bit word. */
static const struct {
	packed_fn convert; /* NULL: not packed */
	int bytes;         /* of a pixel */
} packings[] = {
	[HWS_CAMERA_YUY2] = { YUY2ToI420, 2 },
	[HWS_CAMERA_UYVY] = { UYVYToI420, 2 },
	[HWS_CAMERA_BGRX] = { ARGBToI420, 4 },
	[HWS_CAMERA_RGBX] = { ABGRToI420, 4 },
	[HWS_CAMERA_RGB] = { RAWToI420, 3 },
	[HWS_CAMERA_BGR] = { RGB24ToI420, 3 },
	[HWS_CAMERA_JPEG] = { NULL, 0 },
};

static int packed(enum hws_camera_code code, const uint8_t *bytes, size_t len, int stride,
		struct hws_picture *to)
{
	int n = packings[code].bytes;
	/* Two pixels of YUY2 have their colour in common. */
	int line = n == 2 ? (to->width + 1) / 2 * 4 : to->width * n;

	if (stride == 0)
		stride = line;
	if (stride < line || len / (size_t)stride < (size_t)to->height)
		return HWS_ERR_CORRUPT;
	return packings[code].convert(bytes, stride, to->plane[0], to->stride[0], to->plane[1],
			       to->stride[1], to->plane[2], to->stride[2], to->width,
			       to->height) == 0
			? HWS_OK
			: HWS_ERR_CORRUPT;
}

static int planar(enum hws_camera_code code, const uint8_t *bytes, size_t len, int first,
		struct hws_picture *to)
{
	enum hws_pixel_format format = code == HWS_CAMERA_I420 ? HWS_PIXEL_I420 : HWS_PIXEL_NV12;
	const struct hws_pixel_row *row = hws_pixel_row(format);
	uint8_t *ptr[HWS_PLANES_MAX] = { 0 }, *at = (uint8_t *)(uintptr_t)bytes; /* read only */
	int stride[HWS_PLANES_MAX] = { 0 };
	size_t size[HWS_PLANES_MAX] = { 0 };
	struct hws_picture from;

	for (unsigned i = 0; i < row->planes; i++) {
		int lines = hws_plane_side(to->height, row->plane[i].y_shift);

		stride[i] = hws_plane_side(first ? first : to->width, row->plane[i].x_shift) *
				row->plane[i].bytes;
		ptr[i] = at;
		size[i] = HWS_MIN(len, (size_t)stride[i] * (size_t)lines);
		at += size[i];
		len -= size[i];
	}
	int r = hws_picture_wrap(format, to->width, to->height, ptr, stride, size, &from);
	return r < 0 ? HWS_ERR_CORRUPT : hws_pixels_convert(&from, to);
}

static int jpeg(const uint8_t *bytes, size_t len, struct hws_picture *to)
{
	int width, height;

	if (MJPGSize(bytes, len, &width, &height) != 0 || width != to->width ||
			height != to->height)
		return HWS_ERR_CORRUPT;
	return MJPGToI420(bytes, len, to->plane[0], to->stride[0], to->plane[1], to->stride[1],
			       to->plane[2], to->stride[2], width, height, width, height) == 0
			? HWS_OK
			: HWS_ERR_CORRUPT;
}

int hws_camera_image(enum hws_camera_code code, const uint8_t *bytes, size_t len, int stride,
		struct hws_picture *to)
{
	if (to->format != HWS_PIXEL_I420)
		return HWS_ERR_INVAL;
	if (stride < 0 || stride > STRIDE_MAX)
		return HWS_ERR_CORRUPT;
	switch (code) {
	case HWS_CAMERA_JPEG:
		return jpeg(bytes, len, to);
	case HWS_CAMERA_I420:
	case HWS_CAMERA_NV12:
		return planar(code, bytes, len, stride, to);
	default:
		return packed(code, bytes, len, stride, to);
	}
}
