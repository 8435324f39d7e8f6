/* What runs now: sessions, figures of the dashboard, and how they were. */
#include "admin/api/fleet.h"
#include "admin/api/presence.h"
#include "admin/api/v1.h"
#include "admin/data/conn_log.h"
#include "admin/data/device_facts.h"
#include "admin/data/reports.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <math.h>
#include <string.h>

#define ID_SHOWN 16 /* ids that we give are no longer; strangers' are cut */

/* --- sessions --------------------------------------------------------------------------------- */

static const char *kind_of(int type)
{
	static const char *const names[DAT_CONN_TYPES] = { "remote_control", "file_transfer",
		"port_forward", "view_camera", "terminal" };

	return type >= 0 && type < DAT_CONN_TYPES ? names[type] : names[0];
}

/* By what is known here: a relay of this machine has the pair, or none has. Whether a direct way
 * was found by a hole or within one network only the two ends know. */
static const char *path_of(
		struct adi_app *app, const struct dat_device *d, const struct dat_conn *l)
{
	return adi_fleet_relayed(app->fleet, d->last_ip, l->ip) ? "relay" : "direct";
}

/* Whole letters only: a text that is cut within one would cost the whole session its row. */
static size_t shown(const char *id)
{
	size_t n = strnlen(id, ID_SHOWN);

	while (n && ((unsigned char)id[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static json_t *session_json(struct adi_app *app, struct sql_conn *c, const struct dat_conn *l)
{
	struct dat_device d = { .guid = "" };

	/* a device that was removed meanwhile has no session that could be shown */
	if (dat_device_find(c, l->device_id, &d) < 0)
		return NULL;
	return json_pack("{s:s,s:{s:s,s:s%,s:s},s:s%,s:s,s:o,s:s,s:s,s:s,s:I}", "guid", l->guid,
			"device", "guid", d.guid, "id", d.id, shown(d.id), "name", d.name,
			"viewer_id", l->peer_id, shown(l->peer_id), "viewer_name", l->peer_name,
			"user", adi_out_ref(l->account_guid, l->account_name), "kind",
			kind_of(l->type), "path", path_of(app, &d, l), "address", l->ip,
			"started_at", (json_int_t)l->authed_at);
}

struct found {
	struct dat_conn *row;
	size_t n;
};

static int keep(const struct dat_conn *l, void *arg)
{
	struct found *f = arg;

	f->row[f->n++] = *l;
	return HWS_OK;
}

static int read_sessions(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *items, int64_t *ret_total)
{
	const char *guid = adi_v1_query(q, "device");
	struct found f = { hws_alloc_array(page.limit, sizeof(struct dat_conn)), 0 };
	struct dat_device d = { .id = "" };
	int r = f.row ? HWS_OK : HWS_ERR_NOMEM;

	if (r == HWS_OK && *guid)
		r = dat_device_get(c, guid, &d);
	if (r == HWS_OK)
		r = dat_conn_list_open(c, d.id, adi_v1_query(q, "user"), page, keep, &f, ret_total);
	else if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK; /* of a device that is not there: none */
	for (size_t i = 0; i < f.n && r == HWS_OK; i++) {
		json_t *o = session_json(app, c, &f.row[i]);

		if (o && json_array_append_new(items, o) < 0)
			r = HWS_ERR_NOMEM;
	}
	hws_free(f.row);
	return r;
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_page page;
	struct sql_conn *c;
	json_t *items;
	int64_t total = 0;
	int r;

	if (!adi_v1_page(q, reply, &page) || !adi_take(app, reply, &c))
		return;
	items = json_array();
	r = read_sessions(app, c, q, page, items, &total);
	sql_give(c);
	adi_v1_listed(reply, r, "session", items, page, total);
}

static int end_session(struct htp_request *q, struct adi_app *app, struct sql_conn *c)
{
	struct dat_device d;
	struct dat_conn l;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_conn_get(c, htp_param(q, "guid"), &l);
	if (r == HWS_OK && l.end_at)
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK)
		r = dat_device_find(c, l.device_id, &d);
	if (r == HWS_OK)
		r = dat_end_ask(c, d.guid, l.conn_id, adi_who(q)->account.name, adi_now());
	if (r == HWS_OK)
		r = adi_audit(app, c, q,
				&(struct adi_deed){ .kind = "session.end",
						.target_kind = "device",
						.target_guid = d.guid,
						.target_name = d.id });
	r = dat_tx_end(&tx, r);
	if (r == HWS_OK)
		adi_presence_forget(app->presence, d.guid);
	return r;
}

static void end(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = end_session(q, app, c);
	sql_give(c);
	if (r < 0)
		adi_v1_fail(reply, r, "session", NULL);
	else
		htp_reply_bytes(reply, 202, NULL, hws_bytes(NULL, 0));
}

/* --- figures ---------------------------------------------------------------------------------- */

static json_t *share(double n)
{
	return isnan(n) ? json_null() : json_real(n);
}

static json_t *figures_json(const struct dat_device_counts *n, const struct adi_fleet *f,
		const struct adi_fleet_state *st, int64_t alarms, int64_t now)
{
	const char *unlinked = adi_fleet_unlinked(f, st);
	json_t *problems = json_array();

	for (size_t i = 0; i < st->problems; i++)
		json_array_append_new(problems, json_string(st->problem[i]));
	if (unlinked)
		json_array_append_new(problems, json_string(unlinked));
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:I,s:I,s:I,s:o}", "at", (json_int_t)now,
			"devices", (json_int_t)n->devices, "online", (json_int_t)n->online,
			"pending", (json_int_t)n->pending, "users", (json_int_t)n->accounts,
			"sessions", (json_int_t)n->sessions, "direct_share",
			share(st->direct_share), "relay_bytes_per_s",
			(json_int_t)st->relay_bytes_per_s, "failures_per_min",
			(json_int_t)(st->failures_per_min + 0.5), "alarms_day", (json_int_t)alarms,
			"problems", problems);
}

static void figures(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct adi_fleet_state *st = hws_alloc(sizeof(*st));
	struct dat_device_counts n;
	int64_t alarms = 0, now = adi_now();
	struct sql_conn *c;
	int r;

	(void)q;
	if (!st) {
		adi_v1_error(reply, ADI_BUSY, NULL, "The server is out of memory.");
		return;
	}
	if (adi_take(app, reply, &c)) {
		r = dat_device_counts(c, now - ADI_WRITTEN_MS, &n);
		if (r == HWS_OK)
			r = dat_alarms_since(c, now - DAT_DAY_MS, &alarms);
		sql_give(c);
		adi_fleet_state(app->fleet, st);
		/* what was not written yet is known to this process */
		n.online = HWS_MAX(n.online, (int64_t)adi_presence_online(app->presence, now));
		if (r == HWS_OK)
			htp_reply_json(reply, figures_json(&n, app->fleet, st, alarms, now));
		else
			adi_v1_fail(reply, r, "figures", NULL);
	}
	hws_free(st);
}

static const char *const metrics[ADI_METRICS] = {
	[ADI_ONLINE] = "online",
	[ADI_SESSIONS] = "sessions",
	[ADI_RELAY_BYTES] = "relay_bytes_per_s",
	[ADI_FAILURES] = "failures",
	[ADI_DIRECT_SHARE] = "direct_share",
};
static const char *const spans[] = { [ADI_HOUR] = "hour", [ADI_DAY] = "day", [ADI_WEEK] = "week" };

/* Its place in the list, the first if it is not in it. */
static unsigned place_of(const char *name, const char *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(name, list[i]) == 0)
			return i;
	}
	return 0;
}

static void series(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	unsigned m = place_of(adi_v1_query(q, "metric"), metrics, ADI_METRICS);
	unsigned span = place_of(adi_v1_query(q, "span"), spans, HWS_COUNT(spans));
	struct adi_series_part *part = hws_alloc(sizeof(*part));
	json_t *values = json_array();

	if (!part || !values) {
		adi_v1_error(reply, ADI_BUSY, NULL, "The server is out of memory.");
	} else {
		adi_series_get(adi_fleet_series(app->fleet), (enum adi_metric)m,
				(enum adi_span)span, adi_now(), part);
		for (size_t i = 0; i < part->n; i++)
			json_array_append_new(values, share(part->value[i]));
		htp_reply_json(reply,
				json_pack("{s:s,s:i,s:I,s:O}", "metric", metrics[m], "step_s",
						(int)part->step_s, "start_at",
						(json_int_t)part->start_at, "values", values));
	}
	json_decref(values);
	hws_free(part);
}

static const struct adi_call calls[] = {
	{ "listLiveSessions", list, HTP_POOL_COMMON, 0 },
	{ "endLiveSession", end, HTP_POOL_COMMON, 0 },
	{ "figures", figures, HTP_POOL_COMMON, 0 },
	{ "figureSeries", series, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_live = { calls, HWS_COUNT(calls) };
