/* rendezvous/store/memory/store: the test double and the choice for servers that keep nothing. Runs
 * each job at the end of the loop's turn; failures and delays can be injected. */
#include "server-rendezvous/store/memory/store.h"
#include "server-rendezvous/store/memory/memory.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <stdlib.h>

struct state {
	struct hws_list node;
	const struct memory_subject *subject;
	max_align_t bytes[];
};

struct memory {
	struct rdv_store store;
	struct hws_list jobs, states;
	struct hws_timer timer;
	struct rdv_store_stats stats;
	uint64_t delay_us;
	int fail;
};

static struct memory *self(struct rdv_store *s)
{
	return hws_container(s, struct memory, store);
}

void *memory_state(struct memory *m, const struct memory_subject *subject)
{
	struct hws_list *n;
	struct state *st;

	hws_list_for (n, &m->states) {
		st = hws_container(n, struct state, node);
		if (st->subject == subject)
			return st->bytes;
	}
	st = hws_alloc(sizeof(*st) + subject->size);
	if (!st)
		return NULL;
	st->subject = subject;
	hws_list_push(&m->states, &st->node);
	return st->bytes;
}

static void job_end(struct memory *m, struct rdv_job *job, int r)
{
	hws_list_remove(&job->node);
	job->r = r < 0 ? r : job->run(m, job);
	m->stats.queued--;
	m->stats.ops++;
	m->stats.healthy = job->r != HWS_ERR_STORE;
	if (job->r == HWS_ERR_STORE)
		m->stats.failures++;
	rdv_job_end(job);
}

static void on_timer(void *arg)
{
	struct memory *m = arg;
	size_t n = m->stats.queued; /* those that wait now; their callbacks may add more */

	while (n-- > 0 && !hws_list_empty(&m->jobs))
		job_end(m, hws_container(hws_list_first(&m->jobs), struct rdv_job, node), m->fail);
	if (!hws_list_empty(&m->jobs))
		hws_timer_start(m->store.loop, &m->timer, m->delay_us, on_timer, m);
}

int memory_submit(struct rdv_store *s, struct rdv_job *job)
{
	struct memory *m = self(s);

	if (!job)
		return HWS_ERR_NOMEM;
	hws_list_push(&m->jobs, &job->node);
	m->stats.queued++;
	if (!hws_timer_active(&m->timer))
		hws_timer_start(m->store.loop, &m->timer, m->delay_us, on_timer, m);
	return HWS_OK;
}

static void mem_free(struct rdv_store *s)
{
	struct memory *m = self(s);
	struct hws_list *n;

	hws_timer_stop(&m->timer);
	while ((n = hws_list_first(&m->jobs)))
		job_end(m, hws_container(n, struct rdv_job, node), HWS_ERR_CANCELED);
	hws_timer_stop(&m->timer);
	while ((n = hws_list_first(&m->states))) {
		struct state *st = hws_container(n, struct state, node);

		hws_list_remove(n);
		st->subject->done(st->bytes);
		hws_free(st);
	}
	hws_free(m);
}

static void mem_stats(struct rdv_store *s, struct rdv_store_stats *ret)
{
	*ret = self(s)->stats;
}

static int run_backup(void *conn HWS_UNUSED, struct rdv_job *job HWS_UNUSED)
{
	return HWS_ERR_UNSUPPORTED;
}

static int mem_backup(struct rdv_store *s, const char *path HWS_UNUSED, rdv_done_fn done, void *arg)
{
	return memory_submit(s, rdv_job_new(run_backup, NULL, 0, done, arg));
}

static const struct rdv_store_ops ops = {
	.name = "memory",
	.free = mem_free,
	.stats = mem_stats,
	.backup = mem_backup,
};

int rdv_store_memory_new(struct hws_loop *loop, struct rdv_store **ret)
{
	struct memory *m = hws_alloc(sizeof(*m));

	if (!m)
		return HWS_ERR_NOMEM;
	m->store = (struct rdv_store){
		.ops = &ops,
		.loop = loop,
		.devices = &memory_devices,
		.entries = &memory_entries,
	};
	m->stats.healthy = true;
	hws_list_init(&m->jobs);
	hws_list_init(&m->states);
	*ret = &m->store;
	return HWS_OK;
}

void rdv_store_memory_fail(struct rdv_store *s, int err, uint64_t delay_us)
{
	struct memory *m = self(s);

	m->fail = err;
	m->delay_us = delay_us;
}

size_t rdv_store_memory_count(struct rdv_store *s)
{
	return memory_devices_count(self(s));
}
