/* One-time links by which people choose their own password: who is invited, and who has forgotten
 * theirs. Nobody who makes one learns the password, and the second factor stays as it is. */
#include "admin/api/identity.h"
#include "admin/api/people.h"
#include "admin/data/links.h"
#include "admin/data/login_log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

/* --- making ----------------------------------------------------------------------------------- */

static int new_link(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *guid, char url[ADI_SETUP_URL_TEXT])
{
	char token[DAT_TOKEN_TEXT];
	struct dat_link_new in = {
		.kind = DAT_LINK_PASSWORD, .account_guid = guid, .made_by = adi_who(q)->account.name
	};
	int r = dat_link_add(c, &in, adi_now(), token);

	if (r == HWS_OK)
		r = adi_console_link(app, "password", token, url);
	hws_wipe(token, sizeof(token));
	return r;
}

/* HWS_ERR_UNSUPPORTED: no mail can be sent, or there is no address. */
static int mail_link(struct adi_app *app, struct sql_conn *c, const struct dat_account *a,
		const char *url)
{
	char subject[DAT_NAME_TEXT + 40], body[ADI_SETUP_URL_TEXT + 2 * DAT_NAME_TEXT + 300];
	int r = hws_fmt(subject, sizeof(subject), "Your account at %s", app->server_name);

	if (r == HWS_OK)
		r = hws_fmt(body, sizeof(body),
				"An account at %s is yours; its name is %s.\n\nChoose a password "
				"here, once and within a day:\n%s\n",
				app->server_name, a->name, url);
	if (r == HWS_OK)
		r = adi_app_mail(app, c, a, subject, body);
	hws_wipe(body, sizeof(body));
	return r;
}

int adi_mail_user_link(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_account *a)
{
	char url[ADI_SETUP_URL_TEXT];
	int r = new_link(app, c, q, a->guid, url);

	if (r == HWS_OK)
		r = mail_link(app, c, a, url);
	hws_wipe(url, sizeof(url));
	return r;
}

static int make_link(const struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c, bool mail, char url[ADI_SETUP_URL_TEXT])
{
	const char *guid = htp_param(q, "guid");
	struct adi_actor by = adi_actor(q, guid);
	struct dat_account a;
	int r = dat_account_get(c, guid, &a);

	if (r == HWS_OK && (!adi_may_change(by, a.role) || strcmp(a.source, "local") != 0)) {
		adi_refuse_person(reply, by);
		r = HWS_ERR_DENIED;
	}
	if (r == HWS_OK)
		r = new_link(app, c, q, guid, url);
	if (r == HWS_OK && mail)
		r = mail_link(app, c, &a, url);
	if (r == HWS_OK)
		r = adi_audit_user(app, c, q, "user.link", &a, NULL);
	return r;
}

static void link_user(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	bool mail = adi_in_bool(q->json, "mail") == 1;
	char url[ADI_SETUP_URL_TEXT] = "";
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK)
		r = dat_tx_end(&tx, make_link(q, reply, app, c, mail, url));
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply,
				json_pack("{s:o,s:I,s:b}", "url",
						mail ? json_null() : json_string(url), "expires_at",
						(json_int_t)(adi_now() + DAT_LINK_MS), "mailed",
						mail));
	else if (r == HWS_ERR_UNSUPPORTED)
		adi_v1_error(reply, ADI_UNSUPPORTED, "mail",
				"No mail can be sent, or the user has no mail address.");
	else if (reply->status < 400)
		adi_v1_fail(reply, r, "user", NULL);
	hws_wipe(url, sizeof(url));
}

/* --- using ------------------------------------------------------------------------------------ */

static int use_link(const struct htp_request *q, struct adi_app *app, struct sql_conn *c,
		const char *hash)
{
	struct dat_account a;
	struct dat_link link;
	int64_t now = adi_now();
	int r = dat_link_use(c, DAT_LINK_PASSWORD, adi_in_text(q->json, "token"), now, &link);

	if (r == HWS_OK)
		r = dat_account_get(c, link.account_guid, &a);
	/* the link of an account that was disabled since lets nobody in */
	if (r == HWS_OK && (a.status == DAT_DISABLED || strcmp(a.source, "local") != 0))
		r = HWS_ERR_DENIED;
	if (r == HWS_OK && a.status == DAT_UNVERIFIED)
		r = dat_account_set_status(c, a.guid, DAT_ENABLED, now);
	if (r == HWS_OK)
		r = dat_account_set_password(c, a.guid, hash, false, now);
	if (r == HWS_OK)
		r = dat_login_forgive(c, &a, now);
	if (r == HWS_OK)
		r = adi_audit(app, c, q,
				&(struct adi_deed){ .kind = "user.password",
						.target_kind = "user",
						.target_guid = a.guid,
						.target_name = a.name,
						.info = "{\"by\":\"link\"}",
						.actor = a.name });
	return r;
}

static void fail(struct htp_reply *reply, int r)
{
	if (r == HWS_ERR_DENIED || r == HWS_ERR_NOTFOUND)
		adi_v1_error(reply, ADI_FORBIDDEN, "token",
				"This link was used before, or has expired; ask for another.");
	else
		adi_v1_fail(reply, r, "password", NULL);
}

static void choose(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char hash[HWS_SLOW_HASH_TEXT] = "";
	struct dat_link link;
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	/* before anything that costs a tenth of a second */
	r = dat_link_get(c, DAT_LINK_PASSWORD, adi_in_text(q->json, "token"), adi_now(), &link);
	sql_give(c);
	if (r == HWS_OK)
		r = hws_slow_hash(hws_bytes_str(adi_in_text(q->json, "password")), app->cost, hash);
	if (r < 0) {
		fail(reply, r);
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK)
		r = dat_tx_end(&tx, use_link(q, app, c, hash));
	sql_give(c);
	hws_wipe(hash, sizeof(hash));
	if (r == HWS_OK)
		adi_v1_nothing(reply);
	else
		fail(reply, r);
}

static const struct adi_call calls[] = {
	{ "linkUser", link_user, HTP_POOL_COMMON, 0 },
	{ "choosePassword", choose, HTP_POOL_HASH, 0 },
};
const struct adi_calls adi_v1_links = { calls, HWS_COUNT(calls) };
