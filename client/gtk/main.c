/* hawser-desktop: the desktop program. `hawser` starts it when no headless work was asked for. */
#include "client/gtk/app.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/output.h"
#include "shared/base/str.h"
#include "shared/conf/complete.h"
#include "shared/sys/private_file.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define PASSWORD_MAX 1024
#define CODECS 16u

static size_t codec_list(enum hawser_codec list[CODECS])
{
	return MIN(hawser_codecs(list, CODECS), CODECS);
}

/* "auto|vp8|vp9": of what libhawser decodes. */
static const char *codec_words(void)
{
	static char words[128];
	enum hawser_codec list[CODECS];
	size_t count = codec_list(list);

	words[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (i)
			g_strlcat(words, "|", sizeof(words));
		g_strlcat(words, hawser_codec_name(list[i]), sizeof(words));
	}
	return words;
}

static void usage(FILE *out)
{
	fprintf(out,
			"usage: hawser-desktop [connect TARGET] [OPTION ...]\n"
			"\n"
			"Shows a remote desktop in a window, or, without TARGET, the window to choose one.\n"
			"TARGET is an ID, an address (HOST[:PORT]) or ID@SERVER?key=KEY.\n"
			"\n"
			"  --server HOST[:PORT]   rendezvous server, instead of the configured one\n"
			"  --key KEY              its public key\n"
			"  --config FILE          configuration file\n"
			"  --password-stdin       read the password from standard input\n"
			"  --password-file FILE   read it from FILE, which others must not be able to read\n"
			"                         (otherwise HAWSER_PASSWORD, else you are asked)\n"
			"  --relay                do not try a direct connection\n"
			"  --accept-insecure      agree beforehand to a session without encryption, or with a\n"
			"                         key that nobody vouches for\n"
			"  --accept-key KEY       the host's key or fingerprint, as it is shown there\n"
			"  --require-v2           refuse everything but end-to-end encryption by hawser v2\n"
			"  --view-only            send no input\n"
			"  --clipboard both|send|receive|off\n"
			"                         share what is copied: send what is copied here, receive\n"
			"                         what is copied at the host; files included\n"
			"  --camera               show the host's cameras in place of its desktop\n"
			"  --no-exact             all by video, no exact changes beside it\n"
			"  --no-hardware-codecs   decode by the processor alone\n"
			"  --display N|all|windows\n"
			"                         show display N, counted from 1; 0: the host's choice;\n"
			"                         all: all of them at once; windows: each in its own\n"
			"  --resolution WxH       wish this size of the display; it goes back at the end\n"
			"  --follow none|pointer|window|both\n"
			"                         show the display to which the host's pointer, or its\n"
			"                         active window, comes\n"
			"  --virtual-display      wish one display more, without a monitor\n"
			"  --privacy              wish the host's own monitors dark meanwhile\n"
			"  --block-input          wish that mouse and keyboard there have no effect\n"
			"                         meanwhile\n"
			"  --audio on|off         the host's sound; on, unless it is switched off\n"
			"  --volume PERCENT       how loud it is\n"
			"  --call                 call the person at the host\n"
			"  --remember             keep what logs in (never the password itself)\n"
			"  --quality default|low|balanced|best\n"
			"                         picture quality to ask the host for\n"
			"  --codec %-14s video codec to ask the host for\n"
			"  --chroma auto|420|444  colours of one pixel in four, or of each one\n"
			"  --keyboard auto|map|translate|legacy\n"
			"                         send keys by position (map), as characters (translate) or\n"
			"                         as old hosts have it; auto: as characters where the host's\n"
			"                         layout is another one, else by position\n"
			"  --fps N                at most N pictures a second\n"
			"  --fullscreen           begin in full screen\n"
			"  --actual-size          one picture pixel is one screen pixel\n"
			"  --seconds N            end by itself after N seconds\n"
			"  --screenshot FILE.png  save the picture of the display when --seconds are over\n"
			"                         (without TARGET: the window)\n"
			"  --help, --version\n",
			codec_words());
}

/* First line of a descriptor; NULL after a message. */
static char *read_password(int fd, const char *what)
{
	char *text = hws_alloc(PASSWORD_MAX);
	const char *wrong = text ? NULL : "out of memory";
	size_t len = 0;
	ssize_t n;

	while (!wrong && len < PASSWORD_MAX - 1) {
		n = read(fd, text + len, PASSWORD_MAX - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			wrong = strerror(errno);
		if (n <= 0)
			break;
		len += (size_t)n;
		if (memchr(text, '\n', len))
			break;
	}
	if (!wrong) {
		size_t line = strcspn(text, "\r\n");

		wrong = line == 0                          ? "it is empty"
				: line == PASSWORD_MAX - 1 ? "it is too long"
							   : NULL;
		text[line] = '\0';
	}
	if (!wrong)
		return text;
	fprintf(stderr, "hawser-desktop: the password cannot be read from %s: %s\n", what, wrong);
	gui_free_password(text);
	return NULL;
}

static char *password_file(const char *path)
{
	struct hws_error err;
	char *text;
	int fd;

	if (hws_private_file_open(path, HWS_PRIVATE_SECRET_OF_ANYBODY, &fd, &err) < 0) {
		fprintf(stderr, "hawser-desktop: the password file %s\n", err.text);
		return NULL;
	}
	text = read_password(fd, path);
	close(fd);
	return text;
}

/* The environment is visible to processes we start: take the password out of it. */
static char *password_env(void)
{
	char *value = getenv("HAWSER_PASSWORD"), *copy;

	if (!value)
		return NULL;
	copy = hws_strdup(value);
	hws_wipe(value, strlen(value));
	unsetenv("HAWSER_PASSWORD");
	return copy;
}

/* Where the host that starts us for a switch of sides leaves its number. */
#define SWITCH_FD 3

struct flag {
	const char *name;
	bool *set;
	const char **value;
};

static bool parse_codec(const char *word, struct gui_launch *l)
{
	enum hawser_codec list[CODECS];
	size_t count = codec_list(list);

	for (size_t i = 0; i < count; i++)
		if (hws_str_equal(word, hawser_codec_name(list[i]))) {
			l->codec = list[i];
			return true;
		}
	return false;
}

/* What the host is asked for; false after a message. */
static bool parse_wishes(
		const char *quality, const char *codec, const char *fps, struct gui_launch *l)
{
	static const struct {
		const char *name;
		enum hawser_quality quality;
	} words[] = {
		{ "low", HAWSER_QUALITY_LOW },
		{ "balanced", HAWSER_QUALITY_BALANCED },
		{ "best", HAWSER_QUALITY_BEST },
	};

	for (size_t i = 0; quality && i < G_N_ELEMENTS(words); i++)
		if (hws_str_equal(quality, words[i].name))
			l->quality = words[i].quality;
	if (quality && !l->quality && !hws_str_equal(quality, "default"))
		fprintf(stderr, "hawser-desktop: --quality is default, low, balanced or best, not '%s'\n",
				quality);
	else if (codec && !parse_codec(codec, l))
		fprintf(stderr, "hawser-desktop: --codec is %s, not '%s'\n", codec_words(), codec);
	else if (fps && (hws_parse_u32(fps, &l->fps) < 0 || l->fps > 120))
		fprintf(stderr, "hawser-desktop: --fps is a number from 0 to 120, not '%s'\n", fps);
	else
		return true;
	return false;
}

static bool parse_chroma(const char *word, struct gui_launch *l)
{
	static const char *const words[] = { "auto", "420", "444" };

	for (size_t i = 0; word && i < G_N_ELEMENTS(words); i++)
		if (hws_str_equal(word, words[i])) {
			l->chroma = (enum hawser_chroma)i;
			return true;
		}
	if (word)
		fprintf(stderr, "hawser-desktop: --chroma is auto, 420 or 444, not '%s'\n", word);
	return !word;
}

static bool parse_keyboard(const char *word, struct gui_launch *l)
{
	static const char *const words[] = { "auto", "map", "translate", "legacy" };

	for (size_t i = 0; word && i < G_N_ELEMENTS(words); i++)
		if (hws_str_equal(word, words[i])) {
			l->keyboard = (enum hawser_keyboard_mode)i;
			return true;
		}
	if (word)
		fprintf(stderr, "hawser-desktop: --keyboard is auto, map, translate or legacy, not '%s'\n",
				word);
	return !word;
}

static bool parse_sound(const char *audio, const char *volume, struct gui_launch *l)
{
	uint32_t percent = 100;

	if (audio && !hws_str_equal(audio, "on") && !hws_str_equal(audio, "off"))
		fprintf(stderr, "hawser-desktop: --audio is on or off, not '%s'\n", audio);
	else if (volume && (hws_parse_u32(volume, &percent) < 0 || percent > 100))
		fprintf(stderr, "hawser-desktop: --volume is a number from 0 to 100, not '%s'\n",
				volume);
	else {
		l->no_sound = audio && hws_str_equal(audio, "off");
		l->quiet = 100 - percent;
		return true;
	}
	return false;
}

static bool parse_clipboard(const char *word, struct gui_launch *l)
{
	static const char *const words[] = { "off", "both", "send", "receive" };

	for (size_t i = 0; word && i < G_N_ELEMENTS(words); i++)
		if (hws_str_equal(word, words[i])) {
			l->clipboard = (enum hawser_clipboard)i;
			return true;
		}
	if (word)
		fprintf(stderr, "hawser-desktop: --clipboard is both, send, receive or off, not '%s'\n",
				word);
	return !word;
}

static void print_and_leave(bool help)
{
	if (help)
		usage(stdout);
	else
		printf("hawser-desktop %s\n", hawser_version());
	exit(hws_output_end("hawser-desktop", 0, 1));
}

/* Each to its place; false after a message. */
static bool take_args(
		int argc, char **argv, const struct flag *flags, size_t count, struct gui_launch *l)
{
	for (int i = 1; i < argc; i++) {
		size_t f = 0;

		if (argv[i][0] != '-') {
			if (i == 1 && hws_str_equal(argv[i], "connect"))
				continue;
			if (l->target) {
				fprintf(stderr, "hawser-desktop: one target at a time, not '%s' too\n",
						argv[i]);
				return false;
			}
			l->target = argv[i];
			continue;
		}
		while (f < count && !hws_str_equal(flags[f].name, argv[i]))
			f++;
		if (f == count || (flags[f].value && i + 1 == argc)) {
			fprintf(stderr, "hawser-desktop: %s '%s'; see --help\n",
					f == count ? "unknown option" : "a value is missing behind",
					argv[i]);
			return false;
		}
		if (flags[f].set) {
			*flags[f].set = true;
			continue;
		}
		*flags[f].value = argv[++i];
		if (!**flags[f].value) {
			fprintf(stderr, "hawser-desktop: %s is empty; leave it out, or give a value\n",
					flags[f].name);
			return false;
		}
	}
	return true;
}

static int parse(int argc, char **argv, struct gui_launch *l)
{
	bool help = false, version = false, from_stdin = false;
	const char *file = NULL, *seconds = NULL, *quality = NULL, *codec = NULL, *fps = NULL,
		   *keyboard = NULL, *display = NULL, *chroma = NULL, *audio = NULL, *volume = NULL,
		   *resolution = NULL, *follow = NULL, *clipboard = NULL;
	const struct flag flags[] = {
		{ "--help", &help, NULL },
		{ "--version", &version, NULL },
		{ "--relay", &l->relay, NULL },
		{ "--accept-insecure", &l->accept_insecure, NULL },
		{ "--require-v2", &l->require_v2, NULL },
		{ "--view-only", &l->view_only, NULL },
		{ "--camera", &l->camera, NULL },
		{ "--no-exact", &l->no_exact, NULL },
		{ "--no-hardware-codecs", &l->no_hardware, NULL },
		{ "--fullscreen", &l->fullscreen, NULL },
		{ "--actual-size", &l->actual_size, NULL },
		{ "--password-stdin", &from_stdin, NULL },
		{ "--password-file", NULL, &file },
		{ "--server", NULL, &l->server },
		{ "--key", NULL, &l->key },
		{ "--config", NULL, &l->config_path },
		{ "--screenshot", NULL, &l->screenshot },
		{ "--seconds", NULL, &seconds },
		{ "--quality", NULL, &quality },
		{ "--codec", NULL, &codec },
		{ "--chroma", NULL, &chroma },
		{ "--fps", NULL, &fps },
		{ "--keyboard", NULL, &keyboard },
		{ "--clipboard", NULL, &clipboard },
		{ "--display", NULL, &display },
		{ "--audio", NULL, &audio },
		{ "--volume", NULL, &volume },
		{ "--call", &l->call, NULL },
		{ "--resolution", NULL, &resolution },
		{ "--follow", NULL, &follow },
		{ "--virtual-display", &l->virtual_display, NULL },
		{ "--privacy", &l->privacy, NULL },
		{ "--block-input", &l->block_input, NULL },
		{ "--remember", &l->remember, NULL },
		{ "--switch-fd", &l->has_switch, NULL },
		{ "--own-id", NULL, &l->own_id },
		{ "--accept-key", NULL, &l->accept_key },
	};

	if (!take_args(argc, argv, flags, G_N_ELEMENTS(flags), l))
		return 2;
	if (help || version)
		print_and_leave(help);
	if (l->target ? !*l->target : argc > 1 && hws_str_equal(argv[1], "connect")) {
		fputs("hawser-desktop: which host? hawser-desktop connect ID|HOST[:PORT]\n",
				stderr);
		return 2;
	}
	if (seconds && (hws_parse_u32(seconds, &l->seconds) < 0 || !l->seconds)) {
		fprintf(stderr, "hawser-desktop: --seconds wants a number from 1, not '%s'\n",
				seconds);
		return 2;
	}
	if (l->screenshot && !l->seconds) {
		fputs("hawser-desktop: --screenshot needs --seconds: when shall it be taken?\n",
				stderr);
		return 2;
	}
	if (!gui_launch_displays(display, resolution, follow, l))
		return 2;
	if (l->require_v2 && l->accept_insecure) {
		fputs("hawser-desktop: --accept-insecure does not go with --require-v2\n", stderr);
		return 2;
	}
	if (!parse_wishes(quality, codec, fps, l) || !parse_keyboard(keyboard, l) ||
			!parse_chroma(chroma, l) || !parse_sound(audio, volume, l) ||
			!parse_clipboard(clipboard, l))
		return 2;
	if (l->has_switch &&
			read(SWITCH_FD, l->switch_number, sizeof(l->switch_number)) !=
					(ssize_t)sizeof(l->switch_number)) {
		fputs("hawser-desktop: --switch-fd is for hawser-host\n", stderr);
		return 2;
	}
	l->password = password_env();
	if (file || from_stdin) {
		gui_free_password(l->password);
		l->password = file ? password_file(file) : read_password(0, "standard input");
		if (!l->password)
			return 2;
	}
	return 0;
}

/* "completion SHELL": two words, where one target may stand. */
static int print_words(int argc, char **argv)
{
	static const struct hws_verb verbs[] = {
		{ .name = "connect", .args = "ID|HOST[:PORT]", .help = "view and control a host" },
	};
	char *help = NULL;
	size_t size;
	FILE *f = open_memstream(&help, &size);
	struct hws_complete words = {
		.program = "hawser-desktop",
		.verbs = verbs,
		.verbs_count = G_N_ELEMENTS(verbs),
		.knows_hosts = true,
	};
	int status = 1;

	if (!f)
		return 1;
	usage(f);
	if (fclose(f) == 0) {
		words.help = help;
		hws_complete_verb(&words, argc, argv, &status);
	}
	free(help);
	return hws_output_end("hawser-desktop", status, 1);
}

int main(int argc, char **argv)
{
	struct gui_launch launch = { .clipboard = HAWSER_CLIPBOARD_BOTH };
	int r;

	if (argc == 3 && hws_str_equal(argv[1], "completion"))
		return print_words(argc, argv);
	r = parse(argc, argv, &launch);
	if (r) {
		gui_free_password(launch.password);
		return r;
	}
	if (!gtk_init_check()) {
		fputs("hawser-desktop: no display can be opened: set DISPLAY or WAYLAND_DISPLAY, or use "
		      "'hawser connect --headless'\n",
				stderr);
		gui_free_password(launch.password);
		return 1;
	}
	return gui_app_run(&launch);
}
