/* hawser doctor: what this machine's network lets through to the server, and what to do about what
 * it does not. */
#include "client/cli/cli.h"
#include "shared/base/macros.h"
#include <hawser/doctor.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS "[--server HOST[:PORT]] [--key KEY] [--config FILE] [--json]"

#define SERVER_MAX 424

const char cli_doctor_help[] =
		"  --server HOST[:PORT]  this server instead of those of the settings\n"
		"  --key KEY             its key\n"
		"  --config FILE         other settings of the viewer\n"
		"  --json                for programs\n"
		"\n"
		"For each server a line for each test, its columns:\n"
		"  good, look, bad  it works; it works with less than it could; it does not work\n"
		"  WHAT             what was tested\n"
		"  RESULT           what was seen, and, below, what to do about it\n"
		"The status is 1 when something is bad.\n";

struct options {
	struct hawser_context_config context;
	bool json;
};

/* The same columns as hawser-admin doctor; `arg` is where the name of the server of the finding
 * before is kept. */
static void print_finding(const struct hawser_finding *f, void *arg)
{
	static const char *const states[] = { "good", "look", "bad" };
	char *server = arg;

	if (*f->server && strcmp(f->server, server) != 0)
		printf("%s:\n", f->server);
	snprintf(server, SERVER_MAX, "%s", f->server);
	printf("%-5s %-16s %s\n", states[f->state], f->what, f->text);
	if (*f->remedy)
		printf("      to do:           %s\n", f->remedy);
}

static int parse(int argc, char **argv, struct options *o)
{
	const struct {
		const char *name;
		const char **value;
	} texts[] = { { "--server", &o->context.server }, { "--key", &o->context.key },
		{ "--config", &o->context.config_path } };

	for (int i = 1; i < argc; i++) {
		size_t t = 0;

		if (strcmp(argv[i], "--json") == 0) {
			o->json = true;
			continue;
		}
		while (t < HWS_COUNT(texts) && strcmp(argv[i], texts[t].name) != 0)
			t++;
		if (t == HWS_COUNT(texts) || i + 1 == argc)
			return cli_fail(CLI_USAGE, "usage: " CLI_PROGRAM " doctor " WORDS);
		*texts[t].value = argv[++i];
	}
	return CLI_OK;
}

/* The settings' key is of their server, not of another one that is named. */
static int open_context(struct options *o, hawser_context **ret)
{
	char server[512] = "";
	bool other;
	int e;

	if (o->context.server && !o->context.key) {
		struct hawser_context_config plain = HAWSER_CONTEXT_CONFIG_INIT;

		plain.config_path = o->context.config_path;
		e = hawser_context_new(&plain, ret);
		if (e < 0)
			return e;
		e = hawser_config_get(*ret, "server", server, sizeof(server));
		other = e < 0 || strcmp(server, o->context.server) != 0;
		hawser_context_free(*ret);
		if (other)
			o->context.key = "";
	}
	return hawser_context_new(&o->context, ret);
}

int cli_doctor(int argc, char **argv, void *arg HWS_UNUSED)
{
	struct options o = { .context = HAWSER_CONTEXT_CONFIG_INIT };
	hawser_context *ctx = NULL;
	char *json = NULL, server[SERVER_MAX] = "";
	int status = parse(argc, argv, &o), e;

	if (status != CLI_OK)
		return status;
	/* One name that nobody answers for would take longer than all tests together. */
	setenv("RES_OPTIONS", "timeout:2 attempts:1", 0);
	e = open_context(&o, &ctx);
	if (e < 0)
		return cli_fail(CLI_FILE, "%s", hawser_last_error());
	e = hawser_doctor(ctx, o.json ? NULL : print_finding, server, o.json ? &json : NULL);
	if (e < 0)
		status = cli_fail(cli_exit_of(e), "%s", hawser_last_error());
	else if (e > 0)
		status = CLI_FAILED; /* something is bad, and said so */
	if (json)
		puts(json);
	hawser_string_free(json);
	hawser_context_free(ctx);
	return status;
}
