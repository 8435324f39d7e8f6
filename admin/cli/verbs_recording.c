/* Recordings at the auditor's: a pair of keys is made, and what only it opens is opened. No server
 * is asked, and the secret key is given to none. */
#include "admin/cli/verbs.h"
#include "admin/record/keys.h"
#include "admin/record/open.h"

int adm_recording_key(struct adm_call *call)
{
	const char *name = adm_value(call, "name");

	if (rec_key_make(call->args[0], call->args[1], name ? name : "auditor", &call->err) < 0)
		return adm_complain_of(call, ADM_FAILED);
	if (!call->json)
		fprintf(stderr,
				"%s is the secret key: it stays with the auditor, and who loses it has "
				"lost the recordings\n%s goes to the server: recording-key in "
				"api.conf\n",
				call->args[0], call->args[1]);
	return ADM_DONE;
}

int adm_recording_open(struct adm_call *call)
{
	const char *key = adm_value(call, "key");
	const struct rec_open_job job = {
		.file = call->args[0], .key_file = key, .out = call->args[1]
	};
	struct rec_open_report report;
	json_t *o;

	if (!key)
		return adm_complain(ADM_USAGE, "which key opens it? --key FILE");
	if (rec_open(&job, &report, &call->err) < 0)
		return adm_complain_of(call, ADM_FAILED);
	if (call->json) {
		o = json_pack("{s:I,s:I,s:b,s:s}", "parts", (json_int_t)report.parts, "bytes",
				(json_int_t)report.bytes, "whole", report.whole, "chain",
				report.chain);
		json_dumpf(o, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(o);
	} else {
		printf("%llu bytes in %llu parts\nchain %s\n", (unsigned long long)report.bytes,
				(unsigned long long)report.parts, report.chain);
	}
	if (!report.whole)
		return adm_complain(ADM_PARTLY,
				"%s breaks off: what is there was opened, the rest is missing",
				call->args[0]);
	return ADM_DONE;
}
