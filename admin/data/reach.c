/* admin/data/reach: when a rule is open is looked at here, not by the database, which knows no
 * zones; those that are closed go into the statement as one text. */
#include "admin/data/reach.h"
#include "admin/data/access.h"
#include "admin/data/devices.h"
#include "admin/data/rules.h"
#include "admin/data/zone.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#define CLOSED_MAX (1000u * DAT_GUID_TEXT)

static int read_account(const struct sql_row *row, void *arg)
{
	struct dat_reach *r = arg;

	r->intra = sql_int(row, 1) != 0;
	return sql_copy(row, 0, r->group, sizeof(r->group));
}

struct closing {
	struct hws_buf guids;
	int64_t now;
};

static int close_rule(const struct sql_row *row, void *arg)
{
	struct closing *c = arg;
	struct dat_rule rule = { 0 };
	int r = dat_rule_row(row, &rule);
	bool open;

	if (r < 0)
		return r;
	open = !*rule.zone || dat_zone_offset(rule.zone, c->now, &rule.when.utc_offset) == HWS_OK;
	if (open && dat_when_open(&rule.when, c->now))
		return HWS_OK;
	hws_buf_put_str(&c->guids, rule.guid);
	hws_buf_put_u8(&c->guids, ',');
	return hws_buf_err(&c->guids);
}

int dat_reach_load(struct sql_conn *c, const char *account_guid, bool unowned_open, int64_t now,
		struct dat_reach *ret)
{
	struct closing closing = { .now = now };
	int r;

	*ret = (struct dat_reach){ .unowned = unowned_open };
	r = hws_str_copy(ret->account, sizeof(ret->account), account_guid);
	if (r == HWS_OK)
		r = sql_one(c,
				"SELECT a.user_group_guid, g.intra_access FROM account a JOIN "
				"user_group g ON g.guid = a.user_group_guid WHERE a.guid = $1 AND "
				"a.status = 1",
				SQL_P(SQL_T(account_guid)), read_account, ret);
	if (r < 0)
		return r == HWS_ERR_NOTFOUND ? HWS_ERR_DENIED : r;
	hws_buf_init(&closing.guids, CLOSED_MAX);
	r = sql_query(c,
			DAT_RULE_COLUMNS
			" FROM access_rule r WHERE r.enabled = 1 AND ((r.subj_kind = "
			"'user' AND r.subj_guid = $1) OR (r.subj_kind = "
			"'user_group' AND r.subj_guid = $2))",
			SQL_P(SQL_T(ret->account), SQL_T(ret->group)), close_rule, &closing);
	hws_buf_put_u8(&closing.guids, 0);
	if (r == HWS_OK)
		r = hws_buf_err(&closing.guids);
	if (r == HWS_OK) {
		ret->closed = hws_strdup((const char *)hws_buf_bytes(&closing.guids).ptr);
		r = ret->closed ? HWS_OK : HWS_ERR_NOMEM;
	}
	hws_buf_done(&closing.guids);
	return r;
}

void dat_reach_done(struct dat_reach *r)
{
	hws_free(r->closed);
	r->closed = NULL;
}

#define OF_DEVICES "FROM device d LEFT JOIN account o ON o.guid = d.owner_guid "

struct list {
	dat_account_fn account;
	int (*device)(const struct dat_device *d, void *arg);
	int (*text)(const char *text, void *arg);
	void *arg;
};

static int device_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_device d = { 0 };
	int r = dat_device_row(row, &d);

	return r == HWS_OK ? l->device(&d, l->arg) : r;
}

static int text_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;

	return l->text(sql_text(row, 0), l->arg);
}

int dat_reach_devices(struct sql_conn *c, const struct dat_reach *r, struct dat_page page,
		int (*fn)(const struct dat_device *d, void *arg), void *arg, int64_t *ret_total)
{
	struct list l = { .device = fn, .arg = arg };
	int ret = sql_number(c, "SELECT count(*) " OF_DEVICES "WHERE " DAT_REACH,
			SQL_P(DAT_REACH_PARAMS(r)), ret_total);

	page = dat_page(page);
	if (ret == HWS_OK)
		ret = sql_query(c,
				DAT_DEVICE_COLUMNS "WHERE " DAT_REACH
						   "ORDER BY d.id LIMIT $6 OFFSET $7",
				SQL_P(DAT_REACH_PARAMS(r), SQL_I(page.limit), SQL_I(page.offset)),
				device_row, &l);
	return ret;
}

static int account_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_account a = { 0 };
	int r = dat_account_row(row, &a);

	return r == HWS_OK ? l->account(&a, l->arg) : r;
}

#define OWNERS                                                                                     \
	"FROM account p WHERE p.guid IN (SELECT d.owner_guid " OF_DEVICES "WHERE " DAT_REACH       \
	") OR p.guid = $1 "

int dat_reach_accounts(struct sql_conn *c, const struct dat_reach *r, struct dat_page page,
		dat_account_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { .account = fn, .arg = arg };
	int ret = sql_number(c, "SELECT count(*) " OWNERS, SQL_P(DAT_REACH_PARAMS(r)), ret_total);

	page = dat_page(page);
	if (ret == HWS_OK)
		ret = sql_query(c,
				DAT_ACCOUNT_COLUMNS "WHERE a.guid IN (SELECT p.guid " OWNERS
						    ") ORDER BY a.name_key LIMIT $6 OFFSET $7",
				SQL_P(DAT_REACH_PARAMS(r), SQL_I(page.limit), SQL_I(page.offset)),
				account_row, &l);
	return ret;
}

#define GROUPS                                                                                     \
	"FROM device_group g WHERE g.guid IN (SELECT d.device_group_guid " OF_DEVICES              \
	"WHERE " DAT_REACH ") "

int dat_reach_groups(struct sql_conn *c, const struct dat_reach *r, struct dat_page page,
		int (*fn)(const char *name, void *arg), void *arg, int64_t *ret_total)
{
	struct list l = { .text = fn, .arg = arg };
	int ret = sql_number(c, "SELECT count(*) " GROUPS, SQL_P(DAT_REACH_PARAMS(r)), ret_total);

	page = dat_page(page);
	if (ret == HWS_OK)
		ret = sql_query(c, "SELECT g.name " GROUPS "ORDER BY g.name_key LIMIT $6 OFFSET $7",
				SQL_P(DAT_REACH_PARAMS(r), SQL_I(page.limit), SQL_I(page.offset)),
				text_row, &l);
	return ret;
}
