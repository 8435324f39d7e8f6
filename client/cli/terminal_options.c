/* The command line of `hawser terminal`, checked whole before anything is connected. */
#include "client/cli/terminal_options.h"
#include "client/cli/escape_keys.h"
#include "shared/base/num.h"
#include <string.h>

#define AT(field) offsetof(struct terminal_options, field)
#define FLAG(text_name, short_name, field, text)                                                   \
	{                                                                                          \
		.section = "", .name = text_name, .letter = short_name, .type = HWS_OPT_BOOL,      \
		.offset = AT(field), .def = "no", .help = text                                     \
	}
#define TEXT(text_name, short_name, field, default_text, argument, text)                           \
	{                                                                                          \
		.section = "", .name = text_name, .letter = short_name, .type = HWS_OPT_STR,       \
		.offset = AT(field), .def = default_text, .arg = argument, .help = text            \
	}
static const struct hws_option table[] = {
	FLAG("tty", 't', force_pty,
			"Run the command in a terminal, also when standard input is none."),
	FLAG("no-tty", 'T', no_pty, "Run it with pipes, without a terminal."),
	FLAG("keep", 'k', keep,
			"Keep the terminal when this program ends: --attach finds it again."),
	FLAG("list", 0, list, "Print the terminals that the host keeps, and end."),
	TEXT("attach", 0, attach_text, "", "N",
			"Go on with kept terminal N: its screen is shown first."),
	TEXT("kill", 0, kill_text, "", "N", "End kept terminal N."),
	TEXT("user", 'l', user, "", "NAME",
			"As this account of the host; its password is asked for on the terminal."),
	TEXT("user-password-file", 0, user_password_file, "", "FILE",
			"Read that password from a file that nobody else can read."),
	TEXT("escape", 'e', escape, "~", "CHAR",
			"Escape character, ^X for Ctrl+X, or none. Behind a line end: CHAR. leaves, "
			"CHAR^Z suspends, CHAR? helps, CHAR CHAR types it."),
	SESSION_FRONT_OPTIONS(struct terminal_options),
};

static const struct hws_options options = {
	.program = "hawser terminal",
	.usage = "hawser terminal ID|HOST[:PORT] [OPTION ...] [-- COMMAND [ARG ...]]",
	.about = "Opens a shell at a host, or runs a command there, as ssh does: its input, output and "
		 "error are this program's, its exit status is this program's, or 255 when that "
		 "failed. The password is taken from --password-stdin, --password-file or the "
		 "environment variable HAWSER_PASSWORD; without one you are asked.",
	.table = table,
	.count = HWS_COUNT(table),
};

const struct hws_options *terminal_options_table(void)
{
	return &options;
}

void terminal_options_done(struct terminal_options *o)
{
	hws_options_done(&options, o);
}

/* Terminals are counted from 1 on. */
static bool take_number(const char *text, uint32_t *ret)
{
	*ret = 0;
	return !*text || (hws_parse_u32(text, ret) == 0 && *ret > 0 && *ret <= INT32_MAX);
}

/* What goes together. */
static int check(struct terminal_options *o)
{
	if (!take_number(o->attach_text, &o->attach) || !take_number(o->kill_text, &o->kill))
		return cli_fail(CLI_USAGE,
				"--attach and --kill take the number of a kept terminal, as --list "
				"shows it");
	int modes = (o->list ? 1 : 0) + (o->kill ? 1 : 0) + (o->attach ? 1 : 0);

	if (modes > 1)
		return cli_fail(CLI_USAGE, "--list, --kill and --attach do not go together");
	if (modes && o->command)
		return cli_fail(CLI_USAGE,
				"a kept terminal runs its own command: leave out what "
				"stands behind --");
	if (o->force_pty && o->no_pty)
		return cli_fail(CLI_USAGE, "--tty does not go with --no-tty");
	if (o->attach && o->no_pty)
		return cli_fail(CLI_USAGE, "--attach does not go with --no-tty");
	if (*o->user_password_file && !*o->user)
		return cli_fail(CLI_USAGE, "--user-password-file needs --user");
	if (!escape_keys_parse(o->escape, &o->escape_char))
		return cli_fail(CLI_USAGE,
				"--escape takes one character, ^X for Ctrl+X, or none; not \"%.20s\"",
				o->escape);
	if (o->front.json && !o->list)
		return cli_fail(CLI_USAGE, "--json goes with --list");
	if (o->front.password_stdin && !modes)
		return cli_fail(CLI_USAGE,
				"--password-stdin does not go with a terminal, whose "
				"standard input is the host's: use --password-file or "
				"HAWSER_PASSWORD");
	return CLI_OK;
}

int terminal_options_parse(struct terminal_options *o, int argc, char **argv)
{
	int status = session_front_parse(&options, o, &o->front, argc, argv, true, &o->words);

	o->command = NULL;
	o->target = NULL;
	if (status != CLI_OK || o->front.help)
		return status;
	if (o->words.count == 0)
		return cli_fail(CLI_USAGE,
				"which host? hawser terminal ID|HOST[:PORT]; see hawser "
				"terminal --help");
	o->target = o->words.word[0];
	if (o->words.count > 1)
		return cli_fail(CLI_USAGE,
				"one host at a time: what is \"%.60s\"? A command stands behind --",
				o->words.word[1]);
	if (o->words.has_rest && o->words.rest_count > 0)
		o->command = o->words.rest;
	else if (o->words.has_rest)
		return cli_fail(CLI_USAGE, "there is no command behind --");
	return check(o);
}
