/* platform/cursor: shape and position of the pointer. Loop thread only. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_CURSOR_SIDE_MAX 512

struct hws_cursor_shape {
	uint64_t id; /* from the content: equal shapes have equal ids; never 0 */
	int width, height, hot_x, hot_y;
	const uint8_t *rgba; /* premultiplied, width * height * 4 bytes, top row first */
};

struct hws_cursor;

struct hws_cursor_events {
	/* `shape` borrows until return. */
	void (*on_shape)(const struct hws_cursor_shape *shape, void *arg);
	void (*on_position)(int x, int y, void *arg);
	void *arg;
};

/* Where something is that a viewer's display may follow. */
struct hws_cursor_places {
	void (*on_pointer)(int x, int y, void *arg);
	/* The middle of the window that has the keyboard. */
	void (*on_window)(int x, int y, void *arg);
	void *arg;
};

struct hws_cursor_impl {
	void (*watch)(struct hws_cursor *c, bool shape, bool position, bool window);
	const struct hws_cursor_shape *(*shape)(struct hws_cursor *c);
};

struct hws_cursor {
	const struct hws_cursor_impl *impl;
	struct hws_cursor_events ev;           /* of hws_cursor_watch */
	struct hws_cursor_places places;       /* of hws_cursor_follow */
	bool shape, position, pointer, window; /* what is wanted; not the back-end's */
};

/* Who begins to look at the position is told it, wherever it has been for long. */
static inline void hws_cursor_watch_all(struct hws_cursor *c, bool begins)
{
	if (begins)
		c->impl->watch(c, c->shape, false, c->window);
	c->impl->watch(c, c->shape, c->position || c->pointer, c->window);
}

/* Which events are wanted; without any there is no work. Switching `shape` on gives the present one
 * soon, and `position` the present one. */
static inline void hws_cursor_watch(struct hws_cursor *c, bool shape, bool position)
{
	bool begins = position && !c->position;

	c->shape = shape;
	c->position = position;
	hws_cursor_watch_all(c, begins);
}

/* The same for the places. */
static inline void hws_cursor_follow(struct hws_cursor *c, bool pointer, bool window)
{
	bool begins = pointer && !c->pointer;

	c->pointer = pointer;
	c->window = window;
	hws_cursor_watch_all(c, begins);
}

/* For back-ends: to whom it may concern. */
static inline void hws_cursor_moved(struct hws_cursor *c, int x, int y)
{
	if (c->position && c->ev.on_position)
		c->ev.on_position(x, y, c->ev.arg);
	if (c->pointer && c->places.on_pointer)
		c->places.on_pointer(x, y, c->places.arg);
}

static inline void hws_cursor_window_moved(struct hws_cursor *c, int x, int y)
{
	if (c->window && c->places.on_window)
		c->places.on_window(x, y, c->places.arg);
}

/* The last known shape, NULL if none yet; borrows until the next turn. */
static inline const struct hws_cursor_shape *hws_cursor_shape_now(struct hws_cursor *c)
{
	return c->impl->shape(c);
}
