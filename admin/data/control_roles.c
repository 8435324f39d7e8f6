/* admin/data/control_roles: the two that are built in are made with the tables. */
#include "admin/data/control_roles.h"
#include "admin/data/name.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#define COLUMNS                                                                                    \
	"SELECT k.guid, k.name, k.builtin, k.note, k.enabled, k.perms, (SELECT count(*) FROM "     \
	"account a WHERE a.control_role_guid = k.guid OR (k.builtin = 'default' AND "              \
	"a.control_role_guid IS NULL)) + (SELECT count(*) FROM access_rule r WHERE "               \
	"r.control_role_guid = k.guid), k.created_at, k.updated_at FROM control_role k "

static int read_role(const struct sql_row *row, void *arg)
{
	struct dat_control_role *role = arg;
	int r = sql_copy(row, 0, role->guid, sizeof(role->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, role->name, sizeof(role->name));
	if (r == HWS_OK)
		r = sql_copy(row, 2, role->builtin, sizeof(role->builtin));
	if (r == HWS_OK)
		r = sql_copy(row, 3, role->note, sizeof(role->note));
	role->enabled = sql_int(row, 4) != 0;
	role->perms = (uint64_t)sql_int(row, 5);
	role->used_by = sql_int(row, 6);
	role->created_at = sql_int(row, 7);
	role->updated_at = sql_int(row, 8);
	return r;
}

static int get(struct sql_conn *c, const char *text, const char *key, struct dat_control_role *ret)
{
	struct dat_control_role role = { 0 };
	int r = sql_one(c, text, SQL_P(SQL_T(key)), read_role, &role);

	if (r == HWS_OK)
		*ret = role;
	return r;
}

int dat_control_role_get(struct sql_conn *c, const char *guid, struct dat_control_role *ret)
{
	return get(c, COLUMNS "WHERE k.guid = $1", guid, ret);
}

int dat_control_role_builtin(struct sql_conn *c, const char *builtin, struct dat_control_role *ret)
{
	return get(c, COLUMNS "WHERE k.builtin = $1 AND k.builtin <> ''", builtin, ret);
}

int dat_control_role_add(struct sql_conn *c, const char *name, const char *note, bool enabled,
		uint64_t perms, int64_t now, char ret_guid[DAT_GUID_TEXT])
{
	char key[DAT_NAME_KEY_TEXT], guid[DAT_GUID_TEXT];
	int r = dat_name_key(name, key);

	if (r == HWS_OK)
		r = dat_text_check(note, DAT_NOTE_TEXT, true);
	if (r == HWS_OK && !dat_perms_valid(perms))
		r = HWS_ERR_INVAL;
	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	r = sql_run(c,
			"INSERT INTO control_role (guid, name, name_key, note, enabled, perms, "
			"created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
			SQL_P(SQL_T(guid), SQL_T(name), SQL_T(key), SQL_T(note), SQL_I(enabled),
					SQL_I((int64_t)perms), SQL_I(now)));
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

int dat_control_role_change(struct sql_conn *c, const char *guid, const char *name,
		const char *note, int enabled, const uint64_t *perms, int64_t now)
{
	char key[DAT_NAME_KEY_TEXT];
	struct dat_tx tx;
	int r = name ? dat_name_key(name, key) : HWS_OK;

	if (r == HWS_OK && note)
		r = dat_text_check(note, DAT_NOTE_TEXT, true);
	if (r == HWS_OK && perms && !dat_perms_valid(*perms))
		r = HWS_ERR_INVAL;
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = dat_change_one(c, "UPDATE control_role SET updated_at = $1 WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK && name)
		r = sql_run(c, "UPDATE control_role SET name = $1, name_key = $2 WHERE guid = $3",
				SQL_P(SQL_T(name), SQL_T(key), SQL_T(guid)));
	if (r == HWS_OK && note)
		r = sql_run(c, "UPDATE control_role SET note = $1 WHERE guid = $2",
				SQL_P(SQL_T(note), SQL_T(guid)));
	if (r == HWS_OK && enabled >= 0)
		r = sql_run(c, "UPDATE control_role SET enabled = $1 WHERE guid = $2",
				SQL_P(SQL_I(enabled != 0), SQL_T(guid)));
	if (r == HWS_OK && perms)
		r = sql_run(c, "UPDATE control_role SET perms = $1 WHERE guid = $2",
				SQL_P(SQL_I((int64_t)*perms), SQL_T(guid)));
	return dat_tx_end(&tx, r);
}

int dat_control_role_remove(struct sql_conn *c, const char *guid)
{
	struct dat_control_role role;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_control_role_get(c, guid, &role);
	if (r == HWS_OK && *role.builtin)
		r = HWS_ERR_DENIED;
	if (r == HWS_OK && role.used_by)
		r = HWS_ERR_BUSY;
	if (r == HWS_OK)
		r = dat_change_one(
				c, "DELETE FROM control_role WHERE guid = $1", SQL_P(SQL_T(guid)));
	/* the reference of an account or a rule that it was given to at this moment */
	if (r == HWS_ERR_INVAL)
		r = HWS_ERR_BUSY;
	return dat_tx_end(&tx, r);
}

struct list {
	dat_control_role_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_control_role role = { 0 };
	int r = read_role(row, &role);

	return r == HWS_OK ? l->fn(&role, l->arg) : r;
}

#define FOUND "WHERE k.name_key LIKE $1 ESCAPE '\\' "

int dat_control_role_list(struct sql_conn *c, const char *search, struct dat_page page,
		dat_control_role_fn fn, void *arg, int64_t *ret_total)
{
	static const char *const texts[] = {
		COLUMNS FOUND "ORDER BY k.name_key LIMIT $2 OFFSET $3",
		COLUMNS FOUND "ORDER BY k.name_key DESC LIMIT $2 OFFSET $3",
	};
	struct list l = { fn, arg };
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(search, like, sizeof(like));

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_number(c, "SELECT count(*) FROM control_role k " FOUND, SQL_P(SQL_T(like)),
				ret_total);
	if (r == HWS_OK)
		r = sql_query(c, texts[page.down],
				SQL_P(SQL_T(like), SQL_I(page.limit), SQL_I(page.offset)), list_row,
				&l);
	return r;
}
