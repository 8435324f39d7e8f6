/* admin/sql: one small layer over SQLite and PostgreSQL, so that a statement is written once.
 *
 * The same text runs on both: parameters are $1, $2, ... in the order of their first use, keys
 * are texts, times are Unix milliseconds, truth values are 0 and 1; INSERT ... ON CONFLICT and
 * RETURNING are there, ILIKE, now() and casts by :: are not. A sum of BIGINT is written as
 * CAST(sum(x) AS BIGINT): PostgreSQL makes a number without end of it.
 *
 * Everything here blocks: on worker threads only. A connection belongs to one thread from sql_take
 * to sql_give. Failure, everywhere: HWS_ERR_STORE (the database is away or answered with an error,
 * which is logged), HWS_ERR_DISK, HWS_ERR_BUSY (others hold it for too long, or both waited for
 * each other: worth another try), HWS_ERR_EXISTS (a unique key is taken), HWS_ERR_INVAL (another
 * rule of the schema: a key that does not exist, a value that no column takes), HWS_ERR_NOMEM. */
#pragma once
#include "shared/base/err.h"
#include "shared/base/times.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQL_PARAMS_MAX 48u
#define SQL_COLUMNS_MAX 48u
/* A text that is longer is refused on its way in (HWS_ERR_TOOBIG). */
#define SQL_TEXT_MAX (8u << 20)
/* A query that gives more is ended with HWS_ERR_TOOBIG: lists are read in pages. */
#define SQL_ROWS_MAX 20000u

struct sql_db;
struct sql_conn;

struct sql_place {
	const char *path;      /* a file of SQLite, made if there is none (0600) */
	const char *conninfo;  /* or PostgreSQL, as libpq takes it; then path is NULL */
	unsigned connections;  /* at most at a time, 1 ... 64 */
	unsigned statement_ms; /* what one statement may take; 0 = 5000 */
};

/* Opens and brings the tables up to date, under a lock that other processes wait for. Before a file
 * of SQLite is changed a copy of it is made beside it, NAME.before-vVERSION, of which the newest
 * three are kept. A database that a newer hawser has written, that is damaged or belongs to another
 * program is refused with a sentence that says what to do. Of one file a process opens one
 * sql_db. */
int sql_open(const struct sql_place *place, struct sql_db **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* After all connections were given back. Takes NULL. */
void sql_close(struct sql_db *db);
/* "sqlite" or "postgres". */
const char *sql_engine_name(const struct sql_db *db);
/* Atomics; they stand where they are for as long as the database is open. */
struct sql_stats {
	uint64_t up;           /* 1: what was asked last came back from the database */
	uint64_t failures;     /* HWS_ERR_STORE, HWS_ERR_DISK */
	struct hws_times took; /* statements, by how long they took */
};
const struct sql_stats *sql_stats(const struct sql_db *db);
/* A consistent copy while others write, into a new file (0600); HWS_ERR_UNSUPPORTED for PostgreSQL,
 * which has pg_dump. */
int sql_backup(struct sql_db *db, const char *path, struct hws_error *err) HWS_MUST_CHECK;

/* A connection for this thread. HWS_ERR_FULL: all are in use, and none came free in time. */
int sql_take(struct sql_db *db, struct sql_conn **ret) HWS_MUST_CHECK;
/* The same for who must answer soon: waits so long at most for a connection, and for each answer on
 * it until it is given back. A database that is silent then is HWS_ERR_STORE. */
int sql_take_soon(struct sql_db *db, unsigned ms, struct sql_conn **ret) HWS_MUST_CHECK;
/* Gives it back; what was begun and not committed is rolled back. Takes NULL. */
void sql_give(struct sql_conn *c);

enum sql_type { SQL_INT, SQL_TEXT };

struct sql_value {
	enum sql_type type;
	bool null;
	int64_t i;
	const char *s; /* NUL-terminated */
	size_t len;
};

struct sql_value sql_int_value(int64_t i);
/* NULL is SQL's null. */
struct sql_value sql_text_value(const char *s);
struct sql_value sql_null_int(void);
#define SQL_I(i) sql_int_value(i)
#define SQL_T(s) sql_text_value(s)
#define SQL_NO_I sql_null_int()
/* Parameters and their number, as the last arguments of what follows. */
#define SQL_P(...)                                                                                 \
	(const struct sql_value[]){ __VA_ARGS__ },                                                 \
			sizeof((const struct sql_value[]){ __VA_ARGS__ }) /                        \
			sizeof(struct sql_value)
#define SQL_NONE NULL, 0

/* Runs a statement that gives no rows, or whose rows nobody needs. */
int sql_run(struct sql_conn *c, const char *text, const struct sql_value *params,
		size_t n) HWS_MUST_CHECK;
/* The same; how many rows it changed. */
int sql_change(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		int64_t *ret) HWS_MUST_CHECK;

/* A row as it is read: values borrow until the function returns. */
struct sql_row {
	size_t n;
	struct sql_value value[SQL_COLUMNS_MAX];
};
/* 0 for null. A column that does not exist, or has another type, ends the program: it is our
 * mistake. */
int64_t sql_int(const struct sql_row *row, size_t column);
/* "" for null. */
const char *sql_text(const struct sql_row *row, size_t column);
bool sql_null(const struct sql_row *row, size_t column);
/* Copies a text whole; HWS_ERR_CORRUPT when it is longer than what we ever write there. */
int sql_copy(const struct sql_row *row, size_t column, char *buf, size_t size) HWS_MUST_CHECK;
/* The same of several, up to the first that fails. */
struct sql_text_to {
	size_t column;
	char *buf;
	size_t size;
};
int sql_copy_all(const struct sql_row *row, const struct sql_text_to *to, size_t n) HWS_MUST_CHECK;

/* Called for each row; a negative return ends the query with it. No other statement may be run on
 * this connection meanwhile. */
typedef int (*sql_row_fn)(const struct sql_row *row, void *arg);

int sql_query(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		sql_row_fn fn, void *arg) HWS_MUST_CHECK;
/* The only row there can be: HWS_ERR_NOTFOUND when there is none. */
int sql_one(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		sql_row_fn fn, void *arg) HWS_MUST_CHECK;
/* The first value of the only row. */
int sql_number(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		int64_t *ret) HWS_MUST_CHECK;

/* A transaction. On SQLite one writes at a time, from sql_begin on; on PostgreSQL what others have
 * committed meanwhile is seen, so that a row which decides something is locked first, by an UPDATE
 * of it. After a failure inside only sql_end can follow. */
int sql_begin(struct sql_conn *c) HWS_MUST_CHECK;
/* Commits when r is HWS_OK, else rolls back; returns r, or why it could not be committed. */
int sql_end(struct sql_conn *c, int r) HWS_MUST_CHECK;
bool sql_in_transaction(const struct sql_conn *c);

/* For LIKE ... ESCAPE '\': the text with its signs %, _ and \ made plain, % at both ends. */
int sql_like(const char *text, char *buf, size_t size) HWS_MUST_CHECK;
