/* What an operator sets while the service runs. Who may see settings need not see who changed
 * them; the audit has that. */
#include "admin/api/orders.h"
#include "admin/api/v1.h"
#include "admin/data/groups.h"
#include "admin/http/origin.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parts of a text as an array. */
static json_t *out_origins(const char *text)
{
	json_t *list = json_array();

	while (*text) {
		size_t len = strcspn(text, ",");

		if (len)
			json_array_append_new(list, json_stringn(text, len));
		text += len + (text[len] == ',');
	}
	return list;
}

static json_t *out(struct sql_conn *c, const struct adi_config *conf, const struct adi_settings *s)
{
	struct dat_group g;
	bool there = *s->default_group_guid &&
			dat_group_get(c, DAT_USER_GROUP, s->default_group_guid, &g) == HWS_OK;
	json_t *o = json_pack("{s:b,s:b,s:b,s:b,s:b,s:i,s:i,s:i,s:i,s:i,s:i,s:o,s:I}",
			"require_approval", s->require_approval, "require_login", s->require_login,
			"require_totp", s->require_totp, "accessible_lists", s->accessible_lists,
			"unowned_open", conf->unowned_open, "session_hours", (int)s->session_hours,
			"lockout_tries", (int)s->lockout_tries, "lockout_minutes",
			(int)s->lockout_minutes, "audit_days", (int)s->audit_days, "recording_days",
			(int)s->recording_days, "forget_unseen_days", (int)s->forget_unseen_days,
			"allowed_origins", out_origins(s->allowed_origins), "updated_at",
			(json_int_t)s->updated_at);

	if (!o)
		return NULL;
	json_object_set_new(o, "default_group_guid",
			there ? json_string(s->default_group_guid) : json_null());
	json_object_set_new(o, "default_group", there ? adi_out_ref(g.guid, g.name) : json_null());
	return o;
}

static void show(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct adi_settings s;
	struct sql_conn *c;

	(void)q;
	if (!adi_take(app, reply, &c))
		return;
	adi_app_settings(app, c, &s);
	htp_reply_json(reply, out(c, app->conf, &s));
	sql_give(c);
}

/* --- changing --------------------------------------------------------------------------------- */

static void take_bool(const json_t *o, const char *key, bool *at)
{
	int v = adi_in_bool(o, key);

	if (v >= 0)
		*at = v;
}

static void take_number(const json_t *o, const char *key, unsigned *at)
{
	*at = (unsigned)adi_in_int(o, key, *at);
}

/* Held against what the edge will say of it. */
static int check_origins(const char *text)
{
	struct htp_origins o = { 0 };
	struct hws_error err = { 0 };
	int r = htp_origins_parse(text, &o, &err);

	htp_origins_done(&o);
	return r;
}

static int take_origins(const json_t *o, struct htp_reply *reply, struct adi_settings *s)
{
	json_t *list = json_object_get(o, "allowed_origins"), *item;
	size_t i, len = 0;
	int r = HWS_OK;

	if (!list)
		return HWS_OK;
	s->allowed_origins[0] = '\0';
	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);

		if (r == HWS_OK)
			r = strchr(text, ',') ? HWS_ERR_INVAL
					      : hws_fmt(s->allowed_origins + len,
								sizeof(s->allowed_origins) - len,
								"%s%s", i ? "," : "", text);
		len = strlen(s->allowed_origins);
	}
	if (r == HWS_OK)
		r = check_origins(s->allowed_origins);
	if (r < 0)
		adi_v1_error(reply, ADI_BAD_FIELD, "allowed_origins",
				"An origin is https://HOST or https://HOST:PORT, in small letters.");
	return r;
}

static int take_group(const json_t *o, struct htp_reply *reply, struct sql_conn *c,
		struct adi_settings *s)
{
	const json_t *v = json_object_get(o, "default_group_guid");
	const char *guid = json_string_value(v);
	struct dat_group g;
	int r = guid ? dat_group_get(c, DAT_USER_GROUP, guid, &g) : HWS_OK;

	if (r == HWS_ERR_NOTFOUND)
		adi_v1_error(reply, ADI_BAD_FIELD, "default_group_guid", "There is no such group.");
	if (r < 0 || !v)
		return r;
	return hws_str_copy(s->default_group_guid, sizeof(s->default_group_guid), guid ? guid : "");
}

static int take_all(const json_t *o, struct htp_reply *reply, struct sql_conn *c,
		struct adi_settings *s)
{
	int r = take_origins(o, reply, s);

	if (r == HWS_OK)
		r = take_group(o, reply, c, s);
	take_bool(o, "require_approval", &s->require_approval);
	take_bool(o, "require_login", &s->require_login);
	take_bool(o, "require_totp", &s->require_totp);
	take_bool(o, "accessible_lists", &s->accessible_lists);
	take_number(o, "session_hours", &s->session_hours);
	take_number(o, "lockout_tries", &s->lockout_tries);
	take_number(o, "lockout_minutes", &s->lockout_minutes);
	take_number(o, "audit_days", &s->audit_days);
	take_number(o, "recording_days", &s->recording_days);
	take_number(o, "forget_unseen_days", &s->forget_unseen_days);
	return r;
}

/* What was set, for the audit: none of it is secret. */
static char *info_of(const json_t *body)
{
	json_t *o = json_pack("{s:O}", "set", body);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}

static int store(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c, struct adi_settings *s)
{
	char *info = info_of(q->json);
	struct dat_tx tx;
	int64_t turn;
	int r = dat_tx_begin(&tx, c);

	if (r == HWS_OK) {
		/* in line, so that of two changes neither is lost */
		r = dat_count_up(c, "change", &turn);
		if (r == HWS_OK) {
			adi_app_forget_settings(app);
			adi_app_settings(app, c, s);
			r = adi_v1_unchanged(q, reply, s->updated_at);
		}
		if (r == HWS_OK)
			r = take_all(q->json, reply, c, s);
		if (r == HWS_OK)
			r = adi_app_set_settings(app, c, s, adi_who(q)->account.name);
		if (r == HWS_OK && json_object_get(q->json, "require_approval"))
			r = adi_orders_gate(c, s->require_approval);
		if (r == HWS_OK)
			r = adi_audit(app, c, q,
					&(struct adi_deed){ .kind = "settings.change",
							.target_kind = "settings",
							.info = info });
		r = dat_tx_end(&tx, r);
		adi_app_forget_settings(app);
	}
	free(info);
	return r;
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct adi_settings s;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = store(q, reply, app, c, &s);
	if (r == HWS_OK) {
		adi_app_settings(app, c, &s);
		htp_reply_json(reply, out(c, app->conf, &s));
	} else if (reply->status < 400) {
		adi_v1_fail(reply, r, "setting", NULL);
	}
	sql_give(c);
	if (r == HWS_OK)
		adi_orders_bring(app, app->fleet, false);
}

static const struct adi_call calls[] = {
	{ "settings", show, HTP_POOL_COMMON, 0 },
	{ "changeSettings", change, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_settings = { calls, HWS_COUNT(calls) };
