/* api/login: the first factor. An attempt is counted before the password is looked at, and an
 * unknown name takes as long as a known one. */
#include "admin/api/login.h"
#include "admin/api/identity.h"
#include "admin/api/login_parts.h"
#include "admin/api/people.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

void adi_login_done(struct adi_login *l)
{
	hws_wipe(l, sizeof(*l));
}

/* --- the password ----------------------------------------------------------------------------- */

struct attempt {
	struct adi_app *app;
	const struct adi_login_from *from;
	const char *name; /* as it was typed */
	struct dat_account account;
	bool known, by_mail;
	char hash[DAT_PW_HASH_TEXT], fresh_hash[DAT_PW_HASH_TEXT];
	struct dat_login_turn turn;
};

/* By name, else by mail address. */
static int find(struct attempt *at, struct sql_conn *c)
{
	int r = dat_account_find(c, at->name, &at->account);

	at->by_mail = r == HWS_ERR_NOTFOUND;
	if (at->by_mail)
		r = dat_account_find_email(c, at->name, &at->account);
	at->known = r == HWS_OK;
	if (r == HWS_OK && at->account.has_password)
		r = dat_account_pw_hash(c, at->account.guid, at->hash);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

/* Counts it. */
static int begin(struct attempt *at)
{
	char ip[DAT_IP_TEXT];
	struct dat_login_brake brake;
	struct dat_login_try t;
	struct sql_conn *c;
	int r = sql_take(at->app->db, &c);

	if (r < 0)
		return r;
	r = find(at, c);
	if (r == HWS_OK) {
		adi_ip(at->from->q, ip);
		brake = adi_brake(at->app, c);
		t = adi_login_try(at->from, at->name, at->known ? &at->account : NULL, ip);
		r = dat_login_begin(c, &t, DAT_LOGIN_PASSWORD, &brake, adi_now(), &at->turn);
	}
	sql_give(c);
	return r;
}

/* Who has no password here may have one in the directory, and may come in for the first time. */
static int by_directory(
		struct attempt *at, const char *name, const char *password, struct hws_error *err)
{
	char guid[DAT_GUID_TEXT];
	struct sql_conn *c;
	int r = adi_directory_login(at->app, name, password, guid, err);

	if (r < 0)
		return r;
	r = sql_take(at->app->db, &c);
	if (r < 0)
		return r;
	r = dat_account_get(c, guid, &at->account);
	sql_give(c);
	at->known = r == HWS_OK;
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_STORE : r;
}

/* An address here can be the name of somebody else in the directory, whom it must not keep out.
 * Where the directory cannot tell, the guess at the account here was still wrong. */
static int by_typed_name(struct attempt *at, const char *password, struct hws_error *err)
{
	int r = by_directory(at, at->name, password, err);

	if (r == HWS_ERR_DENIED && *err->text)
		at->known = false; /* another's affair */
	else if (r < 0 && r != HWS_ERR_NOMEM)
		r = HWS_ERR_PASSWORD;
	return r;
}

/* HWS_OK, HWS_ERR_PASSWORD, or why it cannot be told (`err` says it to who asks). */
static int prove(struct attempt *at, const char *password, struct hws_error *err)
{
	struct hws_slow_cost cost = at->app->cost;
	bool elsewhere = at->known && at->by_mail;
	int r;

	if (!*at->hash) {
		r = by_directory(at, at->known ? at->account.name : at->name, password, err);
		/* as long as who is nobody's */
		if (r != HWS_ERR_NOTFOUND && r != HWS_ERR_PASSWORD)
			return r;
	}
	r = hws_slow_hash_verify(*at->hash ? at->hash : NULL, hws_bytes_str(password), cost);
	if (r == HWS_ERR_PASSWORD && elsewhere)
		return by_typed_name(at, password, err);
	if (r == HWS_OK && hws_slow_hash_stale(at->hash, cost) &&
			hws_slow_hash(hws_bytes_str(password), cost, at->fresh_hash) < 0)
		at->fresh_hash[0] = '\0'; /* another time */
	return r;
}

/* --- what follows ----------------------------------------------------------------------------- */

/* A client cannot do what the console asks for first. */
static const char *owed(const struct attempt *at, const struct adi_settings *s)
{
	const struct dat_account *a = &at->account;

	if (at->from->kind == DAT_SESSION_CONSOLE)
		return NULL;
	if (a->must_change_pw)
		return "Change your password in the web console first";
	if (adi_owes_totp(a, s))
		return "Turn on one-time codes in the web console first";
	return NULL;
}

static bool trusted(const struct attempt *at, struct sql_conn *c, enum dat_challenge_kind kind)
{
	char mark[DAT_UUID_TEXT];

	/* the uuid of a client is no secret: good enough for a mail, not for the digits */
	if (at->from->kind == DAT_SESSION_CONSOLE)
		adi_login_trust_mark(at->from->trust, mark);
	else if (kind != DAT_CHALLENGE_MAIL ||
			hws_str_starts(at->from->device_uuid, ADI_TRUST_MARK) ||
			hws_str_copy(mark, sizeof(mark), at->from->device_uuid) < 0)
		return false;
	return *mark && dat_trust_check(c, at->account.guid, mark, adi_now()) == HWS_OK;
}

static int challenge(struct attempt *at, struct sql_conn *c, enum dat_challenge_kind kind,
		struct adi_login *ret)
{
	char code[DAT_MAIL_CODE_TEXT];
	int r = dat_challenge_begin(c, at->account.guid, kind, at->from->device_id,
			at->from->device_uuid, "password", adi_now(), ret->secret, code);

	if (r == HWS_OK && kind == DAT_CHALLENGE_MAIL)
		r = adi_login_mail(at->app, c, &at->account, code);
	hws_wipe(code, sizeof(code));
	if (r == HWS_ERR_UNSUPPORTED) {
		adi_login_refuse(ret, "The code cannot be mailed; ask your administrator");
		return adi_login_failed(at->app, c, at->from, &at->turn, &at->account, at->name,
				DAT_LOGIN_REFUSED, "mail");
	}
	if (r == HWS_OK)
		r = dat_login_end(c, at->turn.guid, at->account.guid, DAT_LOGIN_HALF);
	ret->state = ADI_LOGIN_SECOND;
	ret->second = kind;
	ret->account = at->account;
	return r;
}

static int enter(struct attempt *at, struct sql_conn *c, struct adi_login *ret)
{
	int r = dat_login_end(c, at->turn.guid, at->account.guid, DAT_LOGIN_OK);

	if (r == HWS_OK)
		adi_login_enter(at->app, c, at->from, &at->account, "password", ret);
	return r == HWS_OK && ret->state == ADI_LOGIN_FAILED ? ret->r : r;
}

static int proved(struct attempt *at, struct sql_conn *c, struct adi_login *ret)
{
	const struct dat_account *a = &at->account;
	enum dat_challenge_kind kind = a->tfa_on ? DAT_CHALLENGE_TOTP : DAT_CHALLENGE_MAIL;
	struct adi_settings s;
	const char *why;
	int r = HWS_OK;

	adi_app_settings(at->app, c, &s);
	why = a->status == DAT_ENABLED ? owed(at, &s) : "This account is disabled";
	if (why) {
		adi_login_refuse(ret, why);
		return adi_login_failed(at->app, c, at->from, &at->turn, a, at->name,
				DAT_LOGIN_REFUSED, why);
	}
	if (*at->fresh_hash) {
		r = dat_account_rehash(c, a->guid, at->hash, at->fresh_hash);
		if (r == HWS_ERR_NOTFOUND)
			r = HWS_OK; /* it has another password by now */
	}
	if (r < 0)
		return r;
	if ((a->tfa_on || a->email_verification) && !trusted(at, c, kind))
		return challenge(at, c, kind, ret);
	return enter(at, c, ret);
}

static int decide(struct attempt *at, struct sql_conn *c, int proof, const struct hws_error *why,
		struct adi_login *ret)
{
	const struct dat_account *a = at->known ? &at->account : NULL;

	if (proof == HWS_OK)
		return proved(at, c, ret);
	if (proof == HWS_ERR_PASSWORD) {
		ret->state = ADI_LOGIN_WRONG;
		return adi_login_failed(at->app, c, at->from, &at->turn, a, at->name,
				DAT_LOGIN_WRONG, "password");
	}
	/* what a directory says when it is away is for the log, and no failure of who asks */
	if (proof == HWS_ERR_DENIED && *why->text) {
		adi_login_refuse(ret, why->text);
	} else {
		hws_warn("login.directory", HWS_STR("error", why->text), HWS_ERR("code", proof));
		adi_login_refuse(ret, "The directory of users does not answer; try again later");
	}
	return adi_login_failed(at->app, c, at->from, &at->turn, a, at->name,
			proof == HWS_ERR_DENIED ? DAT_LOGIN_REFUSED : DAT_LOGIN_UNDECIDED,
			"directory");
}

static int finish(struct attempt *at, int proof, const struct hws_error *why, struct adi_login *ret)
{
	struct sql_conn *c;
	struct dat_tx tx;
	int r = sql_take(at->app->db, &c);

	if (r < 0)
		return r;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK)
		r = dat_tx_end(&tx, decide(at, c, proof, why, ret));
	sql_give(c);
	return r;
}

void adi_login_password(struct adi_app *app, const struct adi_login_from *from, const char *name,
		const char *password, struct adi_login *ret)
{
	struct attempt at = { .app = app, .from = from, .name = name };
	struct hws_error why = { 0 };
	int r, proof;

	*ret = (struct adi_login){ 0 };
	r = begin(&at);
	if (r == HWS_ERR_DENIED) {
		ret->state = ADI_LOGIN_BRAKED;
		r = HWS_OK;
	} else if (r == HWS_OK) {
		proof = prove(&at, password, &why);
		r = proof == HWS_ERR_NOMEM ? proof : finish(&at, proof, &why, ret);
	}
	if (r < 0)
		adi_login_broken(ret, r);
	hws_wipe(&at, sizeof(at));
}
