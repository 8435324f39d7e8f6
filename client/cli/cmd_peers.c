/* hawser peers: the hosts that are remembered, with their keys: what a host is known by
 * decides whether it is talked to, so people must be able to look at it and to take it back.
 * hawser viewer-key: what hosts may know this viewer by. */
#include "client/cli/cli.h"
#include "shared/base/macros.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* One line for each, its fields between tabs; a host whose key is not known has "-". */
static int list_peers(hawser_context *ctx)
{
	struct hawser_recent *list = NULL;
	size_t count = 0;
	int e = hawser_recent_list(ctx, &list, &count);

	if (e < 0)
		return cli_fail(CLI_FAILED, "%s", hawser_strerror(e));
	for (size_t i = 0; i < count; i++) {
		const struct hawser_recent *r = hawser_recent_at(list, i);
		/* The key behind "?" is the server's. */
		printf("%.*s\t%s\t%s\t%s\n", (int)strcspn(r->target, "?"), r->target,
				hawser_encryption_name(r->encryption),
				*r->fingerprint ? r->fingerprint : "-",
				*r->hostname ? r->hostname : "-");
	}
	hawser_recent_free(list);
	return CLI_OK;
}

/* What people compare, and what --accept-key takes. */
static int show_peer(hawser_context *ctx, const char *target)
{
	struct hawser_recent *r = NULL;
	char when[32] = "-";
	time_t t;
	struct tm tm;
	int e = hawser_recent_find(ctx, target, &r);

	if (e < 0)
		return cli_fail(e == HAWSER_ERR_NOTFOUND ? CLI_USAGE : CLI_FAILED, "%s",
				hawser_last_error());
	t = (time_t)r->last_time;
	if (t && localtime_r(&t, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	printf("host: %.*s\n", (int)strcspn(r->target, "?"), r->target);
	printf("name: %s%s%s\n", r->username, *r->username ? "@" : "",
			*r->hostname ? r->hostname : "-");
	printf("key: %s\n", *r->fingerprint ? r->fingerprint : "none is remembered");
	printf("encryption: %s\n", hawser_encryption_text(r->encryption));
	printf("password kept: %s\n", r->password_stored ? "yes" : "no");
	printf("last session: %s\n", when);
	hawser_recent_free(r);
	return CLI_OK;
}

int cli_peers(int argc, char **argv, void *arg HWS_UNUSED)
{
	const char *what = argc > 1 ? argv[1] : "list";
	hawser_context *ctx = NULL;
	int status = CLI_OK, e = hawser_context_new(NULL, &ctx);

	if (e < 0)
		return cli_fail(CLI_FILE, "%s", hawser_last_error());
	if (strcmp(what, "list") == 0 && argc <= 2) {
		status = list_peers(ctx);
	} else if (strcmp(what, "forget") == 0 && argc == 3) {
		e = hawser_recent_forget(ctx, argv[2]);
		if (e < 0)
			status = cli_fail(e == HAWSER_ERR_NOTFOUND ? CLI_USAGE : CLI_FILE, "%s",
					hawser_last_error());
	} else if (strcmp(what, "show") == 0 && argc == 3) {
		status = show_peer(ctx, argv[2]);
	} else {
		status = cli_fail(
				CLI_USAGE, "usage: hawser peers [list] | show HOST | forget HOST");
	}
	hawser_context_free(ctx);
	return status;
}

/* The key itself for settings, its fingerprint for people who compare. */
int cli_viewer_key(int argc, char **argv, void *arg HWS_UNUSED)
{
	char key[HAWSER_FINGERPRINT_TEXT];
	bool fingerprint = argc > 1;
	hawser_context *ctx = NULL;
	int status = CLI_OK, e;

	if (fingerprint && strcmp(argv[1], "fingerprint") != 0)
		return cli_fail(CLI_USAGE, "usage: hawser viewer-key [fingerprint]");
	e = hawser_context_new(NULL, &ctx);
	if (e == HAWSER_OK)
		e = fingerprint ? hawser_viewer_fingerprint(ctx, key) : hawser_viewer_key(ctx, key);
	if (e < 0)
		status = cli_fail(CLI_FILE, "%s", hawser_last_error());
	else
		puts(key);
	hawser_context_free(ctx);
	return status;
}
