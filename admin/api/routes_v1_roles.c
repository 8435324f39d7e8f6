/* Control roles in the console: what may be done in a session. */
#include "admin/api/permissions.h"
#include "admin/api/work.h"
#include "admin/data/control_roles.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

static json_t *out_role(const struct dat_control_role *role)
{
	const char *builtin = hws_str_equal(role->builtin, "not_logged") ? "not_logged_in"
									 : role->builtin;

	return json_pack("{s:s,s:s,s:s,s:b,s:o,s:s,s:I,s:I,s:I}", "guid", role->guid, "name",
			role->name, "note", role->note, "enabled", (int)role->enabled,
			"permissions", adi_out_permissions(role->perms), "builtin", builtin,
			"used_by", (json_int_t)role->used_by, "created_at",
			(json_int_t)role->created_at, "updated_at", (json_int_t)role->updated_at);
}

static int add_row(const struct dat_control_role *role, void *arg)
{
	return adi_work_add(arg, out_role(role));
}

static int do_list(struct adi_work *w)
{
	return dat_control_role_list(
			w->c, adi_v1_query(w->q, "q"), w->page, add_row, w->out, &w->total);
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", NULL };

	adi_work_list(q, reply, app, "control role", columns, do_list);
}

static int read_back(struct adi_work *w, const char *guid, const char *kind)
{
	struct dat_control_role role;
	int r = dat_control_role_get(w->c, guid, &role);

	if (r < 0)
		return r;
	if (kind)
		adi_did(&w->did, kind, "control_role", guid, role.name);
	w->out = out_role(&role);
	return HWS_OK;
}

static int do_get(struct adi_work *w)
{
	return read_back(w, htp_param(w->q, "guid"), NULL);
}

static void get(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_read(q, reply, app, "control role", do_get);
}

static int do_add(struct adi_work *w)
{
	const json_t *o = w->q->json;
	const char *note = adi_in_text(o, "note");
	char guid[DAT_GUID_TEXT];
	int r = dat_control_role_add(w->c, adi_in_text(o, "name"), note ? note : "",
			adi_in_bool(o, "enabled") != 0,
			adi_in_permissions(json_object_get(o, "permissions")), adi_now(), guid);

	w->field = r == HWS_ERR_INVAL || r == HWS_ERR_TOOBIG ? "name" : NULL;
	return r == HWS_OK ? read_back(w, guid, "control_role.add") : r;
}

static void add(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "control role", 201, do_add);
}

static int do_change(struct adi_work *w)
{
	const json_t *o = w->q->json, *given = json_object_get(o, "permissions");
	const char *guid = htp_param(w->q, "guid");
	uint64_t perms = adi_in_permissions(given);
	struct dat_control_role role;
	int r = dat_control_role_get(w->c, guid, &role);

	if (r == HWS_OK)
		r = adi_v1_unchanged(w->q, w->reply, role.updated_at);
	if (r == HWS_OK)
		r = dat_control_role_change(w->c, guid, adi_in_text(o, "name"),
				adi_in_text(o, "note"), adi_in_bool(o, "enabled"),
				given ? &perms : NULL, adi_now());
	w->field = r == HWS_ERR_INVAL || r == HWS_ERR_TOOBIG ? "name" : NULL;
	return r == HWS_OK ? read_back(w, guid, "control_role.change") : r;
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "control role", 200, do_change);
}

static int do_remove(struct adi_work *w)
{
	const char *guid = htp_param(w->q, "guid");
	struct dat_control_role role;
	int r = dat_control_role_get(w->c, guid, &role);

	if (r == HWS_OK)
		r = dat_control_role_remove(w->c, guid);
	if (r == HWS_ERR_BUSY)
		r = adi_work_refuse(w, ADI_IN_USE, NULL,
				"Users or rules have this role; give them another first.");
	if (r == HWS_OK)
		adi_did(&w->did, "control_role.remove", "control_role", guid, role.name);
	return r;
}

static void remove_role(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	adi_work_write(q, reply, app, "control role", 204, do_remove);
}

static const struct adi_call calls[] = {
	{ "listControlRoles", list, HTP_POOL_COMMON, 0 },
	{ "addControlRole", add, HTP_POOL_COMMON, 0 },
	{ "getControlRole", get, HTP_POOL_COMMON, 0 },
	{ "changeControlRole", change, HTP_POOL_COMMON, 0 },
	{ "removeControlRole", remove_role, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_roles = { calls, HWS_COUNT(calls) };
