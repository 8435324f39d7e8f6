/* hawser-host chat: what the person at the desktop answers to a viewer. The running host hands it
 * to its agent. */
#include "client/host/cmd_call.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 2000u /* bytes, as the agent takes */

/* All of standard input; false when that is more than fits, or not to be had. */
static bool read_input(char text[TEXT_MAX + 1])
{
	size_t n = fread(text, 1, TEXT_MAX + 1, stdin);

	if (n > TEXT_MAX || ferror(stdin))
		return false;
	text[n] = 0;
	return strlen(text) == n;
}

/* CONN TEXT, or TEXT alone. "-" is standard input: arguments can be seen by others on the
 * machine. */
static int take_words(const struct hws_call *c, uint64_t *ret_conn, char text[TEXT_MAX + 1])
{
	const char *word = c->words ? c->word[c->words - 1] : NULL;

	*ret_conn = 0;
	if (!word || (c->words == 2 && (hws_parse_u64(c->word[0], ret_conn) < 0 || !*ret_conn))) {
		fprintf(stderr,
				HWS_HOST_PROGRAM
				": chat [CONN] TEXT|- (numbers: 'hawser-host status')\n");
		return HWS_CALL_USAGE;
	}
	bool good = strcmp(word, "-") ? hws_str_copy(text, TEXT_MAX + 1, word) == HWS_OK
				      : read_input(text);
	if (!good || !hws_utf8_valid(hws_bytes_str(text))) {
		fprintf(stderr, HWS_HOST_PROGRAM ": a message is UTF-8 text of at most %u bytes\n",
				TEXT_MAX);
		return HWS_CALL_USAGE;
	}
	return HWS_CALL_OK;
}

int hws_cmd_chat(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	char text[TEXT_MAX + 1];
	uint64_t conn;
	int status = hws_call_begin(&c, argc, argv, 2, 0);

	if (status != HWS_CALL_OK)
		return status;
	status = take_words(&c, &conn, text);
	if (status == HWS_CALL_OK &&
			hws_call_ask(&c.s,
					json_pack("{s:s,s:s,s:I,s:s}", "cmd", "tell", "service",
							"chat", "conn", (json_int_t)conn, "text",
							text),
					&answer, &err) < 0)
		status = hws_call_fail(&err);
	json_decref(answer);
	hws_call_end(&c);
	return status;
}
