/* Passwords are stretched by the context's workers: Argon2id takes tens to hundreds of
 * milliseconds, and the loop has the links of all sessions. */
#include "client/api/session_loop.h"
#include "shared/base/mem.h"

struct api_stretch {
	struct api_session_loop *e; /* NULL: it is for nobody any more */
	struct hws_pake_job *job;
};

static int run(void *arg)
{
	return hws_pake_job_run(((struct api_stretch *)arg)->job);
}

static void done(void *arg, int r)
{
	struct api_stretch *s = arg;

	if (s->e) {
		s->e->stretching = NULL;
		hws_viewer_stretched(s->e->viewer, s->job, r);
	} else {
		hws_pake_job_free(s->job);
	}
	hws_free(s);
}

void api_stretch_forget(struct api_session_loop *e)
{
	if (e->stretching)
		e->stretching->e = NULL;
	e->stretching = NULL;
}

int api_stretch(struct hws_pake_job *job, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_stretch *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return HWS_ERR_NOMEM;
	api_stretch_forget(e); /* of an earlier link */
	s->e = e;
	s->job = job;
	r = hws_work_submit(e->ctx->work, e->ctx->loop, run, done, s);
	if (r < 0)
		hws_free(s);
	else
		e->stretching = s;
	return r;
}
