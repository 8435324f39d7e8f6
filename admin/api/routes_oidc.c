/* What clients that log in at a provider ask, and the pages on the way: begin, wait, come back,
 * agree. */
#include "admin/api/console_enter.h"
#include "admin/api/oidc_flow.h"
#include "admin/api/page.h"
#include "admin/api/server_parts.h"
#include "admin/api/user_object.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define FORM_MAX 1024u
#define PENDING "No authed oidc is found" /* clients go on asking by this very text */
#define BUSY "The server is busy with other logins; try again in a moment"

static void login_options(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	(void)q;
	htp_reply_json(reply, adi_login_options(arg));
}

/* --- begin ------------------------------------------------------------------------------------ */

static const char *text_or(const json_t *o, const char *key, size_t max)
{
	const char *s = "";

	return htp_json_text(o, key, max, &s) == HWS_OK ? s : "";
}

static void fill_device(const json_t *body, struct dat_flow_new *in)
{
	const json_t *info = json_object_get(body, "deviceInfo");

	in->device_id = text_or(body, "id", DAT_ID_TEXT - 1);
	in->device_uuid = text_or(body, "uuid", DAT_UUID_TEXT - 1);
	in->device_os = text_or(info, "os", DAT_SHORT_TEXT - 1);
	in->device_name = text_or(info, "name", DAT_NAME_TEXT - 1);
	in->kind = strcmp(text_or(info, "type", DAT_SHORT_TEXT - 1), "browser") == 0
			? DAT_FLOW_BROWSER
			: DAT_FLOW_CLIENT;
}

/* A failure is told with 200, as the poll's are: what matters to clients is the key "error". */
static void say(struct htp_reply *reply, const char *text)
{
	htp_reply_error(reply, 400, "%s", text);
	reply->status = 200;
}

static void begin(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *app = arg;
	char ip[DAT_IP_TEXT], url[IDN_LOGIN_URL_TEXT];
	struct dat_flow_new in = { .ip = ip };
	struct dat_flow_keys keys = { .code = "" };
	struct hws_error err = { 0 };
	int r;

	adi_ip(q, ip);
	fill_device(q->json, &in);
	if (!adi_identity_enter(app)) {
		say(reply, BUSY);
		return;
	}
	r = adi_flow_begin(app, text_or(q->json, "op", DAT_PROVIDER_NAME_TEXT - 1), &in,
			text_or(q->json, "apiDomain", DAT_FLOW_URI_TEXT - 1), &keys, url, &err);
	adi_identity_leave(app);
	if (r == HWS_OK)
		htp_reply_json(reply, json_pack("{s:s,s:s}", "code", keys.code, "url", url));
	else
		say(reply, err.text);
	hws_wipe(&keys, sizeof(keys));
}

/* --- wait ------------------------------------------------------------------------------------- */

static int result_of(const struct adi_login *l)
{
	if (l->state == ADI_LOGIN_DONE)
		return HWS_OK;
	return l->state == ADI_LOGIN_REFUSED ? HWS_ERR_DENIED : l->r;
}

static int log_in(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_flow *f, struct adi_login *l, json_t **ret_user)
{
	struct adi_login_from from = {
		.q = q,
		.kind = f->kind == DAT_FLOW_BROWSER ? DAT_SESSION_BROWSER : DAT_SESSION_CLIENT,
		.device_id = f->device_id,
		.device_uuid = f->device_uuid,
		.os = f->device_os,
		.device_name = f->device_name,
		.trust = "",
	};
	struct dat_provider *p = hws_alloc(sizeof(*p));
	struct dat_account account;
	int r = p ? dat_account_get(c, f->account_guid, &account) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = dat_provider_get(c, f->provider_guid, p);
	if (r == HWS_OK) {
		adi_login_enter(app, c, &from, &account, "oidc", l);
		r = result_of(l);
	}
	if (r == HWS_OK)
		*ret_user = adi_user_object(c, &account, adi_now(), &r);
	if (r == HWS_OK)
		json_object_set_new(*ret_user, "third_auth_type", json_string(p->name));
	hws_free(p);
	return r;
}

/* Taken and logged in, or neither. */
static int take(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_flow *f, struct adi_login *l, json_t **ret_user)
{
	const char *code = htp_query(q, "code"), *id = htp_query(q, "id"),
		   *uuid = htp_query(q, "uuid");
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_flow_take(c, code ? code : "", id ? id : "", uuid ? uuid : "", adi_now(), f);
	if (r == HWS_OK && !*f->error)
		r = log_in(app, c, q, f, l, ret_user);
	return dat_tx_end(&tx, r);
}

static void poll(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *app = arg;
	struct adi_login l = { .token = "" };
	struct dat_flow f = { .error = "" };
	json_t *user = NULL;
	struct sql_conn *c;
	int r = sql_take(app->db, &c);

	if (r == HWS_OK) {
		r = take(app, c, q, &f, &l, &user);
		sql_give(c);
	}
	/* a database that is away is no reason to give up: it may be back in a second */
	if (r == HWS_OK && *f.error)
		say(reply, f.error);
	else if (r == HWS_OK)
		htp_reply_json(reply,
				json_pack("{s:s,s:s,s:s,s:s,s:o}", "access_token", l.token, "type",
						"access_token", "tfa_type", "", "secret", "",
						"user", user));
	else if (r == HWS_ERR_DENIED || r == HWS_ERR_NOTFOUND)
		say(reply, *f.account_guid ? "Your account is disabled" : "Expired");
	else
		say(reply, PENDING);
	if (r < 0)
		json_decref(user);
	adi_login_done(&l);
}

/* --- come back -------------------------------------------------------------------------------- */

static int ask_consent(struct adi_app *app, const struct adi_arrival *v, struct htp_reply *reply)
{
	char consent[DAT_TOKEN_TEXT] = "";
	struct dat_account account;
	struct sql_conn *c = NULL;
	int r = sql_take(app->db, &c);

	if (r == HWS_OK)
		r = dat_account_get(c, v->account_guid, &account);
	if (r == HWS_OK)
		r = dat_flow_ask(c, v->flow.key, v->account_guid, consent);
	sql_give(c);
	if (r == HWS_OK)
		adi_page_ask(reply,
				&(struct adi_question){ .account = account.name,
						.provider = *v->title ? v->title : v->provider,
						.device_name = v->flow.device_name,
						.device_os = v->flow.device_os,
						.device_id = v->flow.device_id,
						.ip = v->flow.ip,
						.consent = consent });
	hws_wipe(consent, sizeof(consent));
	return r;
}

/* In one transaction: the flow ends with its login, or neither does. */
static int end_in_console(struct adi_app *app, struct sql_conn *c, const struct adi_arrival *v,
		const struct htp_request *q, struct adi_login *l)
{
	char trust[DAT_TOKEN_TEXT];
	struct adi_login_from from = adi_console_from(q, trust);
	struct dat_account account;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_flow_end(c, v->flow.key);
	if (r == HWS_OK)
		r = dat_account_get(c, v->account_guid, &account);
	if (r == HWS_OK) {
		adi_login_enter(app, c, &from, &account, "oidc", l);
		r = result_of(l);
	}
	hws_wipe(trust, sizeof(trust));
	return dat_tx_end(&tx, r);
}

/* The console's own login ends here, with its cookie. */
static int enter_console(struct adi_app *app, const struct adi_arrival *v,
		const struct htp_request *q, struct htp_reply *reply)
{
	struct adi_login l = { .token = "" };
	struct sql_conn *c = NULL;
	int r = sql_take(app->db, &c);

	if (r == HWS_OK)
		r = end_in_console(app, c, v, q, &l);
	sql_give(c);
	if (r == HWS_OK) {
		htp_reply_bytes(reply, 303, NULL, hws_bytes(NULL, 0));
		htp_reply_field(reply, "Location", "../../");
		adi_set_cookie(q, reply, l.token);
		htp_reply_field(reply, "Set-Cookie",
				ADI_OIDC_COOKIE "=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
	}
	adi_login_done(&l);
	return r;
}

/* Never 5xx: a proxy that has its own page for that would hide the words. */
static void failed(struct htp_reply *reply, int r, const char *text)
{
	adi_page(reply, r == HWS_ERR_DENIED ? 403 : 200, "You are not logged in", text);
}

static void come_back(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *app = arg;
	struct adi_came_back back = { htp_query(q, "code"), htp_query(q, "state"),
		htp_query(q, "iss"), htp_query(q, "error") };
	char browser[DAT_TOKEN_TEXT];
	bool has_browser = htp_cookie(q, ADI_OIDC_COOKIE, browser, sizeof(browser)) == HWS_OK;
	struct adi_arrival v;
	struct hws_error err = { 0 };
	int r;

	if (!adi_identity_enter(app)) {
		adi_page(reply, 200, "One moment", BUSY ": load this page again.");
		return;
	}
	r = adi_flow_arrive(app, &back, has_browser ? browser : NULL, &v, &err);
	adi_identity_leave(app);
	if (r < 0) {
		failed(reply, r, err.text);
	} else {
		r = v.flow.kind == DAT_FLOW_CONSOLE ? enter_console(app, &v, q, reply)
						    : ask_consent(app, &v, reply);
		if (r < 0)
			failed(reply, r,
					"This login is over, or the server's database is away. "
					"Start it again.");
	}
	hws_wipe(&v, sizeof(v));
	hws_wipe(browser, sizeof(browser));
}

/* --- agree ------------------------------------------------------------------------------------ */

/* "consent=...&answer=yes": read as the query of an address. */
static int read_form(const struct htp_request *q, char *text, size_t size, struct htp_target *ret)
{
	struct hws_bytes body = hws_buf_bytes(&q->body);
	int r = hws_str_copy(text, size, "/?");

	if (r == HWS_OK)
		r = hws_str_from_bytes(text + 2, size - 2, body);
	return r == HWS_OK ? htp_target_parse(text, ret) : r;
}

static void agree(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *app = arg;
	char text[FORM_MAX + 3];
	struct htp_target form;
	const char *consent = NULL, *answer = NULL;
	bool yes;
	struct dat_flow f;
	struct sql_conn *c = NULL;
	int r = read_form(q, text, sizeof(text), &form);

	if (r == HWS_OK) {
		consent = htp_target_query(&form, "consent");
		answer = htp_target_query(&form, "answer");
	}
	if (!consent || !answer) {
		adi_page(reply, 400, "You are not logged in", "That is no answer to a question.");
		hws_wipe(text, sizeof(text));
		return;
	}
	yes = strcmp(answer, "yes") == 0;
	r = sql_take(app->db, &c);
	if (r == HWS_OK)
		r = dat_flow_answer(c, consent, yes, adi_now(), &f);
	sql_give(c);
	if (r < 0)
		failed(reply, r, "This login is over, or was answered before. Start it again.");
	else if (yes)
		adi_page(reply, 200, "The device is let in",
				"You may close this window and go back to it.");
	else
		adi_page(reply, 200, "Refused",
				"The device was not let in. If you did not start this login, "
				"somebody has tried to come in as you.");
	hws_wipe(text, sizeof(text));
}

const struct htp_route adi_routes_oidc[] = {
	{ HTP_GET, "/api/login-options", .pool = HTP_POOL_SOON, .fn = login_options },
	{ HTP_POST, "/api/oidc/auth", .body = HTP_BODY_JSON, .rate = HTP_RATE_LOGIN,
			.pool = HTP_POOL_HASH, .body_max = 65536, .fn = begin },
	{ HTP_GET, "/api/oidc/auth-query", .rate = HTP_RATE_USER, .fn = poll },
	{ HTP_GET, "/api/oidc/callback", .rate = HTP_RATE_LOGIN, .pool = HTP_POOL_HASH,
			.fn = come_back },
	{ HTP_POST, "/api/oidc/consent", .body = HTP_BODY_RAW, .rate = HTP_RATE_LOGIN,
			.body_max = FORM_MAX, .fn = agree },
};
const size_t adi_routes_oidc_count = HWS_COUNT(adi_routes_oidc);
