/* The mail server and the webhooks that notices of alarms go to. */
#include "admin/api/v1.h"
#include "admin/data/smtp.h"
#include "admin/data/webhooks.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

/* --- alarms ----------------------------------------------------------------------------------- */

static json_t *alarms_out(unsigned bits)
{
	json_t *a = json_array();

	for (int i = 0; i < DAT_ALARMS; i++)
		if (bits & 1u << i)
			json_array_append_new(
					a, json_string(dat_alarm_name((enum dat_alarm_kind)i)));
	return a;
}

/* -1: the member is not there. */
static int64_t alarms_in(const json_t *o)
{
	const json_t *a = json_object_get(o, "alarms");
	enum dat_alarm_kind kind;
	int64_t bits = 0;
	json_t *name;
	size_t i;

	if (!a)
		return -1;
	json_array_foreach (a, i, name) {
		if (dat_alarm_parse(json_string_value(name), &kind) == HWS_OK)
			bits |= 1 << kind;
	}
	return bits;
}

static int note(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *kind, const char *guid, const char *name)
{
	return adi_audit(app, c, q,
			&(struct adi_deed){ .kind = kind,
					.target_kind = guid ? "webhook" : "smtp",
					.target_guid = guid ? guid : "",
					.target_name = name });
}

/* --- the mail server -------------------------------------------------------------------------- */

static json_t *smtp_out(const struct dat_smtp *s)
{
	json_t *to = json_array();

	for (size_t i = 0; i < s->n_to; i++)
		json_array_append_new(to, json_string(s->to[i]));
	return json_pack("{s:b, s:s, s:i, s:s, s:s, s:b, s:s, s:o, s:o}", "enabled", s->enabled,
			"host", s->host, "port", (int)s->port, "security",
			dat_smtp_security_name(s->security), "user", s->user, "has_password",
			s->has_password, "from", s->from, "to", to, "alarms",
			alarms_out(s->alarms));
}

static void smtp(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_smtp *s = hws_alloc(sizeof(*s));
	struct sql_conn *c;
	int r = s ? HWS_OK : HWS_ERR_NOMEM;

	(void)q;
	if (!adi_take(app, reply, &c)) {
		hws_free(s);
		return;
	}
	if (r == HWS_OK)
		r = dat_smtp_load(c, app->keys, s);
	sql_give(c);
	if (r < 0)
		adi_v1_fail(reply, r, "mail server", NULL);
	else
		htp_reply_json(reply, smtp_out(s));
	hws_free(s);
}

/* Lengths were checked by the description. */
static int take_text(const json_t *o, const char *key, char *buf, size_t size)
{
	const char *text = adi_in_text(o, key);

	return text ? hws_str_copy(buf, size, text) : HWS_OK;
}

static int take_smtp(const json_t *o, struct dat_smtp *s)
{
	const char *security = adi_in_text(o, "security");
	const json_t *to = json_object_get(o, "to");
	int64_t alarms = alarms_in(o);
	int r = take_text(o, "host", s->host, sizeof(s->host));

	if (adi_in_bool(o, "enabled") >= 0)
		s->enabled = adi_in_bool(o, "enabled");
	s->port = (uint16_t)adi_in_int(o, "port", s->port);
	if (alarms >= 0)
		s->alarms = (unsigned)alarms;
	if (r == HWS_OK && security)
		r = dat_smtp_security_parse(security, &s->security);
	if (r == HWS_OK)
		r = take_text(o, "user", s->user, sizeof(s->user));
	if (r == HWS_OK)
		r = take_text(o, "from", s->from, sizeof(s->from));
	if (to)
		s->n_to = 0;
	for (size_t i = 0; r == HWS_OK && i < json_array_size(to) && i < DAT_SMTP_TO_MAX; i++)
		r = hws_str_copy(s->to[s->n_to++], sizeof(s->to[0]),
				json_string_value(json_array_get(to, i)));
	return r;
}

/* Where a password goes, and how openly. */
struct server {
	char host[DAT_SMTP_HOST_TEXT];
	uint16_t port;
	enum dat_smtp_security security;
};

static struct server server_of(const struct dat_smtp *s)
{
	struct server v = { .port = s->port, .security = s->security };

	memcpy(v.host, s->host, sizeof(v.host));
	return v;
}

static bool same_server(const struct server *old, const struct dat_smtp *s)
{
	return strcmp(old->host, s->host) == 0 && old->port == s->port &&
			old->security == s->security;
}

static int store_smtp(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_smtp *s)
{
	const char *password = adi_in_text(q->json, "password");
	const char *by = adi_who(q)->account.name;
	int64_t now = adi_now();
	struct server old;
	int r = sql_begin(c);

	if (r < 0)
		return r;
	r = dat_smtp_load(c, app->keys, s);
	old = server_of(s);
	if (r == HWS_OK)
		r = take_smtp(q->json, s);
	if (r == HWS_OK)
		r = dat_smtp_store(c, app->keys, s, by, now);
	/* what was given for one server is not told to another */
	if (!password && !same_server(&old, s))
		password = "";
	if (r == HWS_OK && password)
		r = dat_smtp_set_password(c, app->keys, password, by, now);
	if (r == HWS_OK)
		r = dat_smtp_load(c, app->keys, s);
	if (r == HWS_OK)
		r = note(app, c, q, "smtp.change", NULL, s->host);
	return sql_end(c, r);
}

static void change_smtp(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_smtp *s = hws_alloc(sizeof(*s));
	struct sql_conn *c;
	int r = s ? HWS_OK : HWS_ERR_NOMEM;

	if (!adi_take(app, reply, &c)) {
		hws_free(s);
		return;
	}
	if (r == HWS_OK)
		r = store_smtp(app, c, q, s);
	sql_give(c);
	if (r == HWS_ERR_INVAL)
		adi_v1_error(reply, ADI_BAD_FIELD, NULL,
				"A host, a sender and addresses of the usual form are needed.");
	else if (r < 0)
		adi_v1_fail(reply, r, "mail server", NULL);
	else
		htp_reply_json(reply, smtp_out(s));
	hws_free(s);
}

static void tested(struct htp_reply *reply, int r, const struct hws_error *err, const char *good)
{
	htp_reply_json(reply,
			json_pack("{s:b, s:s}", "ok", r == HWS_OK, "text",
					r == HWS_OK ? good : err->text));
}

static void test_smtp(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const char *rcpt = adi_who(q)->account.email;
	struct hws_error err = { 0 };
	int r;

	if (!*rcpt) {
		adi_v1_error(reply, ADI_UNSUPPORTED, NULL,
				"Your account has no mail address that a test could go to.");
		return;
	}
	r = ntf_test_mail(&app->notify, rcpt, &err);
	tested(reply, r, &err, "The mail server took the message.");
}

/* --- webhooks --------------------------------------------------------------------------------- */

static json_t *hook_out(const struct dat_webhook *w)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:o, s:I, s:I, s:s, s:I, s:I}", "guid", w->guid,
			"name", w->name, "url", w->url, "enabled", w->enabled, "alarms",
			alarms_out(w->alarms), "failures", (json_int_t)w->failures, "last_at",
			(json_int_t)w->last_at, "last_text", w->last_text, "created_at",
			(json_int_t)w->created_at, "updated_at", (json_int_t)w->updated_at);
}

static int on_hook(const struct dat_webhook *w, void *arg)
{
	return json_array_append_new(arg, hook_out(w)) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static void list_hooks(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", NULL };
	json_t *items;
	int64_t total = 0;
	struct dat_page page;
	struct sql_conn *c;
	int column, r;

	if (!adi_v1_page(q, reply, &page) ||
			adi_v1_sort(q, reply, columns, &column, &page.down) < 0 ||
			!adi_take(app, reply, &c))
		return;
	items = json_array();
	r = dat_webhook_list(c, adi_v1_query(q, "q"), page, on_hook, items, &total);
	sql_give(c);
	if (r == HWS_OK) {
		adi_v1_list(reply, items, page, total);
		return;
	}
	json_decref(items);
	adi_v1_fail(reply, r, "webhook", NULL);
}

static void say_hook(struct htp_reply *reply, int r, const struct dat_webhook *w, bool created)
{
	if (r == HWS_ERR_FULL)
		adi_v1_error(reply, ADI_TOO_MANY, NULL, "There are %d webhooks already.",
				DAT_WEBHOOKS_MAX);
	else if (r < 0)
		adi_v1_fail(reply, r, "webhook", r == HWS_ERR_EXISTS ? "name" : NULL);
	else if (created)
		adi_v1_created(reply, hook_out(w));
	else
		htp_reply_json(reply, hook_out(w));
}

static struct dat_webhook_change hook_in(const json_t *o)
{
	return (struct dat_webhook_change){
		.name = adi_in_text(o, "name"),
		.url = adi_in_text(o, "url"),
		.secret = adi_in_text(o, "secret"),
		.enabled = adi_in_bool(o, "enabled"),
		.alarms = alarms_in(o),
	};
}

static void add_hook(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const struct dat_webhook_change in = hook_in(q->json);
	char guid[DAT_GUID_TEXT];
	struct dat_webhook w;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = sql_begin(c);
	if (r == HWS_OK) {
		r = dat_webhook_add(c, app->keys, &in, adi_now(), guid);
		if (r == HWS_OK)
			r = dat_webhook_get(c, guid, &w);
		if (r == HWS_OK)
			r = note(app, c, q, "webhook.add", guid, w.name);
		r = sql_end(c, r);
	}
	sql_give(c);
	say_hook(reply, r, &w, true);
}

static void get_hook(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_webhook w;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = dat_webhook_get(c, htp_param(q, "guid"), &w);
	sql_give(c);
	say_hook(reply, r, &w, false);
}

static void change_hook(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const struct dat_webhook_change ch = hook_in(q->json);
	const char *guid = htp_param(q, "guid");
	struct dat_webhook w = { 0 };
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = sql_begin(c);
	if (r == HWS_OK) {
		r = dat_webhook_get(c, guid, &w);
		if (r == HWS_OK && adi_v1_unchanged(q, reply, w.updated_at) < 0) {
			sql_give(c); /* with what was begun: nothing is changed */
			return;
		}
		if (r == HWS_OK)
			r = dat_webhook_change(c, app->keys, guid, &ch, adi_now());
		if (r == HWS_OK)
			r = dat_webhook_get(c, guid, &w);
		if (r == HWS_OK)
			r = note(app, c, q, "webhook.change", guid, w.name);
		r = sql_end(c, r);
	}
	sql_give(c);
	say_hook(reply, r, &w, false);
}

static void remove_hook(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const char *guid = htp_param(q, "guid");
	struct dat_webhook w;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = sql_begin(c);
	if (r == HWS_OK) {
		r = dat_webhook_get(c, guid, &w);
		if (r == HWS_OK)
			r = dat_webhook_remove(c, guid);
		if (r == HWS_OK)
			r = note(app, c, q, "webhook.remove", guid, w.name);
		r = sql_end(c, r);
	}
	sql_give(c);
	if (r < 0)
		adi_v1_fail(reply, r, "webhook", NULL);
	else
		adi_v1_nothing(reply);
}

static void test_hook(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct hws_error err = { 0 };
	struct dat_webhook w;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = dat_webhook_get(c, htp_param(q, "guid"), &w);
	sql_give(c); /* not held while the other end is waited for */
	if (r < 0) {
		adi_v1_fail(reply, r, "webhook", NULL);
		return;
	}
	r = ntf_test_webhook(&app->notify, w.guid, &err);
	if (r == HWS_ERR_NOTFOUND) /* removed meanwhile */
		adi_v1_fail(reply, r, "webhook", NULL);
	else
		tested(reply, r, &err, "The webhook took the call.");
}

static const struct adi_call calls[] = {
	{ "smtp", smtp, HTP_POOL_COMMON, 0 },
	{ "changeSmtp", change_smtp, HTP_POOL_COMMON, 0 },
	{ "testSmtp", test_smtp, HTP_POOL_COMMON, 0 },
	{ "listWebhooks", list_hooks, HTP_POOL_COMMON, 0 },
	{ "addWebhook", add_hook, HTP_POOL_COMMON, 0 },
	{ "getWebhook", get_hook, HTP_POOL_COMMON, 0 },
	{ "changeWebhook", change_hook, HTP_POOL_COMMON, 0 },
	{ "removeWebhook", remove_hook, HTP_POOL_COMMON, 0 },
	{ "testWebhook", test_hook, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_notices = { calls, HWS_COUNT(calls) };
