/* What the viewer asks of the engine: transfers, decisions, pauses; and what either end may ask
 * of a job that is there. */
#include "client/services/files/job.h"
#include "client/services/files/names.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/wire/limits.h"
#include <string.h>

static int start(struct hws_files *f, const struct hws_files_job *q, bool writes,
		struct hws_job **ret)
{
	char local[HWS_FILE_PATH_MAX + 1];
	struct hws_job *j;

	if (f->conf.host || q->id <= 0 || !q->local || !q->remote)
		return HWS_ERR_INVAL;
	if (strlen(q->remote) > HWS_FILE_WIRE_MAX)
		return HWS_ERR_TOOBIG;
	int r = hws_roots_absolute(f->conf.roots, q->local, local, NULL);
	if (r == HWS_OK)
		r = hws_job_new(f, q->id, writes, &j);
	if (r < 0)
		return r;
	j->extended = f->conf.extended;
	j->policy = q->policy;
	j->hidden = q->hidden;
	j->resume = q->resume;
	j->paused = q->paused;
	j->first = q->first;
	j->local = hws_strdup(local);
	j->remote = hws_strdup(q->remote);
	*ret = j;
	return j->local && j->remote ? HWS_OK : HWS_ERR_NOMEM;
}

/* Not told: it never began. */
static void forget(struct hws_job *j)
{
	j->silent = true;
	hws_job_end(j, HWS_ERR_CANCELED, NULL);
}

int hws_files_download(struct hws_files *f, const struct hws_files_job *q)
{
	struct hws_job *j = NULL;
	int r = start(f, q, true, &j);

	if (r == HWS_OK && !j->paused)
		hws_say_send(j);
	else if (r < 0 && j)
		forget(j);
	return r;
}

int hws_files_upload(struct hws_files *f, const struct hws_files_job *q)
{
	struct hws_job *j = NULL;
	int r = start(f, q, false, &j);

	if (r == HWS_OK && !j->paused)
		r = hws_read_start(j);
	if (r < 0 && j)
		forget(j);
	return r;
}

int hws_job_policy(const struct hws_job *j, const struct hws_writer_find *f)
{
	if (f->there == HWS_THERE_NOTHING)
		return HWS_FILES_OVERWRITE;
	if (f->partial && (j->resume || (j->extended && j->policy != HWS_FILES_ASKS)))
		return HWS_FILES_RESUME;
	switch (j->policy) {
	case HWS_FILES_OVERWRITES:
		return HWS_FILES_OVERWRITE;
	case HWS_FILES_SKIPS:
		return f->there == HWS_THERE_PART ? HWS_FILES_OVERWRITE : HWS_FILES_SKIP;
	case HWS_FILES_UPDATES:
		return f->there == HWS_THERE_FILE && f->identical ? HWS_FILES_SKIP
								  : HWS_FILES_OVERWRITE;
	case HWS_FILES_ASKS:
		break;
	}
	return -1;
}

void hws_job_ask(struct hws_job *j, uint32_t file, const struct hws_writer_find *f)
{
	const struct hws_listing_entry *x = &hws_job_list(j)->entry[file];
	struct hws_files_event e = {
		.type = HWS_FILES_ASK,
		.id = j->id,
		.writes = j->writes,
		.file = file,
		.name = x->name,
		.path = j->local,
		.size = x->size,
		.modified = x->modified,
		.there_size = f->size,
		.there_modified = f->modified,
		.partial = f->partial,
		.identical = f->identical,
		.text = "",
	};

	if (!j->resume_at)
		j->resume_at = hws_alloc_array(j->count, sizeof(*j->resume_at));
	if (j->resume_at)
		j->resume_at[file] = f->partial;
	hws_job_mark(j, file, HWS_MARK_ASKED);
	j->f->conf.event(&e, j->f->conf.arg);
}

static void decide(struct hws_job *j, uint32_t file, enum hws_files_answer answer)
{
	if (answer == HWS_FILES_RESUME && (!j->resume_at || !j->resume_at[file]))
		answer = HWS_FILES_OVERWRITE;
	if (j->writes)
		hws_write_decided(j, file, answer);
	else
		hws_read_decided(j, file, answer);
}

int hws_files_decide(struct hws_files *f, int32_t id, uint32_t file, enum hws_files_answer answer,
		bool all)
{
	struct hws_job *j = hws_job_find(f, id);

	if (!j || !j->mark || file >= j->count || j->mark[file] != HWS_MARK_ASKED)
		return HWS_ERR_NOTFOUND;
	if (all) {
		j->policy = answer == HWS_FILES_SKIP ? HWS_FILES_SKIPS : HWS_FILES_OVERWRITES;
		j->resume = j->resume || answer == HWS_FILES_RESUME;
	}
	decide(j, file, answer);
	for (uint32_t i = 0; all && (j = hws_job_find(f, id)) && j->asked && i < j->count; i++)
		if (j->mark[i] == HWS_MARK_ASKED)
			decide(j, i, answer);
	return HWS_OK;
}

int hws_files_pause(struct hws_files *f, int32_t id, bool pause)
{
	struct hws_job *j = hws_job_find(f, id);

	if (!j)
		return HWS_ERR_NOTFOUND;
	if (j->paused == pause)
		return HWS_OK;
	j->paused = pause;
	if (pause)
		return HWS_OK;
	j->heard_us = hws_loop_now_us(f->conf.loop);
	if (j->writes && j->state == HWS_JOB_LISTS && !f->conf.host && !j->asked_list) {
		hws_say_send(j);
		return HWS_OK;
	}
	if (!j->writes && !j->reader) {
		int r = hws_read_start(j);
		if (r < 0)
			hws_job_end(j, r, hws_err_text(r));
		return HWS_OK;
	}
	if (j->writes)
		hws_write_unpause(j);
	hws_files_wake(f);
	return HWS_OK;
}

int hws_files_cancel(struct hws_files *f, int32_t id)
{
	struct hws_job *j = hws_job_find(f, id);

	if (!j)
		return HWS_ERR_NOTFOUND;
	if (f->conf.host)
		hws_say_error(j, 0, HWS_ERR_CANCELED, "canceled by the host", false);
	else if (j->state != HWS_JOB_LISTS || j->asked_list || !j->writes)
		hws_say_cancel(j);
	j->cancelled = true;
	hws_job_end(j, HWS_ERR_CANCELED, "canceled");
	return HWS_OK;
}

int hws_files_stop(struct hws_files *f, int32_t id)
{
	struct hws_job *j = hws_job_find(f, id);

	if (!j)
		return HWS_ERR_NOTFOUND;
	/* a cancel would have the other end remove what it has written */
	if (!j->writes && j->reader)
		hws_say_error(j, j->current, HWS_ERR_CANCELED, "stopped", false);
	else if (j->writes && j->asked_list)
		hws_say_cancel(j);
	hws_job_end(j, HWS_ERR_CANCELED, "stopped");
	return HWS_OK;
}

void hws_files_forbid(struct hws_files *f, bool reads, bool writes, const char *text)
{
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &f->jobs) {
		struct hws_job *j = hws_container(node, struct hws_job, node);

		if (j->writes ? !writes : !reads)
			continue;
		hws_say_error(j, 0, HWS_ERR_DENIED, text, false);
		hws_job_end(j, HWS_ERR_DENIED, text);
	}
}

void hws_files_say(struct hws_files *f, struct hws_buf *message)
{
	hws_files_put(f, HWS_FILES_RESPONSE, message);
	hws_buf_init(message, 0); /* taken */
}

void hws_files_say_error(struct hws_files *f, int32_t id, int32_t file, int err, const char *text)
{
	hws_say_error_id(f, id, file, err, text);
}

int hws_files_progress(const struct hws_files *f, int32_t id, struct hws_files_progress *ret)
{
	const struct hws_job *j = hws_job_find(f, id);

	if (!j)
		return HWS_ERR_NOTFOUND;
	*ret = (struct hws_files_progress){
		.writes = j->writes,
		.paused = j->paused,
		.waiting = j->asked != 0,
		.file = j->current,
		.files = j->count,
		.failed = j->failed + j->unread,
		.skipped = j->skipped,
		.done = HWS_MIN(j->done, j->total),
		.wire = j->wire,
		.total = j->total,
	};
	return HWS_OK;
}

size_t hws_files_jobs(const struct hws_files *f)
{
	return f->count;
}
