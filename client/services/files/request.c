/* Requests are answered in the words of deployed peers: done or error for what has a job's
 * number; a listing that fails is answered to hawser only, which gave it a number of its own,
 * since deployed viewers would take an error for one of a transfer. */
#include "client/services/files/request.h"
#include "client/services/files/change.h"
#include "client/services/files/listing.h"
#include "client/services/files/names.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include <string.h>
#include <unistd.h>

#define PART (512u << 10) /* of a list towards hawser */
#define WHOLE (15u << 20) /* towards others */
#define ANSWERS_MAX 65536u

/* The wire's form in `q`; `what`: of the path, for the error. */
static int copy(struct hws_request *q, const char *path, const char *what, const char **ret_error)
{
	if (!*path && what) {
		*ret_error = what;
		return HWS_ERR_INVAL;
	}
	if (strlen(path) > HWS_FILE_WIRE_MAX) {
		*ret_error = "the path is too long";
		return HWS_ERR_INVAL;
	}
	q->path = hws_strdup(path);
	return q->path ? HWS_OK : HWS_ERR_NOMEM;
}

static int take(struct hws_request *q, const Ses__FileAction *a, const char **why)
{
	switch (a->union_case) {
	case SES__FILE_ACTION__UNION_READ_DIR:
		q->hidden = a->read_dir->include_hidden;
		q->request = a->read_dir->request;
		return copy(q, a->read_dir->path, NULL, why);
	case SES__FILE_ACTION__UNION_READ_EMPTY_DIRS:
		q->hidden = a->read_empty_dirs->include_hidden;
		q->request = a->read_empty_dirs->request;
		return copy(q, a->read_empty_dirs->path, NULL, why);
	case SES__FILE_ACTION__UNION_ALL_FILES:
		q->id = a->all_files->id;
		q->file = -1;
		q->hidden = a->all_files->include_hidden;
		return copy(q, a->all_files->path, NULL, why);
	case SES__FILE_ACTION__UNION_CREATE:
		q->id = a->create->id;
		return copy(q, a->create->path, "directory path cannot be empty", why);
	case SES__FILE_ACTION__UNION_REMOVE_DIR:
		q->id = a->remove_dir->id;
		q->recursive = a->remove_dir->recursive;
		q->contents = a->remove_dir->contents;
		return copy(q, a->remove_dir->path, "directory path cannot be empty", why);
	case SES__FILE_ACTION__UNION_REMOVE_FILE:
		q->id = a->remove_file->id;
		q->file = a->remove_file->file_num;
		return copy(q, a->remove_file->path, "file path cannot be empty", why);
	case SES__FILE_ACTION__UNION_RENAME:
		q->id = a->rename->id;
		q->name = hws_strdup(a->rename->new_name);
		return !q->name ? HWS_ERR_NOMEM
				: copy(q, a->rename->path, "path cannot be empty", why);
	default:
		return HWS_ERR_UNSUPPORTED;
	}
}

int hws_request_new(const Ses__FileAction *a, struct hws_request **ret, const char **ret_error)
{
	struct hws_request *q = hws_alloc(sizeof(*q));

	if (!q)
		return HWS_ERR_NOMEM;
	q->kind = a->union_case;
	int r = take(q, a, ret_error);
	if (r < 0) {
		hws_request_free(q);
		return r;
	}
	*ret = q;
	return HWS_OK;
}

int hws_request_first(const char *path, bool hidden, struct hws_request **ret)
{
	struct hws_request *q = hws_alloc(sizeof(*q));
	const char *why;

	if (!q)
		return HWS_ERR_NOMEM;
	q->kind = SES__FILE_ACTION__UNION__NOT_SET;
	q->hidden = hidden;
	int r = copy(q, path, NULL, &why);
	if (r < 0) {
		hws_request_free(q);
		return r;
	}
	*ret = q;
	return HWS_OK;
}

void hws_request_free(struct hws_request *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->answers; i++)
		hws_buf_done(&q->answer[i]);
	hws_free(q->answer);
	hws_free(q->path);
	hws_free(q->name);
	hws_free(q->local);
	hws_free(q);
}

bool hws_request_changes(const struct hws_request *q)
{
	return q->kind == SES__FILE_ACTION__UNION_CREATE ||
			q->kind == SES__FILE_ACTION__UNION_REMOVE_DIR ||
			q->kind == SES__FILE_ACTION__UNION_REMOVE_FILE ||
			q->kind == SES__FILE_ACTION__UNION_RENAME;
}

/* --- answers --- */

static struct hws_buf *add_answer(struct hws_request *q)
{
	struct hws_buf *p = q->answers >= ANSWERS_MAX
			? NULL
			: hws_realloc_array(q->answer, q->answers + 1, sizeof(*p));

	if (!p)
		return NULL;
	q->answer = p;
	hws_buf_init(&q->answer[q->answers], HWS_SES_FRAME_MAX);
	return &q->answer[q->answers++];
}

static void answer(struct hws_request *q, Ses__FileResponse *response)
{
	Ses__Message m = SES__MESSAGE__INIT;
	struct hws_buf *b = add_answer(q);

	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = response;
	if (b && hws_ses_pack(&m, b) < 0)
		hws_buf_reset(b);
}

static void answer_done(struct hws_request *q)
{
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;
	Ses__FileTransferDone d = SES__FILE_TRANSFER_DONE__INIT;

	d.id = q->id;
	d.file_num = q->file;
	r.union_case = SES__FILE_RESPONSE__UNION_DONE;
	r.done = &d;
	answer(q, &r);
}

static void answer_error(struct hws_request *q)
{
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;
	Ses__FileTransferError e = SES__FILE_TRANSFER_ERROR__INIT;
	bool listing = q->kind == SES__FILE_ACTION__UNION_READ_DIR ||
			q->kind == SES__FILE_ACTION__UNION_READ_EMPTY_DIRS ||
			q->kind == SES__FILE_ACTION__UNION__NOT_SET;

	if (listing && !(q->extended && q->request))
		return;
	e.id = q->id;
	e.file_num = listing ? -1 : q->file;
	e.error = q->err.code ? q->err.text : (char *)(uintptr_t)hws_err_text(q->result);
	e.code = q->extended ? q->result : 0;
	e.request = q->extended ? q->request : 0;
	r.union_case = SES__FILE_RESPONSE__UNION_ERROR;
	r.error = &e;
	answer(q, &r);
}

static int answer_list(struct hws_request *q, const struct hws_listing *l)
{
	size_t at = 0, next;

	do {
		struct hws_buf *b = add_answer(q);
		int r = !b ? HWS_ERR_NOMEM
			   : hws_listing_pack(l, at, q->extended ? PART : WHOLE, q->id, q->request,
					     q->local, q->extended, b, &next);
		if (r == HWS_ERR_TOOBIG)
			hws_error_set(&q->err, r, "there are too many files in one list");
		if (r < 0)
			return r;
		at = next;
	} while (at < l->count);
	return HWS_OK;
}

/* --- listings --- */

static int open_first(struct hws_request *q, int *ret_fd)
{
	char local[HWS_FILE_PATH_MAX + 1];
	const char *const places[] = { q->local, "", hws_roots_first(q->roots) };

	for (size_t i = 0; i < HWS_COUNT(places); i++) {
		if (!places[i] || hws_roots_absolute(q->roots, places[i], local, NULL) < 0 ||
				hws_roots_open_folder(
						q->roots, local, HWS_ROOT_READ, ret_fd, NULL) < 0)
			continue;
		char *copied = hws_strdup(local);
		if (!copied) {
			close(*ret_fd);
			return HWS_ERR_NOMEM;
		}
		hws_free(q->local);
		q->local = copied;
		return HWS_OK;
	}
	return HWS_ERR_NOTFOUND;
}

/* Who may only bring files hears where he is, not what is there. */
static int say_where(struct hws_request *q, const struct hws_listing *nothing)
{
	const char *first = hws_roots_first(q->roots);
	char *copied = first ? hws_strdup(first) : NULL;

	if (!copied)
		return first ? HWS_ERR_NOMEM : HWS_ERR_NOTFOUND;
	hws_free(q->local);
	q->local = copied;
	return answer_list(q, nothing);
}

static int list_folder(struct hws_request *q)
{
	struct hws_listing l = { .max = q->max_files };
	int fd,
			r = q->kind == SES__FILE_ACTION__UNION__NOT_SET
			? open_first(q, &fd)
			: hws_roots_open_folder(q->roots, q->local, HWS_ROOT_READ, &fd, &q->err);

	if (r < 0 && q->kind == SES__FILE_ACTION__UNION__NOT_SET &&
			!hws_roots_may(q->roots, HWS_ROOT_READ))
		return say_where(q, &l);
	if (r < 0)
		return r;
	l.max = 0;
	r = hws_listing_read(&l, fd, q->hidden);
	close(fd);
	if (r == HWS_OK)
		r = answer_list(q, &l);
	hws_listing_done(&l);
	return r;
}

static int list_all(struct hws_request *q)
{
	struct hws_listing l = { .max = q->max_files };
	struct stat st;
	int fd, r = hws_roots_open_file(q->roots, q->local, &fd, &st, &q->err);

	if (r == HWS_OK) {
		r = hws_listing_add(&l, "", SES__FILE_TYPE__File, &st);
		close(fd);
	} else if (r == HWS_ERR_INVAL) {
		q->err = (struct hws_error){ 0 };
		r = hws_roots_open_folder(q->roots, q->local, HWS_ROOT_READ, &fd, &q->err);
		if (r == HWS_OK) {
			r = hws_listing_walk(&l, q->roots, fd, q->hidden);
			close(fd);
		}
	} else if (r == HWS_ERR_NOTFOUND) {
		hws_error_set(&q->err, r, "Not exists");
	}
	if (r == HWS_ERR_TOOBIG)
		hws_error_set(&q->err, r,
				"file transfer rejected: too many files (more than the limit of %zu). "
				"Adjust 'file-transfer-max-files' option to increase limit.",
				l.max ? l.max : (size_t)HWS_LISTING_MAX);
	if (r == HWS_OK)
		r = answer_list(q, &l);
	hws_listing_done(&l);
	return r;
}

static char *join(const char *dir, const char *name)
{
	size_t n = strlen(dir), room = 3 * (n + strlen(name) + 2);
	char path[2 * HWS_FILE_PATH_MAX + 2], *wire = hws_realloc_array(NULL, room, 1);

	if (!wire ||
			hws_fmt(path, sizeof(path), "%s%s%s", dir,
					*name && strcmp(dir, "/") != 0 ? "/" : "", name) < 0 ||
			hws_name_to_wire(path, wire, room) < 0) {
		hws_free(wire);
		return NULL;
	}
	return wire;
}

static int answer_empty(struct hws_request *q, const struct hws_listing *l)
{
	Ses__FileResponse response = SES__FILE_RESPONSE__INIT;
	Ses__ReadEmptyDirsResponse e = SES__READ_EMPTY_DIRS_RESPONSE__INIT;
	Ses__FileDirectory *dir = hws_alloc_array(l->count + 1, sizeof(*dir));
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
	Ses__FileDirectory **list = hws_alloc_array(l->count + 1, sizeof(*list));
	int r = dir && list ? HWS_OK : HWS_ERR_NOMEM;
	size_t n = 0;

	for (; r == HWS_OK && n < l->count && n < HWS_SES_FILES_MAX; n++) {
		ses__file_directory__init(&dir[n]);
		list[n] = &dir[n];
		dir[n].path = join(q->local, l->entry[n].name);
		if (!dir[n].path)
			r = HWS_ERR_NOMEM;
	}
	e.path = q->path;
	e.empty_dirs = list;
	e.n_empty_dirs = n;
	e.request = q->extended ? q->request : 0;
	response.union_case = SES__FILE_RESPONSE__UNION_EMPTY_DIRS;
	response.empty_dirs = &e;
	if (r == HWS_OK)
		answer(q, &response);
	for (size_t i = 0; dir && i < n; i++)
		hws_free(dir[i].path);
	hws_free(dir);
	hws_free(list);
	return r;
}

static int list_empty(struct hws_request *q)
{
	struct hws_listing l = { 0 };
	int fd, r = hws_roots_open_folder(q->roots, q->local, HWS_ROOT_READ, &fd, &q->err);

	if (r < 0)
		return r;
	r = hws_listing_empty(&l, q->roots, fd, q->hidden);
	close(fd);
	if (r == HWS_OK)
		r = answer_empty(q, &l);
	hws_listing_done(&l);
	return r;
}

/* --- */

static int run_rename(struct hws_request *q)
{
	char name[HWS_FILE_PATH_MAX + 1];

	if (hws_name_from_wire(q->name, false, name, sizeof(name)) < 0)
		return hws_error_set(&q->err, HWS_ERR_INVAL, "invalid file name component");
	return hws_change_rename(q->roots, q->local, name, &q->err);
}

static int run(struct hws_request *q)
{
	switch (q->kind) {
	case SES__FILE_ACTION__UNION__NOT_SET:
	case SES__FILE_ACTION__UNION_READ_DIR:
		return list_folder(q);
	case SES__FILE_ACTION__UNION_READ_EMPTY_DIRS:
		return list_empty(q);
	case SES__FILE_ACTION__UNION_ALL_FILES:
		return list_all(q);
	case SES__FILE_ACTION__UNION_CREATE:
		return hws_change_make(q->roots, q->local, &q->err);
	case SES__FILE_ACTION__UNION_REMOVE_FILE:
		return hws_change_remove_file(q->roots, q->local, &q->err);
	case SES__FILE_ACTION__UNION_REMOVE_DIR:
		return hws_change_remove_folder(q->roots, q->local,
				!q->recursive ? HWS_REMOVE_EMPTY
						: q->extended && q->contents
						? HWS_REMOVE_TREE
						: HWS_REMOVE_EMPTY_TREE,
				&q->stop, &q->err);
	case SES__FILE_ACTION__UNION_RENAME:
		return run_rename(q);
	default:
		return HWS_ERR_UNSUPPORTED;
	}
}

int hws_request_run(void *arg)
{
	struct hws_request *q = arg;
	char plain[HWS_FILE_PATH_MAX + 1], local[HWS_FILE_PATH_MAX + 1];
	bool first = q->kind == SES__FILE_ACTION__UNION__NOT_SET;

	q->result = hws_name_from_wire(q->path, false, plain, sizeof(plain));
	if (q->result < 0)
		hws_error_set(&q->err, q->result, "the path is too long");
	if (q->result == HWS_OK)
		q->result = hws_roots_absolute(q->roots, plain, local, &q->err);
	/* what it is shown first is something in any case */
	if (q->result < 0 && first)
		q->result = hws_str_copy(local, sizeof(local), "");
	if (q->result == HWS_OK && !(q->local = hws_strdup(local)))
		q->result = HWS_ERR_NOMEM;
	if (q->result == HWS_OK && !atomic_load(&q->stop))
		q->result = run(q);
	else if (q->result == HWS_OK)
		q->result = HWS_ERR_CANCELED;
	const char *why = q->result == HWS_ERR_CANCELED ? atomic_load(&q->stop) : NULL;
	if (why)
		q->result = hws_error_set(&q->err, HWS_ERR_DENIED, "%s", why);
	if (q->result < 0)
		answer_error(q);
	else if (hws_request_changes(q))
		answer_done(q);
	return HWS_OK;
}
