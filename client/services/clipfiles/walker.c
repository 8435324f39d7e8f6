/* A job belongs to the worker until it is done; who wants no result any more leaves it to
 * itself. */
#include "client/services/clipfiles/walker.h"
#include "shared/base/mem.h"

struct job {
	struct hws_clip_walker *walker; /* NULL: nobody waits */
	bool cancel;                    /* atomic */
	size_t n;
	char **paths;
	struct hws_clip_tree *tree;
	struct hws_error err;
};

struct hws_clip_walker {
	struct hws_loop *loop;
	struct hws_work *work;
	hws_clip_walker_fn *done;
	void *arg;
	struct job *job;
};

static void free_job(struct job *j)
{
	for (size_t i = 0; j->paths && i < j->n; i++)
		hws_free(j->paths[i]);
	hws_free(j->paths);
	hws_clip_tree_unref(j->tree);
	hws_free(j);
}

static int run(void *arg)
{
	struct job *j = arg;

	return hws_clip_tree_new(
			(const char *const *)j->paths, j->n, &j->cancel, &j->tree, &j->err);
}

static void on_done(void *arg, int r)
{
	struct job *j = arg;
	struct hws_clip_walker *w = j->walker;

	if (w) {
		struct hws_clip_tree *tree = j->tree;

		w->job = NULL;
		j->tree = NULL;
		w->done(r, tree, &j->err, w->arg);
	}
	free_job(j);
}

int hws_clip_walker_start(struct hws_clip_walker *w, const char *const *paths, size_t n)
{
	struct job *j = hws_alloc(sizeof(*j));
	int r = HWS_ERR_NOMEM;

	hws_clip_walker_stop(w);
	if (!j)
		return r;
	j->n = n;
	j->paths = hws_alloc_array(n ? n : 1, sizeof(*j->paths));
	for (size_t i = 0; j->paths && i < n; i++)
		if (!(j->paths[i] = hws_strdup(paths[i])))
			goto fail;
	if (!j->paths)
		goto fail;
	j->walker = w;
	r = hws_work_submit(w->work, w->loop, run, on_done, j);
	if (r < 0)
		goto fail;
	w->job = j;
	return HWS_OK;
fail:
	free_job(j);
	return r;
}

void hws_clip_walker_stop(struct hws_clip_walker *w)
{
	if (!w->job)
		return;
	__atomic_store_n(&w->job->cancel, true, __ATOMIC_RELAXED);
	w->job->walker = NULL;
	w->job = NULL;
}

int hws_clip_walker_new(struct hws_loop *loop, struct hws_work *work, hws_clip_walker_fn *done,
		void *arg, struct hws_clip_walker **ret)
{
	struct hws_clip_walker *w = hws_alloc(sizeof(*w));

	if (!w)
		return HWS_ERR_NOMEM;
	*w = (struct hws_clip_walker){ .loop = loop, .work = work, .done = done, .arg = arg };
	*ret = w;
	return HWS_OK;
}

void hws_clip_walker_free(struct hws_clip_walker *w)
{
	if (!w)
		return;
	hws_clip_walker_stop(w);
	hws_free(w);
}
