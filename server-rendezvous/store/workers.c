/* rendezvous/store/workers: threads with queues. Few and fixed: each holds a connection, and a slow
 * kind of work must not stand before a quick one. */
#include "server-rendezvous/store/workers.h"

#include "shared/base/clock.h"
#include "shared/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct worker {
	struct rdv_workers *all;
	pthread_t thread;
	bool started;
	pthread_cond_t wake;
	struct hws_list jobs;
	void *conn;
};

struct rdv_workers {
	struct hws_loop *loop;
	struct rdv_workers_conf conf;
	struct rdv_store_stats stats; /* loop's thread; but for reconnects (atomic) */
	struct event ended_event;
	int ended_fd;
	bool event_added;
	bool stopping; /* atomic */

	pthread_mutex_t lock; /* protects all that follows and the workers' queues */
	struct hws_list ended;
	struct worker worker[];
};

bool rdv_workers_stopping(const struct rdv_workers *l)
{
	return __atomic_load_n(&l->stopping, __ATOMIC_ACQUIRE);
}

void rdv_workers_reconnected(struct rdv_workers *l)
{
	__atomic_fetch_add(&l->stats.reconnects, 1, __ATOMIC_RELAXED);
}

void rdv_workers_stats(struct rdv_workers *l, struct rdv_store_stats *ret)
{
	*ret = (struct rdv_store_stats){
		.healthy = l->stats.healthy,
		.ops = l->stats.ops,
		.failures = l->stats.failures,
		.queued = l->stats.queued,
		.last_us = l->stats.last_us,
		.reconnects = __atomic_load_n(&l->stats.reconnects, __ATOMIC_RELAXED),
	};
}

static bool is_failure(int r)
{
	return r == HWS_ERR_STORE || r == HWS_ERR_DISK;
}

static void answer(struct rdv_workers *l, struct rdv_job *job)
{
	l->stats.queued--;
	l->stats.ops++;
	l->stats.failures += is_failure(job->r);
	if (job->r != HWS_ERR_CANCELED) {
		l->stats.healthy = !is_failure(job->r);
		l->stats.last_us = job->took_us;
		hws_times_add(l->conf.took, job->took_us);
	}
	rdv_job_end(job);
}

static struct rdv_job *take_ended(struct rdv_workers *l)
{
	struct hws_list *node;

	pthread_mutex_lock(&l->lock);
	node = hws_list_first(&l->ended);
	if (node)
		hws_list_remove(node);
	pthread_mutex_unlock(&l->lock);
	return node ? hws_container(node, struct rdv_job, node) : NULL;
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct rdv_workers *l = arg;
	struct rdv_job *job;
	uint64_t n;

	(void)what;
	if (read((int)fd, &n, sizeof(n)) < 0 && errno != EAGAIN && errno != EINTR)
		return;
	while ((job = take_ended(l)))
		answer(l, job);
}

/* With the lock held. */
static void give_back(struct rdv_workers *l, struct rdv_job *job)
{
	const uint64_t one = 1;

	hws_list_push(&l->ended, &job->node);
	while (write(l->ended_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* With the lock held. NULL when the worker shall end, or after a second of nothing
 * (`*ret_idle`). */
static struct rdv_job *next_job(struct worker *worker, bool *ret_idle)
{
	struct hws_list *node;
	struct timespec until;

	*ret_idle = false;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	while (!rdv_workers_stopping(worker->all) && hws_list_empty(&worker->jobs)) {
		if (!worker->all->conf.idle) {
			pthread_cond_wait(&worker->wake, &worker->all->lock);
		} else if (pthread_cond_timedwait(&worker->wake, &worker->all->lock, &until) ==
				ETIMEDOUT) {
			*ret_idle = hws_list_empty(&worker->jobs);
			break;
		}
	}
	if (rdv_workers_stopping(worker->all))
		return NULL;
	node = hws_list_first(&worker->jobs);
	if (!node)
		return NULL;
	hws_list_remove(node);
	return hws_container(node, struct rdv_job, node);
}

static void *run_worker(void *arg)
{
	struct worker *worker = arg;
	struct rdv_workers *l = worker->all;
	struct rdv_job *job;
	uint64_t began;
	bool idle;

	pthread_mutex_lock(&l->lock);
	for (;;) {
		job = next_job(worker, &idle);
		if (!job && !idle)
			break;
		pthread_mutex_unlock(&l->lock);
		if (job) {
			began = hws_clock_us();
			job->r = job->run(worker->conn, job);
			job->took_us = hws_clock_us() - began;
		} else {
			l->conf.idle(worker->conn);
		}
		pthread_mutex_lock(&l->lock);
		if (job)
			give_back(l, job);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static int start_worker(struct worker *worker)
{
	pthread_condattr_t attr;
	sigset_t all, before;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->wake, &attr);
	pthread_condattr_destroy(&attr);
	/* Signals are for the thread of the main loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	worker->started = pthread_create(&worker->thread, NULL, run_worker, worker) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return worker->started ? HWS_OK : HWS_ERR_NOMEM;
}

int rdv_workers_new(struct hws_loop *loop, const struct rdv_workers_conf *conf,
		struct rdv_workers **ret)
{
	struct rdv_workers *l = hws_alloc(sizeof(*l) + conf->count * sizeof(l->worker[0]));
	int r = HWS_ERR_NOMEM;

	if (!l)
		return r;
	l->loop = loop;
	l->conf = *conf;
	l->stats.healthy = true;
	hws_list_init(&l->ended);
	pthread_mutex_init(&l->lock, NULL);
	for (unsigned i = 0; i < conf->count; i++)
		hws_list_init(&l->worker[i].jobs);
	l->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->ended_fd < 0 ||
			event_assign(&l->ended_event, hws_loop_base(loop), l->ended_fd,
					EV_READ | EV_PERSIST, on_ended, l) < 0 ||
			event_add(&l->ended_event, NULL) < 0)
		goto out;
	l->event_added = true;
	for (unsigned i = 0; i < conf->count; i++) {
		l->worker[i].all = l;
		l->worker[i].conn = conf->conn_new(conf->arg, i);
		if (!l->worker[i].conn)
			goto out;
	}
	r = HWS_OK;
	for (unsigned i = 0; i < conf->count && r == HWS_OK; i++)
		r = start_worker(&l->worker[i]);
	if (r < 0)
		goto out;
	*ret = l;
	return HWS_OK;
out:
	rdv_workers_free(l);
	return r;
}

static void stop_lane(struct rdv_workers *l, struct worker *worker)
{
	if (!worker->started)
		return;
	pthread_mutex_lock(&l->lock);
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&l->lock);
	pthread_join(worker->thread, NULL);
	pthread_cond_destroy(&worker->wake);
}

void rdv_workers_free(struct rdv_workers *l)
{
	struct hws_list *node;
	struct rdv_job *job;

	if (!l)
		return;
	__atomic_store_n(&l->stopping, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < l->conf.count; i++)
		stop_lane(l, &l->worker[i]);
	while ((job = take_ended(l)))
		answer(l, job);
	for (unsigned i = 0; i < l->conf.count; i++) {
		while ((node = hws_list_first(&l->worker[i].jobs))) {
			hws_list_remove(node);
			job = hws_container(node, struct rdv_job, node);
			job->r = HWS_ERR_CANCELED;
			answer(l, job);
		}
	}
	for (unsigned i = 0; i < l->conf.count; i++) {
		if (l->worker[i].conn)
			l->conf.conn_free(l->worker[i].conn);
	}
	if (l->event_added)
		event_del(&l->ended_event);
	if (l->ended_fd >= 0)
		close(l->ended_fd);
	pthread_mutex_destroy(&l->lock);
	hws_free(l);
}

int rdv_workers_submit(struct rdv_workers *l, unsigned worker, struct rdv_job *job)
{
	if (!job)
		return HWS_ERR_NOMEM;
	/* also for callbacks that ask again while the store is being freed */
	if (l->stats.queued >= l->conf.max_queued || rdv_workers_stopping(l)) {
		rdv_job_free(job);
		return rdv_workers_stopping(l) ? HWS_ERR_CANCELED : HWS_ERR_FULL;
	}
	l->stats.queued++;
	job->workers = l;
	pthread_mutex_lock(&l->lock);
	hws_list_push(&l->worker[worker].jobs, &job->node);
	pthread_cond_signal(&l->worker[worker].wake);
	pthread_mutex_unlock(&l->lock);
	return HWS_OK;
}
