/* hawser-host print: a file of this machine to the printer of a viewer. The running host hands its
 * path to the agent of the desktop, which opens it with the rights of that account. */
#include "client/host/cmd_call.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 2000u /* as the agent takes */

/* CONN FILE, or FILE alone; `path` becomes whole, as the agent stands in another folder. */
static int take_words(const struct hws_call *c, uint64_t *ret_conn, char path[PATH_MAX])
{
	const char *word = c->words ? c->word[c->words - 1] : NULL;

	*ret_conn = 0;
	if (!word || (c->words == 2 && (hws_parse_u64(c->word[0], ret_conn) < 0 || !*ret_conn))) {
		fprintf(stderr,
				HWS_HOST_PROGRAM
				": print [CONN] FILE (numbers: 'hawser-host status')\n");
		return HWS_CALL_USAGE;
	}
	if (!realpath(word, path)) {
		fprintf(stderr, HWS_HOST_PROGRAM ": %s: %s\n", word, strerror(errno));
		return HWS_CALL_FAILED;
	}
	if (strlen(path) > PATH_BYTES_MAX || !hws_utf8_valid(hws_bytes_str(path))) {
		fprintf(stderr,
				HWS_HOST_PROGRAM
				": the path of what is printed is UTF-8 of at most %u bytes\n",
				PATH_BYTES_MAX);
		return HWS_CALL_USAGE;
	}
	return HWS_CALL_OK;
}

int hws_cmd_print(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	char path[PATH_MAX];
	uint64_t conn;
	int status;

	if (hws_call_wants_help(argc, argv)) {
		printf("usage: " HWS_HOST_PROGRAM " print [CONN] FILE [OPTION...]\n"
		       "Offers a PDF or PostScript file to the printer of a viewer (its number is in 'status'), "
		       "or of all.\nhawser-host(8) has the options of all commands.\n");
		return HWS_CALL_OK;
	}
	status = hws_call_begin(&c, argc, argv, 2, 0);

	if (status != HWS_CALL_OK)
		return status;
	status = take_words(&c, &conn, path);
	if (status == HWS_CALL_OK &&
			hws_call_ask(&c.s,
					json_pack("{s:s,s:s,s:I,s:s}", "cmd", "tell", "service",
							"print", "conn", (json_int_t)conn, "text",
							path),
					&answer, &err) < 0)
		status = hws_call_fail(&err);
	else if (status == HWS_CALL_OK)
		printf("offered to %d viewer(s)\n",
				(int)json_integer_value(json_object_get(answer, "told")));
	json_decref(answer);
	hws_call_end(&c);
	return status;
}
