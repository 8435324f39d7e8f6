/* Audits for operators' scripts: connections, files, alarms, and what was done in the console, with
 * the numbers that scripts have for it. */
#include "admin/api/scripts.h"
#include "admin/api/server_parts.h"
#include "admin/data/report_lists.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- filters ---------------------------------------------------------------------------------- */

/* "2026-09-21 14:15:57.000", UTC; 0 = not given. */
static int read_since(const struct htp_request *q, int64_t *ret)
{
	const char *text = htp_query(q, "created_at"), *end;
	struct tm t = { 0 };

	*ret = 0;
	if (!text || !*text)
		return HWS_OK;
	end = strptime(text, "%Y-%m-%d %H:%M:%S", &t);
	if (!end || (*end && *end != '.'))
		return HWS_ERR_PROTO;
	*ret = (int64_t)timegm(&t) * 1000;
	return HWS_OK;
}

static int read_type(const struct htp_request *q, int *ret)
{
	const char *text = htp_query(q, "conn_type");
	uint32_t n;

	*ret = -1;
	if (!text || !*text)
		return HWS_OK;
	if (hws_parse_u32(text, &n) < 0 || n >= DAT_CONN_TYPES)
		return HWS_ERR_PROTO;
	*ret = (int)n;
	return HWS_OK;
}

/* --- reports ---------------------------------------------------------------------------------- */

static json_int_t seconds(int64_t ms)
{
	return (json_int_t)(ms / 1000);
}

static int add_conn(const struct dat_conn *l, void *arg)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:I}", "guid", l->guid,
			"id", l->device_id, "uuid", l->device_uuid, "peer_id", l->peer_id,
			"peer_name", l->peer_name, "ip", l->ip, "session_id", l->session_id,
			"conn_id", (json_int_t)l->conn_id, "user_name", l->account_name, "note",
			l->note, "created_at", seconds(l->created_at));

	/* without a type: nobody was let in */
	if (o && l->authed_at)
		json_object_set_new(o, "conn_type", json_integer(l->type));
	if (o && l->end_at)
		json_object_set_new(o, "end_time", json_integer(seconds(l->end_at)));
	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_conns(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	char peer[DAT_PATTERN_TEXT];
	int64_t since;
	int type, r = adi_script_pattern(q, "remote", peer);

	(void)app;
	if (r == HWS_OK)
		r = read_since(q, &since);
	if (r == HWS_OK)
		r = read_type(q, &type);
	return r == HWS_OK ? dat_conns_like(c, peer, type, since, page, add_conn, rows, ret_total)
			   : r;
}

static int add_file(const struct dat_file_row *f, void *arg)
{
	const struct dat_file_report *p = &f->report;
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:b,s:I,s:s,s:I}", "guid", f->guid,
			"id", p->device_id, "peer_id", p->peer_id, "peer_name", p->peer_name, "ip",
			p->ip, "type", p->direction, "path", p->path, "is_file", (int)p->is_file,
			"num", (json_int_t)p->num, "info", p->files, "created_at",
			seconds(f->created_at));

	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_files(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	char peer[DAT_PATTERN_TEXT];
	int64_t since;
	int r = adi_script_pattern(q, "remote", peer);

	(void)app;
	if (r == HWS_OK)
		r = read_since(q, &since);
	return r == HWS_OK ? dat_files_like(c, peer, since, page, add_file, rows, ret_total) : r;
}

static int add_alarm(const struct dat_alarm_row *a, void *arg)
{
	json_t *o = json_pack("{s:s,s:i,s:s,s:s,s:s,s:s,s:I}", "guid", a->guid, "typ",
			a->report.typ, "device", a->report.device_id, "id", a->report.device_id,
			"ip", a->report.ip, "info", a->report.info, "created_at",
			seconds(a->created_at));

	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_alarms(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	char device[DAT_PATTERN_TEXT];
	int64_t since;
	int r = adi_script_pattern(q, "device", device);

	(void)app;
	if (r == HWS_OK)
		r = read_since(q, &since);
	return r == HWS_OK ? dat_alarms_like(c, device, since, page, add_alarm, rows, ret_total)
			   : r;
}

/* --- the console ------------------------------------------------------------------------------ */

/* Kinds of things, and what was done, as scripts number them; the longest that fits counts. */
enum { OF_GROUP, OF_USER, OF_DEVICE, OF_BOOK };
static const struct {
	const char *kind;
	int typ, iop;
} numbers[] = {
	{ "login", OF_USER, 0 },
	{ "group.add", OF_GROUP, 1 },
	{ "device_group.add", OF_GROUP, 1 },
	{ "user.add", OF_USER, 2 },
	{ "user.invite", OF_USER, 2 },
	{ "device.add", OF_DEVICE, 3 },
	{ "device.deploy", OF_DEVICE, 3 },
	{ "group.remove", OF_GROUP, 4 },
	{ "device_group.remove", OF_GROUP, 4 },
	{ "device.kick", OF_DEVICE, 5 },
	{ "user.enable", OF_USER, 6 },
	{ "user.disable", OF_USER, 7 },
	{ "device.enable", OF_DEVICE, 8 },
	{ "device.approve", OF_DEVICE, 8 },
	{ "device.disable", OF_DEVICE, 9 },
	{ "group", OF_GROUP, 10 },
	{ "device_group", OF_GROUP, 10 },
	{ "user", OF_USER, 11 },
	{ "device", OF_DEVICE, 12 },
	{ "user.remove", OF_USER, 13 },
	{ "device.remove", OF_DEVICE, 14 },
	{ "book.add", OF_BOOK, 15 },
	{ "book.remove", OF_BOOK, 16 },
	{ "book.change", OF_BOOK, 17 },
	{ "book", OF_BOOK, -1 }, /* what is in it has no number */
	{ "book.bin.remove", OF_BOOK, 18 },
	{ "book.bin.empty", OF_BOOK, 19 },
	{ "book.share.add", OF_BOOK, 20 },
	{ "book.share.remove", OF_BOOK, 21 },
	{ "book.share.change", OF_BOOK, 22 },
};

static int number_of(const char *kind)
{
	int best = -1;
	size_t longest = 0;

	for (size_t i = 0; i < HWS_COUNT(numbers); i++) {
		size_t n = strlen(numbers[i].kind);

		if (n > longest && strncmp(kind, numbers[i].kind, n) == 0 &&
				(!kind[n] || kind[n] == '.')) {
			longest = n;
			best = (int)i;
		}
	}
	return best;
}

static int add_event(const struct dat_event *e, void *arg)
{
	int at = number_of(e->kind);
	json_t *o = json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:I}", "seq", (json_int_t)e->seq,
			"operator", e->actor_name, "action", e->kind, "target", e->target_name,
			"ip", e->ip, "via", e->via, "info", e->info, "created_at", seconds(e->at));

	if (o && at >= 0) {
		json_object_set_new(o, "typ", json_integer(numbers[at].typ));
		if (numbers[at].iop >= 0)
			json_object_set_new(o, "iop", json_integer(numbers[at].iop));
	}
	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_console(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	char actor[DAT_PATTERN_TEXT];
	int64_t since;
	int r = adi_script_pattern(q, "operator", actor);

	(void)app;
	if (r == HWS_OK)
		r = read_since(q, &since);
	return r == HWS_OK ? dat_console_like(c, actor, since, page, add_event, rows, ret_total)
			   : r;
}

static void conns(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_list(q, reply, arg, "filter", list_conns);
}

static void files(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_list(q, reply, arg, "filter", list_files);
}

static void alarms(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_list(q, reply, arg, "filter", list_alarms);
}

static void console(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_list(q, reply, arg, "filter", list_console);
}

/* Operators see no audit here either. */
#define READ                                                                                       \
	.access = HTP_BEARER, .rate = HTP_RATE_USER,                                               \
	.roles = ADI_SCRIPT_WRITE | ADI_ROLE(DAT_ROLE_AUDITOR), .scope = "audit:r"

const struct htp_route adi_routes_scripts_audits[] = {
	{ HTP_GET, "/api/audits/conn", READ, .fn = conns },
	{ HTP_GET, "/api/audits/file", READ, .fn = files },
	{ HTP_GET, "/api/audits/alarm", READ, .fn = alarms },
	{ HTP_GET, "/api/audits/console", READ, .fn = console },
};
const size_t adi_routes_scripts_audits_count = HWS_COUNT(adi_routes_scripts_audits);
