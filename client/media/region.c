/* Damage comes as many small strokes. Rectangles are joined where that adds few pixels, and always
 * when the table is full: a cover that is too large costs time, one that is too small costs
 * truth. */
#include "client/media/region.h"
#include "shared/base/macros.h"

struct hws_rect hws_rect_intersect(struct hws_rect a, struct hws_rect b)
{
	int x = HWS_MAX(a.x, b.x), y = HWS_MAX(a.y, b.y);
	int right = HWS_MIN(a.x + a.w, b.x + b.w), low = HWS_MIN(a.y + a.h, b.y + b.h);

	if (right <= x || low <= y)
		return (struct hws_rect){ 0 };
	return (struct hws_rect){ x, y, right - x, low - y };
}

struct hws_rect hws_rect_union(struct hws_rect a, struct hws_rect b)
{
	if (hws_rect_empty(a))
		return b;
	if (hws_rect_empty(b))
		return a;
	int x = HWS_MIN(a.x, b.x), y = HWS_MIN(a.y, b.y);
	int right = HWS_MAX(a.x + a.w, b.x + b.w), low = HWS_MAX(a.y + a.h, b.y + b.h);

	return (struct hws_rect){ x, y, right - x, low - y };
}

struct hws_rect hws_rect_align2(struct hws_rect r, int width, int height)
{
	int right = r.x + r.w, low = r.y + r.h;

	r.x &= ~1;
	r.y &= ~1;
	r.w = ((right + 1) & ~1) - r.x;
	r.h = ((low + 1) & ~1) - r.y;
	return hws_rect_intersect(r, (struct hws_rect){ 0, 0, width, height });
}

void hws_region_clear(struct hws_region *g)
{
	g->n = 0;
}

static long area(struct hws_rect r)
{
	return (long)r.w * r.h;
}

/* How many pixels a joined rectangle holds that neither of the two had. */
static long join_cost(struct hws_rect a, struct hws_rect b)
{
	return area(hws_rect_union(a, b)) - area(a) - area(b) + area(hws_rect_intersect(a, b));
}

void hws_region_add(struct hws_region *g, struct hws_rect r)
{
	if (hws_rect_empty(r))
		return;
	for (;;) {
		unsigned best = 0;
		long cost = 0;

		for (unsigned i = 0; i < g->n; i++) {
			long c = join_cost(g->rect[i], r);
			if (i == 0 || c < cost) {
				cost = c;
				best = i;
			}
		}
		/* A request per rectangle costs about as much as copying some thousand pixels. */
		bool join = g->n > 0 && (cost <= 2048 || g->n == HWS_REGION_MAX);
		if (!join) {
			g->rect[g->n++] = r;
			return;
		}
		r = hws_rect_union(g->rect[best], r);
		g->rect[best] = g->rect[--g->n];
	}
}

void hws_region_add_all(struct hws_region *g, const struct hws_region *more)
{
	for (unsigned i = 0; i < more->n; i++)
		hws_region_add(g, more->rect[i]);
}

void hws_region_clip(
		const struct hws_region *g, struct hws_rect within, struct hws_region *ret_region)
{
	struct hws_region out = { 0 };

	for (unsigned i = 0; i < g->n; i++) {
		struct hws_rect r = hws_rect_intersect(g->rect[i], within);
		r.x -= within.x;
		r.y -= within.y;
		hws_region_add(&out, r);
	}
	*ret_region = out;
}

struct hws_rect hws_region_bounds(const struct hws_region *g)
{
	struct hws_rect r = { 0 };

	for (unsigned i = 0; i < g->n; i++)
		r = hws_rect_union(r, g->rect[i]);
	return r;
}

long hws_region_area(const struct hws_region *g)
{
	long sum = 0;

	for (unsigned i = 0; i < g->n; i++)
		sum += area(g->rect[i]);
	return sum;
}
