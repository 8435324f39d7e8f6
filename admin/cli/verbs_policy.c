/* Rules name two ends, roles and strategies keep what is not mentioned: what a row of the table
 * cannot say of them is here. */
#include "admin/cli/body.h"
#include "admin/cli/targets.h"
#include "admin/cli/things.h"
#include "admin/cli/verbs.h"
#include "admin/cli/when.h"
#include "shared/base/str.h"
#include <string.h>

/* --- rules ------------------------------------------------------------------------------------ */

/* "user:ann" into KIND_kind and KIND_guid. */
static int put_end(struct adm_call *call, json_t *body, const char *member, const char *word)
{
	static const struct {
		const char *prefix, *kind, *noun;
	} kinds[] = { { "user:", "user", "user" }, { "group:", "group", "group" },
		{ "dgroup:", "device_group", "dgroup" }, { "device:", "device", "device" } };
	char guid[40], name[32];
	bool from = strcmp(member, "subject") == 0;

	for (size_t i = 0; i < HWS_COUNT(kinds); i++) {
		int status;

		if (!hws_str_starts(word, kinds[i].prefix) || (from && i > 1) || (!from && i == 0))
			continue;
		status = adm_target_guid(call, adm_thing_find(kinds[i].noun),
				word + strlen(kinds[i].prefix), guid);
		if (status)
			return status;
		snprintf(name, sizeof(name), "%s_kind", member);
		json_object_set_new(body, name, json_string(kinds[i].kind));
		snprintf(name, sizeof(name), "%s_guid", member);
		json_object_set_new(body, name, json_string(guid));
		return ADM_DONE;
	}
	return adm_complain(ADM_USAGE, "--%s: %s, not '%s'", from ? "from" : "to",
			from ? "user:NAME or group:NAME" : "device:ID, dgroup:NAME or group:NAME",
			word);
}

struct hours {
	unsigned days;
	char from[6], to[6];
	const char *zone; /* borrowed */
};

/* Those that a rule has; what is not in them holds always. */
static struct hours hours_of(const json_t *now)
{
	struct hours h = { .days = 127, .from = "00:00", .to = "24:00", .zone = "UTC" };
	const char *from = json_string_value(json_object_get(now, "from"));
	const char *to = json_string_value(json_object_get(now, "to"));
	const char *zone = json_string_value(json_object_get(now, "zone"));
	const json_t *day, *days = json_object_get(now, "days");
	size_t i;

	if (json_is_array(days))
		h.days = 0;
	json_array_foreach (days, i, day) {
		json_int_t d = json_integer_value(day);

		if (d >= 0 && d < 7)
			h.days |= 1u << d;
	}
	if (from && hws_str_copy(h.from, sizeof(h.from), from) < 0)
		h.from[0] = 0; /* the server refuses that, and nothing is changed */
	if (to && hws_str_copy(h.to, sizeof(h.to), to) < 0)
		h.to[0] = 0;
	if (zone)
		h.zone = zone;
	return h;
}

static bool gives_hours(const struct adm_call *call)
{
	return adm_given(call, "days") || adm_given(call, "hours") || adm_given(call, "zone");
}

/* `now`: the hours that the rule has, so that what is not mentioned stays; NULL of a new one. */
static int put_hours(struct adm_call *call, const json_t *now, json_t *body)
{
	const char *days = adm_value(call, "days"), *hours = adm_value(call, "hours");
	struct hours h = hours_of(now);
	json_t *list;

	if (!gives_hours(call))
		return ADM_DONE;
	if (hours && strcmp(hours, "any") == 0) /* alone: at any time */
		h = (struct hours){ days ? h.days : 127, "00:00", "24:00", h.zone };
	else if (hours && adm_hours_parse(hours, h.from, h.to) < 0)
		return adm_complain(ADM_USAGE, "--hours: 08:00-18:00 or any, not '%s'", hours);
	if (days && strcmp(days, "any") == 0)
		h.days = 127;
	else if (days && adm_weekdays_parse(days, &h.days) < 0)
		return adm_complain(ADM_USAGE, "--days: mon-fri, sat,sun or any, not '%s'", days);
	if (adm_given(call, "zone"))
		h.zone = adm_value(call, "zone");
	if (h.days == 127 && strcmp(h.from, "00:00") == 0 && strcmp(h.to, "24:00") == 0) {
		json_object_set_new(body, "hours", json_null());
		return ADM_DONE;
	}
	list = json_array();
	for (int d = 0; d < 7; d++) {
		if (h.days & (1u << d))
			json_array_append_new(list, json_integer(d));
	}
	json_object_set_new(body, "hours",
			json_pack("{s:o,s:s,s:s,s:s}", "days", list, "from", h.from, "to", h.to,
					"zone", h.zone));
	return ADM_DONE;
}

/* All but the hours. */
static int rule_body(struct adm_call *call, json_t **ret)
{
	const char *from = adm_value(call, "from"), *to = adm_value(call, "to");
	json_t *body = NULL;
	int status = adm_body_make(call, &body);

	if (status)
		return adm_complain_of(call, status);
	if (from)
		status = put_end(call, body, "subject", from);
	if (status == ADM_DONE && to)
		status = put_end(call, body, "object", to);
	if (status)
		json_decref(body);
	else
		*ret = body;
	return status;
}

int adm_rule_add(struct adm_call *call)
{
	json_t *body = NULL;
	int status;

	if (!adm_given(call, "from") || !adm_given(call, "to"))
		return adm_complain(
				ADM_USAGE, "who may reach what? --from user:NAME --to device:ID");
	status = rule_body(call, &body);
	if (status == ADM_DONE)
		status = put_hours(call, NULL, body);
	if (status) {
		json_decref(body);
		return status;
	}
	json_object_set_new(body, "name", json_string(call->args[0]));
	return adm_create(call, body);
}

/* Each row gets a change of its own: that of all, and what `change` makes of what the row has. */
static int patch_each(struct adm_call *call, size_t n_args, const json_t *all,
		int (*change)(struct adm_call *call, const json_t *row, json_t *changes))
{
	struct adm_tally tally = { 0 };
	struct adm_rows *out = NULL;
	json_t *rows = NULL, *row;
	size_t i, all_args = call->n_args;
	int status;

	call->n_args = n_args;
	status = adm_chosen(call, 0, true, &rows);
	call->n_args = all_args;
	if (status)
		return status;
	status = adm_tell_begin(call, &out);
	json_array_foreach (rows, i, row) {
		json_t *changes = json_copy((json_t *)(uintptr_t)all);
		int one = status ? status : change(call, row, changes);

		if (one == ADM_DONE)
			one = adm_patch(call, call->thing, row, changes, out);
		json_decref(changes);
		adm_tally(&tally, adm_complain_of(call, one));
	}
	json_decref(rows);
	return adm_tell_end(call, out, status ? status : adm_tally_status(&tally));
}

static int rule_change(struct adm_call *call, const json_t *row, json_t *changes)
{
	return put_hours(call, json_object_get(row, "hours"), changes);
}

int adm_rule_set(struct adm_call *call)
{
	json_t *changes = NULL, *hours = json_object();
	int status = rule_body(call, &changes);

	/* what is wrong in them is said before anything is asked for */
	if (status == ADM_DONE)
		status = put_hours(call, NULL, hours);
	if (status == ADM_DONE && !json_object_size(changes) && !gives_hours(call))
		status = adm_complain(ADM_USAGE, "what is to be changed?");
	if (status == ADM_DONE)
		status = patch_each(call, call->n_args, changes, rule_change);
	json_decref(hours);
	json_decref(changes);
	return status;
}

int adm_rule_test(struct adm_call *call)
{
	char guid[40];
	json_t *body = NULL, *answer = NULL;
	int status = adm_ref(call, "user", call->args[0], guid);

	if (status)
		return status;
	status = adm_body_make(call, &body);
	if (status == ADM_DONE) {
		json_object_set_new(body, "user_guid", *guid ? json_string(guid) : json_null());
		json_object_set_new(body, "device_id", json_string(call->args[1]));
		status = adm_rest_call(call, "POST", "/rules/test", body, &answer);
	}
	if (status == ADM_DONE)
		status = adm_show_one(call, answer);
	if (status == ADM_DONE && !json_is_true(json_object_get(answer, "allowed")))
		status = ADM_REFUSED;
	json_decref(body);
	json_decref(answer);
	return adm_complain_of(call, status);
}

/* --- control roles ---------------------------------------------------------------------------- */

struct permissions {
	json_t *o;
	const char *value;
};

static int put_permission(const char *part, void *arg)
{
	struct permissions *p = arg;

	return json_object_set_new(p->o, part, json_string(p->value)) < 0 ? HWS_ERR_INVAL : HWS_OK;
}

/* Over those that are there. */
static int permissions_of(struct adm_call *call, json_t *o, bool *ret_any)
{
	static const char *const words[] = { "allow", "deny", "leave" };

	*ret_any = false;
	for (size_t i = 0; i < HWS_COUNT(words); i++) {
		const char *list = adm_value(call, words[i]);
		struct permissions p = { o, words[i] };

		if (!list)
			continue;
		*ret_any = true;
		if (hws_str_each(list, ',', put_permission, &p) < 0)
			return adm_complain(ADM_USAGE, "--%s: names with commas, not '%s'",
					words[i], list);
	}
	return ADM_DONE;
}

int adm_role_add(struct adm_call *call)
{
	json_t *body = NULL, *permissions = json_object();
	bool any;
	int status = permissions_of(call, permissions, &any);

	if (status == ADM_DONE)
		status = adm_complain_of(call, adm_body_make(call, &body));
	if (status) {
		json_decref(permissions);
		return status;
	}
	json_object_set_new(body, "permissions", permissions);
	json_object_set_new(body, "name", json_string(call->args[0]));
	return adm_create(call, body);
}

static int patch_by_row(struct adm_call *call, size_t n_args,
		int (*change)(struct adm_call *call, const json_t *row, json_t *changes))
{
	json_t *all = NULL;
	int status = adm_complain_of(call, adm_body_make(call, &all));

	if (status == ADM_DONE)
		status = patch_each(call, n_args, all, change);
	json_decref(all);
	return status;
}

static int role_change(struct adm_call *call, const json_t *row, json_t *changes)
{
	json_t *permissions = json_deep_copy(json_object_get(row, "permissions"));
	bool any;
	int status;

	if (!permissions)
		permissions = json_object();
	status = permissions_of(call, permissions, &any);
	if (status == ADM_DONE && any)
		json_object_set(changes, "permissions", permissions);
	json_decref(permissions);
	return status;
}

int adm_role_set(struct adm_call *call)
{
	return patch_by_row(call, call->n_args, role_change);
}

/* --- strategies ------------------------------------------------------------------------------- */

static int strategy_change(struct adm_call *call, const json_t *row, json_t *changes)
{
	json_t *options = json_deep_copy(json_object_get(row, "options"));
	const json_t *given = json_object_get(changes, "options");
	bool unset = strcmp(call->verb->name, "unset") == 0;
	int status = ADM_DONE;

	if (!options)
		options = json_object();
	for (size_t i = 1; unset && i < call->n_args; i++) {
		if (json_object_del(options, call->args[i]) < 0)
			status = adm_complain(ADM_NOTHING, "%s has no option '%s'",
					adm_row_name(call->thing, row), call->args[i]);
	}
	if (given)
		json_object_update(options, (json_t *)(uintptr_t)given);
	if (status == ADM_DONE && (unset || given))
		json_object_set(changes, "options", options);
	json_decref(options);
	return status;
}

int adm_strategy_set(struct adm_call *call)
{
	return patch_by_row(call, strcmp(call->verb->name, "unset") == 0 ? 1 : call->n_args,
			strategy_change);
}

struct words {
	char *word[256];
	size_t count;
	char text[8192];
	size_t len;
};

static int add_word(const char *part, void *arg)
{
	struct words *w = arg;
	size_t len = strlen(part) + 1;

	if (w->count == HWS_COUNT(w->word) || w->len + len > sizeof(w->text))
		return HWS_ERR_TOOBIG;
	memcpy(w->text + w->len, part, len);
	w->word[w->count++] = w->text + w->len;
	w->len += len;
	return HWS_OK;
}

/* What a list of names means, as {"kind","guid"}. */
static int add_targets(struct adm_call *call, const char *list, const char *noun, const char *kind,
		json_t *targets)
{
	struct words w = { .count = 0 };
	json_t *rows = NULL, *row;
	size_t i;
	int status;

	if (!list)
		return ADM_DONE;
	if (hws_str_each(list, ',', add_word, &w) < 0)
		return adm_complain(ADM_USAGE, "that are too many names at a time");
	status = adm_targets_find(call, adm_thing_find(noun), w.word, w.count, "", false, &rows);
	if (status)
		return status;
	json_array_foreach (rows, i, row)
		json_array_append_new(targets,
				json_pack("{s:s,s:O}", "kind", kind, "guid",
						json_object_get(row, "guid")));
	json_decref(rows);
	return ADM_DONE;
}

static int change_targets(
		struct adm_call *call, const char *strategy, const json_t *targets, bool add)
{
	char path[100];
	json_t *body = json_pack(
			"{s:O,s:b}", add ? "add" : "remove", targets, "dry_run", call->dry_run);
	json_t *answer = NULL;
	int status = ADM_FAILED;

	if (body && hws_fmt(path, sizeof(path), "/strategies/%s/targets", strategy) == HWS_OK)
		status = adm_rest_call(call, "POST", path, body, &answer);
	if (status == ADM_DONE)
		status = adm_show_one(call, answer);
	if (status == ADM_DONE && json_array_size(json_object_get(answer, "refused")))
		status = ADM_PARTLY;
	json_decref(body);
	json_decref(answer);
	return adm_complain_of(call, status);
}

static int assign_strategy(struct adm_call *call)
{
	json_t *targets = json_array();
	char guid[40];
	int status = adm_target_guid(call, adm_thing_find("strategy"), call->args[0], guid);

	if (status == ADM_DONE)
		status = add_targets(call, adm_value(call, "devices"), "device", "device", targets);
	if (status == ADM_DONE)
		status = add_targets(call, adm_value(call, "users"), "user", "user", targets);
	if (status == ADM_DONE)
		status = add_targets(call, adm_value(call, "dgroups"), "dgroup", "device_group",
				targets);
	if (status == ADM_DONE && json_array_size(targets) == 0)
		status = adm_complain(ADM_USAGE, "for whom? --devices, --users, --dgroups");
	if (status == ADM_DONE && !adm_wanted(call, json_array_size(targets), call->verb->help))
		status = ADM_USAGE;
	if (status == ADM_DONE)
		status = change_targets(
				call, guid, targets, strcmp(call->verb->name, "assign") == 0);
	json_decref(targets);
	return status;
}

/* Owner, group, name and note by a PATCH; the strategy where it belongs. */
static int assign_device(struct adm_call *call)
{
	const char *strategy = adm_value(call, "strategy");
	json_t *changes = NULL, *rows = NULL, *row, *targets = NULL;
	char guid[40] = "";
	size_t i;
	int status = ADM_DONE;

	if (strategy)
		status = adm_target_guid(call, adm_thing_find("strategy"), strategy, guid);
	if (status == ADM_DONE)
		status = adm_complain_of(call, adm_body_make(call, &changes));
	if (status == ADM_DONE && !strategy && json_object_size(changes) == 0)
		status = adm_complain(ADM_USAGE, "what is to be assigned? See --help");
	if (status == ADM_DONE && json_object_size(changes))
		status = adm_patch_chosen(call, changes);
	if (status == ADM_DONE && strategy) {
		status = adm_chosen(call, 0, false, &rows);
		targets = json_array();
		json_array_foreach (rows, i, row)
			json_array_append_new(targets,
					json_pack("{s:s,s:O}", "kind", "device", "guid",
							json_object_get(row, "guid")));
		if (status == ADM_DONE)
			status = change_targets(call, guid, targets, true);
	}
	json_decref(targets);
	json_decref(rows);
	json_decref(changes);
	return status;
}

int adm_strategy_assign(struct adm_call *call)
{
	return strcmp(call->verb->noun, "device") == 0 ? assign_device(call)
						       : assign_strategy(call);
}

int adm_device_tag(struct adm_call *call)
{
	json_t *rows = NULL, *body;
	int status = adm_chosen(call, 1, false, &rows);

	if (status)
		return status;
	body = json_pack("{s:s,s:s}", "action", call->verb->bulk, "tag", call->args[0]);
	status = body ? adm_bulk(call, call->thing, rows, body, call->verb->done)
		      : adm_complain(ADM_USAGE, "'%s' is no tag", call->args[0]);
	json_decref(body);
	json_decref(rows);
	return status;
}
