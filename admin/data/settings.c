/* admin/data/settings: a secret is sealed for the place of its key, so that it cannot be read as
 * another setting. */
#include "admin/data/settings.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>

static struct dat_cell cell_of(const char *key)
{
	return (struct dat_cell){ "setting", "sval", key };
}

int dat_setting_put(struct sql_conn *c, const struct dat_keys *keys, const char *key,
		const char *value, bool secret, const char *by, int64_t now)
{
	char *sealed = NULL;
	int r = dat_text_check(key, DAT_SHORT_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(value, DAT_SETTING_TEXT, true);
	if (r == HWS_OK)
		r = dat_text_check(by, DAT_NAME_TEXT, false);
	if (r == HWS_OK && !*key)
		r = HWS_ERR_INVAL;
	if (r == HWS_OK && secret)
		r = dat_seal(keys, cell_of(key), value, &sealed);
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO setting (skey, sval, secret, updated_by, updated_at) "
				"VALUES ($1, $2, $3, $4, $5) ON CONFLICT (skey) DO UPDATE SET sval "
				"= excluded.sval, secret = excluded.secret, updated_by = "
				"excluded.updated_by, updated_at = excluded.updated_at",
				SQL_P(SQL_T(key), SQL_T(sealed ? sealed : value), SQL_I(secret),
						SQL_T(by), SQL_I(now)));
	hws_free(sealed);
	return r;
}

struct got {
	const struct dat_keys *keys;
	const char *key;
	char *buf;
	size_t size;
};

static int read_value(const struct sql_row *row, void *arg)
{
	struct got *g = arg;

	if (sql_int(row, 1))
		return dat_unseal(g->keys, cell_of(g->key), sql_text(row, 0), g->buf, g->size);
	return hws_str_copy(g->buf, g->size, sql_text(row, 0));
}

int dat_setting_get(struct sql_conn *c, const struct dat_keys *keys, const char *key, char *buf,
		size_t size)
{
	struct got g = { keys, key, buf, size };

	return sql_one(c, "SELECT sval, secret FROM setting WHERE skey = $1", SQL_P(SQL_T(key)),
			read_value, &g);
}

int dat_setting_remove(struct sql_conn *c, const char *key)
{
	return dat_change_one(c, "DELETE FROM setting WHERE skey = $1", SQL_P(SQL_T(key)));
}

struct list {
	dat_setting_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;

	return l->fn(sql_text(row, 0), sql_int(row, 2) ? NULL : sql_text(row, 1), sql_int(row, 3),
			l->arg);
}

int dat_setting_list(struct sql_conn *c, dat_setting_fn fn, void *arg)
{
	struct list l = { fn, arg };

	return sql_query(c,
			"SELECT skey, sval, secret, updated_at FROM setting ORDER BY skey LIMIT "
			"10000",
			SQL_NONE, list_row, &l);
}
