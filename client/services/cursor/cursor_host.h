/* cursor/cursor_host: tells viewers the shape of the pointer (each shape once, then its id) and where it is. */
#pragma once
#include "client/platform/cursor.h"
#include "client/services/host_viewer.h"
#include "shared/loop/loop.h"

struct hws_cursor_host;

/* The cursor's events become ours. */
int hws_cursor_host_new(struct hws_loop *loop, struct hws_cursor *cursor,
		struct hws_cursor_host **ret) HWS_MUST_CHECK;
void hws_cursor_host_free(struct hws_cursor_host *c);
void hws_cursor_host_join(struct hws_cursor_host *c, struct hws_host_viewer *g);
void hws_cursor_host_leave(struct hws_cursor_host *c, struct hws_host_viewer *g);
/* Permissions or options of a viewer changed. */
void hws_cursor_host_update(struct hws_cursor_host *c);
