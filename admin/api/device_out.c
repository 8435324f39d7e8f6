/* api/device_out: what the routes about devices share. */
#include "admin/api/device_out.h"
#include "admin/api/orders.h"
#include "admin/api/presence.h"
#include "admin/api/reach.h"
#include "admin/data/orders.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include <stdlib.h>
#include <string.h>

#define FORGET_EACH_MAX 16u

const char *adi_device_status_name(enum dat_device_status status)
{
	static const char *const names[] = { [DAT_DEVICE_OFF] = "disabled",
		[DAT_DEVICE_ON] = "active",
		[DAT_DEVICE_PENDING] = "pending" };

	return names[status];
}

const char *adi_device_label(const struct dat_device *d)
{
	return *d->name ? d->name : d->id;
}

static json_t *tags_of(const struct dat_device_facts *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->tags; i++)
		json_array_append_new(list, json_string(f->tag[i]));
	return list;
}

static void fingerprint(const char *key, char buf[HWS_FINGERPRINT_TEXT])
{
	uint8_t pk[HWS_PK_LEN];

	buf[0] = '\0';
	if (*key && hws_key_parse(key, pk) == HWS_OK)
		hws_fingerprint_text(pk, buf);
}

json_t *adi_out_device(
		struct adi_app *app, struct sql_conn *c, const struct dat_device *d, int *ret_r)
{
	int64_t now = adi_now(), here = adi_presence_at(app->presence, d->id);
	int64_t seen = HWS_MAX(here, d->last_online);
	char print[HWS_FINGERPRINT_TEXT];
	struct dat_device_facts f;
	json_t *o;

	*ret_r = dat_device_facts(c, d, &f);
	if (*ret_r < 0)
		return NULL;
	fingerprint(d->key, print);
	o = json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:s}", "guid",
			d->guid, "id", d->id, "name", d->own_name, "status",
			adi_device_status_name(d->status), "online",
			now - here < ADI_GONE_MS || now - d->last_online < ADI_WRITTEN_MS, "closed",
			(int)d->closed, "order_due", (int)d->order_due, "owner_guid",
			adi_out_text_or_null(d->owner_guid), "owner",
			adi_out_ref(d->owner_guid, d->owner_name), "group_guid",
			adi_out_text_or_null(d->group_guid), "group",
			adi_out_ref(d->group_guid, d->group_name), "tags", tags_of(&f), "note",
			d->note, "hostname", d->hostname, "user", d->username);
	if (!o ||
			json_object_update_new(o,
					json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:o,s:I,s:I,s:I,s:I}",
							"os", d->os, "cpu", d->cpu, "memory",
							d->memory, "version", d->version, "address",
							d->last_ip, "key_fingerprint", print,
							"sessions", (json_int_t)f.sessions,
							"strategy",
							adi_out_ref(f.strategy_guid,
									f.strategy_name),
							"last_online_at", (json_int_t)seen,
							"registered_at",
							(json_int_t)d->registered_at, "created_at",
							(json_int_t)d->created_at, "updated_at",
							(json_int_t)d->updated_at)) < 0) {
		json_decref(o);
		*ret_r = HWS_ERR_NOMEM;
		return NULL;
	}
	return o;
}

/* --- which ------------------------------------------------------------------------------------ */

static const char *text_of(const struct htp_request *q, const json_t *o, const char *key)
{
	const char *s = o ? adi_in_text(o, key) : htp_query(q, key);

	return s && *s ? s : NULL;
}

static int flag_of(const struct htp_request *q, const json_t *o, const char *key)
{
	const char *s = o ? NULL : htp_query(q, key);

	return o ? adi_in_bool(o, key) : s ? strcmp(s, "true") == 0 : -1;
}

static int64_t number_of(const struct htp_request *q, const json_t *o, const char *key)
{
	const char *s = o ? NULL : htp_query(q, key);

	return o ? adi_in_int(o, key, 0) : s ? strtoll(s, NULL, 10) : 0;
}

struct dat_device_filter adi_device_filter(const struct htp_request *q, const json_t *o)
{
	struct dat_device_filter f = {
		DAT_DEVICE_FILTER,
		.search = text_of(q, o, "q"),
		.owner_guid = text_of(q, o, "owner"),
		.group_guid = text_of(q, o, "group"),
		.tag = text_of(q, o, "tag"),
		.os = text_of(q, o, "os"),
	};
	const char *status = text_of(q, o, "status");
	int online = flag_of(q, o, "online");
	int64_t days = number_of(q, o, "unseen_days"), now = adi_now();

	for (int i = DAT_DEVICE_OFF; i <= DAT_DEVICE_PENDING && status; i++) {
		if (strcmp(status, adi_device_status_name((enum dat_device_status)i)) == 0)
			f.status = i;
	}
	if (online == 1)
		f.online_since = now - ADI_WRITTEN_MS;
	if (online == 0)
		f.offline_since = now - ADI_WRITTEN_MS;
	if (days > 0)
		f.offline_since = now - days * DAT_DAY_MS;
	return f;
}

static int pass(const struct dat_device *d, void *arg)
{
	(void)d;
	(void)arg;
	return HWS_OK;
}

int adi_device_visible(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_device *d)
{
	struct dat_device_filter f = { DAT_DEVICE_FILTER, .guid = d->guid };
	const struct adi_who *w = adi_who(q);
	struct dat_reach reach;
	int64_t n = 0;
	int r;

	if (w->account.role != DAT_ROLE_USER || strcmp(d->owner_guid, w->account.guid) == 0)
		return HWS_OK;
	f.reach = &reach;
	r = adi_reach_load(app, c, w->account.guid, &reach);
	if (r == HWS_OK)
		r = dat_device_list(c, &f, (struct dat_page){ .limit = 1 }, pass, NULL, &n);
	dat_reach_done(&reach);
	return r == HWS_OK && !n ? HWS_ERR_NOTFOUND : r;
}

/* --- deeds ------------------------------------------------------------------------------------ */

const char *adi_device_refuses(enum adi_device_deed deed, const struct dat_device *d)
{
	if (deed == ADI_APPROVE && d->status == DAT_DEVICE_OFF)
		return "The device is disabled; enable it.";
	if (deed == ADI_ENABLE && d->status == DAT_DEVICE_PENDING)
		return "The device waits for approval; approve it.";
	return NULL;
}

static int order(struct sql_conn *c, enum dat_order_what what, const char *cmd,
		const struct dat_device *d)
{
	struct dat_order o = { .what = what };
	int r = hws_str_copy(o.target, sizeof(o.target), d->id);

	if (r == HWS_OK)
		r = hws_str_copy(o.cmd, sizeof(o.cmd), cmd);
	if (r == HWS_OK && hws_str_equal(cmd, "enrol"))
		r = hws_str_copy(o.uuid, sizeof(o.uuid), d->uuid);
	if (r == HWS_OK && hws_str_equal(cmd, "enrol"))
		r = hws_str_copy(o.pk, sizeof(o.pk), d->key);
	return r == HWS_OK ? dat_order_put(c, &o, adi_now()) : r;
}

int adi_device_order(struct sql_conn *c, enum adi_device_deed deed, const struct dat_device *d)
{
	static const struct {
		enum dat_order_what what;
		const char *cmd;
	} orders[] = { [ADI_APPROVE] = { DAT_ORDER_ENTRY, "enrol" },
		[ADI_ENABLE] = { DAT_ORDER_GATE, "unblock" },
		[ADI_DISABLE] = { DAT_ORDER_GATE, "block" },
		[ADI_KICK] = { DAT_ORDER_GATE, NULL },
		[ADI_REMOVE] = { DAT_ORDER_ENTRY, "remove" } };
	int r = HWS_OK;

	if (orders[deed].cmd)
		r = order(c, orders[deed].what, orders[deed].cmd, d);
	/* it may have waited for approval when it was disabled: nobody has let it in since */
	if (r == HWS_OK && deed == ADI_ENABLE && *d->key)
		r = order(c, DAT_ORDER_ENTRY, "enrol", d);
	return r;
}

int adi_device_do(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		enum adi_device_deed deed, const struct dat_device *d)
{
	static const char *const kinds[] = { [ADI_APPROVE] = "device.approve",
		[ADI_ENABLE] = "device.enable",
		[ADI_DISABLE] = "device.disable",
		[ADI_KICK] = "device.kick",
		[ADI_REMOVE] = "device.remove" };
	const char *by = adi_who(q)->account.name;
	int64_t now = adi_now();
	int r;

	switch (deed) {
	case ADI_APPROVE:
	case ADI_ENABLE:
		r = dat_device_set_status(c, d->guid, DAT_DEVICE_ON, now);
		break;
	case ADI_DISABLE:
		r = dat_device_set_status(c, d->guid, DAT_DEVICE_OFF, now);
		break;
	case ADI_KICK:
		r = dat_end_ask(c, d->guid, DAT_CONN_ALL, by, now);
		break;
	case ADI_REMOVE:
	default:
		r = dat_device_remove(c, d->guid);
	}
	if (r == HWS_OK)
		r = adi_device_order(c, deed, d);
	if (r < 0)
		return r;
	return adi_audit(app, c, q,
			&(struct adi_deed){ .kind = kinds[deed],
					.target_kind = "device",
					.target_guid = d->guid,
					.target_name = d->id });
}

void adi_device_done(struct adi_app *app, enum adi_device_deed deed, const struct dat_device *d,
		size_t n)
{
	/* each by itself is looked for among all that report */
	if (n > FORGET_EACH_MAX)
		adi_presence_forget(app->presence, "");
	for (size_t i = 0; i < n && n <= FORGET_EACH_MAX; i++)
		adi_presence_forget(app->presence, d[i].guid);
	if (deed != ADI_KICK)
		adi_orders_bring(app, app->fleet, false);
}
