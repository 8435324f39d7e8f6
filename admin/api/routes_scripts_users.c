/* Accounts for operators' scripts. What an account may do to another is in authority.h, as for the
 * console. */
#include "admin/api/people.h"
#include "admin/api/scripts.h"
#include "admin/api/server_parts.h"
#include "admin/data/factors.h"
#include "admin/data/groups.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

/* --- reading ---------------------------------------------------------------------------------- */

static json_t *user_row(const struct dat_account *a)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:b,s:s,s:s,s:I,s:I,s:{s:b,s:b}}", "guid",
			a->guid, "name", a->name, "display_name", a->display_name, "email",
			a->email, "note", a->note, "status", (int)a->status, "is_admin",
			(int)(a->role >= DAT_ROLE_ADMIN), "group_name", a->group_name, "role",
			adi_role_name(a->role), "created_at", (json_int_t)(a->created_at / 1000),
			"last_login_at", (json_int_t)(a->last_login_at / 1000), "info",
			"email_verification", (int)a->email_verification, "tfa", (int)a->tfa_on);
}

static int add_user(const struct dat_account *a, void *arg)
{
	return json_array_append_new(arg, user_row(a)) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_users(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	char name[DAT_PATTERN_TEXT], group[DAT_PATTERN_TEXT];
	int r = adi_script_pattern(q, "name", name);

	(void)app;
	if (r == HWS_OK)
		r = adi_script_pattern(q, "group_name", group);
	return r == HWS_OK ? dat_accounts_like(c, name, group, page, add_user, rows, ret_total) : r;
}

void adi_scripts_users(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	/* the row is the clients', too, so that roles are looked at here */
	if (!(ADI_SCRIPT_READ & ADI_ROLE(adi_who(q)->account.role)))
		htp_reply_error(reply, 403, "Permission denied");
	else
		adi_script_list(q, reply, app, "user", list_users);
}

/* --- making ----------------------------------------------------------------------------------- */

/* Name, address, note and group of a body. */
struct newcomer {
	const char *name, *email, *note;
	char group[DAT_GUID_TEXT]; /* "" = the default one */
};

static int read_newcomer(struct sql_conn *c, const json_t *o, struct newcomer *ret)
{
	const char *group = NULL;
	struct dat_group g;
	int r = htp_json_text(o, "name", DAT_NAME_TEXT - 1, &ret->name);

	r = r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
	if (r == HWS_OK)
		r = adi_script_text(o, "email", DAT_EMAIL_TEXT, &ret->email);
	if (r == HWS_OK)
		r = adi_script_text(o, "note", DAT_NOTE_TEXT, &ret->note);
	if (r == HWS_OK)
		r = adi_script_text(o, "group_name", DAT_NAME_TEXT, &group);
	if (r == HWS_OK && group && *group) {
		r = dat_group_find(c, DAT_USER_GROUP, group, &g);
		if (r == HWS_OK)
			r = hws_str_copy(ret->group, sizeof(ret->group), g.guid);
	}
	return r;
}

static int make(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *hash, char ret_guid[DAT_GUID_TEXT])
{
	struct dat_account_new in = {
		.pw_hash = hash, .role = DAT_ROLE_USER, .status = DAT_ENABLED
	};
	struct newcomer n = { .name = NULL };
	struct dat_account a;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = read_newcomer(c, q->json, &n);
	in.name = n.name;
	in.email = n.email;
	in.note = n.note;
	in.group_guid = *n.group ? n.group : NULL;
	if (r == HWS_OK)
		r = dat_account_add(c, &in, adi_now(), ret_guid);
	if (r == HWS_OK)
		r = dat_account_get(c, ret_guid, &a);
	if (r == HWS_OK)
		r = adi_audit_user(app, c, q, "user.add", &a, NULL);
	return dat_tx_end(&tx, r);
}

static void add(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	char hash[HWS_SLOW_HASH_TEXT], guid[DAT_GUID_TEXT];
	const char *password = NULL;
	struct adi_app *app = arg;
	struct sql_conn *c;
	int r = htp_json_text(q->json, "password", DAT_PASSWORD_BYTES, &password);

	if (!adi_is_script(q)) {
		htp_reply_error(reply, 403, "Use a token for scripts");
		return;
	}
	if (r == HWS_OK)
		r = dat_password_check(password);
	if (r < 0) {
		htp_reply_error(reply, 400, "A password of %u to %u letters is needed",
				DAT_PASSWORD_MIN, DAT_PASSWORD_MAX);
		return;
	}
	/* takes long: before a connection is in hand */
	r = hws_slow_hash(hws_bytes_str(password), app->cost, hash);
	if (r < 0) {
		htp_reply_error(reply, 503, "The server has too much to do; try again");
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	r = make(app, c, q, hash, guid);
	sql_give(c);
	if (r < 0)
		adi_fail(reply, r, r == HWS_ERR_NOTFOUND ? "group" : "user");
	else
		htp_reply_json(reply, json_pack("{s:s}", "guid", guid));
}

/* No password: who is invited chooses one by the link in the mail. */
static int do_invite(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	struct dat_account_new in = { .role = DAT_ROLE_USER, .status = DAT_UNVERIFIED };
	struct newcomer n = { .name = NULL };
	char guid[DAT_GUID_TEXT];
	struct dat_account a;
	int r = read_newcomer(c, q->json, &n);

	in.name = n.name;
	in.email = n.email;
	in.note = n.note;
	in.group_guid = *n.group ? n.group : NULL;
	if (r == HWS_OK)
		r = dat_account_add(c, &in, adi_now(), guid);
	if (r == HWS_OK)
		r = dat_account_get(c, guid, &a);
	if (r == HWS_OK)
		r = adi_mail_user_link(app, c, q, &a);
	if (r == HWS_ERR_UNSUPPORTED)
		htp_reply_error(reply, 400, "No mail can be sent: set up the mail server first");
	if (r == HWS_OK)
		adi_did(did, "user.invite", "user", guid, a.name);
	return r;
}

static void invite(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "user or group", do_invite);
}

/* --- one account ------------------------------------------------------------------------------ */

/* An account that who asks may change, for good or ill. */
static int open_account(struct sql_conn *c, const struct htp_request *q, struct htp_reply *reply,
		const char *guid, bool only_sessions, struct dat_account *ret)
{
	struct adi_actor by = adi_actor(q, guid);
	int r = dat_account_get(c, guid, ret);

	if (r == HWS_OK &&
			!(only_sessions ? adi_may_log_out(by, ret->role)
					: adi_may_change(by, ret->role))) {
		htp_reply_error(reply, 403, "Permission denied");
		r = HWS_ERR_DENIED;
	}
	return r;
}

static int set_status(struct sql_conn *c, const struct htp_request *q, struct htp_reply *reply,
		enum dat_status status, struct adi_did *did)
{
	struct dat_account a;
	int r = open_account(c, q, reply, htp_param(q, "guid"), false, &a);

	if (r == HWS_OK)
		r = dat_account_set_status(c, a.guid, status, adi_now());
	if (r == HWS_OK)
		adi_did(did, status == DAT_ENABLED ? "user.enable" : "user.disable", "user", a.guid,
				a.name);
	return r;
}

static int do_enable(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	(void)app;
	return set_status(c, q, reply, DAT_ENABLED, did);
}

static int do_disable(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	(void)app;
	return set_status(c, q, reply, DAT_DISABLED, did);
}

static int do_delete(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	struct dat_account a;
	int r = open_account(c, q, reply, htp_param(q, "guid"), false, &a);

	(void)app;
	if (r == HWS_OK)
		r = dat_account_remove(c, a.guid);
	if (r == HWS_OK)
		adi_did(did, "user.remove", "user", a.guid, a.name);
	return r;
}

static void enable(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "user", do_enable);
}

static void disable(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "user", do_disable);
}

static void delete_user(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "user", do_delete);
}

/* --- several ---------------------------------------------------------------------------------- */

enum deed { DEED_ENFORCE, DEED_RELEASE, DEED_NO_MAIL_CODE, DEED_NO_TOTP, DEED_LOG_OUT };

static const char *const deed_kinds[] = { "user.totp.enforce", "user.totp.release",
	"user.mail_code.off", "user.totp.drop", "user.logout" };

struct several {
	struct adi_app *app;
	struct sql_conn *c;
	const struct htp_request *q;
	struct htp_reply *reply;
	enum deed deed;
};

static int change_one(const char *guid, void *arg)
{
	const struct several *s = arg;
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };
	struct dat_account a;
	int r = open_account(s->c, s->q, s->reply, guid, s->deed == DEED_LOG_OUT, &a);

	if (r < 0)
		return r;
	switch (s->deed) {
	case DEED_ENFORCE:
	case DEED_RELEASE:
		ch.tfa_enforced = s->deed == DEED_ENFORCE;
		r = dat_account_change(s->c, guid, &ch, adi_now());
		break;
	case DEED_NO_MAIL_CODE:
		ch.email_verification = 0;
		r = dat_account_change(s->c, guid, &ch, adi_now());
		break;
	case DEED_NO_TOTP:
		r = dat_totp_disable(s->c, guid);
		r = r == HWS_ERR_NOTFOUND ? HWS_OK : r;
		break;
	case DEED_LOG_OUT:
		r = dat_account_log_out(s->c, guid, adi_now());
		break;
	}
	return r == HWS_OK ? adi_audit_user(s->app, s->c, s->q, deed_kinds[s->deed], &a, NULL) : r;
}

static int change_all(struct several s)
{
	const json_t *guids = json_object_get(s.q->json, "user_guids");

	return json_is_array(guids) ? adi_script_each(guids, ADI_SCRIPT_MANY, change_one, &s)
				    : HWS_ERR_PROTO;
}

static int do_enforce(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	struct several s = { app, c, q, reply, DEED_RELEASE };
	bool on = false;
	int r = htp_json_bool(q->json, "enforce", &on);

	(void)did;
	if (on)
		s.deed = DEED_ENFORCE;
	return r == HWS_OK ? change_all(s) : HWS_ERR_PROTO;
}

static int do_no_verification(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	struct several s = { app, c, q, reply, DEED_NO_MAIL_CODE };
	const char *type = NULL;
	int r = htp_json_text(q->json, "type", 16, &type);

	(void)did;
	if (r < 0 || (!hws_str_equal(type, "email") && !hws_str_equal(type, "2fa")))
		return HWS_ERR_PROTO;
	if (hws_str_equal(type, "2fa"))
		s.deed = DEED_NO_TOTP;
	return change_all(s);
}

static int do_log_out(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	(void)did;
	return change_all((struct several){ app, c, q, reply, DEED_LOG_OUT });
}

static void enforce(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "user", do_enforce);
}

static void no_verification(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "user", do_no_verification);
}

static void log_out(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "user", do_log_out);
}

#define WRITE                                                                                      \
	.access = HTP_BEARER, .rate = HTP_RATE_USER, .roles = ADI_SCRIPT_WRITE, .scope = "user:rw"
#define BODY .body = HTP_BODY_JSON

const struct htp_route adi_routes_scripts_users[] = {
	{ HTP_POST, "/api/users", WRITE, BODY, .pool = HTP_POOL_HASH, .fn = add },
	{ HTP_POST, "/api/users/invite", WRITE, BODY, .fn = invite },
	{ HTP_POST, "/api/users/{guid}/enable", WRITE, .fn = enable },
	{ HTP_POST, "/api/users/{guid}/disable", WRITE, .fn = disable },
	{ HTP_DELETE, "/api/users/{guid}", WRITE, .fn = delete_user },
	{ HTP_PUT, "/api/users/tfa/totp/enforce", WRITE, BODY, .fn = enforce },
	{ HTP_PUT, "/api/users/disable_login_verification", WRITE, BODY, .fn = no_verification },
	{ HTP_POST, "/api/users/force-logout", .access = HTP_BEARER, .rate = HTP_RATE_USER,
			.roles = ADI_SCRIPT_OPERATE, .scope = "user:rw", BODY, .fn = log_out },
};
const size_t adi_routes_scripts_users_count = HWS_COUNT(adi_routes_scripts_users);
