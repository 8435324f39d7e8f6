/* Groups of accounts and of devices, which are alike but for what they hold. */
#include "admin/api/v1.h"
#include "admin/data/groups.h"
#include "shared/base/macros.h"

struct kind {
	enum dat_group_kind of;
	const char *what, *target, *add, *change, *remove;
};

static const struct kind people = { DAT_USER_GROUP, "group", "group", "group.add", "group.change",
	"group.remove" };
static const struct kind devices = { DAT_DEVICE_GROUP, "group of devices", "device_group",
	"device_group.add", "device_group.change", "device_group.remove" };

static json_t *out(const struct kind *k, const struct dat_group *g)
{
	bool of_people = k->of == DAT_USER_GROUP;
	json_t *o = json_pack("{s:s,s:s,s:s,s:I,s:I,s:I}", "guid", g->guid, "name", g->name, "note",
			g->note, of_people ? "members" : "devices", (json_int_t)g->members,
			"created_at", (json_int_t)g->created_at, "updated_at",
			(json_int_t)g->updated_at);

	if (of_people && o)
		json_object_set_new(o, "intra_access", json_boolean(g->intra_access));
	return o;
}

struct items {
	const struct kind *k;
	json_t *array;
};

static int add_item(const struct dat_group *g, void *arg)
{
	const struct items *l = arg;

	return json_array_append_new(l->array, out(l->k, g)) == 0 ? HWS_OK : HWS_ERR_NOMEM;
}

static void list(const struct kind *k, struct htp_request *q, struct htp_reply *reply,
		struct adi_app *app)
{
	static const char *const columns[] = { "name", NULL };
	struct items l = { k, NULL };
	struct dat_page page;
	struct sql_conn *c;
	int64_t total = 0;
	int column, r;

	if (!adi_v1_page(q, reply, &page) ||
			adi_v1_sort(q, reply, columns, &column, &page.down) < 0 ||
			!adi_take(app, reply, &c))
		return;
	l.array = json_array();
	r = dat_group_list(c, k->of, adi_v1_query(q, "q"), page, add_item, &l, &total);
	sql_give(c);
	adi_v1_listed(reply, r, k->what, l.array, page, total);
}

static void get(const struct kind *k, struct htp_request *q, struct htp_reply *reply,
		struct adi_app *app)
{
	struct dat_group g;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = dat_group_get(c, k->of, htp_param(q, "guid"), &g);
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, out(k, &g));
	else
		adi_v1_fail(reply, r, k->what, NULL);
}

static int audit(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct kind *k, const char *deed, const char *guid, const char *name)
{
	return adi_audit(app, c, q,
			&(struct adi_deed){ .kind = deed,
					.target_kind = k->target,
					.target_guid = guid,
					.target_name = name });
}

static int add_group(const struct kind *k, struct htp_request *q, struct adi_app *app,
		struct sql_conn *c, struct dat_group *ret)
{
	const char *name = adi_in_text(q->json, "name"), *note = adi_in_text(q->json, "note");
	int intra = k->of == DAT_USER_GROUP ? adi_in_bool(q->json, "intra_access") : -1;
	char guid[DAT_GUID_TEXT];
	int64_t now = adi_now();
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_group_add(c, k->of, name, note ? note : "", now, guid);
	if (r == HWS_OK)
		r = dat_group_change(c, k->of, guid, NULL, NULL, intra, now);
	if (r == HWS_OK)
		r = dat_group_get(c, k->of, guid, ret);
	if (r == HWS_OK)
		r = audit(app, c, q, k, k->add, guid, name);
	return dat_tx_end(&tx, r);
}

static void add(const struct kind *k, struct htp_request *q, struct htp_reply *reply,
		struct adi_app *app)
{
	struct dat_group g;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = add_group(k, q, app, c, &g);
	sql_give(c);
	if (r == HWS_OK)
		adi_v1_created(reply, out(k, &g));
	else
		adi_v1_fail(reply, r, k->what, r == HWS_ERR_INVAL ? "name" : NULL);
}

static int change_group(const struct kind *k, struct htp_request *q, struct htp_reply *reply,
		struct adi_app *app, struct sql_conn *c, struct dat_group *ret)
{
	const char *guid = htp_param(q, "guid");
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_group_get(c, k->of, guid, ret);
	if (r == HWS_OK)
		r = adi_v1_unchanged(q, reply, ret->updated_at);
	if (r == HWS_OK)
		r = dat_group_change(c, k->of, guid, adi_in_text(q->json, "name"),
				adi_in_text(q->json, "note"), adi_in_bool(q->json, "intra_access"),
				adi_now());
	if (r == HWS_OK)
		r = dat_group_get(c, k->of, guid, ret);
	if (r == HWS_OK)
		r = audit(app, c, q, k, k->change, guid, ret->name);
	return dat_tx_end(&tx, r);
}

static void change(const struct kind *k, struct htp_request *q, struct htp_reply *reply,
		struct adi_app *app)
{
	struct dat_group g;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = change_group(k, q, reply, app, c, &g);
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, out(k, &g));
	else if (reply->status < 400)
		adi_v1_fail(reply, r, k->what, r == HWS_ERR_INVAL ? "name" : NULL);
}

static int remove_group(const struct kind *k, struct htp_request *q, struct adi_app *app,
		struct sql_conn *c, struct dat_group *ret)
{
	const char *guid = htp_param(q, "guid");
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_group_get(c, k->of, guid, ret);
	if (r == HWS_OK)
		r = dat_group_remove(c, k->of, guid);
	if (r == HWS_OK)
		r = audit(app, c, q, k, k->remove, guid, ret->name);
	return dat_tx_end(&tx, r);
}

static void remove_one(const struct kind *k, struct htp_request *q, struct htp_reply *reply,
		struct adi_app *app)
{
	struct dat_group g = { 0 };
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = remove_group(k, q, app, c, &g);
	sql_give(c);
	if (r == HWS_OK)
		adi_v1_nothing(reply);
	else if (r == HWS_ERR_BUSY && k->of == DAT_USER_GROUP && g.members > 0)
		adi_v1_error(reply, ADI_IN_USE, NULL,
				"There are users in this group; put them into another first.");
	else
		adi_v1_fail(reply, r, k->what, NULL);
}

/* --- of people and of devices ----------------------------------------------------------------- */

#define BOTH(name, fn)                                                                             \
	static void name##_people(                                                                 \
			struct htp_request *q, struct htp_reply *reply, struct adi_app *app)       \
	{                                                                                          \
		fn(&people, q, reply, app);                                                        \
	}                                                                                          \
	static void name##_devices(                                                                \
			struct htp_request *q, struct htp_reply *reply, struct adi_app *app)       \
	{                                                                                          \
		fn(&devices, q, reply, app);                                                       \
	}

BOTH(list, list)
BOTH(get, get)
BOTH(add, add)
BOTH(change, change)
BOTH(remove, remove_one)

static const struct adi_call calls[] = {
	{ "listGroups", list_people, HTP_POOL_COMMON, 0 },
	{ "addGroup", add_people, HTP_POOL_COMMON, 0 },
	{ "getGroup", get_people, HTP_POOL_COMMON, 0 },
	{ "changeGroup", change_people, HTP_POOL_COMMON, 0 },
	{ "removeGroup", remove_people, HTP_POOL_COMMON, 0 },
	{ "listDeviceGroups", list_devices, HTP_POOL_COMMON, 0 },
	{ "addDeviceGroup", add_devices, HTP_POOL_COMMON, 0 },
	{ "getDeviceGroup", get_devices, HTP_POOL_COMMON, 0 },
	{ "changeDeviceGroup", change_devices, HTP_POOL_COMMON, 0 },
	{ "removeDeviceGroup", remove_devices, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_groups = { calls, HWS_COUNT(calls) };
