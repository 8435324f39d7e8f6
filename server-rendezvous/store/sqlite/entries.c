/* rendezvous/store/sqlite/entries: the table `entry`; few rows, read as a whole. */
#include "server-rendezvous/store/entries_job.h"
#include "server-rendezvous/store/sqlite/rescue.h"
#include "server-rendezvous/store/sqlite/store.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

static const char sql_put[] = "INSERT INTO entry (kind, key, value) VALUES (?1, ?2, ?3) "
			      "ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value";
static const char sql_delete[] = "DELETE FROM entry WHERE kind = ?1 AND key = ?2";
static const char sql_load[] = "SELECT kind, key, value FROM entry ORDER BY kind, key";

const struct rdv_sqlite_rescue rdv_sqlite_entries_rescue = {
	"entry",
	"INSERT INTO main.entry (kind, key, value) "
	"SELECT kind, key, value FROM rescue.entry WHERE true "
	"ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
};

static int run_entry(void *conn, const char *which, const struct rdv_entry *e)
{
	sqlite3_stmt *st;
	int r = rdv_sqlite_conn_see_to_file(conn), rc;

	if (r == HWS_OK)
		r = rdv_sqlite_statement(conn, which, &st);
	if (r < 0)
		return r;
	sqlite_bind_str(st, 1, e->kind);
	sqlite_bind_str(st, 2, e->key);
	if (which == sql_put)
		sqlite_bind_str(st, 3, e->value);
	rc = sqlite3_step(st);
	r = rc == SQLITE_DONE ? HWS_OK : rdv_sqlite_failed(conn, rc);
	rdv_sqlite_release(st);
	return r;
}

static int run_put(void *conn, struct rdv_job *job)
{
	return run_entry(conn, sql_put, job->in);
}

static int run_remove(void *conn, struct rdv_job *job)
{
	return run_entry(conn, sql_delete, job->in);
}

static bool read_entry(sqlite3_stmt *st, struct rdv_entry *e)
{
	const char *kind = (const char *)sqlite3_column_text(st, 0);
	const char *key = (const char *)sqlite3_column_text(st, 1);
	const char *value = (const char *)sqlite3_column_text(st, 2);

	return kind && key && value && hws_str_copy(e->kind, sizeof(e->kind), kind) == HWS_OK &&
			hws_str_copy(e->key, sizeof(e->key), key) == HWS_OK &&
			hws_str_copy(e->value, sizeof(e->value), value) == HWS_OK;
}

static int run_load(void *conn, struct rdv_job *job)
{
	struct rdv_entry *all = NULL;
	size_t n = 0, size = 0;
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(conn, sql_load, &st), rc;

	if (r < 0)
		return r;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (n == size) {
			struct rdv_entry *grown;

			size = size ? size * 2 : 32;
			grown = hws_realloc_array(all, size, sizeof(*grown));
			if (!grown) {
				r = HWS_ERR_NOMEM;
				break;
			}
			all = grown;
		}
		n += read_entry(st, &all[n]);
	}
	if (r == HWS_OK && rc != SQLITE_DONE)
		r = rdv_sqlite_failed(conn, rc);
	rdv_sqlite_release(st);
	job->out = all;
	job->n_out = n;
	return r;
}

static int put(struct rdv_store *s, const struct rdv_entry *e, rdv_done_fn done, void *arg)
{
	return sqlite_submit(s, SQLITE_WRITE, rdv_entries_put_job(run_put, e, done, arg));
}

static int remove_entry(
		struct rdv_store *s, const char *kind, const char *key, rdv_done_fn done, void *arg)
{
	int r;
	struct rdv_job *job = rdv_entries_remove_job(run_remove, kind, key, done, arg, &r);

	return job ? sqlite_submit(s, SQLITE_WRITE, job) : r;
}

static int load(struct rdv_store *s, rdv_entries_fn done, void *arg)
{
	return sqlite_submit(s, SQLITE_READS, rdv_entries_load_job(run_load, done, arg));
}

const struct rdv_entries_ops sqlite_entries = {
	.put = put,
	.remove = remove_entry,
	.load = load,
};
