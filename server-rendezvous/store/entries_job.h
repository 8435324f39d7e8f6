/* rendezvous/store/entries_job: operations on entries as jobs, the same for every back-end. All
 * return NULL without memory. */
#pragma once
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/job.h"

/* run: the entry is job->in. */
struct rdv_job *rdv_entries_put_job(int (*run)(void *conn, struct rdv_job *job),
		const struct rdv_entry *e, rdv_done_fn done, void *arg);
/* run: kind and key in the entry that job->in is. NULL also for what cannot be an entry: *ret_r. */
struct rdv_job *rdv_entries_remove_job(int (*run)(void *conn, struct rdv_job *job),
		const char *kind, const char *key, rdv_done_fn done, void *arg, int *ret_r);
/* run: entries in job->out. */
struct rdv_job *rdv_entries_load_job(
		int (*run)(void *conn, struct rdv_job *job), rdv_entries_fn done, void *arg);
