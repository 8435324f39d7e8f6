/* One number is learnt: what a pixel costs when it is coded as finely as can be. The scale of
 * coarseness says by itself how much less it costs when it is coded less finely. */
#include "client/services/video/budget.h"
#include "client/media/coarseness.h"
#include <math.h>

#define HALVING ((double)HWS_COARSE_HALVING)
#define FIRST 13.0     /* small text, nothing of it known from the picture before */
#define PIXELS_MIN 2e4 /* of fewer, what is paid by picture outweighs what is paid by pixel */
#define FORGET 0.05    /* what costs much comes back: a scroll that jumps, the next page */

static double density_of(const struct hws_budget *b)
{
	return b->density > 0 ? b->density : FIRST;
}

uint16_t hws_budget_coarse(const struct hws_budget *b, double pixels, double bytes)
{
	double times = pixels * density_of(b) / fmax(bytes, 1);
	double coarse = times > 1 ? HALVING * log2(times) : 0;

	return (uint16_t)fmin(ceil(coarse), HWS_COARSE_MAX);
}

double hws_budget_pixels(const struct hws_budget *b, double bytes, uint16_t coarse)
{
	return bytes / density_of(b) * exp2(coarse / HALVING);
}

void hws_budget_learn(struct hws_budget *b, double pixels, double bytes, uint16_t coarse)
{
	double before = density_of(b), now, forget = b->forget > 0 ? b->forget : FORGET;

	if (pixels < PIXELS_MIN)
		return;
	now = bytes / pixels * exp2(coarse / HALVING);
	b->density = now > before ? now : before + forget * (now - before);
}
