/* media/coarseness: how coarse a picture is coded, on a scale that no codec owns, so that who paces
 * pictures need not know how a codec counts. The unit is a thousandth of a halving: of two pictures
 * that differ by 1000, the coarser one costs about half the bytes. 0 is the best there is.
 * Each codec maps it to its own quantisers. Pure arithmetic. */
#pragma once
#include <stdint.h>

#define HWS_COARSE_HALVING 1000u /* so much more halves the bytes */
#define HWS_COARSE_MAX 10500u    /* the coarsest of any codec: it may stop before */

/* A codec's quantisers: 0 (best) .. max; `halving` steps of them halve the bytes. */
struct hws_quantisers {
	unsigned max, halving;
};

/* The range of quantisers inside a range of coarseness: never finer than `finest`, never coarser
 * than `coarsest`; where no step lies between, the one below `coarsest`. */
void hws_quantisers_within(const struct hws_quantisers *q, unsigned finest, unsigned coarsest,
		unsigned *ret_min, unsigned *ret_max);
/* The coarseness of one quantiser; above max it is that of max. */
uint16_t hws_coarseness_of(const struct hws_quantisers *q, unsigned quantiser);
