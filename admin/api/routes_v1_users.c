/* Accounts, one at a time: what many at once are done by is in routes_v1_users_many. */
#include "admin/api/people.h"
#include "admin/data/factors.h"
#include "admin/data/groups.h"
#include "admin/data/login_log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

static void fail(struct htp_reply *reply, int r)
{
	if (r == HWS_ERR_DENIED)
		adi_v1_error(reply, ADI_FORBIDDEN, NULL, "One owner who can log in must stay.");
	else if (r == HWS_ERR_EXISTS)
		adi_v1_error(reply, ADI_EXISTS, "name",
				"There is a user of that name or mail address already.");
	else
		adi_v1_fail(reply, r, "user", NULL);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct items {
	json_t *array;
	struct adi_braked braked;
};

static int add_item(const struct dat_account *a, void *arg)
{
	struct items *l = arg;

	return json_array_append_new(l->array, adi_out_user(a, &l->braked)) == 0 ? HWS_OK
										 : HWS_ERR_NOMEM;
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", "role", "status", "last_login_at", NULL };
	struct dat_account_filter f = { .search = adi_v1_query(q, "q"),
		.group_guid = adi_v1_query(q, "group") };
	struct items l = { 0 };
	enum dat_status status;
	struct dat_page page;
	enum dat_role role;
	struct sql_conn *c;
	int64_t total = 0;
	int column, r;

	if (!adi_v1_page(q, reply, &page) ||
			adi_v1_sort(q, reply, columns, &column, &page.down) < 0)
		return;
	if (adi_role_parse(adi_v1_query(q, "role"), &role) == HWS_OK)
		f.role = &role;
	if (adi_status_parse(adi_v1_query(q, "status"), &status) == HWS_OK)
		f.status = &status;
	f.order = column < 0 ? DAT_BY_NAME : (enum dat_account_order)column;
	if (!adi_take(app, reply, &c))
		return;
	l.array = json_array();
	r = adi_braked_read(app, c, &l.braked);
	if (r == HWS_OK)
		r = dat_account_list(c, f, page, add_item, &l, &total);
	sql_give(c);
	adi_braked_free(&l.braked);
	if (r == HWS_OK) {
		adi_v1_list(reply, l.array, page, total);
		return;
	}
	json_decref(l.array);
	fail(reply, r);
}

static json_t *read_user(struct adi_app *app, struct sql_conn *c, const char *guid, int *ret_r)
{
	struct adi_braked braked = { 0 };
	struct dat_account a;
	json_t *o = NULL;

	*ret_r = dat_account_get(c, guid, &a);
	if (*ret_r == HWS_OK)
		*ret_r = adi_braked_read(app, c, &braked);
	if (*ret_r == HWS_OK)
		o = adi_out_user(&a, &braked);
	adi_braked_free(&braked);
	return o;
}

static void get(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct sql_conn *c;
	json_t *o;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	o = read_user(app, c, htp_param(q, "guid"), &r);
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, o);
	else
		fail(reply, r);
}

static void sessions(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_answer_sessions(q, reply, app, htp_param(q, "guid"), "");
}

/* --- passwords -------------------------------------------------------------------------------- */

/* The hash of a password of the body, "" if there is none. Without a connection in hand. */
static bool hash_of(const struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		char hash[HWS_SLOW_HASH_TEXT])
{
	const char *password = adi_in_text(q->json, "password");
	int r = HWS_OK;

	hash[0] = '\0';
	if (password)
		r = hws_slow_hash(hws_bytes_str(password), app->cost, hash);
	if (r < 0)
		adi_v1_error(reply, ADI_BUSY, NULL, "The server has too much to do; try again.");
	return r == HWS_OK;
}

/* --- making ----------------------------------------------------------------------------------- */

static int check_group(struct htp_reply *reply, struct sql_conn *c, const char *guid)
{
	struct dat_group g;
	int r = guid ? dat_group_get(c, DAT_USER_GROUP, guid, &g) : HWS_OK;

	if (r == HWS_ERR_NOTFOUND)
		adi_v1_error(reply, ADI_BAD_FIELD, "group_guid", "There is no such group.");
	return r;
}

/* What a body may say beyond what dat_account_add takes. */
static struct dat_account_change rest_of(const json_t *o)
{
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };
	const json_t *role = json_object_get(o, "control_role_guid");

	ch.control_role_guid = json_is_null(role) ? "" : json_string_value(role);
	ch.tfa_enforced = adi_in_bool(o, "totp_required");
	ch.email_verification = adi_in_bool(o, "mail_code");
	ch.max_sessions = adi_in_int(o, "max_sessions", -1);
	return ch;
}

static int insert(const struct htp_request *q, struct adi_app *app, struct sql_conn *c,
		const struct dat_account_new *in, char guid[DAT_GUID_TEXT])
{
	struct dat_account_change rest = rest_of(q->json);
	struct dat_account a;
	int64_t now = adi_now();
	int r = dat_account_add(c, in, now, guid);

	if (r == HWS_OK)
		r = dat_account_change(c, guid, &rest, now);
	if (r == HWS_OK)
		r = dat_account_get(c, guid, &a);
	return r == HWS_OK ? adi_audit_user(app, c, q, "user.add", &a, NULL) : r;
}

/* The account as it is shown, NULL when it was not made. */
static json_t *add_user(const struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c, const struct dat_account_new *in, int *ret_r)
{
	char guid[DAT_GUID_TEXT];
	struct dat_tx tx;
	json_t *o = NULL;
	int r = dat_tx_begin(&tx, c);

	if (r == HWS_OK) {
		r = check_group(reply, c, in->group_guid);
		if (r == HWS_OK)
			r = insert(q, app, c, in, guid);
		r = dat_tx_end(&tx, r);
	}
	if (r == HWS_OK)
		o = read_user(app, c, guid, &r);
	*ret_r = r;
	return o;
}

static void add(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const char *status = adi_in_text(q->json, "status");
	struct adi_actor by = adi_actor(q, "");
	char hash[HWS_SLOW_HASH_TEXT];
	struct dat_account_new in = {
		.name = adi_in_text(q->json, "name"),
		.email = adi_in_text(q->json, "email"),
		.display_name = adi_in_text(q->json, "display_name"),
		.note = adi_in_text(q->json, "note"),
		.group_guid = adi_in_text(q->json, "group_guid"),
		.status = DAT_ENABLED,
	};
	struct sql_conn *c;
	json_t *o;
	int r = adi_role_parse(adi_in_text(q->json, "role"), &in.role);

	if (r == HWS_OK && status)
		r = adi_status_parse(status, &in.status);
	if (r < 0 || (in.status == DAT_UNVERIFIED && adi_in_text(q->json, "password"))) {
		adi_v1_error(reply, ADI_BAD_FIELD, "status",
				"Who is invited chooses a password by the link.");
		return;
	}
	if (!adi_may_give(by, DAT_ROLE_USER, in.role)) {
		adi_refuse_person(reply, by);
		return;
	}
	if (!hash_of(q, reply, app, hash) || !adi_take(app, reply, &c))
		return;
	in.pw_hash = *hash ? hash : NULL;
	o = add_user(q, reply, app, c, &in, &r);
	sql_give(c);
	hws_wipe(hash, sizeof(hash));
	if (r == HWS_OK)
		adi_v1_created(reply, o);
	else if (reply->status < 400)
		fail(reply, r);
}

/* --- changing --------------------------------------------------------------------------------- */

struct change {
	bool role, status; /* are to be changed */
	enum dat_role new_role;
	enum dat_status new_status;
	const char *pw_hash; /* NULL = stays */
};

static int read_change(const struct htp_request *q, struct htp_reply *reply,
		const struct dat_account *a, struct change *ch)
{
	const char *role = adi_in_text(q->json, "role"), *status = adi_in_text(q->json, "status");

	ch->new_role = a->role;
	ch->new_status = a->status;
	if ((role && adi_role_parse(role, &ch->new_role) < 0) ||
			(status && adi_status_parse(status, &ch->new_status) < 0))
		return HWS_ERR_INVAL;
	ch->role = ch->new_role != a->role;
	ch->status = ch->new_status != a->status;
	if (ch->status && ch->new_status == DAT_UNVERIFIED) {
		adi_v1_error(reply, ADI_BAD_FIELD, "status",
				"Only a new user can be an invited one.");
		return HWS_ERR_INVAL;
	}
	if (ch->pw_hash && strcmp(a->source, "local") != 0) {
		adi_v1_error(reply, ADI_BAD_FIELD, "password",
				"This user's password is kept by the directory.");
		return HWS_ERR_INVAL;
	}
	return HWS_OK;
}

static bool may_change(struct adi_actor by, const struct dat_account *a, const struct change *ch,
		const struct dat_account_change *rest)
{
	bool heavy = ch->role || ch->status || ch->pw_hash ||
			(rest->tfa_enforced == 0 && a->tfa_enforced) ||
			(rest->email_verification == 0 && a->email_verification);

	/* one's own name and note may be changed by who manages people */
	if (by.self)
		return !heavy;
	return adi_may_change(by, a->role) &&
			(!ch->role || adi_may_give(by, a->role, ch->new_role));
}

static int apply(struct sql_conn *c, const struct htp_request *q, const struct dat_account *a,
		const struct change *ch)
{
	struct dat_account_change rest = rest_of(q->json);
	int64_t now = adi_now();
	int r;

	rest.name = adi_in_text(q->json, "name");
	rest.display_name = adi_in_text(q->json, "display_name");
	rest.email = adi_in_text(q->json, "email");
	rest.note = adi_in_text(q->json, "note");
	rest.group_guid = adi_in_text(q->json, "group_guid");
	r = dat_account_change(c, a->guid, &rest, now);
	if (r == HWS_OK && ch->role)
		r = dat_account_set_role(c, a->guid, ch->new_role, now);
	if (r == HWS_OK && ch->status)
		r = dat_account_set_status(c, a->guid, ch->new_status, now);
	if (r == HWS_OK && ch->pw_hash)
		r = dat_account_set_password(c, a->guid, ch->pw_hash, true, now);
	return r;
}

static void put_pair(json_t *pairs, const char *key, const char *before, const char *after)
{
	if (strcmp(before, after) != 0)
		json_object_set_new(pairs, key,
				json_pack("{s:s,s:s}", "before", before, "after", after));
}

/* For the audit: the names of what was asked to be changed, and what decides over rights as it was
 * and is. No other value: there are passwords among them. */
static char *change_info(const struct htp_request *q, const struct dat_account *was,
		const struct dat_account *is)
{
	json_t *keys = json_array(), *pairs = json_object(), *info, *value;
	const char *key;
	char *text;

	json_object_foreach (q->json, key, value) {
		if (strcmp(key, "updated_at") != 0)
			json_array_append_new(keys, json_string(key));
	}
	put_pair(pairs, "role", adi_role_name(was->role), adi_role_name(is->role));
	put_pair(pairs, "status", adi_status_name(was->status), adi_status_name(is->status));
	put_pair(pairs, "group", was->group_name, is->group_name);
	put_pair(pairs, "name", was->name, is->name);
	info = json_pack("{s:o,s:o}", "changed", keys, "values", pairs);
	text = info ? json_dumps(info, JSON_COMPACT) : NULL;
	json_decref(info);
	return text;
}

static int audit_change(const struct htp_request *q, struct adi_app *app, struct sql_conn *c,
		const struct dat_account *was)
{
	struct dat_account is;
	int r = dat_account_get(c, was->guid, &is);
	char *info = r == HWS_OK ? change_info(q, was, &is) : NULL;

	if (r == HWS_OK)
		r = adi_audit_user(app, c, q, "user.change", was, info);
	free(info);
	return r;
}

static int change_user(const struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c, const char *hash)
{
	struct dat_account_change rest = rest_of(q->json);
	struct change ch = { .pw_hash = *hash ? hash : NULL };
	const char *guid = htp_param(q, "guid");
	struct adi_actor by = adi_actor(q, guid);
	struct dat_account a;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r == HWS_OK) {
		r = dat_account_get(c, guid, &a);
		if (r == HWS_OK)
			r = adi_v1_unchanged(q, reply, a.updated_at);
		if (r == HWS_OK)
			r = read_change(q, reply, &a, &ch);
		if (r == HWS_OK && !may_change(by, &a, &ch, &rest)) {
			adi_refuse_person(reply, by);
			r = HWS_ERR_DENIED;
		}
		if (r == HWS_OK)
			r = check_group(reply, c, adi_in_text(q->json, "group_guid"));
		if (r == HWS_OK)
			r = apply(c, q, &a, &ch);
		if (r == HWS_OK)
			r = audit_change(q, app, c, &a);
		r = dat_tx_end(&tx, r);
	}
	return r;
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char hash[HWS_SLOW_HASH_TEXT];
	struct sql_conn *c;
	json_t *o = NULL;
	int r;

	if (!hash_of(q, reply, app, hash) || !adi_take(app, reply, &c))
		return;
	r = change_user(q, reply, app, c, hash);
	if (r == HWS_OK)
		o = read_user(app, c, htp_param(q, "guid"), &r);
	sql_give(c);
	hws_wipe(hash, sizeof(hash));
	if (r == HWS_OK)
		htp_reply_json(reply, o);
	else if (reply->status < 400)
		fail(reply, r);
}

/* --- one deed on one account ------------------------------------------------------------------ */

struct deed {
	const char *kind; /* of the event */
	bool (*may)(struct adi_actor by, enum dat_role of);
	/* `hash`: of the body's password. */
	int (*fn)(struct sql_conn *c, const struct htp_request *q, const struct dat_account *a,
			const char *hash);
};

static void run(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const struct deed *d)
{
	const char *guid = htp_param(q, "guid");
	struct adi_actor by = adi_actor(q, guid);
	char hash[HWS_SLOW_HASH_TEXT];
	struct dat_account a;
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!hash_of(q, reply, app, hash) || !adi_take(app, reply, &c))
		return;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = dat_account_get(c, guid, &a);
		if (r == HWS_OK && !d->may(by, a.role)) {
			adi_refuse_person(reply, by);
			r = HWS_ERR_DENIED;
		}
		if (r == HWS_OK)
			r = d->fn(c, q, &a, hash);
		if (r == HWS_OK)
			r = adi_audit_user(app, c, q, d->kind, &a, NULL);
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	hws_wipe(hash, sizeof(hash));
	if (r == HWS_OK)
		adi_v1_nothing(reply);
	else if (reply->status < 400)
		fail(reply, r);
}

static int do_remove(struct sql_conn *c, const struct htp_request *q, const struct dat_account *a,
		const char *hash)
{
	(void)q;
	(void)hash;
	return dat_account_remove(c, a->guid);
}

static int do_password(struct sql_conn *c, const struct htp_request *q, const struct dat_account *a,
		const char *hash)
{
	int64_t now = adi_now();
	int r;

	/* a directory keeps the passwords of its own */
	if (strcmp(a->source, "local") != 0)
		return HWS_ERR_INVAL;
	r = dat_account_set_password(
			c, a->guid, hash, adi_in_bool(q->json, "must_change") != 0, now);
	return r == HWS_OK ? dat_login_forgive(c, a, now) : r;
}

static int do_log_out(struct sql_conn *c, const struct htp_request *q, const struct dat_account *a,
		const char *hash)
{
	(void)q;
	(void)hash;
	return dat_account_log_out(c, a->guid, adi_now());
}

static int do_totp(struct sql_conn *c, const struct htp_request *q, const struct dat_account *a,
		const char *hash)
{
	int r = dat_totp_disable(c, a->guid);

	(void)q;
	(void)hash;
	/* what was begun and not confirmed goes as well; none at all is as asked */
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static const struct deed remove_deed = { "user.remove", adi_may_change, do_remove };
static const struct deed password_deed = { "user.password", adi_may_change, do_password };
static const struct deed log_out_deed = { "user.logout", adi_may_log_out, do_log_out };
static const struct deed totp_deed = { "user.totp_off", adi_may_change, do_totp };

static void remove_user(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	run(q, reply, app, &remove_deed);
}

static void password(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	run(q, reply, app, &password_deed);
}

static void log_out(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	run(q, reply, app, &log_out_deed);
}

static void drop_totp(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	run(q, reply, app, &totp_deed);
}

static const struct adi_call calls[] = {
	{ "listUsers", list, HTP_POOL_COMMON, 0 },
	{ "addUser", add, HTP_POOL_HASH, 0 },
	{ "getUser", get, HTP_POOL_COMMON, 0 },
	{ "changeUser", change, HTP_POOL_HASH, 0 },
	{ "removeUser", remove_user, HTP_POOL_COMMON, 0 },
	{ "resetPassword", password, HTP_POOL_HASH, 0 },
	{ "logOutUser", log_out, HTP_POOL_COMMON, 0 },
	{ "dropUserTotp", drop_totp, HTP_POOL_COMMON, 0 },
	{ "listUserSessions", sessions, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_users = { calls, HWS_COUNT(calls) };
