/* admin/sql/sqlite_file: the database file of the API: made, checked, migrated. Private to
 * admin/sql. Blocking. */
#pragma once
#include "shared/base/err.h"
#include <sqlite3.h>

/* Creates the file (0600) if there is none and brings its tables up to date; before it changes what
 * is there a copy goes beside it, PATH.before-vVERSION. */
int sql_file_prepare(const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* One more connection to a prepared file, for one thread; the journal is open when it returns. */
int sql_file_connect(const char *path, sqlite3 **ret, struct hws_error *err) HWS_MUST_CHECK;
