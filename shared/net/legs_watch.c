/* The time of legs: when something has to be said, when a leg is too silent, and when enough was
 * waited. One timer, which is set anew only for what is due before it. */
#include "shared/base/clock.h"
#include "shared/net/legs_impl.h"

#define HAVE_US (100 * HWS_US_PER_MS) /* what little came is acknowledged so much later */
#define HAVE_EVERY (64u << 10)        /* and at once so often */
#define PART_US (2 * HWS_US_PER_S)    /* what is still under way on an old leg */
#define SAYS_MAX 256u                 /* bytes that wait: another HAVE would say no more */

static uint64_t now_of(const struct hws_legs *l)
{
	return hws_loop_now_us(l->base.loop);
}

/* --- what becomes due ------------------------------------------------------------------------- */

void hws_legs_heard(struct hws_leg *g)
{
	struct hws_legs *l = g->legs;

	l->heard_us = g->heard_us = now_of(l);
	g->waits_us = l->kept.end > l->kept.start ? l->heard_us : 0;
	g->asked = false;
	if (g != l->current)
		return;
	if (!g->answers) {
		g->answers = true;
		hws_legs_wake(l); /* the old ones may go */
	}
	if (l->silent) {
		l->silent = false;
		l->heard_again = true;
		hws_legs_wake(l);
	}
}

void hws_legs_await(struct hws_leg *g)
{
	if (g->waits_us)
		return;
	g->waits_us = now_of(g->legs);
	if (g->legs->conf.silent_us)
		hws_legs_watch(g->legs, g->waits_us + g->legs->conf.silent_us);
}

void hws_legs_taken(struct hws_legs *l)
{
	if (l->received - l->told >= HAVE_EVERY) {
		l->have_now = true;
	} else if (!l->have_due_us) {
		l->have_due_us = now_of(l) + HAVE_US;
		hws_legs_watch(l, l->have_due_us);
	}
}

void hws_legs_say_have(struct hws_legs *l)
{
	struct hws_leg *g = l->current;

	if (!g || g->failed || hws_buf_len(&g->out) > SAYS_MAX) {
		if (!l->have_due_us) {
			l->have_due_us = now_of(l) + HAVE_US;
			hws_legs_watch(l, l->have_due_us);
		}
		l->have_now = false;
		return;
	}
	l->have_now = false;
	l->have_due_us = 0;
	l->told = l->received;
	hws_leg_say(g, HWS_LEG_HAVE, l->received);
	(void)hws_leg_flush(g);
	hws_legs_want_all(l);
}

void hws_legs_ask(struct hws_legs *l)
{
	struct hws_leg *g = l->current;

	if (!g || g->failed || g->asked)
		return;
	g->asked = true;
	hws_leg_say(g, HWS_LEG_ASK, 0);
	(void)hws_leg_flush(g);
	hws_legs_await(g);
	hws_legs_want_all(l);
}

void hws_legs_part(struct hws_legs *l)
{
	if (!l->current || !l->current->answers)
		return;
	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++) {
		if (!g->s || g->failed || g == l->current)
			continue;
		if (!g->parted) {
			g->parted = true;
			g->parted_us = now_of(l);
			hws_legs_watch(l, g->parted_us + PART_US);
			hws_leg_say(g, HWS_LEG_PART, 0);
			(void)hws_leg_flush(g); /* within data it is not said: the end says it */
		}
		if (g->peer_parted)
			hws_leg_fail(g, HWS_ERR_CLOSED);
	}
}

void hws_legs_set_away(struct hws_legs *l, uint64_t away_us)
{
	l->conf.away_us = away_us;
	if (!l->away_since_us || l->err)
		return;
	l->away_limit_us = away_us;
	hws_legs_watch(l, l->away_since_us + away_us);
}

void hws_legs_set_ended(struct hws_legs *l, uint64_t ended_us)
{
	l->conf.ended_us = ended_us;
}

void hws_legs_set_pace(struct hws_legs *l, uint64_t ask_us, uint64_t silent_us)
{
	l->conf.ask_us = ask_us;
	l->conf.silent_us = silent_us;
	hws_legs_watch(l, now_of(l));
}

/* --- the timer -------------------------------------------------------------------------------- */

/* The next moment at which something of the current leg is due; UINT64_MAX = never. */
static uint64_t current_due(const struct hws_legs *l)
{
	const struct hws_leg *g = l->current;
	uint64_t next = UINT64_MAX;

	if (g->waits_us && l->conf.silent_us && !l->silent)
		next = g->waits_us + l->conf.silent_us;
	if (l->conf.ask_us && !g->asked)
		next = HWS_MIN(next, g->heard_us + l->conf.ask_us);
	return next;
}

static uint64_t due(const struct hws_legs *l)
{
	uint64_t next = l->current ? current_due(l) : UINT64_MAX;

	if (l->have_due_us && l->current)
		next = HWS_MIN(next, l->have_due_us);
	if (l->away_since_us && !l->err)
		next = HWS_MIN(next, l->away_since_us + l->away_limit_us);
	for (const struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++)
		if (g->s && !g->failed && g->parted)
			next = HWS_MIN(next, g->parted_us + PART_US);
	return next;
}

static void look_at_current(struct hws_legs *l, uint64_t now)
{
	struct hws_leg *g = l->current;

	if (l->conf.ask_us && now >= g->heard_us + l->conf.ask_us)
		hws_legs_ask(l);
	if (!g->waits_us || !l->conf.silent_us || l->silent ||
			now < g->waits_us + l->conf.silent_us)
		return;
	if (g->body > 0 && !(l->base.wanted & HWS_STREAM_READ)) {
		g->waits_us = now; /* it is this end that does not listen */
		return;
	}
	l->silent = true;
	hws_legs_event(l, HWS_LEGS_SILENT, g->number);
}

static void on_watch(void *arg)
{
	struct hws_legs *l = arg;
	uint64_t now = now_of(l), next;

	if (l->have_due_us && now >= l->have_due_us && l->current) {
		l->have_due_us = 0;
		hws_legs_say_have(l);
	}
	if (l->away_since_us && !l->err && now >= l->away_since_us + l->away_limit_us)
		hws_legs_give_up(l);
	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++)
		if (g->s && !g->failed && g->parted && now >= g->parted_us + PART_US)
			hws_leg_fail(g, HWS_ERR_CLOSED);
	if (l->current)
		look_at_current(l, now);
	if (l->base.closed)
		return;
	next = due(l);
	if (next != UINT64_MAX)
		hws_legs_watch(l, HWS_MAX(next, now + HWS_US_PER_MS));
}

void hws_legs_watch(struct hws_legs *l, uint64_t at_us)
{
	uint64_t now = now_of(l);

	if (l->base.closed || (hws_timer_active(&l->watch) && l->watch_at_us <= at_us))
		return;
	l->watch_at_us = at_us;
	hws_timer_start(l->base.loop, &l->watch, at_us > now ? at_us - now : 0, on_watch, l);
}
