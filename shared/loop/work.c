/* Threads for what would block a loop. A job belongs to the pool or to its loop, never to both:
 * nothing in it needs a lock. */
#include "shared/loop/work.h"

#include "shared/base/mem.h"

#include <pthread.h>
#include <signal.h>

struct job {
	struct hws_list node;
	struct hws_post post; /* carries the result back; inside, so that answering cannot fail */
	struct hws_loop *loop;
	int (*run)(void *arg);
	void (*done)(void *arg, int r);
	void *arg;
	int result;
};

struct hws_work {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct hws_list waiting;
	unsigned queued, max_queued;
	unsigned count; /* threads that were started */
	bool stopping;
	pthread_t thread[];
};

static void finish(void *arg)
{
	struct job *job = arg;

	job->done(job->arg, job->result);
	hws_free(job);
}

static void answer(struct job *job, int result)
{
	job->result = result;
	job->post.fn = finish;
	job->post.arg = job;
	hws_loop_post_node(job->loop, &job->post);
}

static struct job *take(struct hws_work *w)
{
	struct hws_list *node;

	while (!w->stopping && hws_list_empty(&w->waiting))
		pthread_cond_wait(&w->wake, &w->lock);
	if (w->stopping)
		return NULL;
	node = hws_list_first(&w->waiting);
	hws_list_remove(node);
	w->queued--;
	return hws_container(node, struct job, node);
}

static void *worker(void *arg)
{
	struct hws_work *w = arg;
	struct job *job;

	for (;;) {
		pthread_mutex_lock(&w->lock);
		job = take(w);
		pthread_mutex_unlock(&w->lock);
		if (!job)
			return NULL;
		answer(job, job->run(job->arg));
	}
}

int hws_work_new(unsigned threads, unsigned max_queued, struct hws_work **ret)
{
	struct hws_work *w = hws_alloc(sizeof(*w) + threads * sizeof(w->thread[0]));
	sigset_t all, before;

	if (!w)
		return HWS_ERR_NOMEM;
	hws_list_init(&w->waiting);
	w->max_queued = max_queued;
	if (pthread_mutex_init(&w->lock, NULL) != 0) {
		hws_free(w);
		return HWS_ERR_NOMEM;
	}
	if (pthread_cond_init(&w->wake, NULL) != 0) {
		pthread_mutex_destroy(&w->lock);
		hws_free(w);
		return HWS_ERR_NOMEM;
	}
	/* Signals are for the thread of the main loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (w->count < threads && pthread_create(&w->thread[w->count], NULL, worker, w) == 0)
		w->count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (w->count < threads || !threads) {
		hws_work_free(w);
		return HWS_ERR_NOMEM;
	}
	*ret = w;
	return HWS_OK;
}

void hws_work_free(struct hws_work *w)
{
	struct hws_list *node;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->count; i++)
		pthread_join(w->thread[i], NULL);
	while ((node = hws_list_first(&w->waiting))) {
		hws_list_remove(node);
		answer(hws_container(node, struct job, node), HWS_ERR_CANCELED);
	}
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	hws_free(w);
}

int hws_work_submit(struct hws_work *w, struct hws_loop *loop, int (*run)(void *arg),
		void (*done)(void *arg, int r), void *arg)
{
	struct job *job = hws_alloc(sizeof(*job));
	bool full;

	if (!job)
		return HWS_ERR_NOMEM;
	job->loop = loop;
	job->run = run;
	job->done = done;
	job->arg = arg;
	pthread_mutex_lock(&w->lock);
	full = w->queued >= w->max_queued || w->stopping;
	if (!full) {
		hws_list_push(&w->waiting, &job->node);
		w->queued++;
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	if (full)
		hws_free(job);
	return full ? HWS_ERR_FULL : HWS_OK;
}
