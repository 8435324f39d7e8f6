/* video/budget: see budget.h. With libvpx, six steps of the quantiser halve the bytes, roughly. */
#include "client/services/video/budget.h"
#include <math.h>

#define STEPS_TO_HALF 6.0
#define COARSEST 63.0
#define FIRST 13.0     /* small text, nothing of it known from the picture before */
#define PIXELS_MIN 2e4 /* of fewer, what is paid by picture outweighs what is paid by pixel */
#define FORGET 0.05    /* what costs much comes back: a scroll that jumps, the next page */

static double density_of(const struct hws_budget *b)
{
	return b->density > 0 ? b->density : FIRST;
}

uint8_t hws_budget_quantiser(const struct hws_budget *b, double pixels, double bytes)
{
	double times = pixels * density_of(b) / fmax(bytes, 1);
	double q = times > 1 ? STEPS_TO_HALF * log2(times) : 0;

	return (uint8_t)fmin(ceil(q), COARSEST);
}

double hws_budget_pixels(const struct hws_budget *b, double bytes, uint8_t quantiser)
{
	return bytes / density_of(b) * exp2(quantiser / STEPS_TO_HALF);
}

void hws_budget_learn(struct hws_budget *b, double pixels, double bytes, uint8_t quantiser)
{
	double before = density_of(b), now;

	if (pixels < PIXELS_MIN)
		return;
	now = bytes / pixels * exp2(quantiser / STEPS_TO_HALF);
	b->density = now > before ? now : before + FORGET * (now - before);
}
