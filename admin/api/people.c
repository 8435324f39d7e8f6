/* api/people: accounts as the console sees them. */
#include "admin/api/people.h"
#include "admin/data/login_log.h"
#include "admin/data/name.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <string.h>

/* --- brakes ----------------------------------------------------------------------------------- */

struct dat_login_brake adi_brake(struct adi_app *app, struct sql_conn *c)
{
	struct adi_settings s;

	adi_app_settings(app, c, &s);
	return (struct dat_login_brake){ s.lockout_tries, s.lockout_minutes * 60LL * 1000 };
}

static int add_braked(const char *name_key, int64_t until, void *arg)
{
	struct adi_braked *b = arg;
	void *more = hws_realloc_array(b->row, b->count + 1, sizeof(*b->row));

	if (!more)
		return HWS_ERR_NOMEM;
	b->row = more;
	b->row[b->count].until = until;
	b->row[b->count].name_key = hws_strdup(name_key);
	return b->row[b->count].name_key ? (b->count++, HWS_OK) : HWS_ERR_NOMEM;
}

int adi_braked_read(struct adi_app *app, struct sql_conn *c, struct adi_braked *ret)
{
	struct dat_login_brake brake = adi_brake(app, c);
	int r;

	*ret = (struct adi_braked){ 0 };
	r = dat_login_braked(c, &brake, adi_now(), add_braked, ret);
	if (r < 0)
		adi_braked_free(ret);
	return r;
}

void adi_braked_free(struct adi_braked *b)
{
	for (size_t i = 0; i < b->count; i++)
		hws_free(b->row[i].name_key);
	hws_free(b->row);
	*b = (struct adi_braked){ 0 };
}

static int64_t braked_until(const struct adi_braked *b, const char *name)
{
	char key[DAT_NAME_KEY_TEXT];
	int64_t until = 0;

	if (!b->count || dat_name_key(name, key) < 0)
		return 0;
	for (size_t i = 0; i < b->count; i++) {
		if (strcmp(b->row[i].name_key, key) == 0)
			until = HWS_MAX(until, b->row[i].until);
	}
	return until;
}

/* --- what is shown ---------------------------------------------------------------------------- */

static const struct {
	enum dat_status status;
	const char *name;
} statuses[] = { { DAT_ENABLED, "active" }, { DAT_DISABLED, "disabled" },
	{ DAT_UNVERIFIED, "invited" } };

const char *adi_status_name(enum dat_status status)
{
	for (size_t i = 0; i < HWS_COUNT(statuses); i++) {
		if (statuses[i].status == status)
			return statuses[i].name;
	}
	return "disabled";
}

int adi_status_parse(const char *name, enum dat_status *ret)
{
	for (size_t i = 0; i < HWS_COUNT(statuses); i++) {
		if (strcmp(statuses[i].name, name) == 0) {
			*ret = statuses[i].status;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

json_t *adi_out_user(const struct dat_account *a, const struct adi_braked *braked)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "guid", a->guid, "name", a->name,
			"display_name", a->display_name, "email", a->email, "note", a->note,
			"source", a->source, "group_guid", a->group_guid);

	if (!o)
		return NULL;
	json_object_set_new(o, "role", json_string(adi_role_name(a->role)));
	json_object_set_new(o, "status", json_string(adi_status_name(a->status)));
	json_object_set_new(o, "group", adi_out_ref(a->group_guid, a->group_name));
	json_object_set_new(o, "control_role_guid", adi_out_text_or_null(a->control_role_guid));
	json_object_set_new(
			o, "control_role", adi_out_ref(a->control_role_guid, a->control_role_name));
	json_object_set_new(o, "totp_required", json_boolean(a->tfa_enforced));
	json_object_set_new(o, "mail_code", json_boolean(a->email_verification));
	json_object_set_new(o, "totp", json_boolean(a->tfa_on));
	json_object_set_new(o, "max_sessions", json_integer(a->max_sessions));
	json_object_set_new(o, "locked_until",
			json_integer(HWS_MAX(braked_until(braked, a->name),
					braked_until(braked, a->email))));
	json_object_set_new(o, "last_login_at", json_integer(a->last_login_at));
	json_object_set_new(o, "devices", json_integer(a->devices));
	json_object_set_new(o, "created_at", json_integer(a->created_at));
	json_object_set_new(o, "updated_at", json_integer(a->updated_at));
	return o;
}

json_t *adi_out_session(const struct dat_session *s, const char *current)
{
	static const char *const kinds[] = { [DAT_SESSION_CLIENT] = "client",
		[DAT_SESSION_BROWSER] = "browser",
		[DAT_SESSION_CONSOLE] = "console" };

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:b}", "guid", s->guid, "kind",
			kinds[s->kind], "address", s->ip, "device_id", s->device_id, "device_name",
			s->device_name, "os", s->os, "created_at", (json_int_t)s->created_at,
			"last_used_at", (json_int_t)s->last_used_at, "current",
			strcmp(s->guid, current) == 0);
}

struct sessions {
	json_t *items;
	struct dat_page page;
	unsigned seen;
	const char *current;
};

static int add_session(const struct dat_session *s, void *arg)
{
	struct sessions *l = arg;
	unsigned at = l->seen++;

	if (at < l->page.offset || at >= l->page.offset + l->page.limit)
		return HWS_OK;
	return json_array_append_new(l->items, adi_out_session(s, l->current)) == 0 ? HWS_OK
										    : HWS_ERR_NOMEM;
}

void adi_answer_sessions(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *guid, const char *current)
{
	struct sessions l = { .current = current };
	struct dat_account a;
	struct sql_conn *c;
	int r;

	if (!adi_v1_page(q, reply, &l.page) || !adi_take(app, reply, &c))
		return;
	l.items = json_array();
	r = dat_account_get(c, guid, &a);
	if (r == HWS_OK)
		r = dat_session_list(c, guid, adi_now(), add_session, &l);
	sql_give(c);
	adi_v1_listed(reply, r, "user", l.items, l.page, l.seen);
}

/* --- who -------------------------------------------------------------------------------------- */

struct adi_actor adi_actor(const struct htp_request *q, const char *guid)
{
	const struct adi_who *w = adi_who(q);

	return (struct adi_actor){ w->account.role, *guid && strcmp(w->account.guid, guid) == 0 };
}

int adi_audit_user(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *kind, const struct dat_account *a, const char *info)
{
	return adi_audit(app, c, q,
			&(struct adi_deed){ .kind = kind,
					.target_kind = "user",
					.target_guid = a->guid,
					.target_name = a->name,
					.info = info });
}

void adi_refuse_person(struct htp_reply *reply, struct adi_actor by)
{
	if (by.self)
		adi_v1_error(reply, ADI_FORBIDDEN, NULL,
				"Nobody changes that of their own account here.");
	else
		adi_v1_error(reply, ADI_FORBIDDEN, NULL, "Only an owner may do that.");
}
