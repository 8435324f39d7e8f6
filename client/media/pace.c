/* How far the quantiser goes at a time, so that pictures neither stall nor flicker. */
#include "client/media/pace.h"
#include <math.h>

#define BUFFER_S 0.6       /* of the bitrate: what may be behind */
#define RISE_MAX (4.0 / 3) /* halvings coarser from one picture to the next */
#define FIRST_BITS 12      /* pictures' worth that the first one may cost */

int hws_pace_choose(struct hws_pace *p, uint32_t kbit_s, double seconds, int min, int max)
{
	double rate = kbit_s * 1000.0, room = rate * BUFFER_S;
	int q = p->quantiser;

	p->behind = fmax(p->behind - rate * seconds, 0);
	if (p->behind > room)
		q += (int)fmin(p->halving * (log2(p->behind / room) + 1.0 / 6),
				RISE_MAX * p->halving);
	else if (p->behind < room / 2)
		q -= p->halving; /* less is not worth coding */
	return q < min ? min : q > max ? max : q;
}

void hws_pace_spent(struct hws_pace *p, uint64_t bytes, int first)
{
	p->behind += (double)bytes * 8;
	if (first)
		p->behind /= FIRST_BITS;
}
