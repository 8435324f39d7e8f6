/* hawser id, password, status: questions to the host of this machine, so that a user of both
 * programs needs only one. */
#include "client/cli/cli.h"
#include "client/cli/secret.h"
#include "shared/base/macros.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int tell(int e)
{
	/* These calls only ask a local program: what fails is that it is not there, or refuses. */
	return cli_fail(e == HAWSER_ERR_DENIED || e == HAWSER_ERR_PERM ? CLI_DENIED : CLI_FAILED,
			"%s", hawser_last_error());
}

int cli_id(int argc HWS_UNUSED, char **argv HWS_UNUSED, void *ctx HWS_UNUSED)
{
	char id[128];
	int e = hawser_host_id(id, sizeof(id));

	if (e < 0)
		return tell(e);
	puts(id);
	return CLI_OK;
}

static int show_password(bool renew)
{
	char password[256];
	int e = hawser_host_password(renew, password, sizeof(password));

	if (e < 0)
		return tell(e);
	puts(password);
	explicit_bzero(password, sizeof(password));
	return CLI_OK;
}

/* From the terminal twice, or the first line of standard input. */
static int set_password(void)
{
	char first[CLI_SECRET_MAX], again[CLI_SECRET_MAX] = "";
	int status = CLI_OK, e;

	if (isatty(STDIN_FILENO)) {
		if (!cli_secret_ask("New password: ", first, sizeof(first)) ||
				!cli_secret_ask("Again: ", again, sizeof(again)))
			status = cli_fail(CLI_USAGE, "no password was given");
		else if (strcmp(first, again) != 0)
			status = cli_fail(
					CLI_USAGE, "the two are not the same; nothing was changed");
	} else {
		status = cli_secret_fd(STDIN_FILENO, "standard input", first, sizeof(first));
	}
	if (status == CLI_OK) {
		e = hawser_host_set_password(first);
		if (e < 0)
			status = tell(e);
		else
			puts("the permanent password is set");
	}
	explicit_bzero(first, sizeof(first));
	explicit_bzero(again, sizeof(again));
	return status;
}

/* The words of earlier versions of hawser-host: who knows one of the programs knows the other. */
static bool is_word(const char *what, const char *word, const char *flag)
{
	return strcmp(what, word) == 0 || strcmp(what, flag) == 0;
}

int cli_password(int argc, char **argv, void *ctx HWS_UNUSED)
{
	const char *what = argc > 1 ? argv[1] : "show";

	if (strcmp(what, "show") == 0)
		return show_password(false);
	if (is_word(what, "renew", "--rotate"))
		return show_password(true);
	if (is_word(what, "set", "--set-from-stdin"))
		return set_password();
	if (is_word(what, "remove", "--clear")) {
		int e = hawser_host_set_password(NULL);
		return e < 0 ? tell(e) : CLI_OK;
	}
	return cli_fail(CLI_USAGE, "usage: hawser password [show|renew|set|remove]");
}

int cli_status(int argc HWS_UNUSED, char **argv HWS_UNUSED, void *ctx HWS_UNUSED)
{
	char *json = NULL;
	int e = hawser_host_status(&json);

	if (e < 0)
		return tell(e);
	puts(json);
	hawser_string_free(json);
	return CLI_OK;
}
