/* Each viewer has an engine and a queue of requests, of which one at a time is with a worker: what
 * was asked first is done first. A viewer that goes leaves its request to end by itself. What the
 * owner permits is asked at each request, and once more by the roots when something is opened. */
#include "client/services/files/files_host.h"
#include "client/services/files/files.h"
#include "client/services/files/names.h"
#include "client/services/files/request.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/limits.h"
#include "shared/wire/version.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAITING_MAX 256u /* requests of one viewer */
#define THREADS 3u
#define WORK_MAX 4096u
/* What deployed viewers show by this key in the user's language. */
#define ONE_WAY "one-way-file-transfer-tip"
#define NO_PERMISSION "No permission of file transfer"
#define READ_ONLY "this host only lets files be read"

struct hws_files_host;

struct files_viewer {
	struct hws_files_host *h;
	struct hws_host_viewer *v; /* NULL: the place is free */
	struct hws_files *files;
	bool extended, hidden;
	char *dir; /* that it named at its login; on the wire */
	struct hws_list requests;
	unsigned waiting;
	struct errand *errand; /* with the worker; NULL: none */
};

struct hws_files_host {
	struct hws_host_service service;
	struct hws_host_env env; /* a copy: the agent's own is gone after `new` */
	struct hws_work *work;
	struct hws_roots *roots;
	struct hws_timer tick;
	struct hws_list errands;
	struct files_viewer viewer[HWS_HOST_VIEWERS_MAX];
};

/* What the worker gives back; of a viewer that may have gone: what it did is written down all the
 * same. */
struct errand {
	struct hws_list node;     /* of the service */
	struct files_viewer *fv;  /* NULL: it has */
	struct hws_files_host *h; /* NULL: the service has */
	uint64_t conn;
	struct hws_request *q;
};

static struct hws_files_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct hws_files_host, service);
}

static enum hws_files_access access_of(const struct hws_files_host *h)
{
	return h->env.conf ? h->env.conf->files_access : HWS_FILES_READ_WRITE;
}

static void audit_of(const struct hws_files_host *h, uint64_t conn, const char *what,
		const char *path, const char *second, uint64_t bytes, int result)
{
	const struct hws_audit_event e = {
		.what = what,
		.conn = conn,
		.path = hws_bytes_str(path),
		.second = hws_bytes_str(second),
		.bytes = bytes,
		.result = result,
	};

	hws_host_audit(&h->env, NULL, &e);
}

static void audit(const struct files_viewer *fv, const char *what, const char *path,
		const char *second, uint64_t bytes, int result)
{
	audit_of(fv->h, fv->v->conn, what, path, second, bytes, result);
}

/* --- the engine's ways --- */

static int on_send(enum hws_files_family family, struct hws_bytes head, struct hws_bytes rest,
		void *arg)
{
	struct files_viewer *fv = arg;
	const struct hws_session_row *row = hws_session_row(family == HWS_FILES_ACTION
					? SES__MESSAGE__UNION_FILE_ACTION
					: SES__MESSAGE__UNION_FILE_RESPONSE,
			0);

	return fv->v ? fv->v->send_parts(fv->v, row, head, rest) : HWS_ERR_CLOSED;
}

static bool on_congested(void *arg)
{
	const struct files_viewer *fv = arg;

	return !fv->v || fv->v->congested(fv->v, HWS_SEND_BULK);
}

static void on_hold(bool hold, void *arg)
{
	const struct files_viewer *fv = arg;

	if (fv->v && fv->v->hold)
		fv->v->hold(fv->v, hold);
}

static void on_event(const struct hws_files_event *e, void *arg)
{
	struct files_viewer *fv = arg;
	char path[2 * HWS_FILE_PATH_MAX + 2];
	const char *what = e->writes ? "file.written" : "file.read";

	if (!fv->v)
		return;
	if (hws_fmt(path, sizeof(path), "%s%s%s", e->path ? e->path : "", *e->name ? "/" : "",
			    e->name) < 0)
		path[0] = 0;
	switch (e->type) {
	case HWS_FILES_FILE_DONE:
		audit(fv, what, path, "", e->size, HWS_OK);
		break;
	case HWS_FILES_FILE_FAILED:
		audit(fv, what, path, "", 0, e->err);
		break;
	case HWS_FILES_UNREAD:
		if (!e->writes && *e->name)
			audit(fv, what, path, "", 0, e->err);
		break;
	case HWS_FILES_FAILED:
		if (e->err != HWS_ERR_CANCELED)
			audit(fv, what, path, "", 0, e->err);
		break;
	default:
		break;
	}
}

static int open_engine(struct files_viewer *fv)
{
	const struct hws_files_conf c = {
		.loop = fv->h->env.loop,
		.work = fv->h->work,
		.roots = fv->h->roots,
		.host = true,
		.extended = fv->extended,
		.peer_windows = hws_str_equal(fv->v->platform, "Windows"),
		.old_peer = fv->v->version < hws_version_number("1.1.10"),
		.send = on_send,
		.congested = on_congested,
		.hold = on_hold,
		.event = on_event,
		.arg = fv,
	};

	return hws_files_new(&c, &fv->files);
}

/* --- requests --- */

static void run_next(struct files_viewer *fv);

/* Lists are not worth a line, but what somebody wanted to look at and may not is. */
static void report(const struct errand *e)
{
	const struct hws_request *q = e->q;
	bool changes = hws_request_changes(q);
	const char *what = !changes                                 ? "file.listed"
			: q->kind == SES__FILE_ACTION__UNION_CREATE ? "file.made"
			: q->kind == SES__FILE_ACTION__UNION_RENAME ? "file.renamed"
								    : "file.removed";

	if (changes || q->result == HWS_ERR_DENIED || q->result == HWS_ERR_PERM)
		audit_of(e->h, e->conn, what, q->local ? q->local : q->path, q->name ? q->name : "",
				0, q->result);
}

static int run_errand(void *arg)
{
	struct errand *e = arg;

	return hws_request_run(e->q);
}

static void errand_done(void *arg, int r)
{
	struct errand *e = arg;
	struct files_viewer *fv = e->fv;

	if (e->h) {
		hws_list_remove(&e->node);
		if (r == HWS_OK)
			report(e);
	}
	if (fv) {
		fv->errand = NULL;
		for (size_t i = 0; r == HWS_OK && i < e->q->answers; i++)
			hws_files_say(fv->files, &e->q->answer[i]);
	}
	hws_request_free(e->q);
	hws_free(e);
	if (fv)
		run_next(fv);
}

static void run_next(struct files_viewer *fv)
{
	struct hws_list *node = fv->errand ? NULL : hws_list_first(&fv->requests);
	struct errand *e;

	if (!node)
		return;
	struct hws_request *q = hws_container(node, struct hws_request, node);
	hws_list_remove(node);
	fv->waiting--;
	e = hws_alloc(sizeof(*e));
	if (e) {
		*e = (struct errand){ .fv = fv, .h = fv->h, .conn = fv->v->conn, .q = q };
		if (hws_work_submit(fv->h->work, fv->h->env.loop, run_errand, errand_done, e) ==
				HWS_OK) {
			fv->errand = e;
			hws_list_push(&fv->h->errands, &e->node);
			return;
		}
	}
	hws_free(e);
	hws_request_free(q);
}

static void add_request(struct files_viewer *fv, struct hws_request *q)
{
	q->roots = fv->h->roots;
	q->extended = fv->extended;
	hws_list_push(&fv->requests, &q->node);
	fv->waiting++;
	run_next(fv);
}

/* What waits and what is under way ends with this reason; `all`: also what changes nothing. */
static void stop_requests(struct files_viewer *fv, bool all, const char *why)
{
	struct hws_list *node;

	hws_list_for (node, &fv->requests) {
		struct hws_request *q = hws_container(node, struct hws_request, node);

		if (all || hws_request_changes(q))
			atomic_store(&q->stop, why);
	}
	if (fv->errand && (all || hws_request_changes(fv->errand->q)))
		atomic_store(&fv->errand->q->stop, why);
}

/* Nobody hears of them any more. */
static void forget_requests(struct files_viewer *fv)
{
	struct hws_list *node;

	while ((node = hws_list_first(&fv->requests))) {
		hws_list_remove(node);
		hws_request_free(hws_container(node, struct hws_request, node));
	}
	fv->waiting = 0;
	if (fv->errand) {
		atomic_store(&fv->errand->q->stop, "the session has ended");
		fv->errand->fv = NULL;
	}
	fv->errand = NULL;
}

/* --- what a viewer asks --- */

struct about {
	int32_t id, file;
	bool reads, writes, changes;
};

static struct about about(const Ses__FileAction *a)
{
	switch (a->union_case) {
	case SES__FILE_ACTION__UNION_SEND:
		return (struct about){ a->send->id, 0, true, false, false };
	case SES__FILE_ACTION__UNION_RECEIVE:
		return (struct about){ a->receive->id, 0, false, true, false };
	case SES__FILE_ACTION__UNION_CREATE:
		return (struct about){ a->create->id, 0, false, true, false };
	case SES__FILE_ACTION__UNION_REMOVE_DIR:
		return (struct about){ a->remove_dir->id, 0, false, false, true };
	case SES__FILE_ACTION__UNION_REMOVE_FILE:
		return (struct about){ a->remove_file->id, a->remove_file->file_num, false, false,
			true };
	case SES__FILE_ACTION__UNION_RENAME:
		return (struct about){ a->rename->id, 0, false, false, true };
	case SES__FILE_ACTION__UNION_ALL_FILES:
		return (struct about){ a->all_files->id, -1, false, false, false };
	default:
		return (struct about){ 0 };
	}
}

/* The owner's word; NULL: it may be. */
static const char *forbidden(const struct hws_files_host *h, const struct about *b)
{
	enum hws_files_access access = access_of(h);

	if (access == HWS_FILES_READ_ONLY && (b->writes || b->changes))
		return READ_ONLY;
	return access == HWS_FILES_WRITE_ONLY && (b->reads || b->changes) ? ONE_WAY : NULL;
}

static void refuse(struct files_viewer *fv, const struct about *b, int err, const char *text)
{
	if (b->id)
		hws_files_say_error(fv->files, b->id, b->file, err, text);
}

static void on_request(struct files_viewer *fv, const Ses__FileAction *a, const struct about *b)
{
	struct hws_request *q = NULL;
	const char *why = NULL;
	int r = fv->waiting >= WAITING_MAX ? HWS_ERR_FULL : hws_request_new(a, &q, &why);

	if (r == HWS_OK)
		add_request(fv, q);
	else if (r == HWS_ERR_FULL)
		refuse(fv, b, r, "too many requests at once: wait for the answers");
	else
		refuse(fv, b, r, why ? why : hws_err_text(r));
}

/* What was tried is worth a line, too. */
static void report_forbidden(const struct files_viewer *fv, const Ses__FileAction *a)
{
	switch (a->union_case) {
	case SES__FILE_ACTION__UNION_SEND:
		audit(fv, "file.read", a->send->path, "", 0, HWS_ERR_DENIED);
		break;
	case SES__FILE_ACTION__UNION_RECEIVE:
		audit(fv, "file.written", a->receive->path, "", 0, HWS_ERR_DENIED);
		break;
	case SES__FILE_ACTION__UNION_CREATE:
		audit(fv, "file.made", a->create->path, "", 0, HWS_ERR_DENIED);
		break;
	case SES__FILE_ACTION__UNION_RENAME:
		audit(fv, "file.renamed", a->rename->path, a->rename->new_name, 0, HWS_ERR_DENIED);
		break;
	case SES__FILE_ACTION__UNION_REMOVE_DIR:
		audit(fv, "file.removed", a->remove_dir->path, "", 0, HWS_ERR_DENIED);
		break;
	case SES__FILE_ACTION__UNION_REMOVE_FILE:
		audit(fv, "file.removed", a->remove_file->path, "", 0, HWS_ERR_DENIED);
		break;
	default:
		break;
	}
}

static bool on_action(struct files_viewer *fv, const Ses__FileAction *a)
{
	struct about b = about(a);
	const char *why = forbidden(fv->h, &b);
	uint64_t conn = fv->v->conn;

	if (why) {
		hws_debug("files.forbidden", HWS_U64("conn", conn));
		report_forbidden(fv, a);
		refuse(fv, &b, HWS_ERR_DENIED, why);
		return true;
	}
	/* a cancel of what has ended is answered by nobody */
	if (a->union_case != SES__FILE_ACTION__UNION__NOT_SET &&
			a->union_case != SES__FILE_ACTION__UNION_CANCEL)
		on_request(fv, a, &b);
	return true;
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct files_viewer *fv = &of(s)->viewer[v->slot];

	if (!fv->v ||
			(m->union_case != SES__MESSAGE__UNION_FILE_ACTION &&
					m->union_case != SES__MESSAGE__UNION_FILE_RESPONSE))
		return false;
	if (m->union_case == SES__MESSAGE__UNION_FILE_ACTION) {
		struct about b = about(m->file_action);

		if (forbidden(fv->h, &b))
			return on_action(fv, m->file_action);
	}
	if (!hws_files_message(fv->files, m) && m->union_case == SES__MESSAGE__UNION_FILE_ACTION)
		return on_action(fv, m->file_action);
	return true;
}

/* --- viewers come and go --- */

static void on_open(struct hws_host_service *s, struct hws_host_viewer *v,
		const Ses__LoginRequest *login)
{
	struct files_viewer *fv = &of(s)->viewer[v->slot];
	const Ses__FileTransfer *ft = login->union_case == SES__LOGIN_REQUEST__UNION_FILE_TRANSFER
			? login->file_transfer
			: NULL;

	hws_free(fv->dir);
	fv->dir = hws_strdup(ft && strlen(ft->dir) <= HWS_FILE_WIRE_MAX ? ft->dir : "");
	fv->hidden = ft && ft->show_hidden;
	v->opened(v, NULL, -1);
}

static void on_join(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct hws_files_host *h = of(s);
	struct files_viewer *fv = &h->viewer[v->slot];
	struct hws_request *first = NULL;

	fv->v = v;
	fv->extended = v->level >= HWS_LEVEL_V2;
	if (open_engine(fv) < 0) {
		fv->v = NULL;
		hws_warn_limited("files.no_memory", HWS_U64("conn", v->conn));
		return;
	}
	/* deployed viewers show it without having asked */
	if (hws_request_first(fv->dir ? fv->dir : "", fv->hidden, &first) == HWS_OK)
		add_request(fv, first);
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct files_viewer *fv = &of(s)->viewer[v->slot];

	forget_requests(fv);
	fv->v = NULL;
	hws_files_free(fv->files);
	fv->files = NULL;
	hws_free(fv->dir);
	fv->dir = NULL;
}

static void on_update(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct files_viewer *fv = &of(s)->viewer[v->slot];

	if (fv->v && !hws_host_viewer_may(v, HWS_PERM_FILE)) {
		stop_requests(fv, true, NO_PERMISSION);
		hws_files_forbid(fv->files, true, true, NO_PERMISSION);
	}
}

static void on_configure(struct hws_host_service *s)
{
	struct hws_files_host *h = of(s);
	enum hws_files_access access = access_of(h);

	hws_roots_limit(h->roots,
			access == HWS_FILES_READ_ONLY                    ? HWS_ROOT_READ
					: access == HWS_FILES_WRITE_ONLY ? HWS_ROOT_WRITE
									 : HWS_ROOT_BOTH);
	for (unsigned i = 0; access != HWS_FILES_READ_WRITE && i < HWS_HOST_VIEWERS_MAX; i++) {
		const char *why = access == HWS_FILES_READ_ONLY ? READ_ONLY : ONE_WAY;

		if (!h->viewer[i].v)
			continue;
		stop_requests(&h->viewer[i], access == HWS_FILES_WRITE_ONLY, why);
		hws_files_forbid(h->viewer[i].files, access == HWS_FILES_WRITE_ONLY,
				access == HWS_FILES_READ_ONLY, why);
	}
}

static void on_drained(
		struct hws_host_service *s, struct hws_host_viewer *v, enum hws_send_class cls)
{
	struct files_viewer *fv = &of(s)->viewer[v->slot];

	if (fv->v && cls == HWS_SEND_BULK)
		hws_files_drained(fv->files);
}

static void on_tick(void *arg)
{
	struct hws_files_host *h = arg;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (h->viewer[i].v)
			hws_files_tick(h->viewer[i].files, hws_loop_now_us(h->env.loop));
}

/* --- the service --- */

/* The folders of the settings; home, where it is among them, is what an empty path means. */
static int make_roots(struct hws_files_host *h)
{
	const struct hws_service_conf *c = h->env.conf;
	const char *home = getenv("HOME");
	struct hws_error err = { 0 };
	int fd, r = hws_roots_new(home, &h->roots);

	for (unsigned i = 0; r == HWS_OK && c && i < c->files_root_count; i++)
		if (hws_roots_add(h->roots, c->files_root[i], HWS_ROOT_BOTH, &err) < 0)
			hws_warn("files.root", HWS_STR("why", err.text));
	if (r == HWS_OK && (!c || !c->files_root_count) && home &&
			hws_roots_add(h->roots, home, HWS_ROOT_BOTH, &err) < 0)
		hws_warn("files.root", HWS_STR("why", err.text));
	/* who may have files may not have the host's key, nor rewrite what it has noted */
	for (unsigned i = 0; r == HWS_OK && c && i < HWS_COUNT(c->files_shut); i++)
		if (c->files_shut[i])
			r = hws_roots_shut(h->roots, c->files_shut[i]);
	if (r < 0)
		return r;
	if (hws_roots_first(h->roots) &&
			(!home ||
					hws_roots_open_folder(h->roots, home, HWS_ROOT_READ, &fd,
							NULL) < 0))
		return hws_roots_set_home(h->roots, hws_roots_first(h->roots));
	if (hws_roots_first(h->roots))
		close(fd);
	return HWS_OK;
}

static void files_free(struct hws_host_service *s)
{
	struct hws_files_host *h = of(s);

	hws_timer_stop(&h->tick);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		forget_requests(&h->viewer[i]);
		hws_files_free(h->viewer[i].files);
		hws_free(h->viewer[i].dir);
	}
	hws_work_free(h->work);
	/* no thread has them any more, but what became of them comes later */
	while (!hws_list_empty(&h->errands)) {
		struct errand *e = hws_container(hws_list_first(&h->errands), struct errand, node);

		hws_list_remove(&e->node);
		if (e->q->local)
			report(e);
		e->h = NULL;
	}
	hws_roots_free(h->roots);
	hws_free(h);
}

static int files_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct hws_files_host *h = hws_alloc(sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->service.impl = &hws_files_host_service;
	h->env = *env;
	hws_list_init(&h->errands);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		h->viewer[i].h = h;
		hws_list_init(&h->viewer[i].requests);
	}
	int r = make_roots(h);
	/* threads of its own: a slow disk keeps nothing else waiting */
	if (r == HWS_OK)
		r = hws_work_new(THREADS, WORK_MAX, &h->work);
	if (r < 0) {
		hws_roots_free(h->roots);
		hws_free(h);
		return r;
	}
	hws_timer_every(env->loop, &h->tick, HWS_US_PER_S, on_tick, h);
	on_configure(&h->service);
	*ret = &h->service;
	return HWS_OK;
}

const struct hws_host_service_impl hws_files_host_service = {
	.id = HWS_SERVICE_FILES,
	.name = "files",
	.kinds = HWS_KIND_BIT(HWS_KIND_FILE),
	.opens = HWS_KIND_BIT(HWS_KIND_FILE),
	.new = files_new,
	.free = files_free,
	.open = on_open,
	.join = on_join,
	.leave = on_leave,
	.update = on_update,
	.message = on_message,
	.drained = on_drained,
	.configure = on_configure,
};
