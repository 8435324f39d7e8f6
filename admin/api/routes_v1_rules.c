/* Access rules in the console, and a question to ask of them. */
#include "admin/api/bulk.h"
#include "admin/api/permissions.h"
#include "admin/api/reach.h"
#include "admin/data/devices.h"
#include "admin/data/rules.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- kinds and hours -------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum dat_end end;
} kinds[] = { { "user", DAT_END_USER }, { "group", DAT_END_USER_GROUP },
	{ "device_group", DAT_END_DEVICE_GROUP }, { "device", DAT_END_DEVICE } };

static const char *kind_name(enum dat_end end)
{
	for (size_t i = 0; i < HWS_COUNT(kinds); i++) {
		if (kinds[i].end == end)
			return kinds[i].name;
	}
	return "";
}

static enum dat_end kind_of(const char *name, enum dat_end otherwise)
{
	for (size_t i = 0; i < HWS_COUNT(kinds); i++) {
		if (name && hws_str_equal(kinds[i].name, name))
			return kinds[i].end;
	}
	return otherwise;
}

static bool is_always(const struct dat_rule *rule)
{
	return rule->when.days == 127 && rule->when.minute_from == 0 &&
			rule->when.minute_to == 1440;
}

static json_t *out_hours(const struct dat_rule *rule)
{
	const struct dat_when *w = &rule->when;
	char from[8], to[8], zone[DAT_SHORT_TEXT];
	json_t *days;

	if (is_always(rule))
		return json_null();
	days = json_array();
	for (int i = 0; i < 7; i++) {
		if (w->days >> i & 1)
			json_array_append_new(days, json_integer(i));
	}
	(void)snprintf(from, sizeof(from), "%02u:%02u", w->minute_from / 60 % 24,
			w->minute_from % 60);
	(void)snprintf(to, sizeof(to), "%02u:%02u", w->minute_to / 60 % 25, w->minute_to % 60);
	(void)snprintf(zone, sizeof(zone), "UTC");
	if (!*rule->zone && w->utc_offset)
		(void)snprintf(zone, sizeof(zone), "%c%02d:%02d", w->utc_offset < 0 ? '-' : '+',
				abs(w->utc_offset) / 60, abs(w->utc_offset) % 60);
	return json_pack("{s:o,s:s,s:s,s:s}", "days", days, "from", from, "to", to, "zone",
			*rule->zone ? rule->zone : zone);
}

static unsigned minutes(const char *clock)
{
	return (unsigned)(strtoul(clock, NULL, 10) * 60 + strtoul(clock + 3, NULL, 10));
}

/* "Europe/Berlin", "UTC", "+05:30". */
static int read_zone(const char *zone, struct dat_rule *rule)
{
	int minutes_east;

	rule->when.utc_offset = 0;
	rule->zone[0] = '\0';
	if (hws_str_equal(zone, "UTC") || !*zone)
		return HWS_OK;
	if (strlen(zone) == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':') {
		minutes_east = (int)minutes(zone + 1);
		rule->when.utc_offset = zone[0] == '-' ? -minutes_east : minutes_east;
		return HWS_OK;
	}
	return hws_str_copy(rule->zone, sizeof(rule->zone), zone);
}

static int read_hours(struct adi_work *w, const json_t *hours, struct dat_rule *rule)
{
	const json_t *day;
	size_t i;

	if (json_is_null(hours)) {
		int64_t until = rule->when.valid_until;

		rule->when = DAT_ALWAYS;
		rule->when.valid_until = until;
		rule->zone[0] = '\0';
		return HWS_OK;
	}
	rule->when.days = 0;
	json_array_foreach (json_object_get(hours, "days"), i, day)
		rule->when.days |= 1u << json_integer_value(day);
	rule->when.minute_from = minutes(adi_in_text(hours, "from"));
	rule->when.minute_to = minutes(adi_in_text(hours, "to"));
	/* midnight at the end is the end of the day */
	if (rule->when.minute_to == 0)
		rule->when.minute_to = 1440;
	if (read_zone(adi_in_text(hours, "zone"), rule) < 0 || !dat_when_valid(&rule->when))
		return adi_work_refuse(w, ADI_BAD_FIELD, "hours", "These are no hours of a day.");
	return HWS_OK;
}

/* --- out -------------------------------------------------------------------------------------- */

static json_t *out_rule(const struct dat_rule *rule, const struct dat_rule_names *names)
{
	/* taken over from elsewhere it may have none */
	const char *name = *rule->name ? rule->name : "Rule";

	return json_pack("{s:s,s:s,s:b,s:s,s:s,s:s,s:s,s:o,s:o,s:I,s:s,s:o,s:o,s:o,s:I,s:I}",
			"guid", rule->guid, "name", name, "enabled", (int)rule->enabled,
			"subject_kind", kind_name(rule->subj_kind), "subject_guid", rule->subj_guid,
			"object_kind", kind_name(rule->obj_kind), "object_guid", rule->obj_guid,
			"control_role_guid", adi_out_text_or_null(rule->control_role_guid), "hours",
			out_hours(rule), "expires_at", (json_int_t)rule->when.valid_until, "note",
			rule->note, "subject", adi_out_ref(rule->subj_guid, names->subj), "object",
			adi_out_ref(rule->obj_guid, names->obj), "control_role",
			adi_out_ref(rule->control_role_guid, names->control_role), "created_at",
			(json_int_t)rule->created_at, "updated_at", (json_int_t)rule->updated_at);
}

static int add_row(const struct dat_rule *rule, const struct dat_rule_names *names, void *arg)
{
	return adi_work_add(arg, out_rule(rule, names));
}

static int flag_of(const struct htp_request *q, const char *name)
{
	const char *v = adi_v1_query(q, name);

	return *v ? hws_str_equal(v, "true") : -1;
}

static int do_list(struct adi_work *w)
{
	struct dat_rule_filter f = { .search = adi_v1_query(w->q, "q"),
		.subj_guid = adi_v1_query(w->q, "subject"),
		.obj_guid = adi_v1_query(w->q, "object"),
		.enabled = flag_of(w->q, "enabled"),
		.by_name = w->column == 0 };

	return dat_rule_find(w->c, &f, w->page, add_row, w->out, &w->total);
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", "created_at", NULL };

	adi_work_list(q, reply, app, "rule", columns, do_list);
}

static int read_back(struct adi_work *w, const char *guid, const char *kind)
{
	struct dat_rule_names names;
	struct dat_rule rule;
	int r = dat_rule_get_named(w->c, guid, &rule, &names);

	if (r < 0)
		return r;
	if (kind)
		adi_did(&w->did, kind, "rule", guid, rule.name);
	w->out = out_rule(&rule, &names);
	return HWS_OK;
}

static int do_get(struct adi_work *w)
{
	return read_back(w, htp_param(w->q, "guid"), NULL);
}

static void get(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "rule", do_get);
}

/* --- in --------------------------------------------------------------------------------------- */

static int copy(char *buf, size_t size, const char *text)
{
	return text ? hws_str_copy(buf, size, text) : HWS_OK;
}

/* What a body says, over what stands in the rule. */
static int read_body(struct adi_work *w, struct dat_rule *rule)
{
	const json_t *o = w->q->json, *hours = json_object_get(o, "hours");
	const json_t *role = json_object_get(o, "control_role_guid");
	int on = adi_in_bool(o, "enabled");
	int r = copy(rule->name, sizeof(rule->name), adi_in_text(o, "name"));

	if (r == HWS_OK)
		r = copy(rule->note, sizeof(rule->note), adi_in_text(o, "note"));
	if (r == HWS_OK)
		r = copy(rule->subj_guid, sizeof(rule->subj_guid), adi_in_text(o, "subject_guid"));
	if (r == HWS_OK)
		r = copy(rule->obj_guid, sizeof(rule->obj_guid), adi_in_text(o, "object_guid"));
	if (r == HWS_OK && role)
		r = hws_str_copy(rule->control_role_guid, sizeof(rule->control_role_guid),
				json_is_null(role) ? "" : json_string_value(role));
	rule->subj_kind = kind_of(adi_in_text(o, "subject_kind"), rule->subj_kind);
	rule->obj_kind = kind_of(adi_in_text(o, "object_kind"), rule->obj_kind);
	rule->when.valid_until = adi_in_int(o, "expires_at", rule->when.valid_until);
	if (on >= 0)
		rule->enabled = on == 1;
	w->field = r < 0 ? "name" : NULL;
	return r == HWS_OK && hours ? read_hours(w, hours, rule) : r;
}

static int told(struct adi_work *w, int r)
{
	if (r == HWS_ERR_RANGE)
		return adi_work_refuse(w, ADI_BAD_FIELD, "hours", "There is no such time zone.");
	if (r == HWS_ERR_NOTFOUND)
		return adi_work_refuse(w, ADI_BAD_FIELD, "object_guid",
				"What the rule names is not there.");
	return r;
}

static int do_add(struct adi_work *w)
{
	struct dat_rule rule = { .enabled = true };
	char guid[DAT_GUID_TEXT];
	int r;

	rule.when = DAT_ALWAYS;
	r = read_body(w, &rule);
	if (r == HWS_OK)
		r = told(w, dat_rule_add(w->c, &rule, adi_now(), guid));
	return r == HWS_OK ? read_back(w, guid, "rule.add") : r;
}

static void add(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "rule", 201, do_add);
}

static int do_change(struct adi_work *w)
{
	const char *guid = htp_param(w->q, "guid");
	struct dat_rule rule;
	int r = dat_rule_get(w->c, guid, &rule);

	if (r == HWS_OK)
		r = adi_v1_unchanged(w->q, w->reply, rule.updated_at);
	if (r == HWS_OK)
		r = read_body(w, &rule);
	if (r == HWS_OK)
		r = told(w, dat_rule_replace(w->c, guid, &rule, adi_now()));
	return r == HWS_OK ? read_back(w, guid, "rule.change") : r;
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "rule", 200, do_change);
}

static int do_remove(struct adi_work *w)
{
	const char *guid = htp_param(w->q, "guid");
	struct dat_rule rule;
	int r = dat_rule_get(w->c, guid, &rule);

	if (r == HWS_OK)
		r = dat_rule_remove(w->c, guid);
	if (r == HWS_OK)
		adi_did(&w->did, "rule.remove", "rule", guid, rule.name);
	return r;
}

static void remove_rule(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "rule", 204, do_remove);
}

/* --- many ------------------------------------------------------------------------------------- */

struct many {
	struct adi_work *w;
	const char *action;
	struct adi_bulk bulk;
	json_t *guids; /* of what the filter finds */
};

static int keep_guid(const struct dat_rule *rule, const struct dat_rule_names *names, void *arg)
{
	(void)names;
	return adi_work_add(arg, json_string(rule->guid));
}

static int find_all(struct many *m, const json_t *filter)
{
	const char *search = adi_in_text(filter, "q");
	struct dat_rule_filter f = { .search = search ? search : "",
		.subj_guid = "",
		.obj_guid = "",
		.enabled = adi_in_bool(filter, "enabled") };
	struct dat_page page = { .limit = DAT_PAGE_MAX };
	int64_t total = 0;
	int r;

	do {
		r = dat_rule_find(m->w->c, &f, page, keep_guid, m->guids, &total);
		page.offset += page.limit;
	} while (r == HWS_OK && (int64_t)page.offset < total && page.offset < ADI_BULK_MAX);
	return r;
}

static int do_one(struct many *m, const char *guid)
{
	bool removes = hws_str_equal(m->action, "delete"), on = hws_str_equal(m->action, "enable");
	struct dat_rule rule;
	int r = dat_rule_get(m->w->c, guid, &rule);

	if (r == HWS_ERR_NOTFOUND)
		return adi_bulk_refuse(&m->bulk, guid, "", "not_found", "There is no such rule.");
	if (r == HWS_OK && !removes && rule.enabled == on)
		return HWS_OK;
	if (r == HWS_OK && !m->bulk.dry_run)
		r = removes ? dat_rule_remove(m->w->c, guid)
			    : dat_rule_enable(m->w->c, guid, on, adi_now());
	return r == HWS_OK ? adi_bulk_change(&m->bulk, guid, rule.name,
					     removes              ? "removed"
							     : on ? "enabled"
								  : "disabled")
			   : r;
}

static int do_many(struct adi_work *w)
{
	const json_t *guids = json_object_get(w->q->json, "guids"), *guid;
	const json_t *filter = json_object_get(w->q->json, "filter");
	struct many m = { .w = w, .action = adi_in_text(w->q->json, "action") };
	size_t i;
	int r = adi_bulk_init(&m.bulk, w->q->json);

	m.guids = json_array();
	if (r == HWS_OK && filter)
		r = find_all(&m, filter);
	json_array_foreach (filter ? m.guids : guids, i, guid) {
		if (r == HWS_OK)
			r = do_one(&m, json_string_value(guid));
	}
	if (r == HWS_OK)
		w->out = adi_bulk_out(&m.bulk);
	if (r == HWS_OK && !m.bulk.dry_run && m.bulk.count)
		adi_did(&w->did, "rule.bulk", "rule", "", m.action);
	json_decref(m.guids);
	adi_bulk_done(&m.bulk);
	return r;
}

static void many(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "rule", 200, do_many);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Why, in a sentence; `rule` "" = none did it. */
static void say_why(const struct dat_access *a, const char *rule, char *buf, size_t size)
{
	const char *text = dat_access_text(a->why);

	switch (a->why) {
	case DAT_WHY_OWNER:
		text = "The device is the user's own.";
		break;
	case DAT_WHY_GROUP:
		text = "Members of the owner's group reach each other's devices.";
		break;
	case DAT_WHY_UNOWNED:
		text = "Nobody owns the device, and the settings leave such devices open.";
		break;
	case DAT_WHY_STRANGERS:
		text = "Nobody owns the device, it is in no group, and viewers need not log in.";
		break;
	case DAT_WHY_RULE:
		(void)snprintf(buf, size, "Allowed by the rule '%s'.", rule);
		return;
	case DAT_WHY_NO_RULE:
	case DAT_WHY_NOT_NOW:
	case DAT_WHY_LOG_IN:
	case DAT_WHY_ACCOUNT_OFF:
	case DAT_WHY_DEVICE_OFF:
	case DAT_WHY_DEVICE_PENDING:
	case DAT_WHY_OWNER_OFF:
		break;
	}
	(void)snprintf(buf, size, "%s", text);
}

/* What may be done there, added to a sentence as far as there is room. */
static void say_permissions(const json_t *permissions, char *buf, size_t size)
{
	size_t at = strlen(buf);
	const char *name;
	json_t *value;

	if (json_object_size(permissions) == 0) {
		(void)snprintf(buf + at, size - at,
				" What may be done there is left to the device's own settings.");
		return;
	}
	(void)snprintf(buf + at, size - at, " The control role says:");
	json_object_foreach ((json_t *)(uintptr_t)permissions, name, value) {
		at = strlen(buf);
		(void)snprintf(buf + at, size - at, "%s %s %s", buf[at - 1] == ':' ? "" : ",",
				json_string_value(value), name);
	}
	at = strlen(buf);
	(void)snprintf(buf + at, size - at, "; the rest is left to the device's own settings.");
}

/* Both ends are there: else yes and no would mean nothing. */
static int both_ends(struct adi_work *w, const char *user, const char *device,
		struct dat_account *ret_account)
{
	struct dat_device d;
	int r = *user ? dat_account_get(w->c, user, ret_account) : HWS_OK;

	if (r == HWS_ERR_NOTFOUND)
		return adi_work_refuse(w, ADI_BAD_FIELD, "user_guid", "There is no such user.");
	if (r == HWS_OK)
		r = dat_device_find(w->c, device, &d);
	if (r == HWS_ERR_NOTFOUND)
		return adi_work_refuse(w, ADI_NOT_FOUND, "device_id", "There is no such device.");
	return r;
}

static int do_test(struct adi_work *w)
{
	/* "": who is not logged in */
	const char *user = hws_str_or_empty(adi_in_text(w->q->json, "user_guid"));
	const char *device = adi_in_text(w->q->json, "device_id");
	char guid[DAT_GUID_TEXT] = "", text[2048];
	struct dat_rule rule = { .guid = "" };
	struct adi_settings s;
	struct dat_account account = { .status = DAT_ENABLED };
	struct dat_access a;
	json_t *permissions;
	int r = both_ends(w, user, device, &account);

	if (r != HWS_OK)
		return r;
	adi_app_settings(w->app, w->c, &s);
	r = dat_access_explain(w->c, user, device, !s.require_login, w->app->conf->unowned_open,
			adi_in_int(w->q->json, "at", adi_now()), &a, guid);
	if (r == HWS_OK && *guid)
		r = dat_rule_get(w->c, guid, &rule);
	if (r < 0)
		return r;
	say_why(&a, *rule.name ? rule.name : "Rule", text, sizeof(text));
	permissions = adi_out_permissions(a.allowed ? a.perms : 0);
	if (a.allowed)
		say_permissions(permissions, text, sizeof(text));
	if (account.status == DAT_UNVERIFIED)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
				" The account cannot log in yet: it has no password.");
	w->out = json_pack("{s:b,s:s,s:o,s:o}", "allowed", (int)a.allowed, "text", text, "rule",
			adi_out_ref(rule.guid, *rule.name ? rule.name : "Rule"), "permissions",
			permissions);
	return HWS_OK;
}

static void test(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "rule", do_test);
}

static const struct adi_call calls[] = {
	{ "listRules", list, HTP_POOL_COMMON, 0 },
	{ "addRule", add, HTP_POOL_COMMON, 0 },
	{ "getRule", get, HTP_POOL_COMMON, 0 },
	{ "changeRule", change, HTP_POOL_COMMON, 0 },
	{ "removeRule", remove_rule, HTP_POOL_COMMON, 0 },
	{ "testRule", test, HTP_POOL_COMMON, 0 },
	{ "changeRules", many, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_rules = { calls, HWS_COUNT(calls) };
