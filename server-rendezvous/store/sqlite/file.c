/* rendezvous/store/sqlite/file: what SQLite says becomes a sentence that tells an operator what to
 * do. */
#include "server-rendezvous/store/sqlite/file.h"

#include "shared/base/file_error.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BUSY_MS 5000
#define CHECK_MAX (32ll << 20)

int rdv_sqlite_code(sqlite3 *db, int rc)
{
	int sys = db ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return HWS_OK;
	case SQLITE_NOMEM:
		return HWS_ERR_NOMEM;
	case SQLITE_FULL:
		return HWS_ERR_DISK;
	case SQLITE_IOERR:
		return sys == ENOSPC || sys == EDQUOT ? HWS_ERR_DISK : HWS_ERR_STORE;
	default:
		return HWS_ERR_STORE;
	}
}

int rdv_sqlite_sentence(int rc, const char *path, const char *cause, struct hws_error *err)
{
	struct statvfs fs;

	switch (rc & 0xff) {
	case SQLITE_NOTADB:
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is no SQLite database. It was left as it is: move it away to "
				"start with an empty one, or put a backup in its place",
				path);
	case SQLITE_CORRUPT:
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is damaged (%s). It was left as it is: put a backup in its "
				"place, or save what can be read with: sqlite3 %s .recover",
				path, cause, path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return hws_error_set(err, HWS_ERR_BUSY,
				"%s is locked by another program; end that program (fuser %s tells "
				"which) and try again",
				path, path);
	case SQLITE_FULL:
		return hws_error_set(err, HWS_ERR_DISK,
				"no room on the disk of %s; free some and try again", path);
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		if (statvfs(path, &fs) == 0 && fs.f_flag & ST_RDONLY)
			return hws_file_write_error(path, EROFS, err);
		return hws_error_set(err, HWS_ERR_PERM,
				"cannot open %s (%s); it and its folder must belong to the account "
				"of the server. Run: chown %u:%u %s",
				path, cause, (unsigned)geteuid(), (unsigned)getegid(), path);
	case SQLITE_READONLY:
		if (statvfs(path, &fs) == 0 && fs.f_flag & ST_RDONLY)
			return hws_file_write_error(path, EROFS, err);
		return hws_error_set(err, HWS_ERR_PERM,
				"%s cannot be written; it and its folder must belong to the "
				"account of the server (chown %u:%u %s), on a disk that is not "
				"read-only",
				path, (unsigned)geteuid(), (unsigned)getegid(), path);
	case SQLITE_NOMEM:
		return hws_error_set(err, HWS_ERR_NOMEM, "%s: out of memory", path);
	default:
		return hws_error_set(err, HWS_ERR_STORE, "%s: %s", path, cause);
	}
}

int rdv_sqlite_error(sqlite3 *db, int rc, const char *path, struct hws_error *err)
{
	char cause[200];
	int sys = db ? sqlite3_system_errno(db) : 0;

	if ((rc & 0xff) == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT))
		rc = SQLITE_FULL;
	hws_str_escape(cause, sizeof(cause),
			hws_bytes_str(db ? sqlite3_errmsg(db) : sqlite3_errstr(rc)));
	return rdv_sqlite_sentence(rc, path, cause, err);
}

int rdv_sqlite_query_int(sqlite3 *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*ret = sqlite3_column_int64(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc;
}

int rdv_sqlite_check_whole(sqlite3 *db, const char *path, struct hws_error *err)
{
	sqlite3_stmt *st = NULL;
	const char *text = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL), r = HWS_OK;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(st, 0);
	if (rc != SQLITE_ROW) {
		r = rdv_sqlite_error(db, rc, path, err);
	} else if (!hws_str_equal(text, "ok")) {
		char cause[120];

		hws_str_escape(cause, sizeof(cause), hws_bytes_str(text ? text : ""));
		r = rdv_sqlite_sentence(SQLITE_CORRUPT, path, cause, err);
	}
	sqlite3_finalize(st);
	return r;
}

int rdv_sqlite_check_regular(const char *path, struct hws_error *err)
{
	static const char *const ends[] = { "", "-journal", "-wal", "-shm" };
	char name[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < HWS_COUNT(ends); i++) {
		if (hws_fmt(name, sizeof(name), "%s%s", path, ends[i]) < 0)
			return hws_error_set(err, HWS_ERR_TOOBIG,
					"the path of the database is too long");
		if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
			return hws_error_set(err, HWS_ERR_INVAL, "%s is not a regular file", name);
	}
	return HWS_OK;
}

void rdv_sqlite_distrust(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

int rdv_sqlite_check_quickly(sqlite3 *db, const char *path, struct hws_error *err)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > CHECK_MAX
			? HWS_OK
			: rdv_sqlite_check_whole(db, path, err);
}

/* It may be a backup that somebody else has kept. */
int rdv_sqlite_open_plain(const char *path, sqlite3 **ret, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int rc, r = rdv_sqlite_check_regular(path, err);

	if (r < 0)
		return r;
	rc = sqlite3_open_v2(path, &db,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db, BUSY_MS);
	if (rc != SQLITE_OK) {
		r = rdv_sqlite_error(db, rc, path, err);
		sqlite3_close(db);
		return r;
	}
	rdv_sqlite_distrust(db);
	*ret = db;
	return HWS_OK;
}

/* WAL: readers and the writer do not wait for each other. FULL: what is committed is on the
 * disk. */
int rdv_sqlite_set_up(sqlite3 *db, const char *path, struct hws_error *err)
{
	int rc = sqlite3_exec(db,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			"PRAGMA cache_size = -8000",
			NULL, NULL, NULL);

	return rc == SQLITE_OK ? HWS_OK : rdv_sqlite_error(db, rc, path, err);
}

int rdv_sqlite_connect(const char *path, sqlite3 **ret, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int r = rdv_sqlite_open_plain(path, &db, err);

	if (r == HWS_OK)
		r = rdv_sqlite_set_up(db, path, err);
	if (r < 0)
		sqlite3_close(db);
	else
		*ret = db;
	return r;
}

static int vacuum_into(sqlite3 *db, const char *to, struct hws_error *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &st, NULL), r = HWS_OK;

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(st, 1, to, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_DONE) {
		rdv_sqlite_error(db, rc, to, err);
		r = rdv_sqlite_code(db, rc);
	}
	sqlite3_finalize(st);
	return r;
}

int rdv_sqlite_copy(sqlite3 *db, const char *to, struct hws_error *err)
{
	int fd, r = hws_private_file_create(to, &fd, err);

	if (r < 0)
		return r;
	r = vacuum_into(db, to, err);
	if (r == HWS_OK && fsync(fd) < 0)
		r = hws_error_set(err, hws_err_from_errno(errno), "cannot write %s: %m", to);
	close(fd);
	if (r < 0)
		unlink(to);
	return r;
}
