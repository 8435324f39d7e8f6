/* Which NAT is in front of this machine: known from earlier, and looked at again in the background
 * while a session is being made, for the next one. No connection waits for it. */
#include "client/api/nat.h"
#include "client/reach/nat_probe.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SERVER_PORT 21116
#define GOOD_S (7 * 86400u)
#define FRESH_S 3600u /* not looked at again before */
#define DOUBT_S 180u  /* the same where a meeting has failed */

struct api_nat {
	hawser_context *ctx;
	char path[PATH_MAX]; /* "" = nothing is kept on disk */
	struct hws_nat_memory memory;
	struct hws_nat_probe *probe; /* one at a time */
	char asked[HWS_NAT_KEY];     /* for this place */
	struct hws_deferred ending;
};

/* A file beside the settings. */
static void find_path(struct api_nat *n, const char *settings)
{
	const char *slash = strrchr(settings, '/');
	int len = slash ? (int)(slash - settings) : 0;

	if (!slash || hws_fmt(n->path, sizeof(n->path), "%.*s/networks", len, settings) < 0)
		n->path[0] = 0;
}

static void load(struct api_nat *n)
{
	struct hws_buf text;

	hws_buf_init(&text, HWS_NAT_MEMORY_TEXT);
	if (n->path[0] && hws_private_file_read(n->path, HWS_PRIVATE_OWN, &text, NULL) == HWS_OK)
		hws_nat_memory_parse(&n->memory, hws_buf_bytes(&text));
	hws_buf_done(&text);
}

/* It is a help, not a duty: a full disk costs the next session its knowledge. */
static void store(const struct api_nat *n)
{
	struct hws_error err;
	struct hws_buf text;

	if (!n->path[0])
		return;
	hws_buf_init(&text, HWS_NAT_MEMORY_TEXT);
	hws_nat_memory_format(&n->memory, &text);
	if (hws_buf_err(&text) == HWS_OK &&
			hws_private_file_write(n->path, hws_buf_bytes(&text), 0, &err) < 0)
		hws_error_set(&err, HWS_OK, "not kept");
	hws_buf_done(&text);
}

int api_nat_new(hawser_context *ctx, const char *settings, struct api_nat **ret)
{
	struct api_nat *n = hws_alloc(sizeof(*n));

	if (!n)
		return HWS_ERR_NOMEM;
	n->ctx = ctx;
	find_path(n, settings);
	load(n);
	*ret = n;
	return HWS_OK;
}

static void end_probe(void *arg)
{
	struct api_nat *n = arg;

	hws_nat_probe_free(n->probe);
	n->probe = NULL;
}

static void on_type(Rdv__NatType type, void *arg)
{
	struct api_nat *n = arg;

	hws_nat_memory_put(&n->memory, n->asked, type, (uint64_t)time(NULL));
	store(n);
	hws_loop_defer(n->ctx->loop, &n->ending, end_probe, n);
}

static void look(struct api_nat *n, const char *key, const char *server)
{
	struct hws_server_addr addr;
	const struct hws_nat_probe_conf conf = {
		.server_addr = &addr, .on_type = on_type, .arg = n
	};

	if (hws_server_addr_parse(server, SERVER_PORT, &addr) < 0 || addr.ws || addr.port < 2 ||
			hws_str_copy(n->asked, sizeof(n->asked), key) < 0)
		return;
	end_probe(n); /* of another place */
	if (hws_nat_probe_new(n->ctx->loop, n->ctx->work, &conf, &n->probe) < 0)
		n->probe = NULL;
}

/* Looks again unless it did so within `fresh_s`. */
static Rdv__NatType type_of(struct api_nat *n, const char *server, uint64_t fresh_s)
{
	char network[HWS_NAT_KEY], key[HWS_NAT_KEY];
	uint64_t now_s = (uint64_t)time(NULL);

	if (!n || !hws_nat_network(network))
		return RDV__NAT_TYPE__UNKNOWN_NAT;
	hws_nat_key(network, server, key);
	if (hws_nat_memory_get(&n->memory, key, now_s, fresh_s) == RDV__NAT_TYPE__UNKNOWN_NAT &&
			(!n->probe || !hws_str_equal(n->asked, key)))
		look(n, key, server);
	return hws_nat_memory_get(&n->memory, key, now_s, GOOD_S);
}

Rdv__NatType api_nat_type(struct api_nat *n, const char *server)
{
	return type_of(n, server, FRESH_S);
}

void api_nat_doubt(struct api_nat *n, const char *server)
{
	(void)type_of(n, server, DOUBT_S);
}

void api_nat_stop(struct api_nat *n)
{
	if (!n)
		return;
	hws_loop_defer_cancel(&n->ending);
	end_probe(n);
}

void api_nat_free(struct api_nat *n)
{
	hws_free(n);
}
