/* admin/data/patterns: what such a list reads is not indexed; it is for scripts, page by page. */
#include "admin/data/patterns.h"
#include "admin/data/name.h"
#include "shared/base/str.h"

int dat_pattern(const char *text, char buf[DAT_PATTERN_TEXT])
{
	char folded[DAT_NAME_KEY_TEXT];
	size_t n = 0;
	int r;

	if (!text || !*text)
		return hws_str_copy(buf, DAT_PATTERN_TEXT, "%");
	if (hws_str_equal(text, "-"))
		return hws_str_copy(buf, DAT_PATTERN_TEXT, "");
	r = dat_fold(text, folded, sizeof(folded));
	for (const char *s = folded; r == HWS_OK && *s; s++) {
		if (*s == '\\')
			buf[n++] = '\\';
		buf[n++] = *s;
	}
	if (r == HWS_OK)
		buf[n] = '\0';
	return r;
}

struct list {
	dat_account_fn account;
	dat_device_fn device;
	void *arg;
};

static int account_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_account a = { 0 };
	int r = dat_account_row(row, &a);

	return r == HWS_OK ? l->account(&a, l->arg) : r;
}

#define ACCOUNTS "WHERE a.name_key LIKE $1 ESCAPE '\\' AND g.name_key LIKE $2 ESCAPE '\\' "

int dat_accounts_like(struct sql_conn *c, const char *name, const char *group, struct dat_page page,
		dat_account_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { .account = fn, .arg = arg };
	int r = sql_number(c,
			"SELECT count(*) FROM account a JOIN user_group g ON g.guid = "
			"a.user_group_guid " ACCOUNTS,
			SQL_P(SQL_T(name), SQL_T(group)), ret_total);

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c,
				DAT_ACCOUNT_COLUMNS ACCOUNTS
				"ORDER BY a.name_key LIMIT $3 OFFSET $4",
				SQL_P(SQL_T(name), SQL_T(group), SQL_I(page.limit),
						SQL_I(page.offset)),
				account_row, &l);
	return r;
}

static int device_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_device d = { 0 };
	int r = dat_device_row(row, &d);

	return r == HWS_OK ? l->device(&d, l->arg) : r;
}

#define DEVICES                                                                                    \
	"WHERE lower(d.id) LIKE $1 ESCAPE '\\' AND lower(CASE WHEN d.name_override <> '' THEN "    \
	"d.name_override ELSE d.hostname END) LIKE $2 ESCAPE '\\' AND lower(CASE WHEN "            \
	"d.user_override <> '' THEN d.user_override ELSE d.sys_username END) LIKE $3 ESCAPE '\\' " \
	"AND coalesce(o.name_key, '') LIKE $4 ESCAPE '\\' AND coalesce((SELECT u.name_key FROM "   \
	"user_group u WHERE u.guid = o.user_group_guid), '') LIKE $5 ESCAPE '\\' AND "             \
	"coalesce((SELECT x.name_key FROM device_group x WHERE x.guid = d.device_group_guid), "    \
	"'') LIKE $6 ESCAPE '\\' "
#define PARAMS(p)                                                                                  \
	SQL_T((p)->id), SQL_T((p)->name), SQL_T((p)->username), SQL_T((p)->owner),                 \
			SQL_T((p)->owner_group), SQL_T((p)->group)

int dat_devices_like(struct sql_conn *c, const struct dat_device_patterns *p, struct dat_page page,
		dat_device_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { .device = fn, .arg = arg };
	int r = sql_number(c,
			"SELECT count(*) FROM device d LEFT JOIN account o ON o.guid = "
			"d.owner_guid " DEVICES,
			SQL_P(PARAMS(p)), ret_total);

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c, DAT_DEVICE_COLUMNS DEVICES "ORDER BY d.id LIMIT $7 OFFSET $8",
				SQL_P(PARAMS(p), SQL_I(page.limit), SQL_I(page.offset)), device_row,
				&l);
	return r;
}
