/* rendezvous/store_open: the one place that knows which stores this build has. */
#include "server-rendezvous/store_open.h"
#include "server-rendezvous/config/store_place.h"

static int open_postgres(struct hws_loop *loop, const char *conninfo, bool secret, unsigned pool,
		struct rdv_store **ret, struct hws_error *err)
{
#ifdef RDV_WITH_POSTGRES
	bool password = false;
	int r = rdv_store_postgres_check(conninfo, &password, err);

	if (r < 0)
		return r;
	if (password && !secret)
		return hws_error_set(err, HWS_ERR_INVAL,
				"--store must not hold a password, everybody on this machine can "
				"read it there. Put the whole address into the config file as "
				"store-secret, or the password into a file: "
				"--store 'postgresql://USER@HOST/DATABASE?passfile=FILE'");
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

int rdv_store_open(struct hws_loop *loop, const struct rdv_config *conf, const char *state_dir,
		struct rdv_store **ret, struct hws_error *err)
{
	struct rdv_store_place place;
	int r = rdv_store_place(conf, state_dir, &place, err);

	if (r < 0)
		return r;
	switch (place.kind) {
	case RDV_STORE_MEMORY:
		return rdv_store_memory_new(loop, ret);
	case RDV_STORE_POSTGRES:
		return open_postgres(loop, place.address, place.secret, conf->store_pool, ret, err);
	default:
		return rdv_store_sqlite_open(loop, place.file, ret, err);
	}
}

void rdv_store_host(const struct rdv_config *conf, const char *state_dir, char *buf, size_t size)
{
	struct rdv_store_place place;
	int r = rdv_store_place(conf, state_dir, &place, NULL);

#ifdef RDV_WITH_POSTGRES
	if (r == HWS_OK && place.kind == RDV_STORE_POSTGRES)
		r = rdv_store_postgres_host(place.address, buf, size);
	else
#endif
		r = HWS_ERR_NOTFOUND;
	if (r < 0 && size > 0)
		buf[0] = '\0';
}
