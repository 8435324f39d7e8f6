/* rendezvous/store/sqlite/file: connections to database files, copies, and what codes of SQLite
 * mean. Private to those who keep such files. Blocking. */
#pragma once
#include "shared/base/err.h"
#include <sqlite3.h>
#include <stdint.h>

/* What a result code of SQLite means to us. */
int rdv_sqlite_code(sqlite3 *db, int rc);
/* Fills err with a sentence that names the file, the cause and the remedy; returns the code. */
int rdv_sqlite_error(sqlite3 *db, int rc, const char *path, struct hws_error *err);
/* The same without a connection, with the cause in words. */
int rdv_sqlite_sentence(int rc, const char *path, const char *cause, struct hws_error *err);
/* A copy as of now into a new file (0600), on the disk when it returns; writers go on meanwhile. */
int rdv_sqlite_copy(sqlite3 *db, const char *to, struct hws_error *err) HWS_MUST_CHECK;
/* Searches the whole file for damage. */
int rdv_sqlite_check_whole(sqlite3 *db, const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* The same for a start, which it must not delay: of files up to 32 MiB. Damage in larger ones shows
 * when what is there is read, and in the copy that is made before the tables change. */
int rdv_sqlite_check_quickly(sqlite3 *db, const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* The first value of the first row, `*ret` untouched when there is no row. Returns a code of
 * SQLite. */
int rdv_sqlite_query_int(sqlite3 *db, const char *sql, int64_t *ret);
/* Regular files, or nothing, at the path and where SQLite keeps what belongs to it: a pipe there
 * would keep it waiting for ever. */
int rdv_sqlite_check_regular(const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* Nothing that a file brings along runs: no views, no triggers. No database of ours has any. */
void rdv_sqlite_distrust(sqlite3 *db);
/* A connection that leaves the file as it is until something is written. */
int rdv_sqlite_open_plain(const char *path, sqlite3 **ret, struct hws_error *err) HWS_MUST_CHECK;
/* One more connection to a prepared file, for use by one thread. */
int rdv_sqlite_connect(const char *path, sqlite3 **ret, struct hws_error *err) HWS_MUST_CHECK;
/* What each connection needs; changes the file's form (WAL) if it is not of that yet. */
int rdv_sqlite_set_up(sqlite3 *db, const char *path, struct hws_error *err) HWS_MUST_CHECK;
