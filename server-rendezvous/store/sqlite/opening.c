/* rendezvous/store/sqlite/opening: what is not ours, damaged, newer or in use is never touched: an
 * operator gets a sentence that says what to do. */
#include "server-rendezvous/store/sqlite/opening.h"

#include "server-rendezvous/store/sqlite/file.h"
#include "server-rendezvous/store/sqlite/migrate.h"
#include "shared/base/macros.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const struct rdv_sqlite_kind rdv_sqlite_kind = { 0x48575352 /* "HWSR" */, &rdv_schema_sqlite };

/* Who can write it says which key a device has, so nobody else may. Root opens any account's: the
 * operator's commands run as root. */
static int check_trust(int fd, const char *path, struct hws_error *err)
{
	uid_t me = geteuid();
	struct stat st;

	if (fstat(fd, &st) < 0)
		return rdv_sqlite_sentence(SQLITE_CANTOPEN, path, strerror(errno), err);
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
			return rdv_sqlite_sentence(SQLITE_FULL, path, "", err);
		return rdv_sqlite_sentence(SQLITE_CANTOPEN, path, strerror(cause), err);
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

/* What hbbs left is told by what to do with it. */
static int check_owner(sqlite3 *db, const char *path, int64_t *ret_version, struct hws_error *err)
{
	const char *slash = strrchr(path, '/');
	int64_t hbbs = 0;
	int rc = rdv_sqlite_query_int(db,
			"SELECT count(*) FROM pragma_table_info('peer') WHERE name = 'guid'",
			&hbbs);

	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	if (hbbs)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is a database of hbbs, which stays as it is. Name another file as "
				"store (DB_URL), or none, and take over what is in it: "
				"hawser-rendezvous take-over %.*s (or hawser-admin db import-hbbs "
				"FILE)",
				path, slash ? (int)HWS_MAX(slash - path, 1) : 1,
				slash ? path : ".");
	return rdv_sqlite_check_kind(db, path, &rdv_sqlite_kind, ret_version, err);
}

int rdv_sqlite_prepare(const char *path, int *ret_lock_fd, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int64_t version = 0;
	int fd = -1;
	int r = open_locked(path, &fd, err);

	if (r < 0)
		return r;
	r = rdv_sqlite_open_plain(path, &db, err); /* a file that is not ours must stay as it is */
	if (r == HWS_OK)
		r = check_owner(db, path, &version, err);
	if (r == HWS_OK)
		r = rdv_sqlite_check_quickly(db, path, err);
	if (r == HWS_OK)
		r = rdv_sqlite_set_up(db, path, err);
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
