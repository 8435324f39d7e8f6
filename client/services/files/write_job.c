/* The writing end of a job. What is to be done at the disk is a queue of operations: the loop
 * checks and queues, one worker at a time takes what has come, in its order, and the loop acts on
 * what became of it. Between hawser ends the worker looks at many files ahead, and their
 * confirmations go out in runs. */
#include "client/services/files/job.h"
#include "client/services/files/names.h"
#include "client/services/files/write_ops.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define MODE_KNOWN 01000u
#define SCAN_AT_ONCE 256u
/* Of one turn of the worker: between two the other end hears how far it is. */
#define TURN_BYTES (4u << 20)
/* What comes is held back above the one and goes on below the other. */
#define HOLD_ABOVE (16u << 20)
#define HOLD_BELOW (4u << 20)
/* Where nothing holds it back, or it does not care. */
#define QUEUE_MAX (96u << 20)

static void fail(struct hws_job *j, int r, const char *text)
{
	hws_say_error(j, j->current < j->count ? j->current : 0, r, text, false);
	hws_job_end(j, r, text);
}

void hws_files_balance(struct hws_files *f)
{
	bool hold = f->held ? f->queued > HOLD_BELOW : f->queued > HOLD_ABOVE;

	if (hold == f->held || !f->conf.hold || f->gone)
		return;
	f->held = hold;
	f->conf.hold(hold, f->conf.arg);
}

static struct hws_write_op *add_op(
		struct hws_job *j, enum hws_op_kind kind, uint32_t file, size_t bytes)
{
	struct hws_write_op *o = hws_alloc(sizeof(*o));

	if (!o) {
		fail(j, HWS_ERR_NOMEM, "out of memory");
		return NULL;
	}
	o->kind = kind;
	o->file = file;
	o->ready = true;
	o->extended = j->extended;
	o->cost = bytes + HWS_BLOCK_COST;
	j->queued += o->cost;
	j->f->queued += o->cost;
	hws_list_push(&j->ops, &o->node);
	return o;
}

/* --- what became of it --- */

static int resume_at(struct hws_job *j, uint32_t file, uint64_t offset)
{
	if (!j->resume_at && offset)
		j->resume_at = hws_alloc_array(j->count, sizeof(*j->resume_at));
	if (!j->resume_at)
		return offset ? HWS_ERR_NOMEM : HWS_OK;
	j->resume_at[file] = offset;
	return HWS_OK;
}

static void settle(struct hws_job *j)
{
	if (j->dead || j->state != HWS_JOB_RUNS || !j->heard_done || j->busy ||
			!hws_list_empty(&j->ops))
		return;
	if (j->extended && j->left)
		return;
	if (j->extended || j->f->conf.host)
		hws_say_done(j, j->extended ? j->count : (uint32_t)j->done_number);
	if (!j->extended && j->left) {
		/* a deployed reader counts only what it sent to its end */
		for (uint32_t i = 0; i < j->count; i++)
			if (j->mark[i] < HWS_MARK_SENT)
				hws_job_mark(j, i, HWS_MARK_FAILED);
	}
	hws_job_end(j, HWS_OK, NULL);
}

static void file_failed(struct hws_job *j, uint32_t file, int err, const char *text)
{
	if (j->mark[file] == HWS_MARK_FAILED)
		return;
	bool agreed = j->mark[file] == HWS_MARK_AGREED;

	hws_job_mark(j, file, HWS_MARK_FAILED);
	/* an error would end the job of a deployed host: of a file that it has not begun with it
	 * hears that it is left out, the rest of another one is passed over */
	if (j->extended || j->host)
		hws_say_error(j, file, err, text, true);
	else if (!agreed)
		hws_say_skip(j, file);
	hws_job_event(j, HWS_FILES_FILE_FAILED, file, err, text);
}

/* A run of files that are to come from their beginning. */
struct run {
	uint32_t file, count;
};

static void flush_run(struct hws_job *j, struct run *run)
{
	if (run->count)
		hws_say_confirm(j, run->file, run->count, 0);
	run->count = 0;
}

static void agree(struct hws_job *j, uint32_t file, uint64_t offset, struct run *run)
{
	if (resume_at(j, file, offset) < 0)
		offset = 0;
	hws_job_mark(j, file, HWS_MARK_AGREED);
	j->heard_done = j->heard_done && !j->extended;
	if (!j->extended && j->paused) {
		j->unsaid = true; /* a deployed reader sends once it hears that */
		j->current = file;
		return;
	}
	if (run && !offset && j->extended) {
		if (run->count && run->file + run->count != file)
			flush_run(j, run);
		if (!run->count)
			run->file = file;
		run->count++;
		return;
	}
	if (run)
		flush_run(j, run);
	hws_say_confirm(j, file, 1, offset);
}

void hws_write_unpause(struct hws_job *j)
{
	if (j->unsaid)
		hws_say_confirm(j, j->current, 1, j->resume_at ? j->resume_at[j->current] : 0);
	j->unsaid = false;
	if (j->extended && j->taken_cost != j->told_cost) {
		j->told_cost = j->taken_cost;
		hws_say_ack(j);
	}
}

static void leave_out(struct hws_job *j, uint32_t file)
{
	hws_say_skip(j, file);
	hws_job_mark(j, file, HWS_MARK_SKIPPED);
	hws_job_event(j, HWS_FILES_FILE_SKIPPED, file, HWS_OK, NULL);
	settle(j);
}

/* One file whose place has been looked at. */
static void found(
		struct hws_job *j, uint32_t file, const struct hws_writer_find *f, struct run *run)
{
	if (f->there == HWS_THERE_NOTHING) {
		agree(j, file, 0, run);
		return;
	}
	if (run)
		flush_run(j, run);
	if (j->f->conf.host) {
		/* the viewer decides */
		hws_job_mark(j, file, HWS_MARK_ASKED);
		hws_say_digest(j, file, f, false);
		return;
	}
	int answer = hws_job_policy(j, f);
	if (answer < 0)
		hws_job_ask(j, file, f);
	else if (answer == HWS_FILES_SKIP)
		leave_out(j, file);
	else
		agree(j, file, answer == HWS_FILES_RESUME ? f->partial : 0, run);
}

static void scan_more(struct hws_job *j);

static void finds_back(struct hws_job *j, struct hws_write_op *o)
{
	struct run run = { 0 };

	for (uint32_t i = 0; i < o->count && !j->dead; i++) {
		uint32_t file = o->file + i;

		if (j->mark[file] >= HWS_MARK_AGREED)
			continue;
		if (o->errors[i].code)
			file_failed(j, file, o->errors[i].code, o->errors[i].text);
		else
			found(j, file, &o->found[i], &run);
	}
	if (j->dead)
		return;
	flush_run(j, &run);
	if (o->kind == HWS_OP_SCAN)
		scan_more(j);
}

static void write_back(struct hws_job *j, struct hws_write_op *o)
{
	if (o->result == HWS_OK) {
		if (!o->done)
			return;
		hws_job_mark(j, o->file, HWS_MARK_SENT);
		hws_job_event(j, HWS_FILES_FILE_DONE, o->file, HWS_OK, NULL);
	} else if (o->result == HWS_ERR_AGAIN) {
		uint64_t size = hws_job_list(j)->entry[o->file].size;

		j->done -= HWS_MIN(j->done, size);
		agree(j, o->file, 0, NULL);
	} else if (o->result != HWS_ERR_CANCELED) {
		file_failed(j, o->file, o->result,
				o->errors ? o->errors->text : hws_err_text(o->result));
	}
}

static void ops_back(void *arg, int r)
{
	struct hws_job *j = arg;
	struct hws_list *node;

	if (hws_job_back(j))
		return;
	if (r < 0) {
		fail(j, r, hws_err_text(r));
		return;
	}
	j->looking = true; /* what is asked for meanwhile would stand in the same list */
	while (!j->dead && (node = hws_list_first(&j->under_way))) {
		struct hws_write_op *o = hws_container(node, struct hws_write_op, node);

		hws_list_remove(node);
		j->queued -= o->cost;
		j->f->queued -= o->cost;
		if (o->kind == HWS_OP_WRITE) {
			j->taken_cost += o->block_cost;
			write_back(j, o);
		} else if (o->kind == HWS_OP_FIND || o->kind == HWS_OP_SCAN) {
			finds_back(j, o);
		}
		hws_write_free_op(o);
	}
	j->looking = false;
	if (j->dead)
		return;
	if (j->extended && j->taken_cost != j->told_cost && !j->paused) {
		j->told_cost = j->taken_cost;
		hws_say_ack(j);
	}
	hws_files_balance(j->f);
	hws_write_run(j);
	settle(j);
}

void hws_write_run(struct hws_job *j)
{
	struct hws_list *node;
	size_t bytes = 0;
	/* what has come back is looked at first: ops_back calls again */
	if (j->busy || j->looking || j->dead || !j->writer || j->state != HWS_JOB_RUNS)
		return;
	while (bytes < TURN_BYTES && (node = hws_list_first(&j->ops))) {
		struct hws_write_op *o = hws_container(node, struct hws_write_op, node);

		if (!o->ready)
			break;
		hws_list_remove(node);
		hws_list_push(&j->under_way, node);
		bytes += o->cost;
	}
	if (bytes && hws_job_work(j, hws_write_run_ops, ops_back) < 0)
		fail(j, HWS_ERR_FULL, "too much is to be written at once");
}

/* --- the list --- */

static void add_find(
		struct hws_job *j, enum hws_op_kind kind, uint32_t file, uint32_t count, bool parts)
{
	struct hws_write_op *o = add_op(j, kind, file, 0);

	if (!o)
		return;
	o->count = count;
	o->parts = parts;
	o->found = hws_alloc_array(count, sizeof(*o->found));
	o->errors = hws_alloc_array(count, sizeof(*o->errors));
	if (!o->found || !o->errors)
		fail(j, HWS_ERR_NOMEM, "out of memory");
	else
		hws_write_run(j);
}

static void scan_more(struct hws_job *j)
{
	uint32_t n = HWS_MIN(j->count - j->scanned, SCAN_AT_ONCE), from = j->scanned;

	if (!n)
		return;
	j->scanned += n;
	add_find(j, HWS_OP_SCAN, from, n, true);
}

static int run_open(void *arg)
{
	struct hws_job *j = arg;

	return hws_writer_open(j->writer, j->first, &j->err);
}

static void opened(void *arg, int r)
{
	struct hws_job *j = arg;

	if (hws_job_back(j))
		return;
	if (r < 0) {
		/* a deployed host would wait for a confirmation for ever */
		if (!j->f->conf.host)
			hws_say_cancel(j);
		fail(j, r, j->err.code ? j->err.text : hws_err_text(r));
		return;
	}
	j->state = HWS_JOB_RUNS;
	hws_job_started(j);
	if (j->dead)
		return;
	for (uint32_t i = 0; i < j->first; i++) {
		j->done += hws_job_list(j)->entry[i].size;
		hws_job_mark(j, i, HWS_MARK_SENT);
	}
	j->scanned = j->first;
	if (j->extended)
		scan_more(j);
	hws_write_run(j);
	settle(j);
}

/* One entry of the other end's list. NULL: taken; else the reason why the job cannot be. */
static const char *take_entry(struct hws_job *j, const Ses__FileEntry *e, bool alone)
{
	char name[HWS_FILE_PATH_MAX + 1];

	if (j->list.count >= HWS_FILES_LIST_MAX)
		return "too many files";
	if (hws_name_from_wire(e->name, j->f->conf.peer_windows, name, sizeof(name)) < 0)
		return "invalid file name component";
	const char *why = hws_name_refusal(name, alone);
	if (why)
		return why;
	if (e->size > INT64_MAX || e->modified_time > INT64_MAX || e->modified_ns > 999999999u)
		return "a size or time is out of range";
	struct stat st = { .st_mode = e->mode & MODE_KNOWN ? e->mode & 0777 : 0,
		.st_size = (off_t)e->size,
		.st_mtim = { (time_t)e->modified_time, (long)e->modified_ns } };
	if (hws_listing_add(&j->list, name, SES__FILE_TYPE__File, &st) < 0)
		return "out of memory";
	j->list.entry[j->list.count - 1].allocated = e->allocated;
	return NULL;
}

void hws_write_entries(struct hws_job *j, Ses__FileEntry **entries, size_t n, bool more)
{
	struct hws_writer_conf c = { j->f->conf.roots, j->local, j->extended, j->f->conf.durable };

	if (j->state != HWS_JOB_LISTS)
		return;
	bool alone = n == 1 && !more && !j->list.count;
	for (size_t i = 0; i < n; i++) {
		const char *why = take_entry(j, entries[i], alone);

		if (!why)
			continue;
		if (!j->f->conf.host)
			hws_say_cancel(j);
		fail(j, HWS_ERR_DENIED, why);
		return;
	}
	if (more)
		return;
	j->total = j->list.bytes;
	int r = j->first > j->list.count ? HWS_ERR_RANGE : hws_job_set_count(j, j->list.count);
	if (r == HWS_OK)
		r = hws_writer_new(&c, &j->list, &j->writer);
	j->state = HWS_JOB_OPENS;
	if (r == HWS_OK)
		r = hws_job_work(j, run_open, opened);
	if (r < 0)
		fail(j, r, r == HWS_ERR_RANGE ? "Wrong file number" : hws_err_text(r));
}

/* --- what else comes --- */

void hws_write_digest(struct hws_job *j, const Ses__FileTransferDigest *d)
{
	uint32_t file = (uint32_t)d->file_num;

	if (d->is_upload || j->extended || j->state < HWS_JOB_OPENS)
		return;
	if (file >= j->count || d->file_size > INT64_MAX || d->last_modified > INT64_MAX) {
		fail(j, HWS_ERR_PROTO, "Wrong file number");
		return;
	}
	if (j->mark[file] >= HWS_MARK_AGREED)
		return;
	j->current = file;
	if (d->is_resume)
		j->resume = true;
	/* before the search, in its order: what this file is now */
	struct hws_write_op *o = add_op(j, HWS_OP_OFFERED, file, 0);
	if (!o)
		return;
	o->block.size = d->file_size;
	o->block.offset = d->last_modified;
	add_find(j, HWS_OP_FIND, file, 1, j->resume || d->is_resume);
}

void hws_write_confirm(struct hws_job *j, const Ses__FileTransferSendConfirmRequest *c)
{
	uint32_t file = (uint32_t)c->file_num;
	uint64_t offset = j->extended ? c->offset : c->offset_blk;

	if (!j->f->conf.host || j->state != HWS_JOB_RUNS || file >= j->count ||
			j->mark[file] > HWS_MARK_ASKED ||
			c->union_case == SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION__NOT_SET)
		return;
	if (c->union_case == SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION_SKIP && c->skip) {
		hws_job_mark(j, file, HWS_MARK_SKIPPED);
		settle(j);
		return;
	}
	if (c->union_case == SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION_SKIP)
		offset = 0;
	if ((j->extended && offset % HWS_BLOCK_MAX) || resume_at(j, file, offset) < 0) {
		file_failed(j, file, HWS_ERR_PROTO, "this is no place to go on from");
		return;
	}
	hws_job_mark(j, file, HWS_MARK_AGREED);
}

void hws_write_decided(struct hws_job *j, uint32_t file, enum hws_files_answer answer)
{
	uint64_t offset = answer == HWS_FILES_RESUME && j->resume_at ? j->resume_at[file] : 0;

	if (answer == HWS_FILES_SKIP)
		leave_out(j, file);
	else
		agree(j, file, j->extended ? offset : (uint32_t)offset, NULL);
}

static void fill_block(
		struct hws_write *w, const struct hws_job *j, const Ses__FileTransferBlock *b)
{
	w->file = (uint32_t)b->file_num;
	w->resume = j->resume_at ? j->resume_at[w->file] : 0;
	if (!j->extended) {
		w->last = !b->data.len && !b->compressed;
		return;
	}
	w->offset = b->offset;
	w->hole = b->hole;
	w->check = b->check;
	w->size = b->file_size;
	w->last = b->last;
	w->hashed = hws_hash_get(hws_bytes(b->hash.data, b->hash.len), &w->hash);
	if (!hws_hash_get(hws_bytes(b->file_hash.data, b->file_hash.len), &w->file_hash) && w->last)
		w->file_hash.low = ~w->file_hash.low; /* none is a wrong one */
}

static void unpack_elsewhere(struct hws_job *j, struct hws_write_op *o)
{
	struct hws_files *f = j->f;
	size_t max = j->extended ? HWS_BLOCK_MAX : HWS_BLOCK_UNPACKED_MAX;

	o->packed = false;
	o->ready = false;
	o->token = ++f->next_token;
	uint8_t *data = o->data; /* the answer may come at once, and take it away */
	o->data = NULL;
	bool asked = f->conf.unpack(hws_bytes(data, o->len), max, o->token, f->conf.arg);
	hws_free(data);
	if (!asked) {
		o->ready = true;
		o->len = 0;
		o->result = HWS_ERR_CORRUPT;
	}
}

bool hws_write_unpacked(struct hws_job *j, uint64_t token, int err, struct hws_bytes content)
{
	struct hws_list *node;

	hws_list_for (node, &j->ops) {
		struct hws_write_op *o = hws_container(node, struct hws_write_op, node);

		if (o->ready || o->token != token)
			continue;
		o->data = err < 0 ? NULL : hws_memdup(content.ptr, content.len);
		o->len = content.len;
		o->result = err < 0 ? err : o->data ? HWS_OK : HWS_ERR_NOMEM;
		o->ready = true;
		hws_write_run(j);
		return true;
	}
	return false;
}

void hws_write_block(struct hws_job *j, const Ses__FileTransferBlock *b)
{
	uint32_t file = (uint32_t)b->file_num;
	size_t cost = b->data.len + HWS_BLOCK_COST;
	struct hws_write_op *o;

	j->wire += b->data.len;
	if (j->state < HWS_JOB_OPENS || file >= j->count) {
		fail(j, HWS_ERR_PROTO, "Wrong file number");
		return;
	}
	/* an uploader of old decides alone that a file is written over */
	bool agreed = j->mark[file] == HWS_MARK_AGREED ||
			(!j->extended && (j->f->conf.host || j->f->conf.old_peer) &&
					j->mark[file] < HWS_MARK_AGREED);
	if (!agreed) {
		j->taken_cost += cost; /* the rest of what was given up */
		return;
	}
	if (j->f->queued + cost > QUEUE_MAX) {
		fail(j, HWS_ERR_FULL, "more came than can be written");
		return;
	}
	if (j->mark[file] != HWS_MARK_AGREED)
		hws_job_mark(j, file, HWS_MARK_AGREED);
	if (b->data.len > (j->extended ? HWS_BLOCK_MAX + 65536u : HWS_BLOCK_UNPACKED_MAX) ||
			!(o = add_op(j, HWS_OP_WRITE, file, b->data.len))) {
		if (!j->dead)
			fail(j, HWS_ERR_TOOBIG, "a block is too large");
		return;
	}
	o->block_cost = cost;
	fill_block(&o->block, j, b);
	j->current = file;
	j->done += b->hole + (b->compressed ? 0 : b->data.len);
	o->len = b->data.len;
	o->data = hws_memdup(b->data.data, b->data.len);
	if (b->data.len && !o->data) {
		fail(j, HWS_ERR_NOMEM, "out of memory");
		return;
	}
	o->packed = b->compressed;
	if (o->packed && j->f->conf.unpack)
		unpack_elsewhere(j, o);
	hws_files_balance(j->f);
	hws_write_run(j);
}

void hws_write_error(struct hws_job *j, const Ses__FileTransferError *e)
{
	uint32_t file = (uint32_t)e->file_num;
	int err = j->extended && e->code < 0 ? e->code : HWS_ERR_REFUSED;

	if (j->extended && e->goes_on && j->mark && file < j->count) {
		if (j->mark[file] >= HWS_MARK_SENT)
			return;
		hws_job_mark(j, file, HWS_MARK_FAILED);
		hws_job_event(j, HWS_FILES_FILE_FAILED, file, err, e->error);
		if (!j->dead && add_op(j, HWS_OP_STOP, file, 0))
			hws_write_run(j);
		return;
	}
	if (!j->extended && !strcmp(e->error, "skipped")) {
		hws_job_end(j, HWS_OK, NULL);
		return;
	}
	/* as deployed hosts: the same back, which ends the other's job */
	if (j->f->conf.host && !j->extended)
		hws_say_error(j, file, err, e->error, false);
	else if (!j->f->conf.host && !j->extended)
		hws_say_cancel(j);
	hws_job_end(j, err, e->error);
}

void hws_write_done(struct hws_job *j, const Ses__FileTransferDone *d)
{
	if (j->state < HWS_JOB_OPENS) {
		fail(j, HWS_ERR_PROTO, "the job ended before its list came");
		return;
	}
	j->heard_done = true;
	j->done_number = d->file_num;
	settle(j);
}
