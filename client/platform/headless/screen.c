/* The displays of a desktop in memory: one picture of all of them, which tests paint; what is
 * painted is damage, and a grab converts it as a real back-end would. */
#include "client/media/pixels.h"
#include "client/platform/headless/desk.h"
#include "client/platform/headless/headless.h"
#include <string.h>

static const struct hws_display *hl_displays(struct hws_capture_source *s, unsigned *ret_count)
{
	struct headless *h = hws_container(s, struct headless, source);

	*ret_count = h->count;
	return h->list;
}

static enum hws_pixel_format hl_format(const struct hws_capture_source *s)
{
	return hws_container((struct hws_capture_source *)s, struct headless, source)->format;
}

static void do_signal(void *arg)
{
	struct hl_view *v = arg;

	if (v->started)
		hws_capture_source_damaged(v->owner->base.capture, v->index);
}

static void damage_view(struct hl_view *v, struct hws_rect r)
{
	if (!v->started || hws_rect_empty(r))
		return;
	hws_region_add(&v->damage, r);
	if (v->signalled)
		return;
	v->signalled = true;
	hws_loop_defer(v->owner->loop, &v->signal, do_signal, v);
}

static void damage(struct headless *h, struct hws_rect r)
{
	for (unsigned i = 0; i < h->count; i++) {
		const struct hws_display *l = &h->list[i];
		struct hws_rect in = hws_rect_intersect(
				r, (struct hws_rect){ l->x, l->y, l->width, l->height });
		in.x -= l->x;
		in.y -= l->y;
		damage_view(&h->view[i], in);
	}
}

static int hl_start(struct hws_capture_source *s, unsigned display)
{
	struct headless *h = hws_container(s, struct headless, source);

	if (display >= h->count)
		return HWS_ERR_NOTFOUND;
	struct hl_view *v = &h->view[display];
	v->started = true;
	v->signalled = false;
	hws_region_clear(&v->damage);
	damage_view(v, (struct hws_rect){ 0, 0, h->list[display].width, h->list[display].height });
	return HWS_OK;
}

static void view_reset(struct hl_view *v)
{
	v->started = v->signalled = v->grabbing = false;
	hws_loop_defer_cancel(&v->signal);
	hws_loop_defer_cancel(&v->answer);
	hws_picture_unlock(v->into);
	v->into = NULL;
}

static void hl_stop(struct hws_capture_source *s, unsigned display)
{
	view_reset(&hws_container(s, struct headless, source)->view[display]);
}

/* The rectangle alone into I420, as a real capture does it all the time; whole into any other
 * format. */
static int convert(struct headless *h, const struct hl_view *v, struct hws_rect r)
{
	const struct hws_display *l = &h->list[v->index];
	uint8_t *screen = h->screen->plane[0];
	ptrdiff_t stride = h->screen->stride[0];
	struct hws_picture part;

	if (v->into->format == HWS_PIXEL_I420) {
		hws_pixels_bgra_to_i420(
				screen + (r.y + l->y) * stride + (ptrdiff_t)(r.x + l->x) * 4,
				(int)stride, v->into, r);
		return HWS_OK;
	}
	uint8_t *plane[] = { screen + l->y * stride + (ptrdiff_t)l->x * 4 };
	size_t size[] = { h->screen->size[0] - (size_t)(plane[0] - screen) };
	int err = hws_picture_wrap(
			HWS_PIXEL_BGRA, l->width, l->height, plane, h->screen->stride, size, &part);
	return err < 0 ? err : hws_pixels_convert(&part, v->into);
}

static void do_answer(void *arg)
{
	struct hl_view *v = arg;
	struct headless *h = v->owner;
	const struct hws_display *l = &h->list[v->index];
	struct hws_region taken = { 0 };
	int r = HWS_OK;

	v->grabbing = false;
	if (h->fail_grabs > 0) {
		h->fail_grabs--;
		r = HWS_ERR_DISPLAY;
	} else {
		for (unsigned i = 0; i < v->damage.n; i++)
			hws_region_add(&taken,
					hws_rect_align2(v->damage.rect[i], l->width, l->height));
		hws_region_clear(&v->damage);
		for (unsigned i = 0; r == HWS_OK && i < taken.n; i++)
			r = convert(h, v, taken.rect[i]);
		h->grabs++;
	}
	hws_picture_unlock(v->into);
	v->into = NULL;
	hws_capture_source_grabbed(h->base.capture, v->index, r, &taken);
}

static int hl_grab(struct hws_capture_source *s, unsigned display, struct hws_picture *into)
{
	struct headless *h = hws_container(s, struct headless, source);
	struct hl_view *v = &h->view[display];

	/* also where there is nothing: the grab before took what came after its beginning, and that
	 * was told behind it */
	v->signalled = false;
	if (v->damage.n == 0)
		return HWS_ERR_AGAIN;
	v->grabbing = true;
	v->into = hws_picture_lock(into);
	hws_loop_defer(h->loop, &v->answer, do_answer, v);
	return HWS_OK;
}

static int take_snapshot(struct headless *h, const struct hl_snap *s)
{
	const struct hws_display *l = &h->list[s->display];
	struct hws_picture *p = s->into;

	if (s->display >= h->count || p->width != l->width || p->height != l->height)
		return HWS_ERR_DISPLAY; /* the list has changed since */
	for (int y = 0; y < l->height; y++)
		memcpy(p->plane[0] + (ptrdiff_t)y * p->stride[0],
				h->screen->plane[0] + (ptrdiff_t)(y + l->y) * h->screen->stride[0] +
						(ptrdiff_t)l->x * 4,
				(size_t)l->width * 4);
	return HWS_OK;
}

static void do_snapped(void *arg)
{
	struct headless *h = arg;

	for (unsigned i = 0; i < HL_SNAPS_MAX; i++) {
		struct hl_snap s = h->snap[i];
		if (!s.into)
			continue;
		h->snap[i].into = NULL;
		hws_capture_source_snapped(h->base.capture, s.into, take_snapshot(h, &s));
		hws_picture_unlock(s.into);
	}
}

static int hl_snapshot(struct hws_capture_source *s, unsigned display, struct hws_picture *into)
{
	struct headless *h = hws_container(s, struct headless, source);

	for (unsigned i = 0; i < HL_SNAPS_MAX; i++)
		if (!h->snap[i].into) {
			h->snap[i] = (struct hl_snap){ hws_picture_lock(into), display };
			hws_loop_defer(h->loop, &h->snapped, do_snapped, h);
			return HWS_OK;
		}
	return HWS_ERR_FULL;
}

static const struct hws_capture_source_impl source_impl = { hl_displays, hl_format, hl_start,
	hl_stop, hl_grab, hl_snapshot };

int hl_screen_init(struct headless *h)
{
	h->source.impl = &source_impl;
	h->format = HWS_PIXEL_I420;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		h->view[i].owner = h;
		h->view[i].index = i;
	}
	return hws_capture_new(h->loop, &h->source, &h->base.capture);
}

void hl_screen_done(struct headless *h)
{
	hws_capture_free(h->base.capture);
	hws_loop_defer_cancel(&h->snapped);
	for (unsigned i = 0; i < HL_SNAPS_MAX; i++)
		hws_picture_unlock(h->snap[i].into);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		view_reset(&h->view[i]);
	hws_picture_drop(h->screen);
}

/* --- what tests do --- */

void hws_headless_fill(struct hws_platform *p, struct hws_rect r, uint32_t rgb)
{
	struct headless *h = of_platform(p);
	uint8_t pixel[4] = { (uint8_t)rgb, (uint8_t)(rgb >> 8), (uint8_t)(rgb >> 16), 255 };

	r = hws_rect_intersect(r, (struct hws_rect){ 0, 0, h->screen->width, h->screen->height });
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			memcpy(h->screen->plane[0] + (ptrdiff_t)y * h->screen->stride[0] +
							(ptrdiff_t)x * 4,
					pixel, 4);
	damage(h, r);
}

static void backdrop(struct headless *h)
{
	int w = h->screen->width, tall = h->screen->height;

	for (int y = 0; y < tall; y += 40)
		for (int x = 0; x < w; x += 40) {
			uint32_t red = (uint32_t)(x * 200 / w + 20),
				 green = (uint32_t)(y * 200 / tall);
			uint32_t blue = (x / 40 + y / 40) % 2 ? 160u : 96u;
			hws_headless_fill(&h->base, (struct hws_rect){ x, y, 40, 40 },
					red << 16 | (green + 20) << 8 | blue);
		}
}

int hws_headless_set_displays(
		struct hws_platform *p, const struct hws_display *list, unsigned count)
{
	struct headless *h = of_platform(p);
	struct hws_picture *screen;
	int w = 1, tall = 1;

	if (count < 1 || count > HWS_DISPLAYS_MAX)
		return HWS_ERR_RANGE;
	for (unsigned i = 0; i < count; i++) {
		if (list[i].x < 0 || list[i].y < 0)
			return HWS_ERR_RANGE;
		w = HWS_MAX(w, list[i].x + list[i].width);
		tall = HWS_MAX(tall, list[i].y + list[i].height);
	}
	int r = hws_picture_new(HWS_PIXEL_BGRA, w, tall, &screen);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		view_reset(&h->view[i]);
	bool first = !h->screen;
	hws_picture_drop(h->screen);
	h->screen = screen;
	h->count = 0; /* no damage while painting */
	backdrop(h);
	memmove(h->list, list, count * sizeof(*list));
	h->count = count;
	if (!first)
		hws_capture_source_relisted(h->base.capture);
	return HWS_OK;
}

int hws_headless_snapshot(struct hws_platform *p, unsigned display, struct hws_picture **ret)
{
	struct headless *h = of_platform(p);

	if (display >= h->count)
		return HWS_ERR_NOTFOUND;
	const struct hws_display *l = &h->list[display];
	int r = hws_picture_new(HWS_PIXEL_BGRA, l->width, l->height, ret);
	return r < 0 ? r : take_snapshot(h, &(struct hl_snap){ *ret, display });
}

void hws_headless_set_format(struct hws_platform *p, enum hws_pixel_format format)
{
	of_platform(p)->format = format;
}

void hws_headless_fail_grabs(struct hws_platform *p, unsigned count)
{
	of_platform(p)->fail_grabs = count;
}

unsigned hws_headless_grabs(const struct hws_platform *p)
{
	return of_platform(p)->grabs;
}
