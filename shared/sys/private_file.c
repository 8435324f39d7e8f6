/* One way to read and to write what must stay between an account and its programs. Each check is
 * made on the open file, never on its name: between a look and an open somebody could put another
 * file there. Writing goes by a file beside it that takes the name when all of it is on the disk,
 * for a half-written key is a lost key. */
#include "shared/sys/private_file.h"
#include "shared/base/file_error.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/libc_calls.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int closed_to_us(const char *path, enum hws_private_trust trust, struct hws_error *err)
{
	/* The usual remedy opens the file to the group, which a secret must not be. */
	return trust < HWS_PRIVATE_SECRET ? hws_file_error(path, EACCES, err)
					  : hws_secret_file_error(path, err);
}

static int cannot_open(const char *path, enum hws_private_trust trust, struct hws_error *err)
{
	switch (errno) {
	case ENOENT:
		return hws_error_set(err, HWS_ERR_NOTFOUND, "%s does not exist", path);
	case ELOOP:
		return hws_error_set(err, HWS_ERR_PERM,
				"%s is a symbolic link: name the file itself", path);
	case EACCES:
		return closed_to_us(path, trust, err);
	default:
		return hws_file_error(path, errno, err);
	}
}

static int check(int fd, const char *path, enum hws_private_trust trust, struct stat *ret,
		struct hws_error *err)
{
	const mode_t closed = trust >= HWS_PRIVATE_SECRET ? 077 : 022;
	const bool of_anybody = trust == HWS_PRIVATE_OWN_OF_ANYBODY ||
			trust == HWS_PRIVATE_SECRET_OF_ANYBODY;
	uid_t me = geteuid();

	if (fstat(fd, ret) < 0)
		return hws_file_error(path, errno, err);
	if (!S_ISREG(ret->st_mode))
		return hws_error_set(err, HWS_ERR_PERM, "%s is not a regular file", path);
	if (trust == HWS_PRIVATE_ANY)
		return HWS_OK;
	if (ret->st_uid != me && ret->st_uid != 0 && !(me == 0 && of_anybody))
		return hws_error_set(err, HWS_ERR_PERM,
				"%s belongs to another user (uid %lu) and is not trusted: make "
				"the user of "
				"this program its owner",
				path, (unsigned long)ret->st_uid);
	if (!(ret->st_mode & closed))
		return HWS_OK;
	if (trust < HWS_PRIVATE_SECRET)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s can be changed by others (mode %04o): run 'chmod 600 %s'", path,
				(unsigned)ret->st_mode & 07777, path);
	return hws_error_set(err, HWS_ERR_PERM,
			"%s can be read or changed by others (mode %04o): run 'chmod 600 %s', "
			"and replace "
			"what is in it if somebody may have seen it",
			path, (unsigned)ret->st_mode & 07777, path);
}

static int open_checked(const char *path, enum hws_private_trust trust, int *ret_fd,
		struct stat *st, struct hws_error *err)
{
	/* O_NONBLOCK: a pipe in the place of the file must not hang us. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), r;

	if (fd < 0)
		return cannot_open(path, trust, err);
	r = check(fd, path, trust, st, err);
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

int hws_private_file_open(
		const char *path, enum hws_private_trust trust, int *ret_fd, struct hws_error *err)
{
	struct stat st;

	return open_checked(path, trust, ret_fd, &st, err);
}

int hws_private_file_read(const char *path, enum hws_private_trust trust, struct hws_buf *out,
		struct hws_error *err)
{
	size_t room = out->max - hws_buf_len(out);
	uint8_t chunk[4096];
	struct stat st;
	int fd, r = open_checked(path, trust, &fd, &st, err);

	if (r < 0)
		return r;
	/* At once: a buffer that grows leaves copies behind. */
	if (st.st_size > 0)
		(void)!hws_buf_reserve(out, HWS_MIN((size_t)st.st_size, room));
	while (r == HWS_OK) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = hws_file_error(path, errno, err);
		if (n <= 0)
			break;
		hws_buf_put(out, chunk, (size_t)n);
		r = hws_buf_err(out);
		if (r < 0)
			hws_error_set(err, r, "%s is %s", path,
					r == HWS_ERR_TOOBIG ? "too large"
							    : "not read: out of memory");
	}
	hws_wipe(chunk, sizeof(chunk));
	close(fd);
	return r;
}

/* --- writing --- */

static int cannot_write(const char *path, struct hws_error *err)
{
	struct hws_error why = { 0 };
	int cause = errno, r = hws_file_write_error(path, cause, &why);

	/* where rights are the matter it says what to run, and nobody fears for what is there */
	if (cause == EACCES || cause == EPERM || cause == EROFS)
		return hws_error_set(err, r, "%s", why.text);
	return hws_error_set(err, r, "%s; what was stored before is unchanged", why.text);
}

static int write_all(int fd, struct hws_bytes b)
{
	while (b.len) {
		ssize_t n = write(fd, b.ptr, b.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		b.ptr += n;
		b.len -= (size_t)n;
	}
	return 0;
}

/* What a rename would destroy. */
static int check_replaceable(const char *path, struct hws_error *err)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return hws_error_set(err, HWS_ERR_INVAL, "%s is no file (%s): name the file itself",
				path,
				S_ISLNK(st.st_mode)                   ? "but a link to one"
						: S_ISDIR(st.st_mode) ? "but a folder"
								      : "but a device or a pipe");
	return HWS_OK;
}

/* The folder that a file stands in; a copy, so that the path stays whole. */
static int folder_of(const char *path, char *buf, size_t size)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return hws_str_copy(buf, size, ".");
	return hws_fmt(buf, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* Makes the new name last over a crash; some file systems refuse it, which only weakens that. */
static void sync_folder_of(const char *path)
{
	char dir[PATH_MAX];
	int fd;

	if (folder_of(path, dir, sizeof(dir)) < 0)
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!fsync(fd);
	close(fd);
}

/* Gives the temporary file its name, never over an existing one. */
static int publish_fresh(const char *temp, const char *path)
{
	if (hws_rename_fresh(temp, path) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system without that flag: a hard link does not replace either. */
	if (link(temp, path) < 0)
		return -1;
	unlink(temp);
	return 0;
}

/* By the open file, before it has its name: nobody can have put another one in its place. */
static void give_to_owner_of(const char *dir, int fd)
{
	struct stat st;

	if (geteuid() == 0 && stat(dir, &st) == 0 && st.st_uid != 0)
		(void)!fchown(fd, st.st_uid, st.st_gid);
}

static int write_and_publish(int fd, const char *temp, const char *path, struct hws_bytes content,
		unsigned flags, struct hws_error *err)
{
	bool fresh = flags & HWS_PRIVATE_FRESH;

	if (fchmod(fd, flags & HWS_PRIVATE_SHOWN ? 0644 : 0600) < 0 || write_all(fd, content) < 0 ||
			fsync(fd) < 0)
		return cannot_write(path, err);
	if ((fresh ? publish_fresh(temp, path) : rename(temp, path)) == 0)
		return HWS_OK;
	return errno == EEXIST ? hws_error_set(err, HWS_ERR_EXISTS, "%s exists already", path)
			       : cannot_write(path, err);
}

int hws_private_file_write(
		const char *path, struct hws_bytes content, unsigned flags, struct hws_error *err)
{
	char temp[PATH_MAX], dir[PATH_MAX];
	int fd, r = hws_fmt(temp, sizeof(temp), "%s.XXXXXX", path);

	if (r == HWS_OK)
		r = folder_of(path, dir, sizeof(dir));
	if (r < 0)
		return hws_error_set(err, r, "the path %.60s... is too long", path);
	if (!(flags & (HWS_PRIVATE_FRESH | HWS_PRIVATE_OVER_ANY)))
		r = check_replaceable(path, err);
	if (r == HWS_OK && flags & HWS_PRIVATE_FOLDERS)
		r = hws_private_folder_make(dir, err);
	if (r < 0)
		return r;
	fd = mkostemp(temp, O_CLOEXEC); /* 0600 from the first moment on */
	if (fd < 0)
		return cannot_write(path, err);
	if (flags & HWS_PRIVATE_OF_FOLDER)
		give_to_owner_of(dir, fd);
	r = write_and_publish(fd, temp, path, content, flags, err);
	if (close(fd) < 0 && r == HWS_OK)
		r = cannot_write(path, err);
	if (r < 0)
		unlink(temp);
	else
		sync_folder_of(path);
	return r;
}

int hws_private_file_create(const char *path, int *ret_fd, struct hws_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST
				? hws_error_set(err, HWS_ERR_EXISTS, "%s exists already", path)
				: hws_file_write_error(path, errno, err);
	*ret_fd = fd;
	return HWS_OK;
}

int hws_private_file_mend(const char *path, int *ret_fd, struct hws_error *err)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return hws_error_set(err, hws_err_from_errno(errno), "cannot open %s: %s", path,
				strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return hws_error_set(err, HWS_ERR_INVAL, "%s is no file", path);
	}
	*ret_fd = fd;
	return HWS_OK;
}

int hws_private_file_give(const char *path, uid_t uid, gid_t gid)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), r = HWS_OK;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? HWS_OK : hws_err_from_errno(errno);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 && st.st_nlink == 1 &&
			fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		r = hws_err_from_errno(errno);
	close(fd);
	return r;
}

int hws_private_file_remove(const char *path, struct hws_error *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return hws_error_set(err, hws_err_from_errno(errno), "cannot remove %s: %s", path,
				strerror(errno));
	return HWS_OK;
}

/* What is above it may be /var/lib, and must not change hands. */
static int cannot_make(const char *path, const char *dir, int cause, struct hws_error *err)
{
	char above[PATH_MAX];
	struct stat st;

	if (cause == EROFS)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s does not exist and cannot be made: its file system is read-only. "
				"Mount a volume or a folder there",
				path);
	if (cause != EACCES && cause != EPERM)
		return hws_error_set(err, hws_err_from_errno(cause),
				"cannot create the folder %s: %s", dir, strerror(cause));
	if (folder_of(dir, above, sizeof(above)) < 0 || stat(above, &st) < 0 ||
			st.st_uid == geteuid() || faccessat(AT_FDCWD, above, X_OK, AT_EACCESS) < 0)
		return hws_file_write_error(dir, cause, err);
	return hws_error_set(err, HWS_ERR_PERM,
			"%s does not exist and cannot be made by the account of this program (uid "
			"%u). Run: install -d -o %u -g %u -m 700 %s",
			path, (unsigned)geteuid(), (unsigned)geteuid(), (unsigned)getegid(), path);
}

int hws_private_folder_make(const char *path, struct hws_error *err)
{
	char dir[PATH_MAX];
	int r = hws_str_copy(dir, sizeof(dir), path);

	if (r < 0)
		return hws_error_set(err, r, "the path %.60s... is too long", path);
	if (!*dir)
		return hws_error_set(err, HWS_ERR_INVAL, "the name of the folder is empty");
	for (char *p = dir + 1;; p++) {
		char was = *p;

		if (was != '/' && was)
			continue;
		*p = 0;
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return cannot_make(path, dir, errno, err);
		*p = was;
		if (!was)
			return HWS_OK;
	}
}
