/* The table of jobs and the ways of messages. A worker that is busy with a job keeps it from
 * being freed: a job that ends meanwhile is dead, sends nothing more, and goes when the worker
 * gives it back. */
#include "client/services/files/job.h"
#include "client/services/files/names.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

/* The other end has said nothing to a job that waits for it. */
#define SILENCE_US (180 * HWS_US_PER_S)
/* Faster lines than this carry content as it is sooner than it can be packed. */
#define PACK_BELOW (60u << 20)
#define ROUND 16u /* messages of one job before the next has its turn */

static void pump(void *arg);

int hws_files_new(const struct hws_files_conf *conf, struct hws_files **ret)
{
	struct hws_files *f = hws_alloc(sizeof(*f));

	if (!f)
		return HWS_ERR_NOMEM;
	f->conf = *conf;
	f->packs = true;
	hws_list_init(&f->jobs);
	hws_list_init(&f->leaving);
	hws_list_init(&f->out);
	*ret = f;
	return HWS_OK;
}

/* --- a job's life --- */

struct hws_job *hws_job_find(const struct hws_files *f, int32_t id)
{
	struct hws_list *node;

	hws_list_for (node, (struct hws_list *)&f->jobs) {
		struct hws_job *j = hws_container(node, struct hws_job, node);
		if (j->id == id)
			return j;
	}
	return NULL;
}

int hws_job_new(struct hws_files *f, int32_t id, bool writes, struct hws_job **ret)
{
	if (hws_job_find(f, id))
		return HWS_ERR_EXISTS;
	if (f->count >= HWS_FILES_JOBS_MAX)
		return HWS_ERR_FULL;
	struct hws_job *j = hws_alloc(sizeof(*j));
	if (!j)
		return HWS_ERR_NOMEM;
	j->f = f;
	j->id = id;
	j->writes = writes;
	j->host = f->conf.host;
	j->peer_windows = f->conf.peer_windows;
	j->work = f->conf.work;
	j->loop = f->conf.loop;
	j->bad_file = UINT32_MAX;
	j->heard_us = hws_loop_now_us(f->conf.loop);
	hws_list_init(&j->lists);
	hws_list_init(&j->ops);
	hws_list_init(&j->under_way);
	hws_list_push(&f->jobs, &j->node);
	f->count++;
	*ret = j;
	return HWS_OK;
}

static void free_job(struct hws_job *j)
{
	struct hws_list *node;

	while ((node = hws_list_first(&j->lists))) {
		struct hws_out *o = hws_container(node, struct hws_out, node);
		hws_list_remove(node);
		hws_buf_done(&o->buf);
		hws_free(o);
	}
	hws_write_drop_ops(j);
	hws_reader_free(j->reader);
	hws_writer_free(j->writer);
	hws_listing_done(&j->list);
	hws_batch_done(&j->batch[0]);
	hws_batch_done(&j->batch[1]);
	hws_free(j->order);
	hws_free(j->drop);
	hws_free(j->sent);
	hws_free(j->mark);
	hws_free(j->resume_at);
	hws_free(j->local);
	hws_free(j->remote);
	hws_free(j);
}

/* Closing files, and removing parts, is for a worker, too. */
static int run_retire(void *arg)
{
	struct hws_job *j = arg;

	if (j->cancelled && j->writer)
		hws_writer_abandon(j->writer);
	return HWS_OK;
}

static void retired(void *arg, int r HWS_UNUSED)
{
	free_job(arg);
}

static void free_later(void *arg)
{
	free_job(arg);
}

static void retire(struct hws_job *j)
{
	/* without the engine the workers may be gone, too; without files nothing blocks, but who is
	 * on the stack may look at it still */
	if (j->orphan || (!j->writer && !j->reader))
		hws_loop_defer(j->loop, &j->going, free_later, j);
	else if (hws_work_submit(j->work, j->loop, run_retire, retired, j) < 0) {
		run_retire(j);
		hws_loop_defer(j->loop, &j->going, free_later, j);
	}
}

/* Out of the table; nothing of it is said any more. */
static void leave(struct hws_job *j)
{
	struct hws_files *f = j->f;

	hws_list_remove(&j->node);
	f->count--;
	f->queued -= j->queued;
	if (j->active)
		f->active--;
	j->active = false;
	j->dead = true;
	if (!j->busy)
		retire(j);
	else if (!f->gone)
		hws_list_push(&f->leaving, &j->node);
	hws_files_balance(f);
}

void hws_job_end(struct hws_job *j, int err, const char *text)
{
	struct hws_files *f = j->f;

	if (j->dead)
		return;
	j->dead = true; /* the callback may ask for it */
	hws_job_event(j, err == HWS_OK ? HWS_FILES_DONE : HWS_FILES_FAILED, 0, err, text);
	leave(j);
	hws_files_wake(f);
}

int hws_job_work(struct hws_job *j, int (*run)(void *arg), void (*done)(void *arg, int r))
{
	int r = hws_work_submit(j->f->conf.work, j->f->conf.loop, run, done, j);

	if (r == HWS_OK)
		j->busy = true;
	return r;
}

bool hws_job_back(struct hws_job *j)
{
	j->busy = false;
	if (!j->dead)
		return false;
	hws_list_remove(&j->node);
	retire(j);
	return true;
}

void hws_files_free(struct hws_files *f)
{
	struct hws_list *node;

	if (!f)
		return;
	f->gone = true;
	hws_loop_defer_cancel(&f->pump);
	while ((node = hws_list_first(&f->jobs))) {
		struct hws_job *j = hws_container(node, struct hws_job, node);

		j->orphan = j->busy;
		leave(j);
	}
	while ((node = hws_list_first(&f->leaving))) {
		hws_list_remove(node);
		hws_container(node, struct hws_job, node)->orphan = true;
	}
	hws_files_drop_out(f);
	hws_free(f);
}

/* --- files of a job --- */

const struct hws_listing *hws_job_list(const struct hws_job *j)
{
	return j->reader            ? hws_reader_listing(j->reader)
			: j->writer ? hws_writer_list(j->writer)
				    : &j->list;
}

int hws_job_set_count(struct hws_job *j, size_t count)
{
	if (count > HWS_FILES_LIST_MAX)
		return HWS_ERR_TOOBIG;
	j->mark = hws_alloc_array(count + 1, 1);
	if (!j->mark)
		return HWS_ERR_NOMEM;
	j->count = j->left = (uint32_t)count;
	return HWS_OK;
}

void hws_job_mark(struct hws_job *j, uint32_t file, enum hws_mark mark)
{
	enum hws_mark old = (enum hws_mark)j->mark[file];

	j->left += (mark < HWS_MARK_SENT) - (old < HWS_MARK_SENT);
	j->failed += (mark == HWS_MARK_FAILED) - (old == HWS_MARK_FAILED);
	j->skipped += (mark == HWS_MARK_SKIPPED) - (old == HWS_MARK_SKIPPED);
	j->asked += (mark == HWS_MARK_ASKED) - (old == HWS_MARK_ASKED);
	j->mark[file] = (uint8_t)mark;
}

void hws_job_event(struct hws_job *j, enum hws_files_event_type type, uint32_t file, int err,
		const char *text)
{
	const struct hws_listing *l = hws_job_list(j);
	bool of_file = type >= HWS_FILES_ASK && type <= HWS_FILES_FILE_FAILED;
	const struct hws_listing_entry *x = of_file && file < l->count ? &l->entry[file] : NULL;
	struct hws_files_event e = {
		.type = type,
		.id = j->id,
		.writes = j->writes,
		.file = file,
		.name = x ? x->name : "",
		.path = j->local,
		.size = x ? x->size : 0,
		.modified = x ? x->modified : 0,
		.files = j->count,
		.failed = j->failed + j->unread,
		.skipped = j->skipped,
		.bytes = j->total,
		.err = err,
		.text = text ? text : "",
	};

	if (!j->f->gone && !j->silent)
		j->f->conf.event(&e, j->f->conf.arg);
}

/* --- what comes --- */

static int copy_path(struct hws_job *j, const char *wire, struct hws_error *err)
{
	char local[HWS_FILE_PATH_MAX + 1], plain[HWS_FILE_PATH_MAX + 1];

	if (hws_name_from_wire(wire, false, plain, sizeof(plain)) < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "the path is too long");
	int r = hws_roots_absolute(j->f->conf.roots, plain, local, err);
	if (r < 0)
		return r;
	j->local = hws_strdup(local);
	j->remote = hws_strdup(wire);
	return j->local && j->remote ? HWS_OK : hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
}

static void refuse(struct hws_files *f, int32_t id, int r, const struct hws_error *err)
{
	hws_say_error_id(f, id, 0, r,
			err->code ? err->text
					: r == HWS_ERR_EXISTS
					? "a job with this number is under way"
					: r == HWS_ERR_FULL
					? "too many transfers at once: wait until one has ended"
					: hws_err_text(r));
}

static void on_send(struct hws_files *f, const Ses__FileTransferSendRequest *q)
{
	struct hws_error err = { 0 };
	struct hws_job *j = NULL;
	int r = q->file_type == SES__FILE_TRANSFER_SEND_REQUEST__FILE_TYPE__Generic
			? hws_job_new(f, q->id, false, &j)
			: hws_error_set(&err, HWS_ERR_UNSUPPORTED, "this host prints nothing");

	if (r == HWS_OK) {
		j->extended = f->conf.extended && q->extended;
		j->hidden = q->include_hidden;
		j->first = q->file_num > 0 ? (uint32_t)q->file_num : 0;
		r = copy_path(j, q->path, &err);
		if (r == HWS_OK)
			r = hws_read_start(j);
	}
	if (r == HWS_OK)
		return;
	refuse(f, q->id, r, &err);
	if (j)
		hws_job_end(j, r, err.text);
}

static void on_receive(struct hws_files *f, const Ses__FileTransferReceiveRequest *q)
{
	struct hws_error err = { 0 };
	struct hws_job *j = hws_job_find(f, q->id);
	int r = HWS_OK;

	/* the list of an extended job comes in parts */
	if (!j || !j->writes || !j->extended || j->state != HWS_JOB_LISTS) {
		j = NULL;
		r = hws_job_new(f, q->id, true, &j);
		if (r == HWS_OK) {
			j->extended = f->conf.extended && q->extended;
			j->first = q->file_num > 0 ? (uint32_t)q->file_num : 0;
			r = copy_path(j, q->path, &err);
		}
	}
	if (r == HWS_OK) {
		hws_unread_take(j, q->cut, q->unread, q->n_unread);
		hws_write_entries(j, q->files, q->n_files, j->extended && q->more);
		return;
	}
	refuse(f, q->id, r, &err);
	if (j)
		hws_job_end(j, r, err.text);
}

static void on_cancel(struct hws_job *j)
{
	j->cancelled = true;
	hws_job_end(j, HWS_ERR_CANCELED, "canceled by the other end");
}

static bool on_action(struct hws_files *f, const Ses__FileAction *a)
{
	struct hws_job *j;

	switch (a->union_case) {
	case SES__FILE_ACTION__UNION_SEND:
		if (f->conf.host)
			on_send(f, a->send);
		return f->conf.host;
	case SES__FILE_ACTION__UNION_RECEIVE:
		if (f->conf.host)
			on_receive(f, a->receive);
		return f->conf.host;
	case SES__FILE_ACTION__UNION_CANCEL:
		j = f->conf.host ? hws_job_find(f, a->cancel->id) : NULL;
		if (j)
			on_cancel(j);
		return j != NULL;
	case SES__FILE_ACTION__UNION_SEND_CONFIRM:
		j = hws_job_find(f, a->send_confirm->id);
		if (!j)
			return true; /* it has ended here, or never was */
		j->heard_us = hws_loop_now_us(f->conf.loop);
		if (j->writes)
			hws_write_confirm(j, a->send_confirm);
		else
			hws_read_confirm(j, a->send_confirm);
		return true;
	default:
		return false;
	}
}

static void on_error(struct hws_job *j, const Ses__FileTransferError *e)
{
	if (j->writes)
		hws_write_error(j, e);
	else
		hws_read_error(j, e);
}

/* About which job is it? False: about none. */
static bool id_of(const Ses__FileResponse *r, int32_t *ret)
{
	switch (r->union_case) {
	case SES__FILE_RESPONSE__UNION_DIR:
		*ret = r->dir->id;
		return true;
	case SES__FILE_RESPONSE__UNION_BLOCK:
		*ret = r->block->id;
		return true;
	case SES__FILE_RESPONSE__UNION_ERROR:
		*ret = r->error->id;
		return true;
	case SES__FILE_RESPONSE__UNION_DONE:
		*ret = r->done->id;
		return true;
	case SES__FILE_RESPONSE__UNION_DIGEST:
		*ret = r->digest->id;
		return true;
	case SES__FILE_RESPONSE__UNION_ACK:
		*ret = r->ack->id;
		return true;
	default:
		return false;
	}
}

static bool on_response(struct hws_files *f, const Ses__FileResponse *r)
{
	int32_t id = 0;
	struct hws_job *j = id_of(r, &id) ? hws_job_find(f, id) : NULL;

	if (!j) {
		/* an uploader that goes on with what the host does not know */
		if (f->conf.host && r->union_case == SES__FILE_RESPONSE__UNION_DIGEST)
			hws_say_error_id(f, id, r->digest->file_num, HWS_ERR_NOTFOUND, "Wrong id");
		return r->union_case == SES__FILE_RESPONSE__UNION_BLOCK ||
				r->union_case == SES__FILE_RESPONSE__UNION_ACK;
	}
	j->heard_us = hws_loop_now_us(f->conf.loop);
	switch (r->union_case) {
	case SES__FILE_RESPONSE__UNION_DIR:
		if (!j->writes || f->conf.host)
			return !j->writes;
		hws_unread_take(j, r->dir->cut, r->dir->unread, r->dir->n_unread);
		hws_write_entries(
				j, r->dir->entries, r->dir->n_entries, j->extended && r->dir->more);
		break;
	case SES__FILE_RESPONSE__UNION_BLOCK:
		if (j->writes)
			hws_write_block(j, r->block);
		break;
	case SES__FILE_RESPONSE__UNION_ERROR:
		on_error(j, r->error);
		break;
	case SES__FILE_RESPONSE__UNION_DONE:
		if (j->writes)
			hws_write_done(j, r->done);
		else
			hws_read_done(j, r->done);
		break;
	case SES__FILE_RESPONSE__UNION_DIGEST:
		if (j->writes)
			hws_write_digest(j, r->digest);
		else
			hws_read_digest(j, r->digest);
		break;
	case SES__FILE_RESPONSE__UNION_ACK:
		if (!j->writes)
			hws_read_ack(j, r->ack);
		break;
	default:
		break;
	}
	return true;
}

bool hws_files_message(struct hws_files *f, const Ses__Message *m)
{
	if (m->union_case == SES__MESSAGE__UNION_FILE_ACTION)
		return on_action(f, m->file_action);
	return m->union_case == SES__MESSAGE__UNION_FILE_RESPONSE &&
			on_response(f, m->file_response);
}

void hws_files_unpacked(struct hws_files *f, uint64_t token, int err, struct hws_bytes content)
{
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &f->jobs)
		if (hws_write_unpacked(
				    hws_container(node, struct hws_job, node), token, err, content))
			return;
}

/* --- the line --- */

void hws_files_wake(struct hws_files *f)
{
	if (!f->gone)
		hws_loop_defer(f->conf.loop, &f->pump, pump, f);
}

/* A turn for each job that has something, until the line is full. */
static void pump(void *arg)
{
	struct hws_files *f = arg;
	bool moved = true;

	if (!hws_files_flush(f))
		return;
	while (moved) {
		size_t n = f->count;

		moved = false;
		while (n--) {
			struct hws_list *node = hws_list_first(&f->jobs);

			if (!node)
				return;
			struct hws_job *j = hws_container(node, struct hws_job, node);
			hws_list_remove(node);
			hws_list_push(&f->jobs, node);
			if (j->writes)
				continue;
			hws_read_refill(j);
			for (unsigned i = 0; i < ROUND; i++) {
				if (f->conf.congested(f->conf.arg)) {
					f->line_waits = true;
					return;
				}
				if (j->dead || !hws_read_pump(j))
					break;
				moved = true;
			}
		}
	}
}

void hws_files_drained(struct hws_files *f)
{
	/* how much the line takes says whether packing helps it */
	uint64_t now = hws_clock_us();

	if (now - f->mark_us >= HWS_US_PER_S / 5) {
		uint64_t bytes = f->sent_bytes - f->mark_bytes;

		f->packs = f->mark_us && now - f->mark_us < 2 * HWS_US_PER_S
				? bytes * HWS_US_PER_S / (now - f->mark_us) < PACK_BELOW
				: f->packs;
		f->mark_us = now;
		f->mark_bytes = f->sent_bytes;
	}
	f->line_waits = false;
	pump(f);
}

static bool waits_for_other(const struct hws_job *j)
{
	if (j->busy || j->paused || j->f->line_waits)
		return false;
	if (j->writes)
		return j->state == HWS_JOB_LISTS || (j->state == HWS_JOB_RUNS && !j->asked);
	return !j->f->conf.host && j->state == HWS_JOB_RUNS && !j->ready[j->sending] && !j->asked;
}

void hws_files_tick(struct hws_files *f, uint64_t now_us)
{
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &f->jobs) {
		struct hws_job *j = hws_container(node, struct hws_job, node);

		if (!waits_for_other(j))
			j->heard_us = now_us;
		else if (!f->conf.host && now_us > j->heard_us + SILENCE_US) {
			hws_say_cancel(j);
			hws_job_end(j, HWS_ERR_TIMEOUT,
					"the other end has said nothing for 3 minutes");
		}
	}
}
