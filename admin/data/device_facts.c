/* admin/data/device_facts: small statements for the few rows of a page. */
#include "admin/data/device_facts.h"
#include "admin/data/name.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>

static int read_strategy(const struct sql_row *row, void *arg)
{
	struct dat_device_facts *f = arg;

	/* one that is switched off means unmanaged: nothing further down steps in */
	if (sql_int(row, 2) == 0)
		return HWS_OK;
	return sql_copy(row, 0, f->strategy_guid, sizeof(f->strategy_guid)) < 0
			? HWS_ERR_CORRUPT
			: sql_copy(row, 1, f->strategy_name, sizeof(f->strategy_name));
}

static int read_tag(const struct sql_row *row, void *arg)
{
	struct dat_device_facts *f = arg;

	if (f->tags == DAT_DEVICE_TAGS_MAX)
		return HWS_OK;
	return sql_copy(row, 0, f->tag[f->tags++], sizeof(f->tag[0]));
}

int dat_device_facts(struct sql_conn *c, const struct dat_device *d, struct dat_device_facts *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = sql_number(c,
			"SELECT count(*) FROM audit_conn WHERE device_id = $1 AND end_at = 0 AND "
			"authed_at > 0",
			SQL_P(SQL_T(d->id)), &ret->sessions);
	if (r == HWS_OK)
		r = sql_query(c, "SELECT tag FROM device_tag WHERE device_guid = $1 ORDER BY tag",
				SQL_P(SQL_T(d->guid)), read_tag, ret);
	if (r == HWS_OK)
		r = sql_query(c,
				"SELECT s.guid, s.name, s.enabled FROM strategy s LEFT JOIN "
				"strategy_target t ON t.strategy_guid = s.guid AND ((t.target_kind = "
				"'device' AND t.target_guid = $1) OR (t.target_kind = 'user' AND "
				"t.target_guid = $2) OR (t.target_kind = 'device_group' AND "
				"t.target_guid = $3)) WHERE t.target_kind IS NOT NULL OR "
				"s.is_default = 1 ORDER BY CASE t.target_kind WHEN 'device' THEN 1 "
				"WHEN 'user' THEN 2 WHEN 'device_group' THEN 3 ELSE 4 END LIMIT 1",
				SQL_P(SQL_T(d->guid), SQL_T(d->owner_guid), SQL_T(d->group_guid)),
				read_strategy, ret);
	return r;
}

int dat_device_set_tags(struct sql_conn *c, const char *guid, const char *const *tags, size_t n,
		int64_t now)
{
	struct dat_tx tx;
	int r = n > DAT_DEVICE_TAGS_MAX ? HWS_ERR_FULL : dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_change_one(c, "UPDATE device SET updated_at = $1 WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK)
		r = sql_run(c, "DELETE FROM device_tag WHERE device_guid = $1", SQL_P(SQL_T(guid)));
	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		r = dat_text_check(tags[i], DAT_TAG_TEXT, false);
		if (r == HWS_OK)
			r = dat_device_tag(c, guid, tags[i], true);
	}
	return dat_tx_end(&tx, r);
}

struct tag_list {
	dat_tag_count_fn fn;
	void *arg;
};

static int tag_row(const struct sql_row *row, void *arg)
{
	const struct tag_list *l = arg;

	return l->fn(sql_text(row, 0), sql_int(row, 1), l->arg);
}

int dat_device_tag_list(struct sql_conn *c, const char *search, struct dat_page page,
		dat_tag_count_fn fn, void *arg, int64_t *ret_total)
{
	struct tag_list l = { fn, arg };
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(search, like, sizeof(like));

	page = dat_page(page);
	if (r == HWS_OK && ret_total)
		r = sql_number(c,
				"SELECT count(DISTINCT tag) FROM device_tag WHERE lower(tag) LIKE $1 "
				"ESCAPE '\\'",
				SQL_P(SQL_T(like)), ret_total);
	if (r == HWS_OK)
		r = sql_query(c,
				"SELECT tag, count(*) FROM device_tag WHERE lower(tag) LIKE $1 "
				"ESCAPE '\\' GROUP BY tag ORDER BY 2 DESC, 1 LIMIT $2 OFFSET $3",
				SQL_P(SQL_T(like), SQL_I(page.limit), SQL_I(page.offset)), tag_row,
				&l);
	return r;
}

struct pick {
	char (*guid)[DAT_GUID_TEXT];
	size_t n, max;
};

static int pick_one(const struct dat_device *d, void *arg)
{
	struct pick *p = arg;

	if (p->n < p->max)
		memcpy(p->guid[p->n], d->guid, sizeof(d->guid));
	p->n++;
	return p->n > p->max ? HWS_ERR_EOF : HWS_OK;
}

int dat_device_pick(struct sql_conn *c, const struct dat_device_filter *f,
		char (*ret)[DAT_GUID_TEXT], size_t n, size_t *ret_n)
{
	struct pick p = { ret, 0, n };
	struct dat_page page = { .limit = DAT_PAGE_MAX };
	size_t before;
	int r;

	do {
		before = p.n;
		r = dat_device_list(c, f, page, pick_one, &p, NULL);
		page.offset += DAT_PAGE_MAX;
	} while (r == HWS_OK && p.n - before == DAT_PAGE_MAX);
	*ret_n = p.n;
	return r == HWS_ERR_EOF ? HWS_OK : r;
}

struct guids {
	char (*guid)[DAT_GUID_TEXT];
	size_t n;
};

static int read_guid(const struct sql_row *row, void *arg)
{
	struct guids *g = arg;

	return sql_copy(row, 0, g->guid[g->n++], DAT_GUID_TEXT);
}

int dat_device_forget(struct sql_conn *c, int64_t before, unsigned max, int64_t *ret)
{
	struct guids g = { hws_alloc_array(max, DAT_GUID_TEXT), 0 };
	struct dat_tx tx;
	int r = g.guid ? dat_tx_begin(&tx, c) : HWS_ERR_NOMEM;

	if (r == HWS_OK) {
		r = sql_query(c,
				"SELECT guid FROM device WHERE last_online < $1 AND registered_at < "
				"$1 ORDER BY last_online, id LIMIT $2",
				SQL_P(SQL_I(before), SQL_I(max)), read_guid, &g);
		for (size_t i = 0; i < g.n && r == HWS_OK; i++)
			r = dat_device_remove(c, g.guid[i]);
		r = dat_tx_end(&tx, r);
	}
	hws_free(g.guid);
	if (r == HWS_OK)
		*ret = (int64_t)g.n;
	return r;
}

static int read_counts(const struct sql_row *row, void *arg)
{
	struct dat_device_counts *n = arg;

	*n = (struct dat_device_counts){ sql_int(row, 0), sql_int(row, 1), sql_int(row, 2),
		sql_int(row, 3), sql_int(row, 4) };
	return HWS_OK;
}

int dat_device_counts(struct sql_conn *c, int64_t online_since, struct dat_device_counts *ret)
{
	return sql_one(c,
			"SELECT (SELECT count(*) FROM device), (SELECT count(*) FROM device WHERE "
			"last_online >= $1), (SELECT count(*) FROM device WHERE status = 2), "
			"(SELECT count(*) FROM account), (SELECT count(*) FROM audit_conn WHERE "
			"end_at = 0 AND authed_at > 0)",
			SQL_P(SQL_I(online_since)), read_counts, ret);
}
