/* rendezvous/store/sqlite/file: opening the database file: create, lock, migrate, refuse with a
 * sentence. Private to the sqlite back-end and the import. Blocking. */
#pragma once
#include "shared/base/err.h"
#include <sqlite3.h>
#include <stdint.h>

/* What a result code of SQLite means to us. */
int rdv_sqlite_code(sqlite3 *db, int rc);
/* Fills err with a sentence that names the file, the cause and the remedy; returns the code. */
int rdv_sqlite_error(sqlite3 *db, int rc, const char *path, struct hws_error *err);
/* Creates the file (0600) if there is none, takes the lock that keeps a second server out
 * (*ret_lock_fd, to be closed after every connection) and brings the schema up to date. */
int rdv_sqlite_prepare(const char *path, int *ret_lock_fd, struct hws_error *err) HWS_MUST_CHECK;
/* Looks only: the file must be ours, whole and of this version. */
int rdv_sqlite_check(const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* A copy as of now into a new file (0600), on the disk when it returns; writers go on meanwhile. */
int rdv_sqlite_copy(sqlite3 *db, const char *to, struct hws_error *err) HWS_MUST_CHECK;
/* Searches the whole file for damage. */
int rdv_sqlite_check_whole(sqlite3 *db, const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* The first value of the first row, `*ret` untouched when there is no row. Returns a code of
 * SQLite. */
int rdv_sqlite_query_int(sqlite3 *db, const char *sql, int64_t *ret);
/* A connection that leaves the file as it is until something is written. */
int rdv_sqlite_open_plain(const char *path, sqlite3 **ret, struct hws_error *err) HWS_MUST_CHECK;
/* One more connection to a prepared file, for use by one thread. */
int rdv_sqlite_connect(const char *path, sqlite3 **ret, struct hws_error *err) HWS_MUST_CHECK;
