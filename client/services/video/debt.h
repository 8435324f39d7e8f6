/* video/debt: the parts of a display that were coded worse than they could be, and how they are
 * paid off: in rounds, and where the line is narrow in slices, so that a change never waits for
 * long. Pure arithmetic. */
#pragma once
#include "client/media/region.h"

#define HWS_DEBT_ROUNDS 8u

struct hws_debt {
	struct hws_region now, again; /* of this round; of the next */
	unsigned rounds;              /* since the picture changed */
};

/* The picture changed: all rounds are open again. */
void hws_debt_changed(struct hws_debt *d);
/* A change was coded badly. */
void hws_debt_owe(struct hws_debt *d, const struct hws_region *g);
/* What was taken is better now, but still not good. */
void hws_debt_again(struct hws_debt *d, const struct hws_region *g);
void hws_debt_clear(struct hws_debt *d);
/* True when there is something to take; begins the next round when one is over. */
bool hws_debt_more(struct hws_debt *d);
/* Takes about so many pixels of this round, at least one row of blocks. */
void hws_debt_take(struct hws_debt *d, double pixels, struct hws_region *ret_part);
