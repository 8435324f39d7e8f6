/* platform/clip_content: what one copy put on a clipboard: the same thing in several formats, of
 * which whoever pastes takes the one it likes best. Pictures are always PNG files here: where
 * pixels come from outside they are made one. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

/* In the order in which they are kept when not all fit. */
enum hws_clip_format {
	HWS_CLIP_TEXT,  /* valid UTF-8 */
	HWS_CLIP_HTML,  /* UTF-8 */
	HWS_CLIP_RTF,   /* of bytes below 128, as it describes itself */
	HWS_CLIP_PNG,   /* a file */
	HWS_CLIP_SVG,   /* UTF-8 */
	HWS_CLIP_SHEET, /* "XML Spreadsheet" of office programs: as it came */
	HWS_CLIP_FORMATS
};

/* Of one format, and of all together: what goes over as one message has less (limits.h), what is
 * packed may be more when it is unpacked. */
#define HWS_CLIP_PART_MAX (32u << 20)
#define HWS_CLIP_ALL_MAX (64u << 20)

/* Borrowed; a format that is not there has no length. */
struct hws_clip_content {
	struct hws_bytes part[HWS_CLIP_FORMATS];
};

static inline size_t hws_clip_content_size(const struct hws_clip_content *c)
{
	size_t n = 0;

	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		n += c->part[i].len;
	return n;
}

static inline struct hws_clip_content hws_clip_content_text(struct hws_bytes text)
{
	struct hws_clip_content c = { .part = { [HWS_CLIP_TEXT] = text } };

	return c;
}

bool hws_clip_content_equal(const struct hws_clip_content *a, const struct hws_clip_content *b);

/* A copy in one piece of memory, whose end is the owner's. */
struct hws_clip_copy {
	struct hws_clip_content c;
	void *memory; /* NULL: nothing */
};

/* HWS_ERR_TOOBIG: a part, or all, above the limits; HWS_ERR_NOMEM. Then `ret` is not touched. */
int hws_clip_copy_make(const struct hws_clip_content *c, struct hws_clip_copy *ret) HWS_MUST_CHECK;
void hws_clip_copy_done(struct hws_clip_copy *c); /* takes one of nothing */
