/* admin/verbs_import: CSV in and out: accounts, devices, entries of books. What a file asks for is
 * compared with what is there first, so that the same file again changes nothing, and a dry run
 * tells what would be. */
#include "admin/cli/body.h"
#include "admin/cli/targets.h"
#include "admin/cli/things.h"
#include "admin/cli/verbs.h"
#include "shared/base/csv.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <string.h>

#define FILE_MAX (64u << 20)
#define SERVER_FILE_MAX (8u << 20) /* what the API takes */

/* --- out -------------------------------------------------------------------------------------- */

int adm_export(struct adm_call *call)
{
	if (!call->look.columns)
		call->look.columns = call->verb->path;
	if (call->look.format == ADM_FORMAT_AUTO)
		call->look.format = ADM_FORMAT_CSV;
	return adm_run_list(call);
}

/* --- accounts, by the server ------------------------------------------------------------------ */

static int show_import(struct adm_call *call, const json_t *answer)
{
	const json_t *one;
	size_t i;
	int status;

	json_array_foreach (json_object_get(answer, "errors"), i, one) {
		const char *text = json_string_value(json_object_get(one, "text"));

		adm_complain(0, "line %lld: %s",
				(long long)json_integer_value(json_object_get(one, "line")),
				text ? text : "refused");
	}
	status = adm_show_one(call, answer);
	if (status || json_array_size(json_object_get(answer, "errors")) == 0)
		return status;
	return json_integer_value(json_object_get(answer, "created")) +
					json_integer_value(json_object_get(answer, "updated"))
			? ADM_PARTLY
			: ADM_FAILED;
}

int adm_users_import(struct adm_call *call)
{
	struct hws_csv *csv = NULL;
	struct hws_buf text;
	json_t *answer = NULL;
	int status = ADM_USAGE;

	hws_buf_init(&text, SERVER_FILE_MAX);
	/* Read here as well: a file that is none is refused before anything is sent. */
	if (adm_read_input(call->args[0], &text, &call->err) == HWS_OK &&
			hws_csv_read(hws_buf_bytes(&text), &csv, &call->err) == HWS_OK)
		status = adm_rest_send(call,
				call->dry_run ? "/users/import?dry_run=true"
					      : "/users/import?dry_run=false",
				"text/csv", hws_buf_bytes(&text), &answer);
	if (status == ADM_DONE)
		status = show_import(call, answer);
	json_decref(answer);
	hws_csv_free(csv);
	hws_buf_done_wiped(&text);
	return adm_complain_of(call, status);
}

/* --- devices and entries, here ---------------------------------------------------------------- */

struct column {
	const char *name, *member;
	enum adm_kind kind;
	const char *noun; /* of ADM_REF */
};

static const struct column device_columns[] = { { "id", NULL, ADM_TEXT, NULL },
	{ "name", "name", ADM_TEXT, NULL }, { "owner", "owner_guid", ADM_REF, "user" },
	{ "group", "group_guid", ADM_REF, "dgroup" }, { "tags", "tags", ADM_WORDS, NULL },
	{ "note", "note", ADM_TEXT, NULL }, { NULL, NULL, ADM_TEXT, NULL } };
static const struct column entry_columns[] = { { "id", "id", ADM_TEXT, NULL },
	{ "alias", "alias", ADM_TEXT, NULL }, { "tags", "tags", ADM_WORDS, NULL },
	{ "note", "note", ADM_TEXT, NULL }, { "login_name", "login_name", ADM_TEXT, NULL },
	{ "force_relay", "force_relay", ADM_YES, NULL }, { "password", "password", ADM_TEXT, NULL },
	{ NULL, NULL, ADM_TEXT, NULL } };

struct import {
	struct adm_call *call;
	const struct column *columns;
	struct hws_csv *csv;
	json_t *there; /* id -> row */
	json_t *guids; /* "user:ann" -> guid */
	struct adm_rows *out;
	struct adm_tally tally;
	bool may_add;
};

/* Of each row only what may be compared: there may be 100,000. */
static int remember(const json_t *row, void *arg)
{
	struct import *m = arg;
	const char *id = json_string_value(json_object_get(row, "id"));
	json_t *kept = id ? json_object() : NULL;

	if (!kept)
		return id ? HWS_ERR_NOMEM : HWS_OK;
	json_object_set(kept, "id", json_object_get(row, "id"));
	json_object_set(kept, "guid", json_object_get(row, "guid"));
	json_object_set(kept, "updated_at", json_object_get(row, "updated_at"));
	for (const struct column *c = m->columns; c->name; c++) {
		if (c->member && json_object_get(row, c->member))
			json_object_set(kept, c->member, json_object_get(row, c->member));
	}
	return json_object_set_new(m->there, id, kept) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

/* A name that stands in many lines is looked up once. */
static int reference(struct import *m, const char *noun, const char *name, json_t **ret)
{
	char key[400], guid[40] = "";
	const json_t *known;
	int status = ADM_DONE;

	if (!*name) {
		*ret = json_null();
		return ADM_DONE;
	}
	if (hws_fmt(key, sizeof(key), "%s:%s", noun, name) < 0)
		return ADM_USAGE;
	known = json_object_get(m->guids, key);
	if (!known) {
		status = adm_ref(m->call, noun, name, guid);
		if (status)
			return status;
		json_object_set_new(m->guids, key, json_string(guid));
		known = json_object_get(m->guids, key);
	}
	*ret = json_incref((json_t *)(uintptr_t)known);
	return ADM_DONE;
}

static int add_word(const char *part, void *arg)
{
	return json_array_append_new(arg, json_string(part)) < 0 ? HWS_ERR_INVAL : HWS_OK;
}

static int cell_value(struct import *m, const struct column *c, const char *text, json_t **ret)
{
	bool yes = false;

	switch (c->kind) {
	case ADM_REF:
		return reference(m, c->noun, text, ret);
	case ADM_WORDS:
		*ret = json_array();
		return hws_str_each(text, ',', add_word, *ret) < 0 ? ADM_FAILED : ADM_DONE;
	case ADM_YES:
		if (*text && hws_parse_bool(text, &yes) < 0)
			return ADM_FAILED;
		*ret = json_boolean(yes);
		return ADM_DONE;
	default:
		*ret = json_string(text);
		return *ret ? ADM_DONE : ADM_FAILED;
	}
}

/* What the line asks for; cells of columns that the file does not have say nothing. */
static int line_body(struct import *m, size_t i, json_t **ret)
{
	json_t *body = json_object();
	int status = ADM_DONE;

	for (const struct column *c = m->columns; c->name && status == ADM_DONE; c++) {
		const char *text = c->member ? hws_csv_cell(m->csv, i, c->name) : NULL;
		json_t *value = NULL;

		if (!text || (strcmp(c->name, "password") == 0 && !*text))
			continue;
		status = cell_value(m, c, text, &value);
		if (status == ADM_DONE)
			json_object_set(body, c->member, value);
		else
			adm_complain(0, "line %zu: %s: '%s' will not do", hws_csv_line(m->csv, i),
					c->name, text);
		json_decref(value);
	}
	if (status)
		json_decref(body);
	else
		*ret = body;
	return status;
}

static int add_one(struct import *m, json_t *body)
{
	char path[240];
	int status = adm_thing_path(m->call, m->call->thing, path, sizeof(path));

	if (status == ADM_DONE && !m->call->dry_run)
		status = adm_rest_call(m->call, "POST", path, body, NULL);
	if (status == ADM_DONE)
		adm_tell(m->call, m->out, m->call->thing, body, "added");
	return status;
}

static int import_line(struct import *m, size_t i)
{
	const char *id = hws_csv_cell(m->csv, i, "id");
	const json_t *row;
	json_t *body = NULL;
	int status;

	if (!id || !*id)
		return adm_complain(
				ADM_FAILED, "line %zu: there is no id", hws_csv_line(m->csv, i));
	row = json_object_get(m->there, id);
	if (!row && !m->may_add)
		return adm_complain(ADM_NOTHING, "line %zu: there is no device '%s'",
				hws_csv_line(m->csv, i), id);
	status = line_body(m, i, &body);
	if (status)
		return status;
	if (row)
		json_object_del(body, "id");
	status = row ? adm_patch(m->call, m->call->thing, row, body, m->out) : add_one(m, body);
	if (status && m->call->err.text[0])
		adm_complain(0, "line %zu: %s: %s", hws_csv_line(m->csv, i), id, m->call->err.text);
	m->call->err.text[0] = 0;
	json_decref(body);
	return status;
}

static int check_columns(const struct import *m)
{
	bool id = false;

	for (size_t i = 0; i < hws_csv_columns(m->csv); i++) {
		const char *name = hws_csv_column(m->csv, i);
		const struct column *c = m->columns;

		id = id || strcmp(name, "id") == 0;
		while (c->name && strcmp(c->name, name) != 0)
			c++;
		if (!c->name)
			return adm_complain(ADM_USAGE, "%s: the column '%s' is not known",
					m->call->args[0], name);
	}
	return id ? ADM_DONE
		  : adm_complain(ADM_USAGE, "%s: there is no column 'id'", m->call->args[0]);
}

static int run(struct import *m)
{
	char path[240];
	int status = check_columns(m);

	if (status == ADM_DONE)
		status = adm_thing_path(m->call, m->call->thing, path, sizeof(path));
	if (status == ADM_DONE)
		status = adm_rest_list(m->call, path, "", remember, m);
	if (status == ADM_DONE)
		status = adm_tell_begin(m->call, &m->out);
	if (status)
		return adm_complain_of(m->call, status);
	for (size_t i = 0; i < hws_csv_rows(m->csv); i++)
		adm_tally(&m->tally, import_line(m, i));
	return adm_tell_end(m->call, m->out, adm_tally_status(&m->tally));
}

static int import(struct adm_call *call, const struct column *columns, bool may_add)
{
	struct import m = { .call = call,
		.columns = columns,
		.may_add = may_add,
		.there = json_object(),
		.guids = json_object() };
	struct hws_buf text;
	int status = ADM_USAGE;

	hws_buf_init(&text, FILE_MAX);
	if (adm_read_input(call->args[0], &text, &call->err) == HWS_OK &&
			hws_csv_read(hws_buf_bytes(&text), &m.csv, &call->err) == HWS_OK)
		status = run(&m);
	else
		adm_complain_of(call, status);
	hws_csv_free(m.csv);
	hws_buf_done_wiped(&text);
	json_decref(m.there);
	json_decref(m.guids);
	return status;
}

int adm_devices_import(struct adm_call *call)
{
	return import(call, device_columns, false);
}

int adm_entries_import(struct adm_call *call)
{
	return import(call, entry_columns, true);
}
