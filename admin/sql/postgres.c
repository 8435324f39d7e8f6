/* admin/sql/postgres: the layer on PostgreSQL, over the connection that the rendezvous' store has:
 * its deadlines, its pauses after failures. Tables of the API live in the schema hawser_api, so
 * that both can share a database. */
#include "admin/sql/engine.h"
#include "admin/sql/postgres_schema.h"
#include "server-rendezvous/store/postgres/conn.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"

#include <errno.h>
#include <stdlib.h>

/* What PostgreSQL calls its types. */
#define OID_BOOL 16u
#define OID_INT8 20u
#define OID_INT2 21u
#define OID_INT4 23u
#define OID_TEXT 25u

struct server {
	struct sql_base base;
	char *conninfo;
	unsigned statement_ms;
	uint64_t never; /* for pg_connection.end_us */
};

struct prepared {
	uint64_t hash;
	char *text;
};

struct link {
	struct sql_link link;
	struct server *server;
	struct pg_connection pg;
	bool begun;
	unsigned next;
	struct prepared cache[SQL_CACHE_SIZE];
};

static struct link *self(struct sql_link *l)
{
	return hws_container(l, struct link, link);
}

static void forget(struct prepared *p)
{
	hws_free(p->text);
	*p = (struct prepared){ 0 };
}

static int greet(struct pg_connection *pg, struct hws_error *err)
{
	struct link *l = hws_container(pg, struct link, pg);
	char text[160];
	int r = hws_fmt(text, sizeof(text),
			"SET search_path TO hawser_api; SET statement_timeout = %u;"
			"SET lock_timeout = %u",
			l->server->statement_ms, l->server->statement_ms);

	/* what was prepared went with the old connection */
	for (size_t i = 0; i < SQL_CACHE_SIZE; i++)
		forget(&l->cache[i]);
	return r == HWS_OK ? pg_connection_exec(pg, text, err) : r;
}

static void link_free(struct sql_link *link)
{
	struct link *l = self(link);

	pg_connection_drop(&l->pg);
	for (size_t i = 0; i < SQL_CACHE_SIZE; i++)
		forget(&l->cache[i]);
	hws_free(l);
}

/* A connection that ended while nobody used it is made again here, not in the middle of work. */
static int ready(struct sql_link *link)
{
	struct link *l = self(link);

	if (l->pg.c && (!PQconsumeInput(l->pg.c) || PQstatus(l->pg.c) != CONNECTION_OK))
		pg_connection_drop(&l->pg);
	return pg_connection_ready(&l->pg, NULL) == HWS_ERR_NOMEM
			? HWS_ERR_NOMEM
			: (l->pg.c ? HWS_OK : HWS_ERR_STORE);
}

static void limit(struct sql_link *link, unsigned ms)
{
	struct link *l = self(link);

	/* the server's own limit speaks first */
	l->pg.answer_us = (ms ? ms : l->server->statement_ms + 5000) * HWS_US_PER_MS;
	l->pg.connect_us = ms * HWS_US_PER_MS;
}

/* What the SQLSTATE of a failure means to who asked; the rest is logged. */
static int failed(struct link *l, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	if (state && PQstatus(l->pg.c) == CONNECTION_OK) {
		if (hws_str_equal(state, "23505"))
			return HWS_ERR_EXISTS;
		if (hws_str_starts(state, "23") || hws_str_starts(state, "22"))
			return HWS_ERR_INVAL;
		/* clashes, and locks that did not come free in time */
		if (hws_str_starts(state, "40") || hws_str_equal(state, "55P03"))
			return HWS_ERR_BUSY;
	}
	return pg_connection_failed(&l->pg, res);
}

static int answer(struct link *l, PGresult **ret)
{
	PGresult *res = NULL;
	int r = pg_connection_answer(&l->pg, &res);

	if (r == HWS_OK && PQresultStatus(res) != PGRES_COMMAND_OK &&
			PQresultStatus(res) != PGRES_TUPLES_OK)
		r = failed(l, res);
	if (r < 0 || !ret)
		PQclear(res);
	else
		*ret = res;
	return r;
}

static int words(struct link *l, const char *text, PGresult **ret)
{
	if (!PQsendQuery(l->pg.c, text)) {
		pg_connection_lost(&l->pg);
		return HWS_ERR_STORE;
	}
	return answer(l, ret);
}

static int name_of(size_t place, char *buf, size_t size)
{
	return hws_fmt(buf, size, "s%zu", place);
}

static int send_prepare(struct link *l, size_t place, const char *text,
		const struct sql_value *params, size_t n)
{
	struct prepared *p = &l->cache[place];
	Oid types[SQL_PARAMS_MAX];
	char name[16], gone[32];
	int r = name_of(place, name, sizeof(name));

	if (r == HWS_OK && p->text) {
		r = hws_fmt(gone, sizeof(gone), "DEALLOCATE %s", name);
		if (r == HWS_OK)
			r = words(l, gone, NULL);
	}
	forget(p);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		types[i] = params[i].type == SQL_INT ? OID_INT8 : OID_TEXT;
	if (!PQsendPrepare(l->pg.c, name, text, (int)n, types)) {
		pg_connection_lost(&l->pg);
		return HWS_ERR_STORE;
	}
	r = answer(l, NULL);
	if (r < 0)
		return r;
	p->text = hws_strdup(text);
	p->hash = sql_cache_hash(text);
	/* without memory its name would stay taken */
	if (!p->text)
		pg_connection_drop(&l->pg);
	return p->text ? HWS_OK : HWS_ERR_NOMEM;
}

static int prepare(struct link *l, const char *text, const struct sql_value *params, size_t n,
		size_t *ret)
{
	uint64_t hash = sql_cache_hash(text);
	size_t place = l->next;
	int r;

	for (size_t i = 0; i < SQL_CACHE_SIZE; i++) {
		if (l->cache[i].text && l->cache[i].hash == hash &&
				hws_str_equal(l->cache[i].text, text)) {
			*ret = i;
			return HWS_OK;
		}
	}
	r = send_prepare(l, place, text, params, n);
	if (r < 0)
		return r;
	l->next = (l->next + 1) % SQL_CACHE_SIZE;
	*ret = place;
	return HWS_OK;
}

static int send_run(struct link *l, size_t place, const struct sql_value *params, size_t n)
{
	const char *values[SQL_PARAMS_MAX];
	char numbers[SQL_PARAMS_MAX][24], name[16];
	int r = name_of(place, name, sizeof(name));

	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		values[i] = params[i].null ? NULL : params[i].s;
		if (params[i].type == SQL_INT && !params[i].null) {
			r = hws_fmt(numbers[i], sizeof(numbers[i]), "%lld", (long long)params[i].i);
			values[i] = numbers[i];
		}
	}
	if (r < 0)
		return r;
	if (!PQsendQueryPrepared(l->pg.c, name, (int)n, values, NULL, NULL, 0)) {
		pg_connection_lost(&l->pg);
		return HWS_ERR_STORE;
	}
	return HWS_OK;
}

static int read_value(const PGresult *res, int i, int column, struct sql_value *v)
{
	Oid type = PQftype(res, column);
	const char *s = PQgetvalue(res, i, column);
	char *end;

	*v = (struct sql_value){ .type = SQL_TEXT, .null = PQgetisnull(res, i, column) };
	if (type == OID_INT8 || type == OID_INT4 || type == OID_INT2 || type == OID_BOOL)
		v->type = SQL_INT;
	if (v->null)
		return HWS_OK;
	v->s = s;
	v->len = (size_t)PQgetlength(res, i, column);
	if (type == OID_BOOL)
		v->i = s[0] == 't';
	else if (v->type == SQL_INT) {
		errno = 0;
		v->i = strtoll(s, &end, 10);
		if (errno || *end || end == s)
			return HWS_ERR_CORRUPT;
	}
	return HWS_OK;
}

static int read_rows(const PGresult *res, sql_row_fn fn, void *arg)
{
	struct sql_row row = { .n = (size_t)PQnfields(res) };
	int r = HWS_OK;

	if (row.n > SQL_COLUMNS_MAX)
		return HWS_ERR_RANGE;
	for (int i = 0; i < PQntuples(res) && r == HWS_OK; i++) {
		for (int k = 0; k < (int)row.n && r == HWS_OK; k++)
			r = read_value(res, i, k, &row.value[k]);
		if (r == HWS_OK)
			r = fn(&row, arg);
	}
	return r < 0 ? r : HWS_OK;
}

static int run(struct sql_link *link, const char *text, const struct sql_value *params, size_t n,
		sql_row_fn fn, void *arg, int64_t *ret_changed)
{
	struct link *l = self(link);
	PGresult *res = NULL;
	size_t place = 0;
	int r = HWS_OK;

	/* what belongs to a transaction must not run outside of it, on a connection made anew */
	if (!l->begun)
		r = ready(link);
	if (r == HWS_OK && !l->pg.c)
		r = HWS_ERR_STORE;
	if (r == HWS_OK)
		r = prepare(l, text, params, n, &place);
	if (r == HWS_OK)
		r = send_run(l, place, params, n);
	if (r == HWS_OK)
		r = answer(l, &res);
	if (r < 0)
		return r;
	if (ret_changed) {
		uint64_t changed = 0;

		if (hws_parse_u64(PQcmdTuples(res), &changed) < 0)
			changed = 0; /* a statement that has no such number */
		*ret_changed = (int64_t)changed;
	}
	r = fn ? read_rows(res, fn, arg) : HWS_OK;
	PQclear(res);
	return r;
}

static int begin(struct sql_link *link)
{
	struct link *l = self(link);
	int r = ready(link);

	if (r == HWS_OK)
		r = words(l, "BEGIN", NULL);
	l->begun = r == HWS_OK;
	return r;
}

static void rollback(struct sql_link *link)
{
	struct link *l = self(link);

	l->begun = false;
	if (l->pg.c && words(l, "ROLLBACK", NULL) < 0)
		pg_connection_drop(&l->pg);
}

/* PostgreSQL answers COMMIT of what has failed before with ROLLBACK, which is no error to it. */
static int commit(struct sql_link *link)
{
	struct link *l = self(link);
	PGresult *res = NULL;
	int r = l->pg.c ? words(l, "COMMIT", &res) : HWS_ERR_STORE;

	if (r == HWS_OK && !hws_str_equal(PQcmdStatus(res), "COMMIT"))
		r = HWS_ERR_STORE;
	PQclear(res);
	l->begun = false;
	return r;
}

static const struct sql_engine engine = {
	.name = "postgres",
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
	l->server = hws_container(base, struct server, base);
	l->pg = (struct pg_connection){
		.conninfo = l->server->conninfo,
		.greet = greet,
		.end_us = &l->server->never,
	};
	limit(&l->link, 0);
	return &l->link;
}

static int backup(struct sql_base *base, const char *path, struct hws_error *err)
{
	(void)base;
	(void)path;
	return hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"a database of PostgreSQL is copied with: pg_dump --schema=hawser_api");
}

static void base_free(struct sql_base *base)
{
	struct server *s = hws_container(base, struct server, base);

	/* it may hold a password */
	if (s->conninfo)
		hws_free_wiped(s->conninfo, strlen(s->conninfo));
	hws_free(s);
}

static const struct sql_base_ops base_ops = {
	.name = "postgres",
	.free = base_free,
	.link = new_link,
	.backup = backup,
};

int sql_postgres_open(const struct sql_place *place, struct sql_base **ret, struct hws_error *err)
{
	struct server *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "PostgreSQL: out of memory");
	s->base.ops = &base_ops;
	s->statement_ms = place->statement_ms ? place->statement_ms : 5000;
	s->conninfo = hws_strdup(place->conninfo);
	r = s->conninfo ? sql_postgres_migrate(s->conninfo, err)
			: hws_error_set(err, HWS_ERR_NOMEM, "PostgreSQL: out of memory");
	if (r < 0) {
		base_free(&s->base);
		return r;
	}
	*ret = &s->base;
	return HWS_OK;
}
