/* Whose turn it is. Without limits a pair is served when its socket is ready, in visits of bounded
 * size. Under a limit pairs get a quantum each round: one that needs less than that has priority,
 * so an interactive pair does not wait behind a file copy; the others share what is left in turn
 * (deficit round robin). */
#include "server-relay/sched.h"
#include "server-relay/addrs.h"
#include "server-relay/pump.h"
#include "server-relay/shard.h"
#include "shared/base/log.h"
#include <assert.h>

#define VISIT (1u << 20)     /* bytes of one visit without limits */
#define VISIT_MIN 4096       /* bytes of a visit under limits at the least */
#define QUANTUM (32 << 10)   /* bytes of a pair each round under limits */
#define RUN_BYTES (4u << 20) /* then new events are looked at */
#define RETRY_US 2000u       /* waiting for limits to refill */
#define BURST_PART 50u       /* of a second's worth of the total limit */

void rly_sched_init(struct rly_shard *sh)
{
	hws_list_init(&sh->sched.fresh);
	hws_list_init(&sh->sched.old);
	hws_list_init(&sh->sched.throttled);
	sh->sched.round = 1;
}

void rly_sched_done(struct rly_shard *sh)
{
	hws_timer_stop(&sh->sched.timer);
}

static void unqueue(struct rly_shard *sh, struct rly_pair *p)
{
	if (p->sched_state == RLY_SCHED_OLD)
		sh->sched.old_count--;
	hws_list_remove(&p->sched);
	p->sched_state = RLY_SCHED_NONE;
}

static void queue(struct rly_shard *sh, struct rly_pair *p, enum rly_sched where)
{
	struct hws_list *to = where == RLY_SCHED_NEW ? &sh->sched.fresh
			: where == RLY_SCHED_OLD     ? &sh->sched.old
						     : &sh->sched.throttled;

	assert(p->sched_state == RLY_SCHED_NONE);
	p->sched_state = (uint8_t)where;
	if (where == RLY_SCHED_OLD)
		sh->sched.old_count++;
	hws_list_push(to, &p->sched);
}

void rly_sched_forget(struct rly_shard *sh, struct rly_pair *p)
{
	unqueue(sh, p);
}

static uint64_t pair_rate(const struct rly_shard *sh, const struct rly_pair *p)
{
	const struct rly_rules *r = sh->rules;
	uint64_t rate = p->own_rate ? p->own_rate : r->rate_pair;

	if (p->slow && r->rate_slow && (!rate || r->rate_slow < rate))
		rate = r->rate_slow;
	return rate;
}

static bool is_limited(const struct rly_shard *sh, const struct rly_pair *p)
{
	return sh->rules->rate_total || sh->rules->rate_addr || pair_rate(sh, p);
}

/* Bytes that the pair's own and its addresses' limits allow now. */
static int64_t credit(struct rly_shard *sh, struct rly_pair *p, uint64_t now)
{
	uint64_t rate = pair_rate(sh, p), per_addr = sh->rules->rate_addr;
	int64_t n = INT64_MAX;

	if (rate)
		n = rly_rate_credit(&p->rate, rate, now);
	for (unsigned d = 0; per_addr && d < 2; d++)
		n = HWS_MIN(n, rly_addr_credit(p->leg[d]->addr, per_addr, now));
	return n;
}

static void charge(struct rly_shard *sh, struct rly_pair *p, uint64_t bytes)
{
	if (pair_rate(sh, p))
		rly_rate_charge(&p->rate, bytes);
	if (sh->rules->rate_addr) {
		rly_addr_charge(p->leg[0]->addr, bytes);
		if (p->leg[0]->addr != p->leg[1]->addr)
			rly_addr_charge(p->leg[1]->addr, bytes);
	}
	if (sh->rules->rate_total)
		sh->sched.level -= (int64_t)bytes;
}

/* This shard's part of the total limit follows the number of pairs that wait here. */
static uint64_t own_share(struct rly_shard *sh)
{
	struct rly_shared *s = sh->shared;
	uint64_t all = 0, own;

	__atomic_store_n(&s->backlog[sh->index], sh->sched.old_count, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < s->shard_count; i++)
		all += HWS_MAX(__atomic_load_n(&s->backlog[i], __ATOMIC_RELAXED), 1u);
	own = HWS_MAX(sh->sched.old_count, 1u);
	/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): this shard was counted, so at least 1 */
	return (uint64_t)((unsigned __int128)sh->rules->rate_total * own / all);
}

static void spare_give(struct rly_shard *sh, int64_t bytes)
{
	int64_t max = (int64_t)(sh->rules->rate_total / BURST_PART) + QUANTUM;
	int64_t now = __atomic_load_n(&sh->shared->spare, __ATOMIC_RELAXED), next;

	do {
		next = HWS_MIN(now + bytes, max);
	} while (!__atomic_compare_exchange_n(
			&sh->shared->spare, &now, next, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

static int64_t spare_take(struct rly_shard *sh, int64_t want)
{
	int64_t now = __atomic_load_n(&sh->shared->spare, __ATOMIC_RELAXED), got;

	do {
		got = HWS_MIN(now, want);
		if (got <= 0)
			return 0;
	} while (!__atomic_compare_exchange_n(&sh->shared->spare, &now, now - got, true,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return got;
}

/* Whole bytes enter the level; what a shard cannot use within 20 ms goes to the others. */
static void refill(struct rly_shard *sh, uint64_t now)
{
	struct rly_sched_lists *s = &sh->sched;
	uint64_t share, us, bytes;
	int64_t burst;

	if (!sh->rules->rate_total)
		return;
	share = own_share(sh);
	burst = (int64_t)(share / BURST_PART) + QUANTUM;
	us = s->level_us ? now - s->level_us : 0;
	if (!s->level_us || us > 1000000u) {
		us = HWS_MIN(us, 1000000u / BURST_PART);
		s->level_us = now - us;
	}
	bytes = share * us / 1000000u;
	if (!share || !bytes)
		return;
	s->level_us = now;
	s->level += (int64_t)bytes;
	if (s->level > burst) {
		spare_give(sh, s->level - burst);
		s->level = burst;
	}
}

/* One visit. False: the total limit is used up. */
static bool serve(struct rly_shard *sh, struct rly_pair *p, uint64_t now, uint64_t *io_budget)
{
	bool limited = is_limited(sh, p), more;
	uint64_t allow = VISIT, n;

	if (limited) {
		int64_t c = credit(sh, p, now);

		if (c <= 0) {
			unqueue(sh, p);
			queue(sh, p, RLY_SCHED_THROTTLED);
			rly_stat_add(&sh->stats.throttled, 1);
			return true;
		}
		if (p->sched_state == RLY_SCHED_OLD && p->deficit <= 0)
			p->deficit += QUANTUM;
		/* Levels may go below zero, so no dribble of tiny reads. */
		allow = (uint64_t)HWS_MAX(HWS_MIN(c, (int64_t)p->deficit), VISIT_MIN);
	}
	n = rly_pair_pump(sh, p, allow, &more);
	*io_budget -= HWS_MIN(n, *io_budget);
	if (p->closing)
		return true;
	if (limited) {
		charge(sh, p, n);
		p->deficit -= (int32_t)HWS_MIN(n, (uint64_t)INT32_MAX / 2);
	}
	bool keep_place = limited && more && p->deficit > 0;

	if (keep_place)
		return true; /* an own limit cut it short, or it was in the middle of something */
	unqueue(sh, p);
	if (more)
		queue(sh, p, RLY_SCHED_OLD);
	return true;
}

static void unthrottle(struct rly_shard *sh, uint64_t now)
{
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &sh->sched.throttled) {
		struct rly_pair *p = hws_container(node, struct rly_pair, sched);

		if (credit(sh, p, now) <= 0)
			continue;
		unqueue(sh, p);
		queue(sh, p, RLY_SCHED_OLD);
	}
}

static void on_retry(void *arg)
{
	rly_sched_run(arg);
}

/* New ones first; they may overdraw the total limit a little, so that they need not wait for it. */
static bool serve_fresh(struct rly_shard *sh, uint64_t now, uint64_t *io_budget)
{
	int64_t floor = -(int64_t)(sh->rules->rate_total / BURST_PART) - QUANTUM;
	struct hws_list *node;

	while (*io_budget && (node = hws_list_first(&sh->sched.fresh))) {
		struct rly_pair *p = hws_container(node, struct rly_pair, sched);

		if (sh->rules->rate_total && sh->sched.level <= floor)
			return false;
		serve(sh, p, now, io_budget);
		if (p->sched_state == RLY_SCHED_NEW) { /* used its part of this round */
			unqueue(sh, p);
			queue(sh, p, RLY_SCHED_OLD);
		}
	}
	return true;
}

static bool serve_old(struct rly_shard *sh, uint64_t now, uint64_t *io_budget)
{
	uint32_t visits = sh->sched.old_count;
	struct hws_list *node;

	while (*io_budget && (node = hws_list_first(&sh->sched.old))) {
		struct rly_pair *p = hws_container(node, struct rly_pair, sched);

		if (sh->rules->rate_total && sh->sched.level <= 0) {
			sh->sched.level += spare_take(sh, 4 * QUANTUM);
			if (sh->sched.level <= 0)
				return false;
		}
		if (p->round == sh->sched.round) /* all have had their turn */
			sh->sched.round++;
		p->round = sh->sched.round;
		serve(sh, p, now, io_budget);
		if (visits-- == 0)
			break; /* look for new events */
	}
	return true;
}

void rly_sched_run(struct rly_shard *sh)
{
	struct rly_sched_lists *s = &sh->sched;
	uint64_t budget = RUN_BYTES, now;
	bool go;

	if (hws_list_empty(&s->fresh) && hws_list_empty(&s->old) && hws_list_empty(&s->throttled)) {
		s->round++;
		return;
	}
	now = hws_loop_now_us(sh->loop);
	refill(sh, now);
	if (!hws_list_empty(&s->throttled))
		unthrottle(sh, now);
	if (hws_list_empty(&s->old))
		s->round++;
	go = serve_fresh(sh, now, &budget);
	go = serve_old(sh, now, &budget) && go;
	if (go && (!hws_list_empty(&s->old) || !hws_list_empty(&s->fresh)))
		event_active(&sh->run_event, EV_TIMEOUT, 0);
	else if (!hws_list_empty(&s->old) || !hws_list_empty(&s->fresh) ||
			!hws_list_empty(&s->throttled)) {
		if (!hws_timer_active(&s->timer))
			hws_timer_start(sh->loop, &s->timer, RETRY_US, on_retry, sh);
	} else if (sh->rules->rate_total) {
		(void)own_share(sh); /* nothing waits here any more: says so to the others */
	}
}

void rly_sched_ready(struct rly_shard *sh, struct rly_pair *p)
{
	bool more;

	if (p->closing || p->sched_state != RLY_SCHED_NONE)
		return;
	if (!is_limited(sh, p)) {
		/* The common case: no queue at all. */
		rly_pair_pump(sh, p, VISIT, &more);
		if (more && !p->closing)
			queue(sh, p, RLY_SCHED_OLD);
		return;
	}
	if (p->round != sh->sched.round) {
		p->round = sh->sched.round;
		p->deficit = QUANTUM;
	}
	queue(sh, p, p->deficit > 0 ? RLY_SCHED_NEW : RLY_SCHED_OLD);
}
