#include "client/cli/connect_options.h"
#include "client/cli/cli.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct connect_options, field)
#define FLAG(text_name, field, text)                                                               \
	{                                                                                          \
		.section = "", .name = text_name, .type = HWS_OPT_BOOL, .offset = AT(field),       \
		.def = "no", .help = text                                                          \
	}
#define TEXT(text_name, field, argument, text)                                                     \
	{                                                                                          \
		.section = "", .name = text_name, .type = HWS_OPT_STR, .offset = AT(field),        \
		.def = "", .arg = argument, .help = text                                           \
	}

static const struct hws_option table[] = {
	FLAG("headless", headless, "Open no window; do what the other options say, then end."),
	TEXT("screenshot", screenshot, "FILE.png", "Save the picture of the display."),
	{ .section = "",
			.name = "after",
			.type = HWS_OPT_DURATION,
			.offset = AT(after_us),
			.def = "0",
			.arg = "SECONDS",
			.help = "Take the screenshot, and end, so long after the first picture (and after "
				"what was typed and clicked)." },
	TEXT("type", type, "TEXT", "Type this text once the first picture is there."),
	TEXT("click", click, "X,Y", "Click the left button there first; pixels of the display."),
	TEXT("record", record, "FILE.webm", "Keep the received video, without encoding it again."),
	FLAG("stats", stats, "Print a line of figures each second and at the end."),
	{ .section = "",
			.name = "display",
			.type = HWS_OPT_U32,
			.offset = AT(display),
			.def = "0",
			.min = 0,
			.max = 32,
			.arg = "N",
			.help = "Show display N, counted from 1; 0: the host's choice." },
	TEXT("copy", copy, "TEXT", "Put this text into the host's clipboard."),
	FLAG("paste", paste, "Wait for a text from the host's clipboard and print it."),
	{ .section = "",
			.name = "timeout",
			.type = HWS_OPT_DURATION,
			.offset = AT(timeout_us),
			.def = "30",
			.arg = "SECONDS",
			.help = "Give up when the first picture is not there by then." },
	FLAG("no-retry", no_retry, "End at the first failure; else a lost session connects again."),
	TEXT("server", server, "HOST[:PORT]", "Rendezvous server, instead of the configured one."),
	TEXT("key", key, "KEY", "The server's public key."),
	TEXT("config", config, "FILE", "Configuration file, instead of the usual one."),
	FLAG("password-stdin", password_stdin, "Read the password from standard input."),
	TEXT("password-file", password_file, "FILE", "Read it from a file only you can read."),
	FLAG("remember", remember, "Keep the (hashed) password for the next time."),
	FLAG("relay", relay, "Do not try a direct connection."),
	FLAG("accept-insecure", accept_insecure, "Agree to a session without encryption."),
	FLAG("view-only", view_only, "Send no input."),
	{ .section = "",
			.name = "quality",
			.type = HWS_OPT_ENUM,
			.offset = AT(quality),
			.def = "default",
			.choices = "default|low|balanced|best",
			.arg = "QUALITY",
			.help = "Picture quality to ask for." },
	{ .section = "",
			.name = "codec",
			.type = HWS_OPT_ENUM,
			.offset = AT(codec),
			.def = "auto",
			.choices = "auto|vp8|vp9",
			.arg = "CODEC",
			.help = "Video codec to ask for." },
	{ .section = "",
			.name = "fps",
			.type = HWS_OPT_U32,
			.offset = AT(fps),
			.def = "0",
			.min = 0,
			.max = 120,
			.arg = "N",
			.help = "At most N pictures a second; 0: the default." },
	FLAG("help", help, "Print this list."),
};

const struct hws_options connect_options_table = {
	.program = "hawser connect",
	.env_prefix = "HAWSER_CONNECT_",
	.usage = "hawser connect ID|HOST[:PORT] [OPTION ...]",
	.about = "Views and controls a host, in a window of the desktop program or, with --headless, "
		 "for scripts. The password comes from --password-stdin, --password-file or "
		 "HAWSER_PASSWORD; without one the terminal is asked.",
	.table = table,
	.count = HWS_COUNT(table),
};

void connect_options_done(struct connect_options *o)
{
	hws_options_done(&connect_options_table, o);
}

static int parse_click(struct connect_options *o)
{
	char copy[40], *comma;
	uint16_t x, y;

	if (!*o->click)
		return CLI_OK;
	if (hws_str_copy(copy, sizeof(copy), o->click) == 0 && (comma = strchr(copy, ','))) {
		*comma = 0;
		if (hws_parse_u16(copy, &x) == 0 && hws_parse_u16(comma + 1, &y) == 0) {
			o->has_click = true;
			o->click_x = x;
			o->click_y = y;
			return CLI_OK;
		}
	}
	return cli_fail(CLI_USAGE, "--click takes two numbers: X,Y");
}

static bool given(int argc, char **argv, const char *flag)
{
	size_t n = strlen(flag);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], flag, n) == 0 && (argv[i][n] == 0 || argv[i][n] == '='))
			return true;
	return false;
}

/* Texts may have many lines, which values of the option table may not: they are taken out of the
 * arguments (which become shorter) before the table sees them. */
static int take_texts(struct connect_options *o, int *argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		bool type = strcmp(argv[i], "--type") == 0, copy = strcmp(argv[i], "--copy") == 0;
		if (!type && !copy) {
			argv[kept++] = argv[i];
			continue;
		}
		if (i + 1 >= *argc)
			return cli_fail(CLI_USAGE, "%s takes a text", argv[i]);
		if (type)
			o->type_text = argv[++i];
		else
			o->copy_text = argv[++i];
	}
	*argc = kept;
	return CLI_OK;
}

int connect_options_parse(struct connect_options *o, int argc, char **argv)
{
	struct hws_error err = { 0 };
	int rest = 1, r = hws_options_init(&connect_options_table, o);

	if (r < 0)
		return cli_fail(CLI_FAILED, "%s", hws_err_text(r));
	o->after_given = given(argc, argv, "--after");
	if (take_texts(o, &argc, argv) != CLI_OK)
		return CLI_USAGE;
	/* The target may stand before, between or behind the options. */
	while (rest < argc) {
		int used = 0;
		r = hws_options_args(&connect_options_table, o, argc - rest + 1, argv + rest - 1,
				&used, &err);
		if (r < 0)
			return cli_fail(CLI_USAGE, "%s", err.text);
		rest += used - 1;
		if (rest >= argc)
			break;
		if (o->target)
			return cli_fail(CLI_USAGE, "one host at a time: what is \"%.60s\"?",
					argv[rest]);
		o->target = argv[rest++];
	}
	if (o->help)
		return CLI_OK;
	if (!o->type_text)
		o->type_text = o->type;
	if (!o->copy_text)
		o->copy_text = o->copy;
	if (!o->target)
		return cli_fail(CLI_USAGE,
				"which host? hawser connect ID|HOST[:PORT]; see hawser connect --help");
	if (!o->headless &&
			(*o->screenshot || *o->record || *o->type_text || *o->click || o->stats ||
					*o->copy_text || o->paste))
		return cli_fail(CLI_USAGE,
				"--screenshot, --record, --type, --click, --copy, --paste and --stats need "
				"--headless");
	return parse_click(o);
}
