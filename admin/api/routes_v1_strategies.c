/* Strategies in the console: settings for hosts, and whom they hold for. */
#include "admin/api/bulk.h"
#include "admin/api/strategy_options.h"
#include "admin/data/devices.h"
#include "admin/data/strategies.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>

/* --- out -------------------------------------------------------------------------------------- */

static int add_option(const char *key, const char *value, void *arg)
{
	return json_object_set_new(arg, key, json_string(value)) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static json_t *out_strategy(
		struct sql_conn *c, const struct dat_strategy *s, int64_t devices, int *ret_r)
{
	json_t *options = json_object(), *o = NULL;

	*ret_r = options ? dat_strategy_options(c, s->guid, add_option, options) : HWS_ERR_NOMEM;
	if (*ret_r == HWS_OK) {
		o = json_pack("{s:s,s:s,s:s,s:b,s:b,s:O,s:I,s:I,s:I,s:I}", "guid", s->guid, "name",
				s->name, "note", s->note, "enabled", (int)s->enabled, "enforce",
				(int)s->enforce, "options", options, "devices", (json_int_t)devices,
				"revision", (json_int_t)s->modified_at, "created_at",
				(json_int_t)s->created_at, "updated_at", (json_int_t)s->updated_at);
		*ret_r = o ? HWS_OK : HWS_ERR_NOMEM;
	}
	json_decref(options);
	return o;
}

struct kept {
	struct dat_strategy *row;
	size_t n;
};

static int keep(const struct dat_strategy *s, void *arg)
{
	struct kept *k = arg;

	k->row[k->n++] = *s;
	return HWS_OK;
}

static int keep_count(const char *guid, int64_t devices, void *arg)
{
	return json_object_set_new(arg, guid, json_integer((json_int_t)devices)) < 0 ? HWS_ERR_NOMEM
										     : HWS_OK;
}

static int do_list(struct adi_work *w)
{
	json_t *counts = json_object();
	struct kept k = { .row = hws_alloc_array(w->page.limit, sizeof(*k.row)) };
	const char *enabled = adi_v1_query(w->q, "enabled");
	struct dat_strategy_filter f = { .search = adi_v1_query(w->q, "q"),
		.enabled = *enabled ? hws_str_equal(enabled, "true") : -1 };
	int r = k.row ? dat_strategy_find(w->c, &f, w->page, keep, &k, &w->total) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = counts ? dat_strategy_counts(w->c, keep_count, counts) : HWS_ERR_NOMEM;
	for (size_t i = 0; i < k.n && r == HWS_OK; i++) {
		json_t *o = out_strategy(w->c, &k.row[i], adi_in_int(counts, k.row[i].guid, 0), &r);

		if (r == HWS_OK)
			r = adi_work_add(w->out, o);
	}
	hws_free(k.row);
	json_decref(counts);
	return r;
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", NULL };

	adi_work_list(q, reply, app, "strategy", columns, do_list);
}

static int read_back(struct adi_work *w, const char *guid, const char *kind)
{
	struct dat_strategy s;
	int64_t devices = 0;
	int r = dat_strategy_get(w->c, guid, &s);

	if (r == HWS_OK)
		r = dat_strategy_devices(w->c, guid, &devices);
	if (r == HWS_OK)
		w->out = out_strategy(w->c, &s, devices, &r);
	if (r == HWS_OK && kind)
		adi_did(&w->did, kind, "strategy", guid, s.name);
	return r;
}

static int do_get(struct adi_work *w)
{
	return read_back(w, htp_param(w->q, "guid"), NULL);
}

static void get(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "strategy", do_get);
}

static int do_of_device(struct adi_work *w)
{
	char guid[DAT_GUID_TEXT];
	struct dat_device d;
	int r = dat_device_get(w->c, htp_param(w->q, "guid"), &d);

	if (r == HWS_ERR_NOTFOUND)
		w->what = "device";
	if (r == HWS_OK)
		r = dat_strategy_of(w->c, d.guid, guid);
	if (r == HWS_OK && !*guid)
		return adi_work_refuse(
				w, ADI_NOT_FOUND, NULL, "No strategy holds for this device.");
	return r == HWS_OK ? read_back(w, guid, NULL) : r;
}

static void of_device(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "strategy", do_of_device);
}

static int do_list_options(struct adi_work *w)
{
	int r = HWS_OK;

	w->total = (int64_t)adi_options_pushed_count;
	for (size_t i = w->page.offset; i < adi_options_pushed_count && r == HWS_OK &&
			i < (size_t)w->page.offset + w->page.limit;
			i++) {
		const struct adi_option *o = &adi_options_pushed[i];
		json_t *choices = json_array();

		for (size_t k = 0; o->choice[k]; k++)
			json_array_append_new(choices, json_string(o->choice[k]));
		r = adi_work_add(w->out,
				json_pack("{s:s,s:s,s:o,s:s}", "name", o->name, "kind",
						adi_option_kind_name(o->kind), "choices", choices,
						"text", o->text));
	}
	return r;
}

static void list_options(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_list(q, reply, app, "option", NULL, do_list_options);
}

/* --- in --------------------------------------------------------------------------------------- */

static int refuse_option(struct adi_work *w, const char *key, int r)
{
	char field[DAT_OPTION_KEY_TEXT + 16], values[ADI_OPTION_VALUES_TEXT], text[300];

	(void)snprintf(field, sizeof(field), "options.%s", key);
	if (r == HWS_ERR_NOTFOUND)
		return adi_work_refuse(w, ADI_BAD_FIELD, field, "No strategy pushes that setting.");
	adi_option_values(key, values);
	(void)snprintf(text, sizeof(text),
			"That setting is %s, or empty: as the device has it by itself.", values);
	return adi_work_refuse(w, ADI_BAD_FIELD, field, text);
}

static int set_options(struct adi_work *w, const char *guid, const json_t *given)
{
	struct dat_option *options = hws_alloc_array(DAT_OPTIONS_MAX, sizeof(*options));
	const char *key;
	json_t *value;
	size_t n = 0;
	int r = options ? HWS_OK : HWS_ERR_NOMEM;

	json_object_foreach ((json_t *)(uintptr_t)given, key, value) {
		if (r == HWS_OK && n == DAT_OPTIONS_MAX)
			r = HWS_ERR_TOOBIG;
		if (r < 0)
			break;
		r = adi_option_check(key, json_string_value(value));
		if (r < 0)
			r = refuse_option(w, key, r);
		if (r == HWS_OK)
			r = hws_str_copy(options[n].key, sizeof(options[n].key), key);
		if (r == HWS_OK)
			r = hws_str_copy(options[n].value, sizeof(options[n].value),
					json_string_value(value));
		n++;
	}
	if (r == HWS_OK)
		r = dat_strategy_set_options(w->c, guid, options, n, adi_now());
	hws_free(options);
	return r;
}

static int set_rest(struct adi_work *w, const char *guid, const char *name, const char *note)
{
	const json_t *o = w->q->json, *options = json_object_get(o, "options");
	int r = dat_strategy_change(w->c, guid, name, note, adi_in_bool(o, "enabled"),
			adi_in_bool(o, "enforce"), -1, adi_now());

	w->field = r == HWS_ERR_INVAL || r == HWS_ERR_TOOBIG ? "name" : NULL;
	return r == HWS_OK && options ? set_options(w, guid, options) : r;
}

static int do_add(struct adi_work *w)
{
	const char *note = adi_in_text(w->q->json, "note");
	char guid[DAT_GUID_TEXT];
	int r = dat_strategy_add(
			w->c, adi_in_text(w->q->json, "name"), note ? note : "", adi_now(), guid);

	w->field = r == HWS_ERR_INVAL || r == HWS_ERR_TOOBIG ? "name" : NULL;
	if (r == HWS_OK)
		r = set_rest(w, guid, NULL, NULL);
	return r == HWS_OK ? read_back(w, guid, "strategy.add") : r;
}

static void add(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "strategy", 201, do_add);
}

static int do_change(struct adi_work *w)
{
	const json_t *o = w->q->json;
	const char *guid = htp_param(w->q, "guid");
	struct dat_strategy s;
	int r = dat_strategy_get(w->c, guid, &s);

	if (r == HWS_OK)
		r = adi_v1_unchanged(w->q, w->reply, s.updated_at);
	if (r == HWS_OK)
		r = set_rest(w, guid, adi_in_text(o, "name"), adi_in_text(o, "note"));
	return r == HWS_OK ? read_back(w, guid, "strategy.change") : r;
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "strategy", 200, do_change);
}

static int do_remove(struct adi_work *w)
{
	const char *guid = htp_param(w->q, "guid");
	struct dat_strategy s;
	int r = dat_strategy_get(w->c, guid, &s);

	if (r == HWS_OK)
		r = dat_strategy_remove(w->c, guid);
	if (r == HWS_OK)
		adi_did(&w->did, "strategy.remove", "strategy", guid, s.name);
	return r;
}

static void remove_strategy(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "strategy", 204, do_remove);
}

/* --- targets ---------------------------------------------------------------------------------- */

static int add_target_row(enum dat_target kind, const char *guid, const char *name, void *arg)
{
	return adi_work_add(arg,
			json_pack("{s:s,s:s,s:s}", "kind", dat_target_name(kind), "guid", guid,
					"name", name));
}

static int do_list_targets(struct adi_work *w)
{
	struct dat_strategy s;
	int r = dat_strategy_get(w->c, htp_param(w->q, "guid"), &s);

	return r == HWS_OK
			? dat_target_list(w->c, s.guid, w->page, add_target_row, w->out, &w->total)
			: r;
}

static void list_targets(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_list(q, reply, app, "strategy", NULL, do_list_targets);
}

/* One target of the body; on: it gets this strategy, else it loses it. */
static int change_one(struct adi_work *w, struct adi_bulk *b, const char *strategy,
		const json_t *target, bool on)
{
	const char *guid = adi_in_text(target, "guid");
	char name[DAT_NAME_TEXT], now_has[DAT_GUID_TEXT];
	enum dat_target kind;
	bool has;
	int r = dat_target_parse(adi_in_text(target, "kind"), &kind);

	if (r == HWS_OK)
		r = dat_target_exists(w->c, kind, guid, name);
	if (r == HWS_ERR_NOTFOUND)
		return adi_bulk_refuse(b, guid, "", "not_found", "There is no such target.");
	if (r == HWS_OK)
		r = dat_target_strategy(w->c, kind, guid, now_has);
	if (r < 0)
		return r;
	has = hws_str_equal(now_has, strategy);
	if (has == on)
		return HWS_OK;
	if (!b->dry_run)
		r = dat_strategy_assign(w->c, on ? strategy : "", kind, guid, adi_now());
	return r == HWS_OK
			? adi_bulk_change(b, guid, name,
					  !on                        ? "taken off"
							  : *now_has ? "moved from another strategy"
								     : "added")
			: r;
}

static int do_change_targets(struct adi_work *w)
{
	const json_t *add_list = json_object_get(w->q->json, "add"), *target;
	const json_t *remove_list = json_object_get(w->q->json, "remove");
	struct dat_strategy s;
	struct adi_bulk b;
	size_t i;
	int r = dat_strategy_get(w->c, htp_param(w->q, "guid"), &s);

	if (r < 0)
		return r;
	r = adi_bulk_init(&b, w->q->json);
	json_array_foreach (remove_list, i, target) {
		if (r == HWS_OK)
			r = change_one(w, &b, s.guid, target, false);
	}
	json_array_foreach (add_list, i, target) {
		if (r == HWS_OK)
			r = change_one(w, &b, s.guid, target, true);
	}
	if (r == HWS_OK)
		w->out = adi_bulk_out(&b);
	if (r == HWS_OK && !b.dry_run && b.count)
		adi_did(&w->did, "strategy.targets", "strategy", s.guid, s.name);
	adi_bulk_done(&b);
	return r;
}

static void change_targets(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "strategy", 200, do_change_targets);
}

static const struct adi_call calls[] = {
	{ "listStrategies", list, HTP_POOL_COMMON, 0 },
	{ "addStrategy", add, HTP_POOL_COMMON, 0 },
	{ "getStrategy", get, HTP_POOL_COMMON, 0 },
	{ "changeStrategy", change, HTP_POOL_COMMON, 0 },
	{ "removeStrategy", remove_strategy, HTP_POOL_COMMON, 0 },
	{ "listStrategyOptions", list_options, HTP_POOL_COMMON, 0 },
	{ "listTargets", list_targets, HTP_POOL_COMMON, 0 },
	{ "changeTargets", change_targets, HTP_POOL_COMMON, 0 },
	{ "deviceStrategy", of_device, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_strategies = { calls, HWS_COUNT(calls) };
