/* clipboard/clipboard_view: text of both clipboards, as the viewer exchanges it. What came from the
 * host is not sent back at once. */
#pragma once
#include "client/core/viewer.h"

#define HWS_CLIP_SEND_MAX (16u << 20)

struct hws_clipboard_view;
struct hws_confined;

struct hws_clipboard_view_conf {
	/* The host's clipboard has this text now: valid UTF-8, not empty; borrows. */
	void (*on_text)(struct hws_bytes text, void *arg);
	void *arg;
	uint64_t (*now_us)(void);     /* NULL = hws_clock_us */
	struct hws_confined *decoder; /* unpacks; outlives it */
};

int hws_clipboard_view_new(const struct hws_clipboard_view_conf *conf,
		struct hws_clipboard_view **ret) HWS_MUST_CHECK;
void hws_clipboard_view_free(struct hws_clipboard_view *cv); /* takes NULL */
struct hws_service *hws_clipboard_view_service(struct hws_clipboard_view *cv);
/* The other way round; `s` is one. */
struct hws_clipboard_view *hws_clipboard_view_of(struct hws_service *s);
/* HWS_ERR_DENIED: not permitted now; HWS_ERR_INVAL: not UTF-8; HWS_ERR_TOOBIG. Empty text, and what
 * the host has got or sent just now (clipboard/echo), are left out without an error. */
int hws_clipboard_view_send(struct hws_clipboard_view *cv, struct hws_bytes text) HWS_MUST_CHECK;
