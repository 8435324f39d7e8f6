/* rendezvous/store/postgres/schema: the numbered steps (store/schema.h) on PostgreSQL. Everything
 * lives in the schema "hawser" of the database that was named. */
#include "server-rendezvous/store/postgres/schema.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

/* Nodes that find no table yet and make it at the same time clash, and all but one look again. */
#define CREATE_TRIES 3

/* With who did it: what an older program reads when it refuses the database. */
static int note_version(
		struct pg_connection *l, const struct rdv_schema *schema, struct hws_error *err)
{
	char sql[200];
	int r = hws_fmt(sql, sizeof(sql),
			"ALTER TABLE version ADD COLUMN IF NOT EXISTS program text NOT NULL "
			"DEFAULT ''; UPDATE version SET step = %zu, program = '%s'",
			schema->count, HAWSER_VERSION);

	return r == HWS_OK ? pg_connection_exec(l, sql, err) : r;
}

static int run_steps(struct pg_connection *l, const struct rdv_schema *schema, int64_t from,
		struct hws_error *err)
{
	int r = HWS_OK;

	for (size_t i = (size_t)from; i < schema->count && r == HWS_OK; i++)
		r = pg_connection_exec(l, schema->step[i].sql, err);
	return r == HWS_OK ? note_version(l, schema, err) : r;
}

/* The column may not be there: asked for by its name in a row made JSON, it is null then. */
static int refuse_newer(struct pg_connection *l, const struct rdv_schema *schema, int64_t version,
		struct hws_error *err)
{
	char program[60];

	if (pg_connection_exec_text(l, "SELECT to_jsonb(v)->>'program' FROM version v", program,
			    sizeof(program), NULL) < 0)
		*program = 0;
	return rdv_schema_newer("the database", version, program, schema, "", err);
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

/* In one transaction, and under a lock that other nodes wait for: on a table of ours, since
 * everybody who may connect can take those that are mere numbers. */
static int migrate_locked(struct pg_connection *l, const struct rdv_schema *schema,
		int64_t *ret_from, struct hws_error *err)
{
	int64_t step = 0;
	int r = pg_connection_exec(l, "LOCK TABLE version IN EXCLUSIVE MODE", err);

	if (r == HWS_OK)
		r = pg_connection_exec_int(l, "SELECT max(step)::bigint FROM version", &step, err);
	if (r < 0)
		return r;
	if (step < 0 || (uint64_t)step > schema->count)
		return refuse_newer(l, schema, step, err);
	*ret_from = step;
	return step < (int64_t)schema->count ? run_steps(l, schema, step, err) : HWS_OK;
}

static int create_if_none(struct pg_connection *l, bool *ret_created, struct hws_error *err)
{
	int64_t there = 0;
	int r = pg_connection_exec_int(l,
			"SELECT (to_regclass('hawser.version') IS NOT NULL)::int::bigint", &there,
			err);

	*ret_created = r == HWS_OK && !there;
	if (!*ret_created)
		return r;
	return pg_connection_exec(l,
			"DO $$ BEGIN IF to_regnamespace('hawser') IS NULL THEN "
			"CREATE SCHEMA hawser; END IF; "
			"CREATE TABLE hawser.version (step int NOT NULL); "
			"INSERT INTO hawser.version VALUES (0); "
			"EXCEPTION WHEN unique_violation OR duplicate_schema OR duplicate_table "
			"THEN NULL; END $$",
			err);
}

/* *ret_again: another node has just made the tables, so that a second look will find them. */
static int migrate_once(struct pg_connection *l, const struct rdv_schema *schema, bool *ret_again,
		struct hws_error *err)
{
	bool created = false;
	int64_t from = 0;
	int r = pg_connection_exec(l, "BEGIN", err);

	*ret_again = false;
	if (r < 0)
		return r;
	r = create_if_none(l, &created, err);
	*ret_again = r < 0 && created && l->c;
	if (r == HWS_OK)
		r = migrate_locked(l, schema, &from, err);
	if (r == HWS_OK)
		r = pg_connection_exec(l, "COMMIT", err);
	if (r == HWS_OK) {
		if (from && from < (int64_t)schema->count)
			hws_info("store.migrated", HWS_STR("store", "postgres"),
					HWS_U64("from", (uint64_t)from),
					HWS_U64("to", schema->count));
		return r;
	}
	if (l->c && pg_connection_exec(l, "ROLLBACK", NULL) < 0)
		pg_connection_drop(l);
	*ret_again = *ret_again && l->c;
	return r;
}

int pg_schema_migrate(
		struct pg_connection *l, const struct rdv_schema *schema, struct hws_error *err)
{
	int r = check_encoding(l, err);
	bool again = r == HWS_OK;

	for (int i = 0; again && i < CREATE_TRIES; i++)
		r = migrate_once(l, schema, &again, err);
	return r;
}
