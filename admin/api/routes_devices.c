/* What devices send by themselves: signs of life, and what they are. Nearly all signs of life are
 * answered from memory (presence.h). */
#include "admin/api/alarms.h"
#include "admin/api/device_text.h"
#include "admin/api/enrolment.h"
#include "admin/api/quick.h"
#include "admin/api/server_parts.h"
#include "admin/api/signing.h"
#include "admin/api/who.h"
#include "admin/data/strategies.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <string.h>

#define BEAT_MAX (16u << 10)
#define SYSINFO_MAX (64u << 10)
#define NONCE_MAX 64u

/* --- signs of life ---------------------------------------------------------------------------- */

static bool read_beat(const struct htp_request *q, struct adi_beat *b, char ip[DAT_IP_TEXT])
{
	struct adi_sender s;
	json_t *conns = json_object_get(q->json, "conns"), *one;
	size_t i;

	if (!adi_sender(q, &s))
		return false;
	adi_ip(q, ip);
	b->id = s.id;
	b->uuid = s.uuid;
	b->ip = ip;
	if (htp_json_int(q->json, "modified_at", INT64_MIN, INT64_MAX, &b->has) < 0)
		b->has = 0;
	if (htp_json_text(q->json, "hawser-nonce", NONCE_MAX, &b->nonce) < 0)
		b->nonce = "";
	b->conns = 0;
	json_array_foreach (conns, i, one) {
		json_int_t n = json_integer_value(one);

		if (json_is_integer(one) && n >= 0 && n <= INT32_MAX && b->conns < ADI_BEAT_CONNS)
			b->conn[b->conns++] = (int32_t)n;
	}
	return true;
}

/* Names of options are read into borrowed text by clients: one that needs an escape would cost the
 * whole answer. */
static bool plain_key(const char *key)
{
	return *key &&
			strspn(key,
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_-.") == strlen(key);
}

static int put_option(const char *key, const char *value, void *arg)
{
	if (!plain_key(key))
		return HWS_OK;
	return json_object_set_new(arg, key, json_string(value)) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int put_strategy(struct adi_app *a, struct sql_conn *c, const struct adi_beat *b,
		struct adi_known *k, json_t *reply)
{
	struct dat_strategy_due due = { 0 };
	json_t *options = json_object(), *strategy = NULL;
	int r = options ? dat_strategy_due(c, k->guid, b->has, put_option, options, &due)
			: HWS_ERR_NOMEM;

	if (r == HWS_OK && due.send) {
		strategy = json_pack("{s:O}", "config_options", options);
		if (!strategy)
			r = HWS_ERR_NOMEM;
		else
			adi_sign_strategy(a, b, due.modified_at, options, strategy);
	}
	if (r == HWS_OK && due.send &&
			(json_object_set_new(reply, "modified_at", json_integer(due.modified_at)) <
							0 ||
					json_object_set_new(reply, "strategy", strategy) < 0))
		r = HWS_ERR_NOMEM;
	json_decref(options);
	k->due = due.modified_at;
	k->settled &= !due.send;
	return r;
}

static int put_ends(struct sql_conn *c, const struct adi_beat *b, const char *guid, bool all,
		int64_t now, json_t *reply)
{
	int32_t end[ADI_BEAT_CONNS];
	size_t n = 0;
	json_t *list;
	int r = HWS_OK;

	if (all) {
		memcpy(end, b->conn, b->conns * sizeof(end[0]));
		n = b->conns;
	} else {
		r = dat_end_due(c, guid, b->conn, b->conns, now, end, &n);
	}
	if (r < 0 || !n)
		return r;
	list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(end[i]));
	return json_object_set_new(reply, "disconnect", list) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int ask_store(struct adi_app *a, struct sql_conn *c, const struct adi_beat *b, int64_t now,
		json_t *reply)
{
	uint64_t mark = adi_presence_mark(a->presence);
	struct adi_known k = { .settled = true };
	struct dat_beat d;
	int r = dat_beat_get(c, b->id, b->uuid, &d);

	if (r == HWS_ERR_NOTFOUND) {
		adi_presence_foreign(a->presence);
		return HWS_OK;
	}
	if (r < 0)
		return r;
	memcpy(k.guid, d.guid, sizeof(k.guid));
	if (d.status == DAT_DEVICE_OFF)
		return put_ends(c, b, d.guid, true, now, reply);
	if (d.status == DAT_DEVICE_ON)
		r = put_strategy(a, c, b, &k, reply);
	if (r == HWS_OK && d.sysinfo_wanted)
		r = json_object_set_new(reply, "sysinfo", json_true()) < 0 ? HWS_ERR_NOMEM : HWS_OK;
	if (r == HWS_OK && d.ends)
		r = put_ends(c, b, d.guid, false, now, reply);
	k.settled &= !d.sysinfo_wanted && !d.ends;
	if (r == HWS_OK)
		adi_presence_learn(a->presence, b, &k, mark, now);
	return r;
}

static void nothing_due(struct htp_reply *reply)
{
	htp_reply_bytes(reply, 200, "application/json; charset=utf-8", hws_bytes_str("{}"));
}

static void heartbeat(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *a = arg;
	char ip[DAT_IP_TEXT];
	struct adi_beat b;
	struct sql_conn *c = NULL;
	json_t *o;
	int r;

	if (!read_beat(q, &b, ip)) {
		htp_reply_error(reply, 400, "A heartbeat has an id");
		return;
	}
	if (adi_presence_quick(a->presence, &b, adi_now())) {
		nothing_due(reply);
		return;
	}
	o = json_object();
	r = o ? adi_quick_take(a, &c) : HWS_ERR_NOMEM;
	if (r == HWS_OK)
		r = ask_store(a, c, &b, adi_now(), o);
	adi_quick_give(a, c, r);
	if (r < 0) {
		json_decref(o);
		/* whoever is known lives on, and hears with the next one what there is */
		if (adi_quick_away(r) && adi_presence_alone(a->presence, &b, adi_now()))
			nothing_due(reply);
		else
			adi_fail(reply, r, "device");
	} else {
		htp_reply_json(reply, o);
	}
}

/* --- what they are ---------------------------------------------------------------------------- */

struct sysinfo_text {
	char hostname[DAT_NAME_TEXT], username[DAT_NAME_TEXT], os[DAT_OS_TEXT], cpu[DAT_OS_TEXT];
	char memory[DAT_SHORT_TEXT], version[DAT_SHORT_TEXT];
};

static struct dat_sysinfo read_sysinfo(const json_t *o, struct sysinfo_text *t)
{
	adi_report_text(o, "hostname", t->hostname, sizeof(t->hostname));
	adi_report_text(o, "username", t->username, sizeof(t->username));
	adi_report_text(o, "os", t->os, sizeof(t->os));
	adi_report_text(o, "cpu", t->cpu, sizeof(t->cpu));
	adi_report_text(o, "memory", t->memory, sizeof(t->memory));
	adi_report_text(o, "version", t->version, sizeof(t->version));
	return (struct dat_sysinfo){ t->hostname, t->username, t->os, t->cpu, t->memory,
		t->version };
}

/* Without a rendezvous server that tells of new devices, their first report makes them known. */
static int take_unknown(struct adi_app *a, struct sql_conn *c, const struct adi_sender *s)
{
	char guid[DAT_GUID_TEXT];
	struct adi_settings set;

	if (!a->conf->register_by_reports || !*s->uuid)
		return HWS_ERR_NOTFOUND;
	adi_app_settings(a, c, &set);
	return adi_device_register(a, c, s->id, s->uuid, set.require_approval, "", guid);
}

static void sysinfo(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *a = arg;
	struct sysinfo_text text;
	struct dat_sysinfo info;
	struct adi_sender s;
	struct sql_conn *c;
	int r;

	if (!adi_sender(q, &s)) {
		htp_reply_error(reply, 400, "A report has an id");
		return;
	}
	if (!adi_take(a, reply, &c))
		return;
	info = read_sysinfo(q->json, &text);
	r = dat_device_sysinfo(c, s.id, s.uuid, &info, adi_now());
	if (r == HWS_ERR_NOTFOUND) {
		r = take_unknown(a, c, &s);
		if (r == HWS_OK)
			r = dat_device_sysinfo(c, s.id, s.uuid, &info, adi_now());
	}
	if (r == HWS_OK)
		r = adi_enrol_presets(a, c, q);
	sql_give(c);
	if (r == HWS_OK) {
		htp_reply_text(reply, "SYSINFO_UPDATED");
	} else if (r == HWS_ERR_NOTFOUND || r == HWS_ERR_DENIED) {
		adi_presence_foreign(a->presence);
		/* who is registering at this moment asks again soon; all others some time later */
		htp_reply_text(reply,
				adi_presence_may_come(a->presence, s.id, adi_now())
						? "ID_NOT_FOUND"
						: "SYSINFO_REFUSED");
	} else {
		adi_fail(reply, r, "report");
	}
}

/* Clients of some versions compare it with what they had; the report itself has no versions. */
static void sysinfo_ver(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	(void)q;
	(void)arg;
	htp_reply_text(reply, "1");
}

const struct htp_route adi_routes_devices[] = {
	{ HTP_POST, "/api/heartbeat", .body = HTP_BODY_JSON, .rate = HTP_RATE_DEVICE,
			.pool = HTP_POOL_SOON, .body_max = BEAT_MAX, .fn = heartbeat },
	{ HTP_POST, "/api/sysinfo", .body = HTP_BODY_JSON, .rate = HTP_RATE_DEVICE,
			.body_max = SYSINFO_MAX, .fn = sysinfo },
	{ HTP_POST, "/api/sysinfo_ver", .rate = HTP_RATE_DEVICE, .pool = HTP_POOL_LOOP,
			.fn = sysinfo_ver },
};
const size_t adi_routes_devices_count = HWS_COUNT(adi_routes_devices);
