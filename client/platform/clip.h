/* platform/clip: text and files of the desktop's clipboard, both ways. What was set through here,
 * and what carries the mark of another remote desktop program, is not reported back. Loop thread
 * only. */
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

struct hws_clip_file_events {
	/* Somebody copied files: absolute paths, at least one; borrows until return. What he copied
	 * may have a text, too, which is told by on_text. */
	void (*on_files)(const char *const *paths, size_t n, void *arg);
	void *arg;
};

struct hws_clip_impl {
	void (*watch)(struct hws_clip *c, bool on);
	int (*set_text)(struct hws_clip *c, struct hws_bytes text);
	/* NULL: a desktop without files. */
	void (*watch_files)(struct hws_clip *c, bool on);
	int (*set_files)(struct hws_clip *c, const char *const *paths, size_t n);
	void (*clear_files)(struct hws_clip *c);
};

struct hws_clip {
	const struct hws_clip_impl *impl;
	struct hws_clip_events ev;
	struct hws_clip_file_events files;
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

static inline bool hws_clip_has_files(const struct hws_clip *c)
{
	return c->impl->set_files != NULL;
}

/* Only of a clipboard that has files. */
static inline void hws_clip_watch_files(struct hws_clip *c, bool on)
{
	c->impl->watch_files(c, on);
}

/* Absolute paths, copied: to be copied by whoever pastes. HWS_ERR_TOOBIG, HWS_ERR_NOMEM. */
static inline HWS_MUST_CHECK int hws_clip_set_files(
		struct hws_clip *c, const char *const *paths, size_t n)
{
	return c->impl->set_files(c, paths, n);
}

/* Files that were set through here, if they are still there, are not any more. */
static inline void hws_clip_clear_files(struct hws_clip *c)
{
	c->impl->clear_files(c);
}
