/* The events of a camera that runs. What a driver may take its time for (a camera at a slow bus
 * answers within seconds) is done by a worker, one job at a time for each stream: between two of
 * them the device is the loop's. A stream that is closed meanwhile is ended by the job's end. */
#include "client/platform/v4l2/camera_parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <event2/event_struct.h>
#include <stdio.h>
#include <string.h>

#define SILENCE_US (10 * HWS_US_PER_S) /* a camera that gives no pictures for so long is lost */

struct v4l2_stream {
	struct hws_camera_stream base;
	struct hws_v4l2_camera *c; /* NULL: it has gone, and the stream is closed */
	struct hws_list node;
	struct hws_loop *loop;
	char id[sizeof(((struct hws_camera_device *)0)->id)];
	unsigned number;
	struct hws_camera_mode mode;
	struct hws_picture_pool *pool;
	struct v4l2_device device; /* the job's while one is at work */
	struct hws_picture *taken;
	bool works, closed, lost;
	bool waits; /* for one before it, that still has the device */
	struct event readable;
	struct hws_timer silence;
	char why[160];
	struct hws_deferred gone;
};

static struct v4l2_stream *stream_of(struct hws_camera_stream *t)
{
	return hws_container(t, struct v4l2_stream, base);
}

static void on_gone(void *arg)
{
	struct v4l2_stream *t = arg;

	if (t->base.conf.on_lost)
		t->base.conf.on_lost(t->why, t->base.conf.arg); /* may close it */
}

static void lose(struct v4l2_stream *t, const char *why)
{
	if (t->lost)
		return;
	t->lost = true;
	hws_timer_stop(&t->silence);
	hws_str_escape(t->why, sizeof(t->why), hws_bytes_str(why));
	hws_loop_defer(t->loop, &t->gone, on_gone, t);
}

static void on_silence(void *arg)
{
	struct v4l2_stream *t = arg;

	if (t->readable.ev_base)
		event_del(&t->readable);
	lose(t, "the camera gives no pictures");
}

/* --- jobs ------------------------------------------------------------------------------------ */

static int run_start(void *arg)
{
	struct v4l2_stream *t = arg;

	return v4l2_device_start(&t->device, t->number, t->id, &t->mode);
}

static int run_take(void *arg)
{
	struct v4l2_stream *t = arg;

	return v4l2_device_take(&t->device, t->pool, &t->taken);
}

static int run_stop(void *arg)
{
	struct v4l2_stream *t = arg;

	v4l2_device_stop(&t->device);
	return HWS_OK;
}

static void begin(struct v4l2_stream *t);

static struct v4l2_stream *find(struct hws_v4l2_camera *c, const char *id, bool closed)
{
	struct hws_list *n;

	hws_list_for (n, &c->streams) {
		struct v4l2_stream *t = hws_container(n, struct v4l2_stream, node);

		if (t->closed == closed && hws_str_equal(t->id, id))
			return t;
	}
	return NULL;
}

static void stopped(void *arg, int r HWS_UNUSED)
{
	struct v4l2_stream *t = arg, *next = NULL;

	v4l2_device_stop(&t->device); /* the job was dropped */
	hws_list_remove(&t->node);
	if (t->c && !find(t->c, t->id, true))
		next = find(t->c, t->id, false);
	if (next && next->waits)
		begin(next);
	hws_picture_pool_free(t->pool);
	hws_free(t);
}

/* It is closed, and no job is at work. */
static void finish(struct v4l2_stream *t)
{
	if (!t->c || hws_work_submit(t->c->work, t->loop, run_stop, stopped, t) < 0)
		stopped(t, HWS_OK);
}

static void await_picture(struct v4l2_stream *t)
{
	if (event_add(&t->readable, NULL) < 0)
		lose(t, "out of memory");
}

static void submit(struct v4l2_stream *t, int (*run)(void *), void (*done)(void *, int))
{
	t->works = true;
	if (hws_work_submit(t->c->work, t->loop, run, done, t) == HWS_OK)
		return;
	t->works = false;
	lose(t, "too much is to be done at once");
}

static void taken(void *arg, int r)
{
	struct v4l2_stream *t = arg;
	struct hws_picture *p = t->taken;
	struct hws_camera_frame frame = { p, t->device.number - 1, hws_clock_us() };

	t->works = false;
	t->taken = NULL;
	if (t->closed) {
		hws_picture_drop(p);
		finish(t);
		return;
	}
	if (r < 0 && r != HWS_ERR_AGAIN) {
		lose(t, t->device.why);
		return;
	}
	if (t->lost) {
		hws_picture_drop(p);
		return;
	}
	await_picture(t);
	if (!p)
		return;
	hws_timer_start(t->loop, &t->silence, SILENCE_US, on_silence, t);
	t->base.conf.on_frame(&frame, t->base.conf.arg); /* may close it */
	hws_picture_drop(p);
}

static void on_readable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	submit(arg, run_take, taken);
}

static void started(void *arg, int r)
{
	struct v4l2_stream *t = arg;

	t->works = false;
	if (t->closed) {
		finish(t);
		return;
	}
	if (r < 0 ||
			event_assign(&t->readable, hws_loop_base(t->loop), t->device.fd, EV_READ,
					on_readable, t) < 0) {
		lose(t, r < 0 && *t->device.why ? t->device.why : "it cannot be opened");
		return;
	}
	hws_timer_start(t->loop, &t->silence, SILENCE_US, on_silence, t);
	await_picture(t);
}

static void begin(struct v4l2_stream *t)
{
	t->waits = false;
	submit(t, run_start, started);
}

/* --- life ------------------------------------------------------------------------------------ */

int v4l2_stream_open(struct hws_camera *base, const struct hws_camera_device *device,
		const struct hws_camera_stream_conf *conf, struct hws_camera_stream **ret)
{
	struct hws_v4l2_camera *c = hws_container(base, struct hws_v4l2_camera, base);
	struct v4l2_stream *t;
	int r;

	if (find(c, device->id, false))
		return HWS_ERR_BUSY;
	t = hws_alloc(sizeof(*t));
	if (!t)
		return HWS_ERR_NOMEM;
	r = hws_picture_pool_new(HWS_CAMERA_PICTURES, &t->pool);
	if (r < 0) {
		hws_free(t);
		return r;
	}
	t->base.conf = *conf;
	t->c = c;
	t->loop = c->loop;
	t->number = c->list.node[device - c->list.device];
	memcpy(t->id, device->id, sizeof(t->id));
	t->mode = conf->mode;
	t->device.fd = -1;
	t->waits = find(c, device->id, true) != NULL;
	hws_list_push(&c->streams, &t->node);
	if (!t->waits)
		begin(t);
	*ret = &t->base;
	return HWS_OK;
}

void v4l2_stream_close(struct hws_camera_stream *base)
{
	struct v4l2_stream *t = stream_of(base);

	t->closed = true;
	if (t->readable.ev_base)
		event_del(&t->readable);
	hws_timer_stop(&t->silence);
	hws_loop_defer_cancel(&t->gone);
	if (!t->works)
		finish(t);
}

void v4l2_streams_orphan(struct hws_v4l2_camera *c)
{
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &c->streams) {
		hws_container(n, struct v4l2_stream, node)->c = NULL;
		hws_list_remove(n);
	}
}
