/* rendezvous/store/postgres/schema: the numbered steps (store/schema.h) on PostgreSQL. Everything
 * lives in the schema "hawser" of the database that was named. */
#include "server-rendezvous/store/postgres/schema.h"
#include "shared/base/str.h"

/* "hawser" in a number: migrations of one database happen one after the other. */
#define MIGRATION_LOCK "7523377975159973234"

static int run_step(struct pg_connection *l, const struct rdv_schema *schema, size_t i,
		struct hws_error *err)
{
	char tail[120];
	int r = hws_fmt(tail, sizeof(tail), "UPDATE version SET step = %zu", i + 1);

	if (r == HWS_OK)
		r = pg_connection_exec(l, schema->step[i].sql, err);
	return r == HWS_OK ? pg_connection_exec(l, tail, err) : r;
}

static int check_encoding(struct pg_connection *l, struct hws_error *err)
{
	int64_t utf8 = 0;
	int r = pg_connection_exec_int(
			l, "SELECT (getdatabaseencoding() = 'UTF8')::int::bigint", &utf8, err);

	if (r == HWS_OK && !utf8)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the encoding of the PostgreSQL database must be UTF8: make "
				"another one with createdb -E UTF8");
	return r;
}

/* In one transaction, and under a lock that other nodes wait for. */
static int migrate_locked(
		struct pg_connection *l, const struct rdv_schema *schema, struct hws_error *err)
{
	int64_t there = 0, step = 0;
	int r = pg_connection_exec(l, "SELECT pg_advisory_xact_lock(" MIGRATION_LOCK ")", err);

	if (r == HWS_OK)
		r = pg_connection_exec_int(l,
				"SELECT (to_regclass('hawser.version') IS NOT NULL)::int::bigint",
				&there, err);
	if (r == HWS_OK && !there)
		r = pg_connection_exec(l,
				"DO $$ BEGIN IF to_regnamespace('hawser') IS NULL THEN "
				"CREATE SCHEMA hawser; END IF; END $$;"
				"CREATE TABLE hawser.version (step int NOT NULL);"
				"INSERT INTO hawser.version VALUES (0)",
				err);
	if (r == HWS_OK)
		r = pg_connection_exec_int(l, "SELECT max(step)::bigint FROM version", &step, err);
	if (r < 0)
		return r;
	if (step < 0 || (uint64_t)step > schema->count)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the database was written by a newer hawser (version %lld of the "
				"schema, this one knows %zu); update this program",
				(long long)step, schema->count);
	for (size_t i = (size_t)step; i < schema->count && r == HWS_OK; i++)
		r = run_step(l, schema, i, err);
	return r;
}

int pg_schema_migrate(
		struct pg_connection *l, const struct rdv_schema *schema, struct hws_error *err)
{
	int r = check_encoding(l, err);

	if (r == HWS_OK)
		r = pg_connection_exec(l, "BEGIN", err);
	if (r < 0)
		return r;
	r = migrate_locked(l, schema, err);
	if (r == HWS_OK)
		return pg_connection_exec(l, "COMMIT", err);
	if (l->c && pg_connection_exec(l, "ROLLBACK", NULL) < 0)
		pg_connection_drop(l);
	return r;
}
