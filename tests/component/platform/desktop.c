/* The platform opened on a server of its own, with a second client beside it that sees what any
 * program on that desktop sees. */
#include "desktop.h"
#include "tests/support/open_platform.h"
#include "tests/support/xorg.h"
#include <stdlib.h>
#include <string.h>

static void on_damage(unsigned display, void *arg)
{
	struct desktop *d = arg;

	ck_assert_uint_eq(display, d->display);
	d->damages++;
}

static void on_frame(unsigned display, int r, struct hws_picture *picture,
		const struct hws_region *damage, void *arg)
{
	struct desktop *d = arg;

	(void)display;
	d->frames++;
	d->frame_err = r;
	d->picture = picture;
	if (r == HWS_OK)
		d->damage = *damage;
}

static void on_displays(void *arg)
{
	struct desktop *d = arg;

	d->lists++;
}

static void on_lost(const char *why, void *arg)
{
	struct desktop *d = arg;

	ck_assert_ptr_nonnull(why);
	d->lost++;
}

static void on_shape(const struct hws_cursor_shape *s, void *arg)
{
	struct desktop *d = arg;
	const uint8_t *mid = s->rgba +
			((size_t)(s->height / 2) * (size_t)s->width + (size_t)s->width / 2) * 4;

	d->shapes++;
	d->shape_w = s->width;
	d->shape_h = s->height;
	d->shape_hot_x = s->hot_x;
	d->shape_hot_y = s->hot_y;
	d->shape_id = s->id;
	memcpy(d->shape_pixel, mid, 4);
}

static void on_position(int x, int y, void *arg)
{
	struct desktop *d = arg;

	d->positions++;
	d->pos_x = x;
	d->pos_y = y;
}

static void on_content(const struct hws_clip_content *c, void *arg)
{
	struct desktop *d = arg;
	struct hws_bytes text = c->part[HWS_CLIP_TEXT];

	hws_clip_copy_done(&d->copied);
	ck_assert_int_eq(hws_clip_copy_make(c, &d->copied), HWS_OK);
	free(d->text);
	d->text = calloc(1, text.len + 1);
	if (text.len)
		memcpy(d->text, text.ptr, text.len);
	d->text_len = text.len;
	d->texts++;
}

static void on_marked(const struct hws_clip_content *c, void *arg)
{
	ck_assert_uint_gt(hws_clip_content_size(c), 0);
	((struct desktop *)arg)->marked++;
}

static void on_large(void *arg)
{
	((struct desktop *)arg)->large++;
}

static void on_snapshot(unsigned display HWS_UNUSED, int r, struct hws_picture *p, void *arg)
{
	struct desktop *d = arg;

	ck_assert_int_eq(r < 0, p == NULL);
	d->snapshot = p;
	d->snapshots++;
}

void desktop_sync(struct desktop *d)
{
	free(xcb_get_input_focus_reply(d->c, xcb_get_input_focus(d->c), NULL));
}

void desktop_fill(struct desktop *d, int x, int y, int w, int h, uint32_t rgb)
{
	xcb_rectangle_t r = { (int16_t)x, (int16_t)y, (uint16_t)w, (uint16_t)h };

	xcb_change_gc(d->c, d->gc, XCB_GC_FOREGROUND, &rgb);
	xcb_poly_fill_rectangle(d->c, d->window, d->gc, 1, &r);
	desktop_sync(d);
}

void desktop_reopen(struct desktop *d)
{
	struct hws_platform_conf conf = { .backend = "x11", .on_lost = on_lost, .arg = d };
	struct hws_error err = { 0 };

	hws_capture_unsubscribe(d->reader);
	hws_platform_close(d->p);
	d->reader = NULL;
	d->p = NULL;
	conf.display = d->x.display;
	int r = test_open_platform(d->loop, &conf, &d->p, &err);
	ck_assert_msg(r == HWS_OK, "%s", err.text);
	struct hws_capture_events ev = { on_damage, on_frame, on_displays, on_snapshot, d };
	ck_assert_int_eq(hws_capture_subscribe(d->p->capture, &ev, &d->reader), HWS_OK);
	d->p->cursor->ev = (struct hws_cursor_events){ on_shape, on_position, d };
	d->p->clip->ev = (struct hws_clip_events){
		.on_content = on_content, .on_marked = on_marked, .on_large = on_large, .arg = d
	};
}

void desktop_setup(struct desktop *d)
{
	desktop_setup_without(d, NULL);
}

static void open_on_server(struct desktop *d);

void desktop_setup_without(struct desktop *d, const char *extension)
{
	memset(d, 0, sizeof(*d));
	test_xvfb_start_without(&d->x, 640, 480, extension);
	open_on_server(d);
}

void desktop_setup_depth(struct desktop *d, int depth)
{
	memset(d, 0, sizeof(*d));
	test_xvfb_start_depth(&d->x, 640, 480, depth);
	open_on_server(d);
}

bool desktop_setup_outputs(struct desktop *d)
{
	memset(d, 0, sizeof(*d));
	if (!test_xorg_start(&d->x, 1280, 800))
		return false;
	open_on_server(d);
	return true;
}

void desktop_setup_on(struct desktop *d)
{
	open_on_server(d);
}

static void open_on_server(struct desktop *d)
{
	ck_assert_int_eq(hws_loop_new(&d->loop), HWS_OK);
	desktop_reopen(d);
	d->c = xcb_connect(d->x.display, NULL);
	ck_assert_int_eq(xcb_connection_has_error(d->c), 0);
	d->screen = xcb_setup_roots_iterator(xcb_get_setup(d->c)).data;
	uint32_t v[] = { 0x204060, 1,
		XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE |
				XCB_EVENT_MASK_BUTTON_PRESS | XCB_EVENT_MASK_BUTTON_RELEASE |
				XCB_EVENT_MASK_EXPOSURE };
	d->window = xcb_generate_id(d->c);
	xcb_create_window(d->c, XCB_COPY_FROM_PARENT, d->window, d->screen->root, 0, 0, 640, 480, 0,
			XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, v);
	xcb_map_window(d->c, d->window);
	xcb_set_input_focus(d->c, XCB_INPUT_FOCUS_POINTER_ROOT, d->window, XCB_CURRENT_TIME);
	d->gc = xcb_generate_id(d->c);
	xcb_create_gc(d->c, d->gc, d->window, 0, NULL);
	desktop_sync(d);
}

void desktop_teardown(struct desktop *d)
{
	hws_capture_unsubscribe(d->reader);
	hws_platform_close(d->p);
	hws_loop_free(d->loop);
	if (d->c)
		xcb_disconnect(d->c);
	test_xvfb_stop(&d->x);
	hws_clip_copy_done(&d->copied);
	free(d->text);
}

void desktop_wait(struct desktop *d, const unsigned *counter, unsigned n)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (*counter < n) {
		ck_assert_msg(test_now_ms() < end, "nothing happened");
		hws_loop_once(d->loop, 20000);
	}
}

void desktop_run(struct desktop *d, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end)
		hws_loop_once(d->loop, 5000);
}

void desktop_frame(struct desktop *d)
{
	unsigned n = d->frames;
	int r;

	while ((r = hws_capture_grab(d->reader, d->display)) == HWS_ERR_AGAIN)
		desktop_wait(d, &d->damages, d->damages + 1);
	ck_assert_int_eq(r, HWS_OK);
	desktop_wait(d, &d->frames, n + 1);
	ck_assert_int_eq(d->frame_err, HWS_OK);
}

struct hws_picture *desktop_snapshot(struct desktop *d, unsigned display)
{
	unsigned n = d->snapshots;

	ck_assert_int_eq(hws_capture_snapshot(d->reader, display), HWS_OK);
	ck_assert_int_eq(hws_capture_snapshot(d->reader, display), HWS_ERR_BUSY);
	desktop_wait(d, &d->snapshots, n + 1);
	ck_assert_ptr_nonnull(d->snapshot);
	return d->snapshot;
}

xcb_generic_event_t *desktop_event(struct desktop *d, uint8_t type)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	for (;;) {
		xcb_generic_event_t *e = xcb_poll_for_event(d->c);
		if (e && (e->response_type & 0x7f) == type)
			return e;
		free(e);
		if (!e)
			hws_loop_once(d->loop, 2000);
		ck_assert_msg(test_now_ms() < end, "no event %u at the client", type);
	}
}
