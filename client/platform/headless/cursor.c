/* The pointer of a desktop in memory: shape and place are what a test says. */
#include "client/platform/headless/desk.h"
#include "client/platform/headless/headless.h"
#include "shared/base/mem.h"

static void do_tell_shape(void *arg)
{
	struct headless *h = arg;

	if (h->want_shape && h->has_shape && h->cursor.ev.on_shape)
		h->cursor.ev.on_shape(&h->shape, h->cursor.ev.arg);
}

static void hl_watch_cursor(struct hws_cursor *c, bool shape, bool position, bool window HWS_UNUSED)
{
	struct headless *h = hws_container(c, struct headless, cursor);

	if (shape && !h->want_shape)
		hws_loop_defer(h->loop, &h->tell_shape, do_tell_shape, h);
	h->want_shape = shape;
	h->want_position = position;
}

static const struct hws_cursor_shape *hl_shape(struct hws_cursor *c)
{
	struct headless *h = hws_container(c, struct headless, cursor);

	return h->has_shape ? &h->shape : NULL;
}

static const struct hws_cursor_impl cursor_impl = { hl_watch_cursor, hl_shape };

void hl_cursor_init(struct headless *h)
{
	h->cursor.impl = &cursor_impl;
	h->base.cursor = &h->cursor;
}

void hl_cursor_done(struct headless *h)
{
	hws_loop_defer_cancel(&h->tell_shape);
	hws_free((void *)h->shape.rgba);
}

/* --- what tests do --- */

void hws_headless_set_cursor(struct hws_platform *p, const struct hws_cursor_shape *shape)
{
	struct headless *h = of_platform(p);
	uint8_t *copy = hws_memdup(shape->rgba, (size_t)shape->width * (size_t)shape->height * 4);

	if (!copy)
		return;
	hws_free((void *)h->shape.rgba);
	h->shape = *shape;
	h->shape.rgba = copy;
	h->has_shape = true;
	hws_loop_defer(h->loop, &h->tell_shape, do_tell_shape, h);
}

void hws_headless_move_pointer(struct hws_platform *p, int x, int y)
{
	struct headless *h = of_platform(p);

	if (h->want_position)
		hws_cursor_moved(&h->cursor, x, y);
}

void hws_headless_move_window(struct hws_platform *p, int x, int y)
{
	hws_cursor_window_moved(&of_platform(p)->cursor, x, y);
}
