/* What anybody may ask: whether the server is there, and how to log in. */
#include "admin/api/server_parts.h"
#include "shared/base/macros.h"

/* Providers of identity; local accounts need none. Clients also probe with HEAD whether TLS works
 * here. */
static void login_options(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	(void)q;
	(void)arg;
	htp_reply_json(reply, json_array());
}

/* For load balancers: 503 is "send no more here". */
static void health(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	const struct adi_server *s = arg;

	(void)q;
	if (s->draining)
		htp_reply_error(reply, 503, "The server is about to end");
	else
		htp_reply_json(reply, json_pack("{s:s}", "status", "ok"));
}

const struct htp_route adi_routes_basic[] = {
	{ HTP_GET, "/api/login-options", .pool = HTP_POOL_LOOP, .fn = login_options },
	{ HTP_GET, "/api/v1/health", .pool = HTP_POOL_LOOP, .fn = health },
};
const size_t adi_routes_basic_count = HWS_COUNT(adi_routes_basic);
