/* rendezvous/store/devices_job: operations on devices as jobs: input, answer and limits are the
 * same for every back-end, only `run` differs. All return NULL without memory. */
#pragma once
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/job.h"

typedef int (*rdv_run_fn)(void *conn, struct rdv_job *job);

/* run: rdv_devices_batch for each portion. */
struct rdv_job *rdv_devices_load_job(
		rdv_run_fn run, rdv_load_fn batch, rdv_done_fn done, void *arg);
void rdv_devices_batch(const struct rdv_job *job, const struct rdv_peer_row *rows, size_t n);
/* run: the writes are job->theirs, job->n of them. */
struct rdv_job *rdv_devices_write_job(
		rdv_run_fn run, struct rdv_write *w, size_t n, rdv_done_fn done, void *arg);
/* run: the id is job->in; one row in job->out, or HWS_ERR_NOTFOUND. */
struct rdv_job *rdv_devices_get_job(rdv_run_fn run, const char *id, rdv_get_fn done, void *arg);
/* run: `after` is job->in; at most job->limit rows in job->out. */
struct rdv_job *rdv_devices_list_job(
		rdv_run_fn run, const char *after, unsigned limit, rdv_list_fn done, void *arg);
