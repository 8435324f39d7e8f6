/* rendezvous/backends: which stores this build has. */
#include "server-rendezvous/server_parts.h"

int rdv_server_open_sqlite(struct hws_loop *loop, const char *path, struct rdv_store **ret,
		struct hws_error *err)
{
	return rdv_store_sqlite_open(loop, path, ret, err);
}

int rdv_server_open_postgres(struct hws_loop *loop, const char *conninfo, bool secret,
		unsigned pool, struct rdv_store **ret, struct hws_error *err)
{
#ifdef RDV_WITH_POSTGRES
	bool password = false;
	int r = rdv_store_postgres_check(conninfo, &password, err);

	if (r < 0)
		return r;
	if (password && !secret)
		return hws_error_set(err, HWS_ERR_INVAL,
				"--store must not hold a password, everybody on this machine can read it there. "
				"Put the whole address into the config file as store-secret, or the password "
				"into a file: --store 'postgresql://USER@HOST/DATABASE?passfile=FILE'");
	return rdv_store_postgres_open(loop, conninfo, pool, ret, err);
#else
	(void)loop;
	(void)conninfo;
	(void)secret;
	(void)pool;
	(void)ret;
	return hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"this build has no PostgreSQL: use --store sqlite");
#endif
}
