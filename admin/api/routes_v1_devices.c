/* Devices, one at a time. What changes one is done in the database first; the rendezvous server is
 * told after the transaction, by an order that it may miss: what decides is asked of us anyway. */
#include "admin/api/device_out.h"
#include "admin/api/placing.h"
#include "admin/api/reach.h"
#include "admin/data/enrol.h"
#include "admin/data/groups.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

static void fail(struct htp_reply *reply, int r)
{
	if (reply->status < 400)
		adi_v1_fail(reply, r, "device", NULL);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct page_of {
	struct dat_device *row;
	size_t n;
};

static int keep(const struct dat_device *d, void *arg)
{
	struct page_of *p = arg;

	p->row[p->n++] = *d;
	return HWS_OK;
}

/* Further statements cannot run while a list is read: so the page first, then each of it. */
static int read_page(struct adi_app *app, struct sql_conn *c, const struct dat_device_filter *f,
		struct dat_page page, json_t **ret, int64_t *ret_total)
{
	struct page_of p = { hws_alloc_array(page.limit, sizeof(struct dat_device)), 0 };
	json_t *items = json_array();
	int r = p.row && items ? dat_device_list(c, f, page, keep, &p, ret_total) : HWS_ERR_NOMEM;

	for (size_t i = 0; i < p.n && r == HWS_OK; i++) {
		json_t *o = adi_out_device(app, c, &p.row[i], &r);

		if (r == HWS_OK && json_array_append_new(items, o) < 0)
			r = HWS_ERR_NOMEM;
	}
	hws_free(p.row);
	if (r < 0)
		json_decref(items);
	else
		*ret = items;
	return r;
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "id", "last_online_at", "name", "os", "status",
		NULL };
	struct dat_device_filter f = adi_device_filter(q, NULL);
	const struct adi_who *w = adi_who(q);
	struct dat_reach reach = { .closed = NULL };
	struct dat_page page;
	struct sql_conn *c;
	json_t *items = NULL;
	int64_t total = 0;
	int column, r = HWS_OK;

	if (!adi_v1_page(q, reply, &page) ||
			adi_v1_sort(q, reply, columns, &column, &page.down) < 0 ||
			!adi_take(app, reply, &c))
		return;
	f.order = column < 0 ? DAT_DEVICES_BY_ID : (enum dat_device_order)column;
	if (w->account.role == DAT_ROLE_USER) {
		f.reach = &reach;
		r = adi_reach_load(app, c, w->account.guid, &reach);
	}
	if (r == HWS_OK)
		r = read_page(app, c, &f, page, &items, &total);
	sql_give(c);
	dat_reach_done(&reach);
	if (r == HWS_OK)
		adi_v1_list(reply, items, page, total);
	else
		fail(reply, r);
}

static int find(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_device *ret)
{
	int r = dat_device_get(c, htp_param(q, "guid"), ret);

	return r == HWS_OK ? adi_device_visible(app, c, q, ret) : r;
}

/* What its installer would like, if anything; one that fails leaves `o` to nobody. */
static int add_proposed(struct sql_conn *c, const struct dat_device *d, json_t *o)
{
	char text[DAT_PRESET_TEXT];
	json_t *proposed;
	int r = dat_preset_get(c, d->guid, text, sizeof(text));

	proposed = r == HWS_OK ? json_loads(text, 0, NULL) : NULL;
	if (json_object_size(proposed))
		json_object_set(o, "proposed", proposed);
	json_decref(proposed);
	if (r < 0)
		json_decref(o);
	return r;
}

/* The device as it is now. */
static void show(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c, int r)
{
	struct dat_device d;
	json_t *o = NULL;

	if (r == HWS_OK)
		r = find(app, c, q, &d);
	if (r == HWS_OK)
		o = adi_out_device(app, c, &d, &r);
	if (r == HWS_OK)
		r = add_proposed(c, &d, o);
	if (r == HWS_OK)
		htp_reply_json(reply, o);
	else
		fail(reply, r);
}

static void get(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct sql_conn *c;

	if (!adi_take(app, reply, &c))
		return;
	show(q, reply, app, c, HWS_OK);
	sql_give(c);
}

/* --- changing --------------------------------------------------------------------------------- */

/* "" for null; NULL = not there. */
static const char *place_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_null(v) ? "" : json_string_value(v);
}

static int check_places(
		struct htp_reply *reply, struct sql_conn *c, const struct dat_device_change *ch)
{
	struct dat_account a;
	struct dat_group g;
	int r = HWS_OK;

	if (ch->owner_guid && *ch->owner_guid)
		r = dat_account_get(c, ch->owner_guid, &a);
	if (r == HWS_ERR_NOTFOUND)
		adi_v1_error(reply, ADI_BAD_FIELD, "owner_guid", "There is no such user.");
	if (r == HWS_OK && ch->group_guid && *ch->group_guid) {
		r = dat_group_get(c, DAT_DEVICE_GROUP, ch->group_guid, &g);
		if (r == HWS_ERR_NOTFOUND)
			adi_v1_error(reply, ADI_BAD_FIELD, "group_guid",
					"There is no such group of devices.");
	}
	return r;
}

static int set_tags(struct sql_conn *c, const char *guid, const json_t *list)
{
	const char *tags[DAT_DEVICE_TAGS_MAX];
	size_t n = json_array_size(list);

	if (!list)
		return HWS_OK;
	for (size_t i = 0; i < n && i < HWS_COUNT(tags); i++)
		tags[i] = json_string_value(json_array_get(list, i));
	return dat_device_set_tags(c, guid, tags, n, adi_now());
}

static int change_device(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c)
{
	bool closed = adi_in_bool(q->json, "closed") == 1;
	struct dat_device_change ch = {
		.closed = json_object_get(q->json, "closed") ? &closed : NULL,
		.owner_guid = place_of(q->json, "owner_guid"),
		.group_guid = place_of(q->json, "group_guid"),
		.name = adi_in_text(q->json, "name"),
		.note = adi_in_text(q->json, "note"),
	};
	struct dat_device d;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = find(app, c, q, &d);
	if (r == HWS_OK)
		r = adi_v1_unchanged(q, reply, d.updated_at);
	if (r == HWS_OK)
		r = check_places(reply, c, &ch);
	if (r == HWS_OK)
		r = dat_device_change(c, d.guid, &ch, adi_now());
	if (r == HWS_OK)
		r = adi_placed(app, c, q, &d);
	if (r == HWS_ERR_DENIED && reply->status < 400)
		adi_v1_error(reply, ADI_FORBIDDEN, NULL, ADI_TEXT_PLACE);
	if (r == HWS_OK)
		r = set_tags(c, d.guid, json_object_get(q->json, "tags"));
	if (r == HWS_OK)
		r = adi_audit(app, c, q,
				&(struct adi_deed){ .kind = "device.change",
						.target_kind = "device",
						.target_guid = d.guid,
						.target_name = d.id });
	return dat_tx_end(&tx, r);
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct sql_conn *c;

	if (!adi_take(app, reply, &c))
		return;
	show(q, reply, app, c, change_device(q, reply, app, c));
	sql_give(c);
}

/* --- deeds ------------------------------------------------------------------------------------ */

static int do_it(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c, enum adi_device_deed deed, struct dat_device *d)
{
	const char *why;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = find(app, c, q, d);
	why = r == HWS_OK ? adi_device_refuses(deed, d) : NULL;
	if (why) {
		adi_v1_error(reply, ADI_CHANGED, NULL, "%s", why);
		r = HWS_ERR_DENIED;
	}
	if (r == HWS_OK)
		r = adi_device_do(app, c, q, deed, d);
	return dat_tx_end(&tx, r);
}

static void deed(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		enum adi_device_deed what)
{
	struct dat_device d;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = do_it(q, reply, app, c, what, &d);
	if (r == HWS_OK) {
		/* no connection is held while the other server is told, and then it is shown
		 * whether that has taken it */
		sql_give(c);
		adi_device_done(app, what, &d, 1);
		if (what == ADI_REMOVE) {
			adi_v1_nothing(reply);
			return;
		}
		if (!adi_take(app, reply, &c))
			return;
	}
	show(q, reply, app, c, r);
	sql_give(c);
}

static void approve(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	deed(q, reply, app, ADI_APPROVE);
}

static void enable(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	deed(q, reply, app, ADI_ENABLE);
}

static void disable(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	deed(q, reply, app, ADI_DISABLE);
}

static void kick(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	deed(q, reply, app, ADI_KICK);
}

static void remove_device(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	deed(q, reply, app, ADI_REMOVE);
}

/* --- labels ----------------------------------------------------------------------------------- */

static int add_tag(const char *tag, int64_t devices, void *arg)
{
	return json_array_append_new(arg,
			       json_pack("{s:s,s:I}", "tag", tag, "devices",
					       (json_int_t)devices)) == 0
			? HWS_OK
			: HWS_ERR_NOMEM;
}

static void tags(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_page page;
	struct sql_conn *c;
	json_t *items;
	int64_t total = 0;
	int r;

	if (!adi_v1_page(q, reply, &page) || !adi_take(app, reply, &c))
		return;
	items = json_array();
	r = dat_device_tag_list(c, adi_v1_query(q, "q"), page, add_tag, items, &total);
	sql_give(c);
	if (r == HWS_OK) {
		adi_v1_list(reply, items, page, total);
		return;
	}
	json_decref(items);
	fail(reply, r);
}

static const struct adi_call calls[] = {
	{ "listDevices", list, HTP_POOL_COMMON, 0 },
	{ "getDevice", get, HTP_POOL_COMMON, 0 },
	{ "changeDevice", change, HTP_POOL_COMMON, 0 },
	{ "removeDevice", remove_device, HTP_POOL_COMMON, 0 },
	{ "approveDevice", approve, HTP_POOL_COMMON, 0 },
	{ "enableDevice", enable, HTP_POOL_COMMON, 0 },
	{ "disableDevice", disable, HTP_POOL_COMMON, 0 },
	{ "kickDevice", kick, HTP_POOL_COMMON, 0 },
	{ "listTags", tags, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_devices = { calls, HWS_COUNT(calls) };
