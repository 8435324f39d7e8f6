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

const struct htp_route adi_routes_basic[] = {
	{ HTP_GET, "/api/login-options", .pool = HTP_POOL_LOOP, .fn = login_options },
};
const size_t adi_routes_basic_count = HWS_COUNT(adi_routes_basic);
