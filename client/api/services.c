/* The services of a session at the viewer's end: one of each kind, with what the embedder hears of
 * it. A new one gets a line in the table at the end, and a function that makes it. */
#include "client/api/clipboard.h"
#include "client/api/clipfiles.h"
#include "client/api/files.h"
#include "client/api/session_loop.h"
#include "client/api/sound.h"
#include "client/api/tunnel.h"
#include "client/services/chat/chat_view.h"
#include "client/services/cursor/cursor_view.h"
#include "client/services/input/input_view.h"
#include "client/services/print/print_view.h"
#include "client/services/privacy/privacy_view.h"
#include "client/services/video/video_view.h"
#include "shared/base/clock.h"
#include <string.h>

/* --- what they tell --------------------------------------------------------------------------- */

static void on_picture(size_t display, int width, int height, uint64_t number, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev;

	if (e->first_frame_us == 0)
		e->first_frame_us = hws_clock_us() - e->started_us;
	api_report_figures(e);
	ev = api_event_new(e->s, HAWSER_EVENT_FRAME);
	if (!ev)
		return;
	ev->ev.u.frame.display = display;
	ev->ev.u.frame.width = (uint32_t)width;
	ev->ev.u.frame.height = (uint32_t)height;
	ev->ev.u.frame.number = number;
	api_report_push(e, ev);
}

static void on_packet(size_t display, enum hws_codec codec, struct hws_bytes data, bool key,
		int64_t pts_ms, void *arg)
{
	api_record_packet(arg, display, codec, data, key, pts_ms);
}

static void on_shape(const struct hws_cursor_shape *shape, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_CURSOR);
	size_t bytes = (size_t)shape->width * (size_t)shape->height * 4;

	if (!ev)
		return;
	ev->ev.u.cursor.id = shape->id;
	ev->ev.u.cursor.hot_x = shape->hot_x;
	ev->ev.u.cursor.hot_y = shape->hot_y;
	ev->ev.u.cursor.width = (uint32_t)shape->width;
	ev->ev.u.cursor.height = (uint32_t)shape->height;
	ev->ev.u.cursor.rgba = bytes ? api_event_bytes(ev, shape->rgba, bytes) : NULL;
	if (bytes && !ev->ev.u.cursor.rgba) {
		api_event_free(ev);
		return;
	}
	api_report_push(e, ev);
}

static void on_position(int x, int y, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_CURSOR_POSITION);

	if (!ev)
		return;
	ev->ev.u.position.x = x;
	ev->ev.u.position.y = y;
	api_report_push(e, ev);
}

static void on_chat(const char *text, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_CHAT);

	if (!ev)
		return;
	ev->ev.u.text.utf8 = api_event_text(ev, text);
	ev->ev.u.text.length = strlen(ev->ev.u.text.utf8);
	api_report_push(e, ev);
}

static void on_print(int r, uint64_t bytes, const char *text, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_PRINT);

	if (!ev)
		return;
	ev->ev.u.print.error = r;
	ev->ev.u.print.bytes = bytes;
	ev->ev.u.print.text = api_event_text(ev, text);
	api_report_push(e, ev);
}

static void on_privacy(const struct hws_privacy_news *n, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_PRIVACY);

	if (ev) {
		ev->ev.u.privacy.what = n->is_input ? HAWSER_PRIVACY_INPUT : HAWSER_PRIVACY_MODE;
		ev->ev.u.privacy.on = n->on;
		ev->ev.u.privacy.error = n->result;
		ev->ev.u.privacy.text = api_event_text(ev, n->text);
		api_report_push(e, ev);
	}
	if (n->by_other) /* what that viewer does is not for others to see */
		api_session_loop_end(e, HWS_ERR_DENIED, n->text, NULL);
}

/* --- how they are made ------------------------------------------------------------------------ */

static int new_video(struct api_session_loop *e,
		const struct api_session_loop_conf *conf HWS_UNUSED, struct hws_service **ret)
{
	struct hws_video_view *vv;
	int r = hws_video_view_new(&(struct hws_video_view_conf){ .loop = e->ctx->loop,
						   .decoder = e->decoder,
						   .order = e->s->format == HAWSER_FORMAT_RGBA
								   ? HWS_VIDEO_RGBA
								   : HWS_VIDEO_BGRA,
						   .on_picture = on_picture,
						   .on_packet = on_packet,
						   .on_screenshot = api_report_screenshot,
						   .on_host_records = api_report_host_records,
						   .arg = e },
			&vv);

	if (r == HWS_OK)
		*ret = hws_video_view_service(vv);
	return r;
}

static int new_cursor(struct api_session_loop *e,
		const struct api_session_loop_conf *conf HWS_UNUSED, struct hws_service **ret)
{
	struct hws_cursor_view *cv;
	int r = hws_cursor_view_new(&(struct hws_cursor_view_conf){ .on_shape = on_shape,
						    .on_position = on_position,
						    .arg = e,
						    .decoder = e->decoder },
			&cv);

	if (r == HWS_OK)
		*ret = hws_cursor_view_service(cv);
	return r;
}

static int new_input(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret)
{
	struct hws_input_view *iv;
	int r = hws_input_view_new(e->viewer, &iv);

	if (r < 0)
		return r;
	hws_input_view_set_mode(iv, (enum hws_keyboard_mode)conf->keyboard);
	*ret = hws_input_view_service(iv);
	return r;
}

static int new_clipboard(struct api_session_loop *e,
		const struct api_session_loop_conf *conf HWS_UNUSED, struct hws_service **ret)
{
	return api_clipboard_new(e, ret);
}

static int new_chat(struct api_session_loop *e, const struct api_session_loop_conf *conf HWS_UNUSED,
		struct hws_service **ret)
{
	struct hws_chat_view *cv;
	int r = hws_chat_view_new(
			&(struct hws_chat_view_conf){ .on_text = on_chat, .arg = e }, &cv);

	if (r == HWS_OK)
		*ret = hws_chat_view_service(cv);
	return r;
}

static int new_clipfiles(struct api_session_loop *e,
		const struct api_session_loop_conf *conf HWS_UNUSED, struct hws_service **ret)
{
	return api_clipfiles_new(e, ret);
}

/* The opener has looked at `where` before: what fails now is memory, or a folder that has gone. */
static int new_print(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret)
{
	struct hws_error err = { 0 };
	struct hws_print_view *pv;
	int r = hws_print_view_new(&(struct hws_print_view_conf){ .loop = e->ctx->loop,
						   .work = e->ctx->work,
						   .where = conf->kind_arg,
						   .on_job = on_print,
						   .arg = e },
			&pv, &err);

	if (r == HWS_OK)
		*ret = hws_print_view_service(pv);
	return r;
}

static int new_privacy(struct api_session_loop *e,
		const struct api_session_loop_conf *conf HWS_UNUSED, struct hws_service **ret)
{
	return hws_privacy_view_new(on_privacy, e, ret);
}

#define PICTURES (HWS_KIND_BIT(HWS_KIND_REMOTE) | HWS_KIND_BIT(HWS_KIND_CAMERA))

/* Which sessions have it, and how it is made. */
static const struct {
	unsigned kinds; /* HWS_KIND_BIT */
	int (*make)(struct api_session_loop *e, const struct api_session_loop_conf *conf,
			struct hws_service **ret);
} table[] = {
	{ PICTURES, new_video },
	{ HWS_KIND_BIT(HWS_KIND_REMOTE), new_cursor },
	{ HWS_KIND_BIT(HWS_KIND_REMOTE), new_input },
	{ HWS_KIND_BIT(HWS_KIND_REMOTE), new_clipboard },
	{ HWS_KIND_BIT(HWS_KIND_REMOTE), new_clipfiles },
	{ PICTURES, new_chat },
	{ HWS_KIND_BIT(HWS_KIND_REMOTE), new_print },
	{ HWS_KIND_BIT(HWS_KIND_REMOTE), new_privacy },
	{ PICTURES, api_sound_new },
	{ HWS_KIND_BIT(HWS_KIND_TERMINAL), api_terminal_new },
	{ HWS_KIND_BIT(HWS_KIND_FORWARD), api_tunnel_new },
	{ HWS_KIND_BIT(HWS_KIND_FILE), api_files_new },
};

int api_services_new(struct api_session_loop *e, const struct api_session_loop_conf *conf)
{
	for (size_t i = 0; i < HWS_COUNT(table); i++) {
		struct hws_service *s;
		int r;

		if (!(table[i].kinds & HWS_KIND_BIT(conf->wish.kind)))
			continue;
		r = table[i].make(e, conf, &s);
		if (r < 0)
			return r;
		e->service[s->impl->id] = s;
		hws_viewer_serve(e->viewer, s);
	}
	return HWS_OK;
}

void api_services_free(struct api_session_loop *e)
{
	for (size_t i = 0; i < HWS_SERVICE_COUNT; i++)
		if (e->service[i])
			e->service[i]->impl->free(e->service[i]);
	api_sound_free(e);
	api_files_free(e);
}
