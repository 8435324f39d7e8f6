/* platform/capture_source: what a back-end gives so that a capture can be shared: one grab of a
 * display at a time into a picture that it is handed. Who reads what, and whether a picture may be
 * written to, is the business of capture.c alone.
 * All on the loop's thread; the source's events never come from inside a call of it. */
#pragma once
#include "client/media/picture.h"
#include "shared/loop/loop.h"

struct hws_capture;
struct hws_capture_source;
struct hws_display;

struct hws_capture_source_impl {
	const struct hws_display *(*displays)(struct hws_capture_source *s, unsigned *ret_count);
	/* The format of the pictures that grab fills. */
	enum hws_pixel_format (*format)(const struct hws_capture_source *s);
	/* From now on damage is told; the whole display is damaged. Only when it is not started. */
	int (*start)(struct hws_capture_source *s, unsigned display);
	/* A grab under way is not answered any more. Only when it is started. */
	void (*stop)(struct hws_capture_source *s, unsigned display);
	/* Brings `into`, which holds what the last grab of this display gave (anything before the
	 * first one), up to date, and keeps a lock on it meanwhile. HWS_OK:
	 * hws_capture_source_grabbed will be called. HWS_ERR_AGAIN: nothing is damaged. */
	int (*grab)(struct hws_capture_source *s, unsigned display, struct hws_picture *into);
	/* Fills a BGRA picture of the display's size, started or not, and keeps a lock on it
	 * meanwhile. HWS_OK: hws_capture_source_snapped will be called. */
	int (*snapshot)(struct hws_capture_source *s, unsigned display, struct hws_picture *into);
};

struct hws_capture_source {
	const struct hws_capture_source_impl *impl;
	struct hws_capture *capture; /* set by hws_capture_new */
};

/* One for each opened desktop. */
int hws_capture_new(struct hws_loop *loop, struct hws_capture_source *source,
		struct hws_capture **ret) HWS_MUST_CHECK;
/* Readers must have unsubscribed. The source must still be there; it is not called any more
 * afterwards. Takes NULL. */
void hws_capture_free(struct hws_capture *c);

/* What the source tells. Damage, all of it: once until the next call of grab for the display,
 * whatever that returned. Grabbed: r == 0, and `damage` (even coordinates) is what was brought up
 * to date; or r < 0 as of on_frame. */
void hws_capture_source_damaged(struct hws_capture *c, unsigned display);
/* The grab under way takes all that was told so far: the next damage is told again. */
void hws_capture_source_taken(struct hws_capture *c, unsigned display);
void hws_capture_source_grabbed(
		struct hws_capture *c, unsigned display, int r, const struct hws_region *damage);
void hws_capture_source_snapped(struct hws_capture *c, struct hws_picture *into, int r);
/* The list is another one; the source has stopped all displays, and grabs under way are not
 * answered any more. Snapshots still are. */
void hws_capture_source_relisted(struct hws_capture *c);
