/* What really differs of a rectangle: without borders that are as they were, and in pieces where a
 * cursor stands beside a letter, since a letter alone may be copied when it comes again. */
#include "client/media/patch_parts.h"
#include <string.h>

#define HIGH_MAX 96 /* of a line of text; larger things are not taken apart */
#define WIDE_MAX 192
#define SOLID_MIN 4 /* columns */

bool patch_differs(const struct hws_picture *was, const struct hws_picture *now, struct hws_rect r)
{
	for (int y = r.y; y < r.y + r.h; y++)
		if (memcmp(patch_row(now, r.x, y), patch_row(was, r.x, y), (size_t)r.w * 4) != 0)
			return true;
	return false;
}

/* As patch_differs of a column, which is not worth a call for each pixel. */
static bool column_differs(const struct hws_picture *was, const struct hws_picture *now, int x,
		struct hws_rect r)
{
	for (int y = r.y; y < r.y + r.h; y++)
		if (*patch_row(now, x, y) != *patch_row(was, x, y))
			return true;
	return false;
}

static struct hws_rect tighten(
		const struct hws_picture *was, const struct hws_picture *now, struct hws_rect r)
{
	while (r.h && !patch_differs(was, now, (struct hws_rect){ r.x, r.y, r.w, 1 })) {
		r.y++;
		r.h--;
	}
	while (r.h && !patch_differs(was, now, (struct hws_rect){ r.x, r.y + r.h - 1, r.w, 1 }))
		r.h--;
	while (r.h && r.w && !column_differs(was, now, r.x, r)) {
		r.x++;
		r.w--;
	}
	while (r.h && r.w && !column_differs(was, now, r.x + r.w - 1, r))
		r.w--;
	return r;
}

/* Pixels of one colour in a column. */
static int count(const struct hws_picture *p, int x, struct hws_rect r, uint32_t c)
{
	int n = 0;

	for (int y = r.y; y < r.y + r.h; y++)
		n += *patch_row(p, x, y) == c;
	return n;
}

/* Columns of one colour at an edge (`from`, going by `step`), beside which hardly a pixel has it: a
 * cursor, not the ground of a letter. */
static int solid(const struct hws_picture *now, struct hws_rect r, int from, int step)
{
	uint32_t c = *patch_row(now, from, r.y);
	int n = 0;

	while (n < r.w && count(now, from + n * step, r, c) == r.h)
		n++;
	return n >= SOLID_MIN && n < r.w && count(now, from + n * step, r, c) * 4 < r.h ? n : 0;
}

unsigned patch_cut(const struct hws_picture *was, const struct hws_picture *now, struct hws_rect r,
		struct hws_rect *ret, unsigned max)
{
	unsigned n = 0;

	r = tighten(was, now, r);
	if (hws_rect_empty(r))
		return 0;
	while (max - n >= 4 && r.h <= HIGH_MAX && r.w <= WIDE_MAX) {
		int left = solid(now, r, r.x, 1), right = solid(now, r, r.x + r.w - 1, -1), x;
		if (left + right >= r.w)
			break;
		if (left)
			ret[n++] = (struct hws_rect){ r.x, r.y, left, r.h };
		if (right)
			ret[n++] = (struct hws_rect){ r.x + r.w - right, r.y, right, r.h };
		r = (struct hws_rect){ r.x + left, r.y, r.w - left - right, r.h };
		/* The part before the first column that is as it was. */
		for (x = r.x; x < r.x + r.w && column_differs(was, now, x, r);)
			x++;
		if (x == r.x + r.w)
			break;
		struct hws_rect first =
				tighten(was, now, (struct hws_rect){ r.x, r.y, x - r.x, r.h });
		if (!hws_rect_empty(first))
			ret[n++] = first;
		r = tighten(was, now, (struct hws_rect){ x, r.y, r.x + r.w - x, r.h });
		if (hws_rect_empty(r))
			return n;
	}
	ret[n++] = r;
	return n;
}
