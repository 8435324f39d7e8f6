/* admin/verbs_people: accounts, groups and address books: what needs more than a row of the
 * table. */
#include "admin/cli/body.h"
#include "admin/cli/secret.h"
#include "admin/cli/share.h"
#include "admin/cli/targets.h"
#include "admin/cli/things.h"
#include "admin/cli/verbs.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/web/fetch.h"
#include <stdlib.h>
#include <string.h>

/* --- passwords -------------------------------------------------------------------------------- */

/* From where the options say; `ask`: else from the terminal, `ret_made`: it was made here. "" =
 * none. */
static int read_password(
		struct adm_call *call, bool must, char buf[ADM_SECRET_TEXT], bool *ret_made)
{
	const char *file = adm_value(call, "password-file");
	int r = HWS_OK;

	buf[0] = 0;
	*ret_made = adm_given(call, "generate");
	if (*ret_made)
		adm_secret_make(buf);
	else if (file || adm_given(call, "password-stdin"))
		r = adm_secret_file(file ? file : "-", buf, ADM_SECRET_TEXT, &call->err);
	else if (must)
		r = adm_secret_ask_new("New password", buf, ADM_SECRET_TEXT, &call->err);
	return r < 0 ? ADM_USAGE : ADM_DONE;
}

int adm_user_password(struct adm_call *call)
{
	char password[ADM_SECRET_TEXT], guid[40], path[80];
	json_t *body = NULL;
	bool made = false;
	int status = adm_target_guid(call, call->thing, call->args[0], guid);

	if (status)
		return status;
	if (!call->dry_run)
		status = read_password(call, true, password, &made);
	if (status == ADM_DONE)
		status = adm_body_make(call, &body);
	if (status == ADM_DONE && !call->dry_run) {
		json_object_set_new(body, "password", json_string(password));
		if (hws_fmt(path, sizeof(path), "/users/%s/password", guid) < 0)
			status = ADM_FAILED;
		else
			status = adm_rest_call(call, "POST", path, body, NULL);
	}
	if (status == ADM_DONE && made)
		printf("%s\n", password);
	hws_wipe(password, sizeof(password));
	json_decref(body);
	return adm_complain_of(call, status);
}

int adm_default_group(struct adm_call *call, char guid[40])
{
	json_t *settings = NULL;
	const char *text;
	int status = adm_rest_call(call, "GET", "/settings", NULL, &settings);

	/* Who may add accounts need not be able to read settings. */
	if (status && status != ADM_REFUSED && status != ADM_NOTHING)
		return status;
	call->err.text[0] = 0;
	text = json_string_value(json_object_get(settings, "default_group_guid"));
	status = text && hws_str_copy(guid, 40, text) == HWS_OK
			? ADM_DONE
			: adm_target_guid(call, adm_thing_find("group"), "Default", guid);
	json_decref(settings);
	return status;
}

int adm_user_add(struct adm_call *call)
{
	char password[ADM_SECRET_TEXT], guid[40];
	json_t *body = NULL;
	bool made = false;
	int status = adm_body_make(call, &body);

	if (status == ADM_DONE && !json_object_get(body, "group_guid")) {
		status = adm_default_group(call, guid);
		json_object_set_new(body, "group_guid", json_string(guid));
	}
	if (status == ADM_DONE && !json_object_get(body, "role"))
		json_object_set_new(body, "role", json_string("user"));
	if (status == ADM_DONE && !call->dry_run)
		status = read_password(call, false, password, &made);
	else
		password[0] = 0;
	if (status) {
		json_decref(body);
		return adm_complain_of(call, status);
	}
	json_object_set_new(body, "name", json_string(call->args[0]));
	if (*password)
		json_object_set_new(body, "password", json_string(password));
	status = adm_create(call, body);
	if (status == ADM_DONE && made)
		fprintf(stderr, "password: %s\n", password);
	hws_wipe(password, sizeof(password));
	return status;
}

static int link_one(
		struct adm_call *call, const json_t *row, const json_t *body, struct adm_rows *out)
{
	char path[80];
	json_t *answer = NULL, *o;
	int status = hws_fmt(path, sizeof(path), "/users/%s/link", adm_row_guid(row)) < 0
			? ADM_FAILED
			: adm_rest_call(call, "POST", path, body, &answer);

	if (status)
		return status;
	o = json_pack("{s:s,s:s,s:O?,s:O?,s:O?}", "guid", adm_row_guid(row), "name",
			adm_row_name(call->thing, row), "url", json_object_get(answer, "url"),
			"mailed", json_object_get(answer, "mailed"), "expires_at",
			json_object_get(answer, "expires_at"));
	if (o && adm_rows_add(out, o) < 0)
		status = ADM_FAILED;
	json_decref(o);
	json_decref(answer);
	return status;
}

int adm_user_link(struct adm_call *call)
{
	struct adm_tally tally = { 0 };
	struct adm_rows *out = NULL;
	json_t *rows = NULL, *body = NULL, *row;
	size_t i;
	int status = adm_complain_of(call, adm_body_make(call, &body));

	if (status == ADM_DONE)
		status = adm_chosen(call, 0, false, &rows);
	if (!call->dry_run)
		call->look.usual = "name,url";
	if (status == ADM_DONE)
		status = adm_tell_begin(call, &out);
	json_array_foreach (rows, i, row) {
		int one = status;

		if (one == ADM_DONE && call->dry_run)
			adm_tell(call, out, call->thing, row, "sent a link");
		else if (one == ADM_DONE)
			one = link_one(call, row, body, out);
		if (one && call->err.text[0])
			adm_complain(one, "%s: %s", adm_row_name(call->thing, row), call->err.text);
		call->err.text[0] = 0;
		adm_tally(&tally, one);
	}
	json_decref(rows);
	json_decref(body);
	return adm_tell_end(call, out, status ? status : adm_tally_status(&tally));
}

/* --- groups ----------------------------------------------------------------------------------- */

static const struct adm_thing *member_thing(const struct adm_call *call)
{
	return adm_thing_find(strcmp(call->verb->noun, "group") == 0 ? "user" : "device");
}

int adm_group_members(struct adm_call *call)
{
	const struct adm_thing *thing = member_thing(call);
	char guid[40], query[80];
	int status = adm_target_guid(call, call->thing, call->args[0], guid);

	if (status)
		return status;
	call->look.usual = thing->columns;
	call->look.key = strcmp(thing->key, "id") == 0 ? "id" : "guid";
	if (hws_fmt(query, sizeof(query), "group=%s", guid) < 0)
		return ADM_FAILED;
	return adm_show_list(call, thing->path, query);
}

/* Names from the second argument on go into the group `guid`; "" = none. */
static int move_members(struct adm_call *call, const char *guid, const char *done)
{
	const struct adm_thing *thing = member_thing(call);
	json_t *rows = NULL, *body;
	int status = adm_targets_find(
			call, thing, call->args + 1, call->n_args - 1, "", false, &rows);

	if (status)
		return status;
	if (json_array_size(rows) == 0)
		status = adm_complain(ADM_NOTHING, "no %s is meant", thing->noun);
	else if (!adm_wanted(call, json_array_size(rows), call->verb->help))
		status = ADM_USAGE;
	body = json_pack("{s:s,s:o}", "action", "group", "group_guid",
			*guid ? json_string(guid) : json_null());
	if (status == ADM_DONE)
		status = adm_bulk(call, thing, rows, body, done);
	json_decref(body);
	json_decref(rows);
	return status;
}

int adm_group_move(struct adm_call *call)
{
	char guid[40], done[200];
	json_t *group = NULL;
	int status = adm_target_one(call, call->thing, call->args[0], &group);

	if (status)
		return status;
	snprintf(guid, sizeof(guid), "%s", adm_row_guid(group));
	snprintf(done, sizeof(done), "in %s", adm_row_name(call->thing, group));
	json_decref(group);
	return move_members(call, guid, done);
}

int adm_group_drop(struct adm_call *call)
{
	char guid[40];
	int status = adm_target_guid(call, call->thing, call->args[0], guid);

	if (status)
		return status;
	if (strcmp(call->verb->noun, "group") != 0)
		return move_members(call, "", "in no group");
	status = adm_default_group(call, guid);
	return status ? adm_complain_of(call, status)
		      : move_members(call, guid, "in the default group");
}

/* --- address books ---------------------------------------------------------------------------- */

/* "user:ann", "group:ops", "everyone". */
static int subject_of(struct adm_call *call, const char *word, const char **ret_kind, char guid[40])
{
	guid[0] = 0;
	if (strcmp(word, "everyone") == 0) {
		*ret_kind = "everyone";
		return ADM_DONE;
	}
	*ret_kind = hws_str_starts(word, "user:") ? "user" : "group";
	if (!hws_str_starts(word, "user:") && !hws_str_starts(word, "group:"))
		return adm_complain(ADM_USAGE, "user:NAME, group:NAME or everyone, not '%s'", word);
	return adm_target_guid(call, adm_thing_find(*ret_kind), strchr(word, ':') + 1, guid);
}

static int share(struct adm_call *call, const char *path, const json_t *found, const char *kind,
		const char *guid)
{
	const char *right = call->n_args > 2 ? call->args[2] : NULL;
	const char *now = json_string_value(json_object_get(found, "right"));
	char whole[200];

	if (right && strcmp(right, "read") != 0 && strcmp(right, "write") != 0 &&
			strcmp(right, "full") != 0)
		return adm_complain(ADM_USAGE, "read, write or full, not '%s'", right);
	if (right && now && strcmp(now, right) == 0) {
		puts("unchanged");
		return ADM_DONE;
	}
	if (!right && !found)
		return adm_complain(ADM_NOTHING, "it is not shared with %s", call->args[1]);
	if (call->dry_run) {
		printf("would be %s\n", right ? "shared" : "shared no more");
		return ADM_DONE;
	}
	if (right)
		return adm_share_put(call, path, found, kind, guid, right);
	if (hws_fmt(whole, sizeof(whole), "%s/%s", path, adm_row_guid(found)) < 0)
		return ADM_FAILED;
	return adm_rest_call(call, "DELETE", whole, NULL, NULL);
}

int adm_book_share(struct adm_call *call)
{
	char book[40], guid[40], path[120];
	const char *kind = "";
	json_t *found = NULL;
	int status = adm_target_guid(call, call->thing, call->args[0], book);

	if (status == ADM_DONE)
		status = subject_of(call, call->args[1], &kind, guid);
	if (status == ADM_DONE && hws_fmt(path, sizeof(path), "/books/%s/shares", book) < 0)
		status = ADM_FAILED;
	if (status == ADM_DONE)
		status = adm_share_find(call, path, kind, guid, &found);
	if (status == ADM_DONE)
		status = share(call, path, found, kind, guid);
	json_decref(found);
	return adm_complain_of(call, status);
}

int adm_book_tag(struct adm_call *call)
{
	bool put = strcmp(call->verb->name, "tag") == 0;
	char book[40], tag[400], path[500];
	json_t *body = NULL;
	int status = adm_target_guid(call, call->thing, call->args[0], book);

	if (status == ADM_DONE)
		status = adm_body_make(call, &body);
	if (status == ADM_DONE &&
			(hws_url_escape(call->args[1], tag, sizeof(tag)) < 0 ||
					hws_fmt(path, sizeof(path), "/books/%s/tags/%s", book,
							tag) < 0))
		status = adm_complain(ADM_USAGE, "'%s' is no tag", call->args[1]);
	if (status == ADM_DONE && !call->dry_run)
		status = adm_rest_call(call, put ? "PUT" : "DELETE", path, put ? body : NULL, NULL);
	json_decref(body);
	return adm_complain_of(call, status);
}
