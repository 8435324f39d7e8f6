/* Files are read in blocks, which a table holds from the moment they are wanted until their place
 * is needed for others. A read waits for its blocks; blocks that nobody has asked for yet come
 * ahead of who reads in order, be it within a file or from one small file to the next. */
#include "client/services/clipfiles/paster.h"
#include "client/services/clipfiles/blocks.h"
#include "client/services/clipfiles/formats.h"
#include "shared/base/clock.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <string.h>

#define LIST_US (30 * HWS_US_PER_S) /* for the list: the peer walks its folders first */
#define READS_MAX 256u
#define SMALL_FILES 16u /* that are fetched ahead of one that is read */

struct hws_clip_read {
	struct hws_list node;
	uint32_t index, len;
	uint64_t offset;
	bool started; /* its blocks have their places */
	bool *ended;  /* of the call that made it */
	hws_clip_read_fn *done;
	void *arg;
};

struct hws_clip_paster {
	struct hws_clip_paster_conf conf;
	struct hws_clip_list *list;
	uint64_t number; /* of an extended peer's list */
	bool asked;      /* for the list */
	uint64_t asked_us;
	struct hws_clip_blocks blocks;
	struct hws_list reads;
	unsigned read_count;
};

static int send_cliprdr(struct hws_clip_paster *p, Ses__Cliprdr *c)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_CLIPRDR;
	m.cliprdr = c;
	return p->conf.send(&m, p->conf.arg);
}

/* --- reads ------------------------------------------------------------------------------------ */

static uint64_t file_size(const struct hws_clip_paster *p, uint32_t index)
{
	return hws_clip_list_at(p->list, index)->size;
}

/* Takes it out and tells. */
static void finish(
		struct hws_clip_paster *p, struct hws_clip_read *read, int r, struct hws_bytes data)
{
	hws_clip_read_fn *done = read->done;
	void *arg = read->arg;

	hws_list_remove(&read->node);
	p->read_count--;
	if (read->ended)
		*read->ended = true;
	if (read->started)
		hws_clip_blocks_leave(&p->blocks, read->index, read->offset, read->len);
	hws_free(read);
	done(r, data, arg);
}

static void finish_all(struct hws_clip_paster *p, int r)
{
	struct hws_list *node, gone;

	/* What they call may ask for more, of which nothing is left then. */
	hws_list_init(&gone);
	while ((node = hws_list_first(&p->reads))) {
		hws_list_remove(node);
		hws_list_push(&gone, node);
	}
	while ((node = hws_list_first(&gone)))
		finish(p, hws_container(node, struct hws_clip_read, node), r,
				(struct hws_bytes){ 0 });
}

/* Not yet, its bytes, or why not. */
static int collect(struct hws_clip_paster *p, const struct hws_clip_read *read, uint8_t **ret)
{
	int r = hws_clip_blocks_state(&p->blocks, read->index, read->offset, read->len);

	if (r < 0)
		return r;
	*ret = hws_alloc(read->len + 1);
	if (!*ret)
		return HWS_ERR_NOMEM;
	hws_clip_blocks_copy(&p->blocks, read->index, read->offset, read->len, *ret);
	return HWS_OK;
}

/* True when a read has ended: what it called may have changed all else. */
static bool settle_one(struct hws_clip_paster *p)
{
	struct hws_list *node;

	hws_list_for (node, &p->reads) {
		struct hws_clip_read *read = hws_container(node, struct hws_clip_read, node);
		uint8_t *data = NULL;
		int r;

		if (!read->started) {
			r = hws_clip_blocks_want(&p->blocks, read->index, read->offset, read->len,
					file_size(p, read->index));
			read->started = r == HWS_OK;
			if (r < 0)
				continue; /* no place: others must end first */
		}
		r = collect(p, read, &data);
		if (r == HWS_ERR_AGAIN)
			continue;
		finish(p, read, r, hws_bytes(data, r == HWS_OK ? read->len : 0));
		hws_free(data);
		return true;
	}
	return false;
}

/* --- asking ----------------------------------------------------------------------------------- */

static int ask_block(struct hws_clip_paster *p, const struct hws_clip_block *b)
{
	Ses__CliprdrFileContentsRequest q = SES__CLIPRDR_FILE_CONTENTS_REQUEST__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;
	uint64_t offset = hws_clip_block_offset(&p->blocks, b);

	q.stream_id = b->stream;
	q.list_index = (int32_t)b->index;
	q.dw_flags = HWS_CLIP_ASK_RANGE;
	q.n_position_low = (int32_t)(uint32_t)offset;
	q.n_position_high = (int32_t)(uint32_t)(offset >> 32);
	q.cb_requested = (int32_t)b->want;
	if (p->conf.extended)
		q.list = p->number;
	c.union_case = SES__CLIPRDR__UNION_FILE_CONTENTS_REQUEST;
	c.file_contents_request = &q;
	return send_cliprdr(p, &c);
}

/* What could not be sent now is asked again when its time is over. */
static void ask_more(struct hws_clip_paster *p)
{
	struct hws_clip_block *b;

	while ((b = hws_clip_blocks_next(&p->blocks, p->conf.now_us(p->conf.arg))))
		if (ask_block(p, b) < 0)
			hws_debug("clipfiles.request_not_sent");
}

static void work(struct hws_clip_paster *p)
{
	while (settle_one(p))
		;
	ask_more(p);
}

static void look_ahead(struct hws_clip_paster *p, uint32_t index, uint64_t offset, uint32_t len)
{
	uint64_t size = file_size(p, index);
	unsigned n = 0;

	hws_clip_blocks_ahead(&p->blocks, index, offset, len, size);
	if (!p->conf.extended || offset + len < size)
		return;
	for (uint32_t i = index + 1; i < hws_clip_list_count(p->list) && n < SMALL_FILES; i++) {
		const struct hws_clip_entry *e = hws_clip_list_at(p->list, i);

		if (e->is_folder)
			continue;
		if (e->size > HWS_CLIP_BLOCK || !hws_clip_blocks_fetch(&p->blocks, i, e->size))
			break;
		n++;
	}
}

int hws_clip_paster_read(struct hws_clip_paster *p, uint32_t index, uint64_t offset, uint32_t len,
		hws_clip_read_fn *done, void *arg, struct hws_clip_read **ret)
{
	struct hws_clip_read *read;
	bool ended = false;

	*ret = NULL;
	if (!p->list || index >= hws_clip_list_count(p->list) ||
			hws_clip_list_at(p->list, index)->is_folder || len > HWS_CLIP_READ_MAX)
		return HWS_ERR_RANGE;
	uint64_t size = file_size(p, index);
	if (offset >= size || len == 0) {
		done(HWS_OK, (struct hws_bytes){ 0 }, arg);
		return HWS_OK;
	}
	if (p->read_count >= READS_MAX)
		return HWS_ERR_FULL;
	read = hws_alloc(sizeof(*read));
	if (!read)
		return HWS_ERR_NOMEM;
	*read = (struct hws_clip_read){ .index = index,
		.offset = offset,
		.len = (uint32_t)HWS_MIN((uint64_t)len, size - offset),
		.done = done,
		.arg = arg };
	hws_list_push(&p->reads, &read->node);
	p->read_count++;
	read->ended = &ended;
	read->started = hws_clip_blocks_want(&p->blocks, index, offset, read->len, size) == HWS_OK;
	if (read->started)
		look_ahead(p, index, offset, read->len);
	work(p); /* perhaps it ends by what is there already */
	if (!ended) {
		read->ended = NULL;
		*ret = read;
	}
	return HWS_OK;
}

void hws_clip_paster_cancel(struct hws_clip_paster *p, struct hws_clip_read *read)
{
	if (!read)
		return;
	hws_list_remove(&read->node);
	p->read_count--;
	if (read->started)
		hws_clip_blocks_leave(&p->blocks, read->index, read->offset, read->len);
	hws_free(read);
	work(p);
}

/* --- the list --------------------------------------------------------------------------------- */

static void forget(struct hws_clip_paster *p)
{
	struct hws_clip_list *list = p->list;

	p->asked = false;
	p->list = NULL; /* nothing can be asked for any more */
	finish_all(p, HWS_ERR_CANCELED);
	hws_clip_blocks_reset(&p->blocks);
	hws_clip_list_unref(list);
}

void hws_clip_paster_drop(struct hws_clip_paster *p)
{
	bool had = p->list != NULL;

	forget(p);
	if (had)
		p->conf.on_gone(p->conf.arg);
}

static void on_formats(struct hws_clip_paster *p, const Ses__CliprdrServerFormatList *l)
{
	Ses__CliprdrServerFormatDataRequest q = SES__CLIPRDR_SERVER_FORMAT_DATA_REQUEST__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;
	bool has_list = false, has_contents = false;

	for (size_t i = 0; i < l->n_formats; i++) {
		const char *name = l->formats[i]->format;

		if (hws_str_equal(name, HWS_CLIP_FORMAT_LIST_NAME)) {
			has_list = true;
			q.requested_format_id = l->formats[i]->id;
		} else if (hws_str_equal(name, HWS_CLIP_FORMAT_CONTENTS_NAME)) {
			has_contents = true;
		}
	}
	if (!has_list || !has_contents)
		return;
	hws_clip_paster_drop(p);
	p->number = l->list;
	if (p->conf.extended)
		q.list = p->number;
	c.union_case = SES__CLIPRDR__UNION_FORMAT_DATA_REQUEST;
	c.format_data_request = &q;
	p->asked = send_cliprdr(p, &c) == HWS_OK;
	p->asked_us = p->conf.now_us(p->conf.arg);
}

static void on_data(struct hws_clip_paster *p, const Ses__CliprdrServerFormatDataResponse *a)
{
	struct hws_error err = { 0 };
	struct hws_clip_list *list = NULL;
	int r;

	if (!p->asked || (p->conf.extended && a->list != p->number))
		return; /* of an older list */
	p->asked = false;
	if (a->msg_flags != HWS_CLIP_OK)
		r = hws_error_set(&err, HWS_ERR_DENIED, "the other side does not tell its list");
	else if (p->conf.extended)
		r = hws_clip_list_take(hws_bytes(a->entries.data, a->entries.len), &list, &err);
	else
		r = hws_clip_pdu_take(hws_bytes(a->format_data.data, a->format_data.len),
				p->conf.epoch, &list, &err);
	if (r == HWS_OK && hws_clip_list_count(list) == 0)
		r = hws_error_set(&err, HWS_ERR_NOTFOUND, "the list is empty");
	if (r < 0) {
		hws_clip_list_unref(list);
		p->conf.on_refused(err.text[0] ? err.text : hws_err_text(r), p->conf.arg);
		return;
	}
	p->list = list;
	p->conf.on_list(list, p->conf.arg);
}

bool hws_clip_paster_message(struct hws_clip_paster *p, const Ses__Cliprdr *m)
{
	const Ses__CliprdrFileContentsResponse *a = m->file_contents_response;

	switch (m->union_case) {
	case SES__CLIPRDR__UNION_FORMAT_LIST:
		on_formats(p, m->format_list);
		break;
	case SES__CLIPRDR__UNION_FORMAT_DATA_RESPONSE:
		on_data(p, m->format_data_response);
		break;
	case SES__CLIPRDR__UNION_FILE_CONTENTS_RESPONSE:
		hws_clip_blocks_answer(&p->blocks, a->stream_id, a->msg_flags == HWS_CLIP_OK,
				hws_bytes(a->requested_data.data, a->requested_data.len),
				p->conf.now_us(p->conf.arg));
		work(p);
		break;
	case SES__CLIPRDR__UNION_TRY_EMPTY:
		hws_clip_paster_drop(p);
		break;
	default:
		return false;
	}
	return true;
}

void hws_clip_paster_tick(struct hws_clip_paster *p)
{
	uint64_t now = p->conf.now_us(p->conf.arg);

	if (p->asked && now - p->asked_us > LIST_US) {
		p->asked = false;
		p->conf.on_refused("the other side did not tell its list within 30 s", p->conf.arg);
	}
	hws_clip_blocks_tick(&p->blocks, now);
	work(p);
}

bool hws_clip_paster_waits(const struct hws_clip_paster *p)
{
	return p->asked || p->read_count || hws_clip_blocks_busy(&p->blocks);
}

struct hws_clip_list *hws_clip_paster_list(const struct hws_clip_paster *p)
{
	return p->list;
}

/* --- life ------------------------------------------------------------------------------------- */

int hws_clip_paster_new(const struct hws_clip_paster_conf *conf, struct hws_clip_paster **ret)
{
	struct hws_clip_paster *p = hws_alloc(sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	p->conf = *conf;
	hws_list_init(&p->reads);
	hws_clip_blocks_init(&p->blocks, conf->extended);
	*ret = p;
	return HWS_OK;
}

void hws_clip_paster_free(struct hws_clip_paster *p)
{
	if (!p)
		return;
	forget(p);
	hws_clip_blocks_reset(&p->blocks);
	hws_free(p);
}
