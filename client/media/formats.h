/* media/formats: how the pixels of a picture lie in memory, one row for each format. Plain
 * facts. */
#pragma once
#include "shared/base/macros.h"
#include <stdint.h>

enum hws_pixel_format {
	HWS_PIXEL_BGRA, /* one plane, bytes B G R A (a little-endian 0xAARRGGBB) */
	HWS_PIXEL_I420, /* Y, U, V; chroma halved both ways (rounded up), limited-range BT.601 */
	HWS_PIXEL_I444, /* the same with whole chroma */
	HWS_PIXEL_NV12, /* Y, then U and V in turn, chroma as of I420 */
	/* In memory of a graphics card that is known by descriptors; see dmabuf.h. No plane can be
	 * read here before it is mapped, if it can be. */
	HWS_PIXEL_DMABUF,
	HWS_PIXEL_FORMATS
};

#define HWS_PIXEL_BIT(format) (1u << (format))
#define HWS_PLANES_MAX 3

struct hws_pixel_row {
	const char *name; /* "I420" */
	unsigned planes;  /* 0: not in memory */
	struct {
		uint8_t bytes;            /* of one sample */
		uint8_t x_shift, y_shift; /* the side is halved so often */
	} plane[HWS_PLANES_MAX];
	uint8_t blank[HWS_PLANES_MAX]; /* what black is in each */
};

/* NULL for what is no format. */
const struct hws_pixel_row *hws_pixel_row(enum hws_pixel_format format);

/* A side of a plane in samples; halves are rounded up. */
static inline int hws_plane_side(int side, unsigned shift)
{
	return (side + (1 << shift) - 1) >> shift;
}
