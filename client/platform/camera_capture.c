/* Cameras behind the interface of displays. A camera gives pictures at its own pace; of them the
 * newest is kept, and converted when a reader asks for it. */
#include "client/platform/camera_capture.h"
#include "client/media/pixels.h"
#include "client/platform/capture_source.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>

/* What is taken of a camera that can do more, without another wish: what a face or a document on a
 * table needs, and a codec codes in time. */
#define PIXELS_MAX (1920L * 1080)
#define FPS_MAX 30u
#define SNAPS_MAX HWS_CAPTURE_READERS_MAX
/* One that fails whenever it is opened is not tried again at once: all others stop for it. */
#define LOST_MIN_US (1 * HWS_US_PER_S)
#define LOST_MAX_US (30 * HWS_US_PER_S)

struct view { /* one camera */
	struct hws_camera_capture *c;
	unsigned index;
	struct hws_camera_mode mode;
	char id[128];
	struct hws_camera_stream *stream; /* NULL: it does not run */
	struct hws_picture *newest;       /* locked */
	bool fresh;                       /* nobody has grabbed it */
	struct hws_picture *into;         /* of a grab under way, locked */
	struct hws_deferred answer;
	bool lost; /* it has gone while it ran */
};

struct snap {                     /* a snapshot under way */
	struct hws_picture *into; /* locked; NULL: free */
	unsigned display;
};

struct hws_camera_capture {
	struct hws_capture_source source;
	struct hws_loop *loop;
	struct hws_camera *cameras;
	struct hws_camera_wish wish;
	struct hws_capture *capture;
	struct view view[HWS_CAMERAS_MAX];
	struct hws_display list[HWS_CAMERAS_MAX];
	unsigned count;
	struct snap snap[SNAPS_MAX];
	struct hws_deferred snapped, relist;
	struct hws_timer again; /* one was lost, and may still be in the list */
	uint64_t pause_us;
};

_Static_assert(HWS_CAMERAS_MAX <= HWS_DISPLAYS_MAX, "each camera is a display");

static struct hws_camera_capture *self_of(struct hws_capture_source *s)
{
	return hws_container(s, struct hws_camera_capture, source);
}

/* --- which cameras there are --- */

static bool can_show(const struct hws_camera_mode *m)
{
	return hws_picture_fits(m->width, m->height) && m->fps >= 1 &&
			hws_pixels_can(m->format, HWS_PIXEL_I420);
}

/* How far from the wish: sides in pixels. */
static long distance(const struct hws_camera_wish *w, const struct hws_camera_mode *m)
{
	return labs((long)m->width - w->width) + labs((long)m->height - w->height);
}

/* NULL: it has none that can be shown. */
static const struct hws_camera_mode *choose_mode(
		const struct hws_camera_wish *w, const struct hws_camera_device *d)
{
	const struct hws_camera_mode *any = NULL;

	/* Modes come best first. */
	for (unsigned i = 0; i < d->modes && i < HWS_CAMERA_MODES_MAX; i++) {
		const struct hws_camera_mode *m = &d->mode[i];

		if (!can_show(m))
			continue;
		if (w->width) {
			any = !any || distance(w, m) < distance(w, any) ? m : any;
			continue;
		}
		if ((long)m->width * m->height <= PIXELS_MAX)
			return m;
		any = m; /* the last one is the least of those that are too large */
	}
	return any;
}

static void take_list(struct hws_camera_capture *c)
{
	unsigned n;
	const struct hws_camera_device *device = hws_camera_devices(c->cameras, &n);

	c->count = 0;
	for (unsigned i = 0; i < n && c->count < HWS_CAMERAS_MAX; i++) {
		const struct hws_camera_mode *m = choose_mode(&c->wish, &device[i]);
		struct view *v = &c->view[c->count];
		struct hws_display *d = &c->list[c->count];

		if (!m || hws_str_copy(v->id, sizeof(v->id), device[i].id) < 0)
			continue;
		v->mode = *m;
		v->mode.fps = HWS_MIN(m->fps, c->wish.fps ? c->wish.fps : FPS_MAX);
		*d = (struct hws_display){
			.width = m->width, .height = m->height, .primary = c->count == 0
		};
		hws_str_escape(d->name, sizeof(d->name), hws_bytes_str(device[i].name));
		c->count++;
	}
}

static const struct hws_display *displays(struct hws_capture_source *s, unsigned *ret_count)
{
	struct hws_camera_capture *c = self_of(s);

	*ret_count = c->count;
	return c->list;
}

static enum hws_pixel_format format(const struct hws_capture_source *s HWS_UNUSED)
{
	return HWS_PIXEL_I420;
}

/* --- one camera --- */

static void view_stop(struct view *v)
{
	hws_camera_close(v->stream);
	v->stream = NULL;
	hws_loop_defer_cancel(&v->answer);
	hws_picture_unlock(v->into);
	hws_picture_unlock(v->newest);
	v->into = v->newest = NULL;
	v->fresh = v->lost = false;
}

static void relist(void *arg)
{
	struct hws_camera_capture *c = arg;

	hws_timer_stop(&c->again);
	for (unsigned i = 0; i < HWS_CAMERAS_MAX; i++)
		view_stop(&c->view[i]);
	take_list(c);
	hws_info("camera.list", HWS_U64("cameras", c->count));
	hws_capture_source_relisted(c->capture);
}

static void relist_soon(void *arg)
{
	struct hws_camera_capture *c = arg;

	c->pause_us = 0;
	hws_loop_defer(c->loop, &c->relist, relist, c);
}

static void on_frame(const struct hws_camera_frame *f, void *arg)
{
	struct view *v = arg;

	if (f->picture->width != v->mode.width || f->picture->height != v->mode.height)
		return; /* a camera that does not keep to its mode */
	hws_picture_unlock(v->newest);
	v->newest = hws_picture_lock(f->picture);
	if (v->fresh)
		return; /* told already */
	v->fresh = true;
	hws_capture_source_damaged(v->c->capture, v->index);
}

/* Its viewers keep the last picture until the list says what there is now. */
static void on_lost(const char *why, void *arg)
{
	struct view *v = arg;
	struct hws_camera_capture *c = v->c;

	hws_warn("camera.lost", HWS_STR("camera", c->list[v->index].name), HWS_STR("why", why));
	v->lost = true;
	if (v->newest) /* it has worked before */
		c->pause_us = 0;
	c->pause_us = c->pause_us ? HWS_MIN(2 * c->pause_us, LOST_MAX_US) : LOST_MIN_US;
	if (!hws_timer_active(&c->again))
		hws_timer_start(c->loop, &c->again, c->pause_us, relist, c);
}

static int start(struct hws_capture_source *s, unsigned display)
{
	struct hws_camera_capture *c = self_of(s);
	struct view *v = &c->view[display];
	const struct hws_camera_stream_conf conf = {
		.device = v->id, .mode = v->mode, .on_frame = on_frame, .on_lost = on_lost, .arg = v
	};

	return display < c->count ? hws_camera_open(c->cameras, &conf, &v->stream)
				  : HWS_ERR_NOTFOUND;
}

static void stop(struct hws_capture_source *s, unsigned display)
{
	view_stop(&self_of(s)->view[display]);
}

static void answer(void *arg)
{
	struct view *v = arg;
	struct hws_picture *into = v->into;
	struct hws_region all = { 0 };
	int r = hws_pixels_convert(v->newest, into);

	v->into = NULL;
	hws_region_add(&all, (struct hws_rect){ 0, 0, into->width, into->height });
	hws_picture_unlock(into);
	hws_capture_source_grabbed(v->c->capture, v->index, r, &all);
}

static int grab(struct hws_capture_source *s, unsigned display, struct hws_picture *into)
{
	struct view *v = &self_of(s)->view[display];

	if (!v->fresh)
		return HWS_ERR_AGAIN;
	v->fresh = false;
	v->into = hws_picture_lock(into);
	hws_loop_defer(v->c->loop, &v->answer, answer, v);
	return HWS_OK;
}

/* --- snapshots --- */

static int take_snapshot(const struct hws_camera_capture *c, const struct snap *s)
{
	const struct view *v = &c->view[s->display];

	if (s->display >= c->count || !v->newest)
		return HWS_ERR_AGAIN; /* a camera is not switched on for it */
	return hws_pixels_convert(v->newest, s->into);
}

static void on_snapped(void *arg)
{
	struct hws_camera_capture *c = arg;

	for (unsigned i = 0; i < SNAPS_MAX; i++) {
		struct snap s = c->snap[i];
		if (!s.into)
			continue;
		c->snap[i].into = NULL;
		hws_capture_source_snapped(c->capture, s.into, take_snapshot(c, &s));
		hws_picture_unlock(s.into);
	}
}

static int snapshot(struct hws_capture_source *s, unsigned display, struct hws_picture *into)
{
	struct hws_camera_capture *c = self_of(s);

	for (unsigned i = 0; i < SNAPS_MAX; i++)
		if (!c->snap[i].into) {
			c->snap[i] = (struct snap){ hws_picture_lock(into), display };
			hws_loop_defer(c->loop, &c->snapped, on_snapped, c);
			return HWS_OK;
		}
	return HWS_ERR_FULL;
}

/* --- life --- */

static const struct hws_capture_source_impl impl = { displays, format, start, stop, grab,
	snapshot };

int hws_camera_capture_new(struct hws_loop *loop, struct hws_camera *cameras,
		const struct hws_camera_wish *wish, struct hws_camera_capture **ret)
{
	struct hws_camera_capture *c = hws_alloc(sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	c->source.impl = &impl;
	c->loop = loop;
	c->cameras = cameras;
	c->wish = *wish;
	for (unsigned i = 0; i < HWS_CAMERAS_MAX; i++) {
		c->view[i].c = c;
		c->view[i].index = i;
	}
	int r = hws_capture_new(loop, &c->source, &c->capture);
	if (r < 0) {
		hws_free(c);
		return r;
	}
	take_list(c);
	cameras->ev = (struct hws_camera_events){ .on_devices = relist_soon, .arg = c };
	*ret = c;
	return HWS_OK;
}

void hws_camera_capture_free(struct hws_camera_capture *c)
{
	if (!c)
		return;
	c->cameras->ev = (struct hws_camera_events){ 0 };
	for (unsigned i = 0; i < HWS_CAMERAS_MAX; i++)
		view_stop(&c->view[i]);
	hws_loop_defer_cancel(&c->snapped);
	hws_loop_defer_cancel(&c->relist);
	hws_timer_stop(&c->again);
	for (unsigned i = 0; i < SNAPS_MAX; i++)
		hws_picture_unlock(c->snap[i].into);
	hws_capture_free(c->capture);
	hws_free(c);
}

struct hws_capture *hws_camera_capture_get(struct hws_camera_capture *c)
{
	return c->capture;
}
