/* The table of ways between formats. All are libyuv's; a way that it lacks is not made up of two
 * here, so that nobody pays for two without knowing. */
#include "client/media/dmabuf.h"
#include "client/media/pixels.h"
#include <libyuv.h>

typedef int (*way_fn)(const struct hws_picture *from, struct hws_picture *to);

#define PLANE(p, i) (p)->plane[i], (p)->stride[i]
#define THREE(p) PLANE(p, 0), PLANE(p, 1), PLANE(p, 2)
#define TWO(p) PLANE(p, 0), PLANE(p, 1)
#define SIZE from->width, from->height

/* libyuv names formats by the 32-bit word: its ARGB is our byte order B G R A. */
#define WAY(name, call)                                                                            \
	static int name(const struct hws_picture *from, struct hws_picture *to)                    \
	{                                                                                          \
		return call;                                                                       \
	}
WAY(bgra_i420, ARGBToI420(PLANE(from, 0), THREE(to), SIZE))
WAY(bgra_i444, ARGBToI444(PLANE(from, 0), THREE(to), SIZE))
WAY(bgra_nv12, ARGBToNV12(PLANE(from, 0), TWO(to), SIZE))
WAY(i420_bgra, I420ToARGB(THREE(from), PLANE(to, 0), SIZE))
WAY(i420_i444, I420ToI444(THREE(from), THREE(to), SIZE))
WAY(i420_nv12, I420ToNV12(THREE(from), TWO(to), SIZE))
WAY(i444_bgra, I444ToARGB(THREE(from), PLANE(to, 0), SIZE))
WAY(i444_i420, I444ToI420(THREE(from), THREE(to), SIZE))
WAY(i444_nv12, I444ToNV12(THREE(from), TWO(to), SIZE))
WAY(nv12_bgra, NV12ToARGB(TWO(from), PLANE(to, 0), SIZE))
WAY(nv12_i420, NV12ToI420(TWO(from), THREE(to), SIZE))

static const way_fn ways[HWS_PIXEL_FORMATS][HWS_PIXEL_FORMATS] = {
	[HWS_PIXEL_BGRA] = { [HWS_PIXEL_I420] = bgra_i420,
			[HWS_PIXEL_I444] = bgra_i444,
			[HWS_PIXEL_NV12] = bgra_nv12 },
	[HWS_PIXEL_I420] = { [HWS_PIXEL_BGRA] = i420_bgra,
			[HWS_PIXEL_I444] = i420_i444,
			[HWS_PIXEL_NV12] = i420_nv12 },
	[HWS_PIXEL_I444] = { [HWS_PIXEL_BGRA] = i444_bgra,
			[HWS_PIXEL_I420] = i444_i420,
			[HWS_PIXEL_NV12] = i444_nv12 },
	[HWS_PIXEL_NV12] = { [HWS_PIXEL_BGRA] = nv12_bgra, [HWS_PIXEL_I420] = nv12_i420 },
};

bool hws_pixels_can(enum hws_pixel_format from, enum hws_pixel_format to)
{
	const struct hws_pixel_row *f = hws_pixel_row(from), *t = hws_pixel_row(to);

	if (!f || !t || !t->planes)
		return false;
	/* What a dmabuf holds is known when it is there. */
	return from == to || from == HWS_PIXEL_DMABUF || ways[from][to] != NULL;
}

static int convert_mapped(const struct hws_picture *from, struct hws_picture *to)
{
	struct hws_dmabuf_map m;
	int r = hws_dmabuf_map(from, &m);

	if (r < 0)
		return r;
	r = hws_pixels_convert(&m.view, to);
	hws_dmabuf_unmap(&m);
	return r;
}

int hws_pixels_convert(const struct hws_picture *from, struct hws_picture *to)
{
	if (!hws_picture_valid(from) || !hws_picture_valid(to) || from->width != to->width ||
			from->height != to->height)
		return HWS_ERR_INVAL;
	if (!hws_pixels_can(from->format, to->format))
		return HWS_ERR_UNSUPPORTED;
	if (from->format == HWS_PIXEL_DMABUF)
		return convert_mapped(from, to);
	if (from->format == to->format)
		return hws_picture_copy(to, from);
	return ways[from->format][to->format](from, to) == 0 ? HWS_OK : HWS_ERR_INVAL;
}

static const uint8_t *at(const struct hws_picture *p, unsigned i, struct hws_rect r)
{
	const struct hws_pixel_row *row = hws_pixel_row(p->format);

	return p->plane[i] + (ptrdiff_t)(r.y >> row->plane[i].y_shift) * p->stride[i] +
			(ptrdiff_t)(r.x >> row->plane[i].x_shift) * row->plane[i].bytes;
}

#define AT(i) at(from, i, r), from->stride[i]
#define DST dst, dst_stride, r.w, r.h

int hws_pixels_to_packed(const struct hws_picture *from, struct hws_rect r, bool rgba, uint8_t *dst,
		int dst_stride)
{
	switch (from->format) {
	case HWS_PIXEL_I420:
		if (rgba)
			I420ToABGR(AT(0), AT(1), AT(2), DST);
		else
			I420ToARGB(AT(0), AT(1), AT(2), DST);
		return HWS_OK;
	case HWS_PIXEL_I444:
		if (rgba)
			I444ToABGR(AT(0), AT(1), AT(2), DST);
		else
			I444ToARGB(AT(0), AT(1), AT(2), DST);
		return HWS_OK;
	case HWS_PIXEL_NV12:
		if (rgba)
			NV12ToABGR(AT(0), AT(1), DST);
		else
			NV12ToARGB(AT(0), AT(1), DST);
		return HWS_OK;
	default:
		return HWS_ERR_UNSUPPORTED;
	}
}
