/* platform/screens: the displays themselves rather than what they show: their sizes, displays
 * without a monitor, and what keeps the person at the desktop out (its mouse and keyboard without
 * effect, its monitors dark). What was changed is undone when those who wished it have left, also
 * when this process is killed. A back-end that can do nothing of it has no such interface.
 *
 * All calls and events on the loop's thread; events never come from inside a call. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_SIZES_MAX 48u
#define HWS_SCREEN_SIDE_MIN 200 /* smaller ones cannot be worked at */

struct hws_size {
	int width, height; /* in pixels, as the display is turned */
};

enum hws_screens_act {
	HWS_SCREENS_RESIZE,
	HWS_SCREENS_PLUG,
	HWS_SCREENS_BLOCK, /* the person's mouse and keyboard */
	HWS_SCREENS_BLANK  /* the monitors */
};

struct hws_screens;

struct hws_screens_impl {
	unsigned (*sizes)(struct hws_screens *s, unsigned display,
			struct hws_size ret[HWS_SIZES_MAX]);
	bool (*original)(struct hws_screens *s, unsigned display, struct hws_size *ret);
	void (*resize)(struct hws_screens *s, unsigned display, struct hws_size size, uint64_t who);
	void (*plug)(struct hws_screens *s, int number, bool on, uint64_t who);
	void (*restore)(struct hws_screens *s);
	void (*block)(struct hws_screens *s, bool on, uint64_t who);
	void (*blank)(struct hws_screens *s, bool on, uint64_t who);
};

struct hws_screens_events {
	/* How it ended, once for each call that has a `who`. r < 0: nothing changed, and `why` is a
	 * sentence for that viewer. Of a success the display list tells. */
	void (*on_done)(enum hws_screens_act act, uint64_t who, int r, const char *why, void *arg);
	/* It ended by itself (a device came that cannot be held; the monitors are lit again). */
	void (*on_over)(enum hws_screens_act act, const char *why, void *arg);
	void *arg;
};

struct hws_screens {
	const struct hws_screens_impl *impl;
	bool can_blank;   /* as far as is known before it is tried */
	uint32_t holders; /* bits of slots: viewers that changed sizes or displays */
	/* of RESIZE and PLUG; of BLOCK and BLANK. Set by the users; may be empty. */
	struct hws_screens_events displays, person;
};

/* For back-ends. */
void hws_screens_tell_done(struct hws_screens *s, enum hws_screens_act act, uint64_t who, int r,
		const char *why);
void hws_screens_tell_over(struct hws_screens *s, enum hws_screens_act act, const char *why);

/* The sizes that a display may be given, without the doubtful ones; 0: it stays as it is. */
unsigned hws_screens_sizes(
		struct hws_screens *s, unsigned display, struct hws_size ret[HWS_SIZES_MAX]);
/* What it goes back to; false: to what it has. */
bool hws_screens_original(struct hws_screens *s, unsigned display, struct hws_size *ret);
/* `slot`: of the viewer, below 32. `who` comes back by on_done. */
void hws_screens_resize(struct hws_screens *s, unsigned display, struct hws_size size,
		unsigned slot, uint64_t who);
/* A display without a monitor comes (any number: one more) or goes (-1: all of them). */
void hws_screens_plug(struct hws_screens *s, int number, bool on, unsigned slot, uint64_t who);
/* The viewer has left: with the last one that changed something all is as it was before. */
void hws_screens_leave(struct hws_screens *s, unsigned slot);
void hws_screens_block(struct hws_screens *s, bool on, uint64_t who);
void hws_screens_blank(struct hws_screens *s, bool on, uint64_t who);
