/* A camera that runs. PipeWire calls us with each buffer; its picture is converted at once, so that
 * the buffer goes back, and told in a turn of its own, where the stream may be closed. */
#include "client/platform/pipewire/camera_parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

struct stream {
	struct hws_camera_stream base;
	struct hws_pipewire_camera *c;
	struct pw_stream *pw;
	struct spa_hook listener;
	struct pipewire_image image; /* as negotiated; width 0: not yet */
	struct hws_camera_mode mode;
	struct hws_picture_pool *pool;
	struct hws_picture *next; /* not told yet; ours */
	uint64_t number, next_number, next_us;
	bool begun; /* it has come to a negotiated format, or runs */
	bool lost;
	char why[160];
	struct hws_deferred tell, gone;
};

static struct stream *stream_of(struct hws_camera_stream *t)
{
	return hws_container(t, struct stream, base);
}

static void on_tell(void *arg)
{
	struct stream *t = arg;
	struct hws_picture *p = t->next;
	const struct hws_camera_frame frame = { p, t->next_number, t->next_us };

	t->next = NULL;
	t->base.conf.on_frame(&frame, t->base.conf.arg); /* may close it */
	hws_picture_drop(p);
}

static void on_gone(void *arg)
{
	struct stream *t = arg;
	char why[sizeof(t->why)]; /* the stream may be closed before it is read */

	memcpy(why, t->why, sizeof(why));
	if (t->base.conf.on_lost)
		t->base.conf.on_lost(why, t->base.conf.arg);
}

static void lose(struct stream *t, const char *why)
{
	if (t->lost)
		return;
	t->lost = true;
	hws_str_escape(t->why, sizeof(t->why), hws_bytes_str(why));
	hws_loop_defer_cancel(&t->tell);
	hws_loop_defer(t->c->loop, &t->gone, on_gone, t);
}

static void take(struct stream *t, const struct spa_buffer *b)
{
	struct hws_picture *p;

	t->number++;
	if (!t->image.width ||
			hws_picture_pool_get(t->pool, HWS_PIXEL_I420, t->image.width,
					t->image.height, &p) < 0)
		return; /* all are locked: this one is dropped */
	if (pipewire_to_i420(&t->image, b, p) < 0) {
		hws_picture_drop(p);
		return;
	}
	hws_picture_drop(t->next); /* the newest one counts */
	t->next = p;
	t->next_number = t->number - 1;
	t->next_us = hws_clock_us();
	hws_loop_defer(t->c->loop, &t->tell, on_tell, t);
}

static void on_process(void *arg)
{
	struct stream *t = arg;
	struct pw_buffer *b, *newest = NULL;

	while ((b = pw_stream_dequeue_buffer(t->pw)) != NULL) {
		if (newest) {
			t->number++;
			pw_stream_queue_buffer(t->pw, newest);
		}
		newest = b;
	}
	if (!newest)
		return;
	if (!t->lost)
		take(t, newest->buffer);
	pw_stream_queue_buffer(t->pw, newest);
}

static void on_param(void *arg, uint32_t id, const struct spa_pod *param)
{
	struct stream *t = arg;
	uint32_t type, subtype;
	struct spa_video_info_raw raw = { 0 };
	struct spa_video_info_mjpg mjpg = { 0 };
	struct spa_rectangle size;

	if (id != SPA_PARAM_Format || !param)
		return;
	t->image = (struct pipewire_image){ 0 };
	if (spa_format_parse(param, &type, &subtype) < 0 || type != SPA_MEDIA_TYPE_video)
		return;
	if (subtype == SPA_MEDIA_SUBTYPE_raw && spa_format_video_raw_parse(param, &raw) >= 0)
		size = raw.size;
	else if (subtype == SPA_MEDIA_SUBTYPE_mjpg &&
			spa_format_video_mjpg_parse(param, &mjpg) >= 0)
		size = mjpg.size;
	else
		return;
	if (size.width != (uint32_t)t->mode.width || size.height != (uint32_t)t->mode.height) {
		lose(t, "the camera does not keep to the size that was asked for");
		return;
	}
	t->image = (struct pipewire_image){ subtype == SPA_MEDIA_SUBTYPE_mjpg, raw.format,
		(int)size.width, (int)size.height };
}

static void on_state(void *arg, enum pw_stream_state old HWS_UNUSED, enum pw_stream_state state,
		const char *error)
{
	struct stream *t = arg;

	if (state == PW_STREAM_STATE_ERROR)
		lose(t, error && *error ? error : "the camera reports an error");
	else if (state == PW_STREAM_STATE_UNCONNECTED && t->begun)
		lose(t, "the camera was unplugged or taken away");
	if (state == PW_STREAM_STATE_PAUSED || state == PW_STREAM_STATE_STREAMING)
		t->begun = true;
}

static const struct pw_stream_events events = { PW_VERSION_STREAM_EVENTS, .state_changed = on_state,
	.param_changed = on_param, .process = on_process };

static int connect_stream(struct stream *t, const struct hws_camera_device *device)
{
	uint8_t room[2048];
	struct spa_pod_builder b = SPA_POD_BUILDER_INIT(room, sizeof(room));
	const struct spa_pod *params[2];
	unsigned n = pipewire_wanted(&t->mode, &b, params);
	struct pw_properties *props = pw_properties_new(PW_KEY_MEDIA_TYPE, "Video",
			PW_KEY_MEDIA_CATEGORY, "Capture", PW_KEY_MEDIA_ROLE, "Camera",
			PW_KEY_TARGET_OBJECT, device->id, NULL);

	t->pw = props ? pw_stream_new(t->c->core, "hawser", props) : NULL;
	if (!t->pw)
		return HWS_ERR_NOMEM;
	pw_stream_add_listener(t->pw, &t->listener, &events, t);
	/* DONT_RECONNECT: a camera that goes is no reason to show another one */
	int r = pw_stream_connect(t->pw, PW_DIRECTION_INPUT, PW_ID_ANY,
			PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS |
					PW_STREAM_FLAG_DONT_RECONNECT,
			params, n);
	return r < 0 ? HWS_ERR_BUSY : HWS_OK;
}

int pipewire_stream_open(struct hws_camera *base, const struct hws_camera_device *device,
		const struct hws_camera_stream_conf *conf, struct hws_camera_stream **ret)
{
	struct hws_pipewire_camera *c = hws_container(base, struct hws_pipewire_camera, base);
	struct stream *t = hws_alloc(sizeof(*t));
	int r = t ? hws_picture_pool_new(HWS_CAMERA_PICTURES, &t->pool) : HWS_ERR_NOMEM;

	if (r == HWS_OK) {
		t->c = c;
		t->mode = conf->mode;
		t->base.conf = *conf;
		r = c->gone ? HWS_ERR_NOTFOUND : connect_stream(t, device);
	}
	if (r < 0) {
		if (t)
			pipewire_stream_close(&t->base);
		return r;
	}
	*ret = &t->base;
	return HWS_OK;
}

void pipewire_stream_close(struct hws_camera_stream *base)
{
	struct stream *t = stream_of(base);

	if (t->pw)
		pw_stream_destroy(t->pw);
	hws_loop_defer_cancel(&t->tell);
	hws_loop_defer_cancel(&t->gone);
	hws_picture_drop(t->next);
	hws_picture_pool_free(t->pool);
	hws_free(t);
}
