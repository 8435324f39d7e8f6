/* Folders without files, which no job of the protocol carries: they are asked for and made when
 * the files are done. Here that is a worker's, there it is one request for each. */
#include "client/services/files/view_parts.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct fv_work {
	struct fv_request *r; /* NULL: nobody waits any more */
	const struct hws_roots *roots;
	char *path; /* here */
	bool make, hidden;
	struct hws_listing list; /* what is to be made, or was found */
	size_t failed;
	char text[400];
};

static bool uploads(const struct fv_request *r)
{
	return r->q.kind == HWS_FILES_VIEW_PUT;
}

/* --- the worker's ----------------------------------------------------------------------------- */

static void note(struct fv_work *w, int err, const char *name)
{
	char shown[200];

	if (w->failed++ == 0)
		snprintf(w->text, sizeof(w->text), "the folder \"%s\" could not be made: %s",
				hws_str_escape(shown, sizeof(shown), hws_bytes_str(name)),
				hws_err_text(err));
}

static int make_all(struct fv_work *w)
{
	struct hws_error err = { 0 };
	int dir = -1, r = hws_roots_make_folder(w->roots, w->path, &dir, &err);

	if (r < 0) {
		w->failed = 1;
		snprintf(w->text, sizeof(w->text), "%s", err.text);
		return r;
	}
	for (size_t i = 0; i < w->list.count; i++) {
		const char *name = w->list.entry[i].name;
		int fd = -1, e = *name ? hws_below_folder(w->roots, dir, name, true, &fd) : HWS_OK;

		if (e < 0) {
			note(w, e, name);
			r = r < 0 ? r : e;
		} else if (fd >= 0) {
			close(fd);
		}
	}
	close(dir);
	return r;
}

static int find_all(struct fv_work *w)
{
	struct hws_error err = { 0 };
	int dir = -1, r = hws_roots_open_folder(w->roots, w->path, HWS_ROOT_READ, &dir, &err);

	if (r == HWS_OK) {
		r = hws_listing_empty(&w->list, w->roots, dir, w->hidden);
		close(dir);
	}
	if (r < 0) {
		w->failed = 1;
		snprintf(w->text, sizeof(w->text), "the empty folders were not found: %.300s",
				*err.text ? err.text : hws_err_text(r));
	}
	return r;
}

static int run(void *arg)
{
	struct fv_work *w = arg;

	return w->make ? make_all(w) : find_all(w);
}

static void work_free(struct fv_work *w)
{
	hws_listing_done(&w->list);
	hws_free(w->path);
	hws_free(w);
}

static void made(struct fv_request *r, int err, const struct fv_work *w)
{
	for (size_t i = 0; i < w->failed; i++)
		fv_job_failed(r, err, w->text);
	fv_job_finish(r);
}

static void on_done(void *arg, int err)
{
	struct fv_work *w = arg;
	struct fv_request *r = w->r;

	if (r) {
		r->work = NULL;
		if (w->make || err < 0) {
			made(r, err, w);
		} else {
			hws_listing_done(&r->list);
			r->list = w->list;
			w->list = (struct hws_listing){ 0 };
			r->inner = r->fv->next_inner;
			r->fv->next_inner += (int32_t)r->list.count;
			r->sent = r->answered = r->failed = 0;
			if (r->list.count == 0)
				fv_job_finish(r);
			else
				fv_pump_soon(r->fv);
		}
	}
	work_free(w);
}

static void start_work(struct fv_request *r, bool make)
{
	struct fv_work *w = hws_alloc(sizeof(*w));
	int e = HWS_ERR_NOMEM;

	if (w) {
		w->r = r;
		w->roots = r->fv->conf.roots;
		w->path = hws_strdup(r->to);
		w->make = make;
		w->hidden = r->q.hidden;
		if (make) {
			w->list = r->list;
			r->list = (struct hws_listing){ 0 };
		}
		if (w->path)
			e = hws_work_submit(r->fv->conf.work, r->fv->conf.loop, run, on_done, w);
	}
	if (e == HWS_OK) {
		r->work = w;
		return;
	}
	if (w)
		work_free(w);
	fv_job_failed(r, e, "the folders could not be looked at: too much is under way");
	fv_job_finish(r);
}

void fv_work_forget(struct fv_request *r)
{
	if (r->work)
		r->work->r = NULL;
	r->work = NULL;
}

/* --- the job's -------------------------------------------------------------------------------- */

void fv_folders_forget(struct fv_request *r)
{
	fv_work_forget(r);
	hws_listing_done(&r->list);
	r->list = (struct hws_listing){ 0 };
	r->inner = 0;
	r->sent = r->answered = r->failed = 0;
}

void fv_folders_begin(struct fv_request *r)
{
	r->due_us = 0;
	if (r->job.single) {
		fv_job_finish(r);
	} else if (uploads(r)) {
		r->stage = FV_LAST;
		start_work(r, false);
	} else if (fv_peer_knows_empty(r->fv)) {
		r->stage = FV_EMPTY;
		fv_pump_soon(r->fv);
	} else {
		r->stage = FV_EMPTY;
		fv_folders_told(r, NULL);
	}
}

void fv_folders_told(struct fv_request *r, const Ses__ReadEmptyDirsResponse *d)
{
	if (r->stage != FV_EMPTY)
		return;
	r->due_us = 0;
	r->stage = FV_LAST;
	if (d && fv_take_empty(r, d) < 0) {
		fv_job_failed(r, HWS_ERR_TOOBIG, "there are too many empty folders");
		fv_job_finish(r);
	} else if (r->list.count == 0 && r->job.files > 0) {
		fv_job_finish(r);
	} else {
		start_work(r, true);
	}
}

/* root + name, with what Windows cannot have in a name replaced. */
static char *path_there(const struct fv_request *r, const char *name)
{
	char *path, *windows;

	if (!r->fv->windows)
		return fv_below(r->fv, r->wire, name);
	windows = hws_alloc(HWS_FILE_PATH_MAX + 1);
	if (!windows || hws_name_to_windows(name, windows, HWS_FILE_PATH_MAX + 1) < 0) {
		hws_free(windows);
		return NULL;
	}
	path = fv_below(r->fv, r->wire, windows);
	hws_free(windows);
	return path;
}

static int send_folder(struct fv_request *r)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileDirCreate d = SES__FILE_DIR_CREATE__INIT;
	int e;

	d.id = r->inner + (int32_t)r->sent;
	d.path = path_there(r, r->list.entry[r->sent].name);
	if (!d.path)
		return HWS_ERR_NOMEM;
	a.union_case = SES__FILE_ACTION__UNION_CREATE;
	a.create = &d;
	e = fv_send(r->fv, &a);
	hws_free(d.path);
	if (e == HWS_OK) {
		r->sent++;
		r->due_us = fv_now(r->fv) + FV_ANSWER_US;
	}
	return e;
}

int fv_folders_step(struct fv_request *r)
{
	int e = HWS_OK;

	if (r->stage == FV_EMPTY)
		return fv_request_empty(r);
	while (e == HWS_OK && r->inner && r->sent < r->list.count &&
			r->sent - r->answered < FV_WINDOW)
		e = send_folder(r);
	return e;
}

void fv_folders_answer(struct fv_request *r, int32_t id, int err, const char *text)
{
	char shown[200], line[300];
	size_t i = (size_t)(id - r->inner);

	if (r->stage != FV_LAST || i >= r->list.count || r->answered >= r->sent)
		return;
	r->answered++;
	if (err < 0) {
		snprintf(line, sizeof(line), "the folder \"%s\" was not made: %.80s",
				hws_str_escape(shown, sizeof(shown),
						hws_bytes_str(r->list.entry[i].name)),
				text);
		fv_job_failed(r, err, line);
	}
	if (r->answered == r->list.count)
		fv_job_finish(r);
	else
		fv_pump_soon(r->fv);
}
