/* admin/sql/engine: what an engine gives to the layer above. Private to admin/sql. */
#pragma once
#include "admin/sql/sql.h"
#include <time.h>

struct sql_engine;

/* A connection of an engine; one thread at a time. */
struct sql_link {
	const struct sql_engine *engine;
};

struct sql_engine {
	const char *name;
	void (*free)(struct sql_link *l);
	/* Before it is used: connected, or made again. */
	int (*ready)(struct sql_link *l) HWS_MUST_CHECK;
	/* How long an answer may take from now on, a new connection, too; 0 = as usual. */
	void (*limit)(struct sql_link *l, unsigned ms);
	/* `fn` may be NULL; *ret_changed: rows that the statement changed. */
	int (*run)(struct sql_link *l, const char *text, const struct sql_value *params, size_t n,
			sql_row_fn fn, void *arg, int64_t *ret_changed);
	/* Words of a transaction. */
	int (*begin)(struct sql_link *l);
	int (*commit)(struct sql_link *l);
	void (*rollback)(struct sql_link *l);
};

/* What all connections of an engine share. */
struct sql_base {
	const struct sql_base_ops *ops;
};

struct sql_base_ops {
	void (*free)(struct sql_base *b);
	/* NULL without memory; connected by its first `ready`. */
	struct sql_link *(*link)(struct sql_base *b);
	int (*backup)(struct sql_base *b, const char *path, struct hws_error *err);
	const char *name;
};

/* Each creates or opens, and migrates. */
int sql_sqlite_open(const struct sql_place *place, struct sql_base **ret,
		struct hws_error *err) HWS_MUST_CHECK;
int sql_postgres_open(const struct sql_place *place, struct sql_base **ret,
		struct hws_error *err) HWS_MUST_CHECK;

/* So long from now, for waits by CLOCK_MONOTONIC. */
struct timespec sql_until(unsigned ms);

/* The place of a prepared statement among those of a connection. */
#define SQL_CACHE_SIZE 96u
uint64_t sql_cache_hash(const char *text);
