/* Whom people may log in with: providers as an operator sets them, and what a person who is not
 * logged in yet may ask about them. */
#include "admin/api/identity.h"
#include "admin/api/oidc_flow.h"
#include "admin/api/v1.h"
#include "admin/identity/mapping.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

/* --- before the login ------------------------------------------------------------------------- */

static int list_name(const struct dat_provider *p, void *arg)
{
	return json_array_append_new(arg,
			       json_pack("{s:s,s:s,s:s}", "name", p->name, "title", p->title,
					       "kind", "oidc")) < 0
			? HWS_ERR_NOMEM
			: HWS_OK;
}

static void login_providers(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_page page;
	json_t *items;
	struct sql_conn *c;
	int64_t total = 0;
	int r;

	if (!adi_v1_page(q, reply, &page) || !adi_take(app, reply, &c))
		return;
	items = json_array();
	r = dat_provider_list(c, (struct dat_provider_filter){ .enabled_only = true }, page,
			list_name, items, &total);
	sql_give(c);
	adi_v1_listed(reply, r, "provider", items, page, total);
}

static void log_in_oidc(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char url[IDN_LOGIN_URL_TEXT], ip[DAT_IP_TEXT], cookie[DAT_TOKEN_TEXT + 120];
	struct dat_flow_new in = { .kind = DAT_FLOW_CONSOLE, .ip = ip };
	struct dat_flow_keys keys = { .code = "" };
	struct hws_error err = { 0 };
	int r;

	adi_ip(q, ip);
	if (!adi_identity_enter(app)) {
		adi_v1_error(reply, ADI_BUSY, NULL, "The server is busy with other logins.");
		return;
	}
	r = adi_flow_begin(app, adi_in_text(q->json, "provider"), &in, NULL, &keys, url, &err);
	adi_identity_leave(app);
	if (r == HWS_OK &&
			hws_fmt(cookie, sizeof(cookie),
					ADI_OIDC_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax; "
							"Max-Age=600%s",
					keys.browser, q->tls ? "; Secure" : "") == HWS_OK) {
		htp_reply_json(reply, json_pack("{s:s}", "url", url));
		htp_reply_field(reply, "Set-Cookie", cookie);
	} else if (r == HWS_ERR_NOTFOUND) {
		adi_v1_error(reply, ADI_NOT_FOUND, "provider", "%s.", err.text);
	} else {
		adi_v1_error(reply, ADI_AWAY, NULL, "%s", err.text);
	}
	hws_wipe(&keys, sizeof(keys));
	hws_wipe(cookie, sizeof(cookie));
}

/* --- providers -------------------------------------------------------------------------------- */

static json_t *out_domains(const char *domains)
{
	json_t *list = json_array();

	while (*domains) {
		size_t n = strcspn(domains, ",");

		json_array_append_new(list, json_stringn(domains, n));
		domains += n + (domains[n] == ',');
	}
	return list;
}

static json_t *out_provider(const struct dat_provider *p)
{
	json_t *map = json_loads(p->group_map, 0, NULL);

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:o,s:o,s:b,s:b,s:I,s:I}", "guid",
			p->guid, "name", p->name, "title", p->title, "issuer", p->issuer,
			"client_id", p->client_id, "scopes", p->scopes, "icon", p->icon,
			"auto_create", p->auto_create, "domains", out_domains(p->domains),
			"group_map", map ? map : json_object(), "enabled", p->enabled, "has_secret",
			p->has_secret, "created_at", (json_int_t)p->created_at, "updated_at",
			(json_int_t)p->updated_at);
}

static bool take_text(const json_t *body, const char *key, char *buf, size_t size)
{
	const char *s = adi_in_text(body, key);

	return !s || hws_str_copy(buf, size, s) == HWS_OK;
}

/* False: no domain; a comma would be two. */
static bool take_domains(const json_t *body, struct dat_provider *p)
{
	const json_t *list = json_object_get(body, "domains");
	size_t at = 0;

	if (!list)
		return true;
	p->domains[0] = '\0';
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));
		size_t room = sizeof(p->domains) - at;

		if (!s || !*s || strpbrk(s, ", @") ||
				hws_fmt(p->domains + at, room, "%s%s", at ? "," : "", s) < 0)
			return false;
		at += strlen(p->domains + at);
	}
	return true;
}

static bool take_map(const json_t *body, char *buf, size_t size, struct hws_error *err)
{
	const json_t *map = json_object_get(body, "group_map");
	char *text;
	bool ok;

	if (!map)
		return true;
	if (idn_map_check(map, err) < 0)
		return false;
	text = json_dumps(map, JSON_COMPACT);
	ok = text && hws_str_copy(buf, size, text) == HWS_OK;
	if (!ok)
		hws_error_set(err, HWS_ERR_TOOBIG, "the map is too long");
	free(text);
	return ok;
}

/* What the body says over what is there; false: `reply` says what is wrong. */
static bool take_provider(const json_t *body, struct dat_provider *p, struct htp_reply *reply)
{
	struct hws_error err = { 0 };
	char url[IDN_URL_TEXT];
	int flag;

	if (!take_text(body, "name", p->name, sizeof(p->name)) ||
			!take_text(body, "title", p->title, sizeof(p->title)) ||
			!take_text(body, "client_id", p->client_id, sizeof(p->client_id)) ||
			!take_text(body, "scopes", p->scopes, sizeof(p->scopes)) ||
			!take_text(body, "icon", p->icon, sizeof(p->icon)) ||
			!take_text(body, "issuer", p->issuer, sizeof(p->issuer)) ||
			idn_metadata_url(p->issuer, url, sizeof(url), &err) < 0) {
		adi_v1_error(reply, ADI_BAD_FIELD, "issuer", "That does not do: %s.",
				*err.text ? err.text : "a text is too long");
		return false;
	}
	if (!take_domains(body, p)) {
		adi_v1_error(reply, ADI_BAD_FIELD, "domains",
				"Domains are written as example.org, one by one.");
		return false;
	}
	if (!take_map(body, p->group_map, sizeof(p->group_map), &err)) {
		adi_v1_error(reply, ADI_BAD_FIELD, "group_map", "That does not do: %s.", err.text);
		return false;
	}
	if ((flag = adi_in_bool(body, "auto_create")) >= 0)
		p->auto_create = flag;
	if ((flag = adi_in_bool(body, "enabled")) >= 0)
		p->enabled = flag;
	return true;
}

static int list_provider(const struct dat_provider *p, void *arg)
{
	return json_array_append_new(arg, out_provider(p)) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static void list_providers(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", NULL };
	struct dat_page page;
	json_t *items;
	struct sql_conn *c;
	int64_t total = 0;
	int column = 0, r;
	bool down = false;

	if (!adi_v1_page(q, reply, &page) || adi_v1_sort(q, reply, columns, &column, &down) < 0 ||
			!adi_take(app, reply, &c))
		return;
	items = json_array();
	r = dat_provider_list(c,
			(struct dat_provider_filter){
					.down = down, .search = adi_v1_query(q, "q") },
			page, list_provider, items, &total);
	sql_give(c);
	adi_v1_listed(reply, r, "provider", items, page, total);
}

static int audit_provider(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *kind, const struct dat_provider *p)
{
	return adi_audit(app, c, q,
			&(struct adi_deed){ .kind = kind,
					.target_kind = "provider",
					.target_guid = p->guid,
					.target_name = p->name });
}

/* One of a list of steps that end with the provider as it is now in `p`. */
typedef int (*provider_step)(struct adi_app *app, struct sql_conn *c, struct htp_request *q,
		struct htp_reply *reply, struct dat_provider *p);

/* In a transaction; true: it is done. A step that has answered itself returns
 * HWS_ERR_CANCELED. */
static bool with_provider(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		provider_step step, struct dat_provider **ret)
{
	struct dat_provider *p = hws_alloc(sizeof(*p));
	struct sql_conn *c = NULL;
	struct dat_tx tx;
	int r = p ? HWS_OK : HWS_ERR_NOMEM;

	*ret = p;
	if (r == HWS_OK && !adi_take(app, reply, &c))
		return false;
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r == HWS_OK)
		r = dat_tx_end(&tx, step(app, c, q, reply, p));
	sql_give(c);
	if (r < 0 && r != HWS_ERR_CANCELED)
		adi_v1_fail(reply, r, "provider", r == HWS_ERR_EXISTS ? "name" : NULL);
	return r == HWS_OK;
}

static int step_get(struct adi_app *app, struct sql_conn *c, struct htp_request *q,
		struct htp_reply *reply, struct dat_provider *p)
{
	(void)app;
	(void)reply;
	return dat_provider_get(c, htp_param(q, "guid"), p);
}

static int step_add(struct adi_app *app, struct sql_conn *c, struct htp_request *q,
		struct htp_reply *reply, struct dat_provider *p)
{
	const char *secret = adi_in_text(q->json, "client_secret");
	char guid[DAT_GUID_TEXT];
	int r;

	*p = (struct dat_provider){
		.scopes = "openid profile email", .group_map = "{}", .enabled = true
	};
	if (!take_provider(q->json, p, reply))
		return HWS_ERR_CANCELED;
	r = dat_provider_add(c, app->keys, p, secret ? secret : "", adi_now(), guid);
	if (r == HWS_OK)
		r = dat_provider_get(c, guid, p);
	return r == HWS_OK ? audit_provider(app, c, q, "identity.add", p) : r;
}

static int step_change(struct adi_app *app, struct sql_conn *c, struct htp_request *q,
		struct htp_reply *reply, struct dat_provider *p)
{
	int r = dat_provider_get(c, htp_param(q, "guid"), p);

	if (r == HWS_OK &&
			(adi_v1_unchanged(q, reply, p->updated_at) < 0 ||
					!take_provider(q->json, p, reply)))
		return HWS_ERR_CANCELED;
	if (r == HWS_OK)
		r = dat_provider_put(
				c, app->keys, p, adi_in_text(q->json, "client_secret"), adi_now());
	if (r == HWS_OK)
		r = dat_provider_get(c, p->guid, p);
	return r == HWS_OK ? audit_provider(app, c, q, "identity.change", p) : r;
}

static int step_remove(struct adi_app *app, struct sql_conn *c, struct htp_request *q,
		struct htp_reply *reply, struct dat_provider *p)
{
	int r = dat_provider_get(c, htp_param(q, "guid"), p);

	(void)reply;
	if (r == HWS_OK)
		r = dat_provider_remove(c, p->guid);
	return r == HWS_OK ? audit_provider(app, c, q, "identity.remove", p) : r;
}

static void get_provider(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_provider *p;

	if (with_provider(q, reply, app, step_get, &p))
		htp_reply_json(reply, out_provider(p));
	hws_free(p);
}

static void add_provider(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_provider *p;

	if (with_provider(q, reply, app, step_add, &p)) {
		adi_login_options_changed(app);
		adi_v1_created(reply, out_provider(p));
	}
	hws_free(p);
}

static void change_provider(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_provider *p;

	if (with_provider(q, reply, app, step_change, &p)) {
		adi_login_options_changed(app);
		htp_reply_json(reply, out_provider(p));
	}
	hws_free(p);
}

static void remove_provider(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_provider *p;

	if (with_provider(q, reply, app, step_remove, &p)) {
		adi_login_options_changed(app);
		adi_v1_nothing(reply);
	}
	hws_free(p);
}

static void try_provider(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_provider *p;
	struct hws_error err = { 0 };
	int r;

	if (!with_provider(q, reply, app, step_get, &p)) {
		hws_free(p);
		return;
	}
	if (!adi_identity_enter(app)) {
		adi_v1_error(reply, ADI_BUSY, NULL, "The server is busy with other logins.");
	} else {
		r = idn_oidc_try(adi_identity_oidc(app->identity), p->issuer, &err);
		adi_identity_leave(app);
		htp_reply_json(reply,
				json_pack("{s:b,s:s}", "ok", r == HWS_OK, "text",
						r == HWS_OK ? "The provider answers, and shows "
							      "its keys."
							    : err.text));
	}
	hws_free(p);
}

static const struct adi_call calls[] = {
	{ "addOidc", add_provider, HTP_POOL_COMMON, 0 },
	{ "changeOidc", change_provider, HTP_POOL_COMMON, 0 },
	{ "getOidc", get_provider, HTP_POOL_COMMON, 0 },
	{ "listOidcs", list_providers, HTP_POOL_COMMON, 0 },
	{ "logInOidc", log_in_oidc, HTP_POOL_HASH, 0 },
	{ "loginProviders", login_providers, HTP_POOL_COMMON, 0 },
	{ "removeOidc", remove_provider, HTP_POOL_COMMON, 0 },
	{ "testOidc", try_provider, HTP_POOL_HASH, 0 },
};
const struct adi_calls adi_v1_identity = { calls, HWS_COUNT(calls) };
