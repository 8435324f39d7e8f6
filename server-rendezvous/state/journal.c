/* rendezvous/state/journal: two arrays: one filled by the planes, one that the store works on, so
 * that no plane ever waits for the store. */
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/store/devices.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <pthread.h>
#include <stdlib.h>

#define TICK_US (50 * HWS_US_PER_MS)
#define RETRY_US HWS_US_PER_S
#define BATCH_MAX 5000
#define KEEP 1024 /* places of an empty queue */
/* An answer that waits for the disk waits no longer than this. */
#define ANSWER_MAX_US HWS_US_PER_S

struct item {
	struct rdv_waiter who;
	uint64_t at_us;
};

struct queue {
	struct rdv_write *w;
	struct item *item;
	size_t n, size;
};

struct rdv_journal {
	struct hws_loop *loop;
	struct rdv_store *store;
	rdv_written_fn written;
	void *arg;
	uint64_t max;
	pthread_mutex_t lock;
	struct queue in;   /* under the lock */
	struct queue work; /* the control loop's: work.w[0 .. batch) is with the store */
	size_t batch;
	bool running, warned;
	uint64_t retry_at_us;
	struct hws_timer tick;
	struct rdv_journal_stats stats; /* atomics */
};

static void queue_done(struct queue *q)
{
	hws_free(q->w);
	hws_free(q->item);
}

static int queue_push(struct queue *q, const struct rdv_write *w, const struct item *item)
{
	if (q->n == q->size) {
		size_t size = q->size ? q->size * 2 : 256;
		struct rdv_write *nw = hws_realloc_array(q->w, size, sizeof(*nw));
		struct item *ni;

		if (!nw)
			return HWS_ERR_NOMEM;
		q->w = nw;
		ni = hws_realloc_array(q->item, size, sizeof(*ni));
		if (!ni)
			return HWS_ERR_NOMEM;
		q->item = ni;
		q->size = size;
	}
	q->w[q->n] = *w;
	q->item[q->n] = *item;
	q->n++;
	return HWS_OK;
}

/* After a flood: nothing waits, so nothing is kept. */
static void queue_shrink(struct queue *q)
{
	if (q->n > 0 || q->size <= KEEP)
		return;
	queue_done(q);
	*q = (struct queue){ 0 };
	hws_mem_trim();
}

static void queue_drop_front(struct queue *q, size_t n)
{
	if (n == 0)
		return; /* an empty queue has no memory yet */
	memmove(q->w, q->w + n, (q->n - n) * sizeof(*q->w));
	memmove(q->item, q->item + n, (q->n - n) * sizeof(*q->item));
	q->n -= n;
}

int rdv_journal_put(struct rdv_journal *j, const struct rdv_write *w, const struct rdv_waiter *who)
{
	struct item item = { *who, hws_clock_us() };
	int r = HWS_ERR_FULL;

	/* Counted before it is there: counted afterwards, it could be written and taken off before,
	 * and the number would fall below zero, which looks like a full queue. */
	if (__atomic_fetch_add(&j->stats.queued, 1, __ATOMIC_RELAXED) < j->max) {
		pthread_mutex_lock(&j->lock);
		r = queue_push(&j->in, w, &item);
		pthread_mutex_unlock(&j->lock);
	}
	if (r < 0) {
		__atomic_fetch_sub(&j->stats.queued, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&j->stats.refused, 1, __ATOMIC_RELAXED);
	}
	return r;
}

static bool waits(const struct item *it)
{
	return it->who.client || it->who.udp.port;
}

static void answer(struct rdv_journal *j, struct queue *q, size_t i, int r, bool durable)
{
	struct rdv_waiter who = q->item[i].who;

	q->item[i].who.client = 0;
	q->item[i].who.udp.port = 0;
	j->written(&q->w[i], &who, r, durable, j->arg);
}

static void on_written(int r, void *arg)
{
	struct rdv_journal *j = arg;
	size_t n = j->batch;

	j->running = false;
	if (r < 0) {
		__atomic_fetch_add(&j->stats.failed, 1, __ATOMIC_RELAXED);
		if (!j->warned)
			hws_error_log("store.failed", HWS_ERR("error", r),
					HWS_U64("queued", j->work.n),
					HWS_STR("text",
							"serving from memory, writing again "
							"every second"));
		j->warned = true;
		j->retry_at_us = hws_clock_us() + RETRY_US;
		return;
	}
	if (j->warned)
		hws_info("store.recovered", HWS_U64("queued", j->work.n));
	j->warned = false;
	for (size_t i = 0; i < n; i++) {
		if (j->work.w[i].result < 0)
			__atomic_fetch_add(&j->stats.dropped_conflicts, 1, __ATOMIC_RELAXED);
		answer(j, &j->work, i, j->work.w[i].result, true);
	}
	__atomic_fetch_add(&j->stats.written, n, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&j->stats.queued, n, __ATOMIC_RELAXED);
	queue_drop_front(&j->work, n);
	j->batch = 0;
}

/* Moves what the planes put behind what waits already; swaps when nothing waits. */
static void collect(struct rdv_journal *j)
{
	pthread_mutex_lock(&j->lock);
	if (j->work.n == 0) {
		struct queue q = j->work;

		j->work = j->in;
		j->in = q;
		queue_shrink(&j->in);
	} else {
		size_t i = 0;

		while (i < j->in.n && queue_push(&j->work, &j->in.w[i], &j->in.item[i]) == HWS_OK)
			i++;
		queue_drop_front(&j->in, i);
	}
	pthread_mutex_unlock(&j->lock);
}

static void answer_overdue(struct rdv_journal *j, struct queue *q)
{
	uint64_t now = hws_clock_us();

	for (size_t i = 0; i < q->n; i++) {
		if (waits(&q->item[i]) && now - q->item[i].at_us > ANSWER_MAX_US)
			answer(j, q, i, HWS_OK, false);
	}
}

static void on_tick(void *arg)
{
	struct rdv_journal *j = arg;
	int r;

	/* The store holds a pointer into work.w while it runs: nothing may move then. */
	if (j->running) {
		answer_overdue(j, &j->work);
		pthread_mutex_lock(&j->lock); /* the planes put with no other lock held */
		answer_overdue(j, &j->in);
		pthread_mutex_unlock(&j->lock);
		return;
	}
	collect(j);
	if (j->work.n == 0) {
		queue_shrink(&j->work);
		return;
	}
	if (hws_clock_us() < j->retry_at_us) {
		answer_overdue(j, &j->work);
		return;
	}
	j->batch = HWS_MIN(j->work.n, (size_t)BATCH_MAX);
	j->running = true;
	if (!j->store) {
		for (size_t i = 0; i < j->batch; i++)
			j->work.w[i].result = HWS_OK;
		on_written(HWS_OK, j);
		return;
	}
	r = j->store->devices->write(j->store, j->work.w, j->batch, on_written, j);
	if (r < 0)
		on_written(r, j);
}

int rdv_journal_new(struct hws_loop *loop, struct rdv_store *store, uint64_t max,
		rdv_written_fn written, void *arg, struct rdv_journal **ret)
{
	struct rdv_journal *j = calloc(1, sizeof(*j));

	if (!j)
		return HWS_ERR_NOMEM;
	j->loop = loop;
	j->store = store;
	j->max = max;
	j->written = written;
	j->arg = arg;
	pthread_mutex_init(&j->lock, NULL);
	hws_timer_every(loop, &j->tick, TICK_US, on_tick, j);
	*ret = j;
	return HWS_OK;
}

void rdv_journal_free(struct rdv_journal *j)
{
	if (!j)
		return;
	hws_timer_stop(&j->tick);
	queue_done(&j->in);
	queue_done(&j->work);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

void rdv_journal_kick(struct rdv_journal *j)
{
	on_tick(j);
}

bool rdv_journal_idle(struct rdv_journal *j)
{
	return __atomic_load_n(&j->stats.queued, __ATOMIC_RELAXED) == 0;
}

void rdv_journal_stats(struct rdv_journal *j, struct rdv_journal_stats *ret)
{
	ret->queued = __atomic_load_n(&j->stats.queued, __ATOMIC_RELAXED);
	ret->written = __atomic_load_n(&j->stats.written, __ATOMIC_RELAXED);
	ret->failed = __atomic_load_n(&j->stats.failed, __ATOMIC_RELAXED);
	ret->refused = __atomic_load_n(&j->stats.refused, __ATOMIC_RELAXED);
	ret->dropped_conflicts = __atomic_load_n(&j->stats.dropped_conflicts, __ATOMIC_RELAXED);
}

uint64_t rdv_journal_lag_us(struct rdv_journal *j)
{
	uint64_t oldest = 0, now;

	if (j->work.n > 0) {
		oldest = j->work.item[0].at_us;
	} else {
		pthread_mutex_lock(&j->lock);
		if (j->in.n > 0)
			oldest = j->in.item[0].at_us;
		pthread_mutex_unlock(&j->lock);
	}
	now = hws_clock_us();
	return oldest && now > oldest ? now - oldest : 0;
}
