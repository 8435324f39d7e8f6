/* Jobs: files/files does them on a link, one after the other; here they are kept from link to link.
 * What has been done is known by the numbers of the files. A deployed host is asked to begin behind
 * them; a host of ours compares, and passes over what is there and the same. */
#include "client/services/files/view_parts.h"
#include "shared/base/mem.h"
#include <stdio.h>
#include <string.h>

#define ANSWERS_MAX 65536u

static bool uploads(const struct fv_request *r)
{
	return r->q.kind == HWS_FILES_VIEW_PUT;
}

/* --- which files have ended ------------------------------------------------------------------- */

static bool has_ended(const struct fv_job *j, uint32_t file)
{
	return j->ended && file < j->files && (j->ended[file / 8] & (1u << file % 8));
}

static bool was_sent(const struct fv_job *j, uint32_t file)
{
	return j->sent && file < j->files && (j->sent[file / 8] & (1u << file % 8));
}

static void set_ended(struct fv_job *j, uint32_t file)
{
	if (j->ended && file < j->files)
		j->ended[file / 8] |= (uint8_t)(1u << file % 8);
}

static uint32_t prefix(const struct fv_job *j)
{
	uint32_t n = 0;

	while (has_ended(j, n))
		n++;
	return n;
}

/* What was sent on a link that is lost may not have arrived: it is looked at again, and counts as
 * done when it turns out to be there. */
static void doubt_ended(struct fv_job *j)
{
	hws_free(j->sent);
	j->sent = j->ended;
	j->ended = NULL;
	j->done = j->skipped = j->failed = j->unread = 0;
	j->first_err = HWS_OK;
}

static void forget_ended(struct fv_job *j)
{
	hws_free(j->ended);
	hws_free(j->sent);
	j->ended = j->sent = NULL;
	j->files = j->done = j->skipped = j->failed = j->unread = 0;
	j->bytes = 0;
	j->decided_count = 0;
	j->first_err = HWS_OK;
}

void fv_job_free(struct fv_job *j)
{
	forget_ended(j);
	hws_free(j->name);
	hws_free(j->decided);
}

/* --- figures ---------------------------------------------------------------------------------- */

void fv_job_figures(struct fv_request *r, struct hws_files_view_progress *p)
{
	struct fv_job *j = &r->job;
	struct hws_files_progress now;

	if (j->engaged && r->fv->files &&
			hws_files_progress(r->fv->files, (int32_t)r->q.id, &now) == HWS_OK) {
		j->told.bytes_done = now.done;
		j->told.bytes_wire = now.wire;
	}
	j->told.upload = uploads(r);
	j->told.paused = r->paused;
	j->told.name = j->name ? j->name : "";
	j->told.bytes_total = j->bytes;
	j->told.files = j->files;
	j->told.done = j->done;
	j->told.skipped = j->skipped;
	j->told.failed = j->failed;
	*p = j->told;
}

void fv_job_tell_progress(struct fv_request *r, bool always)
{
	struct hws_files_view_event e = { .type = HWS_FILES_VIEW_PROGRESS };
	struct hws_files_view_progress before = r->job.told;

	fv_job_figures(r, &e.job);
	if (always || before.bytes_done != e.job.bytes_done || before.done != e.job.done ||
			before.paused != e.job.paused)
		fv_event(r, &e);
}

/* --- beginning -------------------------------------------------------------------------------- */

/* Is one before it at work? A paused one lets others pass. */
static bool must_wait(const struct fv_request *me)
{
	struct hws_list *node;

	hws_list_for (node, &me->fv->requests) {
		const struct fv_request *r = hws_container(node, struct fv_request, node);
		if (r == me || r->stage == FV_OVER)
			continue;
		if ((r->job.engaged && !r->paused) ||
				(r->stage != FV_WAITS &&
						(uploads(r) || r->q.kind == HWS_FILES_VIEW_GET)))
			return true;
	}
	return false;
}

static enum hws_files_policy policy_of(const struct fv_request *r)
{
	if (r->q.policy == HWS_FILES_VIEW_NEWER)
		return HWS_FILES_ASKS; /* and is answered here */
	if (r->job.rerun && r->q.policy == HWS_FILES_VIEW_OVERWRITES)
		return HWS_FILES_UPDATES; /* what is the same has come before */
	return (enum hws_files_policy)r->q.policy;
}

static int start(struct fv_request *r)
{
	struct hws_files_job job = { .id = (int32_t)r->q.id,
		.local = r->to,
		.remote = r->wire,
		.policy = policy_of(r),
		.hidden = r->q.hidden,
		.resume = r->job.rerun,
		.first = r->fv->extended || r->job.reset ? 0 : prefix(&r->job) };
	int e;

	/* a job whose files have all ended has only its folders to make */
	if (r->job.files && job.first >= r->job.files) {
		fv_folders_begin(r);
		return HWS_OK;
	}
	r->job.engaged = true; /* events may come at once */
	e = uploads(r) ? hws_files_upload(r->fv->files, &job)
		       : hws_files_download(r->fv->files, &job);
	if (e < 0)
		r->job.engaged = false;
	return e == HWS_ERR_FULL ? HWS_OK : e; /* it is tried again each second */
}

int fv_job_step(struct fv_request *r)
{
	if (!r->fv->open || !r->fv->files)
		return HWS_OK;
	if (r->job.reset && r->job.engaged) {
		/* the list is another one now: its numbers mean nothing any more */
		r->job.engaged = false;
		if (hws_files_stop(r->fv->files, (int32_t)r->q.id) < 0)
			return HWS_ERR_CORRUPT;
	}
	if (r->stage != FV_WAITS)
		return fv_folders_step(r);
	if (r->job.engaged || r->paused || must_wait(r))
		return HWS_OK;
	return start(r);
}

void fv_job_lost(struct fv_request *r)
{
	struct fv_job *j = &r->job;

	j->engaged = false;
	j->rerun = true;
	j->reset = false;
	if (uploads(r))
		doubt_ended(j);
	fv_folders_forget(r);
	hws_free(j->name);
	j->name = NULL;
	r->stage = FV_WAITS;
	r->due_us = 0;
}

/* --- ending ----------------------------------------------------------------------------------- */

void fv_job_failed(struct fv_request *r, int err, const char *text)
{
	struct fv_job *j = &r->job;

	j->failed++;
	if (j->first_err == HWS_OK) {
		j->first_err = err < 0 ? err : HWS_ERR_SYS;
		snprintf(j->first_text, sizeof(j->first_text), "%s", text ? text : "");
	}
}

void fv_job_finish(struct fv_request *r)
{
	struct fv_job *j = &r->job;

	if (j->failed == 0) {
		j->told.bytes_done = j->bytes;
		fv_done(r, HWS_OK, "%s", "");
	} else if (j->single) {
		fv_done(r, j->first_err, "%s", j->first_text);
	} else {
		fv_done(r, j->first_err, "%u of %u were not copied; the first: %s", j->failed,
				HWS_MAX(j->files + j->unread, j->failed), j->first_text);
	}
}

/* --- events of files/files -------------------------------------------------------------------- */

static void on_started(struct fv_request *r, const struct hws_files_event *e)
{
	struct fv_job *j = &r->job;
	struct hws_files_view_event ev = { .type = HWS_FILES_VIEW_STARTED };

	if (j->files && (j->files != e->files || j->bytes != e->bytes)) {
		j->reset = !r->fv->extended && prefix(j) > 0;
		forget_ended(j);
		if (j->reset) {
			fv_pump_soon(r->fv);
			return;
		}
	}
	j->reset = false;
	j->failed -= HWS_MIN(j->failed, j->unread); /* told again for each link */
	j->unread = j->unread_events = 0;
	j->files = e->files;
	j->bytes = e->bytes;
	if (!j->ended)
		j->ended = hws_alloc(e->files / 8 + 1);
	fv_event(r, &ev);
}

static void answer_later(struct fv_request *r, uint32_t file, enum hws_files_answer answer)
{
	struct hws_files_view *fv = r->fv;

	if (fv->answer_count == fv->answer_room) {
		size_t room = fv->answer_room ? 2 * fv->answer_room : 64;
		struct fv_answer *more = room > ANSWERS_MAX
				? NULL
				: hws_realloc_array(fv->answers, room, sizeof(*more));
		if (!more) {
			fv_done(r, HWS_ERR_NOMEM, "too many questions are open");
			return;
		}
		fv->answers = more;
		fv->answer_room = room;
	}
	fv->answers[fv->answer_count++] =
			(struct fv_answer){ .id = r->q.id, .file = file, .answer = answer };
	fv_pump_soon(fv);
}

void fv_job_answers(struct hws_files_view *fv)
{
	for (size_t i = 0; i < fv->answer_count && fv->files; i++) {
		struct fv_answer a = fv->answers[i];
		if (hws_files_decide(fv->files, (int32_t)a.id, a.file, a.answer, false) < 0)
			continue; /* the job has ended meanwhile */
	}
	fv->answer_count = 0;
}

static const struct fv_decided *decided(const struct fv_job *j, uint32_t file)
{
	for (size_t i = 0; i < j->decided_count; i++)
		if (j->decided[i].file == file)
			return &j->decided[i];
	return NULL;
}

static void on_ask(struct fv_request *r, const struct hws_files_event *e)
{
	struct fv_job *j = &r->job;
	const struct fv_decided *d = decided(j, e->file);
	struct hws_files_view_event ev = { .type = HWS_FILES_VIEW_CONFLICT,
		.name = e->name,
		.file = e->file,
		.size = e->size,
		.modified = e->modified,
		.there_size = e->there_size,
		.there_time = e->there_modified,
		.partial = e->partial,
		/* a deployed host compares its own time below the second, too */
		.identical = e->identical ||
				(e->size == e->there_size && e->modified == e->there_modified) };

	if (has_ended(j, e->file) || (j->rerun && ev.identical && !e->partial))
		answer_later(r, e->file, HWS_FILES_SKIP);
	else if (r->q.policy == HWS_FILES_VIEW_NEWER)
		answer_later(r, e->file,
				e->there_modified < e->modified ? HWS_FILES_OVERWRITE
								: HWS_FILES_SKIP);
	else if (d)
		answer_later(r, e->file, d->answer);
	else if (j->rerun && e->partial)
		answer_later(r, e->file, HWS_FILES_RESUME);
	else
		fv_event(r, &ev);
}

static void on_file(struct fv_request *r, const struct hws_files_event *e)
{
	struct fv_job *j = &r->job;
	struct hws_files_view_event ev = { .type = HWS_FILES_VIEW_FILE,
		.name = e->name,
		.file = e->file,
		.size = e->size,
		.modified = e->modified,
		.skipped = e->type == HWS_FILES_FILE_SKIPPED,
		.err = e->type == HWS_FILES_FILE_FAILED ? e->err : HWS_OK,
		.text = e->text };

	j->single |= !e->name || !*e->name;
	hws_free(j->name);
	j->name = hws_strdup(e->name);
	if (has_ended(j, e->file))
		return; /* told on an earlier link */
	set_ended(j, e->file);
	if (ev.skipped && was_sent(j, e->file))
		ev.skipped = false; /* it had arrived */
	if (e->type == HWS_FILES_FILE_DONE || (e->type == HWS_FILES_FILE_SKIPPED && !ev.skipped))
		j->done++;
	else if (e->type == HWS_FILES_FILE_SKIPPED)
		j->skipped++;
	else
		fv_job_failed(r, e->err, e->text);
	if (e->type == HWS_FILES_FILE_FAILED && ev.err == HWS_OK)
		ev.err = HWS_ERR_SYS;
	if (ev.err < 0 || ev.skipped || r->q.each_file)
		fv_event(r, &ev);
}

/* It is in no list, so nothing else will say that it is missing. */
static void on_unread(struct fv_request *r, const struct hws_files_event *e)
{
	struct fv_job *j = &r->job;
	char more[80];
	struct hws_files_view_event ev = { .type = HWS_FILES_VIEW_FILE,
		.name = e->name,
		.file = e->file,
		.err = e->err < 0 ? e->err : HWS_ERR_PERM,
		.text = e->text };

	if (!*e->name) {
		snprintf(more, sizeof(more), "%u more could not be read", e->files);
		ev.text = more;
	}
	j->unread += e->files;
	fv_job_failed(r, ev.err, ev.text);
	j->failed += e->files - 1;
	/* on an earlier link it was said already */
	if (++j->unread_events > j->unread_told) {
		j->unread_told = j->unread_events;
		fv_event(r, &ev);
	}
}

void fv_files_event(const struct hws_files_event *e, void *arg)
{
	struct hws_files_view *fv = arg;
	struct fv_request *r = fv_find(fv, (uint32_t)e->id);

	if (!r || !r->job.engaged || (r->job.reset && e->type != HWS_FILES_STARTED))
		return;
	switch (e->type) {
	case HWS_FILES_STARTED:
		on_started(r, e);
		break;
	case HWS_FILES_ASK:
		on_ask(r, e);
		break;
	case HWS_FILES_FILE_DONE:
	case HWS_FILES_FILE_SKIPPED:
	case HWS_FILES_FILE_FAILED:
		on_file(r, e);
		break;
	case HWS_FILES_UNREAD:
		on_unread(r, e);
		break;
	case HWS_FILES_DONE:
		r->job.engaged = false;
		fv_folders_begin(r);
		fv_pump_soon(fv);
		break;
	case HWS_FILES_FAILED:
		r->job.engaged = false;
		if (e->text && strcmp(e->text, "skipped") == 0) {
			/* the one file was there: deployed hosts call that an error */
			fv_job_finish(r);
			break;
		}
		fv_done(r, e->err < 0 ? e->err : HWS_ERR_SYS, "%s", e->text ? e->text : "");
		break;
	}
}
