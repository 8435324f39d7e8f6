/* Damage is collected by the server (one event until it is asked for), fetched as a region, and only those
 * rectangles are copied: into shared memory by the server, from there converted straight to I420. */
#include "client/media/pixels.h"
#include "client/platform/x11/desktop.h"
#include "client/platform/x11/pixels.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

struct segment {
	xcb_shm_seg_t id;
	uint8_t *data;
	size_t size;
};

struct view { /* one display */
	struct x11_capture *owner;
	unsigned index;
	bool started, signalled, grabbing, out;
	struct hws_region damage;
	struct hws_region taken; /* what the grab under way covers, display coordinates */
	struct hws_picture *picture;
	struct segment seg;
	unsigned answered; /* images of `taken` so far */
	size_t offset;     /* in the segment, of the next image */
	int failed;
};

struct x11_capture {
	struct hws_capture base;
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
	struct hws_timer settle;
	unsigned generation; /* of the display list: answers of an older one are dropped */
};

struct ask { /* travels with an awaited answer */
	struct view *v;
	unsigned generation;
};

static struct x11_capture *self_of(struct hws_capture *c)
{
	return hws_container(c, struct x11_capture, base);
}

/* --- display list --- */

static void monitor_name(struct x11_desktop *d, xcb_atom_t atom, char *buf, size_t size)
{
	xcb_get_atom_name_reply_t *r =
			xcb_get_atom_name_reply(d->conn, xcb_get_atom_name(d->conn, atom), NULL);

	buf[0] = 0;
	if (r) {
		size_t n = HWS_MIN((size_t)xcb_get_atom_name_name_length(r), size - 1);
		hws_str_escape(buf, size, hws_bytes(xcb_get_atom_name_name(r), n));
	}
	free(r);
}

static void whole_screen(struct x11_capture *c, struct hws_display *to)
{
	xcb_get_geometry_reply_t *g = xcb_get_geometry_reply(
			c->d->conn, xcb_get_geometry(c->d->conn, c->d->screen->root), NULL);

	*to = (struct hws_display){ .primary = true, .name = "screen" };
	to->width = g ? g->width : c->d->screen->width_in_pixels;
	to->height = g ? g->height : c->d->screen->height_in_pixels;
	free(g);
}

/* What no encoder takes is not offered: it would fail with every picture. */
static bool fits(const struct hws_display *d, struct hws_error *err)
{
	if (hws_picture_fits(d->width, d->height))
		return true;
	hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"the screen of this host has %d x %d pixels, and hawser shows up to %d x %d "
			"and %ld million in all: make it smaller (xrandr)",
			d->width, d->height, HWS_PICTURE_SIDE_MAX, HWS_PICTURE_SIDE_MAX,
			HWS_PICTURE_PIXELS_MAX / 1000000);
	hws_warn("x11.display_too_large", HWS_STR("display", d->name), HWS_I64("width", d->width),
			HWS_I64("height", d->height));
	return false;
}

/* 0: nothing that can be shown, `err` says why. */
static unsigned list_displays(
		struct x11_capture *c, struct hws_display *list, struct hws_error *err)
{
	xcb_connection_t *conn = c->d->conn;
	struct hws_display whole;
	unsigned n = 0;
	bool any = false;
	xcb_randr_get_monitors_reply_t *r = xcb_randr_get_monitors_reply(
			conn, xcb_randr_get_monitors(conn, c->d->screen->root, 1), NULL);

	whole_screen(c, &whole);
	xcb_randr_monitor_info_iterator_t it = { 0 };
	if (r)
		it = xcb_randr_get_monitors_monitors_iterator(r);
	for (; it.rem && n < HWS_DISPLAYS_MAX; xcb_randr_monitor_info_next(&it)) {
		/* During a change a monitor may reach beyond the screen: never ask for such pixels. */
		struct hws_rect box = hws_rect_intersect(
				(struct hws_rect){ it.data->x, it.data->y, it.data->width,
						it.data->height },
				(struct hws_rect){ 0, 0, whole.width, whole.height });
		if (hws_rect_empty(box))
			continue;
		list[n] = (struct hws_display){ .x = box.x,
			.y = box.y,
			.width = box.w,
			.height = box.h,
			.primary = it.data->primary };
		monitor_name(c->d, it.data->name, list[n].name, sizeof(list[n].name));
		any = true;
		n += fits(&list[n], err);
	}
	free(r);
	if (!any && fits(&whole, err))
		list[n++] = whole;
	return n;
}

static const struct hws_display *x11_displays(struct hws_capture *base, unsigned *ret_count)
{
	struct x11_capture *c = self_of(base);

	*ret_count = c->count;
	return c->list;
}

/* --- shared memory --- */

static void segment_free(struct x11_desktop *d, struct segment *s)
{
	if (s->data) {
		if (!d->lost)
			xcb_shm_detach(d->conn, s->id);
		shmdt(s->data);
	}
	*s = (struct segment){ 0 };
}

/* Without it pictures travel over the socket, which is slow but works everywhere. */
static void segment_new(struct x11_desktop *d, size_t size, struct segment *s)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);

	if (id < 0)
		return;
	void *data = shmat(id, NULL, 0);
	if (data == (void *)-1) {
		shmctl(id, IPC_RMID, NULL);
		return;
	}
	s->id = xcb_generate_id(d->conn);
	xcb_generic_error_t *e = xcb_request_check(
			d->conn, xcb_shm_attach_checked(d->conn, s->id, (uint32_t)id, 0));
	shmctl(id, IPC_RMID, NULL); /* it lives until both sides have let go */
	if (e) {
		hws_debug("x11.shm_refused", HWS_U64("code", e->error_code));
		free(e);
		shmdt(data);
		d->has_shm = false;
		return;
	}
	s->data = data;
	s->size = size;
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
	struct hws_capture_events *ev = &v->owner->base.ev;

	if (!v->started || v->signalled)
		return;
	v->signalled = true;
	if (ev->on_damage)
		ev->on_damage(v->index, ev->arg);
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
	struct ask *a = arg;

	(void)reply;
	(void)error;
	if (!a->v->owner->d->lost && a->generation == a->v->owner->generation)
		signal_view(a->v);
	hws_free(a);
}

static int ask_new(struct view *v, struct ask **ret)
{
	struct ask *a = hws_alloc(sizeof(*a));

	if (!a)
		return HWS_ERR_NOMEM;
	a->v = v;
	a->generation = v->owner->generation;
	*ret = a;
	return HWS_OK;
}

/* An answer that brings nothing but the proof that the server has come so far. */
static int await_sync(struct view *v, x11_answer_fn fn)
{
	struct x11_desktop *d = v->owner->d;
	struct ask *a;
	int r = ask_new(v, &a);

	if (r < 0)
		return r;
	r = x11_await(d, xcb_get_input_focus(d->conn).sequence, fn, a);
	if (r < 0)
		hws_free(a);
	return r;
}

static int x11_start(struct hws_capture *base, unsigned display)
{
	struct x11_capture *c = self_of(base);

	if (display >= c->count)
		return HWS_ERR_NOTFOUND;
	struct view *v = &c->view[display];
	if (v->started)
		return HWS_OK;
	int r = HWS_OK;
	if (!v->picture)
		r = hws_picture_new(HWS_PIXEL_I420, c->list[display].width, c->list[display].height,
				&v->picture);
	if (r < 0)
		return r;
	if (c->d->has_shm && !v->seg.data)
		segment_new(c->d, (size_t)v->picture->width * 4 * (size_t)v->picture->height,
				&v->seg);
	v->started = true;
	v->signalled = false;
	hws_region_clear(&v->damage);
	hws_region_add(&v->damage,
			(struct hws_rect){ 0, 0, c->list[display].width, c->list[display].height });
	watch_damage(c);
	return await_sync(v, first_signal);
}

static void view_forget(struct x11_capture *c, struct view *v)
{
	segment_free(c->d, &v->seg);
	hws_picture_drop(v->picture);
	v->picture = NULL;
}

static void x11_stop(struct hws_capture *base, unsigned display)
{
	struct x11_capture *c = self_of(base);

	if (display >= c->count || !c->view[display].started)
		return;
	struct view *v = &c->view[display];
	v->started = v->signalled = false;
	watch_damage(c);
	if (!v->out && !v->grabbing)
		view_forget(c, v);
}

/* --- grabbing --- */

static void grab_done(struct view *v, int r)
{
	struct x11_capture *c = v->owner;

	v->grabbing = false;
	if (!v->started) {
		view_forget(c, v);
		return;
	}
	if (r < 0) {
		if (r != HWS_ERR_AGAIN)
			hws_region_add_all(&v->damage, &v->taken);
	} else {
		v->out = true;
	}
	struct hws_capture_events *ev = &c->base.ev;
	if (ev->on_frame)
		ev->on_frame(v->index, r, r < 0 ? NULL : v->picture, r < 0 ? NULL : &v->taken,
				ev->arg);
}

static void image_done(struct view *v, const uint8_t *data, size_t len)
{
	struct hws_rect r = v->taken.rect[v->answered];
	const struct x11_pixels *px = &v->owner->pixels;
	size_t need = x11_pixels_row(px, r.w) * (size_t)r.h;
	int err = HWS_ERR_DISPLAY;

	if (data && len >= need)
		err = x11_pixels_to_i420(px, data, v->picture, r);
	if (err < 0)
		v->failed = err;
	v->offset += need;
	v->answered++;
	if (v->answered == v->taken.n)
		grab_done(v, v->failed);
}

static void on_shm_image(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct ask *a = arg;
	struct view *v = a->v;
	bool stale = a->generation != v->owner->generation || v->owner->d->lost;

	(void)error;
	hws_free(a);
	if (!stale)
		image_done(v, reply ? v->seg.data + v->offset : NULL, v->seg.size - v->offset);
}

static void on_socket_image(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct ask *a = arg;
	struct view *v = a->v;
	bool stale = a->generation != v->owner->generation || v->owner->d->lost;

	(void)error;
	hws_free(a);
	if (!stale)
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
	int err = ask_new(v, &a);

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
		hws_free(a);
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
			return;
		}
		offset += x11_pixels_row(&v->owner->pixels, r.w) * (size_t)r.h;
	}
}

static void on_region(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct ask *a = arg;
	struct view *v = a->v;
	struct x11_capture *c = v->owner;
	bool stale = a->generation != c->generation || c->d->lost;
	xcb_xfixes_fetch_region_reply_t *r = reply;

	(void)error;
	hws_free(a);
	if (stale)
		return;
	/* An event that was on its way when the fetch was sent is about what has been fetched. */
	if ((int)(c->heard - c->fetched) < 0) {
		c->pending = false;
		for (unsigned i = 0; i < c->count; i++)
			c->view[i].signalled = false;
	}
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
		if (&c->view[i] != v && mine.n)
			signal_view(&c->view[i]);
	}
	request_images(v);
}

static int x11_grab(struct hws_capture *base, unsigned display)
{
	struct x11_capture *c = self_of(base);
	struct ask *a;

	if (display >= c->count || !c->view[display].started)
		return HWS_ERR_NOTFOUND;
	struct view *v = &c->view[display];
	if (v->grabbing || v->out)
		return HWS_ERR_BUSY;
	if (c->d->lost)
		return HWS_ERR_DISPLAY;
	if (!c->pending && v->damage.n == 0) {
		v->signalled = false;
		return HWS_ERR_AGAIN;
	}
	int r = ask_new(v, &a);
	if (r < 0)
		return r;
	c->pending = false;
	c->fetched = xcb_damage_subtract(c->d->conn, c->damage, XCB_NONE, c->region).sequence;
	r = x11_await(c->d, xcb_xfixes_fetch_region(c->d->conn, c->region).sequence, on_region, a);
	if (r < 0) {
		hws_free(a);
		return r;
	}
	v->signalled = false;
	v->grabbing = true;
	return HWS_OK;
}

static void x11_release(struct hws_capture *base, unsigned display)
{
	struct x11_capture *c = self_of(base);

	if (display >= HWS_DISPLAYS_MAX)
		return;
	struct view *v = &c->view[display];
	v->out = false;
	if (!v->started && !v->grabbing)
		view_forget(c, v);
}

static int x11_snapshot(struct hws_capture *base, unsigned display, struct hws_picture **ret)
{
	struct x11_capture *c = self_of(base);
	struct hws_picture *p;

	if (display >= c->count)
		return HWS_ERR_NOTFOUND;
	const struct hws_display *l = &c->list[display];
	int r = hws_picture_new(HWS_PIXEL_BGRA, l->width, l->height, &p);
	if (r < 0)
		return r;
	xcb_get_image_reply_t *img = xcb_get_image_reply(c->d->conn,
			xcb_get_image(c->d->conn, XCB_IMAGE_FORMAT_Z_PIXMAP, c->d->screen->root,
					(int16_t)l->x, (int16_t)l->y, (uint16_t)l->width,
					(uint16_t)l->height, ~0u),
			NULL);
	x11_flush(c->d); /* the wait may have read events */
	size_t row = x11_pixels_row(&c->pixels, l->width);
	if (!img || (size_t)xcb_get_image_data_length(img) < row * (size_t)l->height) {
		free(img);
		hws_picture_drop(p);
		return HWS_ERR_DISPLAY;
	}
	x11_pixels_to_bgra(&c->pixels, xcb_get_image_data(img), l->width, l->height, p->plane[0],
			(size_t)p->stride[0]);
	free(img);
	*ret = p;
	return HWS_OK;
}

/* --- changes of the display list --- */

static bool same_lists(const struct hws_display *a, const struct hws_display *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (a[i].x != b[i].x || a[i].y != b[i].y || a[i].width != b[i].width ||
				a[i].height != b[i].height || a[i].primary != b[i].primary ||
				!hws_str_equal(a[i].name, b[i].name))
			return false;
	return true;
}

static void on_settled(void *arg)
{
	struct x11_capture *c = arg;
	struct hws_display list[HWS_DISPLAYS_MAX];
	struct hws_error err = { 0 };
	unsigned n = list_displays(c, list, &err);

	if (n == 0) { /* whoever opens the desktop again reads why */
		x11_lose(c->d, err.text);
		return;
	}
	x11_flush(c->d);
	if (n == c->count && same_lists(list, c->list, n))
		return;
	c->generation++;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		struct view *v = &c->view[i];
		v->started = v->signalled = v->grabbing = v->out = false;
		view_forget(c, v);
	}
	watch_damage(c);
	memcpy(c->list, list, sizeof(list));
	c->count = n;
	if (c->base.ev.on_displays)
		c->base.ev.on_displays(c->base.ev.arg);
}

/* One change makes several events: look when they have all come. */
void x11_capture_on_screen(struct x11_capture *c)
{
	hws_timer_start(c->d->loop, &c->settle, 20000, on_settled, c);
}

static const struct hws_capture_impl impl = {
	.displays = x11_displays,
	.start = x11_start,
	.stop = x11_stop,
	.grab = x11_grab,
	.release = x11_release,
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
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		c->view[i].owner = c;
		c->view[i].index = i;
	}
	d->capture = c; /* freed with the desktop from now on */
	c->count = list_displays(c, c->list, err);
	if (c->count == 0)
		return HWS_ERR_UNSUPPORTED;
	c->region = xcb_generate_id(d->conn);
	xcb_xfixes_create_region(d->conn, c->region, 0, NULL);
	xcb_randr_select_input(d->conn, d->screen->root,
			XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE | XCB_RANDR_NOTIFY_MASK_CRTC_CHANGE |
					XCB_RANDR_NOTIFY_MASK_OUTPUT_CHANGE);
	d->base.capture = &c->base;
	return HWS_OK;
}

void x11_capture_free(struct x11_capture *c)
{
	if (!c)
		return;
	hws_timer_stop(&c->settle);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		view_forget(c, &c->view[i]);
	free(c);
}
