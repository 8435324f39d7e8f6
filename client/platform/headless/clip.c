/* The clipboard of a desktop in memory. */
#include "client/platform/headless/desk.h"
#include "client/platform/headless/headless.h"
#include "client/platform/uri_list.h"

static void hl_watch_clip(struct hws_clip *c, bool on)
{
	hws_container(c, struct headless, clip)->want_clip = on;
}

static int hl_set(struct hws_clip *c, const struct hws_clip_content *content)
{
	struct headless *h = hws_container(c, struct headless, clip);
	struct hws_clip_copy copy;
	int r = hws_clip_copy_make(content, &copy);

	if (r < 0)
		return r;
	hws_clip_copy_done(&h->clip_content);
	h->clip_content = copy;
	return HWS_OK;
}

static void hl_watch_files(struct hws_clip *c, bool on)
{
	hws_container(c, struct headless, clip)->want_clip_files = on;
}

static int hl_set_files(struct hws_clip *c, const char *const *paths, size_t n)
{
	struct headless *h = hws_container(c, struct headless, clip);

	hws_buf_reset(&h->clip_files);
	hws_uri_list_put(&h->clip_files, paths, n, "\n");
	return hws_buf_err(&h->clip_files);
}

static void hl_clear_files(struct hws_clip *c)
{
	hws_buf_reset(&hws_container(c, struct headless, clip)->clip_files);
}

static const struct hws_clip_impl clip_impl = { hl_watch_clip, hl_set, hl_watch_files, hl_set_files,
	hl_clear_files };

void hl_clip_init(struct headless *h)
{
	h->clip.impl = &clip_impl;
	h->base.clip = &h->clip;
	hws_buf_init(&h->clip_files, HWS_URI_LIST_BYTES_MAX);
}

void hl_clip_done(struct headless *h)
{
	hws_clip_copy_done(&h->clip_content);
	hws_buf_done(&h->clip_files);
}

/* --- what tests do --- */

void hws_headless_copy(struct hws_platform *p, const struct hws_clip_content *c)
{
	struct headless *h = of_platform(p);

	if (hl_set(&h->clip, c) == HWS_OK && h->want_clip && h->clip.ev.on_content)
		h->clip.ev.on_content(c, h->clip.ev.arg);
}

void hws_headless_copy_text(struct hws_platform *p, struct hws_bytes text)
{
	const struct hws_clip_content c = hws_clip_content_text(text);

	hws_headless_copy(p, &c);
}

struct hws_bytes hws_headless_clip(const struct hws_platform *p, enum hws_clip_format f)
{
	return of_platform(p)->clip_content.c.part[f];
}

void hws_headless_copy_files(struct hws_platform *p, const char *const *paths, size_t n)
{
	struct headless *h = of_platform(p);

	hws_buf_reset(&h->clip_files); /* what was set from afar is not there any more */
	if (h->want_clip_files && h->clip.files.on_files)
		h->clip.files.on_files(paths, n, h->clip.files.arg);
}

struct hws_bytes hws_headless_clip_files(const struct hws_platform *p)
{
	return hws_buf_bytes(&of_platform(p)->clip_files);
}
