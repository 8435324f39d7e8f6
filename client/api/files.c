/* hawser/files: calls become commands for the loop's thread, what the service tells becomes events.
 * An embedder that does not dispatch holds the host back after some thousand events, so that none
 * of them is lost and the memory they take is bounded. */
#include "client/api/files.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAITING_HIGH 1000u /* events that the embedder has not seen: the host waits */
#define WAITING_LOW 200u

struct kept {
	struct hws_list node;
	uint32_t id, number;
	bool begun; /* by an earlier session: it stays, whatever fails now */
};

struct api_files {
	struct api_session_loop *e;
	struct hws_files_view *view;
	struct hws_list kept;
	unsigned waiting; /* events */
	bool progress;    /* one is on its way */
};

/* --- events ----------------------------------------------------------------------------------- */

static void seen(struct api_session_loop *e, const struct api_command *c)
{
	struct api_files *f = e->files;

	if (c->a)
		f->progress = false;
	if (f->waiting > 0)
		f->waiting--;
	if (f->waiting <= WAITING_LOW)
		hws_files_view_hold(f->view, false);
}

static void push(struct api_files *f, struct api_event *ev, bool progress)
{
	f->waiting++;
	if (f->waiting >= WAITING_HIGH)
		hws_files_view_hold(f->view, true);
	api_event_after(ev, seen, progress, 0);
	api_report_push(f->e, ev);
}

static void put_progress(struct api_event *ev, const struct hws_files_view_progress *p,
		struct hawser_files_progress *to)
{
	*to = (struct hawser_files_progress){ .size = sizeof(*to),
		.upload = p->upload,
		.paused = p->paused,
		.name = api_event_text(ev, p->name),
		.bytes_total = p->bytes_total,
		.bytes_done = p->bytes_done,
		.bytes_wire = p->bytes_wire,
		.files_total = p->files,
		.files_done = p->done,
		.files_skipped = p->skipped,
		.files_failed = p->failed };
}

static bool put_list(struct api_event *ev, const struct hws_files_view_event *e,
		struct hawser_files_event *to)
{
	size_t count = e->list->count;
	struct hawser_file *list = hws_alloc_array(count ? count : 1, sizeof(*list)), *own;

	if (!list)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct hws_listing_entry *x = &e->list->entry[i];
		list[i] = (struct hawser_file){ .size = sizeof(*list),
			.name = api_event_text(ev, x->name),
			.kind = (enum hawser_file_kind)x->type,
			.hidden = x->hidden,
			.bytes = x->size,
			.modified = x->modified,
			.modified_ns = x->modified_ns,
			.mode = x->mode & 0777u };
	}
	own = api_event_bytes(ev, list, count * sizeof(*list));
	hws_free(list);
	to->u.listing.path = api_event_text(ev, e->path);
	to->u.listing.files = own;
	to->u.listing.count = own ? count : 0;
	to->u.listing.cut = e->list->skipped > 0;
	return own != NULL;
}

static bool fill(struct api_event *ev, const struct hws_files_view_event *e,
		struct hawser_files_event *to)
{
	struct hawser_files_progress job;

	switch (e->type) {
	case HWS_FILES_VIEW_LISTING:
		return put_list(ev, e, to);
	case HWS_FILES_VIEW_STARTED:
	case HWS_FILES_VIEW_PROGRESS:
		put_progress(ev, &e->job, &job);
		to->u.job = api_event_bytes(ev, &job, sizeof(job));
		return to->u.job != NULL;
	case HWS_FILES_VIEW_FILE:
		to->u.file.name = api_event_text(ev, e->name);
		to->u.file.bytes = e->size;
		to->u.file.skipped = e->skipped;
		to->u.file.error = e->err;
		to->u.file.text = api_event_text(ev, e->text);
		return true;
	case HWS_FILES_VIEW_CONFLICT:
		to->u.conflict.name = api_event_text(ev, e->name);
		to->u.conflict.file = e->file;
		to->u.conflict.bytes = e->size;
		to->u.conflict.modified = e->modified;
		to->u.conflict.there_bytes = e->there_size;
		to->u.conflict.there_modified = e->there_time;
		to->u.conflict.identical = e->identical;
		to->u.conflict.resumable = e->partial;
		return true;
	case HWS_FILES_VIEW_DONE:
		to->u.done.error = e->err;
		to->u.done.text = api_event_text(ev, e->text);
		put_progress(ev, &e->job, &to->u.done.job);
		return true;
	}
	return false;
}

/* Is there something left to be done that could be, another time? */
static bool can_go_on(int err)
{
	return err < 0 && err != HWS_ERR_NOTFOUND && err != HWS_ERR_DENIED &&
			err != HWS_ERR_INVAL && err != HWS_ERR_PERM && err != HWS_ERR_EXISTS;
}

/* A job that ended well, or that nobody wants any more, need not be remembered. */
static void forget_kept(struct api_files *f, const struct hws_files_view_event *e)
{
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &f->kept) {
		struct kept *k = hws_container(node, struct kept, node);
		if (k->id != e->id)
			continue;
		bool stays = can_go_on(e->err) || (k->begun && e->err < 0);

		if (!stays && api_files_unkeep(f->e->ctx, NULL, k->number) < 0)
			continue; /* gone already */
		hws_list_remove(node);
		hws_free(k);
	}
}

static void on_event(const struct hws_files_view_event *e, void *arg)
{
	static const enum hawser_files_event_type types[] = {
		[HWS_FILES_VIEW_LISTING] = HAWSER_FILES_LISTING,
		[HWS_FILES_VIEW_STARTED] = HAWSER_FILES_STARTED,
		[HWS_FILES_VIEW_PROGRESS] = HAWSER_FILES_PROGRESS,
		[HWS_FILES_VIEW_FILE] = HAWSER_FILES_FILE,
		[HWS_FILES_VIEW_CONFLICT] = HAWSER_FILES_CONFLICT,
		[HWS_FILES_VIEW_DONE] = HAWSER_FILES_DONE,
	};
	struct api_files *f = arg;
	struct hawser_files_event x = { .size = sizeof(x), .type = types[e->type], .id = e->id };
	struct api_event *ev;

	if (e->type == HWS_FILES_VIEW_DONE)
		forget_kept(f, e);
	if (e->type == HWS_FILES_VIEW_PROGRESS && f->progress)
		return; /* the embedder has not seen the last one */
	ev = api_event_new(f->e->s, HAWSER_EVENT_FILES);
	if (!ev)
		return;
	if (fill(ev, e, &x))
		ev->ev.u.files = api_event_bytes(ev, &x, sizeof(x));
	if (!ev->ev.u.files) {
		api_event_free(ev);
		return;
	}
	f->progress |= e->type == HWS_FILES_VIEW_PROGRESS;
	push(f, ev, e->type == HWS_FILES_VIEW_PROGRESS);
}

/* --- the service ------------------------------------------------------------------------------ */

int api_files_roots(hawser_context *ctx, struct hws_roots **ret)
{
	const char *home = getenv("HOME");
	int r = HWS_OK;

	if (!ctx->files_roots) {
		r = hws_roots_new(home && *home == '/' ? home : "/", &ctx->files_roots);
		if (r == HWS_OK)
			r = hws_roots_add(ctx->files_roots, "/", HWS_ROOT_BOTH, NULL);
		if (r < 0)
			api_files_roots_free(ctx);
	}
	*ret = ctx->files_roots;
	return r;
}

void api_files_roots_free(hawser_context *ctx)
{
	hws_roots_free(ctx->files_roots);
	ctx->files_roots = NULL;
}

int api_files_new(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret)
{
	const struct api_files_conf *own = conf->kind_arg;
	struct api_files *f = hws_alloc(sizeof(*f));
	int r;

	if (!f)
		return HWS_ERR_NOMEM;
	hws_list_init(&f->kept);
	f->e = e;
	r = hws_files_view_new(&(struct hws_files_view_conf){ .loop = e->ctx->loop,
					       .work = e->ctx->work,
					       .roots = own->roots,
					       .decoder = e->decoder,
					       .base_only = own->base_only,
					       .on_event = on_event,
					       .arg = f },
			&f->view);
	if (r < 0) {
		hws_free(f);
		return r;
	}
	e->files = f;
	*ret = hws_files_view_service(f->view);
	return HWS_OK;
}

void api_files_free(struct api_session_loop *e)
{
	struct hws_list *node;

	while (e->files && (node = hws_list_first(&e->files->kept))) {
		hws_list_remove(node);
		hws_free(hws_container(node, struct kept, node));
	}
	hws_free(e->files);
	e->files = NULL;
}

int hawser_files_open(hawser_context *ctx, const struct hawser_link_config *link,
		const struct hawser_files_config *files, hawser_session **ret)
{
	struct hawser_files_config c = HAWSER_FILES_CONFIG_INIT;
	struct hws_session_wish wish = { .kind = HWS_KIND_FILE };
	struct api_files_conf own;
	int r;

	*ret = NULL;
	if (files)
		memcpy(&c, files, HWS_MIN(files->size, sizeof(c)));
	own.base_only = c.base_only;
	r = api_files_roots(ctx, &own.roots);
	if (r < 0)
		return api_fail(HAWSER_ERR_SYS, "the file system here cannot be used: %s",
				hws_err_text(r));
	wish.dir = c.dir && *c.dir ? c.dir : NULL;
	wish.show_hidden = !c.no_hidden;
	r = api_session_open(ctx, link, &wish, NULL, &own, ret);
	if (r == HAWSER_OK)
		(*ret)->files_base = c.base_only;
	return r;
}

bool hawser_files_extended(const hawser_session *s)
{
	bool v2;

	pthread_mutex_lock((pthread_mutex_t *)&s->lock);
	v2 = s->has_peer && s->peer.encryption == HAWSER_ENCRYPTION_V2;
	pthread_mutex_unlock((pthread_mutex_t *)&s->lock);
	return s->kind == HWS_KIND_FILE && v2 && !s->files_base;
}

/* --- requests --------------------------------------------------------------------------------- */

/* In front of the two texts of a command. */
struct ask {
	struct hws_files_request q;
	uint32_t kept;
	bool begun;
};

static void remember_kept(struct api_files *f, const struct ask *a)
{
	struct kept *k = a->kept ? hws_alloc(sizeof(*k)) : NULL;

	if (!k)
		return;
	k->id = a->q.id;
	k->number = a->kept;
	k->begun = a->begun;
	hws_list_push(&f->kept, &k->node);
}

static void do_ask(struct api_session_loop *e, const struct api_command *c)
{
	struct hws_files_view_event ev = { .type = HWS_FILES_VIEW_DONE };
	struct ask a;
	int r;

	memcpy(&a, c->data, sizeof(a));
	a.q.path = c->data + sizeof(a);
	a.q.to = a.q.to ? a.q.path + strlen(a.q.path) + 1 : NULL;
	remember_kept(e->files, &a);
	r = hws_files_view_ask(e->files->view, &a.q);
	if (r == HWS_OK)
		return;
	ev.id = a.q.id;
	ev.err = r;
	ev.text = r == HWS_ERR_FULL           ? "too many requests are under way"
			: r == HWS_ERR_DENIED ? "the session is not connected"
			: r == HWS_ERR_INVAL  ? "there can be no such path"
					      : hws_err_text(r);
	on_event(&ev, e->files);
}

static int need_ready(hawser_session *s)
{
	int r = api_need_kind(s, HWS_KIND_FILE);

	if (r == HAWSER_OK && hawser_session_state(s) != HAWSER_STATE_READY)
		r = api_fail(HAWSER_ERR_DENIED, "the session is not connected");
	return r;
}

static int post_ask(hawser_session *s, struct ask *a, const char *path, const char *to,
		uint32_t *ret_id)
{
	size_t n = strlen(path) + 1, m = to ? strlen(to) + 1 : 0, size = sizeof(*a) + n + m;
	char *data;
	int r;

	if (n > HAWSER_PATH_MAX || m > HAWSER_PATH_MAX)
		return api_fail(HAWSER_ERR_TOOBIG, "a path has at most %d bytes",
				(int)HAWSER_PATH_MAX - 1);
	data = hws_alloc(size);
	if (!data)
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	s->files_next = s->files_next < INT32_MAX / 2 - 1 ? s->files_next + 1 : 1;
	*ret_id = a->q.id = s->files_next;
	a->q.to = to; /* only whether there is one */
	memcpy(data, a, sizeof(*a));
	memcpy(data + sizeof(*a), path, n);
	if (to)
		memcpy(data + sizeof(*a) + n, to, m);
	r = api_post(s, &(struct api_command){ .fn = do_ask, .size = size, .data = data });
	hws_free(data);
	return r;
}

static int ask(hawser_session *s, enum hws_files_view_kind kind, const char *path, const char *to,
		bool hidden, uint32_t *ret_id)
{
	struct ask a = { .q = { .kind = kind, .hidden = hidden } };
	int r = need_ready(s);

	return r < 0 ? r : post_ask(s, &a, path, to, ret_id);
}

int hawser_files_list(hawser_session *s, const char *path, bool hidden, uint32_t *ret_id)
{
	return ask(s, HWS_FILES_VIEW_LIST, path, NULL, hidden, ret_id);
}

int hawser_files_stat(hawser_session *s, const char *path, uint32_t *ret_id)
{
	return ask(s, HWS_FILES_VIEW_STAT, path, NULL, true, ret_id);
}

int hawser_files_walk(hawser_session *s, const char *path, bool hidden, uint32_t *ret_id)
{
	return ask(s, HWS_FILES_VIEW_WALK, path, NULL, hidden, ret_id);
}

static int need_path(const char *path)
{
	return *path ? HAWSER_OK : api_fail(HAWSER_ERR_INVAL, "a path is empty");
}

int hawser_files_make_dir(hawser_session *s, const char *path, uint32_t *ret_id)
{
	int r = need_path(path);

	return r < 0 ? r : ask(s, HWS_FILES_VIEW_MAKE, path, NULL, true, ret_id);
}

int hawser_files_rename(hawser_session *s, const char *path, const char *to, uint32_t *ret_id)
{
	int r = need_path(path);

	if (r == HAWSER_OK)
		r = need_path(to);
	return r < 0 ? r : ask(s, HWS_FILES_VIEW_RENAME, path, to, true, ret_id);
}

int hawser_files_remove(hawser_session *s, const char *path, bool is_dir, uint32_t *ret_id)
{
	int r = need_path(path);

	return r < 0 ? r
		     : ask(s, is_dir ? HWS_FILES_VIEW_REMOVE_DIR : HWS_FILES_VIEW_REMOVE_FILE, path,
				       NULL, true, ret_id);
}

int hawser_files_remove_tree(hawser_session *s, const char *path, uint32_t *ret_id)
{
	int r = need_path(path);

	return r < 0 ? r : ask(s, HWS_FILES_VIEW_REMOVE_TREE, path, NULL, true, ret_id);
}

/* --- jobs ------------------------------------------------------------------------------------- */

/* The path as the system has it, whatever folder this process changes to later. A link at its end
 * stays what it is. */
static int absolute(const char *path, char *buf, size_t size)
{
	char copy[PATH_MAX], folder[PATH_MAX];
	const char *base;
	size_t n = strlen(path);
	char *slash;

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (n == 0 || n >= sizeof(copy))
		return HAWSER_ERR_TOOBIG;
	memcpy(copy, path, n);
	copy[n] = 0;
	slash = strrchr(copy, '/');
	base = slash ? slash + 1 : copy;
	if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
		if (!realpath(copy, folder))
			return HAWSER_ERR_NOTFOUND;
		return hws_str_copy(buf, size, folder);
	}
	if (slash)
		*slash = 0;
	if (!realpath(slash == copy ? "/" : slash ? copy : ".", folder)) {
		/* made on the way, if nothing of it leads up again */
		if (*path != '/' || strstr(path, "/.."))
			return HAWSER_ERR_NOTFOUND;
		return hws_str_copy(buf, size, path);
	}
	return hws_fmt(buf, size, "%s%s%s", folder, folder[1] ? "/" : "", base);
}

static int copy(hawser_session *s, const struct hawser_files_job *from, bool upload,
		uint32_t *ret_id)
{
	static const enum hws_files_view_policy policies[] = {
		[HAWSER_FILES_ASK] = HWS_FILES_VIEW_ASKS,
		[HAWSER_FILES_OVERWRITE] = HWS_FILES_VIEW_OVERWRITES,
		[HAWSER_FILES_SKIP] = HWS_FILES_VIEW_SKIPS,
		[HAWSER_FILES_DIFFERENT] = HWS_FILES_VIEW_UPDATES,
		[HAWSER_FILES_NEWER] = HWS_FILES_VIEW_NEWER,
	};
	struct hawser_files_job j = HAWSER_FILES_JOB_INIT;
	struct ask a = { .q = { .kind = upload ? HWS_FILES_VIEW_PUT : HWS_FILES_VIEW_GET } };
	char local[HAWSER_PATH_MAX];
	int r = need_ready(s);

	if (r < 0)
		return r;
	memcpy(&j, from, HWS_MIN(from->size, sizeof(j)));
	if (!j.remote || !j.local || (unsigned)j.exists >= HWS_COUNT(policies))
		return api_fail(HAWSER_ERR_INVAL, "a job needs both paths, and a known policy");
	r = absolute(j.local, local, sizeof(local));
	if (r < 0)
		return api_fail(r,
				"the folder that %s is to be in does not exist, or its path is too "
				"long",
				j.local);
	a.q.hidden = !j.no_hidden;
	a.q.resume = j.resume;
	a.q.each_file = j.each_file;
	a.q.policy = policies[j.exists];
	if (j.keep)
		r = api_files_keep(s->ctx, s->target, upload, j.remote, local, &a.kept, &a.begun);
	return r < 0 ? r : post_ask(s, &a, j.remote, local, ret_id);
}

int hawser_files_get(hawser_session *s, const struct hawser_files_job *job, uint32_t *ret_id)
{
	return copy(s, job, false, ret_id);
}

int hawser_files_put(hawser_session *s, const struct hawser_files_job *job, uint32_t *ret_id)
{
	return copy(s, job, true, ret_id);
}

static void do_decide(struct api_session_loop *e, const struct api_command *c)
{
	static const enum hws_files_answer answers[] = {
		[HAWSER_FILES_DO_OVERWRITE] = HWS_FILES_OVERWRITE,
		[HAWSER_FILES_DO_SKIP] = HWS_FILES_SKIP,
		[HAWSER_FILES_DO_RESUME] = HWS_FILES_RESUME,
	};
	int decision = (int)(c->c >> 1), r;

	if (decision == HAWSER_FILES_DO_CANCEL)
		r = hws_files_view_cancel(e->files->view, (uint32_t)c->a, false);
	else
		r = hws_files_view_decide(e->files->view, (uint32_t)c->a, (uint32_t)c->b,
				answers[decision], c->c & 1);
	if (r < 0)
		return; /* the job has ended, or begun again, meanwhile */
}

int hawser_files_decide(hawser_session *s, uint32_t id, uint32_t file,
		enum hawser_files_decision decision, bool all)
{
	int r = api_need_kind(s, HWS_KIND_FILE);

	if (r < 0)
		return r;
	if ((unsigned)decision > HAWSER_FILES_DO_CANCEL)
		return api_fail(HAWSER_ERR_INVAL, "there is no such decision");
	return api_post(s,
			&(struct api_command){ .fn = do_decide,
					.a = id,
					.b = file,
					.c = (int64_t)decision << 1 | all });
}

static void do_pause(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_files_view_pause(e->files->view, (uint32_t)c->a, c->b) < 0)
		return; /* it has ended */
}

int hawser_files_pause(hawser_session *s, uint32_t id, bool paused)
{
	int r = api_need_kind(s, HWS_KIND_FILE);

	return r < 0 ? r
		     : api_post(s, &(struct api_command){ .fn = do_pause, .a = id, .b = paused });
}

static void do_cancel(struct api_session_loop *e, const struct api_command *c)
{
	struct hws_files_view_event gone = { .id = (uint32_t)c->a };

	if (c->b) /* as if it had ended well: nobody goes on with it */
		forget_kept(e->files, &gone);
	if (hws_files_view_cancel(e->files->view, (uint32_t)c->a, c->b) < 0)
		return; /* it has ended */
}

int hawser_files_cancel(hawser_session *s, uint32_t id, bool forget)
{
	int r = api_need_kind(s, HWS_KIND_FILE);

	return r < 0 ? r
		     : api_post(s, &(struct api_command){ .fn = do_cancel, .a = id, .b = forget });
}
