/* api/signing: the key never leaves the rendezvous server, which is asked for each signature. */
#include "admin/api/signing.h"
#include "admin/api/fleet.h"
#include "shared/base/log.h"
#include <stdlib.h>

static json_t *ask(struct adi_app *a, const char *text)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL,
	       *req = json_pack("{s:s,s:s,s:s}", "cmd", "sign", "what", "strategy", "text", text);
	int r = req ? adi_fleet_call(a->fleet, ADI_RENDEZVOUS, req, &answer, &err) : HWS_ERR_NOMEM;

	json_decref(req);
	if (r < 0 && r != HWS_ERR_NOTFOUND)
		hws_warn_limited("strategy_not_signed", HWS_STR("text", err.text));
	return r == HWS_OK ? answer : NULL;
}

void adi_sign_strategy(struct adi_app *a, const struct adi_beat *b, int64_t number, json_t *options,
		json_t *strategy)
{
	json_t *o = json_pack("{s:s,s:I,s:O,s:s*}", "id", b->id, "modified_at", (json_int_t)number,
			"config_options", options, "nonce", *b->nonce ? b->nonce : NULL);
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_t *answer = text ? ask(a, text) : NULL;
	const char *signature = json_string_value(json_object_get(answer, "signature"));

	if (signature)
		json_object_set_new(strategy, "extra",
				json_pack("{s:s,s:s}", "hawser-text", text, "hawser-signature",
						signature));
	json_decref(answer);
	free(text);
	json_decref(o);
}
