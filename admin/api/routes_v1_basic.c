/* Whether the server and what it stands on answer; for load balancers, too: 503 is "send no more
 * here". */
#include "admin/api/v1.h"
#include "shared/base/macros.h"

static void health(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct sql_conn *c;
	int64_t one;
	int r;

	(void)q;
	if (atomic_load(&app->draining)) {
		adi_v1_error(reply, ADI_BUSY, NULL, "The server is about to end.");
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	r = sql_number(c, "SELECT 1", SQL_NONE, &one);
	sql_give(c);
	if (r < 0)
		adi_v1_fail(reply, r, "database", NULL);
	else
		htp_reply_json(reply, json_pack("{s:b,s:s}", "ok", 1, "database", "ok"));
}

static const struct adi_call calls[] = {
	{ "health", health, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_basic = { calls, HWS_COUNT(calls) };
