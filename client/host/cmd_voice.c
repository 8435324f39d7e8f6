/* hawser-host call: what the person at the desktop answers to a viewer that rings. The running host
 * hands it to the agent of the desktop. */
#include "client/host/cmd_call.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdio.h>

static bool is_answer(const char *word)
{
	return hws_str_equal(word, "accept") || hws_str_equal(word, "reject") ||
			hws_str_equal(word, "end") || hws_str_equal(word, "status");
}

/* CONN ANSWER, or ANSWER alone. */
static int take_words(const struct hws_call *c, uint64_t *ret_conn, const char **ret)
{
	*ret_conn = 0;
	*ret = c->words ? c->word[c->words - 1] : "";
	if (is_answer(*ret) &&
			(c->words == 1 ||
					(hws_parse_u64(c->word[0], ret_conn) == HWS_OK &&
							*ret_conn)))
		return HWS_CALL_OK;
	fprintf(stderr,
			HWS_HOST_PROGRAM
			": call [CONN] accept|reject|end|status (numbers: 'hawser-host status')\n");
	return HWS_CALL_USAGE;
}

/* That nobody rings is a state like others. */
static int tell(int r, const char *what, const json_t *answer, struct hws_error *err)
{
	if (r == HWS_OK) {
		const char *text = json_string_value(json_object_get(answer, "text"));
		if (text && *text)
			puts(text);
		return HWS_CALL_OK;
	}
	if (!hws_str_starts(err->text, "there is nobody"))
		return hws_call_fail(err);
	if (hws_str_equal(what, "status")) {
		puts("there is no call");
		return HWS_CALL_OK;
	}
	hws_error_set(err, HWS_ERR_NOTFOUND, "%s",
			hws_str_equal(what, "end") ? "there is no call" : "nobody rings");
	return hws_call_fail(err);
}

int hws_cmd_voice(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	const char *what;
	uint64_t conn;
	int r, status = hws_call_begin(&c, argc, argv, 2, 0);

	if (status != HWS_CALL_OK)
		return status;
	status = take_words(&c, &conn, &what);
	if (status == HWS_CALL_OK) {
		r = hws_call_ask(&c.s,
				json_pack("{s:s,s:s,s:I,s:s}", "cmd", "tell", "service", "sound",
						"conn", (json_int_t)conn, "text", what),
				&answer, &err);
		status = tell(r, what, answer, &err);
	}
	json_decref(answer);
	hws_call_end(&c);
	return status;
}
