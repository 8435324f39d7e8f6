/* Entries and tags of an address book in the console. Passwords go in and never come out here. */
#include "admin/api/books.h"
#include "admin/api/bulk.h"
#include "admin/api/presence.h"
#include "admin/api/reach.h"
#include "admin/data/devices.h"
#include "admin/data/rules.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>

/* --- out -------------------------------------------------------------------------------------- */

/* What a device says of itself stands in for what nobody wrote, for those who may reach it. */
static int ask_device(struct adi_work *w, const struct dat_entry *e, struct dat_device *ret)
{
	const char *account = adi_book_account(adi_who(w->q));
	struct adi_settings s;
	struct dat_access a;
	int r;

	if (!e->known || (*e->hostname && *e->platform) || !*account)
		return HWS_OK;
	adi_app_settings(w->app, w->c, &s);
	r = dat_access_check(w->c, account, e->id, !s.require_login, w->app->conf->unowned_open,
			adi_now(), &a);
	if (r == HWS_OK && a.allowed)
		r = dat_device_find(w->c, e->id, ret);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static json_t *out_entry(struct adi_work *w, const struct dat_entry *e, int *ret_r)
{
	json_t *tags = adi_entry_tag_array(w->c, e->guid, ret_r), *o;
	struct dat_device d = { .hostname = "" };
	bool online = e->known && adi_now() - e->seen_at < ADI_WRITTEN_MS;

	if (!tags)
		return NULL;
	*ret_r = ask_device(w, e, &d);
	if (*ret_r < 0) {
		json_decref(tags);
		return NULL;
	}
	o = json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:b,s:s,s:s,s:s,s:b,s:b,s:I,s:I,s:I}", "guid",
			e->guid, "id", e->id, "alias", e->alias, "note", e->note, "tags", tags,
			"login_name", e->login_name, "force_relay", (int)e->force_relay, "hostname",
			*e->hostname ? e->hostname : d.hostname, "username", e->username,
			"platform", *e->platform ? e->platform : adi_os_platform(d.os),
			"has_password", (int)e->has_password, "online", (int)online, "deleted_at",
			(json_int_t)e->deleted_at, "created_at", (json_int_t)e->created_at,
			"updated_at", (json_int_t)e->updated_at);
	*ret_r = o ? HWS_OK : HWS_ERR_NOMEM;
	return o;
}

static bool query_is_true(const struct htp_request *q, const char *name)
{
	return hws_str_equal(adi_v1_query(q, name), "true");
}

static int do_list(struct adi_work *w)
{
	struct adi_entries entries = { .row = NULL };
	struct dat_entry_filter f = { .search = adi_v1_query(w->q, "q"),
		.tag = adi_v1_query(w->q, "tag"),
		.bin = query_is_true(w->q, "deleted"),
		.order = w->column == 1 ? DAT_ENTRY_BY_ALIAS : DAT_ENTRY_BY_ID };
	struct dat_book b;
	int r = adi_v1_open_book(w, "book", DAT_BOOK_READ, &b);

	f.book_guid = b.guid;
	if (r == HWS_OK)
		r = dat_entry_list(w->c, &f, w->page, adi_entries_add, &entries, &w->total);
	for (size_t i = 0; i < entries.n && r == HWS_OK; i++) {
		json_t *o = out_entry(w, &entries.row[i], &r);

		if (r == HWS_OK)
			r = adi_work_add(w->out, o);
	}
	adi_entries_done(&entries);
	return r;
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "id", "alias", NULL };

	adi_work_list(q, reply, app, "book", columns, do_list);
}

static int open_entry(struct adi_work *w, enum dat_book_right need, struct dat_book *ret_book,
		struct dat_entry *ret)
{
	int r = adi_v1_open_book(w, "book", need, ret_book);

	return r == HWS_OK ? dat_entry_get(w->c, ret_book->guid, htp_param(w->q, "guid"), ret) : r;
}

static int do_get(struct adi_work *w)
{
	struct dat_book b;
	struct dat_entry e;
	int r = open_entry(w, DAT_BOOK_READ, &b, &e);

	if (r == HWS_OK)
		w->out = out_entry(w, &e, &r);
	return r;
}

static void get(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "entry", do_get);
}

/* --- in --------------------------------------------------------------------------------------- */

/* Of a body that the description has checked. */
static void read_body(const json_t *o, struct adi_entry_in *in)
{
	struct dat_entry_change *ch = &in->change;
	const json_t *tags = json_object_get(o, "tags"), *tag;
	size_t i;

	*in = (struct adi_entry_in){ .change = { DAT_ENTRY_CHANGE } };
	ch->id = adi_in_text(o, "id");
	ch->alias = adi_in_text(o, "alias");
	ch->note = adi_in_text(o, "note");
	ch->login_name = adi_in_text(o, "login_name");
	ch->password = adi_in_text(o, "password");
	ch->force_relay = adi_in_bool(o, "force_relay");
	if (!tags)
		return;
	json_array_foreach (tags, i, tag)
		in->tags[i] = json_string_value(tag);
	ch->tags = in->tags;
	ch->n_tags = json_array_size(tags);
}

static int read_back(struct adi_work *w, const struct dat_book *b, const char *id, const char *kind)
{
	struct dat_entry e;
	int r = dat_entry_find(w->c, b->guid, id, &e);

	if (r == HWS_OK)
		w->out = out_entry(w, &e, &r);
	/* what somebody notes for themselves is nobody's business */
	if (r == HWS_OK && !b->personal)
		adi_did(&w->did, kind, "book", b->guid, b->name);
	return r;
}

static int put(struct adi_work *w, const struct dat_book *b, const struct dat_entry_change *ch)
{
	int r = dat_entry_put(w->c, w->app->keys, b->guid, ch, adi_now());

	if (r == HWS_ERR_FULL)
		r = adi_work_refuse(w, ADI_IN_USE, NULL, "The address book is full.");
	else if (r == HWS_ERR_EXISTS)
		r = adi_work_refuse(w, ADI_EXISTS, "id", "The book has that device already.");
	return r;
}

static int do_add(struct adi_work *w)
{
	struct adi_entry_in in;
	struct dat_entry e;
	struct dat_book b;
	int r = adi_v1_open_book(w, "book", DAT_BOOK_WRITE, &b);

	read_body(w->q->json, &in);
	if (r == HWS_OK && dat_entry_find(w->c, b.guid, in.change.id, &e) == HWS_OK)
		r = adi_work_refuse(w, ADI_EXISTS, "id", "The book has that device already.");
	if (r == HWS_OK)
		r = put(w, &b, &in.change);
	return r == HWS_OK ? read_back(w, &b, in.change.id, "book.entry.add") : r;
}

static void add(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "entry", 201, do_add);
}

static int do_change(struct adi_work *w)
{
	struct adi_entry_in in;
	struct dat_book b;
	struct dat_entry e;
	int r = open_entry(w, DAT_BOOK_WRITE, &b, &e);

	read_body(w->q->json, &in);
	if (r == HWS_OK && e.deleted_at)
		r = adi_work_refuse(w, ADI_IN_USE, NULL, "It is in the bin; restore it first.");
	if (r == HWS_OK)
		r = adi_v1_unchanged(w->q, w->reply, e.updated_at);
	if (r < 0)
		return r;
	if (in.change.id && !hws_str_equal(in.change.id, e.id))
		in.change.new_id = in.change.id;
	in.change.id = e.id;
	r = put(w, &b, &in.change);
	return r == HWS_OK ? read_back(w, &b, in.change.new_id ? in.change.new_id : e.id,
					     "book.entry.change")
			   : r;
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "entry", 200, do_change);
}

/* Into the bin; what is there already goes for good. */
static int drop(struct adi_work *w, const struct dat_book *b, const struct dat_entry *e)
{
	return e->deleted_at ? dat_entry_purge(w->c, b->guid, e->guid)
			     : dat_entry_delete(w->c, b->guid, e->id, adi_now());
}

static int do_remove(struct adi_work *w)
{
	struct dat_book b;
	struct dat_entry e;
	int r = open_entry(w, DAT_BOOK_WRITE, &b, &e);

	if (r == HWS_OK)
		r = drop(w, &b, &e);
	if (r == HWS_OK && !b.personal)
		adi_did(&w->did, e.deleted_at ? "book.bin.remove" : "book.entry.remove", "book",
				b.guid, b.name);
	return r;
}

static void remove_entry(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "entry", 204, do_remove);
}

/* --- many ------------------------------------------------------------------------------------- */

struct many {
	struct adi_work *w;
	struct dat_book book;
	const char *action, *tag;
	struct adi_bulk bulk;
};

/* All its tags but one, or with it. */
static int retag(struct many *m, const struct dat_entry *e, bool on)
{
	struct dat_entry_change ch = { DAT_ENTRY_CHANGE };
	const char *tags[DAT_ENTRY_TAGS_MAX + 1];
	json_t *had, *tag;
	size_t i;
	int r;

	had = adi_entry_tag_array(m->w->c, e->guid, &r);
	json_array_foreach (had, i, tag) {
		if (!hws_str_equal(json_string_value(tag), m->tag) &&
				ch.n_tags < DAT_ENTRY_TAGS_MAX)
			tags[ch.n_tags++] = json_string_value(tag);
	}
	if (on)
		tags[ch.n_tags++] = m->tag;
	ch.id = e->id;
	ch.tags = tags;
	if (r == HWS_OK)
		r = dat_entry_put(m->w->c, m->w->app->keys, m->book.guid, &ch, adi_now());
	json_decref(had);
	return r;
}

static int act(struct many *m, const struct dat_entry *e)
{
	if (hws_str_equal(m->action, "delete"))
		return drop(m->w, &m->book, e);
	if (hws_str_equal(m->action, "restore"))
		return dat_entry_restore(m->w->c, m->book.guid, e->guid);
	return retag(m, e, hws_str_equal(m->action, "tag_add"));
}

static const char *text_of(const struct many *m, const struct dat_entry *e)
{
	if (hws_str_equal(m->action, "delete"))
		return e->deleted_at ? "removed for good" : "put into the bin";
	if (hws_str_equal(m->action, "restore"))
		return "restored";
	return hws_str_equal(m->action, "tag_add") ? "tag set" : "tag taken off";
}

/* NULL: it can be done. */
static const char *refusal(struct many *m, const struct dat_entry *e)
{
	struct dat_entry live;

	if (hws_str_equal(m->action, "delete"))
		return NULL;
	if (!hws_str_equal(m->action, "restore"))
		return e->deleted_at ? "It is in the bin." : NULL;
	if (!e->deleted_at)
		return "It is not in the bin.";
	return dat_entry_find(m->w->c, m->book.guid, e->id, &live) == HWS_OK
			? "The book has that device already."
			: NULL;
}

static int do_one(struct many *m, const struct dat_entry *e)
{
	const char *name = *e->alias ? e->alias : e->id, *no = refusal(m, e);
	int r = HWS_OK;

	if (no)
		return adi_bulk_refuse(&m->bulk, e->guid, name, "in_use", no);
	if (!m->bulk.dry_run)
		r = act(m, e);
	if (r == HWS_ERR_FULL)
		return adi_bulk_refuse(&m->bulk, e->guid, name, "in_use", "It has too many tags.");
	return r == HWS_OK ? adi_bulk_change(&m->bulk, e->guid, name, text_of(m, e)) : r;
}

/* Those that the body names, or that its filter finds; all are read before anything is done. */
static int choose(struct many *m, struct adi_entries *ret)
{
	const json_t *body = m->w->q->json, *guids = json_object_get(body, "guids"), *guid;
	const json_t *filter = json_object_get(body, "filter");
	struct dat_entry_filter f = { .book_guid = m->book.guid,
		.search = adi_in_text(filter, "q"),
		.tag = adi_in_text(filter, "tag"),
		.bin = adi_in_bool(filter, "deleted") == 1 };
	struct dat_page page = { .limit = DAT_PAGE_MAX };
	struct dat_entry e;
	int64_t total = 0;
	size_t i;
	int r = HWS_OK;

	if (filter) {
		do {
			r = dat_entry_list(m->w->c, &f, page, adi_entries_add, ret, &total);
			page.offset += page.limit;
		} while (r == HWS_OK && (int64_t)page.offset < total);
		return r;
	}
	json_array_foreach (guids, i, guid) {
		r = dat_entry_get(m->w->c, m->book.guid, json_string_value(guid), &e);
		if (r == HWS_OK)
			r = adi_entries_add(&e, ret);
		else if (r == HWS_ERR_NOTFOUND)
			r = adi_bulk_refuse(&m->bulk, json_string_value(guid), "", "not_found",
					"There is no such entry.");
		if (r < 0)
			return r;
	}
	return HWS_OK;
}

static int do_many(struct adi_work *w)
{
	struct many m = { .w = w,
		.action = adi_in_text(w->q->json, "action"),
		.tag = adi_in_text(w->q->json, "tag") };
	struct adi_entries entries = { .row = NULL };
	int r = adi_v1_open_book(w, "book", DAT_BOOK_WRITE, &m.book);

	if (r < 0)
		return r;
	if (!m.tag && (hws_str_equal(m.action, "tag_add") || hws_str_equal(m.action, "tag_remove")))
		return adi_work_refuse(w, ADI_BAD_FIELD, "tag", "Which tag?");
	r = adi_bulk_init(&m.bulk, w->q->json);
	if (r == HWS_OK)
		r = choose(&m, &entries);
	for (size_t i = 0; i < entries.n && r == HWS_OK; i++)
		r = do_one(&m, &entries.row[i]);
	if (r == HWS_OK)
		w->out = adi_bulk_out(&m.bulk);
	if (r == HWS_OK && !m.bulk.dry_run && m.bulk.count && !m.book.personal)
		adi_did(&w->did, "book.entry.bulk", "book", m.book.guid, m.book.name);
	adi_bulk_done(&m.bulk);
	adi_entries_done(&entries);
	return r;
}

static void many(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "entry", 200, do_many);
}

/* --- tags ------------------------------------------------------------------------------------- */

static json_t *out_tag(const char *name, int64_t color, int64_t entries)
{
	char text[8];

	/* what shows through is for clients */
	(void)snprintf(text, sizeof(text), "#%06x", (unsigned)(color & 0xffffff));
	return json_pack("{s:s,s:s,s:I}", "name", name, "color", text, "entries",
			(json_int_t)entries);
}

static int keep_tag(const char *name, int64_t color, void *arg)
{
	return adi_work_add(arg, json_pack("{s:s,s:I}", "name", name, "color", (json_int_t)color));
}

static int do_list_tags(struct adi_work *w)
{
	json_t *all = json_array(), *tag;
	struct dat_book b;
	int64_t n = 0;
	size_t i;
	int r = adi_v1_open_book(w, "book", DAT_BOOK_READ, &b);

	/* a book has no more than some hundred */
	if (r == HWS_OK)
		r = dat_tag_list(w->c, b.guid, keep_tag, all);
	w->total = (int64_t)json_array_size(all);
	json_array_foreach (all, i, tag) {
		if (r == HWS_OK && i >= w->page.offset && i < w->page.offset + w->page.limit) {
			r = dat_tag_count(w->c, b.guid, adi_in_text(tag, "name"), &n);
			if (r == HWS_OK)
				r = adi_work_add(w->out,
						out_tag(adi_in_text(tag, "name"),
								adi_in_int(tag, "color", 0), n));
		}
	}
	json_decref(all);
	return r;
}

static void list_tags(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_list(q, reply, app, "book", NULL, do_list_tags);
}

struct sought {
	const char *name;
	int64_t color; /* -1 = not found */
};

static int seek_tag(const char *name, int64_t color, void *arg)
{
	struct sought *s = arg;

	if (hws_str_equal(name, s->name))
		s->color = color;
	return HWS_OK;
}

static int do_put_tag(struct adi_work *w)
{
	const char *color = adi_in_text(w->q->json, "color");
	const char *to = adi_in_text(w->q->json, "rename");
	struct sought s = { htp_param(w->q, "tag"), -1 };
	struct dat_book b;
	int64_t n = 0;
	int r = adi_v1_open_book(w, "book", DAT_BOOK_WRITE, &b);

	if (r == HWS_OK) /* opaque */
		r = dat_tag_put(w->c, b.guid, s.name,
				color ? 0xff000000LL | strtoll(color + 1, NULL, 16) : -1);
	if (r == HWS_ERR_FULL)
		return adi_work_refuse(w, ADI_IN_USE, NULL, "The book has too many tags.");
	if (r == HWS_OK && to && !hws_str_equal(to, s.name)) {
		r = dat_tag_rename(w->c, b.guid, s.name, to);
		s.name = to;
	}
	if (r == HWS_OK)
		r = dat_tag_list(w->c, b.guid, seek_tag, &s);
	if (r == HWS_OK)
		r = dat_tag_count(w->c, b.guid, s.name, &n);
	if (r < 0)
		return r;
	w->out = out_tag(s.name, s.color, n);
	if (!b.personal)
		adi_did(&w->did, "book.tag.set", "book", b.guid, b.name);
	return HWS_OK;
}

static void put_tag(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "tag", 200, do_put_tag);
}

static int do_remove_tag(struct adi_work *w)
{
	struct dat_book b;
	int r = adi_v1_open_book(w, "book", DAT_BOOK_WRITE, &b);

	if (r == HWS_OK)
		r = dat_tag_remove(w->c, b.guid, htp_param(w->q, "tag"));
	if (r == HWS_OK && !b.personal)
		adi_did(&w->did, "book.tag.remove", "book", b.guid, b.name);
	return r;
}

static void remove_tag(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "tag", 204, do_remove_tag);
}

static const struct adi_call calls[] = {
	{ "listBookEntries", list, HTP_POOL_COMMON, 0 },
	{ "addBookEntry", add, HTP_POOL_COMMON, 0 },
	{ "getBookEntry", get, HTP_POOL_COMMON, 0 },
	{ "changeBookEntry", change, HTP_POOL_COMMON, 0 },
	{ "removeBookEntry", remove_entry, HTP_POOL_COMMON, 0 },
	{ "changeEntries", many, HTP_POOL_COMMON, 0 },
	{ "listBookTags", list_tags, HTP_POOL_COMMON, 0 },
	{ "putBookTag", put_tag, HTP_POOL_COMMON, 0 },
	{ "removeBookTag", remove_tag, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_entries = { calls, HWS_COUNT(calls) };
