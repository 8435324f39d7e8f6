/* api/login_enter: what belongs to a login that succeeded, by whatever way, and to one that did
 * not. */
#include "admin/api/alarms.h"
#include "admin/api/login_parts.h"
#include "admin/data/devices.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS (3600ll * 1000)

const char *adi_login_via(enum dat_session_kind kind)
{
	static const char *const names[DAT_SESSION_KINDS] = { [DAT_SESSION_CLIENT] = "client",
		[DAT_SESSION_BROWSER] = "browser",
		[DAT_SESSION_CONSOLE] = "console" };

	return names[kind];
}

struct dat_login_try adi_login_try(const struct adi_login_from *from, const char *name,
		const struct dat_account *a, const char *ip)
{
	return (struct dat_login_try){ .name = name,
		.account = a,
		.ip = ip,
		.via = adi_login_via(from->kind),
		.device_id = from->device_id,
		.device_uuid = from->device_uuid,
		.os = from->os };
}

void adi_login_broken(struct adi_login *ret, int r)
{
	hws_wipe(ret, sizeof(*ret));
	ret->state = ADI_LOGIN_FAILED;
	ret->r = r;
}

void adi_login_refuse(struct adi_login *ret, const char *text)
{
	ret->state = ADI_LOGIN_REFUSED;
	(void)snprintf(ret->text, sizeof(ret->text), "%s", text);
}

void adi_login_trust_mark(const char *token, char buf[DAT_UUID_TEXT])
{
	char hash[DAT_HASH_TEXT];

	buf[0] = '\0';
	if (strnlen(token, DAT_TOKEN_TEXT) != DAT_TOKEN_TEXT - 1)
		return;
	dat_token_hash(token, hash);
	(void)snprintf(buf, DAT_UUID_TEXT, ADI_TRUST_MARK "%s", hash);
}

/* --- the audit -------------------------------------------------------------------------------- */

int adi_login_audit(struct adi_app *app, struct sql_conn *c, const struct adi_login_from *from,
		const char *kind, const struct dat_account *a, const char *name, const char *reason)
{
	json_t *o = json_pack("{s:s,s:s,s:s}", "way", adi_login_via(from->kind), "reason", reason,
			"device_id", from->device_id);
	char *info = o ? json_dumps(o, JSON_COMPACT) : NULL;
	int r = adi_audit(app, c, from->q,
			&(struct adi_deed){ .kind = kind,
					.target_kind = a ? "user" : NULL,
					.target_guid = a ? a->guid : NULL,
					.target_name = a ? a->name : NULL,
					.info = info,
					.actor = a ? a->name : name });

	free(info);
	json_decref(o);
	return r;
}

int adi_login_failed(struct adi_app *app, struct sql_conn *c, const struct adi_login_from *from,
		const struct dat_login_turn *turn, const struct dat_account *a, const char *name,
		enum dat_login_end end, const char *reason)
{
	char ip[DAT_IP_TEXT];
	int r = dat_login_end(c, turn->guid, a ? a->guid : NULL, end);

	if (r == HWS_OK)
		r = adi_login_audit(app, c, from,
				end == DAT_LOGIN_WRONG ? "login.failed" : "login.refused", a, name,
				reason);
	if (r == HWS_OK && end == DAT_LOGIN_WRONG && turn->last) {
		r = adi_login_audit(app, c, from, "login.braked", a, name, reason);
		adi_ip(from->q, ip);
		adi_alarm_guessing(app, c, a ? a->name : name, ip);
	}
	return r;
}

int adi_login_mail(struct adi_app *app, struct sql_conn *c, const struct dat_account *a,
		const char *code)
{
	char subject[DAT_NAME_TEXT + 40], body[DAT_NAME_TEXT + 400];
	int r = hws_fmt(subject, sizeof(subject), "Code for %s", app->server_name);

	if (r == HWS_OK)
		r = hws_fmt(body, sizeof(body),
				"%s\n\nThis is the code of your login at %s. It serves once, within "
				"five minutes.\nIf you are not logging in, somebody else knows your "
				"password: change it.\n",
				code, app->server_name);
	if (r == HWS_OK)
		r = adi_app_mail(app, c, a, subject, body);
	hws_wipe(body, sizeof(body));
	return r;
}

/* --- coming in -------------------------------------------------------------------------------- */

/* A machine that nobody has becomes that of who logs in on it; it is never taken from anybody. */
static int claim(struct adi_app *app, struct sql_conn *c, const struct adi_login_from *from,
		const struct dat_account *a)
{
	int r;

	if (from->kind != DAT_SESSION_CLIENT || !*from->device_id || !*from->device_uuid)
		return HWS_OK;
	r = dat_device_claim(c, from->device_id, from->device_uuid, a->guid, adi_now());
	/* nobody's device but not known either, or somebody's: both are no failure of the login */
	if (r == HWS_ERR_NOTFOUND || r == HWS_ERR_EXISTS || r == HWS_ERR_INVAL)
		return HWS_OK;
	if (r < 0)
		return r;
	return adi_audit(app, c, from->q,
			&(struct adi_deed){ .kind = "device.assign",
					.target_kind = "device",
					.target_name = from->device_id,
					.actor = a->name });
}

static int make_session(struct adi_app *app, struct sql_conn *c, const struct adi_login_from *from,
		const struct dat_account *a, struct adi_login *ret)
{
	struct dat_session_new in = {
		.account_guid = a->guid,
		.kind = from->kind,
		.os = from->os,
		.device_name = from->device_name,
		.proved = a,
	};
	struct adi_settings s;
	char ip[DAT_IP_TEXT];
	int64_t now = adi_now();

	adi_ip(from->q, ip);
	in.ip = ip;
	adi_app_settings(app, c, &s);
	if (from->kind == DAT_SESSION_CONSOLE) {
		in.life_ms = s.session_hours * HOUR_MS;
	} else {
		in.device_id = from->device_id;
		in.device_uuid = from->device_uuid;
	}
	ret->expires_at = now + in.life_ms;
	return dat_session_add(c, &in, now, ret->token);
}

static int come_in(struct adi_app *app, struct sql_conn *c, const struct adi_login_from *from,
		const struct dat_account *a, const char *via, struct adi_login *ret)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = make_session(app, c, from, a, ret);
	if (r == HWS_OK)
		r = dat_account_logged_in(c, a->guid, adi_now());
	if (r == HWS_OK)
		r = claim(app, c, from, a);
	if (r == HWS_OK)
		r = adi_login_audit(app, c, from, "login.ok", a, a->name, via);
	return dat_tx_end(&tx, r);
}

void adi_login_enter(struct adi_app *app, struct sql_conn *c, const struct adi_login_from *from,
		const struct dat_account *a, const char *via, struct adi_login *ret)
{
	struct dat_account copy = *a; /* may be ret's own */
	int r;

	if (copy.status != DAT_ENABLED) {
		adi_login_refuse(ret, "This account is disabled");
		return;
	}
	r = come_in(app, c, from, &copy, via, ret);
	if (r < 0) {
		adi_login_broken(ret, r);
		return;
	}
	ret->state = ADI_LOGIN_DONE;
	ret->account = copy;
}

int adi_login_end(struct adi_app *app, struct sql_conn *c, const struct htp_request *q)
{
	const struct adi_who *w = adi_who(q);
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_session_end(c, w->secret);
	if (r == HWS_OK)
		r = adi_audit(app, c, q,
				&(struct adi_deed){ .kind = "login.ended",
						.target_kind = "user",
						.target_guid = w->account.guid,
						.target_name = w->account.name });
	return dat_tx_end(&tx, r);
}
