/* admin/data/key_mark: a MAC of a fixed text, as a setting. A database from before there was a mark
 * is told by the seal of its audit chain. */
#include "admin/data/key_mark.h"
#include "admin/data/audit.h"
#include "admin/data/settings.h"

#include <string.h>

#define KEY "keys.mark"

int dat_key_mark_check(struct sql_conn *c, const struct dat_keys *keys, int64_t now)
{
	struct hws_bytes about = hws_bytes_str("hawser-api mark of the keys");
	char mark[DAT_HASH_TEXT], found[DAT_HASH_TEXT];
	int r = dat_setting_get(c, keys, KEY, found, sizeof(found));

	dat_keys_mac(keys, &about, 1, mark);
	if (r == HWS_ERR_NOTFOUND) {
		r = dat_audit_fits(c, keys);
		/* of two servers that start at once the first one's stands */
		if (r == HWS_OK)
			r = sql_run(c,
					"INSERT INTO setting (skey, sval, updated_at) VALUES ($1, "
					"$2, $3) ON CONFLICT (skey) DO NOTHING",
					SQL_P(SQL_T(KEY), SQL_T(mark), SQL_I(now)));
		if (r == HWS_OK)
			r = dat_setting_get(c, keys, KEY, found, sizeof(found));
	}
	if (r == HWS_ERR_TOOBIG || (r == HWS_OK && strcmp(found, mark) != 0))
		r = HWS_ERR_CRYPTO;
	return r;
}

int dat_key_mark_none(struct sql_conn *c)
{
	int64_t n = 0;
	int r = sql_number(c,
			"SELECT (SELECT count(*) FROM setting WHERE skey = $1) + (SELECT count(*) "
			"FROM audit_head)",
			SQL_P(SQL_T(KEY)), &n);

	return r == HWS_OK && n ? HWS_ERR_CRYPTO : r;
}
