/* video/debt: see debt.h. Slices are cut from the top, as people read. */
#include "client/services/video/debt.h"
#include "shared/base/macros.h"

#define ROWS 64 /* of the largest block of an encoder */

void hws_debt_changed(struct hws_debt *d)
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

void hws_debt_take(struct hws_debt *d, double pixels, struct hws_region *ret_part)
{
	hws_region_clear(ret_part);
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
}
