#include "client/cli/cli.h"
#include "shared/base/macros.h"
#include <stdio.h>
#include <string.h>

static int get(hawser_context *ctx, const char *name)
{
	char value[2048];
	int e = hawser_config_get(ctx, name, value, sizeof(value));

	if (e < 0)
		return cli_fail(CLI_USAGE, "%s", hawser_last_error());
	puts(value);
	return CLI_OK;
}

static int show(hawser_context *ctx)
{
	char *text = NULL;
	int e = hawser_config_show(ctx, &text);

	if (e < 0)
		return cli_fail(CLI_FAILED, "%s", hawser_strerror(e));
	fputs(text, stdout);
	hawser_string_free(text);
	return CLI_OK;
}

static int set(hawser_context *ctx, const char *name, const char *value)
{
	int e = hawser_config_set(ctx, name, value);

	if (e == HAWSER_ERR_NOTFOUND || e == HAWSER_ERR_INVAL || e == HAWSER_ERR_RANGE)
		return cli_fail(CLI_USAGE, "%s", hawser_last_error());
	return e < 0 ? cli_fail(CLI_FILE, "%s", hawser_last_error()) : CLI_OK;
}

int cli_config(int argc, char **argv, void *unused HWS_UNUSED)
{
	const char *what = argc > 1 ? argv[1] : "show";
	hawser_context *ctx = NULL;
	int status, e = hawser_context_new(NULL, &ctx);

	if (e < 0)
		return cli_fail(CLI_FILE, "%s", hawser_last_error());
	if (strcmp(what, "show") == 0 && argc <= 2) {
		status = show(ctx);
	} else if (strcmp(what, "path") == 0 && argc == 2) {
		puts(hawser_config_path(ctx));
		status = CLI_OK;
	} else if (strcmp(what, "get") == 0 && argc == 3) {
		status = get(ctx, argv[2]);
	} else if (strcmp(what, "set") == 0 && argc >= 3) {
		status = set(ctx, argv[2], argc > 3 ? argv[3] : NULL);
	} else {
		status = cli_fail(CLI_USAGE,
				"hawser config show | get NAME | set NAME [VALUE] | path");
	}
	hawser_context_free(ctx);
	return status;
}
