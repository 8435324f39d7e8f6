/* admin/sql/db: connections for threads, and what is the same for both engines. */
#include "admin/sql/engine.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define CONNECTIONS_MAX 64u
/* Longer than a statement may take: who waits behind a slow one still gets its turn. */
#define TAKE_MS 10000u

struct sql_conn {
	struct sql_db *db;
	struct sql_link *link; /* made by the first who takes it */
	bool used, begun, limited;
};

struct sql_db {
	struct sql_base *base;
	pthread_mutex_t lock;
	pthread_cond_t given;
	unsigned count;
	struct sql_stats stats;
	struct sql_conn conn[CONNECTIONS_MAX];
};

int sql_open(const struct sql_place *place, struct sql_db **ret, struct hws_error *err)
{
	struct sql_db *db = hws_alloc(sizeof(*db));
	pthread_condattr_t attr;
	int r;

	if (!db)
		return hws_error_set(err, HWS_ERR_NOMEM, "the database: out of memory");
	db->count = HWS_MAX(1u, HWS_MIN(place->connections, CONNECTIONS_MAX));
	for (unsigned i = 0; i < db->count; i++)
		db->conn[i].db = db;
	pthread_mutex_init(&db->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&db->given, &attr);
	pthread_condattr_destroy(&attr);
	if (place->path)
		r = sql_sqlite_open(place, &db->base, err);
	else
#ifdef SQL_WITH_POSTGRES
		r = sql_postgres_open(place, &db->base, err);
#else
		r = hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"this hawser was built without PostgreSQL");
#endif
	if (r < 0) {
		sql_close(db);
		return r;
	}
	db->stats.up = 1;
	*ret = db;
	return HWS_OK;
}

void sql_close(struct sql_db *db)
{
	if (!db)
		return;
	for (unsigned i = 0; i < db->count; i++) {
		assert(!db->conn[i].used);
		if (db->conn[i].link)
			db->conn[i].link->engine->free(db->conn[i].link);
	}
	if (db->base)
		db->base->ops->free(db->base);
	pthread_cond_destroy(&db->given);
	pthread_mutex_destroy(&db->lock);
	hws_free(db);
}

const char *sql_engine_name(const struct sql_db *db)
{
	return db->base->ops->name;
}

const struct sql_stats *sql_stats(const struct sql_db *db)
{
	return &db->stats;
}

static void note(struct sql_db *db, int r)
{
	bool failed = r == HWS_ERR_STORE || r == HWS_ERR_DISK;

	if (r == HWS_ERR_NOMEM) /* the database was not asked, or not heard */
		return;
	if (failed)
		__atomic_fetch_add(&db->stats.failures, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&db->stats.up, !failed, __ATOMIC_RELAXED);
}

int sql_backup(struct sql_db *db, const char *path, struct hws_error *err)
{
	return db->base->ops->backup(db->base, path, err);
}

/* Those that are connected first. Under the lock. */
static struct sql_conn *find_free(struct sql_db *db)
{
	struct sql_conn *fresh = NULL;

	for (unsigned i = 0; i < db->count; i++) {
		struct sql_conn *c = &db->conn[i];

		if (c->used)
			continue;
		if (c->link)
			return c;
		if (!fresh)
			fresh = c;
	}
	return fresh;
}

struct timespec sql_until(unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static struct sql_conn *wait_free(struct sql_db *db, unsigned ms)
{
	struct timespec end = sql_until(ms);
	struct sql_conn *c;
	int e = 0;

	pthread_mutex_lock(&db->lock);
	while (!(c = find_free(db)) && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&db->given, &db->lock, &end);
	if (c)
		c->used = true;
	pthread_mutex_unlock(&db->lock);
	return c;
}

/* `ms` 0: as usual. */
static int take(struct sql_db *db, unsigned ms, struct sql_conn **ret)
{
	struct sql_conn *c = wait_free(db, ms ? ms : TAKE_MS);
	int r;

	if (!c)
		return HWS_ERR_FULL;
	if (!c->link)
		c->link = db->base->ops->link(db->base);
	if (c->link && ms) {
		c->link->engine->limit(c->link, ms);
		c->limited = true;
	}
	r = c->link ? c->link->engine->ready(c->link) : HWS_ERR_NOMEM;
	if (r < 0) {
		note(db, r);
		sql_give(c);
		return r;
	}
	*ret = c;
	return HWS_OK;
}

int sql_take(struct sql_db *db, struct sql_conn **ret)
{
	return take(db, 0, ret);
}

int sql_take_soon(struct sql_db *db, unsigned ms, struct sql_conn **ret)
{
	return take(db, ms, ret);
}

void sql_give(struct sql_conn *c)
{
	if (!c)
		return;
	if (c->begun)
		c->link->engine->rollback(c->link);
	c->begun = false;
	if (c->limited)
		c->link->engine->limit(c->link, 0);
	c->limited = false;
	pthread_mutex_lock(&c->db->lock);
	c->used = false;
	pthread_cond_signal(&c->db->given);
	pthread_mutex_unlock(&c->db->lock);
}

/* --- values ----------------------------------------------------------------------------------- */

struct sql_value sql_int_value(int64_t i)
{
	return (struct sql_value){ .type = SQL_INT, .i = i };
}

struct sql_value sql_text_value(const char *s)
{
	return (struct sql_value){ .type = SQL_TEXT, .null = !s, .s = s, .len = s ? strlen(s) : 0 };
}

struct sql_value sql_null_int(void)
{
	return (struct sql_value){ .type = SQL_INT, .null = true };
}

static const struct sql_value *value_at(const struct sql_row *row, size_t column, enum sql_type t)
{
	assert(column < row->n);
	assert(row->value[column].null || row->value[column].type == t);
	return &row->value[column];
}

int64_t sql_int(const struct sql_row *row, size_t column)
{
	const struct sql_value *v = value_at(row, column, SQL_INT);

	return v->null ? 0 : v->i;
}

const char *sql_text(const struct sql_row *row, size_t column)
{
	const struct sql_value *v = value_at(row, column, SQL_TEXT);

	return v->null ? "" : v->s;
}

bool sql_null(const struct sql_row *row, size_t column)
{
	assert(column < row->n);
	return row->value[column].null;
}

int sql_copy(const struct sql_row *row, size_t column, char *buf, size_t size)
{
	return hws_str_copy(buf, size, sql_text(row, column)) < 0 ? HWS_ERR_CORRUPT : HWS_OK;
}

int sql_copy_all(const struct sql_row *row, const struct sql_text_to *to, size_t n)
{
	int r = HWS_OK;

	for (size_t i = 0; i < n && r == HWS_OK; i++)
		r = sql_copy(row, to[i].column, to[i].buf, to[i].size);
	return r;
}

/* --- statements ------------------------------------------------------------------------------- */

static int run(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		sql_row_fn fn, void *arg, int64_t *ret_changed)
{
	uint64_t began;
	int r;

	assert(c->used && n <= SQL_PARAMS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (params[i].len > SQL_TEXT_MAX)
			return HWS_ERR_TOOBIG;
	}
	began = hws_clock_us();
	r = c->link->engine->run(c->link, text, params, n, fn, arg, ret_changed);
	hws_times_add(&c->db->stats.took, hws_clock_us() - began);
	note(c->db, r);
	return r;
}

int sql_run(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n)
{
	return run(c, text, params, n, NULL, NULL, NULL);
}

int sql_change(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		int64_t *ret)
{
	return run(c, text, params, n, NULL, NULL, ret);
}

struct query {
	sql_row_fn fn;
	void *arg;
	size_t rows, max;
};

static int count_row(const struct sql_row *row, void *arg)
{
	struct query *q = arg;

	if (q->rows++ >= q->max)
		return HWS_ERR_TOOBIG;
	return q->fn(row, q->arg);
}

int sql_query(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		sql_row_fn fn, void *arg)
{
	struct query q = { .fn = fn, .arg = arg, .max = SQL_ROWS_MAX };

	return run(c, text, params, n, count_row, &q, NULL);
}

int sql_one(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		sql_row_fn fn, void *arg)
{
	struct query q = { .fn = fn, .arg = arg, .max = 1 };
	int r = run(c, text, params, n, count_row, &q, NULL);

	return r == HWS_OK && !q.rows ? HWS_ERR_NOTFOUND : r;
}

static int read_number(const struct sql_row *row, void *arg)
{
	*(int64_t *)arg = sql_int(row, 0);
	return HWS_OK;
}

int sql_number(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		int64_t *ret)
{
	return sql_one(c, text, params, n, read_number, ret);
}

int sql_begin(struct sql_conn *c)
{
	int r;

	assert(c->used && !c->begun);
	r = c->link->engine->begin(c->link);
	c->begun = r == HWS_OK;
	return r;
}

int sql_end(struct sql_conn *c, int r)
{
	assert(c->begun);
	c->begun = false;
	if (r == HWS_OK)
		return c->link->engine->commit(c->link);
	c->link->engine->rollback(c->link);
	return r;
}

bool sql_in_transaction(const struct sql_conn *c)
{
	return c->begun;
}

int sql_like(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	if (size < 3)
		return HWS_ERR_TOOBIG;
	buf[n++] = '%';
	for (; *text; text++) {
		if (n + 4 > size)
			return HWS_ERR_TOOBIG;
		if (*text == '%' || *text == '_' || *text == '\\')
			buf[n++] = '\\';
		buf[n++] = *text;
	}
	buf[n++] = '%';
	buf[n] = '\0';
	return HWS_OK;
}

uint64_t sql_cache_hash(const char *text)
{
	uint64_t h = 14695981039346656037ull; /* FNV-1a: texts are ours, nobody chooses them */

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 1099511628211ull;
	return h;
}
