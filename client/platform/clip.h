/* platform/clip: text of the desktop's clipboard, both ways. What was set through here, and what
 * carries the mark of another remote desktop program, is not reported back. Loop thread only. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define HWS_CLIP_TEXT_MAX (32u << 20)

struct hws_clip;

struct hws_clip_events {
	/* Somebody copied text (valid UTF-8, not empty); borrows until return. */
	void (*on_text)(struct hws_bytes text, void *arg);
	/* A remote desktop program, perhaps this one, has set this text; may be NULL. */
	void (*on_marked)(struct hws_bytes text, void *arg);
	void *arg;
};

struct hws_clip_impl {
	void (*watch)(struct hws_clip *c, bool on);
	int (*set_text)(struct hws_clip *c, struct hws_bytes text);
};

struct hws_clip {
	const struct hws_clip_impl *impl;
	struct hws_clip_events ev;
};

static inline void hws_clip_watch(struct hws_clip *c, bool on)
{
	c->impl->watch(c, on);
}

/* UTF-8, copied. HWS_ERR_TOOBIG above HWS_CLIP_TEXT_MAX, HWS_ERR_NOMEM. */
static inline HWS_MUST_CHECK int hws_clip_set_text(struct hws_clip *c, struct hws_bytes text)
{
	return c->impl->set_text(c, text);
}
