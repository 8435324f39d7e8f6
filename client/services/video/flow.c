/* video/flow: see flow.h. The line's speed is that of the bytes between two answers, over the time
 * in which the second portion can have been on the line at all: since the first answer, or since it
 * was sent (plus the way there and back) if that was later. A picture leaves in one piece, so each
 * one measures. */
#include "client/services/video/flow.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include <math.h>
#include <string.h>

#define BASE_SPAN_US (30 * HWS_US_PER_S)
#define PORTION_MIN 2048u /* bytes that tell something about the line */
#define NOISE_MAX_US (50 * HWS_US_PER_MS)
#define SLOW_ANSWER_US (8 * HWS_US_PER_MS)
#define PROBED_US (20 * HWS_US_PER_MS)
#define BUSY_MIN_US 4000.0 /* below it the line was not the limit */
#define HEADROOM 0.9       /* of the line: what queued once goes away */
#define RISE_MAX 8.0       /* over the wish */
#define FALL_US (1.5 * HWS_US_PER_S)
#define SAVED_US (0.1 * HWS_US_PER_S)
#define SOON_US (10.0 * HWS_US_PER_MS)
#define QUEUE_US                                                                                   \
	(60 * HWS_US_PER_MS) /* that may wait on the way, so that the line does not run dry */
#define SURE 1.5             /* times the foreseen duration: then it was wrong */
#define WINDOW_MIN 4096.0
#define WINDOW_FIRST 65536.0 /* while nothing is known: the first picture and the next */

void hws_flow_init(struct hws_flow *f, uint64_t now_us)
{
	memset(f, 0, sizeof(*f));
	f->now_us = f->base_since_us = now_us;
}

static uint64_t base_of(const struct hws_flow *f)
{
	return f->base_before_us && f->base_before_us < f->base_us ? f->base_before_us : f->base_us;
}

static void learn_base(struct hws_flow *f, const struct hws_flow_answer *a)
{
	if (a->answered_us > f->base_since_us + BASE_SPAN_US) {
		f->base_before_us = f->base_us;
		f->base_us = 0;
		f->base_since_us = a->answered_us;
	}
	if (!f->base_us || a->rtt_us < f->base_us)
		f->base_us = a->rtt_us;
}

/* The time that this portion had the line. Programs that are busy answer late at times; on small
 * portions that would look like a narrow line, and such a line gets small portions only. */
static double busy_of(const struct hws_flow *f, const struct hws_flow_answer *a)
{
	uint64_t start = HWS_MAX(f->answered_us, a->first_us + base_of(f) + f->noise_us) +
			SLOW_ANSWER_US;

	return a->answered_us > start ? (double)(a->answered_us - start) : 0;
}

/* How long the oldest picture was on its way for; only where a probe followed it at once: the
 * answer to that of each second says nothing of it. */
static void note_way(struct hws_flow *f, const struct hws_flow_answer *a)
{
	uint64_t sent = f->picture[f->head].sent_us;

	if (!a->first_us || sent + PROBED_US < a->first_us)
		return;
	sent += base_of(f);
	f->way_us += a->answered_us > sent ? a->answered_us - sent : 0;
	f->ways++;
}

void hws_flow_answered(struct hws_flow *f, const struct hws_flow_answer *a)
{
	uint64_t bytes = a->delivered - f->delivered;

	f->late = a->late;
	if (!a->rtt_us || a->delivered < f->delivered || a->answered_us <= f->answered_us)
		return;
	f->answers = true;
	learn_base(f, a);
	if (bytes >= PORTION_MIN && a->first_us) {
		f->busy_bytes = f->busy_bytes / 2 + (double)bytes;
		f->busy_us = f->busy_us / 2 + busy_of(f, a);
	} else {
		uint64_t more = HWS_MIN(a->rtt_us - base_of(f), (uint64_t)NOISE_MAX_US);
		f->noise_us = (3 * f->noise_us + more) / 4;
	}
	f->delivered = a->delivered;
	f->answered_us = a->answered_us;
	while (f->count && f->picture[f->head].to <= f->delivered) {
		note_way(f, a);
		f->head = (f->head + 1) % HWS_FLOW_PICTURES;
		f->count--;
	}
}

double hws_flow_line(const struct hws_flow *f)
{
	return f->busy_us < BUSY_MIN_US ? 0 : f->busy_bytes * 1e6 / f->busy_us;
}

/* The highest rate that may be allowed now. */
static double limit_of(const struct hws_flow *f)
{
	double line = hws_flow_line(f), most = f->busy_bytes > 0 ? f->wish * RISE_MAX : f->wish;

	return line > 0 && line * HEADROOM < most ? line * HEADROOM : most;
}

static void bring_to(struct hws_flow *f, uint64_t now_us)
{
	double us = now_us > f->now_us ? (double)(now_us - f->now_us) : 0;
	double limit = limit_of(f), low = HWS_MIN(f->wish, limit);

	f->now_us = HWS_MAX(f->now_us, now_us);
	f->debt = HWS_MAX(f->debt - f->rate * us / 1e6, -f->rate * SAVED_US / 1e6);
	f->rate = HWS_MIN(low + (f->rate - low) * exp(-us / FALL_US), limit);
	f->rate = HWS_MAX(f->rate, low);
}

void hws_flow_wish(struct hws_flow *f, double bytes_per_s, uint64_t now_us)
{
	f->wish = bytes_per_s;
	bring_to(f, now_us);
}

void hws_flow_sent(struct hws_flow *f, uint64_t bytes, uint64_t sent, uint64_t now_us)
{
	unsigned last = (f->head + f->count) % HWS_FLOW_PICTURES;

	bring_to(f, now_us);
	f->debt += (double)bytes;
	if (f->count == HWS_FLOW_PICTURES) {
		f->picture[(last + HWS_FLOW_PICTURES - 1) % HWS_FLOW_PICTURES].to = sent;
		return;
	}
	f->picture[last].sent_us = now_us;
	f->picture[last].from = sent - bytes;
	f->picture[last].to = sent;
	f->count++;
}

/* How long something may be on its way. */
static uint64_t way_of(const struct hws_flow *f)
{
	return base_of(f) + f->noise_us + QUEUE_US;
}

static double window_of(const struct hws_flow *f)
{
	if (f->busy_bytes <= 0)
		return WINDOW_FIRST;
	return HWS_MAX(f->rate * (double)way_of(f) / 1e6, WINDOW_MIN);
}

static void rise(struct hws_flow *f, double to)
{
	f->rate = HWS_MAX(f->rate, HWS_MIN(to, limit_of(f)));
}

/* Until what is on its way lets another picture follow. */
static uint64_t way_wait(struct hws_flow *f, uint64_t sent, uint64_t now_us)
{
	double on_way = sent > f->delivered ? (double)(sent - f->delivered) : 0;
	double line = hws_flow_line(f);
	uint64_t age = 0;

	if (f->count && now_us > f->picture[f->head].sent_us)
		age = now_us - f->picture[f->head].sent_us;
	/* The answer to a single picture comes when the line has run dry. Its end can be foreseen:
	 * then the next one is ready in time. */
	if (on_way <= WINDOW_MIN) /* perhaps no probe followed it yet */
		return 0;
	if (f->count == 1 && line > 0) {
		double past = (double)(now_us -
				HWS_MIN(now_us,
						HWS_MAX(f->picture[f->head].sent_us,
								f->answered_us)));
		double takes = on_way * 1e6 / (line * HEADROOM);
		if (past < takes - QUEUE_US)
			return (uint64_t)(takes - QUEUE_US - past) + 1;
		return (double)age > takes * SURE + (double)way_of(f) ? HWS_FLOW_BLOCKED : 0;
	}
	if (f->busy_bytes > 0 && age > way_of(f))
		return HWS_FLOW_BLOCKED;
	/* Pictures may cost more than was wished for; the line decides whether that may be. */
	if (on_way > window_of(f))
		rise(f, on_way * 1e6 / (double)way_of(f));
	return on_way > window_of(f) ? HWS_FLOW_BLOCKED : 0;
}

uint64_t hws_flow_wait(struct hws_flow *f, uint64_t sent, uint64_t now_us)
{
	/* Who never answered a probe is not measured; the frame rate is low then. */
	bool measured = f->answers || !f->late;

	if (f->wish <= 0)
		return 0;
	bring_to(f, now_us);
	uint64_t us = measured ? way_wait(f, sent, now_us) : 0;
	if (us)
		return us;
	if (f->debt <= 0)
		return 0;
	rise(f, HWS_MAX(f->rate * 1.5, f->debt * 1e6 / SOON_US));
	return (uint64_t)(f->debt * 1e6 / f->rate) + 1;
}

double hws_flow_most(const struct hws_flow *f)
{
	return limit_of(f);
}

uint64_t hws_flow_network(const struct hws_flow *f)
{
	uint64_t base = base_of(f);

	return base ? HWS_MAX(base / 2, 1u) : 0; /* 0 would say that it is not known */
}

bool hws_flow_way(struct hws_flow *f, uint64_t *ret_us)
{
	if (!f->ways)
		return false;
	*ret_us = f->way_us / f->ways;
	f->way_us = f->ways = 0;
	return true;
}

double hws_flow_rate(const struct hws_flow *f)
{
	return f->rate;
}
