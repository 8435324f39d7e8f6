/* cursor/cursor_view: the host's pointer at the viewer: shapes are kept by id for the life of a
 * link. */
#pragma once
#include "client/core/viewer.h"

struct hws_cursor_view;
struct hws_confined;

struct hws_cursor_shape {
	uint64_t id;
	int hot_x, hot_y, width, height;
	/* not premultiplied, width * height * 4, borrows until return; NULL when 0 x 0 */
	const uint8_t *rgba;
};

struct hws_cursor_view_conf {
	void (*on_shape)(const struct hws_cursor_shape *shape, void *arg);
	void (*on_position)(int x, int y, void *arg);
	void *arg;
	struct hws_confined *decoder; /* unpacks; outlives it */
};

int hws_cursor_view_new(const struct hws_cursor_view_conf *conf,
		struct hws_cursor_view **ret) HWS_MUST_CHECK;
void hws_cursor_view_free(struct hws_cursor_view *cv); /* takes NULL */
struct hws_service *hws_cursor_view_service(struct hws_cursor_view *cv);
/* The other way round; `s` is one. */
struct hws_cursor_view *hws_cursor_view_of(struct hws_service *s);
