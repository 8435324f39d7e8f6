/* rendezvous/store/postgres/devices: the table `peer`; batches of writes are in write.c. */
#include "server-rendezvous/store/devices_job.h"
#include "server-rendezvous/store/postgres/array.h"
#include "server-rendezvous/store/postgres/row.h"
#include "server-rendezvous/store/postgres/store.h"
#include "server-rendezvous/store/postgres/write.h"
#include "server-rendezvous/store/workers.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define LOAD_ROWS 512u

static const struct pg_statement statements[] = {
	{ PG_WRITE_PUT, pg_write_put_sql },
	{ PG_WRITE_FORCE, pg_write_force_sql },
	{ PG_WRITE_KEEP, pg_write_keep_sql },
	{ PG_WRITE_RENAME, pg_write_rename_sql },
	{ PG_WRITE_DELETE, pg_write_delete_sql },
	{ "get", "SELECT " PG_PEER_COLUMNS " FROM peer WHERE id = $1::text" },
	{ "list",
			"SELECT " PG_PEER_COLUMNS
			" FROM peer WHERE id > $1::text ORDER BY id LIMIT $2::bigint" },
};
const struct pg_statements pg_devices_statements = { statements, HWS_COUNT(statements) };

static int run_write(void *conn, struct rdv_job *job)
{
	return pg_write_batch(pg_worker_connection(conn), job->theirs, job->n);
}

/* Hands rows on in portions. */
struct loading {
	struct rdv_job *job;
	struct rdv_peer_row *rows;
	size_t n;
	uint64_t odd;
};

static int load_piece(struct loading *ld, const char *piece, size_t len, bool first)
{
	struct pg_param field[PG_PEER_FIELDS];
	size_t n;
	int r = pg_copy_tuple(piece, len, first, field, PG_PEER_FIELDS, &n);

	if (r < 0)
		return r;
	if (n == PG_PEER_FIELDS && pg_row_read(field, &ld->rows[ld->n]))
		ld->n++;
	else if (n)
		ld->odd++;
	if (ld->n == LOAD_ROWS) {
		rdv_devices_batch(ld->job, ld->rows, ld->n);
		ld->n = 0;
		if (rdv_workers_stopping(ld->job->workers))
			return HWS_ERR_CANCELED;
	}
	return HWS_OK;
}

static int run_load(void *conn, struct rdv_job *job)
{
	struct pg_connection *l = pg_worker_connection(conn);
	struct loading ld = { .job = job, .rows = hws_alloc_array(LOAD_ROWS, sizeof(*ld.rows)) };
	bool first = true;
	char *piece = NULL;
	size_t len;
	int r = ld.rows ? pg_copy_begin(l,
					  "COPY (SELECT " PG_PEER_COLUMNS
					  " FROM peer) TO STDOUT (FORMAT binary)")
			: HWS_ERR_NOMEM;

	while (r == HWS_OK) {
		r = pg_copy_next(l, &piece, &len);
		if (r < 0 || !piece)
			break;
		r = load_piece(&ld, piece, len, first);
		first = false;
		PQfreemem(piece);
		if (r < 0)
			pg_connection_drop(l); /* with what is left of the answer */
	}
	if (r == HWS_OK && ld.n)
		rdv_devices_batch(job, ld.rows, ld.n);
	if (ld.odd)
		hws_warn("store.odd_rows", HWS_U64("count", ld.odd));
	hws_free(ld.rows);
	return r;
}

static int run_get(void *conn, struct rdv_job *job)
{
	struct pg_connection *l = pg_worker_connection(conn);
	struct pg_param id = PG_TEXT((const char *)job->in);
	PGresult *res;
	int r = pg_connection_query(l, "get", &id, 1, &res);

	if (r < 0)
		return r;
	job->out = hws_alloc(sizeof(struct rdv_peer_row));
	if (!job->out)
		r = HWS_ERR_NOMEM;
	else if (PQntuples(res) != 1 || !pg_row_of_result(res, 0, job->out))
		r = HWS_ERR_NOTFOUND;
	PQclear(res);
	return r;
}

static int run_list(void *conn, struct rdv_job *job)
{
	struct pg_connection *l = pg_worker_connection(conn);
	uint64_t limit;
	struct pg_param params[] = { PG_TEXT((const char *)job->in), PG_BYTES(&limit, 8) };
	struct rdv_peer_row *rows;
	PGresult *res;
	int r;

	pg_put_i64(&limit, job->limit);
	r = pg_connection_query(l, "list", params, 2, &res);
	if (r < 0)
		return r;
	rows = hws_alloc_array((size_t)PQntuples(res) + 1, sizeof(*rows));
	job->out = rows;
	if (!rows)
		r = HWS_ERR_NOMEM;
	for (int i = 0; rows && i < PQntuples(res); i++)
		job->n_out += pg_row_of_result(res, i, &rows[job->n_out]);
	PQclear(res);
	return r;
}

/* --- the interface ---------------------------------------------------------------------------- */

static int load(struct rdv_store *s, rdv_load_fn batch, rdv_done_fn done, void *arg)
{
	return pg_store_submit(s, PG_WORKER_BULK, rdv_devices_load_job(run_load, batch, done, arg));
}

static int write_batch(
		struct rdv_store *s, struct rdv_write *w, size_t n, rdv_done_fn done, void *arg)
{
	if (n > RDV_WRITES_MAX)
		return HWS_ERR_RANGE;
	return pg_store_submit(
			s, PG_WORKER_WRITE, rdv_devices_write_job(run_write, w, n, done, arg));
}

static int get(struct rdv_store *s, const char *id, rdv_get_fn done, void *arg)
{
	if (!hws_utf8_valid(hws_bytes_str(id)))
		return HWS_ERR_INVAL;
	return pg_store_submit(s, PG_WORKER_READ, rdv_devices_get_job(run_get, id, done, arg));
}

static int list(struct rdv_store *s, const char *after, unsigned limit, rdv_list_fn done, void *arg)
{
	if (!hws_utf8_valid(hws_bytes_str(after)))
		return HWS_ERR_INVAL;
	return pg_store_submit(
			s, PG_WORKER_READ, rdv_devices_list_job(run_list, after, limit, done, arg));
}

const struct rdv_devices_ops pg_devices = {
	.load = load,
	.write = write_batch,
	.get = get,
	.list = list,
};
