/* Into it soon, out of it late, and not for what a line does for a moment. */
#include "client/services/video/narrow.h"
#include "shared/base/clock.h"

#define INTO_US (2 * HWS_US_PER_S)
#define OUT_US (60 * HWS_US_PER_S)
#define OUT 3.0 /* times the wish */

bool hws_narrow_update(struct hws_narrow *n, double line, double wish, uint64_t now_us)
{
	bool low = line > 0 && line < wish, high = line <= 0 || line > OUT * wish;

	if (low)
		n->line = line;
	if (n->narrow ? !high : !low) {
		n->since_us = 0;
		return false;
	}
	if (!n->since_us)
		n->since_us = now_us;
	if (now_us - n->since_us < (n->narrow ? OUT_US : INTO_US))
		return false;
	n->narrow = !n->narrow;
	n->since_us = 0;
	return true;
}
