/* platform/capture: displays and their pictures, driven by damage: no event, no work.
 *
 * Several readers share one capture: video, a recording, a second stream. Each subscribes, starts
 * the displays that it wants, and has damage of its own: what changed since the picture that it got
 * last. What is captured is captured once for all of them, and only while somebody has started it.
 *
 * Life of a picture: start -> on_damage -> grab -> on_frame -> release -> (on_damage ...). One grab
 * of a display by a reader is under way at a time; readers do not wait for each other. All calls
 * and events on the loop's thread; events never come from inside a call of this interface. A reader
 * may be unsubscribed from inside its own event. */
#pragma once
#include "client/media/picture.h"
#include "shared/base/err.h"

#define HWS_DISPLAYS_MAX 16
#define HWS_CAPTURE_READERS_MAX 16

struct hws_display {
	int x, y, width, height; /* pixels of the virtual desktop */
	char name[64];
	bool primary;
	uint32_t id; /* of the back-end: the same display has the same one in the next list */
};

struct hws_capture;
struct hws_capture_reader;

struct hws_capture_events {
	/* Something changed on a display that this reader has started; once until its next grab of
	 * it. */
	void (*on_damage)(unsigned display, void *arg);
	/* Answer to grab. r == 0: `picture` (the display's size) differs from the one that this
	 * reader got before in `damage` only; it stays as it is until hws_capture_release, also for
	 * other threads (which lock it). r < 0: there is no picture and nothing to release;
	 * HWS_ERR_AGAIN: the damage was elsewhere; else the grab failed and the damage is kept. */
	void (*on_frame)(unsigned display, int r, struct hws_picture *picture,
			const struct hws_region *damage, void *arg);
	/* The list changed: indices have a new meaning, all displays are stopped, pictures
	 * released. May be NULL. */
	void (*on_displays)(void *arg);
	/* Answer to snapshot. r == 0: a BGRA picture of the display, whose reference is the
	 * reader's: drop it. May be NULL when no snapshot is taken. */
	void (*on_snapshot)(unsigned display, int r, struct hws_picture *picture, void *arg);
	void *arg;
};

/* Borrows until the next turn of the loop. */
const struct hws_display *hws_capture_displays(const struct hws_capture *c, unsigned *ret_count);

/* HWS_ERR_FULL: HWS_CAPTURE_READERS_MAX have subscribed. HWS_ERR_NOMEM. */
int hws_capture_subscribe(struct hws_capture *c, const struct hws_capture_events *ev,
		struct hws_capture_reader **ret) HWS_MUST_CHECK;
/* Stops all displays of it; no more events, pictures count as released. Takes NULL. */
void hws_capture_unsubscribe(struct hws_capture_reader *r);

/* The whole display counts as damaged afterwards. Starting twice is one start. HWS_ERR_NOTFOUND. */
int hws_capture_start(struct hws_capture_reader *r, unsigned display) HWS_MUST_CHECK;
/* No more on_damage and on_frame of it; its picture counts as released. */
void hws_capture_stop(struct hws_capture_reader *r, unsigned display);

/* HWS_OK: on_frame will come. HWS_ERR_AGAIN: nothing is damaged. HWS_ERR_BUSY: a grab of this
 * reader is under way or its picture not released. HWS_ERR_NOTFOUND: not started. */
int hws_capture_grab(struct hws_capture_reader *r, unsigned display) HWS_MUST_CHECK;
/* The picture of on_frame may be overwritten from now on; that happens in a later grab only, so a
 * reader that holds a lock may go on reading it until then. */
void hws_capture_release(struct hws_capture_reader *r, unsigned display);

/* HWS_OK: on_snapshot will come with the display as it is then, whether started or not.
 * HWS_ERR_BUSY: one of this reader and display is under way. HWS_ERR_NOTFOUND. */
int hws_capture_snapshot(struct hws_capture_reader *r, unsigned display) HWS_MUST_CHECK;
