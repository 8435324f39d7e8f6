/* Address books of deployed clients since 1.2.3-2: books by guid, entries by page. Writes answer
 * nothing at all: clients take any body for a failure. */
#include "admin/api/books.h"
#include "admin/api/server_parts.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#define BULK_MAX 1000u

/* --- books ------------------------------------------------------------------------------------ */

static void personal(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	const char *account = adi_book_account(adi_who(q));
	struct adi_app *app = arg;
	char guid[DAT_GUID_TEXT];
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = *account ? dat_book_personal(c, account, adi_now(), guid) : HWS_ERR_NOTFOUND;
	sql_give(c);
	if (r < 0)
		adi_fail(reply, r, "address book");
	else
		htp_reply_json(reply, json_pack("{s:s}", "guid", guid));
}

static void settings(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	(void)q;
	(void)arg;
	htp_reply_json(reply, json_pack("{s:i}", "max_peer_one_ab", (int)DAT_ENTRIES_MAX));
}

struct profiles {
	struct dat_book *row;
	size_t n;
};

static int keep_book(const struct dat_book *b, void *arg)
{
	struct profiles *p = arg;

	p->row[p->n++] = *b;
	return HWS_OK;
}

static json_t *profile(struct adi_app *app, struct sql_conn *c, const struct dat_book *b,
		enum dat_book_right right, int *ret_r)
{
	char password[DAT_SECRET_TEXT] = "";
	json_t *o = NULL;

	*ret_r = b->has_password
			? dat_book_password(c, app->keys, b->guid, password, sizeof(password))
			: HWS_OK;
	if (*ret_r == HWS_OK)
		o = json_pack("{s:s,s:s,s:s,s:s,s:i,s:{s:s}}", "guid", b->guid, "name", b->name,
				"owner", b->owner_name, "note", b->note, "rule", (int)right, "info",
				"password", password);
	if (*ret_r == HWS_OK && !o)
		*ret_r = HWS_ERR_NOMEM;
	hws_wipe(password, sizeof(password));
	return o;
}

static void profiles(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	const struct adi_who *w = adi_who(q);
	struct dat_book_filter f = { .account_guid = adi_book_account(w), .search = "" };
	struct dat_page page = adi_list_page(q);
	struct adi_app *app = arg;
	struct profiles p = { .row = hws_alloc_array(page.limit, sizeof(*p.row)) };
	json_t *rows = json_array();
	struct sql_conn *c = NULL;
	int64_t total = 0;
	int r;

	/* an administrator's scripts see them all */
	f.all = w->via != ADI_VIA_CLIENT && w->via != ADI_VIA_BROWSER &&
			w->account.role >= DAT_ROLE_ADMIN;
	if (!p.row || !rows)
		adi_fail(reply, HWS_ERR_NOMEM, "");
	else if (adi_take(app, reply, &c)) {
		r = dat_book_list(c, &f, page, keep_book, &p, &total);
		for (size_t i = 0; i < p.n && r == HWS_OK; i++)
			json_array_append_new(rows,
					profile(app, c, &p.row[i], adi_book_right(w, &p.row[i]),
							&r));
		if (r < 0)
			adi_fail(reply, r, "address book");
		else
			adi_reply_page(reply, total, json_incref(rows));
	}
	sql_give(c);
	json_decref(rows);
	hws_free(p.row);
}

/* --- entries ---------------------------------------------------------------------------------- */

static int read_peers(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *guid, json_t *rows, int64_t *ret_total)
{
	struct dat_reach reach = { .closed = NULL };
	struct dat_entry_filter f = { .book_guid = guid };
	const char *account = adi_book_account(adi_who(q));
	struct adi_entries entries = { .row = NULL };
	int r = HWS_OK;

	if (*account) {
		r = adi_reach_load(app, c, account, &reach);
		f.reach = &reach;
	}
	if (r == HWS_OK)
		r = dat_entry_list(c, &f, adi_list_page(q), adi_entries_add, &entries, ret_total);
	for (size_t i = 0; i < entries.n && r == HWS_OK; i++)
		json_array_append_new(rows, adi_entry_object(app, c, &entries.row[i], &r));
	adi_entries_done(&entries);
	dat_reach_done(&reach);
	return r;
}

static void peers(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	const char *guid = htp_query(q, "ab");
	struct adi_app *app = arg;
	json_t *rows = json_array();
	struct sql_conn *c = NULL;
	struct dat_book b;
	int64_t total = 0;
	int r;

	if (!rows)
		adi_fail(reply, HWS_ERR_NOMEM, "");
	else if (adi_take(app, reply, &c) &&
			adi_book_open(c, q, reply, guid ? guid : "", DAT_BOOK_READ, &b)) {
		r = read_peers(app, c, q, b.guid, rows, &total);
		if (r < 0)
			adi_fail(reply, r, "address book");
		else
			adi_reply_page(reply, total, json_incref(rows));
	}
	sql_give(c);
	json_decref(rows);
}

/* A write to the book {guid}: what each does in the transaction; `ret_what` names it for the
 * audit. */
typedef int (*write_fn)(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_book *b, const char **ret_what);

static void write_book(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *kind, write_fn fn)
{
	const char *what = NULL;
	struct sql_conn *c;
	struct dat_book b;
	struct dat_tx tx;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	if (adi_book_open(c, q, reply, htp_param(q, "guid"), DAT_BOOK_WRITE, &b)) {
		r = dat_tx_begin(&tx, c);
		if (r < 0) {
			adi_fail(reply, r, "address book");
		} else {
			r = fn(app, c, q, &b, &what);
			adi_book_end(app, &tx, q, reply, &b, kind, what, r);
		}
	}
	sql_give(c);
}

static int do_peer_add(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_book *b, const char **ret_what)
{
	struct adi_entry_in in;
	int r = adi_entry_read(q->json, b->personal, &in);

	*ret_what = in.change.id;
	return r == HWS_OK ? dat_entry_put(c, app->keys, b->guid, &in.change, adi_now()) : r;
}

static int do_peer_update(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_book *b, const char **ret_what)
{
	struct adi_entry_in in;
	struct dat_entry e;
	int r = adi_entry_read(q->json, b->personal, &in);

	*ret_what = in.change.id;
	if (r == HWS_OK)
		r = dat_entry_find(c, b->guid, in.change.id, &e);
	return r == HWS_OK ? dat_entry_put(c, app->keys, b->guid, &in.change, adi_now()) : r;
}

/* An array of texts, one after the other; what is not there is gone as it should be. */
static int for_each(struct sql_conn *c, const struct htp_request *q, const struct dat_book *b,
		int (*fn)(struct sql_conn *c, const char *book, const char *text))
{
	json_t *v;
	size_t i;

	if (!json_is_array(q->json))
		return HWS_ERR_PROTO;
	if (json_array_size(q->json) > BULK_MAX)
		return HWS_ERR_TOOBIG;
	json_array_foreach (q->json, i, v) {
		int r = json_is_string(v) ? fn(c, b->guid, json_string_value(v)) : HWS_ERR_PROTO;

		if (r < 0 && r != HWS_ERR_NOTFOUND)
			return r;
	}
	return HWS_OK;
}

static int delete_entry(struct sql_conn *c, const char *book, const char *id)
{
	return dat_entry_delete(c, book, id, adi_now());
}

static int do_peer_delete(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_book *b, const char **ret_what)
{
	(void)app;
	*ret_what = json_string_value(json_array_get(q->json, 0));
	return for_each(c, q, b, delete_entry);
}

static void peer_add(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	write_book(q, reply, arg, "book.entry.add", do_peer_add);
}

static void peer_update(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	write_book(q, reply, arg, "book.entry.change", do_peer_update);
}

static void peer_delete(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	write_book(q, reply, arg, "book.entry.remove", do_peer_delete);
}

/* --- tags ------------------------------------------------------------------------------------- */

static int add_tag(const char *name, int64_t color, void *arg)
{
	json_t *tag = json_pack("{s:s,s:I}", "name", name, "color", (json_int_t)color);

	return json_array_append_new(arg, tag) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

/* An array: clients take an object for a failure. */
static void tags(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	json_t *rows = json_array();
	struct sql_conn *c = NULL;
	struct dat_book b;
	int r;

	if (!rows)
		adi_fail(reply, HWS_ERR_NOMEM, "");
	else if (adi_take(arg, reply, &c) &&
			adi_book_open(c, q, reply, htp_param(q, "guid"), DAT_BOOK_READ, &b)) {
		r = dat_tag_list(c, b.guid, add_tag, rows);
		if (r < 0)
			adi_fail(reply, r, "tag");
		else
			htp_reply_json(reply, json_incref(rows));
	}
	sql_give(c);
	json_decref(rows);
}

static int do_tag_put(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_book *b, const char **ret_what)
{
	int64_t color = 0;
	int r = htp_json_text(q->json, "name", DAT_NAME_TEXT - 1, ret_what);

	(void)app;
	if (r == HWS_OK)
		r = htp_json_int(q->json, "color", 0, UINT32_MAX, &color);
	if (r < 0)
		return r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
	return dat_tag_put(c, b->guid, *ret_what, color);
}

static int do_tag_rename(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_book *b, const char **ret_what)
{
	const char *to = NULL;
	int r = htp_json_text(q->json, "old", DAT_NAME_TEXT - 1, ret_what);

	(void)app;
	if (r == HWS_OK)
		r = htp_json_text(q->json, "new", DAT_NAME_TEXT - 1, &to);
	if (r < 0)
		return r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
	return dat_tag_rename(c, b->guid, *ret_what, to);
}

static int do_tag_delete(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_book *b, const char **ret_what)
{
	(void)app;
	*ret_what = json_string_value(json_array_get(q->json, 0));
	return for_each(c, q, b, dat_tag_remove);
}

static void tag_put(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	write_book(q, reply, arg, "book.tag.set", do_tag_put);
}

static void tag_rename(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	write_book(q, reply, arg, "book.tag.rename", do_tag_rename);
}

static void tag_delete(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	write_book(q, reply, arg, "book.tag.remove", do_tag_delete);
}

/* --- the table -------------------------------------------------------------------------------- */

#define READ .access = HTP_BEARER, .rate = HTP_RATE_USER, .scope = "book:r"
#define WRITE .access = HTP_BEARER, .rate = HTP_RATE_USER, .scope = "book:rw", .body = HTP_BODY_JSON
#define LEGACY_MAX (8u << 20)

/* Clients POST what scripts GET. */
const struct htp_route adi_routes_books[] = {
	{ HTP_POST, "/api/ab/personal", READ, .fn = personal },
	{ HTP_GET, "/api/ab/personal", READ, .fn = personal },
	{ HTP_POST, "/api/ab/settings", READ, .fn = settings },
	{ HTP_GET, "/api/ab/settings", READ, .fn = settings },
	{ HTP_POST, "/api/ab/shared/profiles", READ, .fn = profiles },
	{ HTP_GET, "/api/ab/shared/profiles", READ, .fn = profiles },
	{ HTP_POST, "/api/ab/peers", READ, .fn = peers },
	{ HTP_GET, "/api/ab/peers", READ, .fn = peers },
	{ HTP_POST, "/api/ab/tags/{guid}", READ, .fn = tags },
	{ HTP_GET, "/api/ab/tags/{guid}", READ, .fn = tags },
	{ HTP_POST, "/api/ab/peer/add/{guid}", WRITE, .fn = peer_add },
	{ HTP_PUT, "/api/ab/peer/update/{guid}", WRITE, .fn = peer_update },
	{ HTP_DELETE, "/api/ab/peer/{guid}", WRITE, .fn = peer_delete },
	{ HTP_POST, "/api/ab/tag/add/{guid}", WRITE, .fn = tag_put },
	{ HTP_PUT, "/api/ab/tag/update/{guid}", WRITE, .fn = tag_put },
	{ HTP_PUT, "/api/ab/tag/rename/{guid}", WRITE, .fn = tag_rename },
	{ HTP_DELETE, "/api/ab/tag/{guid}", WRITE, .fn = tag_delete },
	{ HTP_GET, "/api/ab", READ, .fn = adi_ab_legacy_get },
	{ HTP_POST, "/api/ab/get", READ, .fn = adi_ab_legacy_get },
	{ HTP_POST, "/api/ab", WRITE, .body_max = LEGACY_MAX, .fn = adi_ab_legacy_put },
};
const size_t adi_routes_books_count = HWS_COUNT(adi_routes_books);
