/* What happens to a stranger's packets until they are pixels for a window. Runs in the decoder
 * process: nothing here is shared with the viewer but the picture that is shown on. */
#include "client/decoder/display_decoder.h"
#include "client/media/patch.h"
#include "client/media/pixels.h"
#include <string.h>

void hws_display_decoder_forget(struct hws_display_decoder *d)
{
	hws_decoder_free(d->decoder);
	hws_picture_drop(d->before);
	hws_picture_drop(d->composed);
	*d = (struct hws_display_decoder){ 0 };
}

int hws_display_decoder_packet(struct hws_display_decoder *d, enum hws_codec codec, bool reset,
		struct hws_bytes packet, const struct hws_picture **ret)
{
	if (reset || codec != d->codec) {
		hws_decoder_free(d->decoder);
		d->decoder = NULL;
		d->codec = codec;
	}
	if (!d->decoder) {
		int r = hws_decoder_new(codec, 2, &d->decoder);
		if (r < 0)
			return r;
	}
	return hws_decoder_decode(d->decoder, packet, ret);
}

/* The columns of two lines that differ, joined to what is known already; a side of -1: none yet. */
static void find_columns(const uint8_t *p, const uint8_t *q, int samples, int shift, int bytes,
		int *left, int *right)
{
	/* Only what lies outside of the columns found so far is looked at closely. */
	int l = HWS_MIN((*left + (1 << shift) - 1) >> shift, samples);
	int r = HWS_MIN((*right + (1 << shift)) >> shift, samples);

	if (memcmp(p, q, (size_t)l * (size_t)bytes) != 0) {
		for (l = 0; p[l] == q[l];)
			l++;
		*left = l / bytes << shift;
	}
	if (r < samples &&
			memcmp(p + r * bytes, q + r * bytes,
					(size_t)(samples - r) * (size_t)bytes) != 0) {
		for (r = samples * bytes - 1; p[r] == q[r];)
			r--;
		*right = ((r / bytes + 1) << shift) - 1;
	}
}

/* Rows that differ, then the columns within them; luma first, chroma for the rare change of colour
 * alone. */
static struct hws_rect find_damage(const struct hws_picture *a, const struct hws_picture *b)
{
	const struct hws_pixel_row *row = hws_pixel_row(a->format);
	int top = a->height, bottom = -1, left = a->width, right = -1;

	for (unsigned i = 0; i < row->planes; i++) {
		int x_shift = row->plane[i].x_shift, y_shift = row->plane[i].y_shift;
		int w = hws_plane_side(a->width, row->plane[i].x_shift);
		int h = hws_plane_side(a->height, row->plane[i].y_shift);
		for (int y = 0; y < h; y++) {
			const uint8_t *p = a->plane[i] + (ptrdiff_t)y * a->stride[i];
			const uint8_t *q = b->plane[i] + (ptrdiff_t)y * b->stride[i];
			if (memcmp(p, q, (size_t)w * row->plane[i].bytes) == 0)
				continue;
			find_columns(p, q, w, x_shift, row->plane[i].bytes, &left, &right);
			top = HWS_MIN(top, y << y_shift);
			bottom = HWS_MAX(bottom, ((y + 1) << y_shift) - 1);
		}
	}
	if (bottom < 0)
		return (struct hws_rect){ 0 };
	right = HWS_MIN(right, a->width - 1);
	bottom = HWS_MIN(bottom, a->height - 1);
	return (struct hws_rect){ left, top, right - left + 1, bottom - top + 1 };
}

static void copy_part(struct hws_picture *to, const struct hws_picture *from, struct hws_rect r)
{
	const struct hws_pixel_row *row = hws_pixel_row(from->format);

	r = hws_rect_align2(r, from->width, from->height);
	for (unsigned i = 0; i < row->planes; i++) {
		unsigned x_shift = row->plane[i].x_shift, y_shift = row->plane[i].y_shift;
		ptrdiff_t x = (ptrdiff_t)(r.x >> x_shift) * row->plane[i].bytes;
		size_t line = (size_t)hws_plane_side(r.w, x_shift) * row->plane[i].bytes;
		int y = r.y >> y_shift, h = hws_plane_side(r.h, y_shift);
		for (int k = y; k < y + h; k++)
			memcpy(to->plane[i] + (ptrdiff_t)k * to->stride[i] + x,
					from->plane[i] + (ptrdiff_t)k * from->stride[i] + x, line);
	}
}

/* Compares with the last picture and keeps this one in its place. */
static int changed_part(
		struct hws_display_decoder *d, const struct hws_picture *p, struct hws_rect *ret)
{
	struct hws_rect all = { 0, 0, p->width, p->height };
	int r;

	if (d->before && d->before->format == p->format && d->before->width == p->width &&
			d->before->height == p->height) {
		*ret = find_damage(p, d->before);
	} else {
		hws_picture_drop(d->before);
		d->before = NULL;
		r = hws_picture_new(p->format, p->width, p->height, &d->before);
		if (r < 0)
			return r;
		*ret = all;
	}
	if (!hws_rect_empty(*ret))
		copy_part(d->before, p, *ret);
	return HWS_OK;
}

static int copy_packed(const struct hws_picture *from, struct hws_rect r, bool rgba, uint8_t *dst,
		int dst_stride)
{
	const uint8_t *src = from->plane[0] + (ptrdiff_t)r.y * from->stride[0] + (ptrdiff_t)r.x * 4;

	for (int y = 0; y < r.h; y++, src += from->stride[0], dst += dst_stride) {
		memcpy(dst, src, (size_t)r.w * 4);
		for (int x = 0; rgba && x < r.w; x++) {
			dst[x * 4] = src[x * 4 + 2];
			dst[x * 4 + 2] = src[x * 4];
		}
	}
	return HWS_OK;
}

/* Brings a picture that shows an older one, or nothing yet, up to this one. */
static int convert(struct hws_display_decoder *d, const struct hws_picture *from,
		struct hws_picture *to, bool rgba)
{
	struct hws_rect r = { 0, 0, from->width, from->height };

	if (to->mark && d->content - to->mark <= HWS_DISPLAY_RECENT) {
		r = (struct hws_rect){ 0 };
		for (uint64_t n = to->mark + 1; n <= d->content; n++)
			r = hws_rect_union(r, d->recent[n % HWS_DISPLAY_RECENT]);
		r = hws_rect_align2(r, from->width, from->height);
	}
	to->mark = d->content;
	if (hws_rect_empty(r))
		return HWS_OK;
	uint8_t *dst = to->plane[0] + (ptrdiff_t)r.y * to->stride[0] + (ptrdiff_t)r.x * 4;
	if (from->format == HWS_PIXEL_BGRA)
		return copy_packed(from, r, rgba, dst, to->stride[0]);
	return hws_pixels_to_packed(from, r, rgba, dst, to->stride[0]);
}

int hws_display_decoder_show(struct hws_display_decoder *d, const struct hws_picture *decoded,
		bool rgba, struct hws_picture *to, struct hws_rect *ret)
{
	int r;

	if (to->width != decoded->width || to->height != decoded->height)
		return HWS_ERR_INVAL;
	r = changed_part(d, decoded, ret);
	if (r < 0)
		return r;
	d->content++;
	d->recent[d->content % HWS_DISPLAY_RECENT] = *ret;
	r = convert(d, decoded, to, rgba);
	if (r < 0)
		to->mark = 0;
	return r;
}

/* --- beside patches --- */

static void changed(struct hws_display_decoder *d, struct hws_rect r)
{
	d->content++;
	d->recent[d->content % HWS_DISPLAY_RECENT] = r;
}

void hws_display_decoder_decompose(struct hws_display_decoder *d)
{
	if (!d->composed)
		return;
	hws_picture_drop(d->composed);
	d->composed = NULL;
	hws_picture_drop(d->before); /* it is not what was shown */
	d->before = NULL;
}

static bool fits(const struct hws_picture *p, struct hws_rect r)
{
	return r.x >= 0 && r.y >= 0 && r.w > 0 && r.h > 0 && r.x % 2 == 0 && r.y % 2 == 0 &&
			r.w <= p->width - r.x && r.h <= p->height - r.y &&
			(r.w % 2 == 0 || r.x + r.w == p->width) &&
			(r.h % 2 == 0 || r.y + r.h == p->height);
}

static int draw_part(
		struct hws_display_decoder *d, const struct hws_picture *decoded, struct hws_rect r)
{
	struct hws_picture *to = d->composed;

	return hws_pixels_to_packed(decoded, r, false,
			to->plane[0] + (ptrdiff_t)r.y * to->stride[0] + (ptrdiff_t)r.x * 4,
			to->stride[0]);
}

int hws_display_decoder_compose(struct hws_display_decoder *d, const struct hws_picture *decoded,
		const struct hws_rect *part, unsigned parts, struct hws_rect *ret)
{
	struct hws_rect all = { 0, 0, decoded->width, decoded->height };
	int r = HWS_OK;

	if (d->composed && (d->composed->width != all.w || d->composed->height != all.h))
		hws_display_decoder_decompose(d);
	if (!d->composed) {
		if (part)
			return HWS_ERR_CORRUPT;
		r = hws_picture_new(HWS_PIXEL_BGRA, all.w, all.h, &d->composed);
		if (r < 0)
			return r;
	}
	*ret = part ? (struct hws_rect){ 0 } : all;
	if (!part)
		r = draw_part(d, decoded, all);
	for (unsigned i = 0; part && i < parts && r == HWS_OK; i++) {
		r = fits(decoded, part[i]) ? draw_part(d, decoded, part[i]) : HWS_ERR_CORRUPT;
		*ret = hws_rect_union(*ret, part[i]);
	}
	if (r < 0) {
		hws_display_decoder_decompose(d);
		return r;
	}
	changed(d, *ret);
	return HWS_OK;
}

int hws_display_decoder_patch(
		struct hws_display_decoder *d, struct hws_bytes patch, struct hws_rect *ret)
{
	struct hws_region touched;

	if (!d->composed)
		return HWS_ERR_CORRUPT;
	int r = hws_patch_apply(patch, d->composed, &touched);
	if (r < 0) {
		hws_display_decoder_decompose(d);
		return r;
	}
	*ret = hws_region_bounds(&touched);
	changed(d, *ret);
	return HWS_OK;
}

int hws_display_decoder_show_composed(
		struct hws_display_decoder *d, bool rgba, struct hws_picture *to)
{
	if (to->width != d->composed->width || to->height != d->composed->height)
		return HWS_ERR_INVAL;
	return convert(d, d->composed, to, rgba);
}
