/* net/kcp_rate: rate samples as in draft-cheng-iccrg-delivery-rate-estimation, the phases of BBR.
 * Two things are added: words of the peer that come in lumps (deployed ones speak every 10 ms) do
 * not stop the sender, and rounds that lose much more than a bad line would cap what is under
 * way. */
#include "shared/net/kcp_rate.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"

#define FIRST_WINDOW 32u /* segments; deployed peers begin with 128 */
#define LEAST_WINDOW 4u
#define GAIN_STARTUP 289u /* percent: 2/ln 2 */
#define GAIN_DRAIN 35u
#define GAIN_WINDOW 150u
#define GAIN_SHARE 120u
#define PEAK_ROUNDS 10u
#define MIN_RTT_FOR (10 * HWS_US_PER_S)
#define PROBE_RTT_FOR (200 * HWS_US_PER_MS)
/* Of pacing that was slept through, by a busy machine: as much as a short queue bears. */
#define CATCH_UP_MOST_US (6 * HWS_US_PER_MS)
#define CATCH_UP_LEAST_US (1500u)
#define HEAVY_LOSS 10u /* percent of a round: full queues, not a bad line */
#define MUCH_LOSS 4u   /* of one in which things waited */
#define WAITED_LONG 140u
#define WAITED 125u         /* percent of the shortest round trip: there is a queue */
#define EMPTY 106u          /* there is none */
#define LEAST_WAIT_US 1000u /* beyond it that are no wait */
#define LUMPS_A_SECOND 80u  /* at least, of a peer's words: deployed ones speak 100 times */
#define RATE_LEAST 10000u   /* bytes a second */

static const unsigned cycle_gain[] = { 125, 75, 100, 100, 100, 100, 100, 100 };

void hws_kcp_rate_init(struct hws_kcp_rate *r, uint32_t segment)
{
	*r = (struct hws_kcp_rate){ .segment = segment, .gain = GAIN_STARTUP };
}

static void peak_add(struct hws_kcp_peak *p, uint64_t at, uint64_t value)
{
	if (value >= p->best[0].value || at - p->best[2].at > PEAK_ROUNDS) {
		for (unsigned i = 0; i < 3; i++) {
			p->best[i].at = at;
			p->best[i].value = value;
		}
		return;
	}
	if (value >= p->best[1].value) {
		p->best[1].at = p->best[2].at = at;
		p->best[1].value = p->best[2].value = value;
	} else if (value >= p->best[2].value) {
		p->best[2].at = at;
		p->best[2].value = value;
	}
	if (at - p->best[0].at > PEAK_ROUNDS) {
		p->best[0] = p->best[1];
		p->best[1] = p->best[2];
		p->best[2].at = at;
		p->best[2].value = value;
	} else if (p->best[1].at == p->best[0].at && at - p->best[1].at > PEAK_ROUNDS / 4) {
		p->best[1].at = p->best[2].at = at;
		p->best[1].value = p->best[2].value = value;
	} else if (p->best[2].at == p->best[1].at && at - p->best[2].at > PEAK_ROUNDS / 2) {
		p->best[2].at = at;
		p->best[2].value = value;
	}
}

uint64_t hws_kcp_rate_found(const struct hws_kcp_rate *r)
{
	return r->peak.best[0].value;
}

static uint64_t bdp(const struct hws_kcp_rate *r)
{
	return hws_kcp_rate_found(r) * HWS_MAX(r->min_rtt_us, (uint64_t)1) / HWS_US_PER_S;
}

uint64_t hws_kcp_rate_window(const struct hws_kcp_rate *r)
{
	const uint64_t least = (uint64_t)LEAST_WINDOW * r->segment;
	uint64_t w;

	if (r->timed_out)
		return least;
	if (r->phase == HWS_KCP_PROBE_RTT) /* less would be a pause that one sees */
		return HWS_MAX(bdp(r) / 2, least);
	if (hws_kcp_rate_found(r) == 0 || r->min_rtt_us == 0)
		return (uint64_t)FIRST_WINDOW * r->segment;
	if (r->share.on)
		return HWS_MAX(r->share.window, least);
	w = bdp(r) * (r->filled ? GAIN_WINDOW : GAIN_STARTUP) / 100;
	/* what the peer's words bring at once was under way, too */
	w += HWS_MAX(r->surplus_peak[0], r->surplus_peak[1]);
	w += (uint64_t)3 * r->segment;
	if (!r->filled)
		w = HWS_MAX(w, (uint64_t)FIRST_WINDOW * r->segment);
	return HWS_MAX(w, least);
}

static uint64_t pacing(const struct hws_kcp_rate *r)
{
	uint64_t rate = hws_kcp_rate_found(r);

	if (r->share.on) { /* the window is what holds it back: this only spreads it */
		rate = r->share.window * GAIN_SHARE / 100 * HWS_US_PER_S;
		rate /= HWS_MAX(r->last_rtt_us, (uint64_t)1);
		return HWS_MAX(rate, (uint64_t)RATE_LEAST);
	}
	/* The first window within the time that the path takes, if that is known. The few bytes of
	 * a handshake do not say that the path carries no more. */
	if (!r->filled && r->min_rtt_us)
		rate = HWS_MAX(rate,
				(uint64_t)FIRST_WINDOW * r->segment * HWS_US_PER_S / r->min_rtt_us);
	return rate == 0 ? 0 : HWS_MAX(rate * r->gain / 100, (uint64_t)RATE_LEAST);
}

bool hws_kcp_rate_may_send(const struct hws_kcp_rate *r, uint64_t now_us)
{
	return r->next_us <= now_us;
}

/* A sender that slept longer than it wanted makes up for a little of it. */
static void pace(struct hws_kcp_rate *r, uint32_t bytes, uint64_t now_us)
{
	const uint64_t rate = pacing(r);
	const uint64_t catch_up = HWS_MIN(HWS_MAX(r->min_rtt_us / 4, (uint64_t)CATCH_UP_LEAST_US),
			(uint64_t)CATCH_UP_MOST_US);

	if (rate == 0) {
		r->next_us = now_us;
		return;
	}
	if (r->next_us + catch_up < now_us)
		r->next_us = now_us - catch_up;
	r->next_us += (uint64_t)bytes * HWS_US_PER_S / rate;
}

void hws_kcp_rate_sent(struct hws_kcp_rate *r, uint32_t bytes, uint64_t in_flight, uint64_t now_us,
		struct hws_kcp_stamp *ret)
{
	if (in_flight == 0) {
		r->first_sent_us = r->delivered_us = now_us;
		r->idle_restart = r->app_limited != 0;
	}
	*ret = (struct hws_kcp_stamp){ .delivered = r->delivered,
		.delivered_us = r->delivered_us,
		.first_sent_us = r->first_sent_us,
		.sent_us = now_us,
		.app_limited = r->app_limited != 0 };
	pace(r, bytes, now_us);
}

void hws_kcp_rate_idle(struct hws_kcp_rate *r, uint64_t in_flight)
{
	r->app_limited = HWS_MAX(r->delivered + in_flight, (uint64_t)1);
}

void hws_kcp_rate_timed_out(struct hws_kcp_rate *r)
{
	r->timed_out = true;
}

/* How long the path takes, in percent of its shortest and a little, apart from the time that the
 * peer keeps its words back. */
static uint64_t shortest(const struct hws_kcp_rate *r, unsigned percent)
{
	const uint64_t lump = r->prompt ? 0 : HWS_MAX(r->surplus_peak[0], r->surplus_peak[1]);
	const uint64_t found = HWS_MAX(hws_kcp_rate_found(r), (uint64_t)1);

	return r->min_rtt_us * percent / 100 + LEAST_WAIT_US + lump * HWS_US_PER_S / found;
}

void hws_kcp_rate_lost(struct hws_kcp_rate *r, uint64_t bytes, uint64_t rtt_us)
{
	r->lost += bytes;
	r->lost_total += bytes;
	r->lost_waited += rtt_us > shortest(r, WAITED) ? bytes : 0;
	r->lost_long += rtt_us > shortest(r, WAITED_LONG) ? bytes : 0;
}

/* Whether what was lost says that a queue is full. A bad line loses as much while the path is
 * empty as while it is not; a full queue loses when everything takes long, or loses a lot. */
static bool overflowed(const struct hws_kcp_rate *r)
{
	const uint64_t all = r->delivered - r->round_delivered + r->lost;

	if (r->lost == 0)
		return false;
	return r->lost_long * 2 > r->lost ||
			(r->lost_waited * 2 > r->lost && r->lost * 100 > all * MUCH_LOSS) ||
			r->lost * 100 > all * HEAVY_LOSS;
}

/* Then others share the queue, as a rule, and give way with each loss: so does this. */
static void judge_round(struct hws_kcp_rate *r, uint64_t now_us)
{
	const struct hws_kcp_round round = { .rtt_us = r->round_rtt_us,
		.in_flight = r->round_in_flight,
		.segment = r->segment,
		.waited = r->filled && r->round_rtt_us > shortest(r, WAITED),
		.empty = r->round_rtt_us && r->round_rtt_us < shortest(r, EMPTY),
		.overflowed = overflowed(r) };

	r->last_rtt_us = r->round_rtt_us ? r->round_rtt_us : r->last_rtt_us;
	r->filled = r->filled || round.overflowed; /* and more than that */
	hws_kcp_share_round(&r->share, &round, now_us);
	r->lost = 0;
	r->lost_waited = r->lost_long = 0;
	r->round_delivered = r->delivered;
	r->round_rtt_us = 0;
	r->round_in_flight = 0;
}

static void count_round(struct hws_kcp_rate *r, const struct hws_kcp_arrival *a, uint64_t now_us)
{
	const uint64_t in_flight = a->in_flight + a->bytes;

	r->round_start = false;
	r->round_in_flight = HWS_MAX(r->round_in_flight, in_flight);
	if (a->rtt_us)
		r->round_rtt_us = r->round_rtt_us ? HWS_MIN(r->round_rtt_us, a->rtt_us) : a->rtt_us;
	if (a->stamp.delivered < r->round_end)
		return;
	r->round_end = r->delivered;
	r->round++;
	r->round_start = true;
	judge_round(r, now_us);
}

static void sample_rate(struct hws_kcp_rate *r, const struct hws_kcp_arrival *a, uint64_t now_us)
{
	uint64_t sending = a->stamp.sent_us - a->stamp.first_sent_us;
	uint64_t coming = now_us - a->stamp.delivered_us;
	uint64_t took = HWS_MAX(sending, coming), rate;

	/* faster than the path can be: sent in one lump, or the peer lies */
	if (took == 0 || (r->min_rtt_us && took < r->min_rtt_us))
		return;
	rate = (r->delivered - a->stamp.delivered) * HWS_US_PER_S / took;
	if (rate >= hws_kcp_rate_found(r) || !a->stamp.app_limited)
		peak_add(&r->peak, r->round, rate);
}

/* How much more came at once than the rate would have: deployed peers speak every 10 ms. */
static void sample_lumps(struct hws_kcp_rate *r, uint64_t bytes, uint64_t now_us)
{
	uint64_t due = hws_kcp_rate_found(r) * (now_us - r->surplus_at) / HWS_US_PER_S;

	if (r->surplus_from <= due) {
		r->surplus_from = 0;
		r->surplus_at = now_us;
		due = 0;
	}
	r->surplus_from += bytes;
	r->surplus = r->surplus_from - HWS_MIN(due, r->surplus_from);
	r->surplus = HWS_MIN(r->surplus, hws_kcp_rate_found(r) / LUMPS_A_SECOND);
	if (r->round - r->surplus_round >= PEAK_ROUNDS / 2) {
		r->surplus_round = r->round;
		r->surplus_peak[1] = r->surplus_peak[0];
		r->surplus_peak[0] = 0;
	}
	r->surplus_peak[0] = HWS_MAX(r->surplus_peak[0], r->surplus);
}

static void judge_filled(struct hws_kcp_rate *r, const struct hws_kcp_arrival *a)
{
	if (r->filled || !r->round_start || a->stamp.app_limited)
		return;
	if (hws_kcp_rate_found(r) * 100 >= r->full_rate * 125) {
		r->full_rate = hws_kcp_rate_found(r);
		r->full_rounds = 0;
		return;
	}
	r->filled = ++r->full_rounds >= 3;
}

static void enter_probe_rate(struct hws_kcp_rate *r, uint64_t now_us)
{
	r->phase = HWS_KCP_PROBE_RATE;
	r->cycle = 2 + (unsigned)(now_us % (HWS_COUNT(cycle_gain) - 2));
	r->cycle_at = now_us;
	r->gain = cycle_gain[r->cycle];
}

static void advance_cycle(struct hws_kcp_rate *r, const struct hws_kcp_arrival *a, uint64_t now_us)
{
	bool long_enough = now_us - r->cycle_at > r->min_rtt_us, on = long_enough;

	if (r->gain > 100) /* until the path was filled so far, or says that it is full */
		on = long_enough &&
				(r->lost > 0 || a->in_flight >= bdp(r) * r->gain / 100 ||
						a->stamp.app_limited);
	else if (r->gain < 100)
		on = long_enough || a->in_flight <= bdp(r);
	if (!on)
		return;
	r->cycle = (r->cycle + 1) % (unsigned)HWS_COUNT(cycle_gain);
	r->cycle_at = now_us;
	r->gain = cycle_gain[r->cycle];
}

static void advance(struct hws_kcp_rate *r, const struct hws_kcp_arrival *a, uint64_t now_us)
{
	if (r->phase == HWS_KCP_STARTUP && r->filled) {
		r->phase = HWS_KCP_DRAIN;
		r->gain = GAIN_DRAIN;
	}
	if (r->phase == HWS_KCP_DRAIN && a->in_flight <= bdp(r))
		enter_probe_rate(r, now_us);
	if (r->phase == HWS_KCP_PROBE_RATE)
		advance_cycle(r, a, now_us);
}

static void measure_rtt(struct hws_kcp_rate *r, const struct hws_kcp_arrival *a, uint64_t now_us)
{
	bool old = r->min_rtt_us && now_us - r->min_rtt_at > MIN_RTT_FOR;

	if (old && r->share.on) { /* others fill the queue: what is measured says nothing */
		if (hws_kcp_share_is_flat(&r->share))
			r->min_rtt_us = HWS_MAX(r->min_rtt_us, r->last_rtt_us);
		r->min_rtt_at = now_us;
		old = false;
	}
	if (a->rtt_us &&
			(r->min_rtt_us == 0 || a->rtt_us <= r->min_rtt_us ||
					(old && r->phase == HWS_KCP_PROBE_RTT))) {
		r->min_rtt_us = a->rtt_us;
		r->min_rtt_at = now_us;
	}
	if (old && r->phase != HWS_KCP_PROBE_RTT && !r->idle_restart && r->filled) {
		r->phase = HWS_KCP_PROBE_RTT;
		r->gain = 100;
		r->probe_rtt_until = 0;
	} else if (old && !r->filled) {
		r->min_rtt_at = now_us;
	}
	r->idle_restart = false;
	if (r->phase != HWS_KCP_PROBE_RTT)
		return;
	if (r->probe_rtt_until == 0 && a->in_flight <= hws_kcp_rate_window(r)) {
		r->probe_rtt_until = now_us + HWS_MAX(PROBE_RTT_FOR, r->min_rtt_us);
		if (a->rtt_us) { /* of an empty path, at last */
			r->min_rtt_us = a->rtt_us;
		}
	} else if (r->probe_rtt_until && now_us > r->probe_rtt_until) {
		r->min_rtt_at = now_us;
		enter_probe_rate(r, now_us);
	}
}

void hws_kcp_rate_arrived(struct hws_kcp_rate *r, const struct hws_kcp_arrival *a, uint64_t now_us)
{
	r->timed_out = false;
	r->delivered += a->bytes;
	r->delivered_us = now_us;
	r->first_sent_us = HWS_MAX(r->first_sent_us, a->stamp.sent_us);
	if (r->app_limited && r->delivered > r->app_limited)
		r->app_limited = 0;
	count_round(r, a, now_us);
	sample_rate(r, a, now_us);
	sample_lumps(r, a->bytes, now_us);
	judge_filled(r, a);
	measure_rtt(r, a, now_us);
	advance(r, a, now_us);
}
