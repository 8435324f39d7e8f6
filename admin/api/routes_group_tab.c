/* The group tab of deployed clients: devices, their owners and groups, as far as the caller may
 * connect to them. The same addresses give scripts with a token the accounts. */
#include "admin/api/reach.h"
#include "admin/api/scripts.h"
#include "admin/api/server_parts.h"
#include "admin/api/who.h"
#include "admin/data/devices.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <string.h>

/* A list that is switched off: 200, and the word by which clients clear the tab. */
static bool is_off(struct adi_app *app, struct sql_conn *c, struct htp_reply *reply)
{
	static const char text[] = "{\"error\":\"Retrieving accessible devices is disabled.\"}";
	struct adi_settings s;

	adi_app_settings(app, c, &s);
	if (s.accessible_lists)
		return false;
	htp_reply_bytes(reply, 200, "application/json; charset=utf-8", hws_bytes_str(text));
	return true;
}

/* What a list does with a connection and what the caller may reach. */
typedef int (*list_fn)(struct sql_conn *c, const struct dat_reach *reach, struct dat_page page,
		json_t *rows, int64_t *ret_total);

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app, list_fn fn)
{
	struct dat_reach reach = { .closed = NULL };
	json_t *rows = json_array();
	struct sql_conn *c = NULL;
	int64_t total = 0;
	int r;

	if (!rows)
		adi_fail(reply, HWS_ERR_NOMEM, "");
	else if (adi_take(app, reply, &c) && !is_off(app, c, reply)) {
		r = adi_reach_load(app, c, adi_who(q)->account.guid, &reach);
		if (r == HWS_OK)
			r = fn(c, &reach, adi_list_page(q), rows, &total);
		if (r < 0)
			adi_fail(reply, r, "list");
		else
			adi_reply_page(reply, total, json_incref(rows));
	}
	sql_give(c);
	dat_reach_done(&reach);
	json_decref(rows);
}

/* --- devices ---------------------------------------------------------------------------------- */

/* "linux / Debian GNU/Linux 12": clients read the system from what stands before the sign. */
static const char *os_text(const char *os, char *buf, size_t size)
{
	const char *family = adi_os_family(os), *rest = strstr(os, " / ");

	if (!*family || hws_fmt(buf, size, "%s / %s", family, rest ? rest + 3 : os) < 0)
		return os;
	return buf;
}

static int add_device(const struct dat_device *d, void *arg)
{
	char os[DAT_OS_TEXT + 16];
	json_t *o = json_pack("{s:s,s:{s:s,s:s,s:s},s:i,s:s,s:s,s:s,s:s}", "id", d->id, "info",
			"username", d->username, "os", os_text(d->os, os, sizeof(os)),
			"device_name", d->name, "status", (int)d->status, "user", d->owner_name,
			"user_name", d->owner_name, "device_group_name", d->group_name, "note",
			d->note);

	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_devices(struct sql_conn *c, const struct dat_reach *reach, struct dat_page page,
		json_t *rows, int64_t *ret_total)
{
	return dat_reach_devices(c, reach, page, add_device, rows, ret_total);
}

static void peers(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	list(q, reply, arg, list_devices);
}

/* --- accounts --------------------------------------------------------------------------------- */

/* Names, by which devices are sorted under them; addresses and notes are nobody else's. */
static int add_account(const struct dat_account *a, void *arg)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:i,s:b,s:{}}", "name", a->name, "display_name",
			a->display_name, "email", "", "note", "", "status", (int)a->status,
			"is_admin", 0, "info");

	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_accounts(struct sql_conn *c, const struct dat_reach *reach, struct dat_page page,
		json_t *rows, int64_t *ret_total)
{
	return dat_reach_accounts(c, reach, page, add_account, rows, ret_total);
}

static void users(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	if (adi_is_script(q))
		adi_scripts_users(q, reply, arg);
	else
		list(q, reply, arg, list_accounts);
}

/* --- groups ----------------------------------------------------------------------------------- */

static int add_group(const char *name, void *arg)
{
	json_t *o = json_pack("{s:s}", "name", name);

	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_groups(struct sql_conn *c, const struct dat_reach *reach, struct dat_page page,
		json_t *rows, int64_t *ret_total)
{
	return dat_reach_groups(c, reach, page, add_group, rows, ret_total);
}

static void groups(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	list(q, reply, arg, list_groups);
}

/* Of clients of 1.2.0: the group of the account. */
static void current_group(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	const struct dat_account *a = &adi_who(q)->account;

	(void)arg;
	htp_reply_json(reply, json_pack("{s:s,s:s}", "id", a->group_guid, "name", a->group_name));
}

#define FOR_USERS .access = HTP_BEARER, .rate = HTP_RATE_USER

const struct htp_route adi_routes_group_tab[] = {
	{ HTP_GET, "/api/users", FOR_USERS, .scope = "user:r", .fn = users },
	{ HTP_GET, "/api/peers", FOR_USERS, .scope = "device:r", .fn = peers },
	{ HTP_GET, "/api/device-group/accessible", FOR_USERS, .scope = "group:r", .fn = groups },
	{ HTP_POST, "/api/currentGroup", FOR_USERS, .scope = "group:r", .fn = current_group },
};
const size_t adi_routes_group_tab_count = HWS_COUNT(adi_routes_group_tab);
