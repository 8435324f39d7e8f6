/* What devices report of their connections, of files that went over, and of alarms; and the notes
 * of viewers. Nobody proves anything here but by knowing a device's id and uuid: what is stored is
 * what a device says, but for the account of a viewer, which the rendezvous server vouches for.
 *
 * Clients take a blank reply for success and send a report again for any other. */
#include "admin/api/alarms.h"
#include "admin/api/device_text.h"
#include "admin/api/report_rate.h"
#include "admin/api/server_parts.h"
#include "admin/api/v1.h"
#include "admin/data/audit.h"
#include "admin/data/conn_log.h"
#include "admin/data/reports.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of newer clients there may be more than are known here: kept as they are told. */
#define ALARM_TYP_MAX 1000000
#define ALARM_TYP_NONE 1000 /* told none, or no number */
#define BODY_MAX (64u << 10)
#define FILES_SHOWN 10u

struct report {
	struct adi_app *app;
	struct sql_conn *c;
	struct htp_request *q;
	struct adi_sender from;
	char guid[DAT_GUID_TEXT]; /* of the device */
	int64_t now;
};

/* --- events ----------------------------------------------------------------------------------- */

/* Takes `info`. */
static int add_event(struct report *p, const char *kind, const struct dat_conn *l, json_t *info)
{
	char *text = info ? json_dumps(info, JSON_COMPACT) : NULL;
	struct dat_event e = {
		.kind = kind,
		.actor_guid = l->account_guid,
		.actor_name = l->account_name,
		.via = "device",
		.target_kind = "device",
		.target_guid = p->guid,
		.target_name = p->from.id,
		.ip = l->ip,
		.info = text,
	};
	int r = text ? dat_audit_add(p->c, p->app->keys, &e, p->now) : HWS_ERR_NOMEM;

	free(text);
	json_decref(info);
	return r;
}

/* --- connections ------------------------------------------------------------------------------ */

static void read_peer(const json_t *o, struct dat_conn *l)
{
	json_t *peer = json_object_get(o, "peer");
	json_t *pair = json_pack("{s:O?,s:O?}", "id", json_array_get(peer, 0), "name",
			json_array_get(peer, 1));

	adi_report_text(pair, "id", l->peer_id, sizeof(l->peer_id));
	adi_report_text(pair, "name", l->peer_name, sizeof(l->peer_name));
	json_decref(pair);
}

static int read_small(const json_t *o, const char *key, int max, int otherwise)
{
	int64_t n;

	return htp_json_int(o, key, 0, max, &n) == HWS_OK ? (int)n : otherwise;
}

/* A number of 64 bits without a sign, which stays a text. */
static void read_session(const json_t *o, char *buf, size_t size)
{
	uint64_t n = 0;

	if (htp_json_u64(o, "session_id", &n) < 0)
		n = 0;
	(void)snprintf(buf, size, "%llu", (unsigned long long)n);
}

static bool read_conn(const json_t *o, const struct adi_sender *s, struct dat_conn *l)
{
	if (htp_json_int(o, "conn_id", INT32_MIN, INT32_MAX, &l->conn_id) < 0)
		return false;
	if (hws_str_copy(l->device_id, sizeof(l->device_id), s->id) < 0 ||
			hws_str_copy(l->device_uuid, sizeof(l->device_uuid), s->uuid) < 0)
		return false;
	read_session(o, l->session_id, sizeof(l->session_id));
	adi_report_text(o, "ip", l->ip, sizeof(l->ip));
	l->type = read_small(o, "type", DAT_CONN_TYPES - 1, 0);
	l->primary_auth = read_small(o, "primary_auth", 100, 0);
	l->two_factor = read_small(o, "two_factor", 100, 0);
	read_peer(o, l);
	return true;
}

/* Whose viewer it is, if the rendezvous server has given a reference for it. */
static int find_account(struct report *p, struct dat_conn *l)
{
	char ref[DAT_SHORT_TEXT];
	int r;

	adi_report_text(p->q->json, "conn_audit_ref", ref, sizeof(ref));
	if (!*ref)
		return HWS_OK;
	r = dat_conn_account(p->c, ref, p->from.id, p->now, l);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static json_t *conn_info(const struct dat_conn *l)
{
	return json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:I}", "peer_id", l->peer_id, "peer_name",
			l->peer_name, "session", l->session_id, "type", l->type, "primary_auth",
			l->primary_auth, "two_factor", l->two_factor, "conn",
			(json_int_t)l->conn_id);
}

static int store_conn(struct report *p)
{
	const char *action = adi_in_text(p->q->json, "action");
	struct dat_conn l = { .guid = "" }, stored;
	const char *kind = "connection.authorised";
	int r = HWS_OK;

	if (!read_conn(p->q->json, &p->from, &l))
		return HWS_ERR_PROTO;
	if (action && strcmp(action, "new") == 0) {
		kind = "connection.new";
		r = find_account(p, &l);
		if (r == HWS_OK)
			r = dat_conn_new(p->c, &l, p->now, l.guid);
	} else if (action && strcmp(action, "close") == 0) {
		kind = "connection.close";
		r = dat_conn_close(p->c, &l, "closed", p->now, l.guid);
		if (r == HWS_ERR_NOTFOUND)
			return HWS_OK; /* it is closed */
	} else if (!action) {
		r = dat_conn_authorised(p->c, &l, p->now, l.guid);
	} else {
		return HWS_ERR_PROTO;
	}
	if (r == HWS_OK)
		r = dat_conn_get(p->c, l.guid, &stored);
	return r == HWS_OK ? add_event(p, kind, &stored, conn_info(&stored)) : r;
}

/* --- files and alarms ------------------------------------------------------------------------- */

/* "info" is JSON inside a text. */
static json_t *read_info(const json_t *o)
{
	const char *text = adi_in_text(o, "info");
	struct hws_error err;
	json_t *info = NULL;

	if (!text || htp_json_read(hws_bytes_str(text), &info, &err) < 0)
		return NULL;
	return info;
}

/* The files named in it, as far as they are of the form that they should have. */
static char *files_of(const json_t *info)
{
	json_t *list = json_array(), *given = json_object_get(info, "files"), *one;
	char *text;
	size_t i;

	json_array_foreach (given, i, one) {
		char name[DAT_OS_TEXT];
		json_t *holder = json_pack("{s:O?}", "name", json_array_get(one, 0));

		adi_report_text(holder, "name", name, sizeof(name));
		json_decref(holder);
		if (i >= FILES_SHOWN)
			break;
		json_array_append_new(list,
				json_pack("[s,I]", name,
						json_integer_value(json_array_get(one, 1))));
	}
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

static int store_file(struct report *p)
{
	const json_t *o = p->q->json;
	char path[DAT_PATH_TEXT], name[DAT_NAME_TEXT], guid[DAT_GUID_TEXT];
	struct dat_conn l = { .guid = "" };
	json_t *info = read_info(o);
	char *files = files_of(info);
	bool is_file = json_is_true(json_object_get(o, "is_file"));
	int num = read_small(info, "num", INT32_MAX, 0);
	int r = files ? HWS_OK : HWS_ERR_NOMEM;

	adi_report_text(o, "peer_id", l.peer_id, sizeof(l.peer_id));
	adi_report_text(o, "path", path, sizeof(path));
	adi_report_text(info, "name", name, sizeof(name));
	adi_report_text(info, "ip", l.ip, sizeof(l.ip));
	if (r == HWS_OK) {
		struct dat_file_report f = {
			.device_id = p->from.id,
			.peer_id = l.peer_id,
			.peer_name = name,
			.ip = l.ip,
			.direction = read_small(o, "type", 1, 0),
			.path = path,
			.is_file = is_file,
			.num = num,
			.files = files,
		};

		r = dat_file_add(p->c, &f, p->now, guid);
		if (r == HWS_OK)
			r = add_event(p, f.direction ? "file.received" : "file.sent", &l,
					json_pack("{s:s,s:s,s:s,s:b,s:I}", "peer_id", l.peer_id,
							"peer_name", name, "path", path, "is_file",
							is_file, "num", (json_int_t)num));
	}
	free(files);
	json_decref(info);
	return r;
}

/* For lists: what each number means. */
static const char *alarm_name(int typ)
{
	static const char *const names[] = { "ip_whitelist", "thirty_attempts", "six_in_a_minute",
		"logins", "logins_minute", "logins_hour", "ipv6_prefix", "terminal_backoff",
		"terminal_concurrency", "scope_violation", "id_whitelist" };

	return (unsigned)typ < HWS_COUNT(names) ? names[typ] : "other";
}

static int store_alarm(struct report *p)
{
	const json_t *o = p->q->json;
	struct dat_conn l = { .guid = "" };
	char kind[DAT_AUDIT_KIND_TEXT], guid[DAT_GUID_TEXT], message[DAT_NAME_TEXT];
	json_t *info = read_info(o);
	char *text = info ? json_dumps(info, JSON_COMPACT) : NULL;
	struct dat_alarm_report al = {
		.typ = read_small(o, "typ", ALARM_TYP_MAX, ALARM_TYP_NONE),
		.device_id = p->from.id,
		.account_guid = l.account_guid,
		.peer_id = l.peer_id,
		.ip = l.ip,
		.info = text && strlen(text) < DAT_FILES_TEXT ? text : "{}",
	};
	int r = find_account(p, &l);

	adi_report_text(info, "id", l.peer_id, sizeof(l.peer_id));
	adi_report_text(info, "name", l.peer_name, sizeof(l.peer_name));
	adi_report_text(info, "ip", l.ip, sizeof(l.ip));
	adi_report_text(info, "message", message, sizeof(message));
	if (r == HWS_OK)
		r = dat_alarm_add(p->c, &al, p->now, guid);
	if (r == HWS_OK)
		r = hws_fmt(kind, sizeof(kind), "alarm.%s", alarm_name(al.typ));
	if (r == HWS_OK)
		r = add_event(p, kind, &l,
				json_pack("{s:s,s:s,s:s,s:i}", "peer_id", l.peer_id, "peer_name",
						l.peer_name, "text", message, "typ", al.typ));
	/* of guessing passwords an operator hears at once; of what whitelists keep out only the
	 * audit tells */
	if (r == HWS_OK)
		adi_alarm_reported(p->app, p->c, al.typ, p->from.id, l.peer_id, l.ip);
	free(text);
	json_decref(info);
	return r;
}

/* --- taking ----------------------------------------------------------------------------------- */

/* What is refused comes again later: a device that sends more than it may loses nothing, only
 * time. */
static int check_rate(const struct report *p, const char *device)
{
	return adi_report_rate_take(p->app->report_rate, device, hws_buf_bytes(&p->q->body).len,
			       hws_clock_us())
			? HWS_OK
			: HWS_ERR_AGAIN;
}

static int store(struct report *p, int (*fn)(struct report *))
{
	char nonce[DAT_NONCE_TEXT];
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, p->c);

	if (r < 0)
		return r;
	adi_report_text(p->q->json, "nonce", nonce, sizeof(nonce));
	r = dat_nonce_take(p->c, nonce, p->now);
	if (r == HWS_OK)
		r = fn(p);
	return dat_tx_end(&tx, r);
}

/* Of a report that was not stored the sender hears in a way that makes it send it again, also where
 * a proxy on the way would take a status of 5xx for its own. */
static void answer(struct htp_reply *reply, int r)
{
	switch (r) {
	case HWS_OK:
	case HWS_ERR_EXISTS:   /* it came before */
	case HWS_ERR_NOTFOUND: /* of nobody who is here: not worth another try */
		return;
	case HWS_ERR_PROTO:
	case HWS_ERR_INVAL:
	case HWS_ERR_TOOBIG:
		htp_reply_error(reply, 400, "The report is not as it must be");
		return;
	case HWS_ERR_AGAIN:
		htp_reply_error(reply, 429, "Too many reports of this device; try again later");
		return;
	default:
		htp_reply_bytes(reply, 200, "application/json; charset=utf-8",
				hws_bytes_str("{\"error\":\"storage\"}"));
	}
}

static void take(struct htp_request *q, struct htp_reply *reply, struct adi_app *a,
		int (*fn)(struct report *))
{
	struct report p = { .app = a, .q = q, .now = adi_now() };
	int r;

	if (!adi_sender(q, &p.from)) {
		htp_reply_error(reply, 400, "A report has an id");
		return;
	}
	r = sql_take(a->db, &p.c);
	if (r == HWS_OK) {
		r = adi_sender_known(a, p.c, &p.from, p.guid);
		if (r == HWS_OK)
			r = check_rate(&p, p.guid);
		if (r == HWS_OK)
			r = store(&p, fn);
		sql_give(p.c);
	}
	answer(reply, r);
}

/* The one report that a viewer sends: it knows the session's number, which nobody guesses. */
static int store_note(struct report *p)
{
	char note[DAT_NOTE_TEXT], guid[DAT_GUID_TEXT], session_text[24], notes[DAT_ID_TEXT + 16];
	struct dat_conn stored;
	struct dat_tx tx;
	int r;

	read_session(p->q->json, session_text, sizeof(session_text));
	adi_report_text(p->q->json, "note", note, sizeof(note));
	r = dat_tx_begin(&tx, p->c);
	if (r < 0)
		return r;
	r = dat_conn_note(p->c, p->from.id, session_text, note, p->now, guid);
	if (r == HWS_OK) /* a viewer takes nothing off what the host itself may send */
		r = hws_fmt(notes, sizeof(notes), "notes of %s", p->from.id);
	if (r == HWS_OK)
		r = check_rate(p, notes);
	if (r == HWS_OK)
		r = dat_conn_get(p->c, guid, &stored);
	if (r == HWS_OK)
		r = add_event(p, "connection.note", &stored,
				json_pack("{s:s,s:s,s:s}", "peer_id", stored.peer_id, "session",
						stored.session_id, "text", note));
	return dat_tx_end(&tx, r);
}

static void conn(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct report p = { .app = arg, .q = q, .now = adi_now() };
	int r;

	if (!adi_in_text(q->json, "note") || json_object_get(q->json, "uuid")) {
		take(q, reply, arg, store_conn);
		return;
	}
	if (!adi_sender(q, &p.from)) {
		htp_reply_error(reply, 400, "A report has an id");
		return;
	}
	r = sql_take(p.app->db, &p.c);
	if (r == HWS_OK) {
		r = store_note(&p);
		sql_give(p.c);
	}
	answer(reply, r);
}

static void file(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	take(q, reply, arg, store_file);
}

static void alarm_report(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	take(q, reply, arg, store_alarm);
}

/* --- notes of those who are logged in --------------------------------------------------------- */

/* Of the account of that connection; where the server does not know it, of who is logged in at the
 * machine that says it was the viewer. */
static bool own(const struct htp_request *q, const struct dat_conn *l)
{
	const struct adi_who *w = adi_who(q);

	if (*l->account_guid)
		return strcmp(l->account_guid, w->account.guid) == 0;
	return *l->peer_id && strcmp(l->peer_id, w->session.device_id) == 0;
}

static void active(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	const char *id = adi_v1_query(q, "id"), *session = adi_v1_query(q, "session_id"),
		   *type = adi_v1_query(q, "conn_type");
	struct dat_conn l = { .guid = "" };
	char quoted[DAT_GUID_TEXT + 2];
	uint32_t kind;
	struct sql_conn *c;
	int r;

	if (!adi_take(arg, reply, &c))
		return;
	r = dat_conn_active(c, id, session,
			hws_parse_u32(type, &kind) == HWS_OK && kind < DAT_CONN_TYPES ? (int)kind
										      : -1,
			&l);
	sql_give(c);
	if (r < 0 && r != HWS_ERR_NOTFOUND) {
		adi_fail(reply, r, "connection");
		return;
	}
	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", r == HWS_OK && own(q, &l) ? l.guid : "");
	htp_reply_bytes(reply, 200, "application/json; charset=utf-8", hws_bytes_str(quoted));
}

static int write_note(struct report *p, const char *guid, const char *note)
{
	struct dat_conn l;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, p->c);

	if (r < 0)
		return r;
	r = dat_conn_get(p->c, guid, &l);
	if (r == HWS_OK && !own(p->q, &l))
		r = HWS_ERR_DENIED;
	if (r == HWS_OK)
		r = dat_conn_set_note(p->c, guid, note);
	if (r == HWS_OK)
		r = adi_audit(p->app, p->c, p->q,
				&(struct adi_deed){ .kind = "connection.note",
						.target_kind = "device",
						.target_name = l.device_id });
	return dat_tx_end(&tx, r);
}

static void put_note(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct report p = { .app = arg, .q = q, .now = adi_now() };
	const char *guid, *note;
	int r;

	if (htp_json_text(q->json, "guid", DAT_GUID_TEXT - 1, &guid) < 0 ||
			htp_json_text(q->json, "note", DAT_NOTE_TEXT - 1, &note) < 0) {
		htp_reply_error(reply, 400, "A note has a guid and a text");
		return;
	}
	if (!adi_take(arg, reply, &p.c))
		return;
	r = write_note(&p, guid, note);
	sql_give(p.c);
	if (r == HWS_ERR_DENIED)
		htp_reply_error(reply, 403, "Permission denied");
	else if (r < 0)
		adi_fail(reply, r, "connection");
}

#define REPORT(path, handler)                                                                      \
	{                                                                                          \
		HTP_POST, path, .body = HTP_BODY_JSON, .rate = HTP_RATE_DEVICE,                    \
				.body_max = BODY_MAX, .fn = handler                                \
	}

const struct htp_route adi_routes_reports[] = {
	REPORT("/api/audit/conn", conn),
	REPORT("/api/audit/file", file),
	REPORT("/api/audit/alarm", alarm_report),
	{ HTP_GET, "/api/audit/conn/active", .access = HTP_BEARER, .rate = HTP_RATE_USER,
			.fn = active },
	{ HTP_PUT, "/api/audit", .access = HTP_BEARER, .body = HTP_BODY_JSON, .rate = HTP_RATE_USER,
			.body_max = BODY_MAX, .fn = put_note },
};
const size_t adi_routes_reports_count = HWS_COUNT(adi_routes_reports);
