/* Cameras of a desktop in memory: a pattern whose every sample follows from its place and the
 * number of the picture. */
#include "client/platform/headless/doubles.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <string.h>

struct stream {
	struct hws_camera_stream base;
	struct camera *c;
	unsigned device;
	struct hws_camera_mode mode;
	struct hws_timer timer;
	struct hws_deferred gone;
	struct hws_picture_pool *pool;
	uint64_t begun_us, number;
	bool ticked, lost;
};

struct camera {
	struct hws_camera base;
	struct hws_loop *loop;
	struct hws_camera_device list[2];
	unsigned count;
	struct stream *open[2];
	struct hws_deferred relisted;
};

static const struct hws_camera_device devices[] = {
	{ "front", "Front camera",
			{ { HWS_PIXEL_NV12, 320, 240, 60 }, { HWS_PIXEL_I420, 320, 240, 60 },
					{ HWS_PIXEL_I420, 33, 17, 120 } },
			3 },
	{ "desk", "Document camera", { { HWS_PIXEL_I444, 64, 48, 120 } }, 1 },
};

static struct camera *self_of(struct hws_camera *c)
{
	return hws_container(c, struct camera, base);
}

static struct stream *stream_of(struct hws_camera_stream *t)
{
	return hws_container(t, struct stream, base);
}

uint8_t hws_headless_camera_luma(int x, int y, uint64_t number)
{
	return (uint8_t)(16 + ((uint64_t)(x + 2 * y) + 3 * number) % 220);
}

/* Chroma is the same all over a picture: U one way, V the other. */
uint8_t hws_headless_camera_chroma(unsigned which, uint64_t number)
{
	return (uint8_t)(which ? 128 - number % 64 : 128 + number % 64);
}

static void draw(struct hws_picture *p, uint64_t number)
{
	const struct hws_pixel_row *row = hws_pixel_row(p->format);

	for (int y = 0; y < p->height; y++)
		for (int x = 0; x < p->width; x++)
			p->plane[0][y * p->stride[0] + x] = hws_headless_camera_luma(x, y, number);
	for (unsigned i = 1; i < row->planes; i++) {
		int w = hws_plane_side(p->width, row->plane[i].x_shift) * row->plane[i].bytes;
		int h = hws_plane_side(p->height, row->plane[i].y_shift);
		for (int y = 0; y < h; y++)
			for (int x = 0; x < w; x++)
				p->plane[i][y * p->stride[i] + x] = hws_headless_camera_chroma(
						row->planes == 2 ? (unsigned)x % 2 : i - 1, number);
	}
}

static const struct hws_camera_device *hl_devices(struct hws_camera *base, unsigned *ret_count)
{
	struct camera *c = self_of(base);

	*ret_count = c->count;
	return c->list;
}

static void on_tick(void *arg)
{
	struct stream *t = arg;
	uint64_t now = hws_clock_us(), pace = HWS_US_PER_S / t->mode.fps;
	struct hws_picture *p;

	/* What was missed is counted; a timer that is early by a hair gives no number twice. */
	uint64_t number = (now - t->begun_us) / pace;
	t->number = t->ticked && number <= t->number ? t->number + 1 : number;
	t->ticked = true;
	hws_timer_start(t->c->loop, &t->timer, t->begun_us + (t->number + 1) * pace - now + 1,
			on_tick, t);
	if (hws_picture_pool_get(t->pool, t->mode.format, t->mode.width, t->mode.height, &p) < 0)
		return; /* all are locked: this one is dropped */
	draw(p, t->number);
	struct hws_camera_frame frame = { p, t->number, t->begun_us + t->number * pace };
	t->base.conf.on_frame(&frame, t->base.conf.arg); /* may close it */
	hws_picture_drop(p);
}

static int hl_open(struct hws_camera *base, const struct hws_camera_device *device,
		const struct hws_camera_stream_conf *conf, struct hws_camera_stream **ret)
{
	struct camera *c = self_of(base);
	unsigned i = strcmp(device->id, devices[0].id) == 0 ? 0 : 1;

	if (c->open[i])
		return HWS_ERR_BUSY;
	struct stream *t = hws_alloc(sizeof(*t));
	if (!t)
		return HWS_ERR_NOMEM;
	int r = hws_picture_pool_new(HWS_CAMERA_PICTURES, &t->pool);
	if (r < 0) {
		hws_free(t);
		return r;
	}
	t->c = c;
	t->device = i;
	t->mode = conf->mode;
	t->begun_us = hws_clock_us();
	c->open[i] = t;
	hws_timer_start(c->loop, &t->timer, 1, on_tick, t);
	*ret = &t->base;
	return HWS_OK;
}

static void hl_close(struct hws_camera_stream *base)
{
	struct stream *t = stream_of(base);

	hws_timer_stop(&t->timer);
	hws_loop_defer_cancel(&t->gone);
	hws_picture_pool_free(t->pool);
	t->c->open[t->device] = NULL;
	hws_free(t);
}

static const struct hws_camera_impl impl = { hl_devices, hl_open, hl_close };

int hl_camera_new(struct hws_loop *loop, struct hws_camera **ret)
{
	struct camera *c = hws_alloc(sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	c->base.impl = &impl;
	c->loop = loop;
	c->count = HWS_COUNT(devices);
	memcpy(c->list, devices, sizeof(devices));
	*ret = &c->base;
	return HWS_OK;
}

void hl_camera_free(struct hws_camera *base)
{
	if (!base)
		return;
	hws_loop_defer_cancel(&self_of(base)->relisted);
	hws_free(self_of(base));
}

/* --- what tests do --- */

static void tell_gone(void *arg)
{
	struct stream *t = arg;

	if (t->base.conf.on_lost)
		t->base.conf.on_lost("the camera was unplugged", t->base.conf.arg);
}

static void tell_relisted(void *arg)
{
	struct camera *c = arg;

	if (c->base.ev.on_devices)
		c->base.ev.on_devices(c->base.ev.arg);
}

void hws_headless_camera_plug(struct hws_camera *base, bool plugged)
{
	struct camera *c = self_of(base);
	struct stream *t = c->open[0];

	/* The front camera comes and goes; the other one is built in. */
	c->count = plugged ? 2 : 1;
	memcpy(c->list, plugged ? &devices[0] : &devices[1], c->count * sizeof(devices[0]));
	hws_loop_defer(c->loop, &c->relisted, tell_relisted, c);
	if (plugged || !t || t->lost)
		return;
	t->lost = true;
	hws_timer_stop(&t->timer);
	hws_loop_defer(c->loop, &t->gone, tell_gone, t);
}
