/* admin/things: choosing, changing in bulk and one by one, and telling what became of it. */
#include "admin/cli/things.h"
#include "admin/cli/body.h"
#include "admin/cli/targets.h"
#include "admin/cli/verbs.h"
#include "shared/base/str.h"
#include <string.h>

#define BULK_MAX 1000u /* whose names an answer can hold */

/* --- choosing --------------------------------------------------------------------------------- */

static bool has_filters(const struct adm_call *call)
{
	for (size_t i = 0; i < call->n_values; i++) {
		if (call->value[i].option->goes == ADM_QUERY)
			return true;
	}
	return false;
}

int adm_chosen(struct adm_call *call, size_t first, bool whole, json_t **ret)
{
	size_t n = call->n_args > first ? call->n_args - first : 0;
	struct hws_buf query;
	json_t *rows = NULL;
	int status;

	if (!n && !call->all && !has_filters(call))
		return adm_complain(
				ADM_USAGE, "which %s? Name some, or give --all", call->thing->noun);
	if (n && call->all)
		return adm_complain(ADM_USAGE, "--all and names do not go together");
	status = adm_query_make(call, &query);
	if (status)
		return adm_complain_of(call, status);
	status = adm_targets_find(call, call->thing, call->args + first, n,
			(const char *)hws_buf_bytes(&query).ptr, whole, &rows);
	hws_buf_done(&query);
	if (status)
		return status;
	if (json_array_size(rows) == 0)
		status = adm_complain(ADM_NOTHING, "no %s is meant", call->thing->noun);
	else if ((call->verb->flags & ADM_CHANGES) &&
			!adm_wanted(call, json_array_size(rows), call->verb->help))
		status = ADM_USAGE;
	if (status)
		json_decref(rows);
	else
		*ret = rows;
	return status;
}

/* --- telling ---------------------------------------------------------------------------------- */

int adm_tell_begin(struct adm_call *call, struct adm_rows **ret)
{
	if (!call->look.usual)
		call->look.usual = "name,result";
	call->look.key = "guid";
	if (adm_rows_new(stdout, &call->look, ret, &call->err) < 0)
		return adm_complain_of(call, ADM_USAGE);
	return ADM_DONE;
}

void adm_tell(struct adm_call *call, struct adm_rows *rows, const struct adm_thing *thing,
		const json_t *row, const char *result)
{
	json_t *o = json_pack(
			"{s:s,s:s}", "guid", adm_row_guid(row), "name", adm_row_name(thing, row));
	bool same = strcmp(result, "unchanged") == 0;
	char text[128];

	if (call->dry_run && !same)
		snprintf(text, sizeof(text), "would be %s", result);
	else
		snprintf(text, sizeof(text), "%s", result);
	json_object_set_new(o, "result", json_string(text));
	if (o && adm_rows_add(rows, o) == HWS_ERR_FULL)
		call->look.quiet =
				true; /* enough was told; other faults are those of adm_tell_end */
	json_decref(o);
}

int adm_tell_end(struct adm_call *call, struct adm_rows *rows, int status)
{
	if (rows && adm_rows_end(rows, &call->err) < 0 && status == ADM_DONE)
		status = ADM_FAILED;
	adm_rows_free(rows);
	return adm_complain_of(call, status);
}

void adm_tally(struct adm_tally *t, int status)
{
	if (status == ADM_DONE)
		t->done++;
	else
		t->failed++;
	if (status && !t->status)
		t->status = status;
}

int adm_tally_status(const struct adm_tally *t)
{
	if (!t->failed)
		return ADM_DONE;
	return t->done ? ADM_PARTLY : t->status;
}

/* --- in bulk ---------------------------------------------------------------------------------- */

static int refusal_status(const char *code)
{
	if (code &&
			(strcmp(code, "exists") == 0 || strcmp(code, "in_use") == 0 ||
					strcmp(code, "changed") == 0))
		return ADM_CONFLICT;
	if (code && strcmp(code, "not_found") == 0)
		return ADM_NOTHING;
	return ADM_REFUSED;
}

static void tell_answer(struct adm_call *call, struct adm_rows *rows, const struct adm_thing *thing,
		const json_t *answer, const char *done, struct adm_tally *tally)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(answer, "changes"), i, one) {
		json_t *row = json_pack("{s:O?,s:O?}", "guid", json_object_get(one, "guid"),
				thing->key, json_object_get(one, "name"));

		adm_tell(call, rows, thing, row, done);
		adm_tally(tally, ADM_DONE);
		json_decref(row);
	}
	json_array_foreach (json_object_get(answer, "refused"), i, one) {
		const char *name = json_string_value(json_object_get(one, "name"));
		const char *text = json_string_value(json_object_get(one, "text"));
		const char *code = json_string_value(json_object_get(one, "code"));

		adm_tally(tally,
				adm_complain(refusal_status(code), "%s: %s", name ? name : "?",
						text ? text : "refused"));
	}
}

static int bulk_part(
		struct adm_call *call, const struct adm_thing *thing, json_t *body, json_t **ret)
{
	char path[240];
	size_t len;
	int status = adm_thing_path(call, thing, path, sizeof(path) - sizeof("/bulk"));

	if (status)
		return status;
	len = strlen(path);
	memcpy(path + len, "/bulk", sizeof("/bulk"));
	return adm_rest_call(call, "POST", path, body, ret);
}

int adm_bulk(struct adm_call *call, const struct adm_thing *thing, const json_t *rows,
		const json_t *body, const char *done)
{
	size_t all = json_array_size(rows);
	struct adm_tally tally = { 0 };
	struct adm_rows *out = NULL;
	int status = adm_tell_begin(call, &out);

	for (size_t at = 0; at < all && status == ADM_DONE; at += BULK_MAX) {
		json_t *part = json_copy((json_t *)(uintptr_t)body), *guids = json_array();
		json_t *answer = NULL;

		for (size_t i = at; i < all && i < at + BULK_MAX; i++)
			json_array_append(guids, json_object_get(json_array_get(rows, i), "guid"));
		json_object_set_new(part, "guids", guids);
		json_object_set_new(part, "dry_run", json_boolean(call->dry_run));
		status = bulk_part(call, thing, part, &answer);
		if (status == ADM_DONE)
			tell_answer(call, out, thing, answer, done, &tally);
		json_decref(part);
		json_decref(answer);
	}
	if (status && tally.done)
		status = ADM_PARTLY;
	return adm_tell_end(call, out, status ? status : adm_tally_status(&tally));
}

/* --- one by one ------------------------------------------------------------------------------- */

/* What is asked for is no change where it is so already; objects (options of a strategy) are as
 * they are to be afterwards. */
static json_t *difference(const json_t *row, const json_t *changes)
{
	json_t *left = json_object(), *value;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)changes, key, value) {
		const json_t *now = json_object_get(row, key);

		if (!now || !json_equal(now, value))
			json_object_set(left, key, value);
	}
	return left;
}

int adm_patch(struct adm_call *call, const struct adm_thing *thing, const json_t *row,
		const json_t *changes, struct adm_rows *rows)
{
	json_t *left = difference(row, changes), *at = json_object_get(row, "updated_at");
	char path[240], whole[300];
	int status = adm_thing_path(call, thing, path, sizeof(path));

	if (status == ADM_DONE && json_object_size(left) == 0) {
		adm_tell(call, rows, thing, row, "unchanged");
		goto out;
	}
	if (status == ADM_DONE && !call->dry_run) {
		if (at)
			json_object_set(left, "updated_at", at);
		status = hws_fmt(whole, sizeof(whole), "%s/%s", path, adm_row_guid(row)) < 0
				? ADM_FAILED
				: adm_rest_call(call, "PATCH", whole, left, NULL);
	}
	if (status == ADM_DONE)
		adm_tell(call, rows, thing, row, "changed");
	else if (call->err.text[0])
		adm_complain(status, "%s: %s", adm_row_name(thing, row), call->err.text);
	call->err.text[0] = 0;
out:
	json_decref(left);
	return status;
}

int adm_patch_chosen(struct adm_call *call, const json_t *changes)
{
	struct adm_tally tally = { 0 };
	struct adm_rows *out = NULL;
	json_t *rows = NULL, *row;
	size_t i;
	int status = adm_chosen(call, 0, true, &rows);

	if (status)
		return status;
	status = adm_tell_begin(call, &out);
	json_array_foreach (rows, i, row) {
		if (status == ADM_DONE)
			adm_tally(&tally, adm_patch(call, call->thing, row, changes, out));
	}
	json_decref(rows);
	return adm_tell_end(call, out, status ? status : adm_tally_status(&tally));
}

/* Whether one of exactly this key is there already; *ret as it is, new. */
static int look_up(struct adm_call *call, const char *name, json_t **ret)
{
	char *words[1];
	json_t *rows = NULL;
	char word[700];
	int status;

	/* A name that looks like a pattern is a name here. */
	if (hws_fmt(word, sizeof(word), "%s:%s",
			    strcmp(call->thing->key, "id") == 0 ? "id" : "name", name) < 0)
		return ADM_USAGE;
	words[0] = word;
	status = adm_targets_find(call, call->thing, words, 1, "", true, &rows);
	if (status == ADM_DONE)
		*ret = json_incref(json_array_get(rows, 0));
	json_decref(rows);
	return status;
}

int adm_create(struct adm_call *call, json_t *body)
{
	const char *name = json_string_value(json_object_get(body, call->thing->key));
	json_t *made = NULL;
	char path[240];
	int status = adm_thing_path(call, call->thing, path, sizeof(path));

	if (status == ADM_DONE && (call->dry_run || adm_given(call, "if-missing")) && name) {
		call->may_miss = true; /* which is no fault: it is to be made */
		status = look_up(call, name, &made);
		call->may_miss = false;
	}
	if (status == ADM_DONE && made && !adm_given(call, "if-missing")) {
		hws_error_set(&call->err, HWS_ERR_EXISTS, "there is a %s '%s' already",
				call->thing->noun, name);
		status = ADM_CONFLICT;
	}
	if (status == ADM_DONE && !made && !call->dry_run)
		status = adm_rest_call(call, "POST", path, body, &made);
	else if (status == ADM_DONE && !made)
		made = json_incref(body);
	json_decref(body);
	if (status == ADM_DONE && made)
		status = adm_show_one(call, made);
	json_decref(made);
	return adm_complain_of(call, status);
}

/* --- lists ------------------------------------------------------------------------------------ */

struct list {
	struct adm_rows *rows;
	bool refused; /* by the look: the end of the rows says why */
};

static int put_row(const json_t *row, void *arg)
{
	struct list *l = arg;
	int r = adm_rows_add(l->rows, row);

	l->refused = r == HWS_ERR_INVAL;
	return r;
}

int adm_show_list(struct adm_call *call, const char *path, const char *query)
{
	struct list l = { .rows = NULL };
	int status;

	if (adm_rows_new(stdout, &call->look, &l.rows, &call->err) < 0)
		return adm_complain_of(call, ADM_USAGE);
	status = adm_rest_list(call, path, query, put_row, &l);
	if (l.refused)
		call->err.text[0] = 0;
	if ((status == ADM_DONE || l.refused) && adm_rows_end(l.rows, &call->err) < 0)
		status = ADM_USAGE;
	adm_rows_free(l.rows);
	return adm_complain_of(call, status);
}
