/* rendezvous/store/devices_job: what all back-ends do with an operation on devices. */
#include "server-rendezvous/store/devices_job.h"
#include "shared/base/macros.h"
#include <string.h>

struct rdv_job *rdv_devices_load_job(rdv_run_fn run, rdv_load_fn batch, rdv_done_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run, NULL, 0, done, arg);

	if (job)
		job->callback = (void (*)(void))batch;
	return job;
}

void rdv_devices_batch(const struct rdv_job *job, const struct rdv_peer_row *rows, size_t n)
{
	((rdv_load_fn)job->callback)(rows, n, job->arg);
}

struct rdv_job *rdv_devices_write_job(
		rdv_run_fn run, struct rdv_write *w, size_t n, rdv_done_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run, NULL, 0, done, arg);

	if (job) {
		job->theirs = w;
		job->n = n;
	}
	return job;
}

static void answer_row(struct rdv_job *job)
{
	((rdv_get_fn)job->callback)(job->r, job->r < 0 ? NULL : job->out, job->arg);
}

struct rdv_job *rdv_devices_get_job(rdv_run_fn run, const char *id, rdv_get_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run, id, strlen(id) + 1, NULL, arg);

	if (job) {
		job->answer = answer_row;
		job->callback = (void (*)(void))done;
	}
	return job;
}

static void answer_rows(struct rdv_job *job)
{
	((rdv_list_fn)job->callback)(job->r, job->r < 0 ? NULL : job->out,
			job->r < 0 ? 0 : job->n_out, job->arg);
}

struct rdv_job *rdv_devices_list_job(
		rdv_run_fn run, const char *after, unsigned limit, rdv_list_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run, after, strlen(after) + 1, NULL, arg);

	if (job) {
		job->answer = answer_rows;
		job->callback = (void (*)(void))done;
		job->limit = HWS_MIN(limit, RDV_LIST_MAX);
	}
	return job;
}
