/* One display on its way to its viewers: when a picture is taken. Never two pictures wait: the
 * newest wins. How it is coded is display_coding's, to whom it goes display_viewers'. */
#include "client/services/video/display_host.h"
#include "client/services/video/display_coding.h"
#include "client/services/video/display_viewers.h"
#include "client/services/video/lanes.h"
#include "client/services/video/patch_host.h"
#include "client/services/video/tap.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#define COALESCE_US 2000u /* programs draw in bursts: take the burst, not its first stroke */
#define LEGIBLE 6667u     /* coarseness of text */
#define FINE_FIRST 2.0    /* half of a page of small text is background */
#define FINE_FORGET 0.3
#define HELD_UP_US 60000u /* more than a change waits for its turn */
#define SMALL_PART 16     /* of the display: a change that leaves most as it is */

static uint64_t now_of(const struct hws_video_host *v)
{
	return hws_loop_now_us(v->loop);
}

/* --- timers --- */

static void on_timer(void *arg)
{
	hws_display_host_kick(arg);
}

void hws_display_host_wait(struct hws_display_host *s, uint64_t us)
{
	hws_timer_start(s->v->loop, &s->timer, us, on_timer, s);
}

static void on_refine(void *arg)
{
	struct hws_display_host *s = arg;

	s->refine = true;
	hws_display_host_kick(s);
}

void hws_display_host_pay_later(struct hws_display_host *s, uint64_t us)
{
	if (hws_debt_more(&s->debt) &&
			(!hws_timer_active(&s->refine_timer) || us < HWS_DISPLAY_REFINE_US))
		hws_timer_start(s->v->loop, &s->refine_timer, us, on_refine, s);
}

/* --- starting and stopping --- */

static void forget_picture(struct hws_display_host *s)
{
	if (s->out) {
		s->out = false;
		hws_capture_release(s->lane->reader, s->index);
	}
	hws_picture_unlock(s->picture);
	s->picture = NULL;
}

void hws_display_host_stop(struct hws_display_host *s)
{
	hws_timer_stop(&s->timer);
	hws_timer_stop(&s->refine_timer);
	if (s->started)
		hws_capture_stop(s->lane->reader, s->index);
	if (s->coded)
		hws_video_tap_stopped(s);
	forget_picture(s);
	hws_encoder_free(s->encoder);
	s->encoder = NULL;
	hws_coded_picture_forget(&s->coded_picture);
	hws_patch_host_forget(s);
	s->generation++; /* a job under way belongs to the past */
	s->started = s->changed = s->grabbing = s->coding = s->refine = s->coded = false;
	hws_debt_clear(&s->debt);
	s->since_key = 0;
}

static void show_start(struct hws_display_host *s)
{
	int r = hws_capture_start(s->lane->reader, s->index);

	if (r < 0) {
		hws_warn_limited("video.capture_failed", HWS_U64("display", s->index),
				HWS_ERR("why", r));
		hws_display_host_wait(s, HWS_DISPLAY_RETRY_US);
		return;
	}
	s->started = true;
	s->began_us = hws_video_lanes_began(s);
	s->fine = (struct hws_budget){ .density = FINE_FIRST, .forget = FINE_FORGET };
	s->last_us = 0;
}

/* --- the pace --- */

static void grab(struct hws_display_host *s)
{
	if (s->out) {
		s->out = false;
		hws_capture_release(s->lane->reader, s->index);
	}
	int r = hws_capture_grab(s->lane->reader, s->index);

	if (r == HWS_OK) {
		s->grabbing = true;
		s->grab_us = hws_clock_us();
	} else if (r == HWS_ERR_BUSY) { /* one of before a stop is still on its way */
		hws_display_host_wait(s, COALESCE_US);
		return;
	} else if (r != HWS_ERR_AGAIN) {
		hws_display_host_wait(s, HWS_DISPLAY_RETRY_US);
		return;
	}
	s->changed = false;
}

/* What passes soon: on a narrow line when it is coded well enough to be read. */
static void take_debt(struct hws_display_host *s, struct hws_region *part)
{
	uint64_t now = now_of(s->v);
	double room = hws_display_viewers_room(s), spare = hws_display_viewers_spare(s, now);
	double pixels = room > 0    ? hws_budget_pixels(&s->budget, room, LEGIBLE)
			: spare > 0 ? hws_budget_pixels(&s->fine, spare, s->quality.finest)
				    : 1e12;

	hws_debt_take(&s->debt, pixels, now, part);
}

/* While something small keeps moving there is no rest: on a narrow line, where what is coarse
 * cannot be read, a slice of it goes along with each picture. */
static bool pays_along(struct hws_display_host *s, struct hws_region *damage)
{
	struct hws_region part;
	uint64_t now = now_of(s->v);

	if (hws_region_area(damage) * SMALL_PART > (long)s->picture->width * s->picture->height) {
		s->large_us = now;
		return false;
	}
	if (hws_display_viewers_room(s) <= 0 || now < s->large_us + HWS_DISPLAY_REFINE_US ||
			!hws_debt_more(&s->debt))
		return false;
	take_debt(s, &part);
	hws_region_add_all(damage, &part);
	return true;
}

static bool has_work(const struct hws_display_host *s)
{
	return s->changed || (s->picture && (s->key || s->refine || hws_patch_host_due(s)));
}

/* Is it the turn of what is owed? Changes come first; where there is always one that waits it has a
 * turn now and then, or it would never be paid. A change that the line has held up is not held up
 * further. */
static bool pays_now(const struct hws_display_host *s, uint64_t now)
{
	return s->refine && s->picture && !s->key &&
			(!s->changed ||
					(now < s->changed_us + HELD_UP_US &&
							now >= s->paid_us + HWS_DISPLAY_REFINE_US));
}

/* False: there was nothing that rests. */
static bool pay(struct hws_display_host *s, uint64_t now)
{
	struct hws_region part = { 0 };

	s->refine = false;
	s->paid_us = now;
	take_debt(s, &part);
	if (part.n)
		hws_display_coding_start(s, &part, HWS_CODING_REFINES);
	else
		hws_display_host_pay_later(s, HWS_DEBT_SPAN_US);
	return part.n > 0;
}

void hws_display_host_kick(struct hws_display_host *s)
{
	struct hws_video_host *v = s->v;
	static const struct hws_region nothing;

	if (!s->subs || s->grabbing || s->coding || v->closed)
		return;
	if (!s->started) {
		show_start(s);
		return; /* damage follows */
	}
	s->refine = s->refine && hws_patch_host_lets_refine(s);
	if (!has_work(s) && !s->lagging)
		return;
	uint64_t now = now_of(v), interval = HWS_US_PER_S / hws_video_lane_fps(s->lane, now);
	/* What is only made better does not count as a picture. */
	bool better = pays_now(s, now) || (!s->changed && !s->key && has_work(s));
	if (!better && s->last_us && now < s->last_us + interval) {
		hws_display_host_wait(s, s->last_us + interval - now);
		return;
	}
	uint64_t us = hws_display_viewers_wait(s, now);
	if (us) { /* on_drain or an acknowledgement usually comes before */
		hws_display_host_wait(s, HWS_MIN(us, HWS_DISPLAY_LAG_US / 4));
		return;
	}
	if (!has_work(s))
		return;
	if (pays_now(s, now) && pay(s, now))
		return;
	if (s->changed || s->key)
		/* What was late by a little is made up for, or no rate would be reached. */
		s->last_us = s->last_us && now < s->last_us + 2 * interval ? s->last_us + interval
									   : now;
	if (s->changed) {
		grab(s);
		if (s->grabbing || s->changed || !s->picture)
			return;
	}
	if (s->key)
		hws_display_coding_start(s, &nothing, HWS_CODING_CHANGE);
	else if (hws_patch_host_due(s))
		hws_display_coding_start(s, &nothing, HWS_CODING_COMPLETES);
	else if (pays_now(s, now)) /* what was said to have changed was elsewhere */
		pay(s, now);
}

void hws_display_host_damaged(struct hws_display_host *s)
{
	struct hws_video_host *v = s->v;

	if (!s->changed)
		s->changed_us = now_of(v);
	s->changed = true;
	if (s->grabbing || s->coding)
		return;
	uint64_t now = now_of(v), interval = HWS_US_PER_S / hws_video_lane_fps(s->lane, now);
	if (!s->picture || (s->last_us && now < s->last_us + interval))
		hws_display_host_kick(s);
	else
		hws_display_host_wait(s, COALESCE_US);
}

void hws_display_host_frame(struct hws_display_host *s, int r, struct hws_picture *picture,
		const struct hws_region *damage)
{
	s->grabbing = false;
	if (r < 0) {
		if (r != HWS_ERR_AGAIN) {
			s->changed = true;
			hws_display_host_wait(s, HWS_DISPLAY_RETRY_US / 4);
		} else if (has_work(s)) {
			/* What came meanwhile is not told of again. */
			hws_display_host_kick(s);
		}
		return;
	}
	s->out = true;
	if (picture != s->picture) {
		hws_picture_unlock(s->picture);
		s->picture = hws_picture_lock(picture);
	}
	struct hws_region all = *damage;
	s->moved_us = now_of(s->v);
	s->capture_us = hws_clock_us() - s->grab_us;
	hws_debt_moved(&s->debt, damage, s->moved_us);
	bool along = !hws_patch_host_tries(s) && pays_along(s, &all);
	if (!along)
		hws_debt_reopen(&s->debt);
	hws_display_coding_start(s, &all, along ? HWS_CODING_REFINES : HWS_CODING_CHANGE);
}
