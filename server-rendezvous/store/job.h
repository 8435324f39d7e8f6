/* rendezvous/store/job: one operation on its way through a back-end. A subject says how it is run
 * and how its answer is told; the engine (workers, or the memory store) knows neither. */
#pragma once
#include "server-rendezvous/store/store.h"
#include "shared/base/list.h"

struct rdv_workers;

struct rdv_job {
	struct hws_list node;
	/* Where the engine runs it: on a worker's thread. `conn` is the worker's, or the store. */
	int (*run)(void *conn, struct rdv_job *job);
	int r;
	uint64_t took_us;
	const struct rdv_workers *workers; /* for rdv_workers_stopping; NULL without threads */

	/* Tells the caller, on the loop; NULL: `done` is called. */
	void (*answer)(struct rdv_job *job);
	rdv_done_fn done;
	void (*callback)(void); /* the caller's, of a type that run() or answer() knows */
	void *arg;              /* the caller's */

	/* Input. */
	void *in;     /* a copy, freed with the job */
	void *theirs; /* the caller's, which lives until the answer */
	size_t n;     /* elements of either */
	unsigned limit;

	/* Output: an array of what the callback gets, freed with the job. */
	void *out;
	size_t n_out;
};

/* Copies `in`. NULL without memory. */
struct rdv_job *rdv_job_new(int (*run)(void *conn, struct rdv_job *job), const void *in,
		size_t size, rdv_done_fn done, void *arg);
/* Tells the caller and frees the job. */
void rdv_job_end(struct rdv_job *job);
/* Without telling. Takes NULL. */
void rdv_job_free(struct rdv_job *job);
