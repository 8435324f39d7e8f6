/* The reading end of a job. The worker lists, then fills one batch of blocks while the other is
 * being sent; the loop only decides what is sent when. Towards deployed peers one file is offered
 * after the other, each waiting for its confirmation; between hawser ends confirmations come for
 * many files ahead, and a window keeps what is on its way from growing where the other end writes
 * slowly. */
#include "client/services/files/job.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/wire/limits.h"
#include <string.h>

static uint64_t cost_of(const struct hws_batch_item *i)
{
	return i->data_len + HWS_BLOCK_COST;
}

/* --- the list --- */

static int run_list(void *arg)
{
	struct hws_job *j = arg;
	int r = hws_reader_list(j->reader, &j->err);
	const struct hws_listing *l = hws_reader_listing(j->reader);

	for (size_t at = 0, next = 0; r == HWS_OK && (at < l->count || !at); at = next) {
		struct hws_out *o = hws_alloc(sizeof(*o));

		if (!o)
			return HWS_ERR_NOMEM;
		hws_buf_init(&o->buf, HWS_SES_FRAME_MAX);
		o->family = j->host ? HWS_FILES_RESPONSE : HWS_FILES_ACTION;
		hws_list_push(&j->lists, &o->node);
		r = hws_say_list(j, l, at, !j->host, &o->buf, &next);
		if (!l->count)
			break;
	}
	if (r < 0 && !j->err.code)
		hws_error_set(&j->err, r, "the list of files cannot be sent: %s", hws_err_text(r));
	return r;
}

static void send_lists(struct hws_job *j)
{
	struct hws_list *node;

	while ((node = hws_list_first(&j->lists))) {
		struct hws_out *o = hws_container(node, struct hws_out, node);

		hws_list_remove(node);
		hws_files_put(j->f, o->family, &o->buf);
		hws_free(o);
	}
}

static int order(struct hws_job *j, uint32_t file, uint32_t count, bool offer, uint64_t offset)
{
	if (j->orders == j->order_room) {
		size_t room = j->order_room ? 2 * j->order_room : 16;
		void *p = room > HWS_FILES_LIST_MAX
				? NULL
				: hws_realloc_array(j->order, room, sizeof(*j->order));

		if (!p)
			return HWS_ERR_FULL;
		j->order = p;
		j->order_room = room;
	}
	j->order[j->orders++] = (struct hws_reader_order){ file, count, offer, offset };
	hws_read_refill(j);
	return HWS_OK;
}

/* All files are sent, left out or failed. */
static void settle(struct hws_job *j)
{
	if (j->dead || j->left || j->told_done || j->state != HWS_JOB_RUNS)
		return;
	bool host = j->f->conf.host;

	j->told_done = true;
	if (!j->extended && j->count == 1 && j->skipped == 1)
		hws_say_error_id(j->f, j->id, 1, HWS_OK, "skipped");
	else
		hws_say_done(j, j->count);
	if (!j->extended && host)
		hws_job_end(j, HWS_OK, NULL);
}

/* The next file of a job without decisions ahead. */
static void offer_next(struct hws_job *j, uint32_t file)
{
	if (j->extended)
		return;
	j->current = file;
	if (file < j->count && order(j, file, 1, true, 0) < 0)
		hws_job_end(j, HWS_ERR_NOMEM, "out of memory");
}

static void listed(void *arg, int r)
{
	struct hws_job *j = arg;

	if (hws_job_back(j))
		return;
	const struct hws_listing *l = hws_reader_listing(j->reader);
	if (r == HWS_OK)
		r = hws_job_set_count(j, l->count);
	if (r == HWS_OK && j->first > l->count)
		r = hws_error_set(&j->err, HWS_ERR_RANGE, "Wrong file number");
	if (r < 0) {
		if (j->f->conf.host)
			hws_say_error(j, 0, r, j->err.code ? j->err.text : hws_err_text(r), false);
		hws_job_end(j, r, j->err.code ? j->err.text : hws_err_text(r));
		return;
	}
	send_lists(j);
	j->total = l->bytes;
	for (uint32_t i = 0; i < j->first; i++) {
		j->done += l->entry[i].size;
		hws_job_mark(j, i, HWS_MARK_SENT);
	}
	j->state = HWS_JOB_RUNS;
	hws_job_started(j);
	if (j->dead)
		return;
	if (j->f->conf.old_peer && !j->extended) {
		for (uint32_t i = j->first; i < j->count; i++)
			hws_job_mark(j, i, HWS_MARK_AGREED);
		if (j->left && order(j, j->first, j->left, false, 0) < 0)
			hws_job_end(j, HWS_ERR_NOMEM, "out of memory");
		else
			settle(j);
		return;
	}
	if (j->left)
		offer_next(j, j->first);
	settle(j);
}

int hws_read_start(struct hws_job *j)
{
	struct hws_reader_conf c = {
		.roots = j->f->conf.roots,
		.id = j->id,
		.path = j->local,
		.hidden = j->hidden,
		.extended = j->extended,
		.max_files = j->f->conf.max_files,
	};
	int r = hws_reader_new(&c, &j->reader);

	j->window = HWS_BLOCK_WINDOW_FIRST;
	return r < 0 ? r : hws_job_work(j, run_list, listed);
}

/* --- decisions of the other end --- */

static void skip(struct hws_job *j, uint32_t file)
{
	if (j->mark[file] == HWS_MARK_SENT || j->mark[file] == HWS_MARK_SKIPPED)
		return;
	hws_job_mark(j, file, HWS_MARK_SKIPPED);
	hws_job_event(j, HWS_FILES_FILE_SKIPPED, file, HWS_OK, NULL);
	offer_next(j, file + 1);
	settle(j);
}

static void agree(struct hws_job *j, uint32_t file, uint32_t count, uint64_t offset)
{
	for (uint32_t i = file; i < file + count; i++)
		hws_job_mark(j, i, HWS_MARK_AGREED);
	j->told_done = false;
	if (order(j, file, count, false, offset) < 0) {
		hws_job_end(j, HWS_ERR_NOMEM, "out of memory");
		return;
	}
	j->current = file;
}

void hws_read_confirm(struct hws_job *j, const Ses__FileTransferSendConfirmRequest *c)
{
	uint32_t file = (uint32_t)c->file_num, count = j->extended && c->count ? c->count : 1;
	bool is_skip = c->union_case == SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION_SKIP;

	if (j->state != HWS_JOB_RUNS || file >= j->count || count > j->count - file ||
			c->union_case == SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION__NOT_SET)
		return;
	/* as deployed readers: only what was offered last */
	if (!j->extended && (file != j->current || j->mark[file] > HWS_MARK_ASKED))
		return;
	if (is_skip && c->skip) {
		for (uint32_t i = file; i < file + count && !j->dead; i++)
			skip(j, i);
		return;
	}
	for (uint32_t i = file; i < file + count; i++)
		if (j->mark[i] == HWS_MARK_AGREED || j->mark[i] == HWS_MARK_FAILED)
			return; /* it is on its way, or cannot come */
	uint64_t offset = is_skip ? 0 : j->extended ? c->offset : c->offset_blk;
	if (j->extended && offset % HWS_BLOCK_MAX)
		return;
	agree(j, file, count, offset);
}

void hws_read_decided(struct hws_job *j, uint32_t file, enum hws_files_answer answer)
{
	uint64_t offset = answer == HWS_FILES_RESUME && j->resume_at ? j->resume_at[file] : 0;

	if (answer == HWS_FILES_SKIP) {
		hws_say_skip(j, file);
		skip(j, file);
		return;
	}
	if (!j->extended)
		offset = (uint32_t)offset;
	hws_say_confirm(j, file, 1, offset);
	agree(j, file, 1, offset);
}

void hws_read_digest(struct hws_job *j, const Ses__FileTransferDigest *d)
{
	struct hws_writer_find there = {
		.there = d->transferred_size ? HWS_THERE_PART : HWS_THERE_FILE,
		.size = d->file_size,
		.modified = d->last_modified,
		.modified_ns = d->modified_ns,
		.partial = d->transferred_size,
		.identical = d->is_identical,
	};
	uint32_t file = (uint32_t)d->file_num;

	if (j->f->conf.host || !d->is_upload || j->state != HWS_JOB_RUNS || file >= j->count ||
			j->mark[file] != HWS_MARK_NEW || (!j->extended && file != j->current))
		return;
	if (there.partial > hws_job_list(j)->entry[file].size ||
			(j->extended && there.partial % HWS_BLOCK_MAX))
		there.partial = 0;
	int answer = hws_job_policy(j, &there);
	if (answer < 0) {
		hws_job_ask(j, file, &there);
		return;
	}
	if (answer == HWS_FILES_RESUME && !j->resume_at &&
			!(j->resume_at = hws_alloc_array(j->count, sizeof(*j->resume_at)))) {
		answer = HWS_FILES_OVERWRITE;
	}
	if (answer == HWS_FILES_RESUME)
		j->resume_at[file] = there.partial;
	hws_read_decided(j, file, (enum hws_files_answer)answer);
}

void hws_read_error(struct hws_job *j, const Ses__FileTransferError *e)
{
	uint32_t file = (uint32_t)e->file_num;

	if (!j->extended || !e->goes_on || file >= j->count || !j->mark) {
		/* of a deployed host: its job goes on, and would keep a file open */
		if (!j->f->conf.host)
			hws_say_cancel(j);
		hws_job_end(j, j->extended && e->code < 0 ? e->code : HWS_ERR_REFUSED, e->error);
		return;
	}
	if (j->mark[file] == HWS_MARK_FAILED)
		return;
	hws_job_mark(j, file, HWS_MARK_FAILED);
	hws_job_event(j, HWS_FILES_FILE_FAILED, file, e->code < 0 ? e->code : HWS_ERR_REFUSED,
			e->error);
	uint32_t *drop = hws_realloc_array(j->drop, j->drops + 1, sizeof(*drop));
	if (drop) {
		j->drop = drop;
		j->drop[j->drops++] = file;
	}
	settle(j);
}

/* Files of which the writer has taken all, which is said behind what went wrong with them. */
static void tell_kept(struct hws_job *j, uint64_t cost)
{
	while (!j->dead && j->sent_from < j->sent_count && j->sent[j->sent_from].cost <= cost) {
		uint32_t file = j->sent[j->sent_from++].file;

		if (j->mark[file] == HWS_MARK_SENT)
			hws_job_event(j, HWS_FILES_FILE_DONE, file, HWS_OK, NULL);
	}
	if (j->sent_from == j->sent_count)
		j->sent_from = j->sent_count = 0;
}

void hws_read_done(struct hws_job *j, const Ses__FileTransferDone *d)
{
	if (!j->told_done || (j->f->conf.host && !j->extended))
		return;
	tell_kept(j, UINT64_MAX);
	if (j->extended && d->failed > j->failed)
		j->failed = d->failed;
	hws_job_end(j, HWS_OK, NULL);
}

void hws_read_ack(struct hws_job *j, const Ses__FileTransferAck *a)
{
	if (!j->extended || a->taken < j->acked_cost || a->taken > j->sent_cost)
		return;
	j->acked_cost = a->taken;
	j->window = HWS_MIN(a->window, (uint64_t)HWS_BLOCK_WINDOW * 4);
	tell_kept(j, j->acked_cost);
	hws_files_wake(j->f);
}

/* --- blocks --- */

static void run_done(void *arg, int r)
{
	struct hws_job *j = arg;

	if (hws_job_back(j))
		return;
	if (r < 0) {
		hws_say_error(j, j->current, r, hws_err_text(r), false);
		hws_job_end(j, r, hws_err_text(r));
		return;
	}
	j->ready[j->filling] = j->batch[j->filling].count > 0;
	hws_read_refill(j);
	hws_files_wake(j->f);
}

static int run_reader(void *arg)
{
	struct hws_job *j = arg;

	return hws_reader_run(j->reader, &j->batch[j->filling]);
}

static void release(struct hws_job *j)
{
	if (!j->active)
		return;
	hws_batch_done(&j->batch[0]);
	hws_batch_done(&j->batch[1]);
	j->active = false;
	j->f->active--;
	hws_files_wake(j->f);
}

void hws_read_refill(struct hws_job *j)
{
	int r = HWS_OK;

	if (j->busy || j->dead || !j->reader || j->state != HWS_JOB_RUNS)
		return;
	for (size_t i = 0; i < j->orders && r == HWS_OK; i++)
		r = hws_reader_add(j->reader, &j->order[i]);
	j->orders = 0;
	for (size_t i = 0; i < j->drops; i++)
		hws_reader_drop(j->reader, j->drop[i]);
	j->drops = 0;
	if (r < 0) {
		hws_job_end(j, r, "out of memory");
		return;
	}
	if (!hws_reader_busy(j->reader)) {
		if (!j->ready[0] && !j->ready[1])
			release(j);
		return;
	}
	unsigned slot = j->ready[j->sending] ? !j->sending : j->sending;
	if (j->ready[slot] || j->paused || (!j->active && j->f->active >= HWS_FILES_ACTIVE))
		return;
	if (!j->active) {
		j->active = true;
		j->f->active++;
	}
	j->filling = slot;
	hws_reader_pack(j->reader, j->f->packs);
	if (hws_job_work(j, run_reader, run_done) < 0)
		hws_job_end(j, HWS_ERR_FULL, "too much is to be read at once");
}

static void item_error(struct hws_job *j, const struct hws_batch_item *i)
{
	if (j->mark[i->file] == HWS_MARK_FAILED)
		return;
	/* deployed readers count on before they say it */
	hws_say_error(j, j->extended ? i->file : i->file + 1, i->err, i->text, true);
	hws_job_mark(j, i->file, HWS_MARK_FAILED);
	if (!j->extended) {
		hws_job_end(j, i->err, i->text);
		return;
	}
	hws_job_event(j, HWS_FILES_FILE_FAILED, i->file, i->err, i->text);
	settle(j);
}

static void item_offer(struct hws_job *j, const struct hws_batch_item *i)
{
	struct hws_writer_find f = {
		.size = i->size, .modified = i->modified, .modified_ns = i->modified_ns
	};

	hws_say_digest(j, i->file, &f, true);
}

/* A file has been sent to its end. For a viewer between hawser ends that is not enough: the host
 * may not be able to keep it. What a host has read it has read. */
static void item_last(struct hws_job *j, uint32_t file)
{
	hws_job_mark(j, file, HWS_MARK_SENT);
	if (!j->extended || j->host) {
		hws_job_event(j, HWS_FILES_FILE_DONE, file, HWS_OK, NULL);
		return;
	}
	if (j->sent_count == j->sent_room) {
		size_t room = j->sent_room ? 2 * j->sent_room : 64;
		void *p = hws_realloc_array(j->sent, room, sizeof(*j->sent));

		if (!p) {
			hws_say_cancel(j);
			hws_job_end(j, HWS_ERR_NOMEM, "out of memory");
			return;
		}
		j->sent = p;
		j->sent_room = room;
	}
	j->sent[j->sent_count++] = (struct hws_sent_file){ file, j->sent_cost };
}

static int item_block(struct hws_job *j, const struct hws_batch *b, const struct hws_batch_item *i)
{
	struct hws_files *f = j->f;
	uint32_t file = i->file;
	bool last = i->last;

	int r = f->conf.send(HWS_FILES_RESPONSE, hws_bytes(i->head, i->head_len),
			hws_bytes(b->data + i->data_at, i->data_len), f->conf.arg);
	if (r < 0)
		return r;
	j->sent_cost += cost_of(i);
	j->wire += i->data_len;
	f->sent_bytes += i->data_len;
	j->done += i->content;
	if (last && j->mark[file] == HWS_MARK_AGREED) {
		item_last(j, file);
		if (!j->dead && (!f->conf.old_peer || j->extended))
			offer_next(j, file + 1);
	}
	return HWS_OK;
}

static bool may_send(const struct hws_job *j, const struct hws_batch_item *i)
{
	return i->what != HWS_BATCH_BLOCK || !j->extended ||
			j->sent_cost + cost_of(i) <= j->acked_cost + j->window;
}

bool hws_read_pump(struct hws_job *j)
{
	struct hws_batch *b = &j->batch[j->sending];

	if (j->dead || j->paused || j->state != HWS_JOB_RUNS || !j->ready[j->sending])
		return false;
	const struct hws_batch_item *i = &b->item[b->sent];
	bool stale = j->mark[i->file] == HWS_MARK_FAILED;
	if (!stale && !may_send(j, i))
		return false;
	if (!stale && i->what == HWS_BATCH_BLOCK && item_block(j, b, i) < 0)
		return false;
	bool over = i->what == HWS_BATCH_BLOCK && i->last;
	b->sent++;
	if (b->sent == b->count) {
		j->ready[j->sending] = false;
		j->sending = !j->sending;
	}
	if (!stale && i->what == HWS_BATCH_OFFER)
		item_offer(j, i);
	else if (!stale && i->what == HWS_BATCH_ERROR)
		item_error(j, i);
	if (!j->dead)
		hws_read_refill(j);
	if (over && !j->dead)
		settle(j);
	return true;
}
