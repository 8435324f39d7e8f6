/* admin/data/groups: one set of texts for each kind, since names of tables are no parameters. */
#include "admin/data/groups.h"
#include "admin/data/changes.h"
#include "admin/data/name.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

struct texts {
	const char *add, *get, *find, *rename, *note, *remove, *list, *list_down, *count,
			*leave_rules, *leave_strategies;
};

#define COLUMNS_USER                                                                               \
	"SELECT guid, name, note, intra_access, created_at, updated_at, "                          \
	"(SELECT count(*) FROM account a WHERE a.user_group_guid = g.guid) FROM user_group g "
#define COLUMNS_DEVICE                                                                             \
	"SELECT guid, name, note, 0, created_at, updated_at, "                                     \
	"(SELECT count(*) FROM device d WHERE d.device_group_guid = g.guid) FROM device_group g "
#define TEXTS(table, columns, rules, strategies)                                                   \
	{                                                                                          \
		.add = "INSERT INTO " table                                                        \
		       " (guid, name, name_key, note, created_at, updated_at) "                    \
		       "VALUES ($1, $2, $3, $4, $5, $5)",                                          \
		.get = columns "WHERE guid = $1", .find = columns "WHERE name_key = $1",           \
		.rename = "UPDATE " table " SET name = $1, name_key = $2, updated_at = $3 "        \
			  "WHERE guid = $4",                                                       \
		.note = "UPDATE " table " SET note = $1, updated_at = $2 WHERE guid = $3",         \
		.remove = "DELETE FROM " table " WHERE guid = $1",                                 \
		.list = columns "WHERE name_key LIKE $1 ESCAPE '\\' ORDER BY name_key "            \
				"LIMIT $2 OFFSET $3",                                              \
		.list_down = columns "WHERE name_key LIKE $1 ESCAPE '\\' ORDER BY name_key DESC "  \
				     "LIMIT $2 OFFSET $3",                                         \
		.count = "SELECT count(*) FROM " table " WHERE name_key LIKE $1 ESCAPE '\\'",      \
		.leave_rules = rules, .leave_strategies = strategies                               \
	}

static const struct texts texts[] = {
	[DAT_USER_GROUP] = TEXTS("user_group", COLUMNS_USER,
			"DELETE FROM access_rule WHERE (subj_kind = 'user_group' AND subj_guid = "
			"$1) OR (obj_kind = 'user_group' AND obj_guid = $1)",
			"DELETE FROM ab_rule WHERE subj_kind = 'group' AND subj_guid = $1"),
	[DAT_DEVICE_GROUP] = TEXTS("device_group", COLUMNS_DEVICE,
			"DELETE FROM access_rule WHERE obj_kind = 'device_group' AND obj_guid = $1",
			"DELETE FROM strategy_target WHERE target_kind = 'device_group' AND "
			"target_guid = $1"),
};

static int read_group(const struct sql_row *row, void *arg)
{
	struct dat_group *g = arg;
	int r = sql_copy(row, 0, g->guid, sizeof(g->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, g->name, sizeof(g->name));
	if (r == HWS_OK)
		r = sql_copy(row, 2, g->note, sizeof(g->note));
	g->intra_access = sql_int(row, 3) != 0;
	g->created_at = sql_int(row, 4);
	g->updated_at = sql_int(row, 5);
	g->members = sql_int(row, 6);
	return r;
}

int dat_group_add(struct sql_conn *c, enum dat_group_kind kind, const char *name, const char *note,
		int64_t now, char ret_guid[DAT_GUID_TEXT])
{
	char key[DAT_NAME_KEY_TEXT], guid[DAT_GUID_TEXT];
	int r = dat_name_key(name, key);

	if (r == HWS_OK)
		r = dat_text_check(note, DAT_NOTE_TEXT, true);
	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	r = sql_run(c, texts[kind].add,
			SQL_P(SQL_T(guid), SQL_T(name), SQL_T(key), SQL_T(note), SQL_I(now)));
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

static int get(struct sql_conn *c, const char *text, const char *key, struct dat_group *ret)
{
	struct dat_group g = { 0 };
	int r = sql_one(c, text, SQL_P(SQL_T(key)), read_group, &g);

	if (r == HWS_OK)
		*ret = g;
	return r;
}

int dat_group_get(struct sql_conn *c, enum dat_group_kind kind, const char *guid,
		struct dat_group *ret)
{
	return get(c, texts[kind].get, guid, ret);
}

int dat_group_find(struct sql_conn *c, enum dat_group_kind kind, const char *name,
		struct dat_group *ret)
{
	char key[DAT_NAME_KEY_TEXT];
	int r = dat_name_key(name, key);

	/* what cannot be a name is nobody's */
	return r == HWS_OK ? get(c, texts[kind].find, key, ret) : HWS_ERR_NOTFOUND;
}

int dat_group_change(struct sql_conn *c, enum dat_group_kind kind, const char *guid,
		const char *name, const char *note, int intra_access, int64_t now)
{
	char key[DAT_NAME_KEY_TEXT];
	struct dat_tx tx;
	int r = name ? dat_name_key(name, key) : HWS_OK;

	if (r == HWS_OK && note)
		r = dat_text_check(note, DAT_NOTE_TEXT, true);
	if (r == HWS_OK && intra_access >= 0 && kind != DAT_USER_GROUP)
		r = HWS_ERR_INVAL;
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	if (name)
		r = dat_change_one(c, texts[kind].rename,
				SQL_P(SQL_T(name), SQL_T(key), SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK && note)
		r = dat_change_one(
				c, texts[kind].note, SQL_P(SQL_T(note), SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK && intra_access >= 0)
		r = dat_change_one(c,
				"UPDATE user_group SET intra_access = $1, updated_at = $2 WHERE "
				"guid = $3",
				SQL_P(SQL_I(intra_access != 0), SQL_I(now), SQL_T(guid)));
	return dat_tx_end(&tx, r);
}

int dat_group_remove(struct sql_conn *c, enum dat_group_kind kind, const char *guid)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = sql_run(c, texts[kind].leave_rules, SQL_P(SQL_T(guid)));
	if (r == HWS_OK)
		r = sql_run(c, texts[kind].leave_strategies, SQL_P(SQL_T(guid)));
	/* that no group has them any more opens them to nobody */
	if (r == HWS_OK && kind == DAT_DEVICE_GROUP)
		r = sql_run(c, "UPDATE device SET closed = 1 WHERE device_group_guid = $1",
				SQL_P(SQL_T(guid)));
	if (r == HWS_OK)
		r = dat_change_one(c, texts[kind].remove, SQL_P(SQL_T(guid)));
	if (r == HWS_OK && kind == DAT_DEVICE_GROUP)
		r = dat_changed(c, DAT_CHANGED_STRATEGY, "");
	/* the reference from its accounts */
	if (r == HWS_ERR_INVAL)
		r = HWS_ERR_BUSY;
	return dat_tx_end(&tx, r);
}

struct list {
	dat_group_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_group g = { 0 };
	int r = read_group(row, &g);

	return r == HWS_OK ? l->fn(&g, l->arg) : r;
}

int dat_group_list(struct sql_conn *c, enum dat_group_kind kind, const char *search,
		struct dat_page page, dat_group_fn fn, void *arg, int64_t *ret_total)
{
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(search, like, sizeof(like));

	return r == HWS_OK ? dat_groups_like(c, kind, like, page, fn, arg, ret_total) : r;
}

int dat_groups_like(struct sql_conn *c, enum dat_group_kind kind, const char *like,
		struct dat_page page, dat_group_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { fn, arg };
	int r = sql_number(c, texts[kind].count, SQL_P(SQL_T(like)), ret_total);

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c, page.down ? texts[kind].list_down : texts[kind].list,
				SQL_P(SQL_T(like), SQL_I(page.limit), SQL_I(page.offset)), list_row,
				&l);
	return r;
}

int dat_group_default(struct sql_conn *c, int64_t now, char ret_guid[DAT_GUID_TEXT])
{
	struct dat_group g;
	char key[DAT_NAME_KEY_TEXT], guid[DAT_GUID_TEXT];
	int r = dat_name_key(DAT_GROUP_DEFAULT, key);

	if (r == HWS_OK)
		r = get(c, texts[DAT_USER_GROUP].find, key, &g);
	if (r == HWS_ERR_NOTFOUND) {
		/* another node may make it at this moment */
		hws_rand_uuid(guid, sizeof(guid));
		r = sql_run(c,
				"INSERT INTO user_group (guid, name, name_key, intra_access, "
				"created_at, updated_at) VALUES ($1, $2, $3, 0, $4, $4) ON CONFLICT "
				"(name_key) DO NOTHING",
				SQL_P(SQL_T(guid), SQL_T(DAT_GROUP_DEFAULT), SQL_T(key),
						SQL_I(now)));
		if (r == HWS_OK)
			r = get(c, texts[DAT_USER_GROUP].find, key, &g);
	}
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, g.guid) : r;
}
