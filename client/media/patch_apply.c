/* The viewer's end: a list of rectangles, each filled in one of four ways. Every place and size is
 * held against the picture before anything is done, and the work of all together is bounded by it,
 * too; what the streams of pixels say cannot lead anywhere else. */
#include "client/media/patch_parts.h"
#include "shared/base/mem.h"
#include <string.h>

#define WORK_MAX 2 /* times the picture */

struct apply {
	struct hws_bytes in;
	struct hws_picture *to;
	long left; /* pixels that may still be written */
	uint32_t *px;
	size_t room; /* of px */
};

static int take_number(struct apply *a, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned shift = 0; shift < 28; shift += 7) {
		if (!a->in.len)
			return HWS_ERR_CORRUPT;
		uint8_t b = *a->in.ptr++;
		a->in.len--;
		v |= (uint32_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = v;
			return HWS_OK;
		}
	}
	return HWS_ERR_CORRUPT;
}

static int take_rect(struct apply *a, struct hws_rect *ret)
{
	uint32_t v[4];
	uint32_t w = (uint32_t)a->to->width, h = (uint32_t)a->to->height;

	for (unsigned i = 0; i < 4; i++)
		if (take_number(a, &v[i]) < 0)
			return HWS_ERR_CORRUPT;
	/* The sides are sent less one: there is no empty rectangle. */
	if (v[0] >= w || v[1] >= h || v[2] >= w - v[0] || v[3] >= h - v[1])
		return HWS_ERR_CORRUPT;
	*ret = (struct hws_rect){ (int)v[0], (int)v[1], (int)v[2] + 1, (int)v[3] + 1 };
	a->left -= (long)ret->w * ret->h;
	return a->left < 0 ? HWS_ERR_TOOBIG : HWS_OK;
}

static int do_copy(struct apply *a, struct hws_rect r)
{
	uint32_t x, y;

	if (take_number(a, &x) < 0 || take_number(a, &y) < 0)
		return HWS_ERR_CORRUPT;
	if (x > (uint32_t)(a->to->width - r.w) || y > (uint32_t)(a->to->height - r.h))
		return HWS_ERR_CORRUPT;
	patch_move(a->to, (int)x, (int)y, r);
	return HWS_OK;
}

static void fill(uint32_t *row, int w, uint32_t c)
{
	for (int x = 0; x < w; x++)
		row[x] = c;
}

static int do_fill(struct apply *a, struct hws_rect r)
{
	if (a->in.len < 3)
		return HWS_ERR_CORRUPT;
	const uint8_t *p = a->in.ptr;
	uint32_t c = (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
	a->in.ptr += 3;
	a->in.len -= 3;
	for (int y = r.y; y < r.y + r.h; y++)
		fill(patch_row_of(a->to, r.x, y), r.w, c | PATCH_OPAQUE);
	return HWS_OK;
}

static int make_room(struct apply *a, struct hws_rect r)
{
	size_t need = ((size_t)r.h + 1) * (size_t)r.w;

	if (need <= a->room)
		return HWS_OK;
	hws_free(a->px);
	a->px = hws_alloc_array(need, sizeof(*a->px));
	a->room = a->px ? need : 0;
	return a->px ? HWS_OK : HWS_ERR_NOMEM;
}

static int do_pixels(struct apply *a, struct hws_rect r, enum patch_op op, bool last)
{
	uint32_t len = (uint32_t)a->in.len;
	int err = last ? HWS_OK : take_number(a, &len);

	if (err == HWS_OK && len > a->in.len)
		err = HWS_ERR_CORRUPT;
	if (err == HWS_OK)
		err = make_room(a, r);
	if (err < 0)
		return err;
	struct hws_bytes in = hws_bytes(a->in.ptr, len);
	uint32_t *px = a->px + r.w;
	a->in.ptr += len;
	a->in.len -= len;
	if (op == PATCH_SCREEN)
		patch_screen_read(in, px, r.w, r.h);
	else
		patch_photo_read(in, px, r.w, r.h);
	for (int y = 0; y < r.h; y++, px += r.w) {
		uint32_t *row = patch_row_of(a->to, r.x, r.y + y);
		for (int x = 0; x < r.w; x++)
			row[x] = px[x] | PATCH_OPAQUE;
	}
	return HWS_OK;
}

static int do_op(struct apply *a, struct hws_rect *ret)
{
	uint8_t head = *a->in.ptr++;
	enum patch_op op = (enum patch_op)(head & ~PATCH_LAST);
	int r;

	a->in.len--;
	if (op >= PATCH_OPS)
		return HWS_ERR_CORRUPT;
	r = take_rect(a, ret);
	if (r < 0)
		return r;
	if (op == PATCH_COPY)
		return do_copy(a, *ret);
	if (op == PATCH_FILL)
		return do_fill(a, *ret);
	return do_pixels(a, *ret, op, head & PATCH_LAST);
}

int hws_patch_apply(struct hws_bytes patch, struct hws_picture *picture, struct hws_region *ret)
{
	struct apply a = { .in = patch,
		.to = picture,
		.left = (long)picture->width * picture->height * WORK_MAX };
	struct hws_rect rect;
	int r = HWS_OK;

	hws_region_clear(ret);
	if (patch.len < 1 || patch.len > HWS_PATCH_BYTES_MAX || picture->format != HWS_PIXEL_BGRA)
		return HWS_ERR_CORRUPT;
	if (*a.in.ptr++ != HWS_PATCH_VERSION)
		return HWS_ERR_UNSUPPORTED;
	a.in.len--;
	for (unsigned n = 0; r == HWS_OK && a.in.len; n++) {
		r = n < HWS_PATCH_OPS_MAX ? do_op(&a, &rect) : HWS_ERR_TOOBIG;
		if (r == HWS_OK)
			hws_region_add(ret, rect);
	}
	hws_free(a.px);
	return r;
}
