/* Most pictures differ from the one before by a letter: converting is by rectangles. */
#include "client/services/video/coded_picture.h"
#include "client/media/pixels.h"

void hws_coded_picture_forget(struct hws_coded_picture *c)
{
	hws_picture_drop(c->p);
	c->p = NULL;
}

static int convert(struct hws_picture *to, const struct hws_picture *from,
		const struct hws_region *damage)
{
	void (*part)(const uint8_t *src, int src_stride, struct hws_picture *p, struct hws_rect r) =
			to->format == HWS_PIXEL_I420   ? hws_pixels_bgra_to_i420
			: to->format == HWS_PIXEL_I444 ? hws_pixels_bgra_to_i444
						       : NULL;

	if (!damage || from->format != HWS_PIXEL_BGRA || !part)
		return hws_pixels_convert(from, to);
	for (unsigned i = 0; i < damage->n; i++) {
		struct hws_rect r = hws_rect_align2(damage->rect[i], to->width, to->height);
		if (!hws_rect_empty(r))
			part(from->plane[0] + (ptrdiff_t)r.y * from->stride[0] + (ptrdiff_t)r.x * 4,
					from->stride[0], to, r);
	}
	return HWS_OK;
}

int hws_coded_picture_update(struct hws_coded_picture *c, uint32_t takes,
		const struct hws_picture *from, const struct hws_region *damage,
		const struct hws_picture **ret)
{
	unsigned format = takes ? (unsigned)__builtin_ctz(takes) : HWS_PIXEL_FORMATS;
	int r = HWS_OK;

	*ret = from;
	if (takes & HWS_PIXEL_BIT(from->format))
		return HWS_OK;
	if (c->p &&
			(c->p->format != format || c->p->width != from->width ||
					c->p->height != from->height))
		hws_coded_picture_forget(c);
	if (!c->p) {
		damage = NULL;
		r = hws_picture_new(format, from->width, from->height, &c->p);
	}
	if (r == HWS_OK)
		r = convert(c->p, from, damage);
	if (r < 0)
		hws_coded_picture_forget(c);
	*ret = c->p;
	return r;
}
