/* What is done on the server itself beside the words of control sockets: databases and the key. */
#include "admin/cli/api_store.h"
#include "admin/cli/db.h"
#include "admin/cli/output.h"
#include "admin/cli/query.h"
#include "admin/cli/verbs.h"
#include "admin/import/import.h"
#include "shared/base/clock.h"
#include <string.h>

/* The words of old take their options themselves. */
int adm_db(struct adm_call *call)
{
	static char names[16][40];
	char *argv[40];
	int argc = 0, status;

	argv[argc++] = (char *)(uintptr_t) "db";
	argv[argc++] = (char *)(uintptr_t)call->verb->name;
	for (size_t i = 0; i < call->n_args; i++)
		argv[argc++] = call->args[i];
	for (size_t i = 0, n = 0; i < call->n_values && n < 16; i++) {
		const struct adm_option *o = call->value[i].option;
		bool own = false;

		for (const struct adm_option *v = call->verb->options; v && v->name; v++)
			own = own || v == o;
		if (!own)
			continue;
		snprintf(names[n], sizeof(names[n]), "--%s", o->name);
		argv[argc++] = names[n++];
		if (call->value[i].text)
			argv[argc++] = (char *)(uintptr_t)call->value[i].text;
	}
	status = adm_db_run(call->json, argc, argv);
	return status;
}

int adm_key_show(struct adm_call *call)
{
	const struct adm_query ask = { .socket = *call->settings.socket ? call->settings.socket
									: NULL };
	json_t *req = json_pack("{s:s}", "cmd", "config"), *answer = NULL;
	const char *key;
	int r = adm_query_ask(&ask, ADM_RENDEZVOUS, req, &answer, &call->err);
	int status = ADM_DONE;

	key = json_string_value(json_object_get(answer, "key"));
	if (r < 0)
		status = adm_complain_of(call, ADM_AWAY);
	else if (!key)
		status = adm_complain(ADM_FAILED, "the server does not tell its key");
	else if (call->json)
		printf("{\"key\": \"%s\"}\n", key);
	else
		printf("%s\n", key);
	json_decref(req);
	json_decref(answer);
	return status;
}

/* --- a copy of the API's database ------------------------------------------------------------- */

/* The keys are not copied along: who finds both has all that is sealed in the database. */
int adm_db_backup_api(struct adm_call *call)
{
	const char *file = call->args[0];
	struct adm_api_store *s = NULL;
	json_t *answer;

	if (adm_api_store_open(call, &s) < 0 || adm_api_store_backup(call, s, file) < 0) {
		adm_api_store_close(s);
		return adm_complain_of(call, ADM_FAILED);
	}
	answer = json_pack("{s:s,s:s,s:s}", "store", "sqlite", "backup", file, "keys",
			adm_api_store_keys_file(s));
	adm_output(stdout, answer, call->json);
	fprintf(stderr,
			"%s belongs to this copy and is not in it: keep it too, elsewhere. Without "
			"it nothing that is sealed in the database can be read, and the audit does "
			"not verify.\n",
			adm_api_store_keys_file(s));
	json_decref(answer);
	adm_api_store_close(s);
	return ADM_DONE;
}

/* --- take-over -------------------------------------------------------------------------------- */

static void show_line(const struct imp_line *l, void *arg)
{
	json_t *row = json_pack("{s:s,s:s,s:s,s:s}", "what", l->what, "name", l->name, "result",
			imp_verb_name(l->verb), "why", l->why);

	if (row && adm_rows_add(arg, row) < 0 && l->verb == IMP_REFUSE)
		adm_complain(0, "%s %s: %s", l->what, l->name, l->why);
	json_decref(row);
}

static int take_over(struct adm_call *call, struct adm_api_store *s, struct adm_rows *rows)
{
	const char *kind = adm_value(call, "from");
	struct imp_report report = { 0 };
	const struct imp_job job = { .kind = kind ? kind : "auto",
		.file = call->args[0],
		.dry_run = call->dry_run,
		.take_rights = adm_given(call, "take-rights"),
		.now = (int64_t)(hws_wall_us() / HWS_US_PER_MS),
		.by = "cli",
		.say = show_line,
		.arg = rows };
	struct sql_conn *c = NULL;
	int r = adm_api_store_take(s, &c);

	if (r == HWS_OK) {
		r = imp_run(c, adm_api_store_keys(s), &job, &report, &call->err);
		sql_give(c);
	}
	if (r < 0 && !call->err.text[0])
		hws_error_set(&call->err, r, "%s: %s", call->args[0], hws_err_text(r));
	if (r < 0)
		return ADM_FAILED;
	fprintf(stderr, "%s%s: %llu added, %llu changed, %llu as they were, %llu refused%s\n",
			call->dry_run ? "nothing was changed; it would be, of " : "of ",
			report.kind, (unsigned long long)report.added,
			(unsigned long long)report.changed, (unsigned long long)report.same,
			(unsigned long long)report.refused,
			report.without_password
					? "; people need new passwords: hawser-admin user passwd"
					: "");
	return report.refused ? ADM_PARTLY : ADM_DONE;
}

int adm_db_take_over(struct adm_call *call)
{
	struct adm_api_store *s = NULL;
	struct adm_rows *rows = NULL;
	int status = ADM_FAILED;

	call->look.usual = "what,name,result,why";
	call->look.key = "name";
	if (adm_rows_new(stdout, &call->look, &rows, &call->err) == HWS_OK &&
			adm_api_store_open(call, &s) == HWS_OK)
		status = take_over(call, s, rows);
	if (rows && adm_rows_end(rows, &call->err) < 0)
		status = ADM_FAILED;
	adm_rows_free(rows);
	adm_api_store_close(s);
	return adm_complain_of(call, status);
}
