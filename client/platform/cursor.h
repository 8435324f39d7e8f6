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

struct hws_cursor_impl {
	void (*watch)(struct hws_cursor *c, bool shape, bool position);
	const struct hws_cursor_shape *(*shape)(struct hws_cursor *c);
};

struct hws_cursor {
	const struct hws_cursor_impl *impl;
	struct hws_cursor_events ev;
};

/* Which events are wanted; without any there is no work. Switching `shape` on gives the present one
 * soon. */
static inline void hws_cursor_watch(struct hws_cursor *c, bool shape, bool position)
{
	c->impl->watch(c, shape, position);
}

/* The last known shape, NULL if none yet; borrows until the next turn. */
static inline const struct hws_cursor_shape *hws_cursor_shape_now(struct hws_cursor *c)
{
	return c->impl->shape(c);
}
