/* What the engine says, in messages of the session protocol. Small ones wait in a queue of their
 * own when the line takes nothing: they go before all blocks, in their order. */
#include "client/services/files/job.h"
#include "client/services/files/names.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include <string.h>

#define OUT_MAX (64u << 20)
#define LIST_PART (512u << 10) /* of an extended job */
#define LIST_WHOLE (15u << 20) /* of others, which have one message for it */

static void drop(struct hws_out *o)
{
	hws_buf_done(&o->buf);
	hws_free(o);
}

void hws_files_put(struct hws_files *f, enum hws_files_family family, struct hws_buf *message)
{
	struct hws_bytes b = hws_buf_bytes(message);

	if (f->gone || !b.len) {
		hws_buf_done(message);
		return;
	}
	int r = hws_list_empty(&f->out)
			? f->conf.send(family, b, (struct hws_bytes){ 0 }, f->conf.arg)
			: HWS_ERR_FULL;
	struct hws_out *o = r == HWS_ERR_FULL && f->out_bytes + b.len <= OUT_MAX
			? hws_alloc(sizeof(*o))
			: NULL;
	if (!o) {
		hws_buf_done(message);
		return;
	}
	o->family = family;
	o->buf = *message;
	f->out_bytes += b.len;
	hws_list_push(&f->out, &o->node);
}

bool hws_files_flush(struct hws_files *f)
{
	struct hws_list *node;

	while ((node = hws_list_first(&f->out))) {
		struct hws_out *o = hws_container(node, struct hws_out, node);
		struct hws_bytes b = hws_buf_bytes(&o->buf);

		if (f->conf.send(o->family, b, (struct hws_bytes){ 0 }, f->conf.arg) ==
				HWS_ERR_FULL)
			return false;
		f->out_bytes -= b.len;
		hws_list_remove(node);
		drop(o);
	}
	return true;
}

void hws_files_drop_out(struct hws_files *f)
{
	struct hws_list *node;

	while ((node = hws_list_first(&f->out))) {
		hws_list_remove(node);
		drop(hws_container(node, struct hws_out, node));
	}
}

static void put_message(struct hws_files *f, const Ses__Message *m)
{
	struct hws_buf b;

	hws_buf_init(&b, HWS_SES_FRAME_MAX);
	if (hws_ses_pack(m, &b) < 0) {
		hws_buf_done(&b);
		return;
	}
	hws_files_put(f,
			m->union_case == SES__MESSAGE__UNION_FILE_ACTION ? HWS_FILES_ACTION
									 : HWS_FILES_RESPONSE,
			&b);
}

static void respond(struct hws_files *f, Ses__FileResponse *r)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = r;
	put_message(f, &m);
}

static void act(struct hws_files *f, Ses__FileAction *a)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = a;
	put_message(f, &m);
}

static void say_error(struct hws_files *f, Ses__FileTransferError *e)
{
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;

	r.union_case = SES__FILE_RESPONSE__UNION_ERROR;
	r.error = e;
	respond(f, &r);
}

void hws_say_error(struct hws_job *j, uint32_t file, int err, const char *text, bool goes_on)
{
	Ses__FileTransferError e = SES__FILE_TRANSFER_ERROR__INIT;

	e.id = j->id;
	e.error = (char *)(uintptr_t)text;
	e.file_num = (int32_t)file;
	e.goes_on = j->extended && goes_on;
	e.code = j->extended ? err : 0;
	say_error(j->f, &e);
}

void hws_say_error_id(struct hws_files *f, int32_t id, int32_t file, int err, const char *text)
{
	Ses__FileTransferError e = SES__FILE_TRANSFER_ERROR__INIT;

	e.id = id;
	e.error = (char *)(uintptr_t)text;
	e.file_num = file;
	e.code = f->conf.extended ? err : 0;
	say_error(f, &e);
}

void hws_say_done(struct hws_job *j, uint32_t file)
{
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;
	Ses__FileTransferDone d = SES__FILE_TRANSFER_DONE__INIT;

	d.id = j->id;
	d.file_num = (int32_t)file;
	if (j->extended) {
		d.failed = j->failed;
		d.skipped = j->skipped;
	}
	r.union_case = SES__FILE_RESPONSE__UNION_DONE;
	r.done = &d;
	respond(j->f, &r);
}

void hws_say_ack(struct hws_job *j)
{
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;
	Ses__FileTransferAck a = SES__FILE_TRANSFER_ACK__INIT;

	a.id = j->id;
	a.taken = j->taken_cost;
	a.window = HWS_BLOCK_WINDOW;
	r.union_case = SES__FILE_RESPONSE__UNION_ACK;
	r.ack = &a;
	respond(j->f, &r);
}

static void say_confirm(struct hws_job *j, Ses__FileTransferSendConfirmRequest *c)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;

	c->id = j->id;
	a.union_case = SES__FILE_ACTION__UNION_SEND_CONFIRM;
	a.send_confirm = c;
	act(j->f, &a);
}

void hws_say_confirm(struct hws_job *j, uint32_t file, uint32_t count, uint64_t offset)
{
	Ses__FileTransferSendConfirmRequest c = SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__INIT;

	c.file_num = (int32_t)file;
	c.union_case = SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION_OFFSET_BLK;
	c.offset_blk = (uint32_t)offset;
	if (j->extended) {
		c.offset = offset;
		c.count = count > 1 ? count : 0;
	}
	say_confirm(j, &c);
}

void hws_say_skip(struct hws_job *j, uint32_t file)
{
	Ses__FileTransferSendConfirmRequest c = SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__INIT;

	c.file_num = (int32_t)file;
	c.union_case = SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION_SKIP;
	c.skip = true;
	say_confirm(j, &c);
}

void hws_say_cancel(struct hws_job *j)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileTransferCancel c = SES__FILE_TRANSFER_CANCEL__INIT;

	c.id = j->id;
	a.union_case = SES__FILE_ACTION__UNION_CANCEL;
	a.cancel = &c;
	act(j->f, &a);
}

void hws_say_digest(
		struct hws_job *j, uint32_t file, const struct hws_writer_find *there, bool offers)
{
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;
	Ses__FileTransferDigest d = SES__FILE_TRANSFER_DIGEST__INIT;

	d.id = j->id;
	d.file_num = (int32_t)file;
	d.last_modified = there->modified;
	d.file_size = there->size;
	d.modified_ns = j->extended ? there->modified_ns : 0;
	if (offers) {
		d.is_resume = !j->f->conf.host && j->resume;
	} else {
		d.is_upload = true;
		d.is_identical = there->identical;
		d.transferred_size = there->partial;
	}
	r.union_case = SES__FILE_RESPONSE__UNION_DIGEST;
	r.digest = &d;
	respond(j->f, &r);
}

void hws_say_send(struct hws_job *j)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileTransferSendRequest s = SES__FILE_TRANSFER_SEND_REQUEST__INIT;

	j->asked_list = true;
	s.id = j->id;
	s.path = j->remote;
	s.include_hidden = j->hidden;
	s.file_num = (int32_t)j->first;
	s.extended = j->extended;
	a.union_case = SES__FILE_ACTION__UNION_SEND;
	a.send = &s;
	act(j->f, &a);
}

static size_t part_end(const struct hws_job *j, const struct hws_listing *l, size_t from)
{
	size_t max = j->extended ? LIST_PART : LIST_WHOLE, bytes = HWS_FILE_WIRE_MAX, n = from;

	while (n < l->count && n - from < HWS_SES_FILES_MAX) {
		bytes += 3 * strlen(l->entry[n].name) + 64;
		if (bytes > max && n > from)
			break;
		n++;
	}
	return n;
}

/* A name of ours that its peer can have; one that says its folders by its own separator. */
static int for_windows(Ses__FileEntry **entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t room = 2 * strlen(entries[i]->name) + 8;
		char *name = hws_realloc_array(NULL, room, 1);

		if (!name || hws_name_to_windows(entries[i]->name, name, room) < 0) {
			hws_free(name);
			return HWS_ERR_NOMEM;
		}
		hws_free(entries[i]->name);
		entries[i]->name = name;
	}
	return HWS_OK;
}

/* One part of a list. */
struct part {
	Ses__FileEntry **entries;
	size_t n;
	bool more;
	/* of the last part */
	uint32_t cut;
	Ses__FileUnread **unread;
	size_t unread_n;
};

static int pack_receive(const struct hws_job *j, const struct part *p, struct hws_buf *out)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileTransferReceiveRequest q = SES__FILE_TRANSFER_RECEIVE_REQUEST__INIT;

	q.id = j->id;
	q.path = j->remote;
	q.files = p->entries;
	q.n_files = p->n;
	q.file_num = (int32_t)j->first;
	q.total_size = hws_reader_listing(j->reader)->bytes;
	q.extended = j->extended;
	q.more = p->more;
	q.cut = p->cut;
	q.unread = p->unread;
	q.n_unread = p->unread_n;
	a.union_case = SES__FILE_ACTION__UNION_RECEIVE;
	a.receive = &q;
	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = &a;
	return hws_ses_pack(&m, out);
}

static int pack_dir(const struct hws_job *j, const struct part *p, struct hws_buf *out)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;
	Ses__FileDirectory d = SES__FILE_DIRECTORY__INIT;

	d.id = j->id;
	d.path = j->remote;
	d.entries = p->entries;
	d.n_entries = p->n;
	d.more = p->more;
	d.cut = p->cut;
	d.unread = p->unread;
	d.n_unread = p->unread_n;
	r.union_case = SES__FILE_RESPONSE__UNION_DIR;
	r.dir = &d;
	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = &r;
	return hws_ses_pack(&m, out);
}

static int add_unread(const struct hws_listing *l, struct part *p)
{
	int r = hws_unread_pack(l, &p->unread);

	if (r < 0)
		return r;
	p->unread_n = (size_t)r;
	p->cut = (uint32_t)HWS_MIN(l->skipped, (size_t)UINT32_MAX);
	return HWS_OK;
}

int hws_say_list(const struct hws_job *j, const struct hws_listing *l, size_t from, bool receive,
		struct hws_buf *out, size_t *ret_next)
{
	size_t next = part_end(j, l, from);
	struct part p = { .n = next - from, .more = next < l->count };

	if (!j->extended && p.more)
		return HWS_ERR_TOOBIG;
	int r = hws_listing_entries(l, from, next, j->extended, &p.entries);
	if (r < 0)
		return r;
	if (receive && j->peer_windows)
		r = for_windows(p.entries, p.n);
	if (r == HWS_OK && j->extended && !p.more && l->skipped)
		r = add_unread(l, &p);
	if (r == HWS_OK)
		r = receive ? pack_receive(j, &p, out) : pack_dir(j, &p, out);
	hws_listing_entries_free(p.entries, p.n);
	hws_unread_free(p.unread, p.unread_n);
	*ret_next = next;
	return r;
}
