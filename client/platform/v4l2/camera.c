/* The list of cameras. It is made anew by a worker, as drivers take their time, whenever something
 * changes among the devices: a camera that is plugged in is there first and may be opened later. */
#include "client/platform/v4l2/camera.h"
#include "client/platform/v4l2/camera_parts.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <event2/event_struct.h>
#include <stdalign.h>
#include <sys/inotify.h>
#include <unistd.h>

#define THREADS 2u /* a camera that hangs does not keep all others */
#define JOBS_MAX (4u * HWS_CAMERAS_MAX)
#define SETTLE_US (300 * HWS_US_PER_MS) /* until what was plugged in has its names and rights */

struct v4l2_scan {                 /* the worker's until it is done */
	struct hws_v4l2_camera *c; /* NULL: it has gone */
	struct v4l2_list list;
};

static void scan(void *arg);

static struct hws_v4l2_camera *self_of(struct hws_camera *c)
{
	return hws_container(c, struct hws_v4l2_camera, base);
}

static bool is_same(const struct v4l2_list *a, const struct v4l2_list *b)
{
	for (unsigned i = 0; i < a->count && i < b->count; i++) {
		const struct hws_camera_device *x = &a->device[i], *y = &b->device[i];

		if (a->node[i] != b->node[i] || x->modes != y->modes ||
				!hws_str_equal(x->id, y->id))
			return false;
	}
	return a->count == b->count;
}

static int run_scan(void *arg)
{
	v4l2_scan_nodes(&((struct v4l2_scan *)arg)->list);
	return HWS_OK;
}

static void scanned(void *arg, int r)
{
	struct v4l2_scan *s = arg;
	struct hws_v4l2_camera *c = s->c;
	bool same;

	if (!c) {
		hws_free(s);
		return;
	}
	c->scan = NULL;
	same = c->ready && is_same(&c->list, &s->list);
	if (r == HWS_OK)
		c->list = s->list;
	hws_free(s);
	if (c->again) {
		c->again = false;
		hws_timer_start(c->loop, &c->later, SETTLE_US, scan, c);
	}
	if (!c->ready) {
		c->ready = true;
		c->conf.on_ready(c->list.refused, c->conf.arg); /* may free it */
	} else if (!same && c->base.ev.on_devices) {
		c->base.ev.on_devices(c->base.ev.arg);
	}
}

static void scan(void *arg)
{
	struct hws_v4l2_camera *c = arg;
	struct v4l2_scan *s;

	if (c->scan) {
		c->again = true;
		return;
	}
	s = hws_alloc(sizeof(*s));
	if (!s)
		return;
	s->c = c;
	if (hws_work_submit(c->work, c->loop, run_scan, scanned, s) == HWS_OK) {
		c->scan = s;
		return;
	}
	hws_free(s);
	hws_timer_start(c->loop, &c->later, HWS_US_PER_S, scan, c);
}

static void on_changed(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct hws_v4l2_camera *c = arg;
	alignas(struct inotify_event) char room[4096];
	bool video = false;
	ssize_t n;

	while ((n = read(fd, room, sizeof(room))) > 0)
		for (char *at = room; at < room + n;) {
			const struct inotify_event *e = (const void *)at;

			video |= e->mask & IN_Q_OVERFLOW || !e->len ||
					hws_str_starts(e->name, "video");
			at += sizeof(*e) + e->len;
		}
	if (video)
		hws_timer_start(c->loop, &c->later, SETTLE_US, scan, c);
}

static int watch(struct hws_v4l2_camera *c)
{
	c->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (c->watch_fd < 0)
		return HWS_ERR_SYS;
	if (inotify_add_watch(c->watch_fd, "/dev",
			    IN_CREATE | IN_DELETE | IN_ATTRIB | IN_MOVED_TO) < 0)
		return HWS_ERR_SYS;
	if (event_assign(&c->changed, hws_loop_base(c->loop), c->watch_fd, EV_READ | EV_PERSIST,
			    on_changed, c) < 0 ||
			event_add(&c->changed, NULL) < 0)
		return HWS_ERR_NOMEM;
	return HWS_OK;
}

static const struct hws_camera_device *devices(struct hws_camera *base, unsigned *ret_count)
{
	*ret_count = self_of(base)->list.count;
	return self_of(base)->list.device;
}

static const struct hws_camera_impl impl = { devices, v4l2_stream_open, v4l2_stream_close };

int hws_v4l2_camera_new(struct hws_loop *loop, const struct hws_v4l2_camera_conf *conf,
		struct hws_camera **ret)
{
	struct hws_v4l2_camera *c = hws_alloc(sizeof(*c));
	int r;

	if (!c)
		return HWS_ERR_NOMEM;
	c->base.impl = &impl;
	c->conf = *conf;
	c->loop = loop;
	c->watch_fd = -1;
	hws_list_init(&c->streams);
	r = hws_work_new(THREADS, JOBS_MAX, &c->work);
	if (r < 0) {
		hws_v4l2_camera_free(&c->base);
		return r;
	}
	if (watch(c) < 0) /* those that are there are as good */
		hws_warn_limited("camera.not_watched");
	scan(c);
	*ret = &c->base;
	return HWS_OK;
}

void hws_v4l2_camera_free(struct hws_camera *base)
{
	struct hws_v4l2_camera *c;

	if (!base)
		return;
	c = self_of(base);
	if (c->changed.ev_base)
		event_del(&c->changed);
	if (c->watch_fd >= 0)
		close(c->watch_fd);
	hws_timer_stop(&c->later);
	if (c->scan)
		c->scan->c = NULL;
	v4l2_streams_orphan(c);
	hws_work_free(c->work);
	hws_free(c);
}
