/* hawser: finds the command. The window is a program of its own, so that the command line needs
 * no desktop libraries. */
#include "client/cli/cli.h"
#include "client/cli/connect_options.h"
#include "client/cli/files/options.h"
#include "client/cli/terminal_options.h"
#include "shared/base/macros.h"
#include "shared/base/output.h"
#include "shared/base/str.h"
#include "shared/conf/complete.h"
#include "shared/sys/sandbox.h"
#include "shared/sys/spawn.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of one line; the library's sentences are shorter. */
#define SAID_MAX 8192

static bool raw_lines;

void cli_raw_lines(bool raw)
{
	raw_lines = raw;
}

const char *cli_line_end(void)
{
	return raw_lines ? "\r\n" : "\n";
}

void cli_say(const char *fmt, va_list ap)
{
	char said[SAID_MAX], shown[SAID_MAX];

	vsnprintf(said, sizeof(said), fmt, ap);
	fprintf(stderr, CLI_PROGRAM ": %s%s",
			hws_str_plain(shown, sizeof(shown), hws_bytes_str(said)), cli_line_end());
}

int cli_fail(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cli_say(fmt, ap);
	va_end(ap);
	return status;
}

const char *cli_accept_option(const char *kind)
{
	return strcmp(kind, "key") == 0
			? "if it is the right one, --accept-key FINGERPRINT connects and remembers it"
			: "--accept-insecure connects all the same";
}

int cli_exit_of(int err)
{
	switch (err) {
	case HAWSER_OK:
		return CLI_OK;
	case HAWSER_ERR_EOF:
	case HAWSER_ERR_TIMEOUT:
	case HAWSER_ERR_REFUSED:
	case HAWSER_ERR_UNREACHABLE:
	case HAWSER_ERR_RESET:
	case HAWSER_ERR_RESOLVE:
	case HAWSER_ERR_PORTAL:
	case HAWSER_ERR_OFFLINE:
	case HAWSER_ERR_NOTFOUND:
		return CLI_UNREACHABLE;
	case HAWSER_ERR_PASSWORD:
		return CLI_PASSWORD;
	case HAWSER_ERR_INSECURE:
	case HAWSER_ERR_CRYPTO:
	case HAWSER_ERR_KEY:
		return CLI_INSECURE;
	case HAWSER_ERR_DENIED:
	case HAWSER_ERR_BUSY:
	case HAWSER_ERR_DISPLAY:
		return CLI_DENIED;
	case HAWSER_ERR_DISK:
	case HAWSER_ERR_EXISTS:
	case HAWSER_ERR_PERM:
		return CLI_FILE;
	case HAWSER_ERR_INVAL:
	case HAWSER_ERR_RANGE:
		return CLI_USAGE;
	default:
		return CLI_FAILED;
	}
}

/* The one installed beside this program, else the one of the path. */
int cli_desktop(int count, const char *const args[])
{
	char **argv = calloc((size_t)count + 2, sizeof(*argv));

	if (!argv)
		return cli_fail(CLI_FAILED, "out of memory");
	argv[0] = (char *)"hawser-desktop";
	for (int i = 0; i < count; i++)
		argv[i + 1] = (char *)(uintptr_t)args[i]; /* exec only reads them */
	hws_exec_sibling("hawser-desktop", "gtk", argv);
	free(argv);
	return cli_fail(CLI_FAILED,
			"the desktop program hawser-desktop is not installed (%s); install it, or use "
			"--headless",
			strerror(errno));
}

static int print_version(int argc HWS_UNUSED, char **argv HWS_UNUSED, void *ctx HWS_UNUSED)
{
	printf("hawser %s\n", hawser_version());
	return CLI_OK;
}

static const struct hws_verb verbs[] = {
	{ "connect", "ID|HOST[:PORT] [OPTION ...]", "view and control a host (see connect --help)",
			0, -1, cli_connect, true },
	{ "terminal", "ID|HOST[:PORT] [OPTION ...] [-- COMMAND [ARG ...]]",
			"a shell or a command at a host (see terminal --help)", 0, -1, cli_terminal,
			true },
	{ "forward", "ID|HOST[:PORT] [-L|-D|-R|-U SPEC ...] [OPTION ...]",
			"carry ports through a session (see forward --help)", 0, -1, cli_forward,
			true },
	{ "files", "ID|HOST[:PORT] [COMMAND ...]", "the files of a host (see files --help)", 0, -1,
			cli_files, true },
	{ "login", "[--user NAME] [OPTION ...]",
			"log in to your account at the server's API server", 0, -1, cli_login,
			.more = cli_login_help },
	{ "logout", "[OPTION ...]", "forget that login, and end it there", 0, -1, cli_logout,
			.more = cli_logout_help },
	{ "account", "[--offline] [OPTION ...]", "who is logged in, and whether that still counts",
			0, -1, cli_account, .more = cli_account_help },
	{ "id", "", "the ID of this machine's host", 0, 0, cli_id },
	{ "password", "[show|renew|set|remove]", "the password of this machine's host", 0, 1,
			cli_password },
	{ "status", "", "what this machine's host is doing", 0, 0, cli_status },
	{ "config", "show | get NAME | set NAME [VALUE] | path", "the viewer's settings", 0, 3,
			cli_config },
	{ "peers", "[list] | show HOST | forget HOST",
			"the hosts that are remembered, and their keys", 0, 2, cli_peers },
	{ "recordings", "repair FILE|FOLDER ...",
			"make recordings whole that a crash left unfinished", 0, -1,
			cli_recordings },
	{ "discover", "[--wait SECONDS] [ADDRESS ...]",
			"look for hosts in the local network, without a server", 0, -1,
			cli_discover, .more = cli_discover_help },
	{ "wake", "ID|NAME|MAC", "wake a machine of the local network that sleeps", 1, 1, cli_wake,
			.more = cli_wake_help },
	{ "doctor", "[--server HOST[:PORT]] [--key KEY] [--json]",
			"test this machine's network against the server; says what to open", 0, -1,
			cli_doctor, .more = cli_doctor_help },
	{ "viewer-key", "[fingerprint]", "the key by which hosts can know this viewer", 0, 1,
			cli_viewer_key },
	{ "version", "", "print the version", 0, 0, print_version },
	{ "--version", NULL, NULL, 0, 0, print_version },
};

static int usage(FILE *out, int status)
{
	fputs("usage: hawser [COMMAND ...]\n"
	      "\n"
	      "Views and controls the desktops of hawser and RustDesk hosts. Without a command it opens\n"
	      "the desktop program.\n"
	      "\n"
	      "  connect ID|HOST[:PORT]   view and control a host; hawser connect --help has the options\n"
	      "  terminal ID|HOST[:PORT]  a shell or a command at a host; hawser terminal --help\n"
	      "  forward ID|HOST[:PORT] -L PORT:HOST:PORT\n"
	      "                           carry ports through a session; hawser forward --help says more\n"
	      "  files ID|HOST[:PORT]     its files: ls, get, put, sync ..., or a prompt; hawser files --help\n"
	      "\n"
	      "Your account at the server:\n"
	      "  login [--user NAME]      log in; hawser login --help has the options\n"
	      "  logout                   log out\n"
	      "  account                  who is logged in, and whether that still counts\n"
	      "\n"
	      "The host on this machine:\n"
	      "  id                       the ID others reach it by\n"
	      "  password [show]          its one-time password\n"
	      "  password renew           make a new one-time password\n"
	      "  password set             set the permanent password (asked for, or from standard input)\n"
	      "  password remove          have no permanent password\n"
	      "  status                   what it is doing, as JSON\n"
	      "\n"
	      "The local network, without a server:\n"
	      "  discover [--wait SECONDS] [ADDRESS ...]\n"
	      "                           look for hosts: ID, address, name, platform, hardware address,\n"
	      "                           and the key that each has proved\n"
	      "  wake ID|NAME|MAC         wake a machine that sleeps, one that discover found before\n"
	      "\n"
	      "The network of this machine:\n"
	      "  doctor [--server HOST[:PORT]] [--key KEY] [--json]\n"
	      "                           test it against the server: ports, NAT, UDP, relay, key; says\n"
	      "                           what to open or change\n"
	      "\n"
	      "Settings of the viewer:\n"
	      "  config [show]            all of them, with their meaning\n"
	      "  config get NAME          one of them\n"
	      "  config set NAME [VALUE]  change one; without VALUE, back to the default\n"
	      "  config path              where they are kept\n"
	      "  peers                    the hosts that are remembered, and the fingerprints of their keys\n"
	      "  peers show HOST          what is remembered of one\n"
	      "  peers forget HOST        forget one, with its key and what logs in\n"
	      "  recordings repair FILE|FOLDER ...\n"
	      "                           make recordings whole that a crash left unfinished\n"
	      "  viewer-key [fingerprint] the key by which hosts can know this viewer\n"
	      "\n"
	      "  version                  print the version\n"
	      "\n"
	      "See hawser(1).\n",
			out);
	return status;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool complete(int argc, char **argv, int *ret)
{
	const struct hws_complete_part parts[] = {
		{ "connect", connect_options_table() },
		{ "terminal", terminal_options_table() },
		{ "forward", cli_forward_options() },
		{ "files", files_options_table() },
	};
	const struct hws_complete words = {
		.program = CLI_PROGRAM,
		.verbs = verbs,
		.verbs_count = HWS_COUNT(verbs),
		.parts = parts,
		.parts_count = HWS_COUNT(parts),
		.knows_hosts = true,
	};

	return hws_complete_verb(&words, argc, argv, ret);
}

static int run(int argc, char **argv)
{
	int status;

	if (argc < 2)
		return cli_desktop(0, NULL);
	if (complete(argc, argv, &status))
		return status;
	if (is_help(argv[1]) || strcmp(argv[1], "help") == 0)
		return usage(stdout, CLI_OK);
	if (hws_verbs_help(verbs, HWS_COUNT(verbs), CLI_PROGRAM, "hawser(1)", argc - 1, argv + 1))
		return CLI_OK;
	hws_sandbox_conceal(); /* passwords are typed in here */
	return hws_verbs_run(verbs, HWS_COUNT(verbs), CLI_PROGRAM, argc - 1, argv + 1, NULL);
}

/* A shell may have closed some of the first three (`<&-`). What is opened first must not take their
 * place: a session would read its input from, and write its output to, a file of ours. Writing to
 * what stands there now fails as it did. */
static void keep_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	keep_standard_files();
	return hws_output_end(CLI_PROGRAM, run(argc, argv), CLI_FILE);
}
