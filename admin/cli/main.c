/* hawser-admin: what an operator does with running servers, by their control sockets. */
#include "admin/cli/db.h"
#include "admin/cli/query.h"
#include "shared/base/output.h"
#include "shared/base/str.h"
#include "shared/sys/sandbox.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *out)
{
	fputs("usage: hawser-admin [--socket FILE] [--json] COMMAND [ARGUMENT ...]\n\n", out);
	fputs("Rendezvous server:\n", out);
	adm_query_help(out, ADM_RENDEZVOUS);
	fputs("\nDatabase of the rendezvous server:\n", out);
	adm_db_help(out);
	fputs("\nRelay:\n", out);
	adm_query_help(out, ADM_RELAY);
	fputs("\nOptions:\n"
	      "  --socket FILE   control socket (default: where the settings of the server on this "
	      "machine put it)\n"
	      "  --json          print the answer as JSON\n"
	      "  --help, --version\n\n"
	      "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 the server cannot be "
	      "reached.\n",
			out);
}

static int run(int argc, char **argv)
{
	struct adm_query ask = { 0 };
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			ask.json = true;
		} else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc) {
			ask.socket = argv[++i];
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			usage(stdout);
			return 0;
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("hawser-admin " HAWSER_VERSION);
			return 0;
		} else {
			fprintf(stderr, "hawser-admin: unknown option or missing value: %s\n",
					argv[i]);
			return 2;
		}
	}
	if (i == argc) {
		usage(stderr);
		return 2;
	}
	if (strcmp(argv[i], "db") == 0)
		return adm_db_run(ask.json, argc - i, argv + i);
	return adm_query_run(&ask, argc - i, argv + i);
}

int main(int argc, char **argv)
{
	hws_sandbox_conceal(); /* keys and passwords of a database pass through */
	return hws_output_end("hawser-admin", run(argc, argv), 1);
}
