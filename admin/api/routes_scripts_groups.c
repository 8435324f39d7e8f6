/* Groups of users and of devices for operators' scripts, with who may come in and where members may
 * go as lists of names. */
#include "admin/api/people.h"
#include "admin/api/placing.h"
#include "admin/api/scripts.h"
#include "admin/api/server_parts.h"
#include "admin/data/devices.h"
#include "admin/data/group_access.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#define PEERS_MAX 500u

/* "type" of an end in lists, as scripts have it. */
enum { TYPE_USER_GROUP = 0, TYPE_DEVICE_GROUP = 1, TYPE_USER = 2 };

/* --- reading ---------------------------------------------------------------------------------- */

struct kept {
	struct dat_group *row;
	size_t n;
};

static int keep(const struct dat_group *g, void *arg)
{
	struct kept *k = arg;

	k->row[k->n++] = *g;
	return HWS_OK;
}

static int add_peer(enum dat_end kind, const char *name, void *arg)
{
	int type = kind == DAT_END_USER              ? TYPE_USER
			: kind == DAT_END_USER_GROUP ? TYPE_USER_GROUP
						     : TYPE_DEVICE_GROUP;
	json_t *o = json_pack("{s:i,s:s}", "type", type, "name", name);

	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int add_group(struct sql_conn *c, enum dat_group_kind kind, const struct dat_group *g,
		json_t *rows)
{
	json_t *in = json_array(), *out = json_array(), *o = NULL;
	int r = in && out ? dat_group_incoming(c, kind, g->guid, add_peer, in) : HWS_ERR_NOMEM;

	if (r == HWS_OK && kind == DAT_USER_GROUP)
		r = dat_group_outgoing(c, g->guid, add_peer, out);
	if (r == HWS_OK)
		o = json_pack("{s:s,s:s,s:s,s:O,s:I,s:I}", "guid", g->guid, "name", g->name, "note",
				g->note, "allowed_incomings", in, "created_at",
				(json_int_t)(g->created_at / 1000), "members",
				(json_int_t)g->members);
	if (o && kind == DAT_USER_GROUP)
		json_object_set(o, "allowed_outgoings", out);
	if (r == HWS_OK && json_array_append_new(rows, o) < 0)
		r = HWS_ERR_NOMEM;
	json_decref(in);
	json_decref(out);
	return r;
}

static int list_kind(enum dat_group_kind kind, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	struct kept k = { .row = hws_alloc_array(page.limit, sizeof(*k.row)) };
	char name[DAT_PATTERN_TEXT];
	int r = k.row ? adi_script_pattern(q, "name", name) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = dat_groups_like(c, kind, name, page, keep, &k, ret_total);
	for (size_t i = 0; i < k.n && r == HWS_OK; i++)
		r = add_group(c, kind, &k.row[i], rows);
	hws_free(k.row);
	return r;
}

static int list_user_groups(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	(void)app;
	return list_kind(DAT_USER_GROUP, c, q, page, rows, ret_total);
}

static int list_device_groups(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	(void)app;
	return list_kind(DAT_DEVICE_GROUP, c, q, page, rows, ret_total);
}

static void user_groups(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_list(q, reply, arg, "group", list_user_groups);
}

static void device_groups(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_list(q, reply, arg, "group", list_device_groups);
}

/* --- the lists of a body ---------------------------------------------------------------------- */

struct peers {
	struct dat_group_peer row[PEERS_MAX];
	size_t n;
};

static int find_peer(struct sql_conn *c, int64_t type, const char *name, struct dat_group_peer *ret)
{
	struct dat_account a;
	struct dat_group g;
	int r;

	if (type == TYPE_USER) {
		ret->kind = DAT_END_USER;
		r = dat_account_find(c, name, &a);
		return r == HWS_OK ? hws_str_copy(ret->guid, DAT_GUID_TEXT, a.guid) : r;
	}
	ret->kind = type == TYPE_USER_GROUP ? DAT_END_USER_GROUP : DAT_END_DEVICE_GROUP;
	r = dat_group_find(
			c, type == TYPE_USER_GROUP ? DAT_USER_GROUP : DAT_DEVICE_GROUP, name, &g);
	return r == HWS_OK ? hws_str_copy(ret->guid, DAT_GUID_TEXT, g.guid) : r;
}

static bool is_twice(const struct peers *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->row[i].kind == p->row[p->n].kind &&
				hws_str_equal(p->row[i].guid, p->row[p->n].guid))
			return true;
	}
	return false;
}

/* [{"type","name"}]; `other`: the type beside groups of users that may stand in it. */
static int read_peers(struct sql_conn *c, struct htp_reply *reply, const json_t *list,
		int64_t other, struct peers *ret)
{
	json_t *o;
	size_t i;

	if (!json_is_array(list))
		return HWS_ERR_PROTO;
	if (json_array_size(list) > PEERS_MAX)
		return HWS_ERR_TOOBIG;
	json_array_foreach (list, i, o) {
		const char *name = NULL;
		int64_t type = 0;
		int r = htp_json_text(o, "name", DAT_NAME_TEXT - 1, &name);

		if (r == HWS_OK)
			r = htp_json_int(o, "type", 0, 2, &type);
		if (r < 0 || (type != TYPE_USER_GROUP && type != other))
			return HWS_ERR_PROTO;
		r = find_peer(c, type, name, &ret->row[ret->n]);
		if (r == HWS_ERR_NOTFOUND)
			htp_reply_error(reply, 404, "There is no %s",
					type == TYPE_USER ? "such user" : "such group");
		if (r < 0)
			return r;
		ret->n += !is_twice(ret);
	}
	return HWS_OK;
}

static int set_access(struct sql_conn *c, const struct htp_request *q, struct htp_reply *reply,
		enum dat_group_kind kind, const char *guid)
{
	const json_t *in = json_object_get(q->json, "allowed_incomings");
	const json_t *out = json_object_get(q->json, "allowed_outgoings");
	struct peers *p = hws_alloc(sizeof(*p));
	int r = p ? HWS_OK : HWS_ERR_NOMEM;

	if (r == HWS_OK && in && !json_is_null(in)) {
		r = read_peers(c, reply, in, TYPE_USER, p);
		if (r == HWS_OK)
			r = dat_group_set_incoming(c, kind, guid, p->row, p->n, adi_now());
	}
	if (r == HWS_OK && out && !json_is_null(out) && kind == DAT_USER_GROUP) {
		p->n = 0;
		r = read_peers(c, reply, out, TYPE_DEVICE_GROUP, p);
		if (r == HWS_OK)
			r = dat_group_set_outgoing(c, guid, p->row, p->n, adi_now());
	}
	hws_free(p);
	return r;
}

/* --- making, changing, removing --------------------------------------------------------------- */

static enum dat_group_kind kind_of(const struct htp_request *q)
{
	return hws_str_starts(q->route->pattern, "/api/user-groups") ? DAT_USER_GROUP
								     : DAT_DEVICE_GROUP;
}

static void say(struct adi_did *did, enum dat_group_kind kind, const char *of_users,
		const char *of_devices, const struct dat_group *g)
{
	bool users = kind == DAT_USER_GROUP;

	adi_did(did, users ? of_users : of_devices, users ? "group" : "device_group", g->guid,
			g->name);
}

static int do_add(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	enum dat_group_kind kind = kind_of(q);
	const char *name = NULL, *note = "";
	char guid[DAT_GUID_TEXT];
	struct dat_group g;
	int r = htp_json_text(q->json, "name", DAT_NAME_TEXT - 1, &name);

	(void)app;
	r = r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
	if (r == HWS_OK)
		r = adi_script_text(q->json, "note", DAT_NOTE_TEXT, &note);
	if (r == HWS_OK)
		r = dat_group_add(c, kind, name, note, adi_now(), guid);
	if (r == HWS_OK)
		r = set_access(c, q, reply, kind, guid);
	if (r == HWS_OK)
		r = dat_group_get(c, kind, guid, &g);
	if (r < 0)
		return r;
	say(did, kind, "group.add", "device_group.add", &g);
	htp_reply_json(reply, json_pack("{s:s,s:s}", "guid", g.guid, "name", g.name));
	return HWS_OK;
}

static int do_change(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	enum dat_group_kind kind = kind_of(q);
	const char *guid = htp_param(q, "guid"), *name = NULL, *note = NULL;
	struct dat_group g;
	int r = dat_group_get(c, kind, guid, &g);

	(void)app;
	if (r == HWS_OK)
		r = adi_script_text(q->json, "name", DAT_NAME_TEXT, &name);
	if (r == HWS_OK)
		r = adi_script_text(q->json, "note", DAT_NOTE_TEXT, &note);
	if (r == HWS_OK)
		r = dat_group_change(c, kind, guid, name, note, -1, adi_now());
	if (r == HWS_OK)
		r = set_access(c, q, reply, kind, guid);
	if (r == HWS_OK)
		say(did, kind, "group.change", "device_group.change", &g);
	return r;
}

static int do_delete(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	enum dat_group_kind kind = kind_of(q);
	const char *guid = htp_param(q, "guid");
	struct dat_group g;
	int r = dat_group_get(c, kind, guid, &g);

	(void)app;
	if (r == HWS_OK)
		r = dat_group_remove(c, kind, guid);
	if (r == HWS_ERR_BUSY)
		htp_reply_error(reply, 409, "The group has members");
	if (r == HWS_OK)
		say(did, kind, "group.remove", "device_group.remove", &g);
	return r;
}

/* --- members ---------------------------------------------------------------------------------- */

struct moving {
	struct adi_app *app;
	const struct htp_request *q;
	struct sql_conn *c;
	struct htp_reply *reply;
	enum dat_group_kind kind;
	const char *guid; /* of the group, "" = out of it */
	const char *from; /* only what is in this one; NULL = wherever it is */
};

/* Devices by id, or by guid. */
static int move_device(const char *text, struct moving *m)
{
	struct dat_device_change ch = { .group_guid = m->guid };
	struct dat_device d;
	int r = dat_device_find(m->c, text, &d);

	if (r == HWS_ERR_NOTFOUND)
		r = dat_device_get(m->c, text, &d);
	if (r == HWS_OK && m->from && !hws_str_equal(d.group_guid, m->from))
		return HWS_OK;
	if (r == HWS_OK)
		r = dat_device_change(m->c, d.guid, &ch, adi_now());
	return r == HWS_OK ? adi_placed(m->app, m->c, m->q, &d) : r;
}

/* Another group has other rules: who may not change the account does not move it. */
static int move_account(const char *guid, const struct moving *m)
{
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE, .group_guid = m->guid };
	struct adi_actor by = adi_actor(m->q, guid);
	struct dat_account a;
	int r = dat_account_get(m->c, guid, &a);

	if (r == HWS_OK && !by.self && !adi_may_change(by, a.role)) {
		htp_reply_error(m->reply, 403, "Permission denied");
		return HWS_ERR_DENIED;
	}
	return r == HWS_OK ? dat_account_change(m->c, guid, &ch, adi_now()) : r;
}

static int move_one(const char *text, void *arg)
{
	struct moving *m = arg;

	return m->kind == DAT_DEVICE_GROUP ? move_device(text, m) : move_account(text, m);
}

static int move(struct sql_conn *c, const struct htp_request *q, struct htp_reply *reply,
		struct moving m, struct adi_did *did)
{
	struct dat_group g;
	int r = dat_group_get(c, m.kind, htp_param(q, "guid"), &g);

	m.c = c;
	m.q = q;
	m.reply = reply;
	if (r == HWS_OK)
		r = adi_script_each(q->json, ADI_SCRIPT_MANY, move_one, &m);
	if (r == HWS_ERR_DENIED && m.kind == DAT_DEVICE_GROUP)
		htp_reply_error(reply, 403, ADI_TEXT_PLACE);
	if (r == HWS_OK)
		say(did, m.kind, "group.members", "device_group.members", &g);
	return r;
}

static int do_members(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	return move(c, q, reply,
			(struct moving){ .app = app,
					.kind = kind_of(q),
					.guid = htp_param(q, "guid") },
			did);
}

static int do_leave(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	return move(c, q, reply,
			(struct moving){ .app = app,
					.kind = DAT_DEVICE_GROUP,
					.guid = "",
					.from = htp_param(q, "guid") },
			did);
}

static void add(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "group", do_add);
}

static void change(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "group", do_change);
}

static void delete_group(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "group", do_delete);
}

static void members(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "group or member", do_members);
}

static void leave(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "group or device", do_leave);
}

#define READ                                                                                       \
	.access = HTP_BEARER, .rate = HTP_RATE_USER, .roles = ADI_SCRIPT_READ, .scope = "group:r"
#define WRITE                                                                                      \
	.access = HTP_BEARER, .rate = HTP_RATE_USER, .roles = ADI_SCRIPT_WRITE, .scope = "group:rw"
#define BODY .body = HTP_BODY_JSON

const struct htp_route adi_routes_scripts_groups[] = {
	{ HTP_GET, "/api/user-groups", READ, .fn = user_groups },
	{ HTP_POST, "/api/user-groups", WRITE, BODY, .fn = add },
	{ HTP_PATCH, "/api/user-groups/{guid}", WRITE, BODY, .fn = change },
	{ HTP_DELETE, "/api/user-groups/{guid}", WRITE, .fn = delete_group },
	{ HTP_POST, "/api/user-groups/{guid}", WRITE, BODY, .fn = members },
	{ HTP_GET, "/api/device-groups", READ, .fn = device_groups },
	{ HTP_POST, "/api/device-groups", WRITE, BODY, .fn = add },
	{ HTP_PATCH, "/api/device-groups/{guid}", WRITE, BODY, .fn = change },
	{ HTP_DELETE, "/api/device-groups/{guid}", WRITE, .fn = delete_group },
	{ HTP_POST, "/api/device-groups/{guid}", WRITE, BODY, .fn = members },
	{ HTP_DELETE, "/api/device-groups/{guid}/devices", WRITE, BODY, .fn = leave },
};
const size_t adi_routes_scripts_groups_count = HWS_COUNT(adi_routes_scripts_groups);
