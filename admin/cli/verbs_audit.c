/* What is read from the server as it is: events, recordings, lists that are of no thing. And a
 * new token, which is shown once. */
#include "admin/cli/body.h"
#include "admin/cli/targets.h"
#include "admin/cli/things.h"
#include "admin/cli/verbs.h"
#include "shared/base/clock.h"
#include "shared/base/output.h"
#include "shared/base/str.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLLOW_S 2
#define FOLLOW_MAX 10000u /* events between two looks; more are left out, and that is said */

/* --- lists ------------------------------------------------------------------------------------ */

struct follow {
	struct adm_call *call;
	json_int_t seen; /* number of the latest event that was shown */
	json_t *fresh;   /* latest first */
};

static int take_fresh(const json_t *row, void *arg)
{
	struct follow *f = arg;

	if (json_integer_value(json_object_get(row, "seq")) <= f->seen)
		return HWS_ERR_FULL;
	json_array_append(f->fresh, (json_t *)(uintptr_t)row);
	return json_array_size(f->fresh) < FOLLOW_MAX ? HWS_OK : HWS_ERR_FULL;
}

/* One line for each event, whatever the format of tables: columns of the future are not known. */
static void show_fresh(struct follow *f)
{
	char at[40], text[300], safe[400];

	for (size_t i = json_array_size(f->fresh); i-- > 0;) {
		const json_t *row = json_array_get(f->fresh, i);

		if (f->call->look.format == ADM_FORMAT_JSONL ||
				f->call->look.format == ADM_FORMAT_JSON ||
				(f->call->look.format == ADM_FORMAT_AUTO &&
						!isatty(STDOUT_FILENO))) {
			json_dumpf(row, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
			putchar('\n');
		} else {
			static const char *const columns[] = { "kind", "action", "actor",
				"device_id", "address", "text" };

			adm_cell_text(row, "at", at, sizeof(at));
			printf("%s", at);
			for (size_t c = 0; c < HWS_COUNT(columns); c++) {
				adm_cell_text(row, columns[c], text, sizeof(text));
				printf("  %s",
						*text ? hws_str_plain(safe, sizeof(safe),
									hws_bytes_str(text))
						      : "-");
			}
			putchar('\n');
		}
		f->seen = json_integer_value(json_object_get(row, "seq"));
	}
	fflush(stdout);
}

static int first_seen(const json_t *row, void *arg)
{
	struct follow *f = arg;

	f->seen = json_integer_value(json_object_get(row, "seq"));
	return HWS_ERR_FULL;
}

/* Until the output is closed or the server is away. */
static int follow(struct adm_call *call, const char *path, const char *query)
{
	struct follow f = { .call = call };
	int status = adm_rest_list(call, path, query, first_seen, &f);

	while (status == ADM_DONE && !ferror(stdout)) {
		const struct timespec wait = { .tv_sec = FOLLOW_S };

		nanosleep(&wait, NULL);
		f.fresh = json_array();
		status = adm_rest_list(call, path, query, take_fresh, &f);
		if (json_array_size(f.fresh) == FOLLOW_MAX)
			adm_complain(0, "more than %u events at a time: some are left out",
					FOLLOW_MAX);
		show_fresh(&f);
		json_decref(f.fresh);
	}
	return adm_complain_of(call, status);
}

int adm_audit_list(struct adm_call *call)
{
	const char *path = call->verb->path ? call->verb->path : "/audit";
	const struct adm_thing *thing = adm_thing_find("audit");
	struct hws_buf query;
	int status = adm_query_make(call, &query);

	if (status)
		return adm_complain_of(call, status);
	if (call->verb->method) { /* a kind of events */
		struct hws_buf whole;

		hws_buf_init(&whole, 2200);
		hws_buf_fmt(&whole, "kind=%s%s%s", call->verb->method,
				hws_buf_len(&query) > 1 ? "&" : "",
				(const char *)hws_buf_bytes(&query).ptr);
		hws_buf_put_u8(&whole, 0);
		hws_buf_done(&query);
		query = whole;
	}
	if (!call->verb->path) {
		call->look.usual = thing->columns;
		call->look.key = thing->key;
	} else {
		call->look.key = "name";
	}
	if (adm_given(call, "follow"))
		status = follow(call, path, (const char *)hws_buf_bytes(&query).ptr);
	else
		status = adm_show_list(call, path, (const char *)hws_buf_bytes(&query).ptr);
	hws_buf_done(&query);
	return status;
}

static int to_stdout(struct hws_bytes part, void *arg HWS_UNUSED)
{
	return fwrite(part.ptr, 1, part.len, stdout) == part.len ? HWS_OK : HWS_ERR_DISK;
}

int adm_audit_export(struct adm_call *call)
{
	struct hws_buf query;
	char path[2200];
	int status = adm_query_make(call, &query);

	if (status == ADM_DONE) {
		const char *text = (const char *)hws_buf_bytes(&query).ptr;

		status = hws_fmt(path, sizeof(path), "/audit/export?%s%s%s",
					 adm_given(call, "as") ? "" : "format=jsonl",
					 *text && !adm_given(call, "as") ? "&" : "", text) < 0
				? ADM_USAGE
				: ADM_DONE;
		hws_buf_done(&query);
	}
	if (status == ADM_DONE)
		status = adm_rest_stream(call, path, to_stdout, NULL);
	return adm_complain_of(call, status);
}

int adm_audit_verify(struct adm_call *call)
{
	json_t *answer = NULL;
	int status = adm_rest_call(call, "POST", "/audit/verify", NULL, &answer);

	if (status == ADM_DONE)
		status = adm_show_one(call, answer);
	if (status == ADM_DONE && !json_is_true(json_object_get(answer, "ok")))
		status = ADM_FAILED;
	json_decref(answer);
	return adm_complain_of(call, status);
}

/* --- files ------------------------------------------------------------------------------------ */

static int to_file(struct hws_bytes part, void *arg)
{
	return hws_out_file_write(arg, part);
}

int adm_recording_get(struct adm_call *call)
{
	struct hws_out_file file;
	char guid[40], path[100];
	bool standard = strcmp(call->args[1], "-") == 0;
	int status = adm_target_guid(call, call->thing, call->args[0], guid), r;

	if (status)
		return status;
	if (hws_fmt(path, sizeof(path), "/recordings/%s/content", guid) < 0)
		return ADM_FAILED;
	if (standard)
		return adm_complain_of(call, adm_rest_stream(call, path, to_stdout, NULL));
	if (hws_out_file_begin(&file, call->args[1], &call->err) < 0)
		return adm_complain_of(call, ADM_FAILED);
	status = adm_rest_stream(call, path, to_file, &file);
	r = hws_out_file_end(&file, status ? HWS_ERR_CANCELED : HWS_OK, call->args[1],
			status ? NULL : &call->err);
	if (r < 0 && status == ADM_DONE)
		status = ADM_FAILED;
	return adm_complain_of(call, status);
}

/* --- tokens ----------------------------------------------------------------------------------- */

#define DAY_MS (24ll * 3600 * 1000)

int adm_token_add(struct adm_call *call)
{
	json_t *body = NULL, *answer = NULL;
	const char *secret;
	int status = adm_body_make(call, &body);

	if (status == ADM_DONE && !json_object_get(body, "scopes"))
		status = adm_complain(ADM_USAGE, "what may it do? --scope device=rw,audit=r");
	if (status) {
		json_decref(body);
		return adm_complain_of(call, status);
	}
	json_object_set_new(body, "name", json_string(call->args[0]));
	if (!json_object_get(body, "expires_at"))
		json_object_set_new(body, "expires_at",
				json_integer((json_int_t)(hws_wall_us() / HWS_US_PER_MS) +
						90 * DAY_MS));
	if (!call->dry_run)
		status = adm_rest_call(call, "POST", "/tokens", body, &answer);
	secret = json_string_value(json_object_get(answer, "secret"));
	if (status == ADM_DONE && call->dry_run)
		status = adm_show_one(call, body);
	else if (status == ADM_DONE && call->json)
		status = adm_show_one(call, answer);
	else if (status == ADM_DONE && secret)
		printf("%s\n", secret);
	json_decref(body);
	json_decref(answer);
	return adm_complain_of(call, status);
}
