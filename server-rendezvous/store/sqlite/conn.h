/* rendezvous/store/sqlite/conn: the connection of one worker with its prepared statements. Private
 * to the sqlite back-end. One thread. */
#pragma once
#include "server-rendezvous/store/sqlite/guard.h"
#include <stddef.h>

/* What a transaction takes; for rdv_sqlite_exec. */
extern const char rdv_sqlite_begin[], rdv_sqlite_commit[], rdv_sqlite_rollback[];

struct rdv_sqlite_prepared;

struct rdv_sqlite_conn {
	struct rdv_sqlite_guard *guard; /* the store's */
	bool writes;
	sqlite3 *db;
	struct rdv_sqlite_prepared *prepared; /* statements, when first used */
};

/* Before its thread starts; the one that writes is connected at once. NULL without memory. */
struct rdv_sqlite_conn *rdv_sqlite_conn_new(struct rdv_sqlite_guard *guard, bool writes);
/* After its thread has ended. */
void rdv_sqlite_conn_free(void *conn);
/* About once a second while there is nothing to do. */
void rdv_sqlite_conn_idle(void *conn);
/* Connects if need be. HWS_ERR_STORE or HWS_ERR_DISK, logged. */
int rdv_sqlite_conn_ready(struct rdv_sqlite_conn *c);
/* The write worker, before it writes: a file that was deleted or replaced is written again
 * first. */
int rdv_sqlite_conn_see_to_file(struct rdv_sqlite_conn *c) HWS_MUST_CHECK;
/* The prepared statement of a text, which is constant and known by its address; give it back with
 * rdv_sqlite_release. */
int rdv_sqlite_statement(
		struct rdv_sqlite_conn *c, const char *sql, sqlite3_stmt **ret) HWS_MUST_CHECK;
void rdv_sqlite_release(sqlite3_stmt *st);
/* Runs a statement that gives no rows. */
int rdv_sqlite_exec(struct rdv_sqlite_conn *c, const char *sql);
/* Logs what SQLite says of the last call; returns what it means to us. */
int rdv_sqlite_failed(struct rdv_sqlite_conn *c, int rc);
