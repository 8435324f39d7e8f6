/* admin/data/live: what nobody speaks of any more does not count, whether its row is there or not.
 */
#include "admin/data/live.h"

#define SILENT_MS ((int64_t)180 * 1000)

int dat_live_begin(struct sql_conn *c, const struct dat_live *live, int64_t now)
{
	int r = dat_text_check(live->device_id, DAT_ID_TEXT, false);

	if (r < 0)
		return r;
	return sql_run(c,
			"INSERT INTO live_session (token, node_guid, account_guid, device_id, "
			"started_at, beat_at) VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (token) "
			"DO UPDATE SET node_guid = excluded.node_guid, beat_at = excluded.beat_at",
			SQL_P(SQL_T(live->key), SQL_T(live->node), SQL_T(live->account_guid),
					SQL_T(live->device_id), SQL_I(now)));
}

int dat_live_end(struct sql_conn *c, const char *key)
{
	return sql_run(c, "DELETE FROM live_session WHERE token = $1", SQL_P(SQL_T(key)));
}

int dat_live_end_node(struct sql_conn *c, const char *node)
{
	return sql_run(c, "DELETE FROM live_session WHERE node_guid = $1", SQL_P(SQL_T(node)));
}

int dat_live_beat(struct sql_conn *c, const char *node, int64_t now)
{
	return sql_run(c, "UPDATE live_session SET beat_at = $1 WHERE node_guid = $2",
			SQL_P(SQL_I(now), SQL_T(node)));
}

int dat_live_count(struct sql_conn *c, const char *account_guid, int64_t now, int64_t *ret)
{
	return sql_number(c,
			"SELECT count(*) FROM live_session WHERE account_guid = $1 AND beat_at > $2",
			SQL_P(SQL_T(account_guid), SQL_I(now - SILENT_MS)), ret);
}

int dat_live_sweep(struct sql_conn *c, int64_t now, int64_t *ret)
{
	return sql_change(c, "DELETE FROM live_session WHERE beat_at <= $1",
			SQL_P(SQL_I(now - SILENT_MS)), ret);
}
