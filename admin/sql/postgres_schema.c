/* admin/sql/postgres_schema: several nodes may start at once on an empty database. */
#include "admin/sql/postgres_schema.h"
#include "admin/sql/schema.h"
#include "server-rendezvous/store/postgres/conn.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

/* Nodes that find no table yet and make it at the same time clash, and all but one look again. */
#define CREATE_TRIES 3
/* A step may have to go through all rows. */
#define ANSWER_US (600 * HWS_US_PER_S)

static const char create[] =
		"DO $$ BEGIN IF to_regnamespace('hawser_api') IS NULL THEN "
		"CREATE SCHEMA hawser_api; END IF; "
		"CREATE TABLE IF NOT EXISTS hawser_api.schema_version "
		"(version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL); "
		"EXCEPTION WHEN unique_violation OR duplicate_schema OR duplicate_table "
		"THEN NULL; END $$;"
		"LOCK TABLE hawser_api.schema_version IN EXCLUSIVE MODE;"
		"SET LOCAL search_path TO hawser_api";

/* With who did it: what an older program reads when it refuses the database. */
static int run_step(struct pg_connection *pg, size_t i, struct hws_error *err)
{
	char tail[300];
	int r = hws_fmt(tail, sizeof(tail),
			"ALTER TABLE schema_version ADD COLUMN IF NOT EXISTS program TEXT NOT NULL "
			"DEFAULT '';"
			"INSERT INTO schema_version (version, applied_at, program) VALUES (%zu, "
			"%llu, '%s')",
			i + 1, (unsigned long long)(hws_wall_us() / HWS_US_PER_MS), HAWSER_VERSION);

	if (r == HWS_OK)
		r = pg_connection_exec(pg, rdv_schema_api.step[i].sql, err);
	return r == HWS_OK ? pg_connection_exec(pg, tail, err) : r;
}

/* The column may not be there: asked for by its name in a row made JSON, it is null then. */
static int refuse_newer(struct pg_connection *pg, int64_t version, struct hws_error *err)
{
	char program[60];

	if (pg_connection_exec_text(pg,
			    "SELECT to_jsonb(v)->>'program' FROM schema_version v "
			    "ORDER BY version DESC LIMIT 1",
			    program, sizeof(program), NULL) < 0)
		*program = 0;
	return rdv_schema_newer(
			"the database of the API", version, program, &rdv_schema_api, "", err);
}

static int run_steps(struct pg_connection *pg, int64_t *ret_from, struct hws_error *err)
{
	int64_t version = 0;
	int r = pg_connection_exec_int(
			pg, "SELECT coalesce(max(version), 0) FROM schema_version", &version, err);

	if (r == HWS_OK && (version < 0 || version > (int64_t)rdv_schema_api.count))
		return refuse_newer(pg, version, err);
	*ret_from = version;
	for (size_t i = (size_t)version; i < rdv_schema_api.count && r == HWS_OK; i++)
		r = run_step(pg, i, err);
	return r;
}

static int migrate_once(struct pg_connection *pg, bool *ret_again, struct hws_error *err)
{
	int64_t from = 0;
	int r = pg_connection_exec(pg, "BEGIN", err);

	*ret_again = false;
	if (r < 0)
		return r;
	r = pg_connection_exec(pg, create, err);
	*ret_again = r < 0 && pg->c && pg->again;
	if (r == HWS_OK)
		r = run_steps(pg, &from, err);
	if (r == HWS_OK)
		r = pg_connection_exec(pg, "COMMIT", err);
	if (r == HWS_OK) {
		if (from && from < (int64_t)rdv_schema_api.count)
			hws_info("store.migrated", HWS_STR("store", "postgres"),
					HWS_U64("from", (uint64_t)from),
					HWS_U64("to", rdv_schema_api.count));
		return r;
	}
	if (pg->c && pg_connection_exec(pg, "ROLLBACK", NULL) < 0)
		pg_connection_drop(pg);
	return r;
}

static int check_encoding(struct pg_connection *pg, struct hws_error *err)
{
	int64_t utf8 = 0;
	int r = pg_connection_exec_int(pg,
			"SELECT CAST(CAST(getdatabaseencoding() = 'UTF8' AS INT) AS BIGINT)", &utf8,
			err);

	if (r == HWS_OK && !utf8)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the encoding of the PostgreSQL database must be UTF8: make "
				"another one with createdb -E UTF8");
	return r;
}

int sql_postgres_migrate(const char *conninfo, struct hws_error *err)
{
	uint64_t never = 0;
	struct pg_connection pg = {
		.conninfo = conninfo, .answer_us = ANSWER_US, .end_us = &never
	};
	bool again = true;
	int r = pg_connection_ready(&pg, err);

	if (r == HWS_OK)
		r = check_encoding(&pg, err);
	for (int i = 0; r == HWS_OK && again && i < CREATE_TRIES; i++) {
		r = migrate_once(&pg, &again, err);
		if (again && i + 1 < CREATE_TRIES)
			r = HWS_OK;
	}
	pg_connection_drop(&pg);
	return r;
}
