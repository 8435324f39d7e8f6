/* rendezvous/store/postgres/conn: one connection to PostgreSQL for one thread. It never waits
 * longer than its deadlines, makes itself anew after a failure, with a growing pause, and never
 * logs a conninfo. Private to the postgres back-end. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <libpq-fe.h>
#include <stdbool.h>

/* A statement prepared on each new connection; parameters and results are binary. */
struct pg_statement {
	const char *name;
	const char *sql;
};

struct pg_statements {
	const struct pg_statement *list;
	size_t count;
};

struct pg_connection {
	const char *conninfo;                          /* borrowed */
	const struct pg_statements *const *statements; /* ends with NULL */
	/* Called for each new connection, before statements are prepared on it; may be NULL. */
	int (*greet)(struct pg_connection *l, struct hws_error *err);
	void (*connected)(void *arg); /* called when the connection was made again; may be NULL */
	void *arg;
	uint64_t answer_us;     /* a database that is silent longer is taken for dead */
	uint64_t connect_us;    /* the same of a new connection; 0 = five seconds */
	const uint64_t *end_us; /* atomic, of the store: no wait goes beyond it unless 0 */
	PGconn *c;              /* NULL = none */
	uint64_t retry_at_us, pause_us, lost_us;
	bool had_one;
	bool again; /* the last failure was a clash with somebody else: worth another try */
};

struct pg_param {
	const void *ptr; /* NULL = SQL null */
	size_t len;
};
#define PG_TEXT(s) ((struct pg_param){ (s), strlen(s) })
#define PG_BYTES(p, n) ((struct pg_param){ (p), (n) })

#define PG_PARAMS_MAX 8u

/* Connects unless there is a connection; fails at once during the pause after a failure. `err` (may
 * be NULL) gets a sentence. */
int pg_connection_ready(struct pg_connection *l, struct hws_error *err) HWS_MUST_CHECK;
void pg_connection_drop(struct pg_connection *l);
/* PQconsumeInput has failed: logs and drops. */
void pg_connection_lost(struct pg_connection *l);
/* Runs a prepared statement; *ret must be cleared with PQclear (NULL on failure). */
int pg_connection_query(struct pg_connection *l, const char *statement,
		const struct pg_param *params, size_t n, PGresult **ret) HWS_MUST_CHECK;
/* COPY ... TO STDOUT: begin, then take pieces (PQfreemem each) until *ret is NULL. To give up:
 * pg_connection_drop. */
int pg_copy_begin(struct pg_connection *l, const char *sql) HWS_MUST_CHECK;
int pg_copy_next(struct pg_connection *l, char **ret, size_t *ret_len) HWS_MUST_CHECK;
/* The last result of what the caller has sent by one of PQsend..., or the first that failed: that
 * is neither logged nor told, the caller knows what it means (and whether to call
 * pg_connection_failed). */
int pg_connection_answer(struct pg_connection *l, PGresult **ret) HWS_MUST_CHECK;
/* Runs SQL text of one or more statements, results dropped. */
int pg_connection_exec(
		struct pg_connection *l, const char *sql, struct hws_error *err) HWS_MUST_CHECK;
/* The same with the first value of the result as a number. */
int pg_connection_exec_int(struct pg_connection *l, const char *sql, int64_t *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* The same as text: "" for null, for no row, and for what does not fit. */
int pg_connection_exec_text(struct pg_connection *l, const char *sql, char *buf, size_t size,
		struct hws_error *err) HWS_MUST_CHECK;

/* Pipeline: begin, queue statements, end; then one result for each by pg_pipe_next, in order. After
 * a failure all later ones fail, and pg_pipe_finish tells. */
int pg_pipe_begin(struct pg_connection *l) HWS_MUST_CHECK;
int pg_pipe_queue(struct pg_connection *l, const char *statement, const struct pg_param *params,
		size_t n) HWS_MUST_CHECK;
/* *ret NULL when the statement failed or was skipped. */
int pg_pipe_next(struct pg_connection *l, PGresult **ret) HWS_MUST_CHECK;
/* Must be called after all results were taken, or to give up. */
int pg_pipe_finish(struct pg_connection *l, int r) HWS_MUST_CHECK;
/* After the last pg_pipe_queue. */
int pg_pipe_sync(struct pg_connection *l) HWS_MUST_CHECK;

/* Logs (limited) and maps a failed result; drops a dead connection. */
int pg_connection_failed(struct pg_connection *l, const PGresult *res);
