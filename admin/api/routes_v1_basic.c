/* Whether the server and what it stands on answer; for load balancers, too: 503 is "send no more
 * here". */
#include "admin/api/v1.h"
#include "admin/data/settings.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"

#define WRITE_EVERY_US (10 * HWS_US_PER_S)
#define TRIED "health.tried"

/* Not with each question: anybody may ask. That others write just now is no failure. */
static int try_write(struct adi_app *app, struct sql_conn *c)
{
	unsigned long long now = hws_clock_us(), last = atomic_load(&app->write_tried_us);
	int r;

	if ((last && now - last < WRITE_EVERY_US) ||
			!atomic_compare_exchange_strong(&app->write_tried_us, &last, now))
		return atomic_load(&app->write_result);
	r = dat_setting_put(c, app->keys, TRIED, app->server_name, false, "", adi_now());
	if (r == HWS_ERR_BUSY)
		r = HWS_OK;
	atomic_store(&app->write_result, r);
	return r;
}

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
	if (r < 0) {
		adi_v1_fail(reply, r, "database", NULL);
	} else {
		r = try_write(app, c);
		if (r < 0)
			adi_v1_error(reply, ADI_BUSY, NULL,
					"The database can be read, but not be written to%s.",
					r == HWS_ERR_DISK ? ": its disk is full or broken" : "");
		else
			htp_reply_json(reply, json_pack("{s:b,s:s}", "ok", 1, "database", "ok"));
	}
	sql_give(c);
}

static const struct adi_call calls[] = {
	{ "health", health, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_basic = { calls, HWS_COUNT(calls) };
