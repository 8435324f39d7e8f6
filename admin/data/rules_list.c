/* admin/data/rules_list: rules among many, with the names of what they point at: an end is of
 * several kinds, so that it is looked for in a table of each. */
#include "admin/data/name.h"
#include "admin/data/rules.h"
#include "shared/base/str.h"

#define NAMED                                                                                      \
	DAT_RULE_COLUMNS                                                                           \
	", coalesce(sa.name, sg.name, ''), coalesce(oa.name, og.name, dg.name, d.id, ''), "        \
	"coalesce(k.name, '') FROM access_rule r "                                                 \
	"LEFT JOIN account sa ON r.subj_kind = 'user' AND sa.guid = r.subj_guid "                  \
	"LEFT JOIN user_group sg ON r.subj_kind = 'user_group' AND sg.guid = r.subj_guid "         \
	"LEFT JOIN account oa ON r.obj_kind = 'user' AND oa.guid = r.obj_guid "                    \
	"LEFT JOIN user_group og ON r.obj_kind = 'user_group' AND og.guid = r.obj_guid "           \
	"LEFT JOIN device_group dg ON r.obj_kind = 'device_group' AND dg.guid = r.obj_guid "       \
	"LEFT JOIN device d ON r.obj_kind = 'device' AND d.guid = r.obj_guid "                     \
	"LEFT JOIN control_role k ON k.guid = r.control_role_guid "

struct named {
	struct dat_rule rule;
	struct dat_rule_names names;
};

static int read_named(const struct sql_row *row, void *arg)
{
	struct named *n = arg;
	int r = dat_rule_row(row, &n->rule);

	if (r == HWS_OK)
		r = sql_copy(row, DAT_RULE_COLUMNS_N, n->names.subj, sizeof(n->names.subj));
	if (r == HWS_OK)
		r = sql_copy(row, DAT_RULE_COLUMNS_N + 1, n->names.obj, sizeof(n->names.obj));
	if (r == HWS_OK)
		r = sql_copy(row, DAT_RULE_COLUMNS_N + 2, n->names.control_role,
				sizeof(n->names.control_role));
	return r;
}

int dat_rule_get_named(struct sql_conn *c, const char *guid, struct dat_rule *ret,
		struct dat_rule_names *ret_names)
{
	struct named n = { 0 };
	int r = sql_one(c, NAMED "WHERE r.guid = $1", SQL_P(SQL_T(guid)), read_named, &n);

	if (r < 0)
		return r;
	*ret = n.rule;
	*ret_names = n.names;
	return HWS_OK;
}

struct list {
	dat_rule_named_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct named n = { 0 };
	int r = read_named(row, &n);

	return r == HWS_OK ? l->fn(&n.rule, &n.names, l->arg) : r;
}

#define WHERE                                                                                      \
	"WHERE (r.name_key LIKE $1 ESCAPE '\\' OR lower(r.note) LIKE $1 ESCAPE '\\') AND "         \
	"($2 = '' OR r.subj_guid = $2) AND ($3 = '' OR r.obj_guid = $3) AND ($4 < 0 OR "           \
	"r.enabled = $4) "
#define PART " LIMIT $5 OFFSET $6"

int dat_rule_find(struct sql_conn *c, const struct dat_rule_filter *f, struct dat_page page,
		dat_rule_named_fn fn, void *arg, int64_t *ret_total)
{
	static const char *const texts[2][2] = {
		{ NAMED WHERE "ORDER BY r.created_at, r.guid" PART,
				NAMED WHERE "ORDER BY r.created_at DESC, r.guid DESC" PART },
		{ NAMED WHERE "ORDER BY r.name_key, r.guid" PART,
				NAMED WHERE "ORDER BY r.name_key DESC, r.guid DESC" PART },
	};
	struct list l = { fn, arg };
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(f->search, like, sizeof(like));

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_number(c, "SELECT count(*) FROM access_rule r " WHERE,
				SQL_P(SQL_T(like), SQL_T(f->subj_guid), SQL_T(f->obj_guid),
						SQL_I(f->enabled)),
				ret_total);
	if (r == HWS_OK)
		r = sql_query(c, texts[f->by_name][page.down],
				SQL_P(SQL_T(like), SQL_T(f->subj_guid), SQL_T(f->obj_guid),
						SQL_I(f->enabled), SQL_I(page.limit),
						SQL_I(page.offset)),
				list_row, &l);
	return r;
}
