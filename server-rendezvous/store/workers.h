/* rendezvous/store/workers: the engine under the back-ends that block. A worker is a thread with a
 * connection and a queue of jobs of its own; answers come back on the loop in the order in which
 * jobs end. */
#pragma once
#include "server-rendezvous/store/job.h"

struct rdv_workers;

struct rdv_workers_conf {
	unsigned count;      /* workers */
	uint64_t max_queued; /* jobs that wait or run */
	/* Makes the connection object of worker i, before its thread starts; NULL without
	 * memory. */
	void *(*conn_new)(void *arg, unsigned i);
	/* Ends it, on the caller's thread after the worker's has ended. */
	void (*conn_free)(void *conn);
	/* Called on the worker's thread about once a second while it has nothing to do; may be
	 * NULL. */
	void (*idle)(void *conn);
	struct hws_times *took; /* borrowed: how long jobs took */
	void *arg;
};

int rdv_workers_new(struct hws_loop *loop, const struct rdv_workers_conf *conf,
		struct rdv_workers **ret) HWS_MUST_CHECK;
/* Waits for running jobs, answers them and then those that wait (HWS_ERR_CANCELED). Takes NULL. */
void rdv_workers_free(struct rdv_workers *l);
/* For long jobs: true when the store is being freed. Any thread. */
bool rdv_workers_stopping(const struct rdv_workers *l);
void rdv_workers_stats(struct rdv_workers *l, struct rdv_store_stats *ret);
/* Counts a connection that was made again. Any thread. */
void rdv_workers_reconnected(struct rdv_workers *l);

/* Takes the job whatever happens; NULL is HWS_ERR_NOMEM. On failure it is not answered. */
int rdv_workers_submit(struct rdv_workers *l, unsigned worker, struct rdv_job *job) HWS_MUST_CHECK;
