/* clipboard/departure: what was copied at the desktop, on its way to the viewers: packed once for
 * each sort of them. Small things at once, for a key that pastes it may be next; the rest on a
 * worker: one at a time, of what waits for it the newest only. Loop thread only. */
#pragma once
#include "client/platform/clip_content.h"
#include "client/services/clipboard/parts.h"
#include "shared/loop/work.h"

struct hws_clip_departures;

enum {                         /* sorts of viewers, as bits */
	HWS_CLIP_FOR_TEXT = 1, /* that take the text alone */
	HWS_CLIP_FOR_MULTI = 2 /* that take several formats */
};

/* Packed for this sort: `b`, borrowed, with the message that `m` is the kind of. */
typedef void hws_clip_departed(
		const Ses__Message *m, struct hws_clip_blob *b, unsigned sort, void *arg);

/* `work` NULL: all is done at once. */
int hws_clip_departures_new(struct hws_loop *loop, struct hws_work *work, hws_clip_departed *fn,
		void *arg, struct hws_clip_departures **ret) HWS_MUST_CHECK;
void hws_clip_departures_free(struct hws_clip_departures *d); /* takes NULL */
/* In place of what is on its way. `fn` may be called. */
void hws_clip_departures_take(
		struct hws_clip_departures *d, const struct hws_clip_content *c, unsigned sorts);
/* What is on its way is not wanted any more. */
void hws_clip_departures_forget(struct hws_clip_departures *d);
