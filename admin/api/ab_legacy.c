/* api/ab_legacy: clients before 1.2.3-2 read and write the personal book as one text of JSON inside
 * JSON. They know nothing of notes and of passwords, and do not send them: what comes is taken as
 * what changed against what they were given. */
#include "admin/api/books.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

/* --- out -------------------------------------------------------------------------------------- */

static int read_all(struct sql_conn *c, const char *guid, struct adi_entries *ret)
{
	struct dat_entry_filter f = { .book_guid = guid };
	struct dat_page page = { .limit = DAT_PAGE_MAX };
	int64_t total = 0;
	int r;

	do {
		r = dat_entry_list(c, &f, page, adi_entries_add, ret, &total);
		page.offset += page.limit;
	} while (r == HWS_OK && (int64_t)page.offset < total);
	return r;
}

/* The members that these clients know, in the order they have them. */
static json_t *legacy_object(
		struct adi_app *a, struct sql_conn *c, const struct dat_entry *e, int *ret_r)
{
	static const char *const hidden[] = { "password", "device_group_name", "note",
		"same_server" };
	json_t *o = adi_entry_object(a, c, e, ret_r);

	for (size_t i = 0; i < HWS_COUNT(hidden) && o; i++)
		(void)json_object_del(o, hidden[i]);
	return o;
}

struct tags {
	json_t *names, *colors;
};

static int add_tag(const char *name, int64_t color, void *arg)
{
	const struct tags *t = arg;

	return json_array_append_new(t->names, json_string(name)) < 0 ||
					json_object_set_new(t->colors, name,
							json_integer((json_int_t)color)) < 0
			? HWS_ERR_NOMEM
			: HWS_OK;
}

/* The text inside; NULL: *ret_r says why. Freed with free(). */
static char *inner_text(struct adi_app *a, struct sql_conn *c, const char *guid, int *ret_r)
{
	struct tags t = { json_array(), json_object() };
	struct adi_entries entries = { .row = NULL };
	json_t *peers = json_array(), *all = NULL;
	char *colors = NULL, *text = NULL;

	*ret_r = t.names && t.colors && peers ? dat_tag_list(c, guid, add_tag, &t) : HWS_ERR_NOMEM;
	if (*ret_r == HWS_OK)
		*ret_r = read_all(c, guid, &entries);
	for (size_t i = 0; i < entries.n && *ret_r == HWS_OK; i++)
		json_array_append_new(peers, legacy_object(a, c, &entries.row[i], ret_r));
	if (*ret_r == HWS_OK) {
		colors = json_dumps(t.colors, JSON_COMPACT);
		all = colors ? json_pack("{s:O,s:O,s:s}", "tags", t.names, "peers", peers,
					       "tag_colors", colors)
			     : NULL;
		text = all ? json_dumps(all, JSON_COMPACT) : NULL;
		*ret_r = text ? HWS_OK : HWS_ERR_NOMEM;
	}
	adi_entries_done(&entries);
	free(colors);
	json_decref(all);
	json_decref(t.names);
	json_decref(t.colors);
	json_decref(peers);
	return text;
}

static int open_personal(struct sql_conn *c, const struct htp_request *q, struct dat_book *ret)
{
	const char *account = adi_book_account(adi_who(q));
	char guid[DAT_GUID_TEXT];
	int r = *account ? dat_book_personal(c, account, adi_now(), guid) : HWS_ERR_NOTFOUND;

	return r == HWS_OK ? dat_book_get(c, guid, account, ret) : r;
}

void adi_ab_legacy_get(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *app = arg;
	struct sql_conn *c;
	struct dat_book b;
	char *text = NULL;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = open_personal(c, q, &b);
	if (r == HWS_OK)
		text = inner_text(app, c, b.guid, &r);
	sql_give(c);
	if (r < 0)
		adi_fail(reply, r, "address book");
	else
		htp_reply_json(reply, json_pack("{s:s}", "data", text));
	free(text);
}

/* --- in --------------------------------------------------------------------------------------- */

/* What is there by id, to see what is gone and what is as it was. */
static json_t *by_id(struct adi_app *a, struct sql_conn *c, const char *guid, int *ret_r)
{
	struct adi_entries entries = { .row = NULL };
	json_t *all = json_object();

	*ret_r = all ? read_all(c, guid, &entries) : HWS_ERR_NOMEM;
	for (size_t i = 0; i < entries.n && *ret_r == HWS_OK; i++)
		json_object_set_new(all, entries.row[i].id,
				legacy_object(a, c, &entries.row[i], ret_r));
	adi_entries_done(&entries);
	return all;
}

/* Whether a client changes anything: members that it leaves out stay. */
static bool is_same(const json_t *had, json_t *now)
{
	const char *key;
	json_t *v;

	if (!had)
		return false;
	json_object_foreach (now, key, v) {
		const json_t *old = json_object_get(had, key);

		if (old && !json_is_null(v) && !json_equal(old, v))
			return false;
	}
	return true;
}

static int take_peers(struct adi_app *a, struct sql_conn *c, const char *guid, const json_t *peers,
		json_t *had)
{
	int64_t now = adi_now();
	const char *id;
	json_t *o, *tmp;
	size_t i;
	int r = HWS_OK;

	json_array_foreach (peers, i, o) {
		struct adi_entry_in in;

		r = adi_entry_read(o, true, &in);
		/* these clients cannot mean it */
		in.change.note = in.change.password = NULL;
		if (r == HWS_OK && !is_same(json_object_get(had, in.change.id), o))
			r = dat_entry_put(c, a->keys, guid, &in.change, now);
		if (r < 0)
			return r;
		(void)json_object_del(had, in.change.id);
	}
	json_object_foreach_safe(had, tmp, id, o)
	{
		r = dat_entry_delete(c, guid, id, now);
		if (r < 0)
			return r;
	}
	return HWS_OK;
}

static int take_tags(struct sql_conn *c, const char *guid, const json_t *names,
		const json_t *colors, const struct tags *had)
{
	const char *old;
	json_t *name;
	size_t i;
	int r = HWS_OK;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);
		const json_t *color = json_object_get(colors, text ? text : "");

		if (!text)
			return HWS_ERR_PROTO;
		r = dat_tag_put(c, guid, text,
				json_is_integer(color) ? json_integer_value(color) : -1);
		if (r < 0)
			return r;
		(void)json_object_del(had->colors, text);
	}
	json_object_foreach (had->colors, old, name) {
		r = dat_tag_remove(c, guid, old);
		if (r < 0 && r != HWS_ERR_NOTFOUND)
			return r;
	}
	return HWS_OK;
}

static int take(struct adi_app *a, struct sql_conn *c, const char *guid, const json_t *in)
{
	json_t *peers = json_object_get(in, "peers"), *names = json_object_get(in, "tags");
	struct tags t = { json_array(), json_object() };
	json_t *had = NULL, *colors = NULL;
	struct hws_error err = { 0 };
	const char *text = NULL;
	int r = htp_json_text(in, "tag_colors", 64u << 10, &text);

	if (r == HWS_OK && *text)
		r = htp_json_read(hws_bytes_str(text), &colors, &err);
	if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK;
	if (r == HWS_OK && (!t.names || !t.colors))
		r = HWS_ERR_NOMEM;
	if (r == HWS_OK && ((peers && !json_is_array(peers)) || (names && !json_is_array(names))))
		r = HWS_ERR_PROTO;
	/* what is not in the text at all stays as it is */
	if (r == HWS_OK && names)
		r = dat_tag_list(c, guid, add_tag, &t);
	if (r == HWS_OK && names)
		r = take_tags(c, guid, names, colors, &t);
	if (r == HWS_OK && peers)
		had = by_id(a, c, guid, &r);
	if (r == HWS_OK && peers)
		r = take_peers(a, c, guid, peers, had);
	json_decref(had);
	json_decref(colors);
	json_decref(t.names);
	json_decref(t.colors);
	return r;
}

void adi_ab_legacy_put(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *app = arg;
	struct hws_error err = { 0 };
	const char *text = NULL;
	json_t *in = NULL;
	struct sql_conn *c;
	struct dat_book b;
	struct dat_tx tx;
	int r;

	if (htp_json_text(q->json, "data", 8u << 20, &text) < 0) {
		htp_reply_error(reply, 400, "There is no text \"data\"");
		return;
	}
	if (htp_json_read(hws_bytes_str(text), &in, &err) < 0) {
		htp_reply_error(reply, 400, "%s", err.text);
		return;
	}
	if (adi_take(app, reply, &c)) {
		r = open_personal(c, q, &b);
		if (r == HWS_OK)
			r = dat_tx_begin(&tx, c);
		if (r < 0) {
			adi_fail(reply, r, "address book");
		} else {
			r = take(app, c, b.guid, in);
			adi_book_end(app, &tx, q, reply, &b, "book.entry.change", NULL, r);
		}
		sql_give(c);
	}
	json_decref(in);
}
