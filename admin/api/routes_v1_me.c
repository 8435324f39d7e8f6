/* What everybody may do to their own account. Who has a session only, and not the person's secrets,
 * guesses at them here as at the door: the same brakes hold. */
#include "admin/api/console_session.h"
#include "admin/api/people.h"
#include "admin/data/factors.h"
#include "admin/data/login_log.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

#define URI_NAME_MAX 40u /* signs of a name in what a telephone reads */

/* The account of who asks; false: `reply` says that there is none. */
static bool own(const struct htp_request *q, struct htp_reply *reply)
{
	if (adi_who(q)->via != ADI_VIA_LOCAL)
		return true;
	adi_v1_error(reply, ADI_NOT_FOUND, NULL, "Nobody's account asks by this socket.");
	return false;
}

static bool own_conn(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn **ret)
{
	return own(q, reply) && adi_take(app, reply, ret);
}

/* --- the account ------------------------------------------------------------------------------ */

static void answer_account(struct htp_reply *reply, json_t *o, int r)
{
	if (o)
		htp_reply_json(reply, o);
	else if (r == HWS_ERR_EXISTS)
		adi_v1_error(reply, ADI_EXISTS, "email", "Somebody else has this mail address.");
	else
		adi_v1_fail(reply, r, "account", r == HWS_ERR_INVAL ? "email" : NULL);
}

static void me(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct sql_conn *c;
	json_t *o;

	if (!own_conn(q, reply, app, &c))
		return;
	o = adi_out_account(app, c, &adi_who(q)->account);
	sql_give(c);
	answer_account(reply, o, HWS_ERR_STORE);
}

static int change_me(const struct htp_request *q, struct adi_app *app, struct sql_conn *c,
		struct dat_account *ret)
{
	const char *guid = adi_who(q)->account.guid;
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	ch.display_name = adi_in_text(q->json, "display_name");
	ch.email = adi_in_text(q->json, "email");
	r = dat_account_change(c, guid, &ch, adi_now());
	if (r == HWS_OK)
		r = dat_account_get(c, guid, ret);
	if (r == HWS_OK)
		r = adi_audit_user(app, c, q, "user.change", ret, NULL);
	return dat_tx_end(&tx, r);
}

/* Nobody proves here that an address is theirs, and one opens the account that has it and keeps it
 * from others: who may give any to anybody gives it. */
static bool may_change_email(const struct htp_request *q)
{
	const struct dat_account *a = &adi_who(q)->account;
	const char *email = adi_in_text(q->json, "email");

	return !email || strcmp(email, a->email) == 0 || a->role == DAT_ROLE_OWNER ||
			a->role == DAT_ROLE_ADMIN;
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_account a;
	struct sql_conn *c;
	json_t *o = NULL;
	int r;

	if (!may_change_email(q)) {
		adi_v1_error(reply, ADI_FORBIDDEN, "email",
				"An administrator changes your mail address.");
		return;
	}
	if (!own_conn(q, reply, app, &c))
		return;
	r = change_me(q, app, c, &a);
	if (r == HWS_OK)
		o = adi_out_account(app, c, &a);
	sql_give(c);
	answer_account(reply, o, r < 0 ? r : HWS_ERR_STORE);
}

/* --- guesses ---------------------------------------------------------------------------------- */

static int begin_guess(const struct htp_request *q, struct adi_app *app, struct sql_conn *c,
		enum dat_login_step step, struct dat_login_turn *ret)
{
	const struct adi_who *w = adi_who(q);
	struct dat_login_brake brake = adi_brake(app, c);
	struct dat_login_try t = {
		.name = w->account.name,
		.account = &w->account,
		.ip = w->ip,
		.via = adi_via_name(w->via),
	};

	return dat_login_begin(c, &t, step, &brake, adi_now(), ret);
}

/* Not "ok": that would say the person came in, and forgive what was guessed before. */
static int end_guess(const struct htp_request *q, struct sql_conn *c,
		const struct dat_login_turn *turn, int r)
{
	return dat_login_end(c, turn->guid, adi_who(q)->account.guid,
			r == HWS_OK                             ? DAT_LOGIN_HALF
					: r == HWS_ERR_PASSWORD ? DAT_LOGIN_WRONG
								: DAT_LOGIN_UNDECIDED);
}

static void answer_guess(struct htp_reply *reply, int r, const char *field)
{
	if (r == HWS_ERR_PASSWORD)
		adi_v1_error(reply, ADI_BAD_FIELD, field, "This is not right.");
	else if (r == HWS_ERR_DENIED)
		adi_v1_error(reply, ADI_TOO_MANY, NULL, "Too many attempts; try again later.");
	else if (r == HWS_ERR_NOTFOUND)
		adi_v1_error(reply, ADI_NOT_FOUND, NULL, "One-time codes are not turned on.");
	else
		adi_v1_fail(reply, r, "account", field);
}

/* A code of the authenticator, or a recovery code. */
static int guess_code(const struct htp_request *q, struct adi_app *app, struct sql_conn *c)
{
	struct dat_login_turn turn;
	int end, r = begin_guess(q, app, c, DAT_LOGIN_CODE, &turn);

	if (r < 0)
		return r;
	r = dat_totp_check(c, app->keys, adi_who(q)->account.guid, adi_in_text(q->json, "code"),
			adi_now());
	end = end_guess(q, c, &turn, r);
	return r == HWS_OK ? end : r;
}

/* --- the password ----------------------------------------------------------------------------- */

static int begin_password(const struct htp_request *q, struct adi_app *app,
		struct dat_login_turn *turn, char hash[DAT_PW_HASH_TEXT])
{
	struct sql_conn *c;
	int r = sql_take(app->db, &c);

	if (r < 0)
		return r;
	r = begin_guess(q, app, c, DAT_LOGIN_PASSWORD, turn);
	if (r == HWS_OK)
		r = dat_account_pw_hash(c, adi_who(q)->account.guid, hash);
	sql_give(c);
	return r;
}

static int set_password(const struct htp_request *q, struct adi_app *app, struct sql_conn *c,
		const char *hash)
{
	const struct adi_who *w = adi_who(q);
	int r = dat_account_set_password(c, w->account.guid, hash, false, adi_now());

	if (r == HWS_OK)
		r = dat_session_keep(c, w->session.guid);
	return r == HWS_OK ? adi_audit_user(app, c, q, "user.password", &w->account, NULL) : r;
}

static int finish_password(const struct htp_request *q, struct adi_app *app,
		const struct dat_login_turn *turn, int proof, const char *hash)
{
	struct sql_conn *c;
	struct dat_tx tx;
	int r = sql_take(app->db, &c);

	if (r < 0)
		return r;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = end_guess(q, c, turn, proof);
		if (r == HWS_OK && proof == HWS_OK)
			r = set_password(q, app, c, hash);
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	return r;
}

static void password(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char old[DAT_PW_HASH_TEXT] = "", fresh[HWS_SLOW_HASH_TEXT];
	struct dat_login_turn turn;
	int r, proof;

	if (!own(q, reply))
		return;
	if (strcmp(adi_who(q)->account.source, "local") != 0) {
		adi_v1_error(reply, ADI_FORBIDDEN, NULL, "The directory keeps your password.");
		return;
	}
	r = begin_password(q, app, &turn, old);
	if (r < 0) {
		answer_guess(reply, r, "old");
		return;
	}
	proof = hws_slow_hash_verify(
			*old ? old : NULL, hws_bytes_str(adi_in_text(q->json, "old")), app->cost);
	if (proof == HWS_OK)
		proof = hws_slow_hash(hws_bytes_str(adi_in_text(q->json, "new")), app->cost, fresh);
	r = finish_password(q, app, &turn, proof, fresh);
	hws_wipe(fresh, sizeof(fresh));
	hws_wipe(old, sizeof(old));
	if (r == HWS_OK && proof == HWS_OK)
		adi_v1_nothing(reply);
	else
		answer_guess(reply, r == HWS_OK ? proof : r, "old");
}

/* --- one-time codes --------------------------------------------------------------------------- */

static void put_escaped(struct hws_buf *b, const char *s, size_t max)
{
	for (size_t i = 0; s[i] && i < max; i++) {
		unsigned char ch = (unsigned char)s[i];

		if ((ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z') ||
				strchr("-._~", ch))
			hws_buf_put_u8(b, ch);
		else
			hws_buf_fmt(b, "%%%02X", ch);
	}
}

/* What a telephone reads from the picture. */
static json_t *totp_uri(const struct adi_app *app, const char *name, const char *secret)
{
	struct hws_buf b;
	json_t *o;

	hws_buf_init(&b, 512);
	hws_buf_put_str(&b, "otpauth://totp/");
	put_escaped(&b, app->server_name, URI_NAME_MAX);
	hws_buf_put_str(&b, ":");
	put_escaped(&b, name, URI_NAME_MAX);
	hws_buf_fmt(&b, "?secret=%s&issuer=", secret);
	put_escaped(&b, app->server_name, URI_NAME_MAX);
	hws_buf_put_u8(&b, 0);
	o = hws_buf_err(&b) < 0 ? NULL
				: json_pack("{s:s,s:s}", "secret", secret, "uri",
						  (const char *)hws_buf_bytes(&b).ptr);
	hws_buf_done_wiped(&b);
	return o;
}

static void start_totp(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char secret[DAT_TOTP_SECRET_TEXT];
	struct sql_conn *c;
	int r;

	if (!own_conn(q, reply, app, &c))
		return;
	r = dat_totp_begin(c, app->keys, adi_who(q)->account.guid, secret);
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, totp_uri(app, adi_who(q)->account.name, secret));
	else if (r == HWS_ERR_EXISTS)
		adi_v1_error(reply, ADI_EXISTS, NULL, "One-time codes are turned on already.");
	else
		adi_v1_fail(reply, r, "account", NULL);
	hws_wipe(secret, sizeof(secret));
}

static void answer_codes(struct htp_reply *reply, char codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT])
{
	json_t *list = json_array();

	for (size_t i = 0; i < DAT_RECOVERY_CODES; i++)
		json_array_append_new(list, json_string(codes[i]));
	htp_reply_json(reply, json_pack("{s:o}", "codes", list));
	hws_wipe(codes, DAT_RECOVERY_CODES * DAT_RECOVERY_TEXT);
}

static int enable_totp(const struct htp_request *q, struct adi_app *app, struct sql_conn *c,
		char codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT])
{
	const struct dat_account *a = &adi_who(q)->account;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = a->tfa_on ? HWS_ERR_EXISTS
		      : dat_totp_enable(c, app->keys, a->guid, adi_in_text(q->json, "code"),
					adi_now(), codes);
	if (r == HWS_OK)
		r = adi_audit_user(app, c, q, "user.totp_on", a, NULL);
	return dat_tx_end(&tx, r);
}

static void confirm_totp(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT];
	struct sql_conn *c;
	int r;

	if (!own_conn(q, reply, app, &c))
		return;
	r = enable_totp(q, app, c, codes);
	sql_give(c);
	if (r == HWS_OK)
		answer_codes(reply, codes);
	else if (r == HWS_ERR_EXISTS)
		adi_v1_error(reply, ADI_EXISTS, NULL, "One-time codes are turned on already.");
	else
		answer_guess(reply, r, "code");
}

static void renew_codes(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT];
	const struct dat_account *a = &adi_who(q)->account;
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!own_conn(q, reply, app, &c))
		return;
	r = guess_code(q, app, c);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = dat_recovery_renew(c, a->guid, codes);
		if (r == HWS_OK)
			r = adi_audit_user(app, c, q, "user.recovery_codes", a, NULL);
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	if (r == HWS_OK)
		answer_codes(reply, codes);
	else
		answer_guess(reply, r, "code");
}

static void drop_totp(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const struct dat_account *a = &adi_who(q)->account;
	struct adi_settings s;
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!own_conn(q, reply, app, &c))
		return;
	adi_app_settings(app, c, &s);
	if (a->tfa_enforced || s.require_totp) {
		sql_give(c);
		adi_v1_error(reply, ADI_FORBIDDEN, NULL, "This server asks you for them.");
		return;
	}
	r = guess_code(q, app, c);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = dat_totp_disable(c, a->guid);
		if (r == HWS_OK)
			r = adi_audit_user(app, c, q, "user.totp_off", a, NULL);
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	if (r == HWS_OK)
		adi_v1_nothing(reply);
	else
		answer_guess(reply, r, "code");
}

/* --- sessions --------------------------------------------------------------------------------- */

static void sessions(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	if (own(q, reply))
		adi_answer_sessions(
				q, reply, app, adi_who(q)->account.guid, adi_who(q)->session.guid);
}

static void end_session(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const struct dat_account *a = &adi_who(q)->account;
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!own_conn(q, reply, app, &c))
		return;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = dat_session_end_guid(c, a->guid, htp_param(q, "guid"));
		if (r == HWS_OK)
			r = adi_audit_user(app, c, q, "login.ended", a, NULL);
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	if (r == HWS_OK)
		adi_v1_nothing(reply);
	else
		adi_v1_fail(reply, r, "session", NULL);
}

static const struct adi_call calls[] = {
	{ "me", me, HTP_POOL_COMMON, 0 },
	{ "changeMe", change, HTP_POOL_COMMON, 0 },
	{ "changePassword", password, HTP_POOL_HASH, 0 },
	{ "startTotp", start_totp, HTP_POOL_COMMON, 0 },
	{ "confirmTotp", confirm_totp, HTP_POOL_COMMON, 0 },
	{ "dropTotp", drop_totp, HTP_POOL_COMMON, 0 },
	{ "newRecoveryCodes", renew_codes, HTP_POOL_COMMON, 0 },
	{ "listMySessions", sessions, HTP_POOL_COMMON, 0 },
	{ "endMySession", end_session, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_me = { calls, HWS_COUNT(calls) };
