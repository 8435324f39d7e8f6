/* One file is read at a time and its answer sent before the next: the peer's requests are answered
 * in their order, and memory holds one range. */
#include "client/services/clipfiles/owner.h"
#include "client/services/clipfiles/formats.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <string.h>

#define WAITING_MAX 256u

struct request {
	struct hws_list node;
	int32_t stream;
	uint32_t index; /* in the tree */
	uint64_t offset;
	uint32_t len;
};

struct job {
	struct hws_clip_owner *owner; /* NULL: gone meanwhile */
	struct hws_clip_tree *tree;
	struct request q;
	size_t got;
	int r;
	uint8_t data[];
};

struct hws_clip_owner {
	struct hws_clip_owner_conf conf;
	struct hws_clip_tree *tree; /* NULL: nothing is offered */
	uint64_t number;            /* of the list; counts all */
	uint32_t *map;              /* the peer's index -> ours, once it has the list */
	uint32_t told;              /* entries that the peer knows */
	uint8_t *seen;              /* a bit for each entry whose reading was said */
	bool files_told;
	struct hws_list waiting;
	unsigned waiting_count;
	struct job *job;   /* on a worker */
	struct job *ready; /* read, and not sent yet */
};

static void pump(struct hws_clip_owner *o);

static int send_cliprdr(struct hws_clip_owner *o, Ses__Cliprdr *c)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_CLIPRDR;
	m.cliprdr = c;
	return o->conf.send(&m, o->conf.arg);
}

/* --- the list --------------------------------------------------------------------------------- */

static void drop_waiting(struct hws_clip_owner *o)
{
	struct hws_list *node;

	while ((node = hws_list_first(&o->waiting))) {
		hws_list_remove(node);
		hws_free(hws_container(node, struct request, node));
	}
	o->waiting_count = 0;
}

static void free_job(struct job *j)
{
	if (!j)
		return;
	hws_clip_tree_unref(j->tree);
	hws_free(j);
}

static void forget(struct hws_clip_owner *o)
{
	drop_waiting(o);
	free_job(o->ready);
	o->ready = NULL;
	if (o->job)
		o->job->owner = NULL;
	o->job = NULL;
	hws_clip_tree_unref(o->tree);
	o->tree = NULL;
	hws_free(o->map);
	hws_free(o->seen);
	o->map = NULL;
	o->seen = NULL;
	o->told = 0;
	o->files_told = false;
}

int hws_clip_owner_offer(struct hws_clip_owner *o, struct hws_clip_tree *t)
{
	Ses__CliprdrFormat list = SES__CLIPRDR_FORMAT__INIT, contents = SES__CLIPRDR_FORMAT__INIT;
	Ses__CliprdrFormat *both[] = { &list, &contents };
	Ses__CliprdrServerFormatList formats = SES__CLIPRDR_SERVER_FORMAT_LIST__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;
	uint32_t n = hws_clip_list_count(hws_clip_tree_list(t));

	forget(o);
	o->map = hws_alloc_array(n + 1, sizeof(*o->map));
	o->seen = hws_alloc(n / 8 + 1);
	if (!o->map || !o->seen) {
		forget(o);
		return HWS_ERR_NOMEM;
	}
	o->tree = hws_clip_tree_ref(t);
	o->number++;
	list.id = HWS_CLIP_FORMAT_LIST;
	list.format = (char *)HWS_CLIP_FORMAT_LIST_NAME;
	contents.id = HWS_CLIP_FORMAT_CONTENTS;
	contents.format = (char *)HWS_CLIP_FORMAT_CONTENTS_NAME;
	formats.n_formats = HWS_COUNT(both);
	formats.formats = both;
	if (o->conf.extended)
		formats.list = o->number;
	c.union_case = SES__CLIPRDR__UNION_FORMAT_LIST;
	c.format_list = &formats;
	return send_cliprdr(o, &c);
}

void hws_clip_owner_withdraw(struct hws_clip_owner *o, bool tell)
{
	Ses__CliprdrTryEmpty empty = SES__CLIPRDR_TRY_EMPTY__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;
	bool had = o->tree != NULL;

	forget(o);
	c.union_case = SES__CLIPRDR__UNION_TRY_EMPTY;
	c.try_empty = &empty;
	if (had && tell && send_cliprdr(o, &c) < 0)
		hws_debug("clipfiles.withdrawal_not_told");
}

static void tell_list(struct hws_clip_owner *o, const Ses__CliprdrServerFormatDataRequest *q)
{
	Ses__CliprdrServerFormatDataResponse a = SES__CLIPRDR_SERVER_FORMAT_DATA_RESPONSE__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;
	struct hws_buf out;

	hws_buf_init(&out, HWS_CLIP_LIST_BYTES_MAX);
	a.msg_flags = HWS_CLIP_FAILED;
	if (o->tree && q->requested_format_id == HWS_CLIP_FORMAT_LIST &&
			(!o->conf.extended || q->list == o->number)) {
		const struct hws_clip_list *l = hws_clip_tree_list(o->tree);

		o->told = hws_clip_list_count(l);
		if (o->conf.extended)
			hws_clip_list_put(l, &out);
		else
			o->told = hws_clip_pdu_put(l, o->conf.epoch, o->map, &out);
		if (hws_buf_err(&out) == HWS_OK)
			a.msg_flags = HWS_CLIP_OK;
	}
	if (a.msg_flags == HWS_CLIP_OK) {
		ProtobufCBinaryData *place = o->conf.extended ? &a.entries : &a.format_data;

		place->data = out.data + out.start;
		place->len = hws_buf_len(&out);
	}
	if (o->conf.extended)
		a.list = q->list;
	c.union_case = SES__CLIPRDR__UNION_FORMAT_DATA_RESPONSE;
	c.format_data_response = &a;
	if (send_cliprdr(o, &c) < 0)
		hws_debug("clipfiles.list_not_told");
	hws_buf_done(&out);
}

/* --- contents --------------------------------------------------------------------------------- */

static int answer(struct hws_clip_owner *o, int32_t stream, bool ok, const void *data, size_t len)
{
	Ses__CliprdrFileContentsResponse a = SES__CLIPRDR_FILE_CONTENTS_RESPONSE__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;

	a.msg_flags = ok ? HWS_CLIP_OK : HWS_CLIP_FAILED;
	a.stream_id = stream;
	a.requested_data.data = (uint8_t *)data;
	a.requested_data.len = len;
	c.union_case = SES__CLIPRDR__UNION_FILE_CONTENTS_RESPONSE;
	c.file_contents_response = &a;
	return send_cliprdr(o, &c);
}

static void refuse(struct hws_clip_owner *o, int32_t stream)
{
	if (answer(o, stream, false, NULL, 0) < 0)
		hws_debug("clipfiles.refusal_not_sent");
}

static void tell_files(struct hws_clip_owner *o)
{
	const struct hws_clip_list *l = hws_clip_tree_list(o->tree);
	uint32_t count = hws_clip_list_count(l), n = 0;
	Ses__CliprdrFile *file = hws_alloc_array(count, sizeof(*file));
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
	Ses__CliprdrFile **list = hws_alloc_array(count, sizeof(*list));
	char *names = hws_alloc_array(count, HWS_CLIP_SHOWN_PATH);
	Ses__CliprdrFiles files = SES__CLIPRDR_FILES__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;

	for (uint32_t i = 0; file && list && names && i < count; i++) {
		const struct hws_clip_entry *e = hws_clip_list_at(l, i);

		if (e->is_folder)
			continue;
		ses__cliprdr_file__init(&file[n]);
		file[n].name = hws_clip_shown_path(names + (size_t)n * HWS_CLIP_SHOWN_PATH,
				hws_clip_tree_path(o->tree, i));
		file[n].size = e->size;
		list[n] = &file[n];
		n++;
	}
	files.n_files = n;
	files.files = list;
	c.union_case = SES__CLIPRDR__UNION_FILES;
	c.files = &files;
	if (n && send_cliprdr(o, &c) < 0)
		hws_debug("clipfiles.files_not_told");
	hws_free(file);
	hws_free(list);
	hws_free(names);
}

static void note_read(struct hws_clip_owner *o, uint32_t index)
{
	uint8_t bit = (uint8_t)(1u << index % 8);

	if (o->conf.tells_files && !o->files_told) {
		o->files_told = true;
		tell_files(o);
	}
	if (o->seen[index / 8] & bit)
		return;
	o->seen[index / 8] |= bit;
	if (o->conf.on_read)
		o->conf.on_read(o->tree, index, o->conf.arg);
}

/* True when nothing more of it is to be done. */
static bool send_ready(struct hws_clip_owner *o)
{
	struct job *j = o->ready;
	int r = j->r == HWS_OK ? answer(o, j->q.stream, true, j->data, j->got)
			       : answer(o, j->q.stream, false, NULL, 0);

	if (r == HWS_ERR_FULL)
		return false;
	o->ready = NULL;
	free_job(j);
	return true;
}

static int run_read(void *arg)
{
	struct job *j = arg;

	j->r = hws_clip_tree_read(j->tree, j->q.index, j->q.offset, j->data, j->q.len, &j->got);
	return HWS_OK;
}

static void on_read_done(void *arg, int r)
{
	struct job *j = arg;
	struct hws_clip_owner *o = j->owner;

	if (!o) {
		free_job(j);
		return;
	}
	o->job = NULL;
	if (r < 0)
		j->r = r;
	/* an offset at the end is the end; one beyond it has been told apart by the tree */
	if (j->r < 0)
		hws_debug("clipfiles.not_read", HWS_ERR("why", j->r));
	else
		note_read(o, j->q.index);
	o->ready = j;
	pump(o);
}

static void start_read(struct hws_clip_owner *o, const struct request *q)
{
	struct job *j = hws_alloc(sizeof(*j) + q->len);

	if (j) {
		j->owner = o;
		j->tree = hws_clip_tree_ref(o->tree);
		j->q = *q;
		if (hws_work_submit(o->conf.work, o->conf.loop, run_read, on_read_done, j) ==
				HWS_OK) {
			o->job = j;
			return;
		}
		free_job(j);
	}
	refuse(o, q->stream);
}

static bool has_room(const struct hws_clip_owner *o)
{
	return !o->conf.can_send || o->conf.can_send(o->conf.arg);
}

static void pump(struct hws_clip_owner *o)
{
	struct hws_list *node;

	while (!o->job) {
		if (o->ready && (!has_room(o) || !send_ready(o)))
			return;
		node = hws_list_first(&o->waiting);
		if (!node)
			return;
		struct request *q = hws_container(node, struct request, node);
		hws_list_remove(node);
		o->waiting_count--;
		start_read(o, q);
		hws_free(q);
	}
}

/* Size requests need no disk: the size is that of the list. */
static void answer_size(struct hws_clip_owner *o, int32_t stream, uint32_t index)
{
	uint64_t size = hws_clip_list_at(hws_clip_tree_list(o->tree), index)->size;
	uint8_t le[8];

	for (unsigned i = 0; i < 8; i++)
		le[i] = (uint8_t)(size >> 8 * i);
	if (answer(o, stream, true, le, sizeof(le)) < 0)
		hws_debug("clipfiles.size_not_told");
}

/* False: no file that the peer may ask for. */
static bool find_file(const struct hws_clip_owner *o, const Ses__CliprdrFileContentsRequest *q,
		uint32_t *ret)
{
	if (!o->tree || q->list_index < 0 || (uint32_t)q->list_index >= o->told ||
			(o->conf.extended && q->list != o->number))
		return false;
	*ret = o->conf.extended ? (uint32_t)q->list_index : o->map[q->list_index];
	return !hws_clip_list_at(hws_clip_tree_list(o->tree), *ret)->is_folder;
}

static void take_request(struct hws_clip_owner *o, const Ses__CliprdrFileContentsRequest *q)
{
	uint32_t index, len = (uint32_t)q->cb_requested;
	struct request *n;

	if (!find_file(o, q, &index)) {
		refuse(o, q->stream_id);
		return;
	}
	if (q->dw_flags == HWS_CLIP_ASK_SIZE) {
		answer_size(o, q->stream_id, index);
		return;
	}
	n = q->dw_flags == HWS_CLIP_ASK_RANGE && len <= HWS_CLIP_RANGE_MAX &&
					o->waiting_count < WAITING_MAX
			? hws_alloc(sizeof(*n))
			: NULL;
	if (!n) {
		refuse(o, q->stream_id);
		return;
	}
	/* both halves are unsigned, whatever their type says */
	*n = (struct request){ .stream = q->stream_id,
		.index = index,
		.offset = (uint64_t)(uint32_t)q->n_position_high << 32 |
				(uint32_t)q->n_position_low,
		.len = len };
	hws_list_push(&o->waiting, &n->node);
	o->waiting_count++;
	pump(o);
}

bool hws_clip_owner_message(struct hws_clip_owner *o, const Ses__Cliprdr *m)
{
	if (m->union_case == SES__CLIPRDR__UNION_FORMAT_DATA_REQUEST)
		tell_list(o, m->format_data_request);
	else if (m->union_case == SES__CLIPRDR__UNION_FILE_CONTENTS_REQUEST)
		take_request(o, m->file_contents_request);
	else
		return false;
	return true;
}

void hws_clip_owner_drained(struct hws_clip_owner *o)
{
	pump(o);
}

/* --- life ------------------------------------------------------------------------------------- */

int hws_clip_owner_new(const struct hws_clip_owner_conf *conf, struct hws_clip_owner **ret)
{
	struct hws_clip_owner *o = hws_alloc(sizeof(*o));

	if (!o)
		return HWS_ERR_NOMEM;
	o->conf = *conf;
	hws_list_init(&o->waiting);
	*ret = o;
	return HWS_OK;
}

void hws_clip_owner_free(struct hws_clip_owner *o)
{
	if (!o)
		return;
	forget(o);
	hws_free(o);
}
