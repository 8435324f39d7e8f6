/* Opens cameras: once their list is there, they are shown as displays. */
#include "client/platform/cameras.h"
#include "client/platform/camera_capture.h"
#include "client/platform/headless/doubles.h"
#include "client/platform/pipewire/camera.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

struct cameras {
	struct hws_platform base;
	struct hws_platform_opening *opening; /* NULL: it has ended */
	struct hws_loop *loop;
	struct hws_camera_capture *capture;
	bool is_double;
	void (*on_lost)(const char *why, void *arg);
	void *lost_arg;
};

static void cameras_free(struct hws_platform *p)
{
	struct cameras *c = hws_container(p, struct cameras, base);

	hws_camera_capture_free(c->capture);
	if (c->is_double)
		hl_camera_free(c->base.camera);
	else
		hws_pipewire_camera_free(c->base.camera);
	hws_free(c);
}

static void cancel(struct hws_platform_opening *o)
{
	cameras_free(&((struct cameras *)o->attempt)->base);
}

static void fail(struct cameras *c, int r, const struct hws_error *err)
{
	struct hws_platform_opening *o = c->opening;

	cameras_free(&c->base);
	hws_platform_opened(o, r, NULL, err->text[0] ? err : NULL);
}

static void finish(void *arg)
{
	struct cameras *c = arg;
	struct hws_platform_opening *o = c->opening;
	struct hws_error err = { 0 };
	int r = hws_camera_capture_new(c->loop, c->base.camera, &c->capture);

	if (r < 0) {
		fail(c, r, &err);
		return;
	}
	c->base.capture = hws_camera_capture_get(c->capture);
	c->opening = NULL;
	hws_platform_opened(o, HWS_OK, &c->base, NULL);
}

static void on_lost(const char *why, void *arg)
{
	struct cameras *c = arg;
	struct hws_error err = { 0 };

	if (c->opening) {
		int r = hws_error_set(&err, HWS_ERR_DISPLAY, "%s", why);
		fail(c, r, &err);
	} else if (c->on_lost) {
		c->on_lost(why, c->lost_arg);
	}
}

void hws_cameras_open(struct hws_platform_opening *o, const char *options)
{
	struct cameras *c = hws_alloc(sizeof(*c));
	struct hws_error err = { 0 };
	int r;

	if (!c) {
		hws_platform_opened(o, HWS_ERR_NOMEM, NULL, NULL);
		return;
	}
	c->base.name = "camera";
	c->base.free = cameras_free;
	c->opening = o;
	c->loop = o->loop;
	c->on_lost = o->conf.on_lost;
	c->lost_arg = o->conf.arg;
	c->is_double = options && hws_str_equal(options, "headless");
	o->attempt = c;
	o->cancel = cancel;
	if (c->is_double) {
		r = hl_camera_new(c->loop, &c->base.camera);
		if (r == HWS_OK)
			finish(c);
	} else {
		const struct hws_pipewire_camera_conf pc = { finish, on_lost, c };
		r = hws_pipewire_camera_new(c->loop, &pc, &c->base.camera, &err);
	}
	if (r < 0)
		fail(c, r, &err);
}
