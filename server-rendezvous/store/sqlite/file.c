/* rendezvous/store/sqlite/file: opening the database file. What is not ours, damaged, newer or in
 * use is never touched: an operator gets a sentence that says what to do. */
#include "server-rendezvous/store/sqlite/file.h"

#include "server-rendezvous/store/sqlite/migrate.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 5000
/* Up to this size the whole file is checked when it is opened; larger ones would delay the start,
 * and damage in them shows when their peers are loaded. */
#define CHECK_MAX (32ll << 20)

const struct rdv_sqlite_kind rdv_sqlite_kind = { 0x48575352 /* "HWSR" */, &rdv_schema_sqlite };

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

static int sentence(int rc, const char *path, const char *cause, struct hws_error *err)
{
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
		return hws_error_set(err, HWS_ERR_PERM,
				"cannot open %s (%s); it and its folder must belong to the account "
				"of the server. Run: chown %u:%u %s",
				path, cause, (unsigned)geteuid(), (unsigned)getegid(), path);
	case SQLITE_READONLY:
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
	return sentence(rc, path, cause, err);
}

/* Who can write it says which key a device has, so nobody else may. Root opens any account's: the
 * operator's commands run as root. */
static int check_trust(int fd, const char *path, struct hws_error *err)
{
	uid_t me = geteuid();
	struct stat st;

	if (fstat(fd, &st) < 0)
		return sentence(SQLITE_CANTOPEN, path, strerror(errno), err);
	if (!S_ISREG(st.st_mode))
		return hws_error_set(err, HWS_ERR_PERM, "%s is not a regular file", path);
	if (me != 0 && st.st_uid != me && st.st_uid != 0)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s belongs to another account (uid %lu), which could change the "
				"keys of devices: make the account of the server its owner",
				path, (unsigned long)st.st_uid);
	if (st.st_mode & 022)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s can be changed by others (mode %04o), and with it the keys of "
				"devices: check what is in it, then run 'chmod 600 %s'",
				path, (unsigned)st.st_mode & 07777, path);
	return HWS_OK;
}

/* Creates the file by hand: SQLite would make it readable for others. */
static int open_locked(const char *path, int *ret_fd, struct hws_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
			0600);
	int cause, r;

	if (fd < 0) {
		cause = errno;
		if (cause == ENOSPC || cause == EDQUOT)
			return sentence(SQLITE_FULL, path, "", err);
		return sentence(SQLITE_CANTOPEN, path, strerror(cause), err);
	}
	r = check_trust(fd, path, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	/* Kept open as long as any connection: closing a descriptor of the file drops the locks
	 * that SQLite has on it in this process. */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return hws_error_set(err, HWS_ERR_BUSY,
				"%s is in use by another hawser-rendezvous; stop that one, or give "
				"each its own --store",
				path);
	}
	*ret_fd = fd;
	return HWS_OK;
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
		r = sentence(SQLITE_CORRUPT, path, cause, err);
	}
	sqlite3_finalize(st);
	return r;
}

/* What hbbs left is told by what to do with it. */
static int check_owner(sqlite3 *db, const char *path, int64_t *ret_version, struct hws_error *err)
{
	int64_t hbbs = 0;
	int rc = rdv_sqlite_query_int(db,
			"SELECT count(*) FROM pragma_table_info('peer') WHERE name = 'guid'",
			&hbbs);

	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	if (hbbs)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is a database of hbbs. It is taken over with: hawser-admin db "
				"import-hbbs %s",
				path, path);
	return rdv_sqlite_check_kind(db, path, &rdv_sqlite_kind, ret_version, err);
}

int rdv_sqlite_open_plain(const char *path, sqlite3 **ret, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db, BUSY_MS);
	if (rc != SQLITE_OK) {
		int r = rdv_sqlite_error(db, rc, path, err);

		sqlite3_close(db);
		return r;
	}
	*ret = db;
	return HWS_OK;
}

/* WAL: readers and the writer do not wait for each other. FULL: what is committed is on the
 * disk. */
static int set_up(sqlite3 *db, const char *path, struct hws_error *err)
{
	int rc = sqlite3_exec(db,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			"PRAGMA cache_size = -8000; PRAGMA trusted_schema = OFF",
			NULL, NULL, NULL);

	return rc == SQLITE_OK ? HWS_OK : rdv_sqlite_error(db, rc, path, err);
}

int rdv_sqlite_connect(const char *path, sqlite3 **ret, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int r = rdv_sqlite_open_plain(path, &db, err);

	if (r == HWS_OK)
		r = set_up(db, path, err);
	if (r < 0)
		sqlite3_close(db);
	else
		*ret = db;
	return r;
}

int rdv_sqlite_prepare(const char *path, int *ret_lock_fd, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int64_t version = 0;
	struct stat st;
	int fd = -1;
	int r = open_locked(path, &fd, err);

	if (r < 0)
		return r;
	r = rdv_sqlite_open_plain(path, &db, err); /* a file that is not ours must stay as it is */
	if (r == HWS_OK)
		r = check_owner(db, path, &version, err);
	if (r == HWS_OK && fstat(fd, &st) == 0 && st.st_size <= CHECK_MAX)
		r = rdv_sqlite_check_whole(db, path, err);
	if (r == HWS_OK)
		r = set_up(db, path, err);
	if (r == HWS_OK)
		r = rdv_sqlite_bring_up(db, path, &rdv_sqlite_kind, err);
	sqlite3_close(db);
	if (r < 0)
		close(fd);
	else
		*ret_lock_fd = fd;
	return r;
}

int rdv_sqlite_check(const char *path, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int64_t version = 0;
	int r;

	if (access(path, F_OK) < 0)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no file %s", path);
	r = rdv_sqlite_open_plain(path, &db, err);
	if (r == HWS_OK)
		r = check_owner(db, path, &version, err);
	if (r == HWS_OK && version != (int64_t)rdv_schema_sqlite.count)
		r = hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"%s is no complete database of this version; start "
				"hawser-rendezvous on it once",
				path);
	if (r == HWS_OK)
		r = rdv_sqlite_check_whole(db, path, err);
	sqlite3_close(db);
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
