/* media/region: rectangles and small unions of them, as damage of a picture. Plain values, no
 * allocation. */
#pragma once
#include <stdbool.h>

struct hws_rect {
	int x, y, w, h;
};

#define HWS_REGION_MAX 24

/* A cover of the damaged pixels: rectangles may overlap and may hold undamaged pixels. */
struct hws_region {
	unsigned n;
	struct hws_rect rect[HWS_REGION_MAX];
};

static inline bool hws_rect_empty(struct hws_rect r)
{
	return r.w <= 0 || r.h <= 0;
}

struct hws_rect hws_rect_intersect(struct hws_rect a, struct hws_rect b);
/* The smallest rectangle around both; an empty one counts for nothing. */
struct hws_rect hws_rect_union(struct hws_rect a, struct hws_rect b);
/* Grows outwards to even coordinates (chroma is halved), then clips to width x height; a clipped
 * edge of an odd picture stays odd. */
struct hws_rect hws_rect_align2(struct hws_rect r, int width, int height);

void hws_region_clear(struct hws_region *g);
/* Adds; joins rectangles when that costs little or when the table is full. Empty ones are
 * ignored. */
void hws_region_add(struct hws_region *g, struct hws_rect r);
void hws_region_add_all(struct hws_region *g, const struct hws_region *more);
/* What of `g` lies in `within`, moved so that the corner of `within` becomes 0,0. */
void hws_region_clip(
		const struct hws_region *g, struct hws_rect within, struct hws_region *ret_region);
struct hws_rect hws_region_bounds(const struct hws_region *g);
/* Sum of the rectangles' areas (an upper bound of the damage). */
long hws_region_area(const struct hws_region *g);
