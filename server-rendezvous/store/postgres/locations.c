/* rendezvous/store/postgres/locations: the table `location`. A row names a node by the number of
 * its run, so that what an earlier run left behind means nothing. */
#include "server-rendezvous/store/locations.h"
#include "server-rendezvous/store/postgres/array.h"
#include "server-rendezvous/store/postgres/nodes.h"
#include "server-rendezvous/store/postgres/row.h"
#include "server-rendezvous/store/postgres/store.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define ARRAY_MAX (4u << 20)

static const struct pg_statement statements[] = {
	{ "where_put",
			"INSERT INTO location (id, boot) SELECT DISTINCT u.id, $2::bigint FROM "
			"unnest($1::text[]) AS u (id) ORDER BY 1 ON CONFLICT (id) DO UPDATE SET "
			"boot = excluded.boot WHERE location.boot <> excluded.boot" },
	{ "where_remove",
			"DELETE FROM location WHERE id = ANY ($1::text[]) AND boot = $2::bigint" },
	{ "where_find",
			"SELECT u.id, n.name FROM unnest($1::text[]) WITH ORDINALITY AS u (id, i) "
			"LEFT JOIN location l ON l.id = u.id LEFT JOIN node n ON n.boot = l.boot "
			"AND "
			"n.seen > now() - $2::bigint * interval '1 microsecond' ORDER BY u.i" },
	{ "where_find_keyed",
			"SELECT u.id, n.name, p.pk, p.proves FROM unnest($1::text[]) WITH ORDINALITY "
			"AS u (id, i) LEFT JOIN location l ON l.id = u.id LEFT JOIN node n ON n.boot = "
			"l.boot AND n.seen > now() - $2::bigint * interval '1 microsecond' "
			"LEFT JOIN peer p ON p.id = u.id ORDER BY u.i" },
};
const struct pg_statements pg_locations_statements = { statements, HWS_COUNT(statements) };

/* The job's input is the array of ids as PostgreSQL reads it, its length in `n`. */
static struct rdv_job *ids_job(int (*run)(void *conn, struct rdv_job *job), const char *const *ids,
		size_t n, rdv_done_fn done, void *arg)
{
	struct rdv_job *job = NULL;
	struct hws_buf b;

	hws_buf_init(&b, ARRAY_MAX);
	pg_array_begin(&b, PG_OID_TEXT, n);
	for (size_t i = 0; i < n; i++)
		pg_array_put(&b, ids[i], strlen(ids[i]));
	if (hws_buf_err(&b) == HWS_OK)
		job = rdv_job_new(run, hws_buf_bytes(&b).ptr, hws_buf_len(&b), done, arg);
	if (job)
		job->n = hws_buf_len(&b);
	hws_buf_done(&b);
	return job;
}

static int check_ids(struct rdv_store *s, const char *const *ids, size_t n)
{
	if (n == 0 || n > RDV_LOCATIONS_MAX)
		return HWS_ERR_RANGE;
	if (!pg_store(s)->node)
		return HWS_ERR_NOTFOUND;
	for (size_t i = 0; i < n; i++) {
		if (!hws_utf8_valid(hws_bytes_str(ids[i])))
			return HWS_ERR_INVAL;
	}
	return HWS_OK;
}

static int run_where(void *conn, struct rdv_job *job, const char *statement)
{
	uint64_t boot;
	struct pg_param params[] = { PG_BYTES(job->in, job->n), PG_BYTES(&boot, 8) };
	PGresult *res;
	int r;

	pg_put_i64(&boot, pg_node_boot(pg_worker_store(conn)->node));
	r = pg_connection_query(pg_worker_connection(conn), statement, params, 2, &res);
	PQclear(res);
	return r;
}

static int run_put(void *conn, struct rdv_job *job)
{
	return run_where(conn, job, "where_put");
}

static int run_remove(void *conn, struct rdv_job *job)
{
	return run_where(conn, job, "where_remove");
}

static int submit_where(struct rdv_store *s, int (*run)(void *conn, struct rdv_job *job),
		const char *const *ids, size_t n, rdv_done_fn done, void *arg)
{
	int r = check_ids(s, ids, n);

	if (r < 0)
		return r;
	return pg_store_submit(s, PG_WORKER_NODE, ids_job(run, ids, n, done, arg));
}

static int put(struct rdv_store *s, const char *const *ids, size_t n, rdv_done_fn done, void *arg)
{
	return submit_where(s, run_put, ids, n, done, arg);
}

static int remove_ids(
		struct rdv_store *s, const char *const *ids, size_t n, rdv_done_fn done, void *arg)
{
	return submit_where(s, run_remove, ids, n, done, arg);
}

static void read_key(const PGresult *res, int row, struct rdv_where *w)
{
	w->has_pk = PQnfields(res) == 4 && !PQgetisnull(res, row, 2) &&
			PQgetlength(res, row, 2) == RDV_PK_LEN;
	if (w->has_pk)
		memcpy(w->pk, PQgetvalue(res, row, 2), RDV_PK_LEN);
	w->proves = w->has_pk && PQgetlength(res, row, 3) == 8 &&
			pg_read_i64(PQgetvalue(res, row, 3)) != 0;
}

static int run_statement(void *conn, struct rdv_job *job, const char *statement)
{
	uint64_t dead;
	struct pg_param params[] = { PG_BYTES(job->in, job->n), PG_BYTES(&dead, 8) };
	struct rdv_where *all;
	PGresult *res;
	int r;

	pg_put_i64(&dead, pg_node_dead_us(pg_worker_store(conn)->node));
	r = pg_connection_query(pg_worker_connection(conn), statement, params, 2, &res);
	if (r < 0)
		return r;
	all = hws_alloc_array((size_t)PQntuples(res) + 1, sizeof(*all));
	job->out = all;
	if (!all)
		r = HWS_ERR_NOMEM;
	for (int i = 0; all && i < PQntuples(res); i++) {
		pg_result_text(res, i, 0, all[i].id, sizeof(all[i].id));
		pg_result_text(res, i, 1, all[i].node, sizeof(all[i].node));
		read_key(res, i, &all[i]);
		job->n_out++;
	}
	PQclear(res);
	return r;
}

static int run_find(void *conn, struct rdv_job *job)
{
	return run_statement(conn, job, "where_find");
}

static int run_find_keyed(void *conn, struct rdv_job *job)
{
	return run_statement(conn, job, "where_find_keyed");
}

static void answer_where(struct rdv_job *job)
{
	((rdv_where_fn)job->callback)(job->r, job->r < 0 ? NULL : job->out,
			job->r < 0 ? 0 : job->n_out, job->arg);
}

static int submit_find(struct rdv_store *s, int (*run)(void *conn, struct rdv_job *job),
		const char *const *ids, size_t n, rdv_where_fn done, void *arg)
{
	struct rdv_job *job;
	int r = check_ids(s, ids, n);

	if (r < 0)
		return r;
	job = ids_job(run, ids, n, NULL, arg);
	if (job) {
		job->answer = answer_where;
		job->callback = (void (*)(void))done;
	}
	return pg_store_submit(s, PG_WORKER_READ, job);
}

static int find(struct rdv_store *s, const char *const *ids, size_t n, rdv_where_fn done, void *arg)
{
	return submit_find(s, run_find, ids, n, done, arg);
}

static int find_keyed(
		struct rdv_store *s, const char *const *ids, size_t n, rdv_where_fn done, void *arg)
{
	return submit_find(s, run_find_keyed, ids, n, done, arg);
}

const struct rdv_locations_ops pg_locations = {
	.put = put,
	.remove = remove_ids,
	.find = find,
	.find_keyed = find_keyed,
};
