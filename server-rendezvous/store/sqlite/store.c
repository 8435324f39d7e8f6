/* The default back-end: one file in WAL mode. Three workers, each with its own connection: writes;
 * short reads; loading and backup, which may take long. */
#include "server-rendezvous/store/sqlite/conn.h"
#include "server-rendezvous/store/sqlite/file.h"
#include "server-rendezvous/store/workers.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <time.h>

#define QUEUE_MAX 4096u
#define LOAD_ROWS 512u
#define WRITES_MAX 10000u
#define LIST_MAX 1000u

enum { LANE_WRITE, LANE_READ, LANE_BULK, LANE_COUNT };

struct sqlite {
	struct rdv_store store;
	struct rdv_workers *workers;
	char *path;
	struct rdv_sqlite_guard guard;
	bool guarded, reader; /* reader: another process is the owner */
};

static int bind_text(sqlite3_stmt *st, int i, const char *s)
{
	return sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* false for a row that none of our programs wrote: it is left alone and not shown. */
static bool read_row(sqlite3_stmt *st, struct rdv_peer_row *row)
{
	const char *id = (const char *)sqlite3_column_text(st, 0);
	const char *ip = (const char *)sqlite3_column_text(st, 3);
	int uuid_len = sqlite3_column_bytes(st, 1), pk_len = sqlite3_column_bytes(st, 2);

	memset(row, 0, sizeof(*row));
	if (!id || hws_str_copy(row->id, sizeof(row->id), id) < 0 ||
			(unsigned)uuid_len > RDV_UUID_MAX)
		return false;
	if (!ip || hws_str_copy(row->ip, sizeof(row->ip), ip) < 0)
		row->ip[0] = 0;
	row->uuid_len = (uint8_t)uuid_len;
	if (uuid_len)
		memcpy(row->uuid, sqlite3_column_blob(st, 1), (size_t)uuid_len);
	row->has_pk = pk_len == RDV_PK_LEN;
	if (row->has_pk)
		memcpy(row->pk, sqlite3_column_blob(st, 2), RDV_PK_LEN);
	row->created_s = (uint64_t)sqlite3_column_int64(st, 4);
	row->seen_s = (uint64_t)sqlite3_column_int64(st, 5);
	return true;
}

static int put(struct rdv_sqlite_conn *c, struct rdv_write *w)
{
	uint64_t created = w->row.created_s ? w->row.created_s : (uint64_t)time(NULL);
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(c,
			    w->keep                    ? RDV_ST_PUT_KEEP
					    : w->force ? RDV_ST_PUT_FORCE
						       : RDV_ST_PUT,
			    &st),
	    rc;

	if (r < 0)
		return r;
	bind_text(st, 1, w->row.id);
	sqlite3_bind_blob(st, 2, w->row.uuid, w->row.uuid_len, SQLITE_STATIC);
	if (w->row.has_pk)
		sqlite3_bind_blob(st, 3, w->row.pk, RDV_PK_LEN, SQLITE_STATIC);
	bind_text(st, 4, w->row.ip);
	sqlite3_bind_int64(st, 5, (sqlite3_int64)created);
	sqlite3_bind_int64(st, 6, (sqlite3_int64)w->row.seen_s);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		w->result = sqlite3_changes(c->db) ? HWS_OK : HWS_ERR_EXISTS;
	else
		r = rdv_sqlite_failed(c, rc);
	rdv_sqlite_release(st);
	return r;
}

/* Does the row exist, and is the write's uuid its own? */
static int look(struct rdv_sqlite_conn *c, const char *id, const struct rdv_peer_row *row,
		bool *ret_exists, bool *ret_same)
{
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(c, RDV_ST_UUID, &st), rc;

	if (r < 0)
		return r;
	bind_text(st, 1, id);
	rc = sqlite3_step(st);
	*ret_exists = rc == SQLITE_ROW;
	*ret_same = rc == SQLITE_ROW &&
			hws_bytes_equal(hws_bytes(sqlite3_column_blob(st, 0),
							(size_t)sqlite3_column_bytes(st, 0)),
					hws_bytes(row->uuid, row->uuid_len));
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		r = rdv_sqlite_failed(c, rc);
	rdv_sqlite_release(st);
	return r;
}

static int rename_peer(struct rdv_sqlite_conn *c, struct rdv_write *w)
{
	bool old_there, old_same, new_there, new_same;
	sqlite3_stmt *st;
	int r, rc;

	r = look(c, w->old_id, &w->row, &old_there, &old_same);
	if (r == HWS_OK)
		r = look(c, w->row.id, &w->row, &new_there, &new_same);
	if (r < 0)
		return r;
	w->result = HWS_OK;
	if (new_there)
		w->result = !old_there && new_same ? HWS_OK : HWS_ERR_EXISTS;
	else if (!old_there)
		w->result = HWS_ERR_NOTFOUND;
	else if (!old_same)
		w->result = HWS_ERR_DENIED;
	if (w->result < 0 || new_there)
		return HWS_OK;
	r = rdv_sqlite_statement(c, RDV_ST_RENAME, &st);
	if (r < 0)
		return r;
	bind_text(st, 1, w->old_id);
	bind_text(st, 2, w->row.id);
	rc = sqlite3_step(st);
	r = rc == SQLITE_DONE ? HWS_OK : rdv_sqlite_failed(c, rc);
	rdv_sqlite_release(st);
	return r;
}

static int delete_peer(struct rdv_sqlite_conn *c, struct rdv_write *w)
{
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(c, RDV_ST_DELETE, &st), rc;

	if (r < 0)
		return r;
	bind_text(st, 1, w->row.id);
	rc = sqlite3_step(st);
	r = rc == SQLITE_DONE ? HWS_OK : rdv_sqlite_failed(c, rc);
	w->result = HWS_OK;
	rdv_sqlite_release(st);
	return r;
}

static int run_write(void *conn, struct rdv_job *job)
{
	struct rdv_sqlite_conn *c = conn;
	int r = rdv_sqlite_conn_see_to_file(c);

	if (r == HWS_OK)
		r = rdv_sqlite_exec(c, RDV_ST_BEGIN);
	if (r < 0)
		return r;
	for (size_t i = 0; i < job->n && r == HWS_OK; i++) {
		struct rdv_write *w = &job->writes[i];

		if (w->kind == RDV_WRITE_PEER)
			r = put(c, w);
		else if (w->kind == RDV_WRITE_RENAME)
			r = rename_peer(c, w);
		else
			r = delete_peer(c, w);
	}
	if (r == HWS_OK)
		r = rdv_sqlite_exec(c, RDV_ST_COMMIT);
	/* Some errors end the transaction by themselves; then there is nothing to roll back. */
	if (r < 0 && !sqlite3_get_autocommit(c->db))
		rdv_sqlite_exec(c, RDV_ST_ROLLBACK);
	return r;
}

static int run_load(void *conn, struct rdv_job *job)
{
	struct rdv_peer_row *rows = hws_alloc_array(LOAD_ROWS, sizeof(*rows));
	uint64_t odd = 0;
	sqlite3_stmt *st = NULL;
	size_t n = 0;
	int r = rows ? rdv_sqlite_statement(conn, RDV_ST_LOAD, &st) : HWS_ERR_NOMEM,
	    rc = SQLITE_DONE;

	while (r == HWS_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (read_row(st, &rows[n]))
			n++;
		else
			odd++;
		if (n == LOAD_ROWS) {
			job->batch(rows, n, job->arg);
			n = 0;
			if (rdv_workers_stopping(job->workers))
				r = HWS_ERR_CANCELED;
		}
	}
	if (r == HWS_OK && rc != SQLITE_DONE)
		r = rdv_sqlite_failed(conn, rc);
	if (r == HWS_OK && n)
		job->batch(rows, n, job->arg);
	if (odd)
		hws_warn("store.odd_rows", HWS_U64("count", odd));
	if (st)
		rdv_sqlite_release(st);
	hws_free(rows);
	return r;
}

static int run_get(void *conn, struct rdv_job *job)
{
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(conn, RDV_ST_GET, &st), rc;

	if (r < 0)
		return r;
	job->out = hws_alloc(sizeof(struct rdv_peer_row));
	if (!job->out)
		return HWS_ERR_NOMEM;
	bind_text(st, 1, job->in);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		r = rdv_sqlite_failed(conn, rc);
	else if (rc == SQLITE_DONE || !read_row(st, job->out))
		r = HWS_ERR_NOTFOUND;
	rdv_sqlite_release(st);
	return r;
}

static int run_list(void *conn, struct rdv_job *job)
{
	struct rdv_peer_row *rows = hws_alloc_array(job->limit, sizeof(*rows));
	sqlite3_stmt *st;
	int r, rc = SQLITE_DONE;

	job->out = rows;
	if (!rows)
		return HWS_ERR_NOMEM;
	r = rdv_sqlite_statement(conn, RDV_ST_LIST, &st);
	if (r < 0)
		return r;
	bind_text(st, 1, job->in);
	sqlite3_bind_int64(st, 2, job->limit);
	while (job->n_out < job->limit && (rc = sqlite3_step(st)) == SQLITE_ROW)
		job->n_out += read_row(st, &rows[job->n_out]);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		r = rdv_sqlite_failed(conn, rc);
	rdv_sqlite_release(st);
	return r;
}

/* --- entries ---------------------------------------------------------------------------------- */

static int run_entry(void *conn, int which, const struct rdv_entry *e)
{
	sqlite3_stmt *st;
	int r = rdv_sqlite_conn_see_to_file(conn), rc;

	if (r == HWS_OK)
		r = rdv_sqlite_statement(conn, which, &st);
	if (r < 0)
		return r;
	bind_text(st, 1, e->kind);
	bind_text(st, 2, e->key);
	if (which == RDV_ST_ENTRY_PUT)
		bind_text(st, 3, e->value);
	rc = sqlite3_step(st);
	r = rc == SQLITE_DONE ? HWS_OK : rdv_sqlite_failed(conn, rc);
	rdv_sqlite_release(st);
	return r;
}

static int run_entry_put(void *conn, struct rdv_job *job)
{
	return run_entry(conn, RDV_ST_ENTRY_PUT, job->in);
}

static int run_entry_delete(void *conn, struct rdv_job *job)
{
	return run_entry(conn, RDV_ST_ENTRY_DELETE, job->in);
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

static int run_entry_load(void *conn, struct rdv_job *job)
{
	struct rdv_entry *all = NULL;
	size_t n = 0, size = 0;
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(conn, RDV_ST_ENTRY_LOAD, &st), rc;

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

/* --- backup ----------------------------------------------------------------------------------- */

static int run_backup(void *conn, struct rdv_job *job)
{
	struct rdv_sqlite_conn *c = conn;
	struct hws_error err = { 0 };
	int r = rdv_sqlite_conn_ready(c);

	if (r == HWS_OK)
		r = rdv_sqlite_copy(c->db, job->in, &err);
	if (r < 0 && err.text[0] && r != HWS_ERR_EXISTS)
		rdv_guard_complain(c->guard, err.text);
	return r;
}

/* --- the interface ---------------------------------------------------------------------------- */

static struct sqlite *self(struct rdv_store *s)
{
	return hws_container(s, struct sqlite, store);
}

static int submit(struct rdv_store *s, unsigned worker, struct rdv_job *job)
{
	return rdv_workers_submit(self(s)->workers, worker, job);
}

static int submit_done(struct rdv_store *s, unsigned worker, struct rdv_job *job, rdv_done_fn done)
{
	if (job)
		job->done = done;
	return submit(s, worker, job);
}

static int sq_load(struct rdv_store *s, rdv_load_fn batch, rdv_done_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run_load, NULL, 0, arg);

	if (job)
		job->batch = batch;
	return submit_done(s, LANE_BULK, job, done);
}

static int sq_write(struct rdv_store *s, struct rdv_write *w, size_t n, rdv_done_fn done, void *arg)
{
	struct rdv_job *job;

	if (self(s)->reader)
		return HWS_ERR_DENIED;
	if (n > WRITES_MAX)
		return HWS_ERR_RANGE;
	job = rdv_job_new(run_write, NULL, 0, arg);
	if (job) {
		job->writes = w;
		job->n = n;
	}
	return submit_done(s, LANE_WRITE, job, done);
}

static int sq_get(struct rdv_store *s, const char *id, rdv_get_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run_get, id, strlen(id) + 1, arg);

	if (job)
		job->got = done;
	return submit(s, LANE_READ, job);
}

static int sq_list(
		struct rdv_store *s, const char *after, unsigned limit, rdv_list_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run_list, after, strlen(after) + 1, arg);

	if (job) {
		job->listed = done;
		job->limit = HWS_MIN(limit, LIST_MAX);
	}
	return submit(s, LANE_READ, job);
}

static int sq_entry_put(struct rdv_store *s, const struct rdv_entry *e, rdv_done_fn done, void *arg)
{
	if (self(s)->reader)
		return HWS_ERR_DENIED;
	return submit_done(s, LANE_WRITE, rdv_job_new(run_entry_put, e, sizeof(*e), arg), done);
}

static int sq_entry_delete(
		struct rdv_store *s, const char *kind, const char *key, rdv_done_fn done, void *arg)
{
	struct rdv_entry e = { 0 };

	if (self(s)->reader)
		return HWS_ERR_DENIED;
	if (hws_str_copy(e.kind, sizeof(e.kind), kind) < 0 ||
			hws_str_copy(e.key, sizeof(e.key), key) < 0)
		return HWS_ERR_TOOBIG;
	return submit_done(s, LANE_WRITE, rdv_job_new(run_entry_delete, &e, sizeof(e), arg), done);
}

static int sq_entry_load(struct rdv_store *s, rdv_entries_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run_entry_load, NULL, 0, arg);

	if (job)
		job->entries = done;
	return submit(s, LANE_READ, job);
}

static int sq_backup(struct rdv_store *s, const char *path, rdv_done_fn done, void *arg)
{
	return submit_done(
			s, LANE_BULK, rdv_job_new(run_backup, path, strlen(path) + 1, arg), done);
}

static void sq_stats(struct rdv_store *s, struct rdv_store_stats *ret)
{
	rdv_workers_stats(self(s)->workers, ret);
}

static void *conn_new(void *arg, unsigned i)
{
	struct sqlite *s = arg;

	return rdv_sqlite_conn_new(&s->guard, i == LANE_WRITE && !s->reader);
}

static void sq_free(struct rdv_store *store)
{
	struct sqlite *s = self(store);

	rdv_workers_free(s->workers);
	if (s->guarded)
		rdv_guard_done(&s->guard);
	hws_free(s->path);
	hws_free(s);
}

static const struct rdv_store_ops ops = {
	.name = "sqlite",
	.free = sq_free,
	.stats = sq_stats,
	.load = sq_load,
	.write = sq_write,
	.get = sq_get,
	.list = sq_list,
	.entry_put = sq_entry_put,
	.entry_delete = sq_entry_delete,
	.entry_load = sq_entry_load,
	.backup = sq_backup,
};

static int open_file(struct hws_loop *loop, const char *path, bool reader, struct rdv_store **ret,
		struct hws_error *err)
{
	struct rdv_workers_conf conf = { .count = LANE_COUNT,
		.max_queued = QUEUE_MAX,
		.conn_new = conn_new,
		.conn_free = rdv_sqlite_conn_free,
		.idle = rdv_sqlite_conn_idle };
	struct sqlite *s = hws_alloc(sizeof(*s));
	int r = HWS_ERR_NOMEM;

	if (!s)
		return hws_error_set(err, r, "%s: out of memory", path);
	s->store.ops = &ops;
	s->store.loop = loop;
	s->reader = reader;
	s->path = hws_strdup(path);
	s->guarded = s->path != NULL;
	if (s->path)
		r = reader ? rdv_guard_init_reader(&s->guard, s->path, err)
			   : rdv_guard_init(&s->guard, s->path, err);
	if (r < 0)
		goto out;
	conf.arg = s;
	r = rdv_workers_new(loop, &conf, &s->workers);
	if (r < 0) {
		hws_error_set(err, r, "%s: out of memory", path);
		goto out;
	}
	*ret = &s->store;
	return HWS_OK;
out:
	sq_free(&s->store);
	return r;
}

int rdv_store_sqlite_open(struct hws_loop *loop, const char *path, struct rdv_store **ret,
		struct hws_error *err)
{
	return open_file(loop, path, false, ret, err);
}

int rdv_store_sqlite_open_reader(struct hws_loop *loop, const char *path, struct rdv_store **ret,
		struct hws_error *err)
{
	return open_file(loop, path, true, ret, err);
}
