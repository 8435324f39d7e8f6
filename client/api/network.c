/* The kernel tells; what it means for a session is the session's own matter. */
#include "client/api/session_loop.h"
#include "shared/base/clock.h"
#include "shared/net/addr.h"
#include <unistd.h>

#define RETRY_US (200 * HWS_US_PER_MS)

bool api_network_left(const struct sockaddr_storage *local)
{
	struct sockaddr_storage a = *local;
	bool left;
	int fd;

	if (a.ss_family != AF_INET && a.ss_family != AF_INET6)
		return false;
	fd = socket(a.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	hws_addr_set_port(&a, 0);
	left = bind(fd, (struct sockaddr *)&a, hws_addr_len(&a)) < 0;
	close(fd);
	return left;
}

/* Who waits for the next try may be reached at once now. A link from an address that is gone says
 * nothing more, and would be waited for half a minute. */
static void tell(struct api_session_loop *e, enum hws_net_change change)
{
	if (api_session_loop_retry(e, RETRY_US))
		return;
	if (e->paths)
		api_paths_moved(e, change);
	else if (e->conn && e->retry.was_ready &&
			api_network_left(&hws_conn_stream(e->conn)->local))
		api_session_loop_end(e, HWS_ERR_RESET,
				"this computer's network has changed: the connection to the host was "
				"lost",
				NULL);
}

static void on_change(enum hws_net_change change, void *arg)
{
	hawser_context *ctx = arg;
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &ctx->engines)
		tell(hws_container(node, struct api_session_loop, node), change);
}

void api_network_watch(hawser_context *ctx)
{
	if (!ctx->watch && hws_net_watch_new(ctx->loop, on_change, ctx, &ctx->watch) < 0)
		ctx->watch = NULL; /* sessions find out by silence */
}

void api_network_stop(hawser_context *ctx)
{
	hws_net_watch_free(ctx->watch);
	ctx->watch = NULL;
}
