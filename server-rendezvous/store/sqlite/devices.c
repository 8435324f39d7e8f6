/* rendezvous/store/sqlite/devices: the table `peer`. A batch is one transaction: the disk is waited
 * for once for all of it. */
#include "server-rendezvous/store/devices_job.h"
#include "server-rendezvous/store/sqlite/rescue.h"
#include "server-rendezvous/store/sqlite/store.h"
#include "server-rendezvous/store/workers.h"
#include "shared/base/bytes.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>
#include <time.h>

#define LOAD_ROWS 512u
#define COLUMNS "id, uuid, pk, ip, created_s, seen_s, proves"
#define INSERT                                                                                     \
	"INSERT INTO peer (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "                      \
	"ON CONFLICT (id) DO "
#define UPSERT                                                                                     \
	INSERT "UPDATE SET uuid = excluded.uuid, pk = excluded.pk, ip = excluded.ip, "             \
	       "seen_s = excluded.seen_s, proves = excluded.proves"

static const char sql_put[] = UPSERT " WHERE (peer.uuid = excluded.uuid OR length(peer.uuid) = 0) "
				     "AND peer.proves <= excluded.proves";
static const char sql_put_force[] = UPSERT;
static const char sql_put_keep[] = INSERT "NOTHING";
static const char sql_uuid[] = "SELECT uuid FROM peer WHERE id = ?1";
static const char sql_rename[] = "UPDATE peer SET id = ?2 WHERE id = ?1";
static const char sql_delete[] = "DELETE FROM peer WHERE id = ?1";
static const char sql_get[] = "SELECT " COLUMNS " FROM peer WHERE id = ?1";
static const char sql_list[] = "SELECT " COLUMNS " FROM peer WHERE id > ?1 ORDER BY id LIMIT ?2";
static const char sql_load[] = "SELECT " COLUMNS " FROM peer";

/* A device that the file at the path has under another machine id stays as it is there. */
const struct rdv_sqlite_rescue rdv_sqlite_devices_rescue = {
	"peer",
	"INSERT INTO main.peer (" COLUMNS ") SELECT " COLUMNS " FROM rescue.peer WHERE true "
	"ON CONFLICT (id) DO UPDATE SET uuid = excluded.uuid, pk = excluded.pk, "
	"ip = excluded.ip, seen_s = excluded.seen_s, "
	"proves = max(peer.proves, excluded.proves) "
	"WHERE peer.uuid = excluded.uuid OR length(peer.uuid) = 0",
};

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
	row->proves = sqlite3_column_int64(st, 6) != 0;
	return true;
}

static int put(struct rdv_sqlite_conn *c, struct rdv_write *w)
{
	uint64_t created = w->row.created_s ? w->row.created_s : (uint64_t)time(NULL);
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(c,
			    w->keep                    ? sql_put_keep
					    : w->force ? sql_put_force
						       : sql_put,
			    &st),
	    rc;

	if (r < 0)
		return r;
	sqlite_bind_str(st, 1, w->row.id);
	sqlite3_bind_blob(st, 2, w->row.uuid, w->row.uuid_len, SQLITE_STATIC);
	if (w->row.has_pk)
		sqlite3_bind_blob(st, 3, w->row.pk, RDV_PK_LEN, SQLITE_STATIC);
	sqlite_bind_str(st, 4, w->row.ip);
	sqlite3_bind_int64(st, 5, (sqlite3_int64)created);
	sqlite3_bind_int64(st, 6, (sqlite3_int64)w->row.seen_s);
	sqlite3_bind_int64(st, 7, w->row.proves);
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
	int r = rdv_sqlite_statement(c, sql_uuid, &st), rc;

	if (r < 0)
		return r;
	sqlite_bind_str(st, 1, id);
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
	r = rdv_sqlite_statement(c, sql_rename, &st);
	if (r < 0)
		return r;
	sqlite_bind_str(st, 1, w->old_id);
	sqlite_bind_str(st, 2, w->row.id);
	rc = sqlite3_step(st);
	r = rc == SQLITE_DONE ? HWS_OK : rdv_sqlite_failed(c, rc);
	rdv_sqlite_release(st);
	return r;
}

static int delete_peer(struct rdv_sqlite_conn *c, struct rdv_write *w)
{
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(c, sql_delete, &st), rc;

	if (r < 0)
		return r;
	sqlite_bind_str(st, 1, w->row.id);
	rc = sqlite3_step(st);
	r = rc == SQLITE_DONE ? HWS_OK : rdv_sqlite_failed(c, rc);
	w->result = HWS_OK;
	rdv_sqlite_release(st);
	return r;
}

static int run_write(void *conn, struct rdv_job *job)
{
	struct rdv_sqlite_conn *c = conn;
	struct rdv_write *writes = job->theirs;
	int r = rdv_sqlite_conn_see_to_file(c);

	if (r == HWS_OK)
		r = rdv_sqlite_exec(c, rdv_sqlite_begin);
	if (r < 0)
		return r;
	for (size_t i = 0; i < job->n && r == HWS_OK; i++) {
		struct rdv_write *w = &writes[i];

		if (w->kind == RDV_WRITE_PEER)
			r = put(c, w);
		else if (w->kind == RDV_WRITE_RENAME)
			r = rename_peer(c, w);
		else
			r = delete_peer(c, w);
	}
	if (r == HWS_OK)
		r = rdv_sqlite_exec(c, rdv_sqlite_commit);
	/* Some errors end the transaction by themselves; then there is nothing to roll back. */
	if (r < 0 && !sqlite3_get_autocommit(c->db))
		rdv_sqlite_exec(c, rdv_sqlite_rollback);
	return r;
}

static int run_load(void *conn, struct rdv_job *job)
{
	struct rdv_peer_row *rows = hws_alloc_array(LOAD_ROWS, sizeof(*rows));
	uint64_t odd = 0;
	sqlite3_stmt *st = NULL;
	size_t n = 0;
	int r = rows ? rdv_sqlite_statement(conn, sql_load, &st) : HWS_ERR_NOMEM, rc = SQLITE_DONE;

	while (r == HWS_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (read_row(st, &rows[n]))
			n++;
		else
			odd++;
		if (n == LOAD_ROWS) {
			rdv_devices_batch(job, rows, n);
			n = 0;
			if (rdv_workers_stopping(job->workers))
				r = HWS_ERR_CANCELED;
		}
	}
	if (r == HWS_OK && rc != SQLITE_DONE)
		r = rdv_sqlite_failed(conn, rc);
	if (r == HWS_OK && n)
		rdv_devices_batch(job, rows, n);
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
	int r = rdv_sqlite_statement(conn, sql_get, &st), rc;

	if (r < 0)
		return r;
	job->out = hws_alloc(sizeof(struct rdv_peer_row));
	if (!job->out)
		return HWS_ERR_NOMEM;
	sqlite_bind_str(st, 1, job->in);
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
	r = rdv_sqlite_statement(conn, sql_list, &st);
	if (r < 0)
		return r;
	sqlite_bind_str(st, 1, job->in);
	sqlite3_bind_int64(st, 2, job->limit);
	while (job->n_out < job->limit && (rc = sqlite3_step(st)) == SQLITE_ROW)
		job->n_out += read_row(st, &rows[job->n_out]);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		r = rdv_sqlite_failed(conn, rc);
	rdv_sqlite_release(st);
	return r;
}

/* --- the interface ---------------------------------------------------------------------------- */

static int load(struct rdv_store *s, rdv_load_fn batch, rdv_done_fn done, void *arg)
{
	return sqlite_submit(s, SQLITE_BULK, rdv_devices_load_job(run_load, batch, done, arg));
}

static int write_batch(
		struct rdv_store *s, struct rdv_write *w, size_t n, rdv_done_fn done, void *arg)
{
	if (n > RDV_WRITES_MAX)
		return HWS_ERR_RANGE;
	return sqlite_submit(s, SQLITE_WRITE, rdv_devices_write_job(run_write, w, n, done, arg));
}

static int get(struct rdv_store *s, const char *id, rdv_get_fn done, void *arg)
{
	return sqlite_submit(s, SQLITE_READS, rdv_devices_get_job(run_get, id, done, arg));
}

static int list(struct rdv_store *s, const char *after, unsigned limit, rdv_list_fn done, void *arg)
{
	return sqlite_submit(
			s, SQLITE_READS, rdv_devices_list_job(run_list, after, limit, done, arg));
}

const struct rdv_devices_ops sqlite_devices = {
	.load = load,
	.write = write_batch,
	.get = get,
	.list = list,
};
