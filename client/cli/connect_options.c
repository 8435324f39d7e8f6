/* The command line of `hawser connect`, checked whole before anything is connected: a mistake in
 * the last option must not cost a session. */
#include "client/cli/connect_options.h"
#include "client/cli/cli.h"
#include "client/cli/connect_sound.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <hawser/hawser.h>
#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct connect_options, field)
#define FLAG(part, text_name, field, text)                                                         \
	{                                                                                          \
		.section = part, .name = text_name, .type = HWS_OPT_BOOL, .offset = AT(field),     \
		.def = "no", .help = text                                                          \
	}
#define TEXT(part, text_name, field, argument, text)                                               \
	{                                                                                          \
		.section = part, .name = text_name, .type = HWS_OPT_STR, .offset = AT(field),      \
		.def = "", .arg = argument, .help = text                                           \
	}
#define WINDOW "With a window"
#define HEADLESS "With --headless"

/* From libhawser: "auto|vp8|..." of what it decodes. */
static char codec_choices[128];

static const struct hws_option table[] = {
	TEXT("", "server", server, "HOST[:PORT],...",
			"Rendezvous server to ask, instead of the configured one, or several."),
	TEXT("", "key", key, "KEY",
			"Public key of that server, or of the one that the target names; of several a "
			"list."),
	TEXT("", "config", config, "FILE", "Configuration file, instead of the usual one."),
	FLAG("", "password-stdin", password_stdin,
			"Read the password from the first line of standard input."),
	TEXT("", "password-file", password_file, "FILE",
			"Read the password from a file that nobody else can read."),
	FLAG("", "relay", relay, "Go through the relay; do not try a direct connection."),
	FLAG("", "accept-insecure", accept_insecure,
			"Agree to a session without any encryption, or with a key that nobody vouches for."),
	TEXT("", "accept-key", accept_key, "KEY",
			"The host's key or fingerprint, as it is shown there: take this one, and no other."),
	FLAG("", "require-v2", require_v2,
			"Refuse everything but end-to-end encryption by hawser v2; hosts that speak no "
			"more than the RustDesk 1.x scheme are not talked to."),
	FLAG("", "view-only", view_only, "Only look: send no keys, clicks or clipboard."),
	FLAG("", "no-exact", no_exact,
			"Have the host send all by video, and no small changes exactly beside it."),
	FLAG("", "no-hardware-codecs", no_hardware,
			"Decode pictures by the processor alone, not by a graphics card."),
	{ .section = "",
			.name = "quality",
			.type = HWS_OPT_ENUM,
			.offset = AT(quality),
			.def = "default",
			.choices = "default|low|balanced|best",
			.arg = "QUALITY",
			.help = "Picture quality to ask the host for; default: as configured." },
	{ .section = "",
			.name = "codec",
			.type = HWS_OPT_ENUM,
			.offset = AT(codec),
			.def = "auto",
			.choices = codec_choices,
			.arg = "CODEC",
			.help = "Video codec to ask the host for; auto: as configured." },
	{ .section = "",
			.name = "chroma",
			.type = HWS_OPT_ENUM,
			.offset = AT(chroma),
			.def = "auto",
			.choices = "auto|420|444",
			.arg = "CHROMA",
			.help = "Colours to ask the host for: of one pixel in four (420) or of each one "
				"(444), which keeps coloured text sharp; auto: as configured." },
	{ .section = "",
			.name = "fps",
			.type = HWS_OPT_U32,
			.offset = AT(fps),
			.def = "0",
			.min = 0,
			.max = 120,
			.arg = "N",
			.help = "At most N pictures a second; 0: 30, the protocol's default." },
	TEXT("", "display", displays.display_text, "N|all|windows",
			"Show display N, counted from 1; 0: the host's choice; all: all of them at once; "
			"windows: each in a window of its own."),
	TEXT("", "resolution", displays.resolution_text, "WxH",
			"Wish this size of the shown display; it goes back when the session ends."),
	{ .section = "",
			.name = "follow",
			.type = HWS_OPT_ENUM,
			.offset = AT(displays.follow),
			.def = "none",
			.choices = "none|pointer|window|both",
			.arg = "WHAT",
			.help = "Show the display to which the host's pointer, or its active window, comes." },
	FLAG("", "camera", camera,
			"Show the host's cameras in place of its desktop; --display N is the Nth."),
	FLAG("", "virtual-display", displays.virtual_display,
			"Wish one display more, without a monitor; it goes when the session ends."),
	FLAG("", "privacy", displays.privacy, "Wish the host's own monitors dark meanwhile."),
	FLAG("", "block-input", displays.block_input,
			"Wish that mouse and keyboard of the person at the host have no effect meanwhile."),
	TEXT("", "audio", audio, "on|off|FILE.wav",
			"The host's sound: on the loudspeakers, not at all, or, with --headless, into a file. Not "
			"given: on with a window, off without."),
	{ .section = "",
			.name = "volume",
			.type = HWS_OPT_U32,
			.offset = AT(volume),
			.def = "100",
			.min = 0,
			.max = 100,
			.arg = "PERCENT",
			.help = "How loud it is on the loudspeakers." },
	FLAG("", "call", call,
			"Call the person at the host: this machine's microphone is heard there and the "
			"host's here, once that person accepts."),
	{ .section = "",
			.name = "clipboard",
			.type = HWS_OPT_ENUM,
			.offset = AT(clipboard),
			.def = "both",
			.choices = "both|send|receive|off",
			.arg = "WAY",
			.help = "Share what is copied: send what is copied here, receive what is "
				"copied at the host, both or nothing; files included." },
	FLAG("", "remember", remember,
			"Keep what logs in (never the password itself) for the next time."),
	FLAG("", "headless", headless, "Open no window; do what the options below say, then end."),
	FLAG("", "help", help, "Print this help."),
	{ .section = WINDOW,
			.name = "keyboard",
			.type = HWS_OPT_ENUM,
			.offset = AT(keyboard),
			.def = "auto",
			.choices = "auto|map|translate|legacy",
			.arg = "MODE",
			.help = "How keys are sent: by position (map; the host's layout decides), as "
				"characters (translate; this side's layout decides), or as old hosts "
				"have it (legacy). auto: translate where the host's layout is another "
				"one, else map." },
	FLAG(WINDOW, "fullscreen", fullscreen, "Begin in full screen."),
	FLAG(WINDOW, "actual-size", actual_size,
			"Show one pixel of the host as one pixel here; otherwise the picture is "
			"scaled to the window."),
	FLAG(HEADLESS, "displays", displays.list,
			"Print a line for each display of the host, and end; with --after or what else "
			"lasts, again when they change."),
	TEXT(HEADLESS, "screenshot", screenshot, "FILE.png",
			"Save the picture of the display at the end; of --display all each in FILE-N.png."),
	{ .section = HEADLESS,
			.name = "after",
			.type = HWS_OPT_DURATION,
			.offset = AT(after_us),
			.arg = "TIME",
			.help = "End so long (5, 5s, 250ms, 2m) after the first picture. Not given: after one second "
				"when something is clicked, typed or copied, else at once; a run that "
				"only records or prints figures lasts until it is interrupted." },
	TEXT(HEADLESS, "click", click, "X,Y",
			"Click with the left button at this pixel of the display."),
	TEXT(HEADLESS, "type", type, "TEXT", "Type this text, after the click."),
	TEXT(HEADLESS, "copy", copy, "TEXT", "Put this text into the host's clipboard."),
	TEXT(HEADLESS, "chat", chat, "TEXT",
			"Write this to the person at the host. What that person writes is printed on "
			"standard error, with or without it."),
	FLAG(HEADLESS, "paste", paste, "Wait for a text from the host's clipboard and print it."),
	TEXT(HEADLESS, "clipboard-in", clip.help_in, "FORMAT=FILE",
			"Put this file into the host's clipboard as text, html, rtf, png, svg or "
			"sheet; may be given again, for other formats of the same thing."),
	TEXT(HEADLESS, "clipboard-out", clip.help_out, "FORMAT=FILE",
			"Wait until something is copied at the host that has this format, and write it "
			"to this file (- is standard output); may be given again."),
	TEXT(HEADLESS, "copy-files", copy_files_help, "PATH",
			"Copy this file or folder, to be pasted at the host while this runs; may be "
			"given again and again."),
	TEXT(HEADLESS, "paste-files", files.paste, "DIR",
			"Wait until files are copied at the host, and write them into this folder."),
	TEXT(HEADLESS, "print-to", print_to, "DIR|cups[:QUEUE]",
			"Take what is printed at the host: into this folder, or to a printer of CUPS. Not "
			"given: it is not taken."),
	TEXT(HEADLESS, "record", record, "FILE|FOLDER",
			"Keep the received video and sound, without encoding it again: in FILE.webm or "
			"FILE.mp4, or in files of the folder with names of their own."),
	TEXT(HEADLESS, "host-screenshot", host_screenshot, "FILE.png",
			"Ask the host for the picture of the display as it is there, without what video "
			"loses."),
	FLAG(HEADLESS, "restart-host", restart_host,
			"Restart the host's machine, and stay until it has come back."),
	FLAG(HEADLESS, "switch-sides", switch_sides,
			"Have the host look at this machine instead; the session ends."),
	{ .section = "",
			.name = "switch-fd",
			.type = HWS_OPT_BOOL,
			.offset = AT(switch_fd),
			.def = "no",
			.flags = HWS_OPT_HIDDEN,
			.help = "Started by the host for a switch of sides." },
	{ .section = "",
			.name = "own-id",
			.type = HWS_OPT_STR,
			.offset = AT(own_id),
			.def = "",
			.flags = HWS_OPT_HIDDEN,
			.arg = "ID",
			.help = "What the host is told as this viewer's ID." },
	FLAG(HEADLESS, "stats", stats, "Print a line of figures every second and at the end."),
	FLAG(HEADLESS, "why", why,
			"Print how the host was reached: each way that was tried, and why it was not "
			"met directly."),
	{ .section = HEADLESS,
			.name = "timeout",
			.type = HWS_OPT_DURATION,
			.offset = AT(timeout_us),
			.def = "30",
			.arg = "TIME",
			.help = "Give up when there is no picture by then; 0: wait for ever." },
	FLAG(HEADLESS, "no-retry", no_retry,
			"End when the session is lost, instead of connecting again."),
};

/* Its values come from the command line alone: the settings of all sessions are in `hawser
 * config`. */
static const struct hws_options options = {
	.program = "hawser connect",
	.usage = "hawser connect ID|HOST[:PORT] [OPTION ...]",
	.about = "Views and controls a host: in a window, or with --headless for scripts. The password is "
		 "taken from --password-stdin, --password-file or the environment variable "
		 "HAWSER_PASSWORD; without one you are asked.",
	.table = table,
	.count = HWS_COUNT(table),
};

const struct hws_options *connect_options_table(void)
{
	enum hawser_codec codec[16];
	size_t count = HWS_MIN(hawser_codecs(codec, HWS_COUNT(codec)), HWS_COUNT(codec)), len = 0;

	for (size_t i = 0; i < count && len < sizeof(codec_choices); i++)
		len += (size_t)snprintf(codec_choices + len, sizeof(codec_choices) - len, "%s%s",
				i ? "|" : "", hawser_codec_name(codec[i]));
	return &options;
}

enum hawser_codec connect_options_codec(const struct connect_options *o)
{
	enum hawser_codec codec[16];
	size_t count = hawser_codecs(codec, HWS_COUNT(codec));

	return (size_t)o->codec < HWS_MIN(count, HWS_COUNT(codec)) ? codec[o->codec]
								   : HAWSER_CODEC_AUTO;
}

void connect_options_done(struct connect_options *o)
{
	hws_options_done(connect_options_table(), o);
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
	const struct {
		const char *flag, **text;
	} texts[] = { { "--type", &o->type_text }, { "--copy", &o->copy_text },
		{ "--chat", &o->chat_text } };
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		size_t k = 0;

		while (k < HWS_COUNT(texts) && strcmp(argv[i], texts[k].flag) != 0)
			k++;
		if (k == HWS_COUNT(texts)) {
			argv[kept++] = argv[i];
			continue;
		}
		if (i + 1 >= *argc)
			return cli_fail(CLI_USAGE, "%s takes a text", argv[i]);
		*texts[k].text = argv[++i];
	}
	*argc = kept;
	return CLI_OK;
}

/* Options of the one kind of session are mistakes in the other. */
static int check_kind(const struct connect_options *o)
{
	const char *wrong = NULL;

	if (o->headless)
		wrong = o->fullscreen            ? "--fullscreen"
				: o->actual_size ? "--actual-size"
				: o->keyboard    ? "--keyboard"
				: hws_str_equal(o->displays.display_text, "windows")
				? "--display windows"
				: NULL;
	if (wrong)
		return cli_fail(CLI_USAGE, "%s is for a window: it does not go with --headless",
				wrong);
	if (o->headless)
		return CLI_OK;
	if (strlen(o->audio) > 3)
		return cli_fail(CLI_USAGE, "--audio with a file needs --headless");
	wrong = *o->screenshot                ? "--screenshot"
			: *o->record          ? "--record"
			: *o->type_text       ? "--type"
			: *o->click           ? "--click"
			: *o->copy_text       ? "--copy"
			: *o->chat_text       ? "--chat"
			: o->paste            ? "--paste"
			: o->clip.in          ? "--clipboard-in"
			: o->clip.out         ? "--clipboard-out"
			: o->files.count      ? "--copy-files"
			: *o->files.paste     ? "--paste-files"
			: *o->print_to        ? "--print-to"
			: *o->host_screenshot ? "--host-screenshot"
			: o->restart_host     ? "--restart-host"
			: o->switch_sides     ? "--switch-sides"
			: o->stats            ? "--stats"
			: o->why              ? "--why"
			: o->displays.list    ? "--displays"
			: o->no_retry         ? "--no-retry"
			: o->after_given      ? "--after"
			: o->timeout_given    ? "--timeout"
					      : NULL;
	return wrong ? cli_fail(CLI_USAGE, "%s needs --headless", wrong) : CLI_OK;
}

/* What else lasts until it is interrupted, or ends by itself. */
bool connect_options_only_lists(const struct connect_options *o)
{
	const struct connect_displays_wish *d = &o->displays;

	return d->list && !d->follow && !d->block_input && !d->privacy && !d->virtual_display &&
			!o->stats && !*o->record && !*o->audio && !o->call && !*o->print_to &&
			!o->files.count && !o->restart_host && !o->switch_sides;
}

/* Who only looks sends nothing, and hosts hand such viewers no clipboard; a camera has neither. */
static int check_view_only(const struct connect_options *o)
{
	const char *wrong = *o->type_text                  ? "--type"
			: *o->displays.resolution_text     ? "--resolution"
			: o->displays.virtual_display      ? "--virtual-display"
			: o->displays.block_input          ? "--block-input"
			: o->camera && o->displays.privacy ? "--privacy"
			: *o->click                        ? "--click"
			: *o->copy_text                    ? "--copy"
			: o->paste                         ? "--paste"
			: o->clip.in                       ? "--clipboard-in"
			: o->clip.out                      ? "--clipboard-out"
			: o->files.count                   ? "--copy-files"
			: *o->files.paste                  ? "--paste-files"
							   : NULL;

	if (wrong && (o->view_only || o->camera))
		return cli_fail(CLI_USAGE, "%s does not go with %s", wrong,
				o->camera ? "--camera" : "--view-only");
	return CLI_OK;
}

/* What --clipboard closes cannot be asked for. */
static int check_clipboard(const struct connect_options *o)
{
	bool in = o->clip.in || *o->copy_text || o->files.count;
	bool out = o->clip.out || o->paste || *o->files.paste;

	if (in && (o->clipboard == 2 || o->clipboard == 3))
		return cli_fail(CLI_USAGE,
				"nothing is copied to the host with --clipboard receive or off");
	if (out && (o->clipboard == 1 || o->clipboard == 3))
		return cli_fail(CLI_USAGE,
				"nothing is pasted from the host with --clipboard send or off");
	if (o->clip.in && *o->copy_text)
		return cli_fail(CLI_USAGE,
				"--copy and --clipboard-in are two copies: give one of them");
	return connect_clip_check(&o->clip);
}

/* 1, 2, ... of the first character that no key types; 0: there is none. */
static size_t untypable(const char *text)
{
	size_t at = 0;

	for (const char *c = text; *c; c++) {
		unsigned char byte = (unsigned char)*c;
		if ((byte & 0xc0) == 0x80)
			continue; /* inside of a character */
		at++;
		if ((byte < 0x20 && !strchr("\b\t\n\r", byte)) || byte == 0x7f ||
				(byte == 0xc2 && ((unsigned char)c[1] & 0xe0) == 0x80))
			return at;
	}
	return 0;
}

/* A shell makes an empty value of a variable that is not set; taken for "not given" it would do
 * something else than was asked for. */
static int check_values(const struct connect_options *o, int argc, char **argv)
{
	for (size_t i = 0; i < HWS_COUNT(table); i++) {
		char flag[40];

		if (table[i].type != HWS_OPT_STR ||
				hws_fmt(flag, sizeof(flag), "--%s", table[i].name) < 0)
			continue;
		if (given(argc, argv, flag) &&
				!**(char *const *)((const char *)o + table[i].offset))
			return cli_fail(CLI_USAGE, "%s is empty; leave it out, or give a value",
					flag);
	}
	return CLI_OK;
}

/* Of an option that came by take_texts or by the table; NULL: by neither. */
static const char *text_of(const char *taken, const char *option)
{
	return taken ? taken : *option ? option : NULL;
}

/* What cannot be text here would arrive as something else there. */
static int check_texts(const struct connect_options *o)
{
	const struct {
		const char *flag, *text;
	} texts[] = { { "--type", text_of(o->type_text, o->type) },
		{ "--copy", text_of(o->copy_text, o->copy) },
		{ "--chat", text_of(o->chat_text, o->chat) } };

	for (size_t i = 0; i < HWS_COUNT(texts); i++) {
		if (texts[i].text && !*texts[i].text)
			return cli_fail(CLI_USAGE, "%s is empty; leave it out, or give a text",
					texts[i].flag);
		if (texts[i].text && !hws_utf8_valid(hws_bytes_str(texts[i].text)))
			return cli_fail(CLI_USAGE,
					"the text of %s is not UTF-8; convert it (iconv -f latin1 -t utf-8)",
					texts[i].flag);
	}
	size_t at = texts[0].text ? untypable(texts[0].text) : 0;
	return at ? cli_fail(CLI_USAGE,
				    "character %zu of the text of --type is a control character, "
				    "which no key types",
				    at)
		  : CLI_OK;
}

int connect_options_parse(struct connect_options *o, int argc, char **argv)
{
	struct hws_error err = { 0 };
	int rest = 1, status, r = hws_options_init(connect_options_table(), o);

	if (r < 0)
		return cli_fail(CLI_FAILED, "%s", hws_err_text(r));
	o->after_given = given(argc, argv, "--after");
	o->timeout_given = given(argc, argv, "--timeout");
	if (take_texts(o, &argc, argv) != CLI_OK ||
			connect_files_take(&o->files, &argc, argv) != CLI_OK ||
			connect_clip_take(&o->clip, &argc, argv) != CLI_OK)
		return CLI_USAGE;
	/* The target may stand before, between or behind the options. */
	while (rest < argc) {
		int used = 0;
		r = hws_options_args(connect_options_table(), o, argc - rest + 1, argv + rest - 1,
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
	status = check_values(o, argc, argv);
	if (status == CLI_OK)
		status = check_texts(o);
	if (status != CLI_OK)
		return status;
	if (!o->type_text)
		o->type_text = o->type;
	if (!o->copy_text)
		o->copy_text = o->copy;
	if (!o->chat_text)
		o->chat_text = o->chat;
	if (!o->target)
		return cli_fail(CLI_USAGE,
				"which host? hawser connect ID|HOST[:PORT]; see hawser connect --help");
	if (o->require_v2 && o->accept_insecure)
		return cli_fail(CLI_USAGE, "--accept-insecure does not go with --require-v2");
	status = connect_sound_check(o->audio);
	if (status == CLI_OK)
		status = check_kind(o);
	if (status == CLI_OK)
		status = check_view_only(o);
	if (status == CLI_OK && o->headless)
		status = connect_outputs_check(o);
	if (status == CLI_OK)
		status = connect_files_check(&o->files);
	if (status == CLI_OK)
		status = connect_displays_check(&o->displays);
	if (status == CLI_OK)
		status = check_clipboard(o);
	if (status != CLI_OK)
		return status;
	return parse_click(o);
}
