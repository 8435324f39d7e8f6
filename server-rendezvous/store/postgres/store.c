/* PostgreSQL: a few connections, each with a thread of its own that waits for it, so that no wait
 * is ever on the loop. Everything lives in the schema "hawser" of the database that was named. */
#include "server-rendezvous/store/postgres/store.h"
#include "server-rendezvous/store/postgres/array.h"
#include "server-rendezvous/store/postgres/row.h"
#include "server-rendezvous/store/postgres/write.h"
#include "server-rendezvous/store/schema.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>

#define QUEUE_MAX 4096u
#define WRITES_MAX 10000u
#define LIST_MAX 1000u
#define LOAD_ROWS 512u
#define ANSWER_US (15 * HWS_US_PER_S)
#define SHORT_ANSWER_US (5 * HWS_US_PER_S) /* of what never takes long */
#define END_US (2 * HWS_US_PER_S)
/* "hawser" in a number: migrations of one database happen one after the other. */
#define MIGRATION_LOCK "7523377975159973234"

#define ENTRY_TEXT "$1::text, $2::text, $3::text"

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
	{ "entry_put",
			"INSERT INTO entry (kind, key, value) VALUES (" ENTRY_TEXT
			") ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value" },
	{ "entry_delete", "DELETE FROM entry WHERE kind = $1::text AND key = $2::text" },
	{ "entry_load", "SELECT kind, key, value FROM entry ORDER BY kind, key" },
	PG_NODE_STATEMENTS,
};

struct conn {
	struct pg_store *store;
	struct pg_connection link;
};

/* --- schema ----------------------------------------------------------------------------------- */

static int run_step(struct pg_connection *l, size_t i, struct hws_error *err)
{
	char tail[120];
	int r = hws_fmt(tail, sizeof(tail), "UPDATE version SET step = %zu", i + 1);

	if (r == HWS_OK)
		r = pg_connection_exec(l, rdv_schema_postgres[i].sql, err);
	return r == HWS_OK ? pg_connection_exec(l, tail, err) : r;
}

static int check_encoding(struct pg_connection *l, struct hws_error *err)
{
	int64_t utf8 = 0;
	int r = pg_connection_exec_int(
			l, "SELECT (getdatabaseencoding() = 'UTF8')::int::bigint", &utf8, err);

	if (r == HWS_OK && !utf8)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the encoding of the PostgreSQL database must be UTF8: make another one with createdb -E UTF8");
	return r;
}

/* In one transaction, and under a lock that other nodes wait for. */
static int migrate_locked(struct pg_connection *l, struct hws_error *err)
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
	if (step < 0 || (uint64_t)step > rdv_schema_postgres_count)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the database was written by a newer hawser (version %lld of the schema, this one knows %zu); update this program",
				(long long)step, rdv_schema_postgres_count);
	for (size_t i = (size_t)step; i < rdv_schema_postgres_count && r == HWS_OK; i++)
		r = run_step(l, i, err);
	return r;
}

static int migrate(struct pg_connection *l, struct hws_error *err)
{
	int r = check_encoding(l, err);

	if (r == HWS_OK)
		r = pg_connection_exec(l, "BEGIN", err);
	if (r < 0)
		return r;
	r = migrate_locked(l, err);
	if (r == HWS_OK)
		return pg_connection_exec(l, "COMMIT", err);
	if (l->c && pg_connection_exec(l, "ROLLBACK", NULL) < 0)
		pg_connection_drop(l);
	return r;
}

/* On whichever connection is made first. */
int pg_store_greet(struct pg_store *s, struct pg_connection *l, struct hws_error *err)
{
	int r;

	if (__atomic_load_n(&s->migrated, __ATOMIC_ACQUIRE))
		return HWS_OK;
	r = migrate(l, err);
	if (r == HWS_OK)
		__atomic_store_n(&s->migrated, true, __ATOMIC_RELEASE);
	else if (r != HWS_ERR_STORE && err == NULL)
		hws_error_log("store.schema", HWS_ERR("error", r));
	return r;
}

static int greet(struct pg_connection *l, struct hws_error *err)
{
	return pg_store_greet(l->arg, l, err);
}

/* Where a device is now may be forgotten when the database crashes: its node says it again. */
static int greet_lazy(struct pg_connection *l, struct hws_error *err)
{
	int r = pg_store_greet(l->arg, l, err);

	return r == HWS_OK ? pg_connection_exec(l, "SET synchronous_commit = off", err) : r;
}

static void on_connected(void *arg)
{
	struct pg_store *s = arg;

	rdv_workers_reconnected(s->workers);
	hws_info("store.connected", HWS_STR("store", "postgres"));
}

void pg_store_connection(struct pg_store *s, struct pg_connection *l)
{
	l->conninfo = s->conninfo;
	l->statements = statements;
	l->count = HWS_COUNT(statements);
	l->greet = greet;
	l->connected = on_connected;
	l->arg = s;
	l->answer_us = ANSWER_US;
	l->end_us = &s->end_us;
}

struct pg_store *pg_worker_store(void *conn)
{
	return ((struct conn *)conn)->store;
}

struct pg_connection *pg_worker_connection(void *conn)
{
	return &((struct conn *)conn)->link;
}

/* --- operations, on the threads of the workers ------------------------------------------------ */

static int run_write(void *conn, struct rdv_job *job)
{
	struct conn *c = conn;

	return pg_write_batch(&c->link, job->writes, job->n);
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
		ld->job->batch(ld->rows, ld->n, ld->job->arg);
		ld->n = 0;
		if (rdv_workers_stopping(ld->job->workers))
			return HWS_ERR_CANCELED;
	}
	return HWS_OK;
}

static int run_load(void *conn, struct rdv_job *job)
{
	struct conn *c = conn;
	struct loading ld = { .job = job, .rows = hws_alloc_array(LOAD_ROWS, sizeof(*ld.rows)) };
	bool first = true;
	char *piece = NULL;
	size_t len;
	int r = ld.rows ? pg_copy_begin(&c->link,
					  "COPY (SELECT " PG_PEER_COLUMNS
					  " FROM peer) TO STDOUT (FORMAT binary)")
			: HWS_ERR_NOMEM;

	while (r == HWS_OK) {
		r = pg_copy_next(&c->link, &piece, &len);
		if (r < 0 || !piece)
			break;
		r = load_piece(&ld, piece, len, first);
		first = false;
		PQfreemem(piece);
		if (r < 0)
			pg_connection_drop(&c->link); /* with what is left of the answer */
	}
	if (r == HWS_OK && ld.n)
		job->batch(ld.rows, ld.n, job->arg);
	if (ld.odd)
		hws_warn("store.odd_rows", HWS_U64("count", ld.odd));
	hws_free(ld.rows);
	return r;
}

static int run_get(void *conn, struct rdv_job *job)
{
	struct conn *c = conn;
	struct pg_param id = PG_TEXT((const char *)job->in);
	PGresult *res;
	int r = pg_connection_query(&c->link, "get", &id, 1, &res);

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
	struct conn *c = conn;
	uint64_t limit;
	struct pg_param params[] = { PG_TEXT((const char *)job->in), PG_BYTES(&limit, 8) };
	struct rdv_peer_row *rows;
	PGresult *res;
	int r;

	pg_put_i64(&limit, job->limit);
	r = pg_connection_query(&c->link, "list", params, 2, &res);
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

static int run_entry(struct conn *c, const char *statement, size_t n, const struct rdv_entry *e)
{
	struct pg_param params[] = { PG_TEXT(e->kind), PG_TEXT(e->key), PG_TEXT(e->value) };
	PGresult *res;
	int r;

	for (size_t i = 0; i < n; i++) {
		if (!hws_utf8_valid(hws_bytes(params[i].ptr, params[i].len)))
			return HWS_ERR_INVAL;
	}
	r = pg_connection_query(&c->link, statement, params, n, &res);
	PQclear(res);
	return r;
}

static int run_entry_put(void *conn, struct rdv_job *job)
{
	return run_entry(conn, "entry_put", 3, job->in);
}

static int run_entry_delete(void *conn, struct rdv_job *job)
{
	return run_entry(conn, "entry_delete", 2, job->in);
}

static bool read_text(const PGresult *res, int row, int column, char *buf, size_t size)
{
	return hws_str_from_bytes(buf, size,
			       hws_bytes(PQgetvalue(res, row, column),
					       (size_t)PQgetlength(res, row, column))) == HWS_OK;
}

static int run_entry_load(void *conn, struct rdv_job *job)
{
	struct conn *c = conn;
	struct rdv_entry *all;
	PGresult *res;
	int r = pg_connection_query(&c->link, "entry_load", NULL, 0, &res);

	if (r < 0)
		return r;
	all = hws_alloc_array((size_t)PQntuples(res) + 1, sizeof(*all));
	job->out = all;
	if (!all)
		r = HWS_ERR_NOMEM;
	for (int i = 0; all && i < PQntuples(res); i++) {
		struct rdv_entry *e = &all[job->n_out];

		job->n_out += read_text(res, i, 0, e->kind, sizeof(e->kind)) &&
				read_text(res, i, 1, e->key, sizeof(e->key)) &&
				read_text(res, i, 2, e->value, sizeof(e->value));
	}
	PQclear(res);
	return r;
}

/* --- the interface ---------------------------------------------------------------------------- */

int pg_store_submit(struct pg_store *s, enum pg_worker worker, struct rdv_job *job)
{
	return rdv_workers_submit(s->workers, HWS_MIN((unsigned)worker, s->pool - 1), job);
}

static int submit_done(
		struct rdv_store *s, enum pg_worker worker, struct rdv_job *job, rdv_done_fn done)
{
	if (job)
		job->done = done;
	return pg_store_submit(pg_store(s), worker, job);
}

static int pg_load(struct rdv_store *s, rdv_load_fn batch, rdv_done_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run_load, NULL, 0, arg);

	if (job)
		job->batch = batch;
	return submit_done(s, PG_WORKER_BULK, job, done);
}

static int pg_write(struct rdv_store *s, struct rdv_write *w, size_t n, rdv_done_fn done, void *arg)
{
	struct rdv_job *job;

	if (n > WRITES_MAX)
		return HWS_ERR_RANGE;
	job = rdv_job_new(run_write, NULL, 0, arg);
	if (job) {
		job->writes = w;
		job->n = n;
	}
	return submit_done(s, PG_WORKER_WRITE, job, done);
}

static int pg_get(struct rdv_store *s, const char *id, rdv_get_fn done, void *arg)
{
	struct rdv_job *job;

	if (!hws_utf8_valid(hws_bytes_str(id)))
		return HWS_ERR_INVAL;
	job = rdv_job_new(run_get, id, strlen(id) + 1, arg);
	if (job)
		job->got = done;
	return pg_store_submit(pg_store(s), PG_WORKER_READ, job);
}

static int pg_list(
		struct rdv_store *s, const char *after, unsigned limit, rdv_list_fn done, void *arg)
{
	struct rdv_job *job;

	if (!hws_utf8_valid(hws_bytes_str(after)))
		return HWS_ERR_INVAL;
	job = rdv_job_new(run_list, after, strlen(after) + 1, arg);
	if (job) {
		job->listed = done;
		job->limit = HWS_MIN(limit, LIST_MAX);
	}
	return pg_store_submit(pg_store(s), PG_WORKER_READ, job);
}

static int pg_entry_put(struct rdv_store *s, const struct rdv_entry *e, rdv_done_fn done, void *arg)
{
	return submit_done(
			s, PG_WORKER_WRITE, rdv_job_new(run_entry_put, e, sizeof(*e), arg), done);
}

static int pg_entry_delete(
		struct rdv_store *s, const char *kind, const char *key, rdv_done_fn done, void *arg)
{
	struct rdv_entry e = { 0 };

	if (hws_str_copy(e.kind, sizeof(e.kind), kind) < 0 ||
			hws_str_copy(e.key, sizeof(e.key), key) < 0)
		return HWS_ERR_TOOBIG;
	return submit_done(s, PG_WORKER_WRITE, rdv_job_new(run_entry_delete, &e, sizeof(e), arg),
			done);
}

static int pg_entry_load(struct rdv_store *s, rdv_entries_fn done, void *arg)
{
	struct rdv_job *job = rdv_job_new(run_entry_load, NULL, 0, arg);

	if (job)
		job->entries = done;
	return pg_store_submit(pg_store(s), PG_WORKER_READ, job);
}

static int run_backup(void *conn HWS_UNUSED, struct rdv_job *job HWS_UNUSED)
{
	return HWS_ERR_UNSUPPORTED;
}

static int pg_backup(struct rdv_store *s, const char *path HWS_UNUSED, rdv_done_fn done, void *arg)
{
	return submit_done(s, PG_WORKER_BULK, rdv_job_new(run_backup, NULL, 0, arg), done);
}

static void pg_stats(struct rdv_store *s, struct rdv_store_stats *ret)
{
	rdv_workers_stats(pg_store(s)->workers, ret);
	ret->nodes = pg_node_alive(pg_store(s)->node);
}

static void *conn_new(void *arg, unsigned i)
{
	struct conn *c = hws_alloc(sizeof(*c));

	if (c) {
		c->store = arg;
		pg_store_connection(c->store, &c->link);
		if (i == PG_WORKER_NODE)
			c->link.greet = greet_lazy;
		if (i == PG_WORKER_NODE || i == PG_WORKER_READ)
			c->link.answer_us = SHORT_ANSWER_US;
	}
	return c;
}

static void conn_free(void *conn)
{
	struct conn *c = conn;

	pg_connection_drop(&c->link);
	hws_free(c);
}

static void pg_free(struct rdv_store *store)
{
	struct pg_store *s = pg_store(store);

	__atomic_store_n(&s->end_us, hws_clock_us() + END_US, __ATOMIC_RELAXED);
	rdv_workers_free(s->workers); /* its jobs use the node */
	pg_node_free(s->node);
	if (s->conninfo)
		hws_free_wiped(s->conninfo, strlen(s->conninfo));
	hws_free(s);
}

static const struct rdv_store_ops ops = {
	.name = "postgres",
	.free = pg_free,
	.stats = pg_stats,
	.load = pg_load,
	.write = pg_write,
	.get = pg_get,
	.list = pg_list,
	.entry_put = pg_entry_put,
	.entry_delete = pg_entry_delete,
	.entry_load = pg_entry_load,
	.backup = pg_backup,
	.node_join = pg_node_join,
	.node_leave = pg_node_leave,
	.where_put = pg_where_put,
	.where_remove = pg_where_remove,
	.where_find = pg_where_find,
	.send = pg_node_send,
};

/* Whether the database is only away (it will come), rather than known and refusing us. */
static bool is_away(const char *conninfo)
{
	const char *keys[] = { "dbname", "connect_timeout", NULL };
	const char *values[] = { conninfo, "3", NULL };
	PGPing p = PQpingParams(keys, values, 1);

	return p == PQPING_NO_RESPONSE || p == PQPING_REJECT;
}

/* Says at once what an operator must correct; waits for nothing. */
static int try_out(struct pg_store *s, struct hws_error *err)
{
	struct pg_connection l = { 0 };
	struct hws_error why = { 0 };
	int r;

	pg_store_connection(s, &l);
	r = pg_connection_ready(&l, &why);
	pg_connection_drop(&l);
	if (r == HWS_ERR_STORE && is_away(s->conninfo)) {
		hws_error_log("store.away", HWS_STR("store", "postgres"),
				HWS_STR("cause", why.text),
				HWS_STR("text", "serving from memory until it comes"));
		return HWS_OK;
	}
	return r < 0 ? hws_error_set(err, r, "%s", why.text[0] ? why.text : hws_err_text(r)) : r;
}

int rdv_store_postgres_check(const char *conninfo, bool *ret_password, struct hws_error *err)
{
	char *text = NULL;
	PQconninfoOption *all = PQconninfoParse(conninfo, &text);

	if (!all) {
		/* the text may repeat what it could not read */
		PQfreemem(text);
		return hws_error_set(err, HWS_ERR_INVAL,
				"the address of the PostgreSQL database cannot be read: write postgresql://USER@HOST:PORT/DATABASE");
	}
	*ret_password = false;
	for (PQconninfoOption *o = all; o->keyword; o++) {
		if (o->val && *o->val &&
				(hws_str_equal(o->keyword, "password") ||
						hws_str_equal(o->keyword, "sslpassword")))
			*ret_password = true;
	}
	PQconninfoFree(all);
	return HWS_OK;
}

int rdv_store_postgres_open(struct hws_loop *loop, const char *conninfo, unsigned pool,
		struct rdv_store **ret, struct hws_error *err)
{
	struct rdv_workers_conf conf = {
		.max_queued = QUEUE_MAX, .conn_new = conn_new, .conn_free = conn_free
	};
	struct pg_store *s;
	bool password;
	int r = rdv_store_postgres_check(conninfo, &password, err);

	if (r < 0)
		return r;
	s = hws_alloc(sizeof(*s));
	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	s->store.ops = &ops;
	s->store.loop = loop;
	s->pool = HWS_MAX(pool, 1u);
	s->conninfo = hws_strdup(conninfo);
	r = s->conninfo ? try_out(s, err) : HWS_ERR_NOMEM;
	if (r < 0)
		goto out;
	conf.arg = s;
	conf.count = HWS_MIN(s->pool, PG_WORKER_BULK + 1u);
	s->pool = conf.count;
	r = rdv_workers_new(loop, &conf, &s->workers);
	if (r < 0) {
		hws_error_set(err, r, "out of memory");
		goto out;
	}
	*ret = &s->store;
	return HWS_OK;
out:
	pg_free(&s->store);
	return r;
}
