/* admin/verbs_local: what is done on the server itself, beside the words of control sockets. */
#include "admin/cli/db.h"
#include "admin/cli/query.h"
#include "admin/cli/verbs.h"
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
