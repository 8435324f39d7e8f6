/* admin/data/leases: one statement, so that of two that ask at once one finds it taken. */
#include "admin/data/leases.h"

int dat_lease_take(
		struct sql_conn *c, const char *name, const char *holder, int64_t now, int64_t ms)
{
	int64_t changed = 0;
	int r = sql_change(c,
			"INSERT INTO lease (name, holder, fence, expires_at) VALUES ($1, $2, 1, $3) "
			"ON CONFLICT (name) DO UPDATE SET fence = CASE WHEN lease.holder = "
			"excluded.holder THEN lease.fence ELSE lease.fence + 1 END, holder = "
			"excluded.holder, expires_at = excluded.expires_at WHERE lease.holder = "
			"excluded.holder OR lease.expires_at < $4",
			SQL_P(SQL_T(name), SQL_T(holder), SQL_I(now + ms), SQL_I(now)), &changed);

	return r == HWS_OK && changed == 0 ? HWS_ERR_BUSY : r;
}

int dat_lease_end(struct sql_conn *c, const char *name, const char *holder)
{
	return sql_run(c, "DELETE FROM lease WHERE name = $1 AND holder = $2",
			SQL_P(SQL_T(name), SQL_T(holder)));
}
