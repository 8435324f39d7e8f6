/* While its program runs, the database is read where it lies: all files are there. What a program
 * that was killed left (a WAL, or a journal with which SQLite would take a half-done change back)
 * is copied with it. Of a WAL that is empty SQLite is told that nobody writes, so that it looks for
 * no files. */
#include "server-rendezvous/store/sqlite/hbbs_file.h"

#include "server-rendezvous/store/sqlite/file.h"
#include "shared/base/file_error.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define VALUE_MAX (1 << 20) /* bytes of a value or row; those of hbbs are far smaller */
#define READ_VERSION_AT 19  /* 2 in the head of a database in WAL mode */
/* Bytes that programs lock: in the -shm file as long as they have it open, in the database itself
 * while they have begun to write. */
#define SHM_LOCK_AT 128
#define WRITE_LOCK_AT 0x40000001

static bool beside(const char *path, const char *end, char *buf, size_t size)
{
	return hws_fmt(buf, size, "%s%s", path, end) == HWS_OK;
}

static bool in_wal_mode(const char *path)
{
	uint8_t head[READ_VERSION_AT + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool is = fd >= 0 && read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
			head[READ_VERSION_AT] == 2;

	if (fd >= 0)
		close(fd);
	return is;
}

/* Folder and schema are somebody else's: a view named as the table could compute without end, a
 * value fill memory. */
static void distrust(sqlite3 *db)
{
	rdv_sqlite_distrust(db);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
}

static bool has_content(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > 0;
}

/* A descriptor of our own: closing it loses no lock of this process, which has none there. */
static bool is_locked(const char *path, off_t at)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool is = fd >= 0 && fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK;

	if (fd >= 0)
		close(fd);
	return is;
}

/* --- the copy --------------------------------------------------------------------------------- */

static int copy_bytes(int from, int to)
{
	uint8_t part[65536];

	for (;;) {
		ssize_t n = read(from, part, sizeof(part)), done = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : 0;
		while (done < n) {
			ssize_t w = write(to, part + done, (size_t)(n - done));

			if (w < 0 && errno != EINTR)
				return errno;
			done += w > 0 ? w : 0;
		}
	}
}

/* A file with holes says that it is as large as it likes, and would fill the disk of the server. */
static int check_room(int in, const char *to, struct hws_error *err)
{
	char folder[640];
	struct statvfs room;
	struct stat st;

	if (hws_fmt(folder, sizeof(folder), "%.*s", (int)(strrchr(to, '/') - to), to) < 0 ||
			fstat(in, &st) < 0 || statvfs(folder, &room) < 0 ||
			(uint64_t)st.st_size / room.f_frsize < room.f_bavail)
		return HWS_OK;
	return rdv_sqlite_sentence(SQLITE_FULL, folder, "", err);
}

static int copy_file(const char *from, const char *to, struct hws_error *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), out, sys, r;

	if (in < 0)
		return hws_file_error(from, errno, err);
	r = check_room(in, to, err);
	if (r == HWS_OK)
		r = hws_private_file_create(to, &out, err);
	if (r < 0) {
		close(in);
		return r;
	}
	sys = copy_bytes(in, out);
	close(in);
	if (close(out) < 0 && !sys)
		sys = errno;
	return sys ? hws_error_set(err, hws_err_from_errno(sys), "cannot copy %s to %s: %s", from,
				     to, strerror(sys))
		   : HWS_OK;
}

static int make_copy(const char *path, const char *end, const char *scratch,
		struct rdv_hbbs_file *f, char *buf, size_t size, struct hws_error *err)
{
	char from[600], to[640];
	int r;

	if (hws_fmt(f->copy, sizeof(f->copy), "%s/.take-over-XXXXXX", scratch) < 0 ||
			!mkdtemp(f->copy)) {
		f->copy[0] = 0;
		return hws_error_set(err, HWS_ERR_SYS, "cannot make a folder in %s: %s", scratch,
				strerror(errno));
	}
	if (hws_fmt(buf, size, "%s/db", f->copy) < 0 || !beside(path, end, from, sizeof(from)) ||
			!beside(buf, end, to, sizeof(to)))
		return hws_error_set(err, HWS_ERR_TOOBIG, "the path of the database is too long");
	r = copy_file(path, buf, err);
	return r == HWS_OK ? copy_file(from, to, err) : r;
}

static void remove_copy(struct rdv_hbbs_file *f)
{
	static const char *const names[] = { "db", "db-wal", "db-shm", "db-journal" };
	char path[640];

	for (size_t i = 0; i < HWS_COUNT(names) && f->copy[0]; i++) {
		if (hws_fmt(path, sizeof(path), "%s/%s", f->copy, names[i]) == HWS_OK)
			unlink(path);
	}
	if (f->copy[0])
		rmdir(f->copy);
	f->copy[0] = 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The path as a name that says: nobody writes this file. */
static bool as_immutable(const char *path, char *buf, size_t size)
{
	size_t at = 0;

	if (hws_str_copy(buf, size, "file:") < 0)
		return false;
	for (at = strlen(buf); *path && at + 4 < size; path++) {
		bool plain = (*path >= 'a' && *path <= 'z') || (*path >= 'A' && *path <= 'Z') ||
				(*path >= '0' && *path <= '9') || strchr("/._-", *path);

		if (plain)
			buf[at++] = *path;
		else
			at += (size_t)snprintf(buf + at, 4, "%%%02X", (unsigned char)*path);
	}
	buf[at] = 0;
	return !*path && hws_fmt(buf + at, size - at, "?immutable=1") == HWS_OK;
}

int rdv_hbbs_file_open(const char *path, const char *scratch, struct rdv_hbbs_file *ret,
		struct hws_error *err)
{
	char left[600], shm[600], name[2000];
	bool wal = in_wal_mode(path), used;
	const char *end = wal ? "-wal" : "-journal";
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE, r = HWS_OK, rc;

	*ret = (struct rdv_hbbs_file){ 0 };
	if (!beside(path, end, left, sizeof(left)) || !beside(path, "-shm", shm, sizeof(shm)))
		return hws_error_set(err, HWS_ERR_TOOBIG, "the path of the database is too long");
	r = rdv_sqlite_check_regular(path, err);
	if (r < 0)
		return r;
	used = wal ? is_locked(shm, SHM_LOCK_AT) : is_locked(path, WRITE_LOCK_AT);
	if (!used && has_content(left) && scratch) {
		flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE; /* ours now */
		r = make_copy(path, end, scratch, ret, name, sizeof(name), err);
	} else if (!used && wal && !has_content(left)) {
		flags |= SQLITE_OPEN_URI;
		r = as_immutable(path, name, sizeof(name)) ? HWS_OK : HWS_ERR_TOOBIG;
	} else {
		r = hws_str_copy(name, sizeof(name), path);
	}
	if (r < 0 && !err->text[0])
		hws_error_set(err, r, "the path of the database is too long");
	if (r < 0)
		return r;
	rc = sqlite3_open_v2(name, &ret->db, flags, NULL);
	if (rc != SQLITE_OK)
		return rdv_sqlite_error(ret->db, rc, path, err);
	distrust(ret->db);
	return HWS_OK;
}

void rdv_hbbs_file_close(struct rdv_hbbs_file *f)
{
	sqlite3_close(f->db);
	f->db = NULL;
	remove_copy(f);
}
