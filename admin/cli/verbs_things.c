/* admin/verbs_things: verbs that differ in nothing but their row of the table. */
#include "admin/cli/body.h"
#include "admin/cli/query.h"
#include "admin/cli/targets.h"
#include "admin/cli/things.h"
#include "admin/cli/verbs.h"
#include "shared/base/str.h"
#include <string.h>

static int say(const struct adm_call *call, const char *text)
{
	if (!call->look.quiet)
		puts(text);
	return ADM_DONE;
}

static void look_at(struct adm_call *call, const struct adm_thing *thing)
{
	call->look.usual = thing->columns;
	call->look.key = thing->key;
	if (strcmp(thing->key, "id") != 0)
		call->look.key = "guid";
}

int adm_run_list(struct adm_call *call)
{
	struct hws_buf query;
	char path[240];
	int status = adm_thing_path(call, call->thing, path, sizeof(path));

	if (status == ADM_DONE)
		status = adm_query_make(call, &query);
	if (status)
		return adm_complain_of(call, status);
	look_at(call, call->thing);
	status = adm_show_list(call, path, (const char *)hws_buf_bytes(&query).ptr);
	hws_buf_done(&query);
	return status;
}

int adm_run_show(struct adm_call *call)
{
	struct adm_rows *out = NULL;
	json_t *rows = NULL, *row;
	size_t i;
	int status = adm_chosen(call, 0, true, &rows);

	if (status)
		return status;
	look_at(call, call->thing);
	call->look.one = json_array_size(rows) == 1;
	if (adm_rows_new(stdout, &call->look, &out, &call->err) < 0)
		status = ADM_USAGE;
	json_array_foreach (rows, i, row) {
		if (status == ADM_DONE && adm_rows_add(out, row) < 0)
			break;
	}
	if (status == ADM_DONE && adm_rows_end(out, &call->err) < 0)
		status = ADM_USAGE;
	adm_rows_free(out);
	json_decref(rows);
	return adm_complain_of(call, status);
}

int adm_run_add(struct adm_call *call)
{
	json_t *body = NULL;
	int status = adm_body_make(call, &body);

	if (status)
		return adm_complain_of(call, status);
	json_object_set_new(body, call->thing->key, json_string(call->args[0]));
	return adm_create(call, body);
}

int adm_run_set(struct adm_call *call)
{
	json_t *changes = NULL;
	int status = adm_body_make(call, &changes);

	if (status)
		return adm_complain_of(call, status);
	if (json_object_size(changes) == 0)
		status = adm_complain(ADM_USAGE,
				"what is to be changed? See hawser-admin %s set --help",
				call->verb->noun);
	else
		status = adm_patch_chosen(call, changes);
	json_decref(changes);
	return status;
}

/* One of many, by the row's method and path. */
static int act_on(struct adm_call *call, const json_t *row, const json_t *body)
{
	const char *rest = call->verb->path ? call->verb->path : "";
	char path[240], whole[360];
	int status = adm_thing_path(call, call->thing, path, sizeof(path));

	if (status == ADM_DONE &&
			hws_fmt(whole, sizeof(whole), "%s/%s%s", path, adm_row_guid(row), rest) < 0)
		status = ADM_FAILED;
	if (status || call->dry_run)
		return status;
	return adm_rest_call(call, call->verb->method, whole, json_object_size(body) ? body : NULL,
			NULL);
}

static int act_on_all(struct adm_call *call, const json_t *rows, const json_t *body)
{
	struct adm_tally tally = { 0 };
	struct adm_rows *out = NULL;
	json_t *row;
	size_t i;
	int status = adm_tell_begin(call, &out);

	json_array_foreach (rows, i, row) {
		int one = status == ADM_DONE ? act_on(call, row, body) : status;

		if (one == ADM_DONE)
			adm_tell(call, out, call->thing, row, call->verb->done);
		else if (call->err.text[0])
			adm_complain(one, "%s: %s", adm_row_name(call->thing, row), call->err.text);
		call->err.text[0] = 0;
		adm_tally(&tally, one);
	}
	return adm_tell_end(call, out, status ? status : adm_tally_status(&tally));
}

int adm_run_act(struct adm_call *call)
{
	json_t *rows = NULL, *body = NULL;
	int status = adm_body_make(call, &body);

	if (status)
		return adm_complain_of(call, status);
	status = adm_chosen(call, 0, false, &rows);
	if (status == ADM_DONE && call->verb->bulk) {
		json_object_set_new(body, "action", json_string(call->verb->bulk));
		status = adm_bulk(call, call->thing, rows, body, call->verb->done);
	} else if (status == ADM_DONE) {
		status = act_on_all(call, rows, body);
	}
	json_decref(rows);
	json_decref(body);
	return status;
}

/* --- what is inside one, or there once -------------------------------------------------------- */

static int inside_path(struct adm_call *call, char *buf, size_t size)
{
	char path[240], guid[40];
	int status = adm_thing_path(call, call->thing, path, sizeof(path));

	if (status == ADM_DONE)
		status = adm_target_guid(call, call->thing, call->args[0], guid);
	if (status == ADM_DONE && hws_fmt(buf, size, "%s/%s%s", path, guid, call->verb->path) < 0)
		status = ADM_FAILED;
	return status;
}

int adm_run_inside(struct adm_call *call)
{
	struct hws_buf query;
	char path[360];
	int status = inside_path(call, path, sizeof(path));

	if (status == ADM_DONE)
		status = adm_query_make(call, &query);
	if (status)
		return adm_complain_of(call, status);
	call->look.key = "guid";
	status = adm_show_list(call, path, (const char *)hws_buf_bytes(&query).ptr);
	hws_buf_done(&query);
	return status;
}

static int show_answer(
		struct adm_call *call, const char *method, const char *path, const json_t *body)
{
	json_t *answer = NULL;
	int status = adm_rest_call(call, method, path, body, &answer);
	const json_t *ok = json_object_get(answer, "ok");

	if (status == ADM_DONE && json_is_object(answer))
		status = adm_show_one(call, answer);
	/* A test that was made, and failed. */
	if (status == ADM_DONE && json_is_false(ok))
		status = ADM_FAILED;
	json_decref(answer);
	return adm_complain_of(call, status);
}

int adm_run_of(struct adm_call *call)
{
	char path[360];
	int status = inside_path(call, path, sizeof(path));

	if (status)
		return adm_complain_of(call, status);
	return show_answer(call, call->verb->method ? call->verb->method : "GET", path, NULL);
}

int adm_run_get(struct adm_call *call)
{
	return show_answer(call, "GET", call->verb->path, NULL);
}

int adm_run_post(struct adm_call *call)
{
	if (call->dry_run)
		return say(call, "would be asked");
	return show_answer(call, "POST", call->verb->path, NULL);
}

int adm_run_change(struct adm_call *call)
{
	json_t *changes = NULL, *now = NULL, *left = NULL, *value;
	const char *key;
	int status = adm_body_make(call, &changes);

	if (status == ADM_DONE && json_object_size(changes) == 0)
		status = adm_complain(ADM_USAGE, "what is to be changed? See --help");
	if (status == ADM_DONE)
		status = adm_rest_call(call, "GET", call->verb->path, NULL, &now);
	if (status == ADM_DONE) {
		left = json_object();
		json_object_foreach (changes, key, value) {
			if (!json_equal(json_object_get(now, key), value))
				json_object_set(left, key, value);
		}
		if (json_object_size(left) == 0)
			say(call, "unchanged");
		else if (call->dry_run)
			status = adm_show_one(call, left);
		else
			status = show_answer(call, "PATCH", call->verb->path, left);
	}
	json_decref(left);
	json_decref(now);
	json_decref(changes);
	return adm_complain_of(call, status);
}

/* --- control sockets -------------------------------------------------------------------------- */

int adm_run_control(struct adm_call *call)
{
	const struct adm_query ask = { .json = call->json,
		.socket = *call->settings.socket ? call->settings.socket : NULL };
	const char *of = adm_value(call, "of") ? adm_value(call, "of") : call->verb->method;
	char *argv[8];
	int argc = 0, status;

	if (of && strcmp(of, "rendezvous") != 0)
		argv[argc++] = (char *)(uintptr_t)of;
	argv[argc++] = (char *)(uintptr_t)call->verb->path;
	for (size_t i = 0; i < call->n_args && argc < 7; i++)
		argv[argc++] = call->args[i];
	if (adm_given(call, "force"))
		argv[argc++] = (char *)(uintptr_t) "--force";
	if (call->dry_run)
		return say(call, "would be asked");
	status = adm_query_run(&ask, argc, argv);
	return status == 3 ? ADM_AWAY : status; /* as the words alone call it */
}
