#include "client/core/private_file.h"
#include "shared/base/file_error.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct hws_error *err, const char *what, const char *path)
{
	int code = hws_err_from_errno(errno);

	if (errno == EACCES && strcmp(what, "open") == 0)
		return hws_file_error(path, errno, err);
	/* "Not found" would read as if what is written had been looked for. */
	if (code == HWS_ERR_NOTFOUND && strcmp(what, "write") == 0)
		code = HWS_ERR_DISK;
	return hws_error_set(err, code, "cannot %s %s: %s", what, path, strerror(errno));
}

static int read_checked(
		const char *path, mode_t forbidden, struct hws_buf *out, struct hws_error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), r = HWS_OK;

	if (fd < 0)
		return errno == ENOENT
				? hws_error_set(err, HWS_ERR_NOTFOUND, "%s does not exist", path)
				: fail(err, "open", path);
	if (fstat(fd, &st) < 0) {
		r = fail(err, "look at", path);
	} else if (!S_ISREG(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0)) {
		r = hws_error_set(err, HWS_ERR_PERM,
				"%s is not a regular file of yours; it is not trusted", path);
	} else if (st.st_mode & forbidden) {
		r = hws_error_set(err, HWS_ERR_PERM, "%s is open to others; run: chmod 600 %s",
				path, path);
	}
	while (r == HWS_OK) {
		uint8_t chunk[4096];
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = fail(err, "read", path);
		if (n <= 0)
			break;
		hws_buf_put(out, chunk, (size_t)n);
		explicit_bzero(chunk, sizeof(chunk));
		if (hws_buf_err(out))
			r = hws_error_set(err, HWS_ERR_TOOBIG, "%s is too large", path);
	}
	close(fd);
	return r;
}

int hws_private_file_read(const char *path, struct hws_buf *out, struct hws_error *err)
{
	return read_checked(path, S_IWGRP | S_IWOTH, out, err);
}

int hws_private_file_read_secret(
		const char *path, struct hws_buf *out_secret, struct hws_error *err)
{
	return read_checked(path, S_IRWXG | S_IRWXO, out_secret, err);
}

/* The folder of the file, and the one above it (~/.config may not be there yet). */
static void make_folders(const char *path)
{
	char dir[4096];

	if (hws_str_copy(dir, sizeof(dir), path) < 0)
		return;
	char *last = strrchr(dir, '/');
	if (!last || last == dir)
		return;
	*last = 0;
	if (mkdir(dir, 0700) == 0 || errno != ENOENT)
		return;
	char *above = strrchr(dir, '/');
	if (!above || above == dir)
		return;
	*above = 0;
	int made = mkdir(dir, 0700);
	*above = '/';
	if (made == 0 && mkdir(dir, 0700) < 0)
		return; /* opening the file will tell */
}

int hws_private_file_write(const char *path, struct hws_bytes content, struct hws_error *err)
{
	char temp[4200];
	int fd, r = HWS_OK;

	if (hws_fmt(temp, sizeof(temp), "%s.XXXXXX", path) < 0)
		return hws_error_set(err, HWS_ERR_TOOBIG, "the path %.60s... is too long", path);
	make_folders(path);
	fd = mkostemp(temp, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return fail(err, "write", path);
	for (size_t done = 0; done < content.len;) {
		ssize_t n = write(fd, content.ptr + done, content.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = fail(err, "write", path);
			break;
		}
		done += (size_t)n;
	}
	if (r == HWS_OK && fsync(fd) < 0)
		r = fail(err, "write", path);
	if (close(fd) < 0 && r == HWS_OK)
		r = fail(err, "write", path);
	if (r == HWS_OK && rename(temp, path) < 0)
		r = fail(err, "replace", path);
	if (r < 0)
		unlink(temp);
	return r;
}
