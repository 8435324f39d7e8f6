/* The rectangles that every picture passes through: libyuv with the offsets that halved chroma
 * needs. */
#include "client/media/pixels.h"
#include <libyuv.h>

static uint8_t *at(const struct hws_picture *p, int plane, struct hws_rect r)
{
	int half = plane > 0;

	return p->plane[plane] + (ptrdiff_t)(r.y >> half) * p->stride[plane] + (r.x >> half);
}

void hws_pixels_bgra_to_i420(
		const uint8_t *src, int src_stride, struct hws_picture *to, struct hws_rect r)
{
	/* libyuv names formats by the 32-bit word: its ARGB is our byte order B G R A. */
	ARGBToI420(src, src_stride, at(to, 0, r), to->stride[0], at(to, 1, r), to->stride[1],
			at(to, 2, r), to->stride[2], r.w, r.h);
}

void hws_pixels_bgra_to_i444(
		const uint8_t *src, int src_stride, struct hws_picture *to, struct hws_rect r)
{
	uint8_t *plane[3];

	for (int i = 0; i < 3; i++)
		plane[i] = to->plane[i] + (ptrdiff_t)r.y * to->stride[i] + r.x;
	ARGBToI444(src, src_stride, plane[0], to->stride[0], plane[1], to->stride[1], plane[2],
			to->stride[2], r.w, r.h);
}

void hws_pixels_i420_to_bgra(
		const struct hws_picture *from, struct hws_rect r, uint8_t *dst, int dst_stride)
{
	I420ToARGB(at(from, 0, r), from->stride[0], at(from, 1, r), from->stride[1], at(from, 2, r),
			from->stride[2], dst, dst_stride, r.w, r.h);
}

void hws_pixels_i420_to_rgba(
		const struct hws_picture *from, struct hws_rect r, uint8_t *dst, int dst_stride)
{
	I420ToABGR(at(from, 0, r), from->stride[0], at(from, 1, r), from->stride[1], at(from, 2, r),
			from->stride[2], dst, dst_stride, r.w, r.h);
}
