/* rendezvous/store/entries_job: what all back-ends do with an operation on entries. */
#include "server-rendezvous/store/entries_job.h"
#include "shared/base/str.h"

struct rdv_job *rdv_entries_put_job(int (*run)(void *conn, struct rdv_job *job),
		const struct rdv_entry *e, rdv_done_fn done, void *arg)
{
	return rdv_job_new(run, e, sizeof(*e), done, arg);
}

struct rdv_job *rdv_entries_remove_job(int (*run)(void *conn, struct rdv_job *job),
		const char *kind, const char *key, rdv_done_fn done, void *arg, int *ret_r)
{
	struct rdv_entry e = { 0 };
	struct rdv_job *job = NULL;

	*ret_r = hws_str_copy(e.kind, sizeof(e.kind), kind);
	if (*ret_r == HWS_OK)
		*ret_r = hws_str_copy(e.key, sizeof(e.key), key);
	if (*ret_r == HWS_OK) {
		job = rdv_job_new(run, &e, sizeof(e), done, arg);
		*ret_r = job ? HWS_OK : HWS_ERR_NOMEM;
	}
	return job;
}

static void answer_entries(struct rdv_job *job)
{
	((rdv_entries_fn)job->callback)(job->r, job->r < 0 ? NULL : job->out,
			job->r < 0 ? 0 : job->n_out, job->arg);
}

struct rdv_job *rdv_entries_load_job(
		int (*run)(void *conn, struct rdv_job *job), rdv_entries_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run, NULL, 0, NULL, arg);

	if (job) {
		job->answer = answer_entries;
		job->callback = (void (*)(void))done;
	}
	return job;
}
