/* platform/clip: content and files of the desktop's clipboard, both ways. What was set through
 * here, and what carries the mark of another remote desktop program, is not reported back. Loop
 * thread only. */
#pragma once
#include "client/platform/clip_content.h"

struct hws_clip;

struct hws_clip_events {
	/* Somebody copied something, in one format at least; borrows until return. */
	void (*on_content)(const struct hws_clip_content *c, void *arg);
	/* A remote desktop program, perhaps this one, has set this; may be NULL. */
	void (*on_marked)(const struct hws_clip_content *c, void *arg);
	/* Of what somebody copied at least one format is left out: it is larger than
	 * HWS_CLIP_PART_MAX, or all are than HWS_CLIP_ALL_MAX. After on_content, which may not have
	 * come. May be NULL. */
	void (*on_large)(void *arg);
	void *arg;
};

struct hws_clip_file_events {
	/* Somebody copied files: absolute paths, at least one; borrows until return. What he copied
	 * may have a text, too, which is told by on_content. */
	void (*on_files)(const char *const *paths, size_t n, void *arg);
	void *arg;
};

struct hws_clip_impl {
	void (*watch)(struct hws_clip *c, bool on);
	int (*set)(struct hws_clip *c, const struct hws_clip_content *content);
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

/* All formats of it are offered at once; copied. HWS_ERR_TOOBIG above HWS_CLIP_PART_MAX or
 * HWS_CLIP_ALL_MAX, HWS_ERR_NOMEM. */
static inline HWS_MUST_CHECK int hws_clip_set(
		struct hws_clip *c, const struct hws_clip_content *content)
{
	return c->impl->set(c, content);
}

static inline HWS_MUST_CHECK int hws_clip_set_text(struct hws_clip *c, struct hws_bytes text)
{
	const struct hws_clip_content content = hws_clip_content_text(text);

	return hws_clip_set(c, &content);
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
