/* clipboard/clipboard_view: what is copied at the host and here, as the viewer exchanges it. What
 * came from the host is not sent back at once. */
#pragma once
#include "client/core/viewer.h"
#include "client/platform/clip_content.h"

#define HWS_CLIP_SEND_MAX (32u << 20) /* of all formats together */

struct hws_clipboard_view;
struct hws_confined;

struct hws_clipboard_view_conf {
	/* The host's clipboard has this now, in one format at least; borrows. */
	void (*on_content)(const struct hws_clip_content *c, void *arg);
	/* A picture that was copied there is left out; a part of a sentence. May be NULL. */
	void (*on_refused)(const char *why, void *arg);
	void *arg;
	uint64_t (*now_us)(void);     /* NULL = hws_clock_us */
	struct hws_confined *decoder; /* unpacks, and writes pictures anew; outlives it */
};

int hws_clipboard_view_new(const struct hws_clipboard_view_conf *conf,
		struct hws_clipboard_view **ret) HWS_MUST_CHECK;
void hws_clipboard_view_free(struct hws_clipboard_view *cv); /* takes NULL */
struct hws_service *hws_clipboard_view_service(struct hws_clipboard_view *cv);
/* The other way round; `s` is one. */
struct hws_clipboard_view *hws_clipboard_view_of(struct hws_service *s);
/* HWS_ERR_DENIED: not permitted now; HWS_ERR_INVAL: a format that it is not; HWS_ERR_TOOBIG. A host
 * that takes text alone gets that, or nothing. Nothing, and what the host has got or sent just now
 * (clipboard/echo), are left out without an error. */
int hws_clipboard_view_send(struct hws_clipboard_view *cv,
		const struct hws_clip_content *content) HWS_MUST_CHECK;
