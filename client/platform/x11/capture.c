/* Damage is collected by the server (one event until it is asked for), fetched as a region, and
 * only those rectangles are copied: into shared memory by the server, from there into the picture,
 * to the pixel: who needs another format converts what he needs of it, on a thread of his own. */
#include "client/platform/capture_source.h"
#include "client/platform/x11/desktop.h"
#include "client/platform/x11/displays.h"
#include "client/platform/x11/pixels.h"
#include "client/platform/x11/shm.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

struct view { /* one display */
	struct x11_capture *owner;
	unsigned index;
	bool started, signalled, grabbing;
	bool stopped; /* since the grab under way began: nobody waits for it */
	struct hws_region damage;
	struct hws_region taken;  /* what the grab under way covers, display coordinates */
	struct hws_picture *into; /* of the grab under way, locked */
	struct x11_shm seg;
	unsigned answered; /* images of `taken` so far */
	size_t offset;     /* in the segment, of the next image */
	int failed;
};

struct x11_capture {
	struct hws_capture_source base;
	struct x11_desktop *d;
	struct x11_pixels pixels;
	struct hws_display list[HWS_DISPLAYS_MAX];
	unsigned count;
	struct view view[HWS_DISPLAYS_MAX];
	xcb_damage_damage_t damage;
	xcb_xfixes_region_t region;
	bool watching;           /* the damage object exists */
	bool pending;            /* the server holds damage that was not fetched */
	unsigned heard, fetched; /* sequence numbers of the last event and of the last fetch */
	struct hws_list asks;
	struct hws_timer settle;
	unsigned generation; /* of the display list: answers of an older one are dropped */
};

struct ask { /* travels with an awaited answer */
	struct hws_list node;
	struct x11_capture *c;
	struct view *v;
	unsigned generation;
	struct hws_picture *into; /* of a snapshot, locked */
};

static struct x11_capture *self_of(const struct hws_capture_source *s)
{
	return hws_container((struct hws_capture_source *)s, struct x11_capture, base);
}

static const struct hws_display *x11_displays(struct hws_capture_source *base, unsigned *ret_count)
{
	struct x11_capture *c = self_of(base);

	*ret_count = c->count;
	return c->list;
}

static enum hws_pixel_format x11_format(const struct hws_capture_source *base HWS_UNUSED)
{
	return HWS_PIXEL_BGRA;
}

/* --- awaited answers --- */

static int ask_new(struct x11_capture *c, struct view *v, struct ask **ret)
{
	struct ask *a = hws_alloc(sizeof(*a));

	if (!a)
		return HWS_ERR_NOMEM;
	a->c = c;
	a->v = v;
	a->generation = c->generation;
	hws_list_push(&c->asks, &a->node);
	*ret = a;
	return HWS_OK;
}

static void ask_free(struct ask *a)
{
	hws_list_remove(&a->node);
	hws_picture_unlock(a->into);
	hws_free(a);
}

/* The view, or NULL when it has another meaning by now. */
static struct view *ask_done(struct ask *a)
{
	struct x11_capture *c = a->c;
	struct view *v = a->generation != c->generation || c->d->lost ? NULL : a->v;

	ask_free(a);
	return v;
}

/* --- watching --- */

static void watch_damage(struct x11_capture *c)
{
	bool want = false;

	for (unsigned i = 0; i < c->count; i++)
		want = want || c->view[i].started;
	if (want == c->watching)
		return;
	c->watching = want;
	if (want) {
		c->damage = xcb_generate_id(c->d->conn);
		xcb_damage_create(c->d->conn, c->damage, c->d->screen->root,
				XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
	} else {
		xcb_damage_destroy(c->d->conn, c->damage);
		c->pending = false;
	}
	x11_flush(c->d);
}

static void signal_view(struct view *v)
{
	if (!v->started || v->signalled)
		return;
	v->signalled = true;
	hws_capture_source_damaged(v->owner->base.capture, v->index);
}

void x11_capture_on_damage(struct x11_capture *c, const xcb_generic_event_t *e)
{
	c->pending = true;
	c->heard = e->full_sequence;
	for (unsigned i = 0; i < c->count; i++)
		signal_view(&c->view[i]);
}

static struct hws_rect box_of(const struct x11_capture *c, unsigned i)
{
	const struct hws_display *l = &c->list[i];

	return (struct hws_rect){ l->x, l->y, l->width, l->height };
}

static void first_signal(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct view *v = ask_done(arg);

	(void)reply;
	(void)error;
	if (v)
		signal_view(v);
}

/* An answer that brings nothing but the proof that the server has come so far. */
static int await_sync(struct view *v, x11_answer_fn fn)
{
	struct x11_desktop *d = v->owner->d;
	struct ask *a;
	int r = ask_new(v->owner, v, &a);

	if (r < 0)
		return r;
	r = x11_await(d, xcb_get_input_focus(d->conn).sequence, fn, a);
	if (r < 0)
		ask_free(a);
	return r;
}

static int x11_start(struct hws_capture_source *base, unsigned display)
{
	struct x11_capture *c = self_of(base);

	if (display >= c->count)
		return HWS_ERR_NOTFOUND;
	struct view *v = &c->view[display];
	const struct hws_display *l = &c->list[display];
	if (c->d->has_shm && !v->seg.data)
		x11_shm_new(c->d, (size_t)l->width * 4 * (size_t)l->height, &v->seg);
	v->started = true;
	v->signalled = false;
	hws_region_clear(&v->damage);
	hws_region_add(&v->damage, (struct hws_rect){ 0, 0, l->width, l->height });
	watch_damage(c);
	return await_sync(v, first_signal);
}

static void x11_stop(struct hws_capture_source *base, unsigned display)
{
	struct x11_capture *c = self_of(base);

	if (display >= c->count || !c->view[display].started)
		return;
	struct view *v = &c->view[display];
	v->started = v->signalled = false;
	v->stopped = v->grabbing;
	watch_damage(c);
	if (!v->grabbing)
		x11_shm_free(c->d, &v->seg);
}

/* --- grabbing --- */

static void grab_done(struct view *v, int r)
{
	struct x11_capture *c = v->owner;
	bool stopped = v->stopped;

	v->grabbing = v->stopped = false;
	hws_picture_unlock(v->into);
	v->into = NULL;
	if (!v->started)
		x11_shm_free(c->d, &v->seg);
	if (stopped)
		return;
	if (r < 0 && r != HWS_ERR_AGAIN)
		hws_region_add_all(&v->damage, &v->taken);
	hws_capture_source_grabbed(c->base.capture, v->index, r, &v->taken);
}

static void image_done(struct view *v, const uint8_t *data, size_t len)
{
	struct hws_rect r = v->taken.rect[v->answered];
	const struct x11_pixels *px = &v->owner->pixels;
	size_t need = x11_pixels_row(px, r.w) * (size_t)r.h;
	struct hws_picture *to = v->into;

	if (data && len >= need)
		x11_pixels_to_bgra(px, data, r.w, r.h,
				to->plane[0] + (ptrdiff_t)r.y * to->stride[0] + (ptrdiff_t)r.x * 4,
				(size_t)to->stride[0]);
	else
		v->failed = HWS_ERR_DISPLAY;
	v->offset += need;
	v->answered++;
	if (v->answered == v->taken.n)
		grab_done(v, v->failed);
}

static void on_shm_image(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct view *v = ask_done(arg);

	(void)error;
	if (v)
		image_done(v, reply ? v->seg.data + v->offset : NULL, v->seg.size - v->offset);
}

static void on_socket_image(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct view *v = ask_done(arg);

	(void)error;
	if (v)
		image_done(v, reply ? xcb_get_image_data(reply) : NULL,
				reply ? (size_t)xcb_get_image_data_length(reply) : 0);
}

static int request_image(struct view *v, struct hws_rect r, size_t offset)
{
	struct x11_capture *c = v->owner;
	xcb_connection_t *conn = c->d->conn;
	xcb_window_t root = c->d->screen->root;
	int16_t x = (int16_t)(r.x + c->list[v->index].x), y = (int16_t)(r.y + c->list[v->index].y);
	uint16_t w = (uint16_t)r.w, h = (uint16_t)r.h;
	struct ask *a;
	int err = ask_new(c, v, &a);

	if (err < 0)
		return err;
	if (v->seg.data)
		err = x11_await(c->d,
				xcb_shm_get_image(conn, root, x, y, w, h, ~0u,
						XCB_IMAGE_FORMAT_Z_PIXMAP, v->seg.id,
						(uint32_t)offset)
						.sequence,
				on_shm_image, a);
	else
		err = x11_await(c->d,
				xcb_get_image(conn, XCB_IMAGE_FORMAT_Z_PIXMAP, root, x, y, w, h,
						~0u)
						.sequence,
				on_socket_image, a);
	if (err < 0)
		ask_free(a);
	return err;
}

static void request_images(struct view *v)
{
	const struct hws_display *l = &v->owner->list[v->index];
	struct hws_region aligned = { 0 };

	for (unsigned i = 0; i < v->damage.n; i++)
		hws_region_add(&aligned, hws_rect_align2(v->damage.rect[i], l->width, l->height));
	/* Overlapping rectangles may be more than the picture itself. */
	if (hws_region_area(&aligned) > (long)l->width * l->height * 3 / 4)
		aligned = (struct hws_region){ 1, { hws_region_bounds(&aligned) } };
	v->taken = aligned;
	hws_region_clear(&v->damage);
	v->answered = 0;
	v->offset = 0;
	v->failed = HWS_OK;
	if (v->taken.n == 0) {
		grab_done(v, HWS_ERR_AGAIN);
		return;
	}
	size_t offset = 0;
	for (unsigned i = 0; i < v->taken.n; i++) {
		struct hws_rect r = v->taken.rect[i];
		int err = request_image(v, r, offset);
		if (err < 0 && i == 0) {
			grab_done(v, err);
			return;
		}
		if (err < 0) { /* the rest counts as damaged again */
			for (unsigned k = i; k < v->taken.n; k++)
				hws_region_add(&v->damage, v->taken.rect[k]);
			v->taken.n = i;
			signal_view(v);
			return;
		}
		offset += x11_pixels_row(&v->owner->pixels, r.w) * (size_t)r.h;
	}
}

static void on_region(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct view *v = ask_done(arg);
	xcb_xfixes_fetch_region_reply_t *r = reply;

	(void)error;
	if (!v)
		return;
	struct x11_capture *c = v->owner;
	/* An event that was on its way when the fetch was sent is about what has been fetched. */
	bool stale = (int)(c->heard - c->fetched) < 0;
	if (stale)
		c->pending = false;
	struct hws_region all = { 0 };
	if (r) {
		xcb_rectangle_t *rect = xcb_xfixes_fetch_region_rectangles(r);
		int n = xcb_xfixes_fetch_region_rectangles_length(r);
		for (int i = 0; i < n; i++)
			hws_region_add(&all,
					(struct hws_rect){ rect[i].x, rect[i].y, rect[i].width,
							rect[i].height });
	}
	for (unsigned i = 0; i < c->count; i++) {
		struct hws_region mine;
		if (!c->view[i].started)
			continue;
		hws_region_clip(&all, box_of(c, i), &mine);
		hws_region_add_all(&c->view[i].damage, &mine);
		if (stale && (&c->view[i] == v || c->view[i].damage.n == 0)) {
			c->view[i].signalled = false;
			hws_capture_source_taken(c->base.capture, i);
		} else if (&c->view[i] != v && mine.n) {
			signal_view(&c->view[i]);
		}
	}
	request_images(v);
}

static int x11_grab(struct hws_capture_source *base, unsigned display, struct hws_picture *into)
{
	struct x11_capture *c = self_of(base);
	struct ask *a;

	if (display >= c->count || !c->view[display].started)
		return HWS_ERR_NOTFOUND;
	struct view *v = &c->view[display];
	if (v->grabbing) /* of before a stop */
		return HWS_ERR_BUSY;
	if (c->d->lost)
		return HWS_ERR_DISPLAY;
	if (!c->pending && v->damage.n == 0) {
		v->signalled = false;
		return HWS_ERR_AGAIN;
	}
	int r = ask_new(c, v, &a);
	if (r < 0)
		return r;
	c->pending = false;
	c->fetched = xcb_damage_subtract(c->d->conn, c->damage, XCB_NONE, c->region).sequence;
	r = x11_await(c->d, xcb_xfixes_fetch_region(c->d->conn, c->region).sequence, on_region, a);
	if (r < 0) {
		ask_free(a);
		return r;
	}
	v->signalled = false;
	v->grabbing = true;
	v->into = hws_picture_lock(into);
	return HWS_OK;
}

static int take_snapshot(struct x11_capture *c, xcb_get_image_reply_t *img, struct hws_picture *p)
{
	size_t row = x11_pixels_row(&c->pixels, p->width);

	if (!img || (size_t)xcb_get_image_data_length(img) < row * (size_t)p->height)
		return HWS_ERR_DISPLAY;
	x11_pixels_to_bgra(&c->pixels, xcb_get_image_data(img), p->width, p->height, p->plane[0],
			(size_t)p->stride[0]);
	return HWS_OK;
}

static void on_snapshot(void *reply, const xcb_generic_error_t *error HWS_UNUSED, void *arg)
{
	struct ask *a = arg;

	hws_capture_source_snapped(
			a->c->base.capture, a->into, take_snapshot(a->c, reply, a->into));
	ask_free(a);
}

/* Whole and over the socket: it is rare, and need not wait for the segment of the pictures. */
static int x11_snapshot(struct hws_capture_source *base, unsigned display, struct hws_picture *into)
{
	struct x11_capture *c = self_of(base);
	struct ask *a;

	if (display >= c->count)
		return HWS_ERR_NOTFOUND;
	if (c->d->lost)
		return HWS_ERR_DISPLAY;
	int r = ask_new(c, NULL, &a);
	if (r < 0)
		return r;
	a->into = hws_picture_lock(into);
	const struct hws_display *l = &c->list[display];
	r = x11_await(c->d,
			xcb_get_image(c->d->conn, XCB_IMAGE_FORMAT_Z_PIXMAP, c->d->screen->root,
					(int16_t)l->x, (int16_t)l->y, (uint16_t)l->width,
					(uint16_t)l->height, ~0u)
					.sequence,
			on_snapshot, a);
	if (r < 0)
		ask_free(a);
	return r;
}

/* --- changes of the display list --- */

static void view_forget(struct x11_capture *c, struct view *v)
{
	x11_shm_free(c->d, &v->seg);
	hws_picture_unlock(v->into);
	v->into = NULL;
}

static void on_settled(void *arg)
{
	struct x11_capture *c = arg;
	struct hws_display list[HWS_DISPLAYS_MAX];
	struct hws_error err = { 0 };
	unsigned n = x11_displays_list(c->d, list, &err);

	if (n == 0) { /* whoever opens the desktop again reads why */
		x11_lose(c->d, err.text);
		return;
	}
	x11_flush(c->d);
	if (n == c->count && x11_displays_same(list, c->list, n)) {
		x11_screens_relist(c->d->screens); /* what they may become, perhaps */
		return;
	}
	c->generation++;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		struct view *v = &c->view[i];
		v->started = v->signalled = v->grabbing = v->stopped = false;
		view_forget(c, v);
	}
	watch_damage(c);
	memcpy(c->list, list, sizeof(list));
	c->count = n;
	x11_screens_relist(c->d->screens);
	hws_capture_source_relisted(c->base.capture);
}

/* One change makes several events: look when they have all come. */
void x11_capture_on_screen(struct x11_capture *c)
{
	hws_timer_start(c->d->loop, &c->settle, 20000, on_settled, c);
}

static const struct hws_capture_source_impl impl = {
	.displays = x11_displays,
	.format = x11_format,
	.start = x11_start,
	.stop = x11_stop,
	.grab = x11_grab,
	.snapshot = x11_snapshot,
};

int x11_capture_new(struct x11_desktop *d, struct hws_error *err)
{
	struct x11_pixels pixels;
	int r = x11_pixels_of(xcb_get_setup(d->conn), d->screen, &pixels, err);
	struct x11_capture *c;

	if (r < 0)
		return r;
	c = calloc(1, sizeof(*c));
	if (!c)
		return HWS_ERR_NOMEM;
	c->pixels = pixels;
	c->base.impl = &impl;
	c->d = d;
	hws_list_init(&c->asks);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		c->view[i].owner = c;
		c->view[i].index = i;
	}
	d->capture = c; /* freed with the desktop from now on */
	c->count = x11_displays_list(d, c->list, err);
	if (c->count == 0)
		return HWS_ERR_UNSUPPORTED;
	c->region = xcb_generate_id(d->conn);
	xcb_xfixes_create_region(d->conn, c->region, 0, NULL);
	xcb_randr_select_input(d->conn, d->screen->root,
			XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE | XCB_RANDR_NOTIFY_MASK_CRTC_CHANGE |
					XCB_RANDR_NOTIFY_MASK_OUTPUT_CHANGE);
	x11_root_events(d, XCB_EVENT_MASK_STRUCTURE_NOTIFY, true);
	return hws_capture_new(d->loop, &c->base, &d->base.capture);
}

void x11_capture_free(struct x11_capture *c)
{
	if (!c)
		return;
	hws_timer_stop(&c->settle);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		view_forget(c, &c->view[i]);
	struct hws_list *n;
	while ((n = hws_list_first(&c->asks)) != NULL) /* their answers are not awaited any more */
		ask_free(hws_container(n, struct ask, node));
	free(c);
}
