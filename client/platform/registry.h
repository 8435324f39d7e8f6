/* platform/registry: chooses and opens the back-end of this desktop. */
#pragma once
#include "client/platform/capture.h"
#include "client/platform/clip.h"
#include "client/platform/cursor.h"
#include "client/platform/inject.h"
#include "shared/loop/loop.h"

/* One opened desktop; the interfaces belong to it. */
struct hws_platform {
	const char *name; /* "x11", "headless" */
	struct hws_capture *capture;
	struct hws_cursor *cursor;
	struct hws_inject *inject;
	struct hws_clip *clip;
	void (*free)(struct hws_platform *p);
};

struct hws_platform_conf {
	/* "x11", "headless", "headless:WIDTHxHEIGHT[@FPS]"; NULL: $HAWSER_PLATFORM, else x11. */
	const char *backend;
	const char *display; /* of X11 (":0"); NULL: $DISPLAY */
	/* The desktop has gone (X server ended): once, then nothing works any more; close and open again. */
	void (*on_lost)(const char *why, void *arg);
	void *arg;
};

/* On failure `err` (may be NULL) says why and what to do; HWS_ERR_DISPLAY when there is no usable one. */
int hws_platform_open(struct hws_loop *loop, const struct hws_platform_conf *conf,
		struct hws_platform **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Releases all pressed keys. Takes NULL. */
void hws_platform_close(struct hws_platform *p);
