/* platform/platform: an opened desktop and what was asked for to open it. How it is opened:
 * registry.h. */
#pragma once
#include "client/platform/camera.h"
#include "client/platform/capture.h"
#include "client/platform/clip.h"
#include "client/platform/cursor.h"
#include "client/platform/inject.h"
#include "client/platform/pty.h"
#include "client/platform/screens.h"
#include "client/platform/seat.h"
#include "client/platform/sound.h"
#include "shared/loop/loop.h"

/* What a back-end may give; each is a part of struct hws_platform. */
enum {
	HWS_GIVES_CAPTURE = 1,
	HWS_GIVES_CURSOR = 2,
	HWS_GIVES_INJECT = 4,
	HWS_GIVES_CLIP = 8,
	HWS_GIVES_SOUND = 16,
	HWS_GIVES_CAMERA = 32,
	HWS_GIVES_PTY = 64,
	HWS_GIVES_SEAT = 128,
	HWS_GIVES_SCREENS = 256
};

/* One opened desktop; the interfaces belong to it. The first four are always there, the others are
 * NULL where the back-end does not give them. The back-end "camera" is none: it has a capture, whose
 * displays are cameras, and sound; all else is NULL. */
struct hws_platform {
	const char *name; /* "x11", "headless" */
	struct hws_capture *capture;
	struct hws_cursor *cursor;
	struct hws_inject *inject;
	struct hws_clip *clip;
	struct hws_sound *sound;
	struct hws_camera *camera;
	struct hws_ptys *ptys;
	struct hws_seat *seat;
	struct hws_screens *screens;
	void (*free)(struct hws_platform *p);
};

struct hws_platform_conf {
	/* "x11", "headless", "headless:WIDTHxHEIGHT[@FPS]", "camera[:headless]"; NULL:
	 * $HAWSER_PLATFORM, else x11. */
	const char *backend;
	const char *display; /* of X11 (":0"); NULL: $DISPLAY */
	/* How the attempt ended: once, never from inside hws_platform_open. r == 0: `p` is the
	 * receiver's, who closes it. r < 0: `p` is NULL and `err` says why and what to do;
	 * HWS_ERR_DISPLAY when there is no usable desktop, HWS_ERR_UNSUPPORTED when it will not be
	 * one by itself, HWS_ERR_DENIED when the person at it refused. */
	void (*on_open)(int r, struct hws_platform *p, const struct hws_error *err, void *arg);
	/* The desktop has gone (X server ended): once, then nothing works any more; close and open
	 * again. May be NULL. */
	void (*on_lost)(const char *why, void *arg);
	void *arg;
};

/* An attempt to open one. */
struct hws_platform_opening;
