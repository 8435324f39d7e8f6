/* admin/data/targets: what strategies are assigned to, and strategies among many. */
#include "admin/data/changes.h"
#include "admin/data/name.h"
#include "admin/data/strategies.h"
#include "shared/base/str.h"

static const struct {
	const char *name, *exists;
} targets[] = {
	[DAT_TARGET_DEVICE] = { "device", "SELECT id FROM device WHERE guid = $1" },
	[DAT_TARGET_USER] = { "user", "SELECT name FROM account WHERE guid = $1" },
	[DAT_TARGET_DEVICE_GROUP] = { "device_group",
			"SELECT name FROM device_group WHERE guid = $1" },
};

const char *dat_target_name(enum dat_target kind)
{
	return targets[kind].name;
}

int dat_target_parse(const char *name, enum dat_target *ret)
{
	for (unsigned i = 0; i < HWS_COUNT(targets); i++) {
		if (hws_str_equal(targets[i].name, name)) {
			*ret = (enum dat_target)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

static int read_name(const struct sql_row *row, void *arg)
{
	return sql_copy(row, 0, arg, DAT_NAME_TEXT);
}

int dat_target_exists(struct sql_conn *c, enum dat_target kind, const char *guid,
		char ret_name[DAT_NAME_TEXT])
{
	return sql_one(c, targets[kind].exists, SQL_P(SQL_T(guid)), read_name, ret_name);
}

int dat_target_strategy(struct sql_conn *c, enum dat_target kind, const char *guid,
		char ret_guid[DAT_GUID_TEXT])
{
	int r = sql_one(c,
			"SELECT strategy_guid FROM strategy_target WHERE target_kind = $1 AND "
			"target_guid = $2",
			SQL_P(SQL_T(targets[kind].name), SQL_T(guid)), dat_guid_row, ret_guid);

	if (r != HWS_ERR_NOTFOUND)
		return r;
	ret_guid[0] = '\0';
	return HWS_OK;
}

int dat_strategy_assign(struct sql_conn *c, const char *strategy_guid, enum dat_target kind,
		const char *target_guid, int64_t now)
{
	char name[DAT_NAME_TEXT];
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	if (!*strategy_guid)
		r = dat_change_one(c,
				"DELETE FROM strategy_target WHERE target_kind = $1 AND target_guid "
				"= $2",
				SQL_P(SQL_T(targets[kind].name), SQL_T(target_guid)));
	else
		r = dat_target_exists(c, kind, target_guid, name);
	if (r == HWS_OK && *strategy_guid)
		r = sql_run(c,
				"INSERT INTO strategy_target (target_kind, target_guid, "
				"strategy_guid, assigned_at) VALUES ($1, $2, $3, $4) ON CONFLICT "
				"(target_kind, target_guid) DO UPDATE SET strategy_guid = "
				"excluded.strategy_guid, assigned_at = excluded.assigned_at",
				SQL_P(SQL_T(targets[kind].name), SQL_T(target_guid),
						SQL_T(strategy_guid), SQL_I(now)));
	if (r == HWS_OK)
		r = dat_changed(c, DAT_CHANGED_STRATEGY, "");
	return dat_tx_end(&tx, r);
}

struct target_list {
	dat_target_fn fn;
	void *arg;
};

static int target_row(const struct sql_row *row, void *arg)
{
	const struct target_list *l = arg;
	enum dat_target kind;
	int r = dat_target_parse(sql_text(row, 0), &kind);

	return r == HWS_OK ? l->fn(kind, sql_text(row, 1), sql_text(row, 2), l->arg) : r;
}

int dat_target_list(struct sql_conn *c, const char *strategy_guid, struct dat_page page,
		dat_target_fn fn, void *arg, int64_t *ret_total)
{
	struct target_list l = { fn, arg };
	int r = sql_number(c, "SELECT count(*) FROM strategy_target WHERE strategy_guid = $1",
			SQL_P(SQL_T(strategy_guid)), ret_total);

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c,
				"SELECT t.target_kind, t.target_guid, coalesce(d.id, a.name, "
				"g.name, '') FROM strategy_target t LEFT JOIN device d ON "
				"t.target_kind = 'device' AND d.guid = t.target_guid LEFT JOIN "
				"account a ON t.target_kind = 'user' AND a.guid = t.target_guid "
				"LEFT JOIN device_group g ON t.target_kind = 'device_group' AND "
				"g.guid = t.target_guid WHERE t.strategy_guid = $1 ORDER BY "
				"t.target_kind, t.target_guid LIMIT $2 OFFSET $3",
				SQL_P(SQL_T(strategy_guid), SQL_I(page.limit), SQL_I(page.offset)),
				target_row, &l);
	return r;
}

/* --- among many ------------------------------------------------------------------------------- */

struct list {
	dat_strategy_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_strategy s = { 0 };
	int r = dat_strategy_row(row, &s);

	return r == HWS_OK ? l->fn(&s, l->arg) : r;
}

#define FOUND "WHERE s.name_key LIKE $1 ESCAPE '\\' AND ($2 < 0 OR s.enabled = $2) "

int dat_strategy_find(struct sql_conn *c, const struct dat_strategy_filter *f, struct dat_page page,
		dat_strategy_fn fn, void *arg, int64_t *ret_total)
{
	static const char *const texts[] = {
		DAT_STRATEGY_COLUMNS FOUND "ORDER BY s.name_key LIMIT $3 OFFSET $4",
		DAT_STRATEGY_COLUMNS FOUND "ORDER BY s.name_key DESC LIMIT $3 OFFSET $4",
	};
	struct list l = { fn, arg };
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(f->search, like, sizeof(like));

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_number(c, "SELECT count(*) FROM strategy s " FOUND,
				SQL_P(SQL_T(like), SQL_I(f->enabled)), ret_total);
	if (r == HWS_OK)
		r = sql_query(c, texts[page.down],
				SQL_P(SQL_T(like), SQL_I(f->enabled), SQL_I(page.limit),
						SQL_I(page.offset)),
				list_row, &l);
	return r;
}

#define IN_FORCE                                                                                   \
	"coalesce(td.strategy_guid, tu.strategy_guid, tg.strategy_guid, (SELECT guid FROM "        \
	"strategy WHERE is_default = 1))"
#define OF_DEVICES                                                                                 \
	"FROM device d LEFT JOIN strategy_target td ON td.target_kind = 'device' AND "             \
	"td.target_guid = d.guid LEFT JOIN strategy_target tu ON tu.target_kind = 'user' AND "     \
	"tu.target_guid = d.owner_guid LEFT JOIN strategy_target tg ON tg.target_kind = "          \
	"'device_group' AND tg.target_guid = d.device_group_guid "

int dat_strategy_devices(struct sql_conn *c, const char *guid, int64_t *ret)
{
	return sql_number(c, "SELECT count(*) " OF_DEVICES "WHERE " IN_FORCE " = $1",
			SQL_P(SQL_T(guid)), ret);
}

struct counting {
	int (*fn)(const char *guid, int64_t devices, void *arg);
	void *arg;
};

static int count_row(const struct sql_row *row, void *arg)
{
	const struct counting *l = arg;

	return sql_null(row, 0) ? HWS_OK : l->fn(sql_text(row, 0), sql_int(row, 1), l->arg);
}

int dat_strategy_counts(struct sql_conn *c, int (*fn)(const char *guid, int64_t devices, void *arg),
		void *arg)
{
	struct counting l = { fn, arg };

	return sql_query(c, "SELECT " IN_FORCE " AS s, count(*) " OF_DEVICES "GROUP BY s", SQL_NONE,
			count_row, &l);
}
