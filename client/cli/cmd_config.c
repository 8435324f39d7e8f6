/* hawser config: reads and changes the settings of the viewer. Secrets come from a terminal or
 * standard input, never from the command line, which others can read. */
#include "client/cli/cli.h"
#include "client/cli/secret.h"
#include "shared/base/macros.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int get(hawser_context *ctx, const char *name)
{
	char value[4096];
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

/* The library never shows their values. */
static bool is_secret(hawser_context *ctx, const char *name)
{
	char value[16];

	return hawser_config_get(ctx, name, value, sizeof(value)) == HAWSER_OK &&
			(strcmp(value, "(set)") == 0 || strcmp(value, "(not set)") == 0);
}

/* From the terminal, or the first line of standard input, which may be empty. No line at all is no
 * wish: the program that was to give the secret may have failed. */
static int read_secret(const char *name, char *secret, size_t size)
{
	bool any = false;
	int status = CLI_OK;

	if (isatty(STDIN_FILENO))
		any = cli_secret_ask("Value: ", secret, size);
	else
		status = cli_secret_line(STDIN_FILENO, "standard input", secret, size, &any);
	if (status == CLI_OK && !any)
		status = cli_fail(CLI_USAGE,
				"no value was given; to remove the one that is set: hawser config set "
				"%s ''",
				name);
	return status;
}

static int set(hawser_context *ctx, const char *name, const char *value)
{
	char secret[CLI_SECRET_MAX] = "";
	int status, e;

	if (is_secret(ctx, name) && (!value || *value)) {
		/* Others can read command lines. An empty one gives nothing away: it removes the
		 * secret. */
		if (value)
			return cli_fail(CLI_USAGE,
					"%s is not taken from the command line: leave the value out, "
					"you are asked for it, or give it by standard input",
					name);
		status = read_secret(name, secret, sizeof(secret));
		if (status != CLI_OK)
			return status;
		value = secret;
	}
	e = hawser_config_set(ctx, name, value);
	explicit_bzero(secret, sizeof(secret));
	if (e == HAWSER_ERR_NOTFOUND || e == HAWSER_ERR_INVAL || e == HAWSER_ERR_RANGE)
		return cli_fail(CLI_USAGE, "%s", hawser_last_error());
	return e < 0 ? cli_fail(CLI_FILE, "%s", hawser_last_error()) : CLI_OK;
}

int cli_config(int argc, char **argv, void *arg HWS_UNUSED)
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
				"usage: hawser config show | get NAME | set NAME [VALUE] | path");
	}
	hawser_context_free(ctx);
	return status;
}
