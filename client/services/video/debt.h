/* video/debt: the parts of a display that were coded worse than they could be, and how they are
 * paid off: in rounds, and where the line is narrow in slices, so that a change never waits for
 * long. Pure arithmetic. */
#pragma once
#include "client/media/region.h"
#include <stdint.h>

#define HWS_DEBT_ROUNDS 8u
#define HWS_DEBT_SPANS 3
#define HWS_DEBT_SPAN_US 40000u      /* what rests for all of them is worth to be made better */
#define HWS_DEBT_SPAN_MAX_US 200000u /* what comes later is no motion */

struct hws_debt {
	struct hws_region now, again; /* of this round; of the next */
	unsigned rounds;              /* since the picture changed */
	/* What changed in the present span of time and in those before it. */
	struct hws_region moved[HWS_DEBT_SPANS];
	uint64_t moved_us; /* when the present one began */
	/* How long one is: where pictures come slowly, nothing rests between two of them. */
	uint64_t span_us, last_us;
};

/* The picture changed there. */
void hws_debt_moved(struct hws_debt *d, const struct hws_region *g, uint64_t now_us);
/* All rounds are open again. */
void hws_debt_reopen(struct hws_debt *d);
/* A change was coded badly. */
void hws_debt_owe(struct hws_debt *d, const struct hws_region *g);
/* What was taken is better now, but still not good. */
void hws_debt_again(struct hws_debt *d, const struct hws_region *g);
void hws_debt_clear(struct hws_debt *d);
/* True when there is something to take; begins the next round when one is over. */
bool hws_debt_more(struct hws_debt *d);
/* Can something be taken now? */
bool hws_debt_rests(const struct hws_debt *d, uint64_t now_us);
/* Takes about so many pixels of this round, at least one row of blocks; of what rests: where the
 * picture changed of late nothing is taken. */
void hws_debt_take(struct hws_debt *d, double pixels, uint64_t now_us, struct hws_region *ret_part);
