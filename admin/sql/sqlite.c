/* admin/sql/sqlite: the layer on a file of SQLite. Writers of this process stand in a line of our
 * own, which is fair; SQLite's, which other processes need, is polled. */
#include "admin/sql/engine.h"
#include "admin/sql/sqlite_file.h"
#include "admin/sql/sqlite_moved.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include "server-rendezvous/store/sqlite/file.h"
#include <pthread.h>
#include <time.h>

#define WRITE_WAIT_MS 10000u
#define BUSY_MS 5000u
/* So often (in steps of SQLite's machine) a statement is asked whether its time is up. */
#define STEPS 20000

struct file {
	struct sql_base base;
	char *path;
	uint64_t statement_us;
	pthread_mutex_t writing;
	struct sql_moved moved;
};

struct prepared {
	uint64_t hash;
	char *text;
	sqlite3_stmt *st;
};

struct link {
	struct sql_link link;
	struct file *file;
	sqlite3 *db;
	bool begun;        /* and so it holds `writing` */
	uint64_t end_us;   /* of the statement that runs */
	unsigned limit_ms; /* 0 = as usual */
	unsigned next;     /* the place that is given away when all are taken */
	struct prepared cache[SQL_CACHE_SIZE];
};

static struct link *self(struct sql_link *l)
{
	return hws_container(l, struct link, link);
}

/* A failure that says something about what was asked is the caller's to tell; the rest is
 * logged. */
static int failed(struct link *l, int rc)
{
	struct hws_error err = { 0 };

	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
		return HWS_ERR_EXISTS;
	default:
		break;
	}
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
		return HWS_ERR_INVAL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return HWS_ERR_BUSY;
	case SQLITE_TOOBIG:
		return HWS_ERR_TOOBIG;
	default:
		break;
	}
	rdv_sqlite_error(l->db, rc, l->file->path, &err);
	hws_log_event(HWS_LOG_ERROR, true, "store.failed",
			hws_log_fields(HWS_STR("store", "sqlite"), HWS_STR("text", err.text)));
	return rdv_sqlite_code(l->db, rc);
}

static int time_is_up(void *arg)
{
	const struct link *l = arg;

	return l->end_us && hws_clock_us() > l->end_us;
}

static void forget(struct prepared *p)
{
	sqlite3_finalize(p->st);
	hws_free(p->text);
	*p = (struct prepared){ 0 };
}

static void disconnect(struct link *l)
{
	for (size_t i = 0; i < SQL_CACHE_SIZE; i++)
		forget(&l->cache[i]);
	sql_moved_close(&l->file->moved, l->db);
	l->db = NULL;
}

static int ready(struct sql_link *link)
{
	struct link *l = self(link);
	struct hws_error err = { 0 };
	int r;

	if (!sql_moved_in_place(&l->file->moved)) {
		if (sql_moved_save(&l->file->moved, l->db))
			disconnect(l);
		return HWS_ERR_STORE;
	}
	if (l->db)
		return HWS_OK;
	r = sql_file_connect(l->file->path, &l->db, &err);
	if (r < 0) {
		hws_log_event(HWS_LOG_ERROR, true, "store.failed",
				hws_log_fields(HWS_STR("store", "sqlite"),
						HWS_STR("text", err.text)));
		return r == HWS_ERR_DISK || r == HWS_ERR_NOMEM ? r : HWS_ERR_STORE;
	}
	sql_moved_connected(&l->file->moved);
	sqlite3_progress_handler(l->db, STEPS, time_is_up, l);
	sqlite3_busy_timeout(l->db, (int)(l->limit_ms ? l->limit_ms : BUSY_MS));
	return HWS_OK;
}

static void limit(struct sql_link *link, unsigned ms)
{
	struct link *l = self(link);

	l->limit_ms = ms;
	if (l->db)
		sqlite3_busy_timeout(l->db, (int)(ms ? ms : BUSY_MS));
}

static void link_free(struct sql_link *link)
{
	struct link *l = self(link);

	if (l->db && !sql_moved_in_place(&l->file->moved))
		(void)sql_moved_save(&l->file->moved, l->db);
	disconnect(l);
	hws_free(l);
}

/* $1 is a name to SQLite, which it numbers by first use: a text that uses them in another order
 * would mean something else to PostgreSQL. */
static bool numbered(sqlite3_stmt *st, size_t n)
{
	if (sqlite3_bind_parameter_count(st) != (int)n)
		return false;
	for (int i = 1; i <= (int)n; i++) {
		char want[16];

		if (hws_fmt(want, sizeof(want), "$%d", i) < 0 ||
				!hws_str_equal(sqlite3_bind_parameter_name(st, i), want))
			return false;
	}
	return true;
}

static int prepare(struct link *l, const char *text, size_t n, sqlite3_stmt **ret)
{
	uint64_t hash = sql_cache_hash(text);
	struct prepared *p;
	const char *tail = "";
	int rc;

	for (size_t i = 0; i < SQL_CACHE_SIZE; i++) {
		p = &l->cache[i];
		if (p->st && p->hash == hash && hws_str_equal(p->text, text)) {
			*ret = p->st;
			return HWS_OK;
		}
	}
	p = &l->cache[l->next];
	l->next = (l->next + 1) % SQL_CACHE_SIZE;
	forget(p);
	p->text = hws_strdup(text);
	if (!p->text)
		return HWS_ERR_NOMEM;
	p->hash = hash;
	rc = sqlite3_prepare_v3(l->db, text, -1, SQLITE_PREPARE_PERSISTENT, &p->st, &tail);
	if (rc != SQLITE_OK || !numbered(p->st, n) || *tail) {
		int r = rc == SQLITE_OK ? HWS_ERR_INVAL : failed(l, rc);

		forget(p);
		return r;
	}
	*ret = p->st;
	return HWS_OK;
}

static int bind(sqlite3_stmt *st, const struct sql_value *params, size_t n)
{
	int rc = SQLITE_OK;

	for (int i = 0; i < (int)n && rc == SQLITE_OK; i++) {
		if (params[i].null)
			rc = sqlite3_bind_null(st, i + 1);
		else if (params[i].type == SQL_INT)
			rc = sqlite3_bind_int64(st, i + 1, params[i].i);
		else
			rc = sqlite3_bind_text(
					st, i + 1, params[i].s, (int)params[i].len, SQLITE_STATIC);
	}
	return rc;
}

static int take_row(sqlite3_stmt *st, sql_row_fn fn, void *arg)
{
	struct sql_row row = { .n = (size_t)sqlite3_column_count(st) };

	if (row.n > SQL_COLUMNS_MAX)
		return HWS_ERR_RANGE;
	for (int i = 0; i < (int)row.n; i++) {
		struct sql_value *v = &row.value[i];
		int type = sqlite3_column_type(st, i);

		v->null = type == SQLITE_NULL;
		v->type = type == SQLITE_INTEGER ? SQL_INT : SQL_TEXT;
		if (type == SQLITE_INTEGER) {
			v->i = sqlite3_column_int64(st, i);
		} else if (!v->null) {
			v->s = (const char *)sqlite3_column_text(st, i);
			if (!v->s)
				return HWS_ERR_NOMEM;
			v->len = (size_t)sqlite3_column_bytes(st, i);
		}
	}
	return fn(&row, arg);
}

static int step_all(struct link *l, sqlite3_stmt *st, sql_row_fn fn, void *arg)
{
	for (;;) {
		int rc = sqlite3_step(st), r;

		if (rc == SQLITE_DONE)
			return HWS_OK;
		if (rc != SQLITE_ROW)
			return failed(l, rc);
		r = fn ? take_row(st, fn, arg) : HWS_OK;
		if (r < 0)
			return r;
	}
}

static int lock_writing(struct link *l)
{
	struct timespec end = sql_until(l->limit_ms ? l->limit_ms : WRITE_WAIT_MS);

	return pthread_mutex_clocklock(&l->file->writing, CLOCK_MONOTONIC, &end) == 0
			? HWS_OK
			: HWS_ERR_BUSY;
}

static int run(struct sql_link *link, const char *text, const struct sql_value *params, size_t n,
		sql_row_fn fn, void *arg, int64_t *ret_changed)
{
	struct link *l = self(link);
	sqlite3_stmt *st = NULL;
	bool alone = false;
	int r = prepare(l, text, n, &st), rc;

	if (r < 0)
		return r;
	if (!l->begun && !sqlite3_stmt_readonly(st)) {
		r = lock_writing(l);
		if (r < 0)
			return r;
		alone = true;
	}
	l->end_us = hws_clock_us() +
			(l->limit_ms ? l->limit_ms * HWS_US_PER_MS : l->file->statement_us);
	rc = bind(st, params, n);
	r = rc == SQLITE_OK ? step_all(l, st, fn, arg) : failed(l, rc);
	l->end_us = 0;
	if (r == HWS_OK && ret_changed)
		*ret_changed = sqlite3_stmt_readonly(st) ? 0 : sqlite3_changes64(l->db);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	if (alone)
		pthread_mutex_unlock(&l->file->writing);
	return r;
}

static int begin(struct sql_link *link)
{
	struct link *l = self(link);
	int r = lock_writing(l);

	if (r < 0)
		return r;
	l->begun = true;
	r = run(link, "BEGIN IMMEDIATE", NULL, 0, NULL, NULL, NULL);
	if (r < 0) {
		l->begun = false;
		pthread_mutex_unlock(&l->file->writing);
	}
	return r;
}

static void rollback(struct sql_link *link)
{
	struct link *l = self(link);

	/* some failures (a full disk) have ended it already */
	if (!sqlite3_get_autocommit(l->db) && run(link, "ROLLBACK", NULL, 0, NULL, NULL, NULL) < 0)
		disconnect(l); /* cannot be: it would hold up all others, so the connection goes */
	l->begun = false;
	pthread_mutex_unlock(&l->file->writing);
}

static int commit(struct sql_link *link)
{
	struct link *l = self(link);
	int r = sqlite3_get_autocommit(l->db) ? HWS_ERR_STORE
					      : run(link, "COMMIT", NULL, 0, NULL, NULL, NULL);

	if (r < 0) {
		rollback(link);
		return r;
	}
	l->begun = false;
	pthread_mutex_unlock(&l->file->writing);
	return HWS_OK;
}

static const struct sql_engine engine = {
	.name = "sqlite",
	.free = link_free,
	.ready = ready,
	.limit = limit,
	.run = run,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
};

static struct sql_link *new_link(struct sql_base *base)
{
	struct link *l = hws_alloc(sizeof(*l));

	if (!l)
		return NULL;
	l->link.engine = &engine;
	l->file = hws_container(base, struct file, base);
	return &l->link;
}

static int backup(struct sql_base *base, const char *path, struct hws_error *err)
{
	struct file *f = hws_container(base, struct file, base);
	sqlite3 *db = NULL;
	int r = sql_file_connect(f->path, &db, err);

	if (r == HWS_OK)
		r = rdv_sqlite_copy(db, path, err);
	sqlite3_close(db);
	return r;
}

static void base_free(struct sql_base *base)
{
	struct file *f = hws_container(base, struct file, base);

	pthread_mutex_destroy(&f->writing);
	sql_moved_done(&f->moved);
	hws_free(f->path);
	hws_free(f);
}

static const struct sql_base_ops base_ops = {
	.name = "sqlite",
	.free = base_free,
	.link = new_link,
	.backup = backup,
};

int sql_sqlite_open(const struct sql_place *place, struct sql_base **ret, struct hws_error *err)
{
	struct file *f = hws_alloc(sizeof(*f));
	int r;

	if (!f)
		return hws_error_set(err, HWS_ERR_NOMEM, "%s: out of memory", place->path);
	f->base.ops = &base_ops;
	pthread_mutex_init(&f->writing, NULL);
	f->statement_us = (place->statement_ms ? place->statement_ms : 5000) * HWS_US_PER_MS;
	f->path = hws_strdup(place->path);
	r = f->path ? sql_file_prepare(f->path, err)
		    : hws_error_set(err, HWS_ERR_NOMEM, "%s: out of memory", place->path);
	sql_moved_init(&f->moved, f->path ? f->path : "");
	if (r < 0) {
		base_free(&f->base);
		return r;
	}
	*ret = &f->base;
	return HWS_OK;
}
