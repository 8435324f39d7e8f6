/* Address books in the console: the own one, those that are shared with the account, and for
 * administrators all that are shared; with whom they are shared, and their tags. */
#include "admin/api/books.h"
#include "admin/api/work.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

static const char *const rights[] = { [DAT_BOOK_NONE] = "",
	[DAT_BOOK_READ] = "read",
	[DAT_BOOK_WRITE] = "write",
	[DAT_BOOK_FULL] = "full" };

static enum dat_book_right parse_right(const char *name)
{
	for (unsigned i = DAT_BOOK_READ; i < HWS_COUNT(rights); i++) {
		if (hws_str_equal(rights[i], name))
			return (enum dat_book_right)i;
	}
	return DAT_BOOK_NONE;
}

/* --- books ------------------------------------------------------------------------------------ */

static json_t *out_book(const struct adi_who *w, const struct dat_book *b)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:b,s:I,s:s,s:I,s:I}", "guid", b->guid, "name",
			b->name, "note", b->note, "owner_guid", b->owner_guid, "owner",
			adi_out_ref(b->owner_guid, b->owner_name), "personal", (int)b->personal,
			"entries", (json_int_t)b->entries, "right", rights[adi_book_right(w, b)],
			"created_at", (json_int_t)b->created_at, "updated_at",
			(json_int_t)b->updated_at);
}

static int add_book_row(const struct dat_book *b, void *arg)
{
	struct adi_work *w = arg;

	return adi_work_add(w->out, out_book(adi_who(w->q), b));
}

static int do_list(struct adi_work *w)
{
	const struct adi_who *who = adi_who(w->q);
	struct dat_book_filter f = { .account_guid = adi_book_account(who),
		.search = adi_v1_query(w->q, "q"),
		.all = who->account.role >= DAT_ROLE_ADMIN,
		.personal = true };
	char guid[DAT_GUID_TEXT];
	int r = HWS_OK;

	/* everybody has one */
	if (*f.account_guid && who->account.role != DAT_ROLE_AUDITOR)
		r = dat_book_personal(w->c, f.account_guid, adi_now(), guid);
	return r == HWS_OK ? dat_book_list(w->c, &f, w->page, add_book_row, w, &w->total) : r;
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", NULL };

	adi_work_list(q, reply, app, "book", columns, do_list);
}

int adi_v1_open_book(struct adi_work *w, const char *param, enum dat_book_right need,
		struct dat_book *ret)
{
	const struct adi_who *who = adi_who(w->q);
	enum dat_book_right right;
	int r = dat_book_get(w->c, htp_param(w->q, param), adi_book_account(who), ret);

	if (r < 0)
		return r;
	right = adi_book_right(who, ret);
	if (right == DAT_BOOK_NONE)
		return HWS_ERR_NOTFOUND;
	if (right < need)
		return adi_work_refuse(w, ADI_FORBIDDEN, NULL,
				"You may not do that with this address book.");
	return HWS_OK;
}

static int do_get(struct adi_work *w)
{
	struct dat_book b;
	int r = adi_v1_open_book(w, "guid", DAT_BOOK_READ, &b);

	if (r == HWS_OK)
		w->out = out_book(adi_who(w->q), &b);
	return r;
}

static void get(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "book", do_get);
}

/* That the owner whom a body names is there. */
static int check_owner(struct adi_work *w, const char *owner)
{
	struct dat_account a;
	int r = dat_account_get(w->c, owner, &a);

	return r == HWS_ERR_NOTFOUND
			? adi_work_refuse(w, ADI_BAD_FIELD, "owner_guid", "There is no such user.")
			: r;
}

/* Somebody's who may have one more. */
static int check_new_owner(struct adi_work *w, const char *owner)
{
	int r = check_owner(w, owner);

	if (r == HWS_OK)
		r = adi_book_room(w->c, adi_who(w->q), owner);
	return r == HWS_ERR_FULL ? adi_work_refuse(w, ADI_IN_USE, NULL, ADI_TEXT_BOOKS) : r;
}

static int read_back(struct adi_work *w, const char *guid, const char *kind)
{
	const struct adi_who *who = adi_who(w->q);
	struct dat_book b;
	int r = dat_book_get(w->c, guid, adi_book_account(who), &b);

	if (r < 0)
		return r;
	adi_did(&w->did, kind, "book", b.guid, b.name);
	w->out = out_book(who, &b);
	return HWS_OK;
}

static int do_add(struct adi_work *w)
{
	const char *owner = adi_in_text(w->q->json, "owner_guid");
	const char *note = adi_in_text(w->q->json, "note");
	char guid[DAT_GUID_TEXT];
	int r;

	if (!owner)
		owner = adi_book_account(adi_who(w->q));
	if (!*owner)
		return adi_work_refuse(w, ADI_BAD_FIELD, "owner_guid", "Whose book is it to be?");
	if (adi_who(w->q)->account.role < DAT_ROLE_ADMIN &&
			!hws_str_equal(owner, adi_book_account(adi_who(w->q))))
		return adi_work_refuse(w, ADI_FORBIDDEN, "owner_guid",
				"Only an administrator makes books of others.");
	r = check_new_owner(w, owner);
	if (r == HWS_OK)
		r = dat_book_add(w->c, owner, adi_in_text(w->q->json, "name"), note ? note : "",
				adi_now(), guid);
	w->field = r == HWS_ERR_INVAL || r == HWS_ERR_TOOBIG ? "name" : NULL;
	return r == HWS_OK ? read_back(w, guid, "book.add") : r;
}

static void add(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "book", 201, do_add);
}

static int refuse_personal(struct adi_work *w)
{
	return adi_work_refuse(
			w, ADI_FORBIDDEN, NULL, "A personal book stays as it is, and its owner's.");
}

static int do_change(struct adi_work *w)
{
	const char *owner = adi_in_text(w->q->json, "owner_guid");
	struct dat_book b;
	int r = adi_v1_open_book(w, "guid", DAT_BOOK_FULL, &b);

	if (r == HWS_OK && b.personal)
		r = refuse_personal(w);
	if (r == HWS_OK)
		r = adi_v1_unchanged(w->q, w->reply, b.updated_at);
	if (r == HWS_OK && owner && !hws_str_equal(owner, b.owner_guid))
		r = adi_book_is_own(adi_who(w->q), &b)
				? check_new_owner(w, owner)
				: adi_work_refuse(w, ADI_FORBIDDEN, "owner_guid",
						  "Only its owner gives a book away.");
	if (r == HWS_OK)
		r = dat_book_change(w->c, b.guid, adi_in_text(w->q->json, "name"),
				adi_in_text(w->q->json, "note"), owner, adi_now());
	w->field = r == HWS_ERR_INVAL || r == HWS_ERR_TOOBIG ? "name" : NULL;
	return r == HWS_OK ? read_back(w, b.guid, "book.change") : r;
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "book", 200, do_change);
}

static int do_remove(struct adi_work *w)
{
	struct dat_book b;
	int r = adi_v1_open_book(w, "guid", DAT_BOOK_FULL, &b);

	if (r == HWS_OK && b.personal)
		r = refuse_personal(w);
	if (r == HWS_OK && !adi_book_is_own(adi_who(w->q), &b))
		r = adi_work_refuse(w, ADI_FORBIDDEN, NULL, "Only its owner removes a book.");
	if (r == HWS_OK)
		r = dat_book_remove(w->c, b.guid);
	if (r == HWS_OK)
		adi_did(&w->did, "book.remove", "book", b.guid, b.name);
	return r;
}

static void remove_book(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "book", 204, do_remove);
}

/* --- shares ----------------------------------------------------------------------------------- */

static json_t *out_share(const struct dat_share *s)
{
	return json_pack("{s:s,s:s,s:o,s:s,s:o,s:I,s:I}", "guid", s->guid, "subject_kind",
			s->subj_kind, "subject_guid", adi_out_text_or_null(s->subj_guid), "right",
			rights[s->right], "subject", adi_out_ref(s->subj_guid, s->subj_name),
			"created_at", (json_int_t)s->created_at, "updated_at",
			(json_int_t)s->updated_at);
}

/* For the audit: to whom, and what; `before`: the right they had, NULL = not told. */
static json_t *share_info(const struct dat_share *s, const char *before)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s*}", "subject_kind", s->subj_kind, "subject_guid",
			s->subj_guid, "subject", s->subj_name, "right", rights[s->right], "before",
			before);
}

static int add_share_row(const struct dat_share *s, void *arg)
{
	return adi_work_add(arg, out_share(s));
}

static int do_list_shares(struct adi_work *w)
{
	struct dat_book b;
	const struct dat_share_filter f = { b.guid, adi_v1_query(w->q, "q"), w->column == 0 };
	int r = adi_v1_open_book(w, "book", DAT_BOOK_READ, &b);

	return r == HWS_OK ? dat_share_list(w->c, &f, w->page, add_share_row, w->out, &w->total)
			   : r;
}

static void list_shares(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", NULL };

	adi_work_list(q, reply, app, "book", columns, do_list_shares);
}

/* A share of the book that the address names. */
static int open_share(struct adi_work *w, enum dat_book_right need, struct dat_book *ret_book,
		struct dat_share *ret)
{
	int r = adi_v1_open_book(w, "book", need, ret_book);

	if (r == HWS_OK)
		r = dat_share_get(w->c, htp_param(w->q, "guid"), ret);
	if (r == HWS_OK && !hws_str_equal(ret->book_guid, ret_book->guid))
		r = HWS_ERR_NOTFOUND;
	return r;
}

static int do_get_share(struct adi_work *w)
{
	struct dat_book b;
	struct dat_share s;
	int r = open_share(w, DAT_BOOK_READ, &b, &s);

	if (r == HWS_OK)
		w->out = out_share(&s);
	return r;
}

static void get_share(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "share", do_get_share);
}

static int do_add_share(struct adi_work *w)
{
	const char *kind = adi_in_text(w->q->json, "subject_kind");
	const char *subject = adi_in_text(w->q->json, "subject_guid");
	enum dat_book_right right = parse_right(adi_in_text(w->q->json, "right"));
	struct dat_share s;
	struct dat_book b;
	int r = adi_v1_open_book(w, "book", DAT_BOOK_FULL, &b);

	subject = subject ? subject : "";
	if (r == HWS_OK && b.personal)
		r = refuse_personal(w);
	if (r == HWS_OK && !*subject != hws_str_equal(kind, "everyone"))
		r = adi_work_refuse(w, ADI_BAD_FIELD, "subject_guid",
				"A user or a group is named, everyone is not.");
	if (r == HWS_OK && dat_share_find(w->c, b.guid, kind, subject, &s) == HWS_OK)
		r = adi_work_refuse(w, ADI_EXISTS, "subject_guid",
				"The book is shared with them already.");
	if (r == HWS_OK)
		r = dat_book_rule(w->c, b.guid, kind, subject, right, adi_now());
	if (r == HWS_ERR_NOTFOUND)
		r = adi_work_refuse(w, ADI_BAD_FIELD, "subject_guid",
				"There is no such user or group.");
	if (r == HWS_OK)
		r = dat_share_find(w->c, b.guid, kind, subject, &s);
	if (r < 0)
		return r;
	adi_did(&w->did, "book.share.add", "book", b.guid, b.name);
	adi_did_info(&w->did, share_info(&s, NULL));
	w->out = out_share(&s);
	return HWS_OK;
}

static void add_share(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "book", 201, do_add_share);
}

static int do_change_share(struct adi_work *w)
{
	const char *right = adi_in_text(w->q->json, "right");
	const char *kind = adi_in_text(w->q->json, "subject_kind");
	const char *subject = adi_in_text(w->q->json, "subject_guid");
	struct dat_book b;
	enum dat_book_right before;
	struct dat_share s = { 0 };
	int r = open_share(w, DAT_BOOK_FULL, &b, &s);

	if (r == HWS_OK)
		r = adi_v1_unchanged(w->q, w->reply, s.updated_at);
	if (r == HWS_OK &&
			((kind && !hws_str_equal(kind, s.subj_kind)) ||
					(subject && !hws_str_equal(subject, s.subj_guid))))
		r = adi_work_refuse(w, ADI_BAD_FIELD, "subject_guid",
				"A share stays with whom it is; make another.");
	before = s.right;
	if (r == HWS_OK && right)
		r = dat_share_change(w->c, s.guid, parse_right(right), adi_now());
	if (r == HWS_OK)
		r = dat_share_get(w->c, s.guid, &s);
	if (r < 0)
		return r;
	adi_did(&w->did, "book.share.change", "book", b.guid, b.name);
	adi_did_info(&w->did, share_info(&s, rights[before]));
	w->out = out_share(&s);
	return HWS_OK;
}

static void change_share(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "share", 200, do_change_share);
}

static int do_remove_share(struct adi_work *w)
{
	struct dat_book b;
	struct dat_share s;
	int r = open_share(w, DAT_BOOK_FULL, &b, &s);

	if (r == HWS_OK)
		r = dat_share_remove(w->c, s.guid);
	if (r == HWS_OK)
		adi_did(&w->did, "book.share.remove", "book", b.guid, b.name);
	if (r == HWS_OK)
		adi_did_info(&w->did, share_info(&s, NULL));
	return r;
}

static void remove_share(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "share", 204, do_remove_share);
}

static const struct adi_call calls[] = {
	{ "listBooks", list, HTP_POOL_COMMON, 0 },
	{ "addBook", add, HTP_POOL_COMMON, 0 },
	{ "getBook", get, HTP_POOL_COMMON, 0 },
	{ "changeBook", change, HTP_POOL_COMMON, 0 },
	{ "removeBook", remove_book, HTP_POOL_COMMON, 0 },
	{ "listBookShares", list_shares, HTP_POOL_COMMON, 0 },
	{ "addBookShare", add_share, HTP_POOL_COMMON, 0 },
	{ "getBookShare", get_share, HTP_POOL_COMMON, 0 },
	{ "changeBookShare", change_share, HTP_POOL_COMMON, 0 },
	{ "removeBookShare", remove_share, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_books = { calls, HWS_COUNT(calls) };
