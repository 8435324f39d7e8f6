/* hawser login, logout and account: the user's account at the API server. A password is never an
 * argument, and not taken of HAWSER_PASSWORD, which is for hosts. */
#include "client/cli/cli.h"
#include "client/cli/secret.h"
#include "shared/base/macros.h"
#include <hawser/account.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define USER_MAX 256
/* 1024 characters of up to four bytes, with NUL: what API servers take. */
#define PASSWORD_MAX 4097

const char cli_login_help[] =
		"  --user NAME           who; without it you are asked\n"
		"  --password-file FILE  the password is its first line; none but you may read it\n"
		"  --password-stdin      the password is a line of standard input, and the code of a second\n"
		"                        factor, where the server wants one, the line after it\n"
		"  --provider NAME       log in at this identity provider, in a browser, instead\n"
		"  --api URL             where the accounts are; else as 'api-server' of the settings says,\n"
		"                        or http at the server's port less two\n"
		"  --server HOST[:PORT]  at this server instead of the first of the settings\n"
		"  --key KEY             its key\n"
		"  --config FILE         other settings of the viewer\n"
		"  --insecure-http       let the password go to another machine without encryption\n"
		"\n"
		"The login is kept in accounts.json beside the settings, and goes to the rendezvous\n"
		"server that has this key alone, encrypted.\n";
#define CONTEXT_HELP                                                                               \
	"  --server HOST[:PORT], --key KEY, --config FILE\n"                                       \
	"                        as with 'hawser login'\n"
const char cli_logout_help[] = CONTEXT_HELP;
const char cli_account_help[] =
		"  --offline             print what is kept, and do not ask the server\n" CONTEXT_HELP;

struct options {
	struct hawser_context_config context;
	struct hawser_login_config login;
	const char *password_file;
	bool from_stdin, offline;
};

struct word {
	const char *name;
	const char **value;
	bool *flag;
};

static int parse(int argc, char **argv, const struct word *words, size_t count)
{
	for (int i = 1; i < argc; i++) {
		size_t w = 0;

		while (w < count && strcmp(argv[i], words[w].name) != 0)
			w++;
		if (w == count || (words[w].value && i + 1 == argc))
			return cli_fail(CLI_USAGE, "'%s' is not understood; see 'hawser %s --help'",
					argv[i], argv[0]);
		if (words[w].value)
			*words[w].value = argv[++i];
		else
			*words[w].flag = true;
	}
	return CLI_OK;
}

static int parse_context(int argc, char **argv, struct options *o)
{
	const struct word words[] = { { "--server", &o->context.server, NULL },
		{ "--key", &o->context.key, NULL }, { "--config", &o->context.config_path, NULL },
		{ "--offline", NULL, &o->offline } };

	return parse(argc, argv, words, HWS_COUNT(words));
}

static int parse_login(int argc, char **argv, struct options *o)
{
	const struct word words[] = { { "--server", &o->context.server, NULL },
		{ "--key", &o->context.key, NULL }, { "--config", &o->context.config_path, NULL },
		{ "--user", &o->login.user, NULL }, { "--api", &o->login.api, NULL },
		{ "--provider", &o->login.provider, NULL },
		{ "--password-file", &o->password_file, NULL },
		{ "--password-stdin", NULL, &o->from_stdin },
		{ "--insecure-http", NULL, &o->login.insecure_http } };
	int status = parse(argc, argv, words, HWS_COUNT(words));

	if (status == CLI_OK && o->from_stdin && o->password_file)
		status = cli_fail(CLI_USAGE, "--password-stdin does not go with --password-file");
	return status;
}

static bool ask_code(enum hawser_code kind, const char *hint, char *buf, size_t size, void *arg)
{
	const struct options *o = arg;
	char title[200];

	if (o->from_stdin)
		return cli_secret_fd(STDIN_FILENO, "standard input", buf, size) == CLI_OK;
	if (kind == HAWSER_CODE_APP)
		return cli_question(-1, "Second factor",
				"the six digits that your authenticator shows, or a recovery code",
				"Code: ", buf, size);
	(void)snprintf(title, sizeof(title), "the code that was mailed to %s",
			*hint ? hint : "you");
	return cli_question(-1, "Second factor", title, "Code: ", buf, size);
}

static void browse(const char *url, void *arg HWS_UNUSED)
{
	printf("Open this address in a browser, and log in there:\n\n  %s\n\n"
	       "It is waited for three minutes.\n",
			url);
	fflush(stdout);
}

static int take_password(struct options *o, char *buf, size_t size)
{
	if (o->from_stdin)
		return cli_secret_fd(STDIN_FILENO, "standard input", buf, size);
	if (o->password_file)
		return cli_secret_file(o->password_file, buf, size);
	if (!cli_secret_ask("Password of the account: ", buf, size))
		return cli_fail(CLI_PASSWORD,
				"no password was given: there is no terminal to ask on; "
				"--password-file or --password-stdin give one");
	return CLI_OK;
}

/* Not in a sentence about a host. */
static int fail(int e)
{
	return cli_fail(cli_exit_of(e), "%s", hawser_last_error());
}

static int log_in(hawser_context *ctx, struct options *o)
{
	char user[USER_MAX] = "", password[PASSWORD_MAX] = "";
	struct hawser_login_config c = o->login;
	struct hawser_account *a = NULL;
	int e, status = CLI_OK;

	if (!c.provider && !c.user) {
		if (!cli_question(-1, "Login", "the name of your account", "Name: ", user,
				    sizeof(user)))
			return cli_fail(CLI_USAGE, "--user NAME is missing");
		c.user = user;
	}
	if (!c.provider)
		status = take_password(o, password, sizeof(password));
	if (status != CLI_OK)
		goto out;
	c.password = password;
	e = hawser_account_login(ctx, &c);
	if (e == HAWSER_OK)
		e = hawser_account_get(ctx, &a);
	if (e < 0)
		status = fail(e);
	else
		printf("logged in as %s at %s\n", a->user, a->api);
out:
	hawser_account_free(a);
	explicit_bzero(password, sizeof(password));
	return status;
}

int cli_login(int argc, char **argv, void *arg HWS_UNUSED)
{
	struct options o = { .context = HAWSER_CONTEXT_CONFIG_INIT,
		.login = HAWSER_LOGIN_CONFIG_INIT };
	hawser_context *ctx = NULL;
	int status = parse_login(argc, argv, &o);

	if (status != CLI_OK)
		return status;
	o.login.code = ask_code;
	o.login.browse = browse;
	o.login.arg = &o;
	if (hawser_context_new(&o.context, &ctx) < 0)
		return cli_fail(CLI_FILE, "%s", hawser_last_error());
	status = log_in(ctx, &o);
	hawser_context_free(ctx);
	return status;
}

int cli_logout(int argc, char **argv, void *arg HWS_UNUSED)
{
	struct options o = { .context = HAWSER_CONTEXT_CONFIG_INIT };
	hawser_context *ctx = NULL;
	int e, status = parse_context(argc, argv, &o);

	if (status == CLI_OK && o.offline)
		status = cli_fail(CLI_USAGE, "'--offline' is for 'hawser account'");
	if (status != CLI_OK)
		return status;
	if (hawser_context_new(&o.context, &ctx) < 0)
		return cli_fail(CLI_FILE, "%s", hawser_last_error());
	e = hawser_account_logout(ctx);
	if (e < 0)
		status = fail(e);
	else
		puts("logged out");
	hawser_context_free(ctx);
	return status;
}

static void print_account(const struct hawser_account *a)
{
	char when[64] = "-";
	time_t since = (time_t)a->since;
	struct tm tm;

	if (a->since && localtime_r(&since, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	printf("user    %s%s%s%s\nsince   %s\napi     %s\nserver  %s\n", a->user,
			*a->title ? " (" : "", a->title, *a->title ? ")" : "", when, a->api,
			a->fingerprint);
}

int cli_account(int argc, char **argv, void *arg HWS_UNUSED)
{
	struct options o = { .context = HAWSER_CONTEXT_CONFIG_INIT };
	struct hawser_account *a = NULL;
	hawser_context *ctx = NULL;
	int e, status = parse_context(argc, argv, &o);

	if (status != CLI_OK)
		return status;
	if (hawser_context_new(&o.context, &ctx) < 0)
		return cli_fail(CLI_FILE, "%s", hawser_last_error());
	e = hawser_account_get(ctx, &a);
	if (e == HAWSER_OK) {
		print_account(a);
		fflush(stdout);
		if (!o.offline)
			e = hawser_account_check(ctx);
	}
	if (e < 0)
		status = fail(e);
	else if (!o.offline)
		puts("The server says that this login counts.");
	hawser_account_free(a);
	hawser_context_free(ctx);
	return status;
}
