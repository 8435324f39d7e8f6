/* admin/sql/sqlite_file: what is not ours, newer or damaged is never touched: an operator gets a
 * sentence that says what to do. */
#include "admin/sql/sqlite_file.h"
#include "admin/sql/schema.h"
#include "server-rendezvous/store/sqlite/file.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"

#include <limits.h>
#include <unistd.h>

#define APPLICATION_ID 0x48575341 /* "HWSA" */

/* SQLite would make it readable for others; and one that others could have written is refused. */
static int create(const char *path, struct hws_error *err)
{
	int fd = -1;
	int r = hws_private_file_create(path, &fd, err);

	if (r == HWS_ERR_EXISTS)
		r = hws_private_file_open(path, HWS_PRIVATE_OWN, &fd, err);
	/* Closed before SQLite opens it: closing drops the locks that this process has on it. */
	if (r == HWS_OK)
		close(fd);
	return r;
}

static int check_owner(sqlite3 *db, const char *path, int64_t *ret_version, struct hws_error *err)
{
	int64_t mark = 0, version = 0, tables = 0;
	int rc = rdv_sqlite_query_int(db, "PRAGMA application_id", &mark);

	if (rc == SQLITE_OK)
		rc = rdv_sqlite_query_int(db, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = rdv_sqlite_query_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	if (tables && mark != APPLICATION_ID)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is the database of another program. It was left as it is: name "
				"another file",
				path);
	if (version < 0 || version > (int64_t)rdv_schema_api.count)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"%s was written by a newer hawser (version %lld of the schema, "
				"this one knows %zu); update this program",
				path, (long long)version, rdv_schema_api.count);
	*ret_version = version;
	return HWS_OK;
}

/* So that an update that went wrong can be taken back. A copy of the same version that is there
 * already was made by a try that did not come further: it is as good. */
static int keep_copy(sqlite3 *db, const char *path, int64_t version, struct hws_error *err)
{
	char to[PATH_MAX];
	int r = hws_fmt(to, sizeof(to), "%s.before-%lld", path, (long long)version);

	if (r < 0)
		return hws_error_set(err, r, "%s: the name is too long", path);
	r = rdv_sqlite_copy(db, to, err);
	return r == HWS_ERR_EXISTS ? HWS_OK : r;
}

static int run_steps(sqlite3 *db, int64_t from)
{
	char mark[120];
	int rc = SQLITE_OK;

	for (size_t i = (size_t)from; i < rdv_schema_api.count && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, rdv_schema_api.step[i].sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return rc;
	if (hws_fmt(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %zu",
			    APPLICATION_ID, rdv_schema_api.count) < 0)
		return SQLITE_ERROR;
	return sqlite3_exec(db, mark, NULL, NULL, NULL);
}

/* All steps or none. Who comes second finds nothing left to do. */
static int migrate(sqlite3 *db, const char *path, struct hws_error *err)
{
	int64_t version = 0;
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), r;

	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	r = check_owner(db, path, &version, err);
	if (r == HWS_OK) {
		rc = run_steps(db, version);
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
		if (rc != SQLITE_OK)
			r = rdv_sqlite_error(db, rc, path, err);
	}
	if (r < 0)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int sql_file_prepare(const char *path, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int64_t version = 0;
	int r = create(path, err);

	if (r == HWS_OK)
		r = rdv_sqlite_connect(path, &db, err);
	if (r == HWS_OK)
		r = check_owner(db, path, &version, err);
	if (r == HWS_OK)
		r = rdv_sqlite_check_whole(db, path, err);
	if (r == HWS_OK && version > 0 && version < (int64_t)rdv_schema_api.count)
		r = keep_copy(db, path, version, err);
	if (r == HWS_OK && version < (int64_t)rdv_schema_api.count)
		r = migrate(db, path, err);
	sqlite3_close(db);
	return r;
}

int sql_file_connect(const char *path, sqlite3 **ret, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int r = rdv_sqlite_connect(path, &db, err);

	if (r == HWS_OK) {
		int rc = sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);

		if (rc != SQLITE_OK)
			r = rdv_sqlite_error(db, rc, path, err);
	}
	if (r < 0)
		sqlite3_close(db);
	else
		*ret = db;
	return r;
}
