/* The pointer: XFixes tells of new shapes; X tells nobody where the pointer is, so that is asked
 * for, often while it moves. */
#include "client/platform/x11/desktop.h"
#include "client/platform/x11/focus.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define POLL_FAST_US 33000u /* while the pointer moves */
#define POLL_SLOW_US 200000u
#define FAST_FOR_US 2000000u

struct x11_cursor {
	struct hws_cursor base;
	struct x11_desktop *d;
	bool want_shape, want_position;
	bool image_asked, image_stale, position_asked;
	struct hws_cursor_shape shape;
	uint8_t *rgba;
	size_t rgba_size;
	bool has_shape, has_position;
	int x, y;
	uint64_t moved_us;
	struct hws_timer poll;
	struct x11_focus *focus;
};

static uint64_t hash(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 1099511628211ull;
	return h;
}

/* The server gives 0xAARRGGBB words; the wire wants bytes R G B A, both premultiplied. */
static int take_image(struct x11_cursor *c, const xcb_xfixes_get_cursor_image_reply_t *r)
{
	size_t count = (size_t)r->width * r->height;
	const uint32_t *word = xcb_xfixes_get_cursor_image_cursor_image(
			(xcb_xfixes_get_cursor_image_reply_t *)r);

	if (count == 0 || r->width > HWS_CURSOR_SIDE_MAX || r->height > HWS_CURSOR_SIDE_MAX ||
			(size_t)xcb_xfixes_get_cursor_image_cursor_image_length(r) < count)
		return HWS_ERR_RANGE;
	if (c->rgba_size < count * 4) {
		uint8_t *bigger = hws_realloc_array(c->rgba, count, 4);
		if (!bigger)
			return HWS_ERR_NOMEM;
		c->rgba = bigger;
		c->rgba_size = count * 4;
	}
	for (size_t i = 0; i < count; i++) {
		c->rgba[i * 4] = (uint8_t)(word[i] >> 16);
		c->rgba[i * 4 + 1] = (uint8_t)(word[i] >> 8);
		c->rgba[i * 4 + 2] = (uint8_t)word[i];
		c->rgba[i * 4 + 3] = (uint8_t)(word[i] >> 24);
	}
	uint16_t head[4] = { r->width, r->height, r->xhot, r->yhot };
	uint64_t id = hash(hash(14695981039346656037ull, head, sizeof(head)), c->rgba, count * 4);
	c->shape = (struct hws_cursor_shape){ id ? id : 1, r->width, r->height, r->xhot, r->yhot,
		c->rgba };
	return HWS_OK;
}

static void ask_image(struct x11_cursor *c);

static void on_image(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct x11_cursor *c = arg;
	uint64_t before = c->has_shape ? c->shape.id : 0;

	(void)error;
	c->image_asked = false;
	if (!reply || take_image(c, reply) < 0)
		return;
	c->has_shape = true;
	if (c->want_shape && c->shape.id != before && c->base.ev.on_shape)
		c->base.ev.on_shape(&c->shape, c->base.ev.arg);
	if (c->image_stale)
		ask_image(c);
}

static void ask_image(struct x11_cursor *c)
{
	if (c->image_asked) {
		c->image_stale = true;
		return;
	}
	c->image_stale = false;
	c->image_asked = x11_await(c->d, xcb_xfixes_get_cursor_image(c->d->conn).sequence, on_image,
					 c) == HWS_OK;
}

void x11_cursor_on_notify(struct x11_cursor *c)
{
	if (c->want_shape)
		ask_image(c);
}

static void on_poll(void *arg);

static void next_poll(struct x11_cursor *c)
{
	uint64_t still = hws_loop_now_us(c->d->loop) - c->moved_us;

	hws_timer_start(c->d->loop, &c->poll, still < FAST_FOR_US ? POLL_FAST_US : POLL_SLOW_US,
			on_poll, c);
}

static void on_pointer(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct x11_cursor *c = arg;
	const xcb_query_pointer_reply_t *r = reply;

	(void)error;
	c->position_asked = false;
	if (!c->want_position)
		return;
	if (r && (!c->has_position || r->root_x != c->x || r->root_y != c->y)) {
		c->has_position = true;
		c->x = r->root_x;
		c->y = r->root_y;
		c->moved_us = hws_loop_now_us(c->d->loop);
		hws_cursor_moved(&c->base, c->x, c->y);
	}
	next_poll(c);
}

static void on_poll(void *arg)
{
	struct x11_cursor *c = arg;

	if (c->position_asked || !c->want_position)
		return;
	if (x11_await(c->d, xcb_query_pointer(c->d->conn, c->d->screen->root).sequence, on_pointer,
			    c) == HWS_OK)
		c->position_asked = true;
	else
		next_poll(c);
}

static void x11_watch(struct hws_cursor *base, bool shape, bool position, bool window)
{
	struct x11_cursor *c = hws_container(base, struct x11_cursor, base);

	if (shape != c->want_shape) {
		c->want_shape = shape;
		xcb_xfixes_select_cursor_input(c->d->conn, c->d->screen->root,
				shape ? XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR : 0);
		c->has_shape = false;
		if (shape)
			ask_image(c);
		x11_flush(c->d);
	}
	if (position != c->want_position) {
		c->want_position = position;
		c->has_position = false;
		if (position)
			on_poll(c);
		else
			hws_timer_stop(&c->poll);
	}
	x11_focus_watch(c->focus, window);
}

static const struct hws_cursor_shape *x11_shape(struct hws_cursor *base)
{
	struct x11_cursor *c = hws_container(base, struct x11_cursor, base);

	return c->has_shape ? &c->shape : NULL;
}

static const struct hws_cursor_impl impl = { x11_watch, x11_shape };

int x11_cursor_new(struct x11_desktop *d)
{
	struct x11_cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	c->base.impl = &impl;
	c->d = d;
	d->cursor = c;
	d->base.cursor = &c->base;
	return x11_focus_new(d, &c->base, &c->focus);
}

void x11_cursor_free(struct x11_cursor *c)
{
	if (!c)
		return;
	hws_timer_stop(&c->poll);
	x11_focus_free(c->focus);
	hws_free(c->rgba);
	free(c);
}
