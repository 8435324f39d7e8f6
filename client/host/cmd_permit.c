/* hawser-host permit: what one session may do, while it runs. */
#include "client/host/cmd_call.h"
#include "shared/base/num.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 32

static int usage(void)
{
	fprintf(stderr,
			HWS_HOST_PROGRAM
			": permit CONN [NAME=on|off ...] (numbers: 'hawser-host status'; names: "
			"keyboard, clipboard, file, audio, recording, restart and the like)\n");
	return HWS_CALL_USAGE;
}

/* "keyboard=off" */
static bool take_change(const char *word, json_t *set)
{
	const char *is = strchr(word, '=');
	char name[40];

	if (!is || is == word || (size_t)(is - word) >= sizeof(name) ||
			(strcmp(is, "=on") != 0 && strcmp(is, "=off") != 0))
		return false;
	memcpy(name, word, (size_t)(is - word));
	name[is - word] = 0;
	return json_object_set_new(set, name, json_boolean(is[2] == 'n')) == 0;
}

static void print_permissions(const json_t *permissions)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)permissions, name, value)
		printf("%s=%s\n", name, json_is_true(value) ? "on" : "off");
}

int hws_cmd_permit(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	struct hws_error err = { 0 };
	json_t *answer = NULL, *set = json_object();
	uint64_t conn = 0;
	int status = hws_call_begin(&c, argc, argv, WORDS_MAX, 0);

	if (status != HWS_CALL_OK) {
		json_decref(set);
		return status;
	}
	if (!c.words || hws_parse_u64(c.word[0], &conn) < 0 || !conn)
		status = usage();
	for (int i = 1; status == HWS_CALL_OK && i < c.words; i++)
		if (!take_change(c.word[i], set))
			status = usage();
	if (status == HWS_CALL_OK &&
			hws_call_ask(&c.s,
					json_pack("{s:s,s:I,s:O}", "cmd", "permit", "conn",
							(json_int_t)conn, "set", set),
					&answer, &err) < 0)
		status = hws_call_fail(&err);
	else if (status == HWS_CALL_OK)
		print_permissions(json_object_get(answer, "permissions"));
	json_decref(answer);
	json_decref(set);
	hws_call_end(&c);
	return status;
}
