/* rendezvous/backends: which stores this build has. */
#include "server-rendezvous/server_parts.h"

int rdv_server_open_sqlite(struct hws_loop *loop, const char *path, struct rdv_store **ret,
		struct hws_error *err)
{
#ifdef RDV_WITH_SQLITE
	return rdv_store_sqlite_open(loop, path, ret, err);
#else
	(void)loop;
	(void)path;
	(void)ret;
	return hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"this build has no SQLite: use --store memory or a postgresql:// address");
#endif
}

int rdv_server_open_postgres(struct hws_loop *loop, const char *conninfo, unsigned pool,
		struct rdv_store **ret, struct hws_error *err)
{
#ifdef RDV_WITH_POSTGRES
	return rdv_store_postgres_open(loop, conninfo, pool, ret, err);
#else
	(void)loop;
	(void)conninfo;
	(void)pool;
	(void)ret;
	return hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"this build has no PostgreSQL: use --store sqlite");
#endif
}
