/* Users as a table: what a spreadsheet or another system gives and takes. An import adds whom there
 * is none of, and changes whom there is; it takes no password: who is new is invited. */
#include "admin/api/people.h"
#include "admin/data/groups.h"
#include "admin/data/name.h"
#include "shared/base/csv.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

#define BODY_MAX (8u << 20)
#define LINES_MAX 10000u /* others wait for the database meanwhile */
#define ERRORS_MAX 1000u
#define PART 500u

static const char *const columns[] = { "name", "display_name", "email", "role", "group" };

/* --- out -------------------------------------------------------------------------------------- */

struct export
{
	struct adi_app *app;
	struct dat_page page;
	struct hws_buf *out;
	unsigned seen; /* of this part */
	bool begun;
};

static int put_account(const struct dat_account *a, void *arg)
{
	struct export *e = arg;

	e->seen++;
	hws_csv_put(e->out, a->name, true);
	hws_csv_put(e->out, a->display_name, false);
	hws_csv_put(e->out, a->email, false);
	hws_csv_put(e->out, adi_role_name(a->role), false);
	hws_csv_put(e->out, a->group_name, false);
	hws_csv_put(e->out, adi_status_name(a->status), false);
	hws_csv_put(e->out, a->source, false);
	hws_buf_put_str(e->out, "\r\n");
	return HWS_OK;
}

static int next_part(void *arg, struct hws_buf *out)
{
	struct export *e = arg;
	struct sql_conn *c;
	int r = sql_take(e->app->db, &c);

	if (r < 0)
		return r;
	e->out = out;
	e->seen = 0;
	if (!e->begun)
		hws_buf_put_str(out, "name,display_name,email,role,group,status,source\r\n");
	e->begun = true;
	r = dat_account_list(c, (struct dat_account_filter){ .search = "", .group_guid = "" },
			e->page, put_account, e, NULL);
	sql_give(c);
	e->page.offset += PART;
	if (r == HWS_OK)
		r = hws_buf_err(out);
	return r == HWS_OK && e->seen < PART ? HWS_ERR_EOF : r;
}

static int audit_csv(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *kind, const char *info)
{
	return adi_audit(app, c, q,
			&(struct adi_deed){ .kind = kind, .target_kind = "user", .info = info });
}

static void export_users(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct export *e;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = audit_csv(app, c, q, "user.export", NULL);
	sql_give(c);
	e = r == HWS_OK ? hws_alloc(sizeof(*e)) : NULL;
	if (!e) {
		adi_v1_fail(reply, r < 0 ? r : HWS_ERR_NOMEM, "user", NULL);
		return;
	}
	e->app = app;
	e->page.limit = PART;
	htp_reply_parts(reply, "text/csv; charset=utf-8", next_part, e, hws_free);
	htp_reply_field(reply, "Content-Disposition", "attachment; filename=\"users.csv\"");
}

/* --- in --------------------------------------------------------------------------------------- */

struct import {
	struct htp_request *q;
	struct adi_app *app;
	struct sql_conn *c;
	const struct hws_csv *csv;
	json_t *errors;
	json_t *lines; /* by folded name: where it stands first */
	int64_t created, updated;
	bool fatal; /* nothing of it can be done */
	char text[100];
};

/* A line that is not taken; HWS_OK, so that the others are. */
static int refuse(struct import *im, size_t row, const char *text)
{
	if (json_array_size(im->errors) < ERRORS_MAX)
		json_array_append_new(im->errors,
				json_pack("{s:I,s:s}", "line",
						(json_int_t)hws_csv_line(im->csv, row), "text",
						text));
	return HWS_OK;
}

struct line {
	size_t row;
	/* NULL: the file does not say, so that it stays. */
	const char *name, *display_name, *email, *role_name, *group_name;
	enum dat_role role;
	struct dat_group group;
	struct dat_account there;
	bool known;
};

/* NULL: it is good. */
static const char *check_texts(struct import *im, const struct line *l)
{
	struct dat_account other;

	if (l->display_name && dat_text_check(l->display_name, DAT_NAME_TEXT, false) < 0)
		return "The display name is too long or no text.";
	if (!l->email || !*l->email)
		return NULL;
	if (dat_text_check(l->email, DAT_EMAIL_TEXT, false) < 0 || !strchr(l->email, '@') ||
			strpbrk(l->email, " <>,;\""))
		return "This is no mail address.";
	if (dat_account_find_email(im->c, l->email, &other) == HWS_OK &&
			(!l->known || strcmp(other.guid, l->there.guid) != 0))
		return "Another user has this mail address.";
	return NULL;
}

static const char *check_rights(struct import *im, struct line *l)
{
	struct adi_actor by = adi_actor(im->q, l->known ? l->there.guid : "");

	l->role = l->known ? l->there.role : DAT_ROLE_USER;
	if (l->role_name && *l->role_name && adi_role_parse(l->role_name, &l->role) < 0)
		return "There is no such role.";
	if (l->known && l->role == l->there.role && by.self)
		return NULL;
	if (!adi_may_give(by, l->known ? l->there.role : DAT_ROLE_USER, l->role))
		return "Only an owner may do that, and nobody to themselves.";
	return NULL;
}

/* A name has one line: of two nobody can tell which is meant. */
static bool stands_above(struct import *im, const struct line *l, const char *key)
{
	const json_t *first = json_object_get(im->lines, key);
	size_t line = hws_csv_line(im->csv, l->row);

	if (!first) {
		json_object_set_new(im->lines, key, json_integer((json_int_t)line));
		return false;
	}
	(void)snprintf(im->text, sizeof(im->text),
			"The name of line %zu stands in line %lld already.", line,
			(long long)json_integer_value(first));
	return true;
}

/* What it is about; *ret_why: why it is not taken. */
static int look_up(struct import *im, struct line *l, const char **ret_why)
{
	char key[DAT_NAME_KEY_TEXT];
	int r;

	if (!l->name || dat_name_key(l->name, key) < 0) {
		*ret_why = "The name is missing, too long, or no text.";
		return HWS_OK;
	}
	if (stands_above(im, l, key)) {
		*ret_why = im->text;
		return HWS_OK;
	}
	r = dat_account_find(im->c, l->name, &l->there);
	l->known = r == HWS_OK;
	if (r < 0 && r != HWS_ERR_NOTFOUND)
		return r;
	if (l->group_name && *l->group_name) {
		r = dat_group_find(im->c, DAT_USER_GROUP, l->group_name, &l->group);
		if (r < 0 && r != HWS_ERR_NOTFOUND)
			return r;
		if (r < 0)
			*ret_why = "There is no such group.";
	}
	if (!*ret_why)
		*ret_why = check_texts(im, l);
	if (!*ret_why)
		*ret_why = check_rights(im, l);
	return HWS_OK;
}

static int create(struct import *im, const struct line *l)
{
	struct dat_account_new in = { .name = l->name,
		.email = l->email,
		.display_name = l->display_name,
		.group_guid = *l->group.guid ? l->group.guid : NULL,
		.role = l->role,
		.status = DAT_UNVERIFIED };
	struct dat_account a;
	char guid[DAT_GUID_TEXT];
	int r = dat_account_add(im->c, &in, adi_now(), guid);

	if (r == HWS_OK)
		r = dat_account_get(im->c, guid, &a);
	im->created += r == HWS_OK;
	return r == HWS_OK ? adi_audit_user(im->app, im->c, im->q, "user.add", &a, NULL) : r;
}

static bool differs(const char *want, const char *is)
{
	return want && strcmp(want, is) != 0;
}

static int update(struct import *im, const struct line *l)
{
	const struct dat_account *a = &l->there;
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };
	bool moved = *l->group.guid && strcmp(l->group.guid, a->group_guid) != 0;
	int64_t now = adi_now();
	int r = HWS_OK;

	if (!differs(l->name, a->name) && !differs(l->display_name, a->display_name) &&
			!differs(l->email, a->email) && !moved && l->role == a->role)
		return HWS_OK;
	ch.name = l->name;
	ch.display_name = l->display_name;
	ch.email = l->email;
	ch.group_guid = moved ? l->group.guid : NULL;
	r = dat_account_change(im->c, a->guid, &ch, now);
	if (r == HWS_OK && l->role != a->role)
		r = dat_account_set_role(im->c, a->guid, l->role, now);
	im->updated += r == HWS_OK;
	return r == HWS_OK ? adi_audit_user(im->app, im->c, im->q, "user.change", a, NULL) : r;
}

static int take_line(struct import *im, size_t row)
{
	struct line l = {
		.row = row,
		.name = hws_csv_cell(im->csv, row, "name"),
		.display_name = hws_csv_cell(im->csv, row, "display_name"),
		.email = hws_csv_cell(im->csv, row, "email"),
		.role_name = hws_csv_cell(im->csv, row, "role"),
		.group_name = hws_csv_cell(im->csv, row, "group"),
	};
	const char *why = NULL;
	int r = look_up(im, &l, &why);

	if (r < 0)
		return r;
	if (why)
		return refuse(im, row, why);
	r = l.known ? update(im, &l) : create(im, &l);
	/* the database has begun to change, and all of it is taken back */
	if (r == HWS_ERR_DENIED) {
		im->fatal = true;
		(void)refuse(im, row, "One owner who can log in must stay; nothing was imported.");
	}
	return r;
}

/* All lines in one transaction, which a dry run takes back. */
static int take_all(struct import *im, bool dry)
{
	size_t rows = hws_csv_rows(im->csv);
	char info[64];
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, im->c);

	if (r < 0)
		return r;
	for (size_t i = 0; i < rows && r == HWS_OK; i++)
		r = take_line(im, i);
	(void)snprintf(info, sizeof(info), "{\"created\":%lld,\"updated\":%lld}",
			(long long)im->created, (long long)im->updated);
	if (r == HWS_OK)
		r = audit_csv(im->app, im->c, im->q, "user.import", info);
	if (r == HWS_OK && dry)
		r = HWS_ERR_CANCELED;
	r = dat_tx_end(&tx, r);
	if (im->fatal)
		im->created = im->updated = 0;
	return r == HWS_ERR_CANCELED || im->fatal ? HWS_OK : r;
}

static bool columns_are_known(struct htp_reply *reply, const struct hws_csv *csv)
{
	bool named = false;

	for (size_t i = 0; i < hws_csv_columns(csv); i++) {
		const char *is = hws_csv_column(csv, i);
		/* of an export, which an import leaves alone */
		bool known = strcmp(is, "status") == 0 || strcmp(is, "source") == 0;

		for (size_t k = 0; k < HWS_COUNT(columns); k++)
			known = known || strcmp(columns[k], is) == 0;
		if (!known) {
			adi_v1_error(reply, ADI_BAD_FIELD, NULL,
					"The file has a column that is not known here: %.64s", is);
			return false;
		}
		named = named || strcmp(is, "name") == 0;
	}
	if (!named)
		adi_v1_error(reply, ADI_BAD_FIELD, NULL, "The file has no column \"name\".");
	return named;
}

static void answer(struct import *im, struct htp_reply *reply, bool dry)
{
	int r = take_all(im, dry);

	if (r == HWS_OK)
		htp_reply_json(reply,
				json_pack("{s:b,s:I,s:I,s:O}", "dry_run", dry, "created",
						(json_int_t)im->created, "updated",
						(json_int_t)im->updated, "errors", im->errors));
	else
		adi_v1_fail(reply, r, "user", NULL);
}

static void import_users(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	bool dry = strcmp(adi_v1_query(q, "dry_run"), "false") != 0;
	struct import im = { .q = q, .app = app };
	struct hws_error err = { 0 };
	struct hws_csv *csv = NULL;

	if (hws_csv_read(hws_buf_bytes(&q->body), &csv, &err) < 0) {
		adi_v1_error(reply, ADI_BAD_REQUEST, NULL, "The file cannot be read: %s", err.text);
		return;
	}
	if (hws_csv_rows(csv) > LINES_MAX)
		adi_v1_error(reply, ADI_TOO_LARGE, NULL,
				"The file has more than %u lines; split it.", LINES_MAX);
	else if (columns_are_known(reply, csv) && adi_take(app, reply, &im.c)) {
		im.csv = csv;
		im.errors = json_array();
		im.lines = json_object();
		answer(&im, reply, dry);
		json_decref(im.lines);
		json_decref(im.errors);
		sql_give(im.c);
	}
	hws_csv_free(csv);
}

static const struct adi_call calls[] = {
	{ "exportUsers", export_users, HTP_POOL_COMMON, 0 },
	{ "importUsers", import_users, HTP_POOL_COMMON, BODY_MAX },
};
const struct adi_calls adi_v1_users_csv = { calls, HWS_COUNT(calls) };
