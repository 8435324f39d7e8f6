/* See coarseness.h. Ends of a range are rounded inwards, so that a codec with few steps never goes
 * beyond what was asked; a single step is rounded to the nearest unit, so that it maps back to
 * itself. */
#include "client/media/coarseness.h"
#include "shared/base/macros.h"

void hws_quantisers_within(const struct hws_quantisers *q, unsigned finest, unsigned coarsest,
		unsigned *ret_min, unsigned *ret_max)
{
	unsigned min = (finest * q->halving + HWS_COARSE_HALVING - 1) / HWS_COARSE_HALVING;
	unsigned max = coarsest * q->halving / HWS_COARSE_HALVING;

	*ret_max = HWS_MIN(max, q->max);
	*ret_min = HWS_MIN(min, *ret_max);
}

uint16_t hws_coarseness_of(const struct hws_quantisers *q, unsigned quantiser)
{
	unsigned steps = HWS_MIN(quantiser, q->max);

	return (uint16_t)((steps * HWS_COARSE_HALVING + q->halving / 2) / q->halving);
}
