/* import/sqlite: the file is a stranger's: its schema is not trusted (nothing in it runs), only
 * real tables are read, and a query that takes too long ends. */
#include "admin/import/sqlite.h"
#include "server-rendezvous/store/sqlite/file.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>
#include <unistd.h>

#define BUSY_MS 5000
#define TEXT_MAX (1 << 20) /* what one value may be */
#define STEPS 1000000      /* of SQLite's machine, between two looks */
#define LOOKS_MAX 20000    /* some minutes */

struct imp_sqlite {
	sqlite3 *db;
	const struct imp_layout *layout;
	char path[500];
	unsigned looks;
};

static int on_steps(void *arg)
{
	struct imp_sqlite *s = arg;

	return ++s->looks > LOOKS_MAX;
}

/* A number that a query with one or two names gives. */
static int ask(struct imp_sqlite *s, const char *sql, const char *a, const char *b, bool *ret)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(st, 1, a, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK && b)
		rc = sqlite3_bind_text(st, 2, b, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*ret = sqlite3_column_int(st, 0) > 0;
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc;
}

static int has_table(struct imp_sqlite *s, const char *table, bool *ret)
{
	return ask(s, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
			table, NULL, ret);
}

static int has_column(struct imp_sqlite *s, const char *table, const char *column, bool *ret)
{
	return ask(s, "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2", table, column,
			ret);
}

/* Whether all marks of a layout are there. */
static int fits(struct imp_sqlite *s, const struct imp_layout *l, bool *ret)
{
	const char *at = l->marks;
	char mark[80];
	int rc = SQLITE_OK;

	*ret = true;
	while (*at && *ret && rc == SQLITE_OK) {
		size_t n = strcspn(at, " ");
		char *dot;

		if (hws_fmt(mark, sizeof(mark), "%.*s", (int)n, at) < 0)
			return SQLITE_INTERNAL;
		dot = strchr(mark, '.');
		*dot = '\0';
		rc = has_table(s, mark, ret);
		if (rc == SQLITE_OK && *ret)
			rc = has_column(s, mark, dot + 1, ret);
		at += n + (at[n] == ' ');
	}
	return rc;
}

static int choose(struct imp_sqlite *s, const char *kind, struct hws_error *err)
{
	bool is = false;
	int rc = SQLITE_OK;

	for (size_t i = 0; i < imp_layout_count && !s->layout && rc == SQLITE_OK; i++) {
		const struct imp_layout *l = &imp_layouts[i];

		if (!hws_str_equal(kind, "auto") && !hws_str_equal(kind, l->kind))
			continue;
		rc = fits(s, l, &is);
		if (rc == SQLITE_OK && is)
			s->layout = l;
	}
	if (rc != SQLITE_OK)
		return rdv_sqlite_error(s->db, rc, s->path, err);
	if (!s->layout && hws_str_equal(kind, "auto"))
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s has not the tables of any server that is known here; name the "
				"kind with --from, or bring the data as CSV",
				s->path);
	if (!s->layout)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s has not the tables of %s: is it the right file, and of a "
				"version that has been started once?",
				s->path, kind);
	return HWS_OK;
}

int imp_sqlite_open(
		const char *path, const char *kind, struct imp_sqlite **ret, struct hws_error *err)
{
	struct imp_sqlite *s;
	int r = HWS_OK, rc;

	if (access(path, F_OK) < 0)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no file %s", path);
	r = rdv_sqlite_check_regular(path, err);
	if (r < 0)
		return r;
	s = hws_alloc(sizeof(*s));
	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (hws_str_copy(s->path, sizeof(s->path), path) < 0) {
		hws_free(s);
		return hws_error_set(err, HWS_ERR_TOOBIG, "the file's name is too long");
	}
	rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(s->db, BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, TEXT_MAX);
		sqlite3_progress_handler(s->db, STEPS, on_steps, s);
		rc = sqlite3_exec(s->db, "PRAGMA trusted_schema = OFF; BEGIN", NULL, NULL, NULL);
	}
	if (rc != SQLITE_OK)
		r = rdv_sqlite_error(s->db, rc, path, err);
	if (r == HWS_OK)
		r = choose(s, kind, err);
	if (r == HWS_OK)
		r = rdv_sqlite_check_whole(s->db, path, err);
	if (r < 0)
		imp_sqlite_close(s);
	else
		*ret = s;
	return r;
}

void imp_sqlite_close(struct imp_sqlite *s)
{
	if (!s)
		return;
	sqlite3_close(s->db);
	hws_free(s);
}

const char *imp_sqlite_kind(const struct imp_sqlite *s)
{
	return s->layout->kind;
}

/* --- one query -------------------------------------------------------------------------------- */

/* SELECT with one column for each of the table's; what a version has not is ''. */
static int write_query(struct imp_sqlite *s, const struct imp_table *t, struct hws_buf *sql)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < t->count && rc == SQLITE_OK; i++) {
		const struct imp_column *c = &t->column[i];
		const char *expr = c->expr;
		bool there = true;

		if (c->needs)
			rc = has_column(s, t->table, c->needs, &there);
		if (!there)
			expr = c->other ? c->other : "''";
		hws_buf_fmt(sql, "%s%s", i ? ", " : "SELECT ", expr);
	}
	if (t->from)
		hws_buf_fmt(sql, " FROM %s", t->from);
	else
		hws_buf_fmt(sql, " FROM \"%s\"", t->table);
	if (t->where)
		hws_buf_fmt(sql, " WHERE %s", t->where);
	hws_buf_put_u8(sql, 0);
	return rc;
}

static int give_row(sqlite3_stmt *st, const struct imp_table *t, imp_row_fn fn, void *arg)
{
	struct imp_row row;

	for (size_t i = 0; i < IMP_FIELDS; i++)
		row.v[i] = "";
	for (size_t i = 0; i < t->count; i++) {
		const char *text = (const char *)sqlite3_column_text(st, (int)i);

		row.v[t->column[i].field] = text ? text : "";
	}
	return fn(&row, arg);
}

static int read_table(struct imp_sqlite *s, const struct imp_table *t, imp_row_fn fn, void *arg,
		struct hws_error *err)
{
	sqlite3_stmt *st = NULL;
	struct hws_buf sql;
	bool there = false;
	int r = HWS_OK, rc = has_table(s, t->table, &there);

	if (rc == SQLITE_OK && !there)
		return HWS_OK;
	hws_buf_init(&sql, 16384);
	if (rc == SQLITE_OK)
		rc = write_query(s, t, &sql);
	if (hws_buf_err(&sql) < 0)
		rc = SQLITE_NOMEM;
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(
				s->db, (const char *)hws_buf_bytes(&sql).ptr, -1, &st, NULL);
	while (rc == SQLITE_OK && r == HWS_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		r = give_row(st, t, fn, arg);
	}
	if (r == HWS_OK && rc != SQLITE_DONE)
		r = rdv_sqlite_error(s->db, rc, s->path, err);
	sqlite3_finalize(st);
	hws_buf_done(&sql);
	return r;
}

int imp_sqlite_each(struct imp_sqlite *s, enum imp_what what, imp_row_fn fn, void *arg,
		struct hws_error *err)
{
	int r = HWS_OK;

	for (size_t i = 0; i < s->layout->count && r == HWS_OK; i++)
		if (s->layout->table[i].what == what)
			r = read_table(s, &s->layout->table[i], fn, arg, err);
	return r;
}
