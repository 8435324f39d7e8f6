/* video/debt: see debt.h. Slices are cut from the top, as people read. */
#include "client/services/video/debt.h"
#include "shared/base/macros.h"

#define ROWS 64 /* of the largest block of an encoder */

#define MOVED_MAX 3 /* rectangles: more would cut what rests into crumbs */

static void bring_to(struct hws_debt *d, uint64_t now_us)
{
	uint64_t span = HWS_MAX(d->span_us, (uint64_t)HWS_DEBT_SPAN_US);

	for (int i = 0; i < HWS_DEBT_SPANS && now_us >= d->moved_us + span; i++) {
		for (int k = HWS_DEBT_SPANS - 1; k > 0; k--)
			d->moved[k] = d->moved[k - 1];
		hws_region_clear(&d->moved[0]);
		d->moved_us += span;
	}
	if (now_us >= d->moved_us + span)
		d->moved_us = now_us;
}

void hws_debt_moved(struct hws_debt *d, const struct hws_region *g, uint64_t now_us)
{
	struct hws_region *moved = &d->moved[0];

	bring_to(d, now_us);
	uint64_t gap = now_us > d->last_us ? now_us - d->last_us : 0;
	d->span_us = gap <= HWS_DEBT_SPAN_MAX_US ? gap : 0;
	d->last_us = now_us;
	hws_region_add_all(moved, g);
	if (moved->n > MOVED_MAX)
		*moved = (struct hws_region){ 1, { hws_region_bounds(moved) } };
}

void hws_debt_reopen(struct hws_debt *d)
{
	d->rounds = 0;
	hws_region_add_all(&d->now, &d->again);
	hws_region_clear(&d->again);
}

void hws_debt_owe(struct hws_debt *d, const struct hws_region *g)
{
	hws_region_add_all(&d->now, g);
}

void hws_debt_again(struct hws_debt *d, const struct hws_region *g)
{
	hws_region_add_all(&d->again, g);
}

void hws_debt_clear(struct hws_debt *d)
{
	hws_region_clear(&d->now);
	hws_region_clear(&d->again);
}

bool hws_debt_more(struct hws_debt *d)
{
	if (!d->now.n && d->again.n && d->rounds + 1 < HWS_DEBT_ROUNDS) {
		d->rounds++;
		d->now = d->again;
		hws_region_clear(&d->again);
	}
	return d->now.n > 0;
}

/* What of `r` lies in `cut` goes to `in`, the rest to `out`. */
static void split(struct hws_rect r, struct hws_rect cut, struct hws_region *in,
		struct hws_region *out)
{
	struct hws_rect c = hws_rect_intersect(r, cut);

	if (hws_rect_empty(c)) {
		hws_region_add(out, r);
		return;
	}
	int low = r.y + r.h, right = r.x + r.w, c_low = c.y + c.h, c_right = c.x + c.w;
	hws_region_add(in, c);
	hws_region_add(out, (struct hws_rect){ r.x, r.y, r.w, c.y - r.y });
	hws_region_add(out, (struct hws_rect){ r.x, c.y, c.x - r.x, c.h });
	hws_region_add(out, (struct hws_rect){ c_right, c.y, right - c_right, c.h });
	hws_region_add(out, (struct hws_rect){ r.x, c_low, r.w, low - c_low });
}

/* Leaves in `d->now` what rests; the other is owed still. */
static void set_aside(struct hws_debt *d, struct hws_region *ret_moving)
{
	hws_region_clear(ret_moving);
	for (unsigned span = 0; span < HWS_DEBT_SPANS; span++)
		for (unsigned k = 0; k < d->moved[span].n; k++) {
			struct hws_region rest = { 0 };
			for (unsigned i = 0; i < d->now.n; i++)
				split(d->now.rect[i], d->moved[span].rect[k], ret_moving, &rest);
			d->now = rest;
		}
}

bool hws_debt_rests(const struct hws_debt *d, uint64_t now_us)
{
	struct hws_debt copy = *d;
	struct hws_region moving;

	bring_to(&copy, now_us);
	set_aside(&copy, &moving);
	return copy.now.n > 0;
}

void hws_debt_take(struct hws_debt *d, double pixels, uint64_t now_us, struct hws_region *ret_part)
{
	struct hws_region moving;

	hws_region_clear(ret_part);
	bring_to(d, now_us);
	set_aside(d, &moving);
	while (d->now.n && pixels > 0) {
		unsigned top = 0;
		for (unsigned i = 1; i < d->now.n; i++)
			if (d->now.rect[i].y < d->now.rect[top].y)
				top = i;
		struct hws_rect *r = &d->now.rect[top], part = *r;
		double rows = pixels / r->w;

		if (rows < r->h)
			part.h = HWS_MIN(
					HWS_MAX((int)rows / ROWS * ROWS, ROWS) - r->y % ROWS, r->h);
		pixels -= (double)part.w * part.h;
		hws_region_add(ret_part, part);
		r->y += part.h;
		r->h -= part.h;
		if (r->h <= 0)
			*r = d->now.rect[--d->now.n];
	}
	hws_region_add_all(&d->now, &moving);
}
