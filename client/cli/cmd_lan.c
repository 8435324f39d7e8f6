/* hawser discover and hawser wake: hosts of the local network, without a server. */
#include "client/cli/cli.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include <hawser/lan.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WAIT_MS 2000u
#define ASK_MAX 16

const char cli_discover_help[] =
		"  --wait SECONDS   how long to wait for answers: 1 to 60, else 2\n"
		"  ADDRESS ...      ask there alone: hosts, or a network's broadcast address\n"
		"\n"
		"A line for each host, its columns between tabs:\n"
		"  ID               what others reach it by at a server\n"
		"  ADDRESS[:PORT]   with a port, 'hawser connect ADDRESS:PORT' needs no server; without\n"
		"                   one the host takes no connections by address, only by its ID\n"
		"  USER@NAME        who is logged in there, and the machine's name\n"
		"  PLATFORM         its system\n"
		"  MAC              its network card, which 'hawser wake' wakes\n"
		"  KEY              the fingerprint of the key by which it proved that it answers from\n"
		"                   there; 'unproven': anybody may have said this line\n"
		"'-' stands for what a host does not say.\n";
const char cli_wake_help[] =
		"  ID, NAME         of a host that 'hawser discover' has found before\n"
		"  MAC              a network card's address, as aa:bb:cc:dd:ee:ff\n"
		"\n"
		"The packet goes to all networks of this machine, and nobody answers it: whether the\n"
		"machine wakes shows in a minute. It must be set to wake on LAN, in its firmware and its\n"
		"system.\n";

/* Fields between tabs, for programs, too: ID, address and port, name, platform, hardware, the key
 * that it proved. */
static void print_host(const struct hawser_lan_host *h, void *arg HWS_UNUSED)
{
	bool six = strchr(h->address, ':') != NULL && h->direct_port;

	printf("%s\t%s%s%s", h->id, six ? "[" : "", h->address, six ? "]" : "");
	if (h->direct_port)
		printf(":%u", h->direct_port);
	printf("\t%s%s%s\t%s\t%s\t%s\n", h->username, *h->username ? "@" : "",
			*h->hostname ? h->hostname : "-", *h->platform ? h->platform : "-",
			*h->mac ? h->mac : "-", *h->fingerprint ? h->fingerprint : "unproven");
	fflush(stdout);
}

static int usage(void)
{
	return cli_fail(CLI_USAGE, "usage: hawser discover [--wait SECONDS] [ADDRESS ...]");
}

int cli_discover(int argc, char **argv, void *arg HWS_UNUSED)
{
	const char *ask[ASK_MAX];
	uint64_t seconds = 0;
	unsigned count = 0;
	hawser_context *ctx = NULL;
	int e, status = CLI_OK;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--wait") == 0) {
			if (++i == argc || hws_parse_u64(argv[i], &seconds) < 0 || !seconds ||
					seconds > 60)
				return cli_fail(CLI_USAGE, "--wait takes 1 to 60 seconds");
		} else if (argv[i][0] == '-' || count == ASK_MAX) {
			return usage();
		} else {
			ask[count++] = argv[i];
		}
	}
	e = hawser_context_new(NULL, &ctx);
	if (e < 0)
		return cli_fail(CLI_FILE, "%s", hawser_last_error());
	e = hawser_lan_search(ctx, count ? ask : NULL, count,
			seconds ? (uint32_t)seconds * 1000 : WAIT_MS, print_host, NULL);
	if (e < 0)
		status = cli_fail(cli_exit_of(e), "%s", hawser_last_error());
	else if (e == 0)
		status = cli_fail(CLI_UNREACHABLE,
				"nobody answered. Hosts answer in their own network only (UDP port 21119), "
				"and not with 'lan-port' 0");
	hawser_context_free(ctx);
	return status;
}

struct woken {
	const char *name;
	unsigned count;
};

/* The same comparison as the library's, which wakes all hardware addresses of a name. */
static void print_woken(const struct hawser_lan_host *h, void *arg)
{
	struct woken *w = arg;

	if (strcasecmp(h->id, w->name) != 0 && strcasecmp(h->hostname, w->name) != 0)
		return;
	w->count++;
	printf("sent to %s (%s%s%s)\n", h->mac, h->id, *h->hostname ? ", " : "", h->hostname);
}

/* To do nothing visible looks like having failed, and nobody answers such a packet. */
static void say_woken(hawser_context *ctx, const char *name)
{
	struct woken w = { .name = name };

	if (hawser_lan_known(ctx, print_woken, &w) < 0 || !w.count)
		printf("sent to %s\n", name);
	puts("It went to all networks of this machine. Nobody answers such a packet: whether the "
	     "machine\nwakes shows in a minute, in 'hawser discover' or when you connect.");
}

int cli_wake(int argc HWS_UNUSED, char **argv, void *arg HWS_UNUSED)
{
	hawser_context *ctx = NULL;
	int status = CLI_OK, e = hawser_context_new(NULL, &ctx);

	if (e < 0)
		return cli_fail(CLI_FILE, "%s", hawser_last_error());
	e = hawser_lan_wake(ctx, argv[1]);
	if (e < 0)
		status = cli_fail(cli_exit_of(e), "%s", hawser_last_error());
	else
		say_woken(ctx, argv[1]);
	hawser_context_free(ctx);
	return status;
}
