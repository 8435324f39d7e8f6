/* Shared address books and who may use them, for operators' scripts. A user may do with books of
 * their own by a token what they may in the console. */
#include "admin/api/books.h"
#include "admin/api/scripts.h"
#include "admin/api/server_parts.h"
#include "admin/data/groups.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

/* The password of a book, {"info":{"password"}}; *ret stays NULL without one. */
static int read_password(const json_t *o, const char **ret)
{
	return adi_script_text(json_object_get(o, "info"), "password", DAT_SECRET_TEXT, ret);
}

/* --- books ------------------------------------------------------------------------------------ */

static int do_add(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	const char *name = NULL, *note = "", *password = NULL;
	const char *owner = adi_book_account(adi_who(q));
	char guid[DAT_GUID_TEXT];
	int r = htp_json_text(q->json, "name", DAT_NAME_TEXT - 1, &name);

	r = r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
	if (r == HWS_OK)
		r = adi_script_text(q->json, "note", DAT_NOTE_TEXT, &note);
	if (r == HWS_OK)
		r = read_password(q->json, &password);
	if (r == HWS_OK && !*owner) {
		htp_reply_error(reply, 400, "Use the token of an account: it will be the owner");
		r = HWS_ERR_INVAL;
	}
	if (r == HWS_OK)
		r = adi_book_room(c, adi_who(q), owner);
	if (r == HWS_ERR_FULL)
		htp_reply_error(reply, 409, ADI_TEXT_BOOKS);
	if (r == HWS_OK)
		r = dat_book_add(c, owner, name, note, adi_now(), guid);
	if (r == HWS_OK && password)
		r = dat_book_set_password(c, app->keys, guid, password);
	if (r < 0)
		return r;
	adi_did(did, "book.add", "book", guid, name);
	htp_reply_json(reply, json_pack("{s:s,s:s}", "guid", guid, "name", name));
	return HWS_OK;
}

/* Opens a shared book whose owner one is, or that one may do all with. */
static int open_own(struct sql_conn *c, const struct htp_request *q, struct htp_reply *reply,
		const char *guid, struct dat_book *ret)
{
	if (!adi_book_open(c, q, reply, guid, DAT_BOOK_FULL, ret))
		return HWS_ERR_DENIED;
	return ret->personal ? HWS_ERR_DENIED : HWS_OK;
}

static int do_update(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	const char *guid = NULL, *name = NULL, *note = NULL, *owner = NULL, *password = NULL;
	struct dat_account a = { .guid = "" };
	struct dat_book b;
	int r = htp_json_text(q->json, "guid", DAT_GUID_TEXT - 1, &guid);

	r = r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
	if (r == HWS_OK)
		r = adi_script_text(q->json, "name", DAT_NAME_TEXT, &name);
	if (r == HWS_OK)
		r = adi_script_text(q->json, "note", DAT_NOTE_TEXT, &note);
	if (r == HWS_OK)
		r = adi_script_text(q->json, "owner", DAT_NAME_TEXT, &owner);
	if (r == HWS_OK)
		r = read_password(q->json, &password);
	if (r == HWS_OK)
		r = open_own(c, q, reply, guid, &b);
	if (r == HWS_OK && owner && !adi_book_is_own(adi_who(q), &b))
		r = HWS_ERR_DENIED;
	if (r == HWS_OK && owner)
		r = dat_account_find(c, owner, &a);
	if (r == HWS_OK && owner && !hws_str_equal(a.guid, b.owner_guid))
		r = adi_book_room(c, adi_who(q), a.guid);
	if (r == HWS_ERR_FULL)
		htp_reply_error(reply, 409, ADI_TEXT_BOOKS);
	if (r == HWS_OK)
		r = dat_book_change(c, guid, name, note, owner ? a.guid : NULL, adi_now());
	if (r == HWS_OK && password)
		r = dat_book_set_password(c, app->keys, guid, password);
	if (r == HWS_OK)
		adi_did(did, "book.change", "book", b.guid, name ? name : b.name);
	return r;
}

struct deleting {
	struct adi_app *app;
	struct sql_conn *c;
	const struct htp_request *q;
	struct htp_reply *reply;
};

static int say(const struct deleting *d, const char *kind, const struct dat_book *b)
{
	return adi_audit(d->app, d->c, d->q,
			&(struct adi_deed){ .kind = kind,
					.target_kind = "book",
					.target_guid = b->guid,
					.target_name = b->name });
}

static int delete_book(const char *guid, void *arg)
{
	struct deleting *d = arg;
	struct dat_book b;
	int r = open_own(d->c, d->q, d->reply, guid, &b);

	if (r == HWS_OK && !adi_book_is_own(adi_who(d->q), &b))
		r = HWS_ERR_DENIED;
	if (r == HWS_OK)
		r = dat_book_remove(d->c, guid);
	return r == HWS_OK ? say(d, "book.remove", &b) : r;
}

static int do_delete(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	struct deleting d = { app, c, q, reply };

	(void)did;
	return adi_script_each(q->json, ADI_SCRIPT_MANY, delete_book, &d);
}

static void add(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "address book", do_add);
}

static void update(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "address book or owner", do_update);
}

static void delete_books(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "address book", do_delete);
}

/* --- who may use them ------------------------------------------------------------------------- */

static int add_rule(const struct dat_share *s, void *arg)
{
	json_t *o = json_pack("{s:s,s:i,s:I}", "guid", s->guid, "rule", (int)s->right, "created_at",
			(json_int_t)(s->created_at / 1000));

	if (o && hws_str_equal(s->subj_kind, "user"))
		json_object_set_new(o, "user", json_string(s->subj_name));
	if (o && hws_str_equal(s->subj_kind, "group"))
		json_object_set_new(o, "group", json_string(s->subj_name));
	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_rules(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	const char *guid = htp_query(q, "ab");
	const struct adi_who *w = adi_who(q);
	struct dat_book b;
	int r = dat_book_get(c, guid ? guid : "", adi_book_account(w), &b);

	(void)app;
	if (r == HWS_OK && adi_book_right(w, &b) == DAT_BOOK_NONE)
		r = HWS_ERR_NOTFOUND;
	return r == HWS_OK ? dat_share_list(c, &(struct dat_share_filter){ .book_guid = b.guid },
					     page, add_rule, rows, ret_total)
			   : r;
}

static void rules(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_list(q, reply, arg, "address book", list_rules);
}

static int read_right(const json_t *o, enum dat_book_right *ret)
{
	int64_t rule = 0;
	int r = htp_json_int(o, "rule", DAT_BOOK_READ, DAT_BOOK_FULL, &rule);

	*ret = (enum dat_book_right)rule;
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
}

/* "user" or "group" by name; neither is everyone. */
static int read_subject(struct sql_conn *c, const json_t *o, const char **ret_kind,
		char ret_guid[DAT_GUID_TEXT])
{
	const char *user = NULL, *group = NULL;
	struct dat_account a;
	struct dat_group g;
	int r = adi_script_text(o, "user", DAT_NAME_TEXT, &user);

	ret_guid[0] = '\0';
	*ret_kind = user ? "user" : "everyone";
	if (r == HWS_OK)
		r = adi_script_text(o, "group", DAT_NAME_TEXT, &group);
	if (r == HWS_OK && user && group)
		return HWS_ERR_PROTO;
	if (r == HWS_OK && user) {
		r = dat_account_find(c, user, &a);
		return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, a.guid) : r;
	}
	if (r == HWS_OK && group) {
		*ret_kind = "group";
		r = dat_group_find(c, DAT_USER_GROUP, group, &g);
		return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, g.guid) : r;
	}
	return r;
}

static int do_rule_add(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	const char *guid = NULL, *kind = NULL;
	char subject[DAT_GUID_TEXT];
	enum dat_book_right right;
	struct dat_share s;
	struct dat_book b;
	int r = htp_json_text(q->json, "guid", DAT_GUID_TEXT - 1, &guid);

	(void)app;
	r = r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
	if (r == HWS_OK)
		r = read_right(q->json, &right);
	if (r == HWS_OK)
		r = open_own(c, q, reply, guid, &b);
	if (r == HWS_OK)
		r = read_subject(c, q->json, &kind, subject);
	if (r == HWS_OK)
		r = dat_book_rule(c, guid, kind, subject, right, adi_now());
	if (r == HWS_OK)
		r = dat_share_find(c, guid, kind, subject, &s);
	if (r < 0)
		return r;
	adi_did(did, "book.share.add", "book", b.guid, b.name);
	adi_did_info(did,
			json_pack("{s:s,s:s,s:s,s:i}", "subject_kind", s.subj_kind, "subject_guid",
					s.subj_guid, "subject", s.subj_name, "rule", (int)s.right));
	htp_reply_json(reply, json_pack("{s:s}", "guid", s.guid));
	return HWS_OK;
}

/* A rule by its guid, with its book opened. */
static int open_rule(struct sql_conn *c, const struct htp_request *q, struct htp_reply *reply,
		const char *guid, struct dat_book *ret_book)
{
	struct dat_share s;
	int r = dat_share_get(c, guid, &s);

	return r == HWS_OK ? open_own(c, q, reply, s.book_guid, ret_book) : r;
}

static int do_rule_change(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	enum dat_book_right right;
	const char *guid = NULL;
	struct dat_book b;
	int r = htp_json_text(q->json, "guid", DAT_GUID_TEXT - 1, &guid);

	(void)app;
	r = r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
	if (r == HWS_OK)
		r = read_right(q->json, &right);
	if (r == HWS_OK)
		r = open_rule(c, q, reply, guid, &b);
	if (r == HWS_OK)
		r = dat_share_change(c, guid, right, adi_now());
	if (r == HWS_OK)
		adi_did(did, "book.share.change", "book", b.guid, b.name);
	return r;
}

static int delete_rule(const char *guid, void *arg)
{
	struct deleting *d = arg;
	struct dat_book b;
	int r = open_rule(d->c, d->q, d->reply, guid, &b);

	if (r == HWS_OK)
		r = dat_share_remove(d->c, guid);
	return r == HWS_OK ? say(d, "book.share.remove", &b) : r;
}

static int do_rule_delete(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	struct deleting d = { app, c, q, reply };

	(void)did;
	return adi_script_each(q->json, ADI_SCRIPT_MANY, delete_rule, &d);
}

static void rule_add(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "user or group", do_rule_add);
}

static void rule_change(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "rule", do_rule_change);
}

static void rule_delete(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "rule", do_rule_delete);
}

#define READ .access = HTP_BEARER, .rate = HTP_RATE_USER, .scope = "book:r"
#define WRITE .access = HTP_BEARER, .rate = HTP_RATE_USER, .scope = "book:rw", .body = HTP_BODY_JSON

const struct htp_route adi_routes_scripts_books[] = {
	{ HTP_POST, "/api/ab/shared/add", WRITE, .fn = add },
	{ HTP_PUT, "/api/ab/shared/update/profile", WRITE, .fn = update },
	{ HTP_DELETE, "/api/ab/shared", WRITE, .fn = delete_books },
	{ HTP_GET, "/api/ab/rules", READ, .fn = rules },
	{ HTP_POST, "/api/ab/rule", WRITE, .fn = rule_add },
	{ HTP_PATCH, "/api/ab/rule", WRITE, .fn = rule_change },
	{ HTP_DELETE, "/api/ab/rules", WRITE, .fn = rule_delete },
};
const size_t adi_routes_scripts_books_count = HWS_COUNT(adi_routes_scripts_books);
