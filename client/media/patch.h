/* media/patch: exact changes of a picture, in few bytes: what differs from the picture before is
 * sent as it is, to the pixel. A screen changes by letters, lines and scrolled pages, which cost a
 * video codec as much as anything else does; here they cost what they are. docs/protocol-patches.md
 * is the format. Pure: no I/O, no clock. One thread at a time.
 *
 * Pictures are BGRA; alpha counts for nothing and becomes 255. */
#pragma once
#include "client/media/picture.h"
#include "client/media/region.h"
#include "shared/base/buf.h"
#include <stdbool.h>

#define HWS_PATCH_VERSION 1u
#define HWS_PATCH_TILE 16       /* what the two ends know of exactness is known by such squares */
#define HWS_PATCH_OPS_MAX 4096u /* in one patch */
#define HWS_PATCH_BYTES_MAX (8u << 20)

/* --- the viewer's end --- */

/* Does what the patch says to the picture, within it. HWS_ERR_CORRUPT, HWS_ERR_UNSUPPORTED (another
 * version), HWS_ERR_TOOBIG (more work than any honest patch), HWS_ERR_NOMEM: what it shows is of no
 * use any more. *ret: what was touched. */
int hws_patch_apply(struct hws_bytes patch, struct hws_picture *picture,
		struct hws_region *ret) HWS_MUST_CHECK;

/* --- the host's end --- */

struct hws_patcher;

/* Of pictures of this size: what a viewer shows is not known anywhere. */
int hws_patcher_new(int width, int height, struct hws_patcher **ret) HWS_MUST_CHECK;
void hws_patcher_free(struct hws_patcher *p); /* takes NULL */

struct hws_patch_wish {
	const struct hws_picture *now;   /* of the patcher's size */
	const struct hws_region *damage; /* what differs from the picture before */
	size_t max;                      /* bytes */
	size_t pixels;                   /* that may be sent; more is no small change */
	uint32_t turn;                   /* as of hws_patcher_shown_otherwise */
};
/* Appends the patch that brings viewers up to `now` within the damage. HWS_ERR_AGAIN: they are;
 * HWS_ERR_TOOBIG: it would be more than is wished for. Then, and on HWS_ERR_NOMEM, `out` is as
 * before, and the damage is for something else to show (hws_patcher_shown_otherwise was done). */
int hws_patcher_change(struct hws_patcher *p, const struct hws_patch_wish *wish,
		struct hws_buf *out) HWS_MUST_CHECK;
/* The region is shown by something else now (a video codec): not exact. `turn` counts upwards and
 * stands for the time. */
void hws_patcher_shown_otherwise(
		struct hws_patcher *p, const struct hws_region *region, uint32_t turn);
/* Appends a patch that makes some of what is not exact so: no later than `until` shown otherwise,
 * text first, and with `photo` the rest; about `max` bytes. HWS_ERR_AGAIN: there is nothing of that
 * kind. */
int hws_patcher_complete(struct hws_patcher *p, const struct hws_picture *now, uint32_t until,
		bool photo, size_t max, struct hws_buf *out) HWS_MUST_CHECK;
/* Whether viewers show exactly what was captured, everywhere; in that rectangle. */
bool hws_patcher_is_exact(const struct hws_patcher *p);
bool hws_patcher_is_exact_in(const struct hws_patcher *p, struct hws_rect r);
/* Whether something was shown otherwise after `until`. */
bool hws_patcher_waits(const struct hws_patcher *p, uint32_t until);
/* What of the region is not exact, in whole tiles; not all of it when it is too much for a
 * region. */
void hws_patcher_inexact(const struct hws_patcher *p, const struct hws_region *region,
		struct hws_region *ret);
