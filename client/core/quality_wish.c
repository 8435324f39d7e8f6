/* Steps up while pictures go missing and the line is idle, back when it is not. Pure, so that the
 * rule can be tested without time. */
#include "client/core/quality_wish.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"

#define FIRST_PERCENT 67u /* twice what hosts begin with */
#define MOST_PERCENT 2000u
#define MOST_KBIT 24000u        /* a line that takes it is worth no more than this */
#define MOST_RELAYED_KBIT 6000u /* others pay for it */
#define BOUND_S 2u
#define QUIET_S 5u /* the screen has come to rest */
#define GOOD_MS 50u
#define BAD_MS 150u
#define HOLD_US (30 * HWS_US_PER_S) /* doubled each time, up to 16 times */

/* The encoder spends what it may, and not half of the pictures that were wished come. */
static bool is_bound(const struct hws_quality_sample *s)
{
	return s->target_kbit > 0 && s->kbit_s > 0.8 * s->target_kbit && s->fps < 0.6 * s->fps_wish;
}

static bool fall(struct hws_quality_wish *w, const struct hws_quality_sample *s)
{
	w->bound_s = 0;
	if (!w->percent)
		return false;
	w->percent = 0;
	w->hold_until_us = s->now_us + (HOLD_US << HWS_MIN(w->falls, 4u));
	w->falls++;
	return true;
}

bool hws_quality_wish_tick(struct hws_quality_wish *w, const struct hws_quality_sample *s)
{
	unsigned most = s->relayed ? MOST_RELAYED_KBIT : MOST_KBIT;

	if (!s->rtt_fresh || s->rtt_ms >= BAD_MS)
		return fall(w, s);
	w->quiet_s = s->fps > 0 ? 0 : w->quiet_s + 1;
	if (s->fps > 0 || w->quiet_s > QUIET_S)
		w->bound_s = is_bound(s) && s->rtt_ms <= GOOD_MS ? w->bound_s + 1 : 0;
	if (w->bound_s < BOUND_S || s->now_us < w->hold_until_us || 2 * s->target_kbit > most ||
			w->percent >= MOST_PERCENT)
		return false;
	w->bound_s = 0;
	w->percent = w->percent ? HWS_MIN(2 * w->percent, MOST_PERCENT) : FIRST_PERCENT;
	return true;
}
