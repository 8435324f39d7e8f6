/* platform/capture: displays and their pictures, driven by damage: no event, no work.
 * Life of a picture: start -> on_damage -> grab -> on_frame -> release -> (on_damage ...). One grab of a
 * display is under way at a time. All calls and events on the loop's thread; events never come from inside
 * a call of this interface. */
#pragma once
#include "client/media/picture.h"
#include "shared/base/err.h"

#define HWS_DISPLAYS_MAX 16

struct hws_display {
	int x, y, width, height; /* pixels of the virtual desktop */
	char name[64];
	bool primary;
};

struct hws_capture;

struct hws_capture_events {
	/* Something changed on a started display; once until the next grab of it. */
	void (*on_damage)(unsigned display, void *arg);
	/* Answer to grab. r == 0: `picture` (I420, the display's size) differs from the one before in `damage`
	 * only; it stays as it is until hws_capture_release, also for other threads (which
	 * lock it). r < 0: there is no
	 * picture and nothing to release; HWS_ERR_AGAIN: the damage was elsewhere; else the grab failed and
	 * the damage is kept. */
	void (*on_frame)(unsigned display, int r, struct hws_picture *picture,
			const struct hws_region *damage, void *arg);
	/* The list changed: indices have a new meaning, all displays are stopped, pictures released. */
	void (*on_displays)(void *arg);
	void *arg;
};

struct hws_capture_impl {
	const struct hws_display *(*displays)(struct hws_capture *c, unsigned *ret_count);
	int (*start)(struct hws_capture *c, unsigned display);
	void (*stop)(struct hws_capture *c, unsigned display);
	int (*grab)(struct hws_capture *c, unsigned display);
	void (*release)(struct hws_capture *c, unsigned display);
	int (*snapshot)(struct hws_capture *c, unsigned display, struct hws_picture **ret);
};

struct hws_capture {
	const struct hws_capture_impl *impl;
	struct hws_capture_events ev; /* set before the first start */
};

/* Borrows until the next turn of the loop. */
static inline const struct hws_display *hws_capture_displays(
		struct hws_capture *c, unsigned *ret_count)
{
	return c->impl->displays(c, ret_count);
}

/* The whole display counts as damaged afterwards. Starting twice is one start. HWS_ERR_NOTFOUND. */
static inline HWS_MUST_CHECK int hws_capture_start(struct hws_capture *c, unsigned display)
{
	return c->impl->start(c, display);
}

/* No more events of it; a picture that is out must still be released. */
static inline void hws_capture_stop(struct hws_capture *c, unsigned display)
{
	c->impl->stop(c, display);
}

/* HWS_OK: on_frame will come. HWS_ERR_AGAIN: nothing is damaged. HWS_ERR_BUSY: a grab is under way or its
 * picture not released. HWS_ERR_NOTFOUND: not started. */
static inline HWS_MUST_CHECK int hws_capture_grab(struct hws_capture *c, unsigned display)
{
	return c->impl->grab(c, display);
}

/* The picture of on_frame may be overwritten from now on; that happens in a later grab only, so a reader
 * that holds a lock may go on reading it until then. */
static inline void hws_capture_release(struct hws_capture *c, unsigned display)
{
	c->impl->release(c, display);
}

/* A BGRA picture of the display as it is now, whether started or not; the caller drops it. May wait for
 * the display server (one round trip). */
static inline HWS_MUST_CHECK int hws_capture_snapshot(
		struct hws_capture *c, unsigned display, struct hws_picture **ret)
{
	return c->impl->snapshot(c, display, ret);
}
