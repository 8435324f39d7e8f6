/* hawser-server: the ID server, the relay and a word with either in one file, for routers and
 * other small machines. Which of them it is says the name that it is called by, or the first
 * word. */
#include "server/programs.h"
#include "shared/base/macros.h"
#include "shared/base/output.h"
#include "shared/daemon/control.h"
#include <stdio.h>
#include <string.h>

#define NAME "hawser-server"
#define ANSWER_US 10000000u

static int ask(int argc, char **argv);

static const struct program {
	const char *word, *name; /* the first word; the name of the file that does without it */
	int (*main)(int argc, char **argv);
} programs[] = {
	{ "rendezvous", "hawser-rendezvous", hawser_rendezvous_main },
	{ "relay", "hawser-relay", hawser_relay_main },
	{ "ask", "hawser-ask", ask },
};

static const char help[] =
		"Usage: hawser-server rendezvous [options]      the ID server\n"
		"       hawser-server relay [options]           the relay\n"
		"       hawser-server ask SOCKET COMMAND [NAME=TEXT ...]\n"
		"                                               a command for a control socket\n"
		"\n"
		"The first two take what hawser-rendezvous and hawser-relay take: add --help.\n"
		"A link of one of those names to this file needs no first word.\n"
		"'ask' prints the answer, a line of JSON: 'hawser-server ask\n"
		"/run/hawser-rendezvous/control.sock help' lists the commands.\n";

/* The jansson of older systems takes names with their NUL only. */
static int set_text(json_t *req, const char *name, size_t len, const char *text)
{
	char key[64];

	if (len == 0 || len >= sizeof(key))
		return -1;
	memcpy(key, name, len);
	key[len] = '\0';
	return json_object_set_new(req, key, json_string(text));
}

static int ask(int argc, char **argv)
{
	struct hws_error err = { 0 };
	json_t *req, *answer = NULL;
	int r = HWS_OK, status;

	if (argc < 3) {
		fputs(help, stderr);
		return 2;
	}
	req = json_pack("{s:s}", "cmd", argv[2]);
	if (!req)
		r = hws_error_set(&err, HWS_ERR_INVAL, "'%s' is no command", argv[2]);
	for (int i = 3; i < argc && r == HWS_OK; i++) {
		const char *equals = strchr(argv[i], '=');

		if (!equals || set_text(req, argv[i], (size_t)(equals - argv[i]), equals + 1) < 0)
			r = hws_error_set(&err, HWS_ERR_INVAL, "'%s' is not of the form NAME=TEXT",
					argv[i]);
	}
	if (r == HWS_OK)
		r = hws_control_call(argv[1], req, ANSWER_US, &answer, &err);
	if (r < 0)
		fprintf(stderr, NAME ": %s\n", err.text[0] ? err.text : hws_err_text(r));
	status = r < 0 || !json_is_true(json_object_get(answer, "ok"));
	if (answer && json_dumpf(answer, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER) == 0)
		putchar('\n');
	json_decref(answer);
	json_decref(req);
	return status;
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *called = slash ? slash + 1 : argc ? argv[0] : "";

	for (size_t i = 0; i < HWS_COUNT(programs); i++)
		if (strcmp(called, programs[i].name) == 0)
			return programs[i].main(argc, argv);
	for (size_t i = 0; i < HWS_COUNT(programs); i++)
		if (argc > 1 && strcmp(argv[1], programs[i].word) == 0)
			return programs[i].main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return hws_output_end(NAME, puts(NAME " " HAWSER_VERSION) < 0, 1);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return hws_output_end(NAME, fputs(help, stdout) < 0, 1);
	fputs(help, stderr);
	return 2;
}
