#include "client/host/state_file.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_private(int fd, const char *path, struct hws_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return hws_error_set(
				err, hws_err_from_errno(errno), "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return hws_error_set(err, HWS_ERR_PERM, "%s is not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s belongs to another user: give it to the user that runs the host",
				path);
	if (st.st_mode & 077)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s can be read by others: run chmod 600 on it", path);
	return HWS_OK;
}

int hws_state_read(const char *path, char *buf, size_t size, struct hws_error *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t used = 0;
	int r;

	if (fd < 0 && errno == ENOENT)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "%s does not exist", path);
	if (fd < 0)
		return hws_error_set(err, errno == ELOOP ? HWS_ERR_PERM : hws_err_from_errno(errno),
				"%s cannot be read: %s", path, strerror(errno));
	r = check_private(fd, path, err);
	while (r == HWS_OK && used < size) {
		ssize_t n = read(fd, buf + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = hws_error_set(err, hws_err_from_errno(errno), "%s cannot be read: %s",
					path, strerror(errno));
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	close(fd);
	if (r < 0)
		return r;
	if (used == size || memchr(buf, 0, used) || !hws_utf8_valid(hws_bytes(buf, used)))
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is damaged: restore it from a backup, or remove it to start anew",
				path);
	while (used && (buf[used - 1] == '\n' || buf[used - 1] == '\r'))
		used--;
	buf[used] = 0;
	return HWS_OK;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static void sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	if (hws_str_copy(copy, sizeof(copy), path) < 0)
		return;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd); /* best effort: some file systems refuse it */
	close(fd);
}

/* A rename would put a file where a device, a pipe or a link is. */
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

int hws_state_write(const char *path, const char *text, struct hws_error *err)
{
	char temp[PATH_MAX];
	int fd;
	int r = hws_fmt(temp, sizeof(temp), "%s.new", path);

	if (r < 0)
		return hws_error_set(err, r, "%s: the name is too long", path);
	r = check_replaceable(path, err);
	if (r < 0)
		return r;
	(void)unlink(temp); /* what a crash left behind */
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write_all(fd, text, strlen(text)) < 0 || write_all(fd, "\n", 1) < 0 ||
			fsync(fd) < 0 || rename(temp, path) < 0) {
		r = hws_error_set(err, hws_err_from_errno(errno),
				"%s cannot be written: %s; what was stored before is unchanged",
				path, strerror(errno));
		(void)unlink(temp);
	}
	if (fd >= 0)
		close(fd);
	if (r == HWS_OK)
		sync_folder(path);
	return r;
}

int hws_state_remove(const char *path, struct hws_error *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return hws_error_set(err, hws_err_from_errno(errno), "%s cannot be removed: %s",
				path, strerror(errno));
	return HWS_OK;
}
