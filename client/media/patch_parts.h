/* media/patch_parts: what the files of the patch codec share. Pixels are 0x00RRGGBB, a rectangle of
 * them without gaps. docs/protocol-patches.md is the format. */
#pragma once
#include "client/media/patch.h"
#include "client/media/patch_range.h"

enum patch_op {
	PATCH_COPY,   /* from elsewhere in the picture as it is by then */
	PATCH_FILL,   /* one colour */
	PATCH_SCREEN, /* text, lines, windows */
	PATCH_PHOTO,  /* many colours, smooth */
	PATCH_OPS
};

#define PATCH_LAST 0x80u /* with the op: its pixels take the rest of the patch */
#define PATCH_ANCHORS_MAX 4u

/* --- patch_screen.c --- */

/* Colours that most pixels have, or lie between: of the background first. */
struct patch_anchors {
	unsigned n;
	uint32_t colour[PATCH_ANCHORS_MAX];
};
/* The `w` pixels before the first are overwritten by both. */
void patch_screen_write(uint32_t *px, int w, int h, const struct patch_anchors *anchors,
		struct hws_buf *out);
/* Any bytes are some picture. */
void patch_screen_read(struct hws_bytes in, uint32_t *px, int w, int h);

/* --- patch_photo.c --- */

/* HWS_ERR_NOMEM. */
int patch_photo_write(const uint32_t *px, int w, int h, struct hws_buf *out) HWS_MUST_CHECK;
void patch_photo_read(struct hws_bytes in, uint32_t *px, int w, int h);

/* --- patch_colours.c --- */

/* Whether the pixels are those of a screen: few colours, of which `ret` are the most frequent. */
bool patch_few_colours(const uint32_t *px, size_t n, struct patch_anchors *ret);

/* --- patch_moves.c --- */

/* How far most of a rectangle has moved down: new rows at y show what `before` has at y - *ret.
 * 0: it has not. */
int patch_find_scroll(const struct hws_picture *before, const struct hws_picture *now,
		struct hws_rect within);
#define PATCH_COPIES_MAX 48u
/* What of the rectangle shows what lay `by` rows above, in the order in which it can be copied.
 * `known(x, y, w)`: whether so many pixels of `before` may be relied on. */
unsigned patch_find_copies(const struct hws_picture *before, const struct hws_picture *now,
		struct hws_rect within, int by, bool (*known)(int x, int y, int w, const void *arg),
		const void *arg, struct hws_rect ret[PATCH_COPIES_MAX]);

/* --- patch_cut.c --- */

bool patch_differs(const struct hws_picture *was, const struct hws_picture *now, struct hws_rect r);
/* What of the rectangle differs, as at most `max` (at least one) rectangles; returns their
 * number. */
unsigned patch_cut(const struct hws_picture *was, const struct hws_picture *now, struct hws_rect r,
		struct hws_rect *ret, unsigned max);

/* --- pixels --- */

static inline const uint32_t *patch_row(const struct hws_picture *p, int x, int y)
{
	return (const uint32_t *)(const void *)(p->plane[0] + (ptrdiff_t)y * p->stride[0]) + x;
}

static inline uint32_t *patch_row_of(struct hws_picture *p, int x, int y)
{
	return (uint32_t *)(void *)(p->plane[0] + (ptrdiff_t)y * p->stride[0]) + x;
}

#define PATCH_RGB 0x00ffffffu
#define PATCH_OPAQUE 0xff000000u

/* Moves a rectangle within a picture; source and target may overlap. */
void patch_move(struct hws_picture *p, int from_x, int from_y, struct hws_rect to);

/* --- patch_write.c --- */

#define PATCH_LETTERS 256u

/* Small rectangles that were sent lately, and where they were then. */
struct patch_letter {
	uint64_t hash;
	int x, y, w, h; /* w 0: none */
};

/* Writes operations that lead from `was` to `now`; `was` follows. */
struct patch_maker {
	struct hws_picture *was; /* what viewers show, as far as it is exact */
	struct hws_buf *out;
	size_t head; /* where in `out` the last op begins, */
	size_t open; /* and its pixels, whose length is not written yet; 0: it has none */
	uint32_t *px;
	size_t room;
	bool (*known)(int x, int y, int w, const void *arg);
	const void *arg;
	struct patch_letter letter[PATCH_LETTERS];
};

/* In place of the first byte of a patch. */
void patch_begin(struct patch_maker *m, struct hws_buf *out);
void patch_write_copy(struct patch_maker *m, int from_x, int from_y, struct hws_rect to);
/* The rectangle as it is in `now`, in the cheapest of the four ways. HWS_ERR_NOMEM. */
int patch_write_pixels(struct patch_maker *m, const struct hws_picture *now,
		struct hws_rect r) HWS_MUST_CHECK;
/* No more will follow. */
int patch_end(struct patch_maker *m) HWS_MUST_CHECK;
