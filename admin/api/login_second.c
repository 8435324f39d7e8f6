/* api/login_second: the second factor. Codes are braked by the account, whatever name a caller
 * gives. */
#include "admin/api/login_parts.h"
#include "admin/api/people.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

struct answer {
	struct adi_app *app;
	const struct adi_login_from *from;
	const char *name, *secret, *code;
	unsigned trust_days;
	enum dat_challenge_kind kind;
	struct dat_account account;
	struct dat_login_turn turn;
};

/* Whose challenge it is, and counts the attempt. HWS_ERR_NOTFOUND: there is none. */
static int begin(struct answer *an, struct sql_conn *c)
{
	struct dat_login_brake brake = adi_brake(an->app, c);
	char guid[DAT_GUID_TEXT], ip[DAT_IP_TEXT];
	struct dat_account named;
	struct dat_login_try t;
	int64_t now = adi_now();
	int r = dat_challenge_of(c, an->secret, an->from->device_id, an->from->device_uuid, now,
			guid, &an->kind);

	if (r == HWS_OK)
		r = dat_account_get(c, guid, &an->account);
	if (r == HWS_OK && an->name) {
		r = dat_account_find(c, an->name, &named);
		if (r == HWS_OK && strcmp(named.guid, guid) != 0)
			r = HWS_ERR_NOTFOUND;
	}
	if (r < 0)
		return r == HWS_ERR_DENIED ? HWS_ERR_NOTFOUND : r;
	adi_ip(an->from->q, ip);
	t = adi_login_try(an->from, an->account.name, &an->account, ip);
	return dat_login_begin(c, &t, DAT_LOGIN_CODE, &brake, now, &an->turn);
}

static int trust(struct answer *an, struct sql_conn *c, struct adi_login *ret)
{
	char mark[DAT_UUID_TEXT] = "";
	unsigned days = an->trust_days;
	int r = HWS_OK;

	if (an->from->kind == DAT_SESSION_CONSOLE && days) {
		dat_token_new(ret->trust);
		adi_login_trust_mark(ret->trust, mark);
	} else if (an->from->kind == DAT_SESSION_CLIENT && an->kind == DAT_CHALLENGE_MAIL &&
			!hws_str_starts(an->from->device_uuid, ADI_TRUST_MARK)) {
		days = ADI_TRUST_CLIENT_DAYS;
		r = hws_str_copy(mark, sizeof(mark), an->from->device_uuid);
	}
	return r == HWS_OK && *mark
			? dat_trust_add(c, an->account.guid, mark, adi_now() + days * DAT_DAY_MS)
			: r;
}

static int enter(struct answer *an, struct sql_conn *c, struct adi_login *ret)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_login_end(c, an->turn.guid, an->account.guid, DAT_LOGIN_OK);
	if (r == HWS_OK)
		adi_login_enter(an->app, c, an->from, &an->account, "second factor", ret);
	if (r == HWS_OK && ret->state == ADI_LOGIN_FAILED)
		r = ret->r;
	if (r == HWS_OK && ret->state == ADI_LOGIN_DONE)
		r = trust(an, c, ret);
	return dat_tx_end(&tx, r);
}

static int wrong(struct answer *an, struct sql_conn *c)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = adi_login_failed(an->app, c, an->from, &an->turn, &an->account, an->account.name,
			DAT_LOGIN_WRONG, "code");
	return dat_tx_end(&tx, r);
}

static int answer(struct answer *an, struct sql_conn *c, struct adi_login *ret)
{
	char guid[DAT_GUID_TEXT];
	int r = begin(an, c);

	if (r == HWS_ERR_DENIED) {
		ret->state = ADI_LOGIN_BRAKED;
		return HWS_OK;
	}
	if (r == HWS_ERR_NOTFOUND) {
		ret->state = ADI_LOGIN_DEAD;
		return HWS_OK;
	}
	if (r < 0)
		return r;
	/* no transaction around it: a try stays counted */
	r = dat_challenge_answer(c, an->app->keys, an->secret, an->from->device_id,
			an->from->device_uuid, an->code, adi_now(), guid);
	if (r == HWS_OK)
		return enter(an, c, ret);
	if (r != HWS_ERR_PASSWORD && r != HWS_ERR_DENIED)
		return r;
	ret->state = r == HWS_ERR_PASSWORD ? ADI_LOGIN_WRONG_CODE : ADI_LOGIN_DEAD;
	return wrong(an, c);
}

void adi_login_code(struct adi_app *app, const struct adi_login_from *from, const char *name,
		const char *secret, const char *code, unsigned trust_days, struct adi_login *ret)
{
	struct answer an = { .app = app,
		.from = from,
		.name = name,
		.secret = secret,
		.code = code,
		.trust_days = trust_days };
	struct sql_conn *c;
	int r = sql_take(app->db, &c);

	*ret = (struct adi_login){ 0 };
	if (r == HWS_OK) {
		r = answer(&an, c, ret);
		sql_give(c);
	}
	if (r < 0)
		adi_login_broken(ret, r);
}
