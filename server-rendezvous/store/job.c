/* rendezvous/store/job: an operation owns what it needs, so that it outlives the call that asked
 * for it. */
#include "server-rendezvous/store/job.h"
#include "shared/base/mem.h"

struct rdv_job *rdv_job_new(int (*run)(void *conn, struct rdv_job *job), const void *in,
		size_t size, rdv_done_fn done, void *arg)
{
	struct rdv_job *job = hws_alloc(sizeof(*job));

	if (!job)
		return NULL;
	job->run = run;
	job->done = done;
	job->arg = arg;
	if (size) {
		job->in = hws_memdup(in, size);
		if (!job->in) {
			hws_free(job);
			return NULL;
		}
	}
	return job;
}

void rdv_job_free(struct rdv_job *job)
{
	if (!job)
		return;
	hws_free(job->in);
	hws_free(job->out);
	hws_free(job);
}

void rdv_job_end(struct rdv_job *job)
{
	if (job->answer)
		job->answer(job);
	else
		job->done(job->r, job->arg);
	rdv_job_free(job);
}
