/* Devices, many at a time: one change for all that are named or that a filter leaves, and their
 * export. */
#include "admin/api/bulk.h"
#include "admin/api/device_out.h"
#include "admin/api/placing.h"
#include "admin/data/groups.h"
#include "admin/data/name.h"
#include "shared/base/clock.h"
#include "shared/base/csv.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT_PART 200u

enum what { DEED, GROUP, OWNER, TAG_ADD, TAG_REMOVE };

static const struct action {
	const char *name;
	enum what what;
	enum adi_device_deed deed;
	const char *text; /* %s: what it is set to */
} actions[] = {
	{ "approve", DEED, ADI_APPROVE, "lets it in" },
	{ "enable", DEED, ADI_ENABLE, "enables it" },
	{ "disable", DEED, ADI_DISABLE, "disables it" },
	{ "delete", DEED, ADI_REMOVE, "removes it" },
	{ "kick", DEED, ADI_KICK, "ends its sessions" },
	{ "group", GROUP, 0, "moves it to the group" },
	{ "owner", OWNER, 0, "gives it to" },
	{ "tag_add", TAG_ADD, 0, "adds the tag" },
	{ "tag_remove", TAG_REMOVE, 0, "takes the tag away" },
};

struct bulk {
	struct adi_app *app;
	struct htp_request *q;
	struct sql_conn *c;
	const struct action *action;
	const char *to; /* guid or tag; "" = none */
	char to_name[DAT_NAME_TEXT];
	struct adi_bulk many;
	struct dat_device *done; /* to be told of when all is stored */
	size_t n_done;
};

/* --- one -------------------------------------------------------------------------------------- */

static int has_tag(struct bulk *b, const struct dat_device *d, bool *ret, bool *ret_full)
{
	struct dat_device_facts *f = hws_alloc(sizeof(*f));
	int r = f ? dat_device_facts(b->c, d, f) : HWS_ERR_NOMEM;

	*ret = false;
	for (size_t i = 0; r == HWS_OK && i < f->tags; i++)
		*ret |= strcmp(f->tag[i], b->to) == 0;
	*ret_full = r == HWS_OK && f->tags == DAT_DEVICE_TAGS_MAX;
	hws_free(f);
	return r;
}

/* NULL: it changes something; "": nothing; else why it cannot be. */
static int judge(struct bulk *b, const struct dat_device *d, const char **ret)
{
	bool has = false, full = false;
	int r = HWS_OK;

	*ret = NULL;
	switch (b->action->what) {
	case DEED:
		*ret = adi_device_refuses(b->action->deed, d);
		if (!*ret &&
				((b->action->deed == ADI_DISABLE && d->status == DAT_DEVICE_OFF) ||
						(b->action->deed <= ADI_ENABLE &&
								d->status == DAT_DEVICE_ON)))
			*ret = "";
		break;
	case GROUP:
		*ret = strcmp(d->group_guid, b->to) == 0 ? "" : NULL;
		r = adi_place_check(b->c, b->q, d, NULL, b->to);
		break;
	case OWNER:
		*ret = strcmp(d->owner_guid, b->to) == 0 ? "" : NULL;
		r = adi_place_check(b->c, b->q, d, b->to, NULL);
		break;
	case TAG_ADD:
	case TAG_REMOVE:
	default:
		r = has_tag(b, d, &has, &full);
		if (has == (b->action->what == TAG_ADD))
			*ret = "";
		else if (b->action->what == TAG_ADD && full)
			*ret = "The device has 32 tags already.";
	}
	if (r != HWS_ERR_DENIED)
		return r;
	*ret = ADI_TEXT_PLACE;
	return HWS_OK;
}

static int apply(struct bulk *b, const struct dat_device *d)
{
	struct dat_device_change ch = { 0 };
	int64_t now = adi_now();
	int r;

	switch (b->action->what) {
	case DEED:
		return adi_device_do(b->app, b->c, b->q, b->action->deed, d);
	case GROUP:
		ch.group_guid = b->to;
		break;
	case OWNER:
		ch.owner_guid = b->to;
		break;
	case TAG_ADD:
	case TAG_REMOVE:
	default:
		return dat_device_tag(b->c, d->guid, b->to, b->action->what == TAG_ADD);
	}
	r = dat_device_change(b->c, d->guid, &ch, now);
	return r == HWS_OK ? adi_placed(b->app, b->c, b->q, d) : r;
}

/* It is so already here; the ID server is told again all the same. */
static int same(struct bulk *b, const struct dat_device *d)
{
	int r;

	if (b->action->what != DEED || b->many.dry_run)
		return HWS_OK;
	r = adi_device_order(b->c, b->action->deed, d);
	if (r == HWS_OK)
		b->done[b->n_done++] = *d;
	return r;
}

/* A deed has an event by itself. */
static int audit_one(struct bulk *b, const struct dat_device *d)
{
	const char *was = b->action->what == OWNER ? d->owner_name
			: b->action->what == GROUP ? d->group_name
						   : NULL;
	json_t *info = json_pack("{s:b,s:s,s:s,s:s*}", "many", 1, "action", b->action->name, "to",
			b->to_name, "before", was);
	char *text = info ? json_dumps(info, JSON_COMPACT) : NULL;
	int r = text ? adi_audit(b->app, b->c, b->q,
				       &(struct adi_deed){ .kind = "device.change",
						       .target_kind = "device",
						       .target_guid = d->guid,
						       .target_name = d->id,
						       .info = text })
		     : HWS_ERR_NOMEM;

	free(text);
	json_decref(info);
	return r;
}

static int one(struct bulk *b, const char *guid)
{
	char text[DAT_NAME_TEXT + 40];
	struct dat_device d;
	const char *why = NULL;
	int r = dat_device_get(b->c, guid, &d);

	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK; /* removed meanwhile */
	if (r == HWS_OK)
		r = judge(b, &d, &why);
	if (r == HWS_OK && why && !*why)
		return same(b, &d);
	if (r < 0)
		return r;
	if (why)
		return adi_bulk_refuse(&b->many, d.guid, adi_device_label(&d),
				strcmp(why, ADI_TEXT_PLACE) == 0 ? "forbidden" : "changed", why);
	(void)snprintf(text, sizeof(text), "%s%s%s", b->action->text, *b->to_name ? " " : "",
			b->to_name);
	r = adi_bulk_change(&b->many, d.guid, adi_device_label(&d), text);
	if (r < 0 || b->many.dry_run)
		return r;
	r = apply(b, &d);
	if (r == HWS_OK && b->action->what != DEED)
		r = audit_one(b, &d);
	if (r == HWS_OK)
		b->done[b->n_done++] = d;
	return r;
}

/* --- all -------------------------------------------------------------------------------------- */

static int pick(struct bulk *b, struct htp_reply *reply, char (*guid)[DAT_GUID_TEXT], size_t *ret_n)
{
	const json_t *list = json_object_get(b->q->json, "guids"),
		     *filter = json_object_get(b->q->json, "filter");
	int r = HWS_OK;

	*ret_n = json_array_size(list);
	for (size_t i = 0; i < *ret_n && r == HWS_OK; i++)
		r = hws_str_copy(
				guid[i], DAT_GUID_TEXT, json_string_value(json_array_get(list, i)));
	if (r == HWS_OK && filter) {
		struct dat_device_filter f = adi_device_filter(b->q, filter);

		r = dat_device_pick(b->c, &f, guid, ADI_BULK_MAX, ret_n);
	}
	if (r == HWS_OK && *ret_n > ADI_BULK_MAX) {
		adi_v1_error(reply, ADI_BAD_FIELD, "filter",
				"This filter leaves more than %u devices.", ADI_BULK_MAX);
		r = HWS_ERR_TOOBIG;
	}
	return r;
}

static bool read_target(struct bulk *b, struct htp_reply *reply)
{
	const json_t *o = b->q->json;
	const char *key = b->action->what == GROUP ? "group_guid"
			: b->action->what == OWNER ? "owner_guid"
			: b->action->what == DEED  ? NULL
						   : "tag";
	const json_t *v = key ? json_object_get(o, key) : NULL;
	struct dat_account a = { .name = "nobody" };
	struct dat_group g = { .name = "none" };
	int r = HWS_OK;

	b->to = "";
	if (!key)
		return true;
	if (!v) {
		adi_v1_error(reply, ADI_BAD_FIELD, key, "This action needs %s.", key);
		return false;
	}
	b->to = json_is_null(v) ? "" : json_string_value(v);
	if (b->action->what == OWNER && *b->to)
		r = dat_account_get(b->c, b->to, &a);
	if (b->action->what == GROUP && *b->to)
		r = dat_group_get(b->c, DAT_DEVICE_GROUP, b->to, &g);
	if (b->action->what == TAG_ADD || b->action->what == TAG_REMOVE) {
		char folded[DAT_NAME_KEY_TEXT];

		if (dat_name_key(b->to, folded) < 0) {
			adi_v1_error(reply, ADI_BAD_FIELD, key, "The tag is not as it must be.");
			return false;
		}
	}
	if (r < 0) {
		adi_v1_error(reply, ADI_BAD_FIELD, key, "There is no such %s.",
				b->action->what == OWNER ? "user" : "group of devices");
		return false;
	}
	(void)snprintf(b->to_name, sizeof(b->to_name), "%s",
			b->action->what == OWNER                   ? a.name
					: b->action->what == GROUP ? g.name
								   : b->to);
	return true;
}

static int run(struct bulk *b, struct htp_reply *reply, char (*guid)[DAT_GUID_TEXT])
{
	struct dat_tx tx;
	size_t n = 0;
	int r = dat_tx_begin(&tx, b->c);

	if (r < 0)
		return r;
	r = pick(b, reply, guid, &n);
	for (size_t i = 0; i < n && r == HWS_OK; i++)
		r = one(b, guid[i]);
	return dat_tx_end(&tx, r);
}

static void bulk(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char(*guid)[DAT_GUID_TEXT] = hws_alloc_array(ADI_BULK_MAX, DAT_GUID_TEXT);
	const char *action = adi_in_text(q->json, "action");
	struct bulk b = { .app = app, .q = q };
	int r = adi_bulk_init(&b.many, q->json);

	for (size_t i = 0; i < HWS_COUNT(actions); i++) {
		if (strcmp(action, actions[i].name) == 0)
			b.action = &actions[i];
	}
	if (!b.many.dry_run)
		b.done = hws_alloc_array(ADI_BULK_MAX, sizeof(*b.done));
	if (r < 0 || !guid || !b.action || (!b.many.dry_run && !b.done)) {
		adi_v1_error(reply, ADI_BUSY, NULL, "The server is out of memory.");
	} else if (adi_take(app, reply, &b.c)) {
		r = read_target(&b, reply) ? run(&b, reply, guid) : HWS_ERR_INVAL;
		sql_give(b.c);
		if (r == HWS_OK)
			htp_reply_json(reply, adi_bulk_out(&b.many));
		else if (reply->status < 400)
			adi_v1_fail(reply, r, "device", NULL);
		if (r == HWS_OK && b.action->what == DEED)
			adi_device_done(app, b.action->deed, b.done, b.n_done);
	}
	adi_bulk_done(&b.many);
	hws_free(b.done);
	hws_free(guid);
}

/* --- export ----------------------------------------------------------------------------------- */

struct export
{
	struct adi_app *app;
	struct htp_request *q;
	struct hws_buf *out;
	char after[DAT_ID_TEXT];
	bool begun;
	unsigned n;
};

static const char *const heads[] = { "id", "name", "status", "owner", "group", "note", "hostname",
	"user", "os", "cpu", "memory", "version", "address", "last_online_at", "registered_at" };

static void time_text(int64_t ms, char *buf, size_t size)
{
	if (!ms || size < 28)
		buf[0] = '\0';
	else
		hws_wall_text((uint64_t)ms * HWS_US_PER_MS, buf, size);
}

static int export_row(const struct dat_device *d, void *arg)
{
	char online[32], registered[32];
	struct export *e = arg;
	const char *fields[] = { d->id, d->own_name, adi_device_status_name(d->status),
		d->owner_name, d->group_name, d->note, d->hostname, d->username, d->os, d->cpu,
		d->memory, d->version, d->last_ip, online, registered };

	time_text(d->last_online, online, sizeof(online));
	time_text(d->registered_at, registered, sizeof(registered));
	for (size_t i = 0; i < HWS_COUNT(fields); i++)
		hws_csv_put(e->out, fields[i], i == 0);
	hws_buf_put_str(e->out, "\r\n");
	e->n++;
	return hws_str_copy(e->after, sizeof(e->after), d->id);
}

/* Goes on behind the last id, so that a list of any length is read by its index. */
static int export_part(void *arg, struct hws_buf *out)
{
	struct export *e = arg;
	struct dat_device_filter f = adi_device_filter(e->q, NULL);
	struct sql_conn *c;
	int r;

	e->out = out;
	e->n = 0;
	for (size_t i = 0; i < HWS_COUNT(heads) && !e->begun; i++)
		hws_csv_put(out, heads[i], i == 0);
	if (!e->begun)
		hws_buf_put_str(out, "\r\n");
	e->begun = true;
	f.after_id = e->after;
	r = sql_take(e->app->db, &c);
	if (r < 0)
		return r;
	r = dat_device_list(c, &f, (struct dat_page){ .limit = EXPORT_PART }, export_row, e, NULL);
	sql_give(c);
	if (r < 0)
		return r;
	return e->n == EXPORT_PART ? HWS_OK : HWS_ERR_EOF;
}

static int audit_export(struct adi_app *app, struct htp_request *q, struct htp_reply *reply)
{
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return HWS_ERR_STORE;
	r = adi_audit(app, c, q,
			&(struct adi_deed){ .kind = "device.export", .target_kind = "device" });
	sql_give(c);
	if (r < 0)
		adi_v1_fail(reply, r, "device", NULL);
	return r;
}

static void export_all(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct export *e;

	if (audit_export(app, q, reply) < 0)
		return;
	e = hws_alloc(sizeof(*e));
	if (!e) {
		adi_v1_error(reply, ADI_BUSY, NULL, "The server is out of memory.");
		return;
	}
	e->app = app;
	e->q = q;
	htp_reply_parts(reply, "text/csv; charset=utf-8", export_part, e, hws_free);
	htp_reply_field(reply, "Content-Disposition", "attachment; filename=\"devices.csv\"");
}

static const struct adi_call calls[] = {
	{ "changeDevices", bulk, HTP_POOL_COMMON, 0 },
	{ "exportDevices", export_all, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_devices_bulk = { calls, HWS_COUNT(calls) };
