/* admin/sql/sqlite_file: what is not ours, newer or damaged is never touched: an operator gets a
 * sentence that says what to do. */
#include "admin/sql/sqlite_file.h"
#include "admin/sql/schema.h"
#include "server-rendezvous/store/sqlite/file.h"
#include "server-rendezvous/store/sqlite/migrate.h"
#include "shared/base/file_error.h"
#include "shared/sys/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const struct rdv_sqlite_kind kind = { 0x48575341 /* "HWSA" */, &rdv_schema_api };

/* SQLite would make it readable for others; and one that others could have written is refused. */
static int create(const char *path, struct hws_error *err)
{
	int fd = -1;
	int r = hws_private_file_create(path, &fd, err);

	if (r == HWS_ERR_EXISTS && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		r = hws_file_write_error(path, errno, err); /* to read it would not be enough */
	else if (r == HWS_ERR_EXISTS)
		r = hws_private_file_open(path, HWS_PRIVATE_OWN_OF_ANYBODY, &fd, err);
	/* Closed before SQLite opens it: closing drops the locks that this process has on it. */
	if (r == HWS_OK)
		close(fd);
	return r;
}

int sql_file_prepare(const char *path, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int64_t version;
	int r = create(path, err);

	if (r == HWS_OK)
		r = rdv_sqlite_open_plain(path, &db, err); /* what is not ours stays as it is */
	if (r == HWS_OK)
		r = rdv_sqlite_check_kind(db, path, &kind, &version, err);
	sqlite3_close(db);
	db = NULL;
	if (r == HWS_OK)
		r = rdv_sqlite_connect(path, &db, err);
	if (r == HWS_OK)
		r = rdv_sqlite_check_quickly(db, path, err);
	if (r == HWS_OK)
		r = rdv_sqlite_bring_up(db, path, &kind, err);
	sqlite3_close(db);
	return r;
}

int sql_file_connect(const char *path, sqlite3 **ret, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int r = rdv_sqlite_connect(path, &db, err);

	if (r == HWS_OK) {
		int rc = sqlite3_exec(db,
				"PRAGMA foreign_keys = ON; SELECT 1 FROM sqlite_schema LIMIT 1",
				NULL, NULL, NULL);

		if (rc != SQLITE_OK)
			r = rdv_sqlite_error(db, rc, path, err);
	}
	if (r < 0)
		sqlite3_close(db);
	else
		*ret = db;
	return r;
}
