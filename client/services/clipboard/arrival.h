/* clipboard/arrival: what viewers have copied, on its way to the desktop's clipboard: unpacked,
 * looked over, pixels made a picture; in bounds. Small things at once, the rest on a worker: one
 * at a time, of what waits for it the newest only. Loop thread only. */
#pragma once
#include "client/platform/clip_content.h"
#include "proto/session.pb-c.h"
#include "shared/loop/work.h"

struct hws_clip_arrivals;

/* `refused` (may be NULL): why a picture that came with it is not there. The content, borrowed, may
 * be empty then. `tag`: as given with the message. */
typedef void hws_clip_arrived(
		const struct hws_clip_content *c, const char *refused, unsigned tag, void *arg);

/* `work` NULL: all is done at once. */
int hws_clip_arrivals_new(struct hws_loop *loop, struct hws_work *work, hws_clip_arrived *fn,
		void *arg, struct hws_clip_arrivals **ret) HWS_MUST_CHECK;
void hws_clip_arrivals_free(struct hws_clip_arrivals *a); /* takes NULL */
/* Clipboard or MultiClipboards; what is not understood is left out. `fn` may be called. */
void hws_clip_arrivals_take(struct hws_clip_arrivals *a, const Ses__Message *m, unsigned tag);
/* What is on its way is not wanted any more. */
void hws_clip_arrivals_forget(struct hws_clip_arrivals *a);
/* The same if it came with this tag. */
void hws_clip_arrivals_forget_of(struct hws_clip_arrivals *a, unsigned tag);
