/* The audit in the console: events, their export without a bound, and a check of the chain. */
#include "admin/api/audit_mark.h"
#include "admin/api/work.h"
#include "shared/base/csv.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PART 500u
#define ID_SIGNS 17u /* of a device's id, with NUL */
#define TEXT_MAX 1024u
#define DETAIL_MAX 64u

/* --- one event -------------------------------------------------------------------------------- */

/* An id that a stranger gave, as far as it can be one. */
static void copy_id(char buf[ID_SIGNS], const char *id)
{
	size_t n = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");

	n = HWS_MIN(n, (size_t)ID_SIGNS - 1);
	memcpy(buf, id, n);
	buf[n] = '\0';
}

/* Its number in the chain names an event here; other things have a guid, and so it gets one that
 * follows from its hash. */
static void guid_of(const char *mac, char buf[DAT_GUID_TEXT])
{
	(void)snprintf(buf, DAT_GUID_TEXT, "%.8s-%.4s-4%.3s-8%.3s-%.12s", mac, mac + 8, mac + 13,
			mac + 17, mac + 20);
}

/* "Device disable: 902115734". */
static void say(const struct dat_event *e, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s%s%s", e->kind, *e->target_name ? ": " : "", e->target_name);
	for (char *c = buf; *c && *c != ':'; c++) {
		if (*c == '.' || *c == '_')
			*c = ' ';
	}
	if (*buf >= 'a' && *buf <= 'z')
		*buf = (char)(*buf - 'a' + 'A');
}

/* What an event tells beside its columns; {} if there is none, or too much. */
static json_t *detail_of(const struct dat_event *e)
{
	json_t *o = json_loads(*e->info ? e->info : "{}", 0, NULL);

	if (json_is_object(o) && json_object_size(o) <= DETAIL_MAX)
		return o;
	json_decref(o);
	return json_object();
}

static json_t *out_event(const struct dat_event *e)
{
	json_t *detail = detail_of(e), *o;
	const char *kind = dat_audit_kind(e->kind), *told = adi_in_text(detail, "text");
	const char *peer = adi_in_text(detail, "peer_id"), *action = e->kind;
	char text[DAT_AUDIT_KIND_TEXT + DAT_NAME_TEXT + 2];
	char device[ID_SIGNS] = "", peer_id[ID_SIGNS] = "", guid[DAT_GUID_TEXT];

	if (strcmp(kind, "console") != 0 && e->kind[strlen(kind)] == '.')
		action = e->kind + strlen(kind) + 1;
	if (strcmp(e->target_kind, "device") == 0)
		copy_id(device, e->target_name);
	copy_id(peer_id, peer ? peer : "");
	say(e, text, sizeof(text));
	guid_of(e->mac, guid);
	o = json_pack("{s:s,s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:O,s:i,s:s}", "guid", guid, "seq",
			(json_int_t)e->seq, "at", (json_int_t)e->at, "kind", kind, "action", action,
			"actor", e->actor_name, "device_id", device, "peer_id", peer_id, "address",
			e->ip, "text", told && strlen(told) < TEXT_MAX ? told : text, "detail",
			detail, "end_at", 0, "hash", e->mac);
	json_decref(detail);
	return o;
}

/* --- the list --------------------------------------------------------------------------------- */

static int64_t time_of(const struct htp_request *q, const char *name)
{
	uint64_t t = 0;

	return hws_parse_u64(adi_v1_query(q, name), &t) == HWS_OK ? (int64_t)t : 0;
}

static struct dat_audit_search search_of(const struct htp_request *q)
{
	return (struct dat_audit_search){ .kind = adi_v1_query(q, "kind"),
		.text = adi_v1_query(q, "q"),
		.actor = adi_v1_query(q, "actor"),
		.device = adi_v1_query(q, "device"),
		.address = adi_v1_query(q, "address"),
		.from = time_of(q, "from"),
		.until = time_of(q, "to") };
}

struct rows {
	json_t *items;
	int64_t last_seq;
};

static int add_row(const struct dat_event *e, void *arg)
{
	struct rows *rows = arg;

	rows->last_seq = e->seq;
	return adi_work_add(rows->items, out_event(e));
}

static int do_list(struct adi_work *w)
{
	const char *cursor = adi_v1_query(w->q, "cursor"), *limit = adi_v1_query(w->q, "limit");
	struct dat_audit_search s = search_of(w->q);
	struct rows rows = { .items = json_array() };
	uint32_t n = 50;
	uint64_t before = 0;
	char next[32];
	int r = HWS_OK;

	/* by number, so that what is added meanwhile moves nothing */
	if (*cursor &&
			(*cursor != 's' || hws_parse_u64(cursor + 1, &before) < 0 ||
					before > INT64_MAX))
		r = adi_work_refuse(w, ADI_BAD_FIELD, "cursor", "This is no cursor of a list.");
	if (hws_parse_u32(limit, &n) < 0)
		n = 50;
	s.before_seq = (int64_t)before;
	s.limit = n;
	if (r == HWS_OK)
		r = rows.items ? dat_audit_find(w->c, &s, add_row, &rows) : HWS_ERR_NOMEM;
	(void)snprintf(next, sizeof(next), "s%lld", (long long)rows.last_seq);
	if (r == HWS_OK)
		w->out = json_pack("{s:O,s:o,s:n}", "items", rows.items, "next",
				json_array_size(rows.items) == n ? json_string(next) : json_null(),
				"total");
	json_decref(rows.items);
	return r;
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "event", do_list);
}

/* --- the export ------------------------------------------------------------------------------- */

/* Goes on from part to part; the request, whose texts the search has, is there until the end. */
struct exporting {
	struct adi_app *app;
	struct dat_audit_search search;
	bool csv, begun;
	struct hws_buf *out;
	size_t count; /* in this part */
};

static const char *const columns[] = { "seq", "at", "kind", "action", "actor", "device_id",
	"peer_id", "address", "text", "detail", "hash" };

static void put_time(char *buf, size_t size, int64_t at)
{
	time_t s = (time_t)(at / 1000);
	struct tm t;
	char text[32] = "";

	if (gmtime_r(&s, &t))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &t);
	(void)snprintf(buf, size, "%s.%03dZ", text, (int)(at % 1000));
}

static int put_csv(struct exporting *x, const json_t *o)
{
	for (size_t i = 0; i < HWS_COUNT(columns); i++) {
		const json_t *v = json_object_get(o, columns[i]);
		char number[40] = "", *packed = NULL;

		if (json_is_object(v))
			packed = json_dumps(v, JSON_COMPACT);
		else if (strcmp(columns[i], "at") == 0)
			put_time(number, sizeof(number), json_integer_value(v));
		else if (json_is_integer(v))
			(void)snprintf(number, sizeof(number), "%lld",
					(long long)json_integer_value(v));
		hws_csv_put(x->out,
				packed                              ? packed
						: json_is_string(v) ? json_string_value(v)
								    : number,
				i == 0);
		free(packed);
	}
	hws_buf_put_str(x->out, "\r\n");
	return hws_buf_err(x->out);
}

static int put_line(struct exporting *x, const json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	if (!text)
		return HWS_ERR_NOMEM;
	hws_buf_put_str(x->out, text);
	hws_buf_put_str(x->out, "\n");
	free(text);
	return hws_buf_err(x->out);
}

static int put_event(const struct dat_event *e, void *arg)
{
	struct exporting *x = arg;
	json_t *o = out_event(e);
	int r = !o ? HWS_ERR_NOMEM : x->csv ? put_csv(x, o) : put_line(x, o);

	x->search.before_seq = e->seq;
	x->count++;
	json_decref(o);
	return r;
}

/* Some at a time, each from where the last ended: no connection is held while a client reads. */
static int next_part(void *arg, struct hws_buf *out)
{
	struct exporting *x = arg;
	struct sql_conn *c;
	int r;

	x->out = out;
	x->count = 0;
	if (!x->begun && x->csv) {
		for (size_t i = 0; i < HWS_COUNT(columns); i++)
			hws_csv_put(out, columns[i], i == 0);
		hws_buf_put_str(out, "\r\n");
	}
	x->begun = true;
	r = sql_take(x->app->db, &c);
	if (r < 0)
		return r;
	r = dat_audit_find(c, &x->search, put_event, x);
	sql_give(c);
	return r == HWS_OK && x->count < PART ? HWS_ERR_EOF : r;
}

/* Who takes the audit out of the house stands in it. */
static int do_note_export(struct adi_work *w)
{
	adi_did(&w->did, "audit.export", "audit", "", "");
	w->out = json_object();
	return w->out ? HWS_OK : HWS_ERR_NOMEM;
}

static void export_all(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct exporting *x = hws_alloc(sizeof(*x));

	if (!x) {
		adi_v1_fail(reply, HWS_ERR_NOMEM, "export", NULL);
		return;
	}
	adi_work_write(q, reply, app, "export", 200, do_note_export);
	if (reply->status >= 400) {
		hws_free(x);
		return;
	}
	x->app = app;
	x->search = search_of(q);
	x->search.limit = PART;
	x->csv = strcmp(adi_v1_query(q, "format"), "jsonl") != 0;
	htp_reply_parts(reply, x->csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
			next_part, x, hws_free);
	htp_reply_field(reply, "Content-Disposition",
			x->csv ? "attachment; filename=\"audit.csv\""
			       : "attachment; filename=\"audit.jsonl\"");
}

/* --- the chain -------------------------------------------------------------------------------- */

static int do_verify(struct adi_work *w)
{
	struct dat_audit_verdict v;
	char text[300];
	struct dat_audit_mark seen = adi_audit_mark_seen(w->app->audit_mark);
	int r = dat_audit_verify(w->c, w->app->keys, &seen, &v);

	if (r < 0)
		return r;
	if (v.whole)
		(void)snprintf(text, sizeof(text), "%lld events, none missing and none changed.",
				(long long)v.checked);
	else
		(void)snprintf(text, sizeof(text), "After %lld good events, at number %lld: %s.",
				(long long)v.checked, (long long)v.bad_seq, v.what);
	w->out = json_pack("{s:b,s:I,s:o,s:s}", "ok", (int)v.whole, "checked",
			(json_int_t)v.checked, "first_bad",
			v.whole ? json_null() : json_integer(v.bad_seq), "text", text);
	return HWS_OK;
}

static void verify(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "audit", do_verify);
}

static const struct adi_call calls[] = {
	{ "listAudit", list, HTP_POOL_COMMON, 0 },
	{ "exportAudit", export_all, HTP_POOL_COMMON, 0 },
	{ "verifyAudit", verify, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_audit = { calls, HWS_COUNT(calls) };
