/* Opens cameras: once their list is there, they are shown as displays. Those of the PipeWire server
 * come first, as that knows more of them than the kernel (libcamera, programs, who has which);
 * where there is no such server, or it has none, those that the kernel shows. */
#include "client/platform/cameras.h"
#include "client/platform/camera_capture.h"
#include "client/platform/headless/doubles.h"
#include "client/platform/pipewire/camera.h"
#include "client/platform/pulse/pulse.h"
#include "client/platform/v4l2/camera.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"

struct cameras {
	struct hws_platform base;
	struct hws_platform_opening *opening; /* NULL: it has ended */
	struct hws_loop *loop;
	struct hws_camera_capture *capture;
	struct hws_camera_wish wish;
	bool only_pipewire, only_v4l2, is_double;
	struct hws_camera *pipewire, *v4l2, *twin; /* base.camera is the one that is shown */
	struct hws_error no_pipewire;
	void (*on_lost)(const char *why, void *arg);
	void *lost_arg;
};

static void cameras_free(struct hws_platform *p)
{
	struct cameras *c = hws_container(p, struct cameras, base);

	hws_camera_capture_free(c->capture);
	if (c->twin)
		hl_sound_free(c->base.sound);
	else
		hws_pulse_free(c->base.sound);
	hl_camera_free(c->twin);
	hws_pipewire_camera_free(c->pipewire);
	hws_v4l2_camera_free(c->v4l2);
	hws_free(c);
}

static void cancel(struct hws_platform_opening *o)
{
	cameras_free(&((struct cameras *)o->attempt)->base);
}

static void fail(struct cameras *c, int r, const struct hws_error *err)
{
	struct hws_platform_opening *o = c->opening;
	struct hws_error why = *err;

	cameras_free(&c->base);
	hws_platform_opened(o, r, NULL, why.text[0] ? &why : NULL);
}

static void finish(struct cameras *c, struct hws_camera *shown)
{
	struct hws_platform_opening *o = c->opening;
	struct hws_error err = { 0 };
	int r = hws_camera_capture_new(c->loop, shown, &c->wish, &c->capture);

	/* for voice calls; a server that is not there yet is looked for by each stream */
	if (r == HWS_OK)
		r = c->twin ? hl_sound_new(c->loop, &c->base.sound)
			    : hws_pulse_new(c->loop, &c->base.sound);
	if (r < 0) {
		fail(c, r, &err);
		return;
	}
	c->base.camera = shown;
	c->base.capture = hws_camera_capture_get(c->capture);
	c->opening = NULL;
	hws_platform_opened(o, HWS_OK, &c->base, NULL);
}

/* --- the kernel's ---------------------------------------------------------------------------- */

static bool has_some(struct hws_camera *camera)
{
	unsigned n = 0;

	if (camera)
		hws_camera_devices(camera, &n);
	return n > 0;
}

static void on_v4l2(bool refused, void *arg)
{
	struct cameras *c = arg;
	struct hws_error err = c->no_pipewire;

	if (refused)
		hws_warn("camera.refused",
				HWS_STR("why",
						"this account may not open all of /dev/video*: is "
						"it in the group 'video'?"));
	if (has_some(c->v4l2) || c->only_v4l2) {
		hws_pipewire_camera_free(c->pipewire);
		c->pipewire = NULL;
		finish(c, c->v4l2);
		return;
	}
	hws_v4l2_camera_free(c->v4l2);
	c->v4l2 = NULL;
	if (c->pipewire) {
		finish(c, c->pipewire);
		return;
	}
	int r = hws_error_set(&err, HWS_ERR_UNSUPPORTED,
			"this host has no camera (looked for: /dev/video*%s, and %.250s)",
			refused ? ", which this account may not open (group 'video')" : "",
			c->no_pipewire.text);
	fail(c, r, &err);
}

static void try_v4l2(struct cameras *c)
{
	const struct hws_v4l2_camera_conf conf = { on_v4l2, c };
	int r = c->v4l2 ? HWS_OK : hws_v4l2_camera_new(c->loop, &conf, &c->v4l2);

	if (r < 0)
		fail(c, r, &c->no_pipewire);
}

/* --- PipeWire's ------------------------------------------------------------------------------ */

static void on_pipewire(void *arg)
{
	struct cameras *c = arg;

	if (has_some(c->pipewire) || c->only_pipewire)
		finish(c, c->pipewire);
	else
		try_v4l2(c);
}

static void on_lost(const char *why, void *arg)
{
	struct cameras *c = arg;

	if (!c->opening) {
		if (c->on_lost)
			c->on_lost(why, c->lost_arg);
		return;
	}
	int r = hws_error_set(&c->no_pipewire, HWS_ERR_DISPLAY, "%s", why);
	if (c->only_pipewire) {
		fail(c, r, &c->no_pipewire);
		return;
	}
	hws_pipewire_camera_free(c->pipewire);
	c->pipewire = NULL;
	try_v4l2(c);
}

static void try_pipewire(struct cameras *c)
{
	const struct hws_pipewire_camera_conf conf = { on_pipewire, on_lost, c };
	int r = hws_pipewire_camera_new(c->loop, &conf, &c->pipewire, &c->no_pipewire);

	if (r < 0 && (c->only_pipewire || r == HWS_ERR_NOMEM))
		fail(c, r, &c->no_pipewire);
	else if (r < 0)
		try_v4l2(c);
}

/* --- what is wished -------------------------------------------------------------------------- */

static int read_option(const char *part, void *arg)
{
	struct cameras *c = arg;

	if (hws_str_starts(part, "size="))
		return hws_camera_wish_size(&c->wish, part + 5);
	if (hws_str_starts(part, "fps="))
		return hws_camera_wish_fps(&c->wish, part + 4);
	c->is_double |= hws_str_equal(part, "headless");
	c->only_pipewire |= hws_str_equal(part, "pipewire");
	c->only_v4l2 |= hws_str_equal(part, "v4l2");
	return c->is_double || c->only_pipewire || c->only_v4l2 ? HWS_OK : HWS_ERR_INVAL;
}

static void open_double(struct cameras *c)
{
	struct hws_error none = { 0 };
	int r = hl_camera_new(c->loop, &c->twin);

	if (r < 0)
		fail(c, r, &none);
	else
		finish(c, c->twin);
}

void hws_cameras_open(struct hws_platform_opening *o, const char *options)
{
	struct cameras *c = hws_alloc(sizeof(*c));
	struct hws_error err = { 0 };

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
	o->attempt = c;
	o->cancel = cancel;
	if (options && *options && hws_str_each(options, ',', read_option, c) < 0)
		fail(c,
				hws_error_set(&err, HWS_ERR_INVAL,
						"cameras cannot be opened so: %.100s", options),
				&err);
	else if (c->is_double)
		open_double(c);
	else if (c->only_v4l2)
		try_v4l2(c);
	else
		try_pipewire(c);
}
