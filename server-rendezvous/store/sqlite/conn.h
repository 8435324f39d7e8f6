/* rendezvous/store/sqlite/conn: the connection of one worker with its prepared statements. Private
 * to the sqlite back-end. One thread. */
#pragma once
#include "server-rendezvous/store/sqlite/guard.h"
#include <stddef.h>

enum rdv_sqlite_statement {
	RDV_ST_PUT,
	RDV_ST_PUT_FORCE,
	RDV_ST_PUT_KEEP,
	RDV_ST_UUID,
	RDV_ST_RENAME,
	RDV_ST_DELETE,
	RDV_ST_GET,
	RDV_ST_LIST,
	RDV_ST_LOAD,
	RDV_ST_ENTRY_PUT,
	RDV_ST_ENTRY_DELETE,
	RDV_ST_ENTRY_LOAD,
	RDV_ST_BEGIN,
	RDV_ST_COMMIT,
	RDV_ST_ROLLBACK,
	RDV_ST_COUNT
};

struct rdv_sqlite_conn {
	struct rdv_sqlite_guard *guard; /* the store's */
	bool writes;
	sqlite3 *db;
	sqlite3_stmt *st[RDV_ST_COUNT]; /* prepared when first used */
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
/* The prepared statement; give it back with rdv_sqlite_release. */
int rdv_sqlite_statement(struct rdv_sqlite_conn *c, enum rdv_sqlite_statement which,
		sqlite3_stmt **ret) HWS_MUST_CHECK;
void rdv_sqlite_release(sqlite3_stmt *st);
/* Runs a statement that gives no rows. */
int rdv_sqlite_exec(struct rdv_sqlite_conn *c, enum rdv_sqlite_statement which);
/* Logs what SQLite says of the last call; returns what it means to us. */
int rdv_sqlite_failed(struct rdv_sqlite_conn *c, int rc);
