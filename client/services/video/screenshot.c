/* Pictures of a display as PNG, on a viewer's request, also of a display that nobody watches: the
 * capture gives one in full colour, a worker compresses it, and the loop waits for neither. */
#include "client/services/video/screenshot.h"
#include "client/media/png.h"
#include "shared/base/mem.h"
#include "shared/wire/limits.h"
#include <stdlib.h>
#include <string.h>

struct hws_screenshots {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_capture_reader *reader;
	struct shot *shot[HWS_HOST_VIEWERS_MAX]; /* under way for the viewer of this slot */
	unsigned jobs;                           /* they hold the object */
	bool closed;
};

struct shot {
	struct hws_screenshots *owner;
	struct hws_host_viewer *g; /* NULL: it has left */
	unsigned display;
	struct hws_picture *picture; /* NULL: it is being captured */
	struct hws_buf png;
	char sid[128];
};

static void answer(
		struct hws_host_viewer *g, const char *sid, const char *text, struct hws_bytes data)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__ScreenshotResponse a = SES__SCREENSHOT_RESPONSE__INIT;

	a.sid = (char *)sid;
	a.msg = (char *)text;
	a.data.data = (uint8_t *)data.ptr;
	a.data.len = data.len;
	m.union_case = SES__MESSAGE__UNION_SCREENSHOT_RESPONSE;
	m.screenshot_response = &a;
	hws_host_viewer_tell(g, &m);
}

static void shot_free(struct shot *s)
{
	hws_picture_drop(s->picture);
	hws_buf_done(&s->png);
	hws_free(s);
}

static int run(void *arg)
{
	struct shot *s = arg;

	return hws_png_encode(s->picture, &s->png);
}

static void on_done(void *arg, int r)
{
	struct shot *s = arg;
	struct hws_screenshots *o = s->owner;

	o->jobs--;
	if (s->g) {
		o->shot[s->g->slot] = NULL;
		if (r < 0)
			answer(s->g, s->sid, "Error encoding png", (struct hws_bytes){ 0 });
		else
			answer(s->g, s->sid, "", hws_buf_bytes(&s->png));
	}
	shot_free(s);
	if (o->closed && !o->jobs)
		free(o);
}

static void fail(struct shot *s)
{
	answer(s->g, s->sid, "Failed to take screenshot, please try again later.",
			(struct hws_bytes){ 0 });
	shot_free(s);
}

static void on_snapshot(unsigned display, int err, struct hws_picture *picture, void *arg)
{
	struct hws_screenshots *o = arg;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct shot *s = o->shot[i];
		int r = err;
		if (!s || s->picture || s->display != display)
			continue;
		if (r == HWS_OK) {
			s->picture = hws_picture_lock(picture);
			r = hws_work_submit(o->work, o->loop, run, on_done, s);
		}
		if (r == HWS_OK) {
			o->jobs++;
			continue;
		}
		o->shot[i] = NULL;
		fail(s);
	}
	hws_picture_drop(picture);
}

void hws_screenshot_take(struct hws_screenshots *o, struct hws_host_viewer *g,
		const Ses__ScreenshotRequest *q)
{
	struct shot *s = hws_alloc(sizeof(*s));

	if (!s)
		return;
	s->owner = o;
	s->g = g;
	s->display = (unsigned)q->display;
	hws_buf_init(&s->png, HWS_SES_FRAME_MAX - 1024);
	size_t n = strnlen(q->sid, sizeof(s->sid));
	if (n < sizeof(s->sid))
		memcpy(s->sid, q->sid, n);
	int r = o->shot[g->slot] ? HWS_ERR_BUSY : q->display < 0 ? HWS_ERR_NOTFOUND : HWS_OK;
	if (r == HWS_OK) {
		r = hws_capture_snapshot(o->reader, s->display);
		if (r == HWS_ERR_BUSY) /* for another viewer: it is for this one, too */
			r = HWS_OK;
	}
	if (r == HWS_OK)
		o->shot[g->slot] = s;
	else
		fail(s);
}

void hws_screenshot_forget(struct hws_screenshots *o, struct hws_host_viewer *g)
{
	struct shot *s = o->shot[g->slot];

	o->shot[g->slot] = NULL;
	if (s && s->picture)
		s->g = NULL; /* the job has it */
	else if (s)
		shot_free(s);
}

int hws_screenshots_new(struct hws_loop *loop, struct hws_work *work, struct hws_capture *capture,
		struct hws_screenshots **ret)
{
	struct hws_screenshots *o = calloc(1, sizeof(*o));

	if (!o)
		return HWS_ERR_NOMEM;
	struct hws_capture_events ev = { .on_snapshot = on_snapshot, .arg = o };
	int r = hws_capture_subscribe(capture, &ev, &o->reader);
	if (r < 0) {
		free(o);
		return r;
	}
	o->loop = loop;
	o->work = work;
	*ret = o;
	return HWS_OK;
}

void hws_screenshots_free(struct hws_screenshots *o)
{
	if (!o)
		return;
	hws_capture_unsubscribe(o->reader);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (o->shot[i])
			hws_screenshot_forget(o, o->shot[i]->g);
	o->closed = true;
	if (!o->jobs)
		free(o);
}
