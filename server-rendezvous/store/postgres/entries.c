/* rendezvous/store/postgres/entries: the table `entry`; few rows, read as a whole. */
#include "server-rendezvous/store/entries_job.h"
#include "server-rendezvous/store/postgres/row.h"
#include "server-rendezvous/store/postgres/store.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define ENTRY_TEXT "$1::text, $2::text, $3::text"

static const struct pg_statement statements[] = {
	{ "entry_put",
			"INSERT INTO entry (kind, key, value) VALUES (" ENTRY_TEXT
			") ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value" },
	{ "entry_delete", "DELETE FROM entry WHERE kind = $1::text AND key = $2::text" },
	{ "entry_load", "SELECT kind, key, value FROM entry ORDER BY kind, key" },
};
const struct pg_statements pg_entries_statements = { statements, HWS_COUNT(statements) };

static int run_entry(void *conn, const char *statement, size_t n, const struct rdv_entry *e)
{
	struct pg_param params[] = { PG_TEXT(e->kind), PG_TEXT(e->key), PG_TEXT(e->value) };
	PGresult *res;
	int r;

	for (size_t i = 0; i < n; i++) {
		if (!hws_utf8_valid(hws_bytes(params[i].ptr, params[i].len)))
			return HWS_ERR_INVAL;
	}
	r = pg_connection_query(pg_worker_connection(conn), statement, params, n, &res);
	PQclear(res);
	return r;
}

static int run_put(void *conn, struct rdv_job *job)
{
	return run_entry(conn, "entry_put", 3, job->in);
}

static int run_remove(void *conn, struct rdv_job *job)
{
	return run_entry(conn, "entry_delete", 2, job->in);
}

static int run_load(void *conn, struct rdv_job *job)
{
	struct pg_connection *l = pg_worker_connection(conn);
	struct rdv_entry *all;
	PGresult *res;
	int r = pg_connection_query(l, "entry_load", NULL, 0, &res);

	if (r < 0)
		return r;
	all = hws_alloc_array((size_t)PQntuples(res) + 1, sizeof(*all));
	job->out = all;
	if (!all)
		r = HWS_ERR_NOMEM;
	for (int i = 0; all && i < PQntuples(res); i++) {
		struct rdv_entry *e = &all[job->n_out];

		job->n_out += pg_result_text(res, i, 0, e->kind, sizeof(e->kind)) &&
				pg_result_text(res, i, 1, e->key, sizeof(e->key)) &&
				pg_result_text(res, i, 2, e->value, sizeof(e->value));
	}
	PQclear(res);
	return r;
}

static int put(struct rdv_store *s, const struct rdv_entry *e, rdv_done_fn done, void *arg)
{
	return pg_store_submit(s, PG_WORKER_WRITE, rdv_entries_put_job(run_put, e, done, arg));
}

static int remove_entry(
		struct rdv_store *s, const char *kind, const char *key, rdv_done_fn done, void *arg)
{
	int r;
	struct rdv_job *job = rdv_entries_remove_job(run_remove, kind, key, done, arg, &r);

	return job ? pg_store_submit(s, PG_WORKER_WRITE, job) : r;
}

static int load(struct rdv_store *s, rdv_entries_fn done, void *arg)
{
	return pg_store_submit(s, PG_WORKER_READ, rdv_entries_load_job(run_load, done, arg));
}

const struct rdv_entries_ops pg_entries = {
	.put = put,
	.remove = remove_entry,
	.load = load,
};
