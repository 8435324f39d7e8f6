/* Appending to a private file, and putting full ones aside. A line that a full disk has cut is
 * ended before the next one, so that readers lose one line and not two. */
#include "shared/sys/private_log.h"
#include "shared/base/file_error.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int hws_private_log_init(struct hws_private_log *l, const char *path, uint64_t max, unsigned keep)
{
	*l = (struct hws_private_log){ .fd = -1, .max = max, .keep = keep };
	return hws_str_copy(l->path, sizeof(l->path), path);
}

int hws_private_log_name(const char *path, unsigned number, char *buf, size_t size)
{
	return number ? hws_fmt(buf, size, "%s.%u", path, number) : hws_str_copy(buf, size, path);
}

void hws_private_log_close(struct hws_private_log *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* O_NONBLOCK: a pipe in the place of the file must not hang us. */
static int open_log(struct hws_private_log *l, struct hws_error *err)
{
	struct stat st;

	l->fd = open(l->path,
			O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
					O_CLOEXEC,
			0600);
	if (l->fd < 0 && errno == ELOOP)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s is a symbolic link, and nothing is written to it", l->path);
	if (l->fd < 0)
		return hws_file_error(l->path, errno, err);
	if (fstat(l->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
			!(st.st_mode & 077)) {
		l->size = (uint64_t)st.st_size;
		return HWS_OK;
	}
	hws_private_log_close(l);
	return hws_error_set(err, HWS_ERR_PERM,
			"%s is not a file of this account alone, and nothing is written to it: move it "
			"away",
			l->path);
}

static void put_aside(struct hws_private_log *l)
{
	char from[HWS_PRIVATE_LOG_PATH + 16], to[sizeof(from)];

	hws_private_log_close(l);
	for (unsigned i = l->keep; i > 0; i--) {
		if (hws_private_log_name(l->path, i - 1, from, sizeof(from)) == HWS_OK &&
				hws_private_log_name(l->path, i, to, sizeof(to)) == HWS_OK)
			(void)rename(from, to); /* what is not there yet is not moved */
	}
}

static int write_all(struct hws_private_log *l, struct hws_bytes b, struct hws_error *err)
{
	while (b.len) {
		ssize_t n = write(l->fd, b.ptr, b.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int r = hws_file_error(l->path, errno, err);

			hws_private_log_close(l); /* perhaps another one can be written to */
			return r;
		}
		l->size += (uint64_t)n;
		l->torn = (const char *)b.ptr != NULL && ((const char *)b.ptr)[n - 1] != '\n';
		b = hws_bytes(b.ptr + n, b.len - (size_t)n);
	}
	return HWS_OK;
}

int hws_private_log_append(struct hws_private_log *l, struct hws_bytes lines, struct hws_error *err)
{
	int r = l->fd < 0 ? open_log(l, err) : HWS_OK;

	if (r == HWS_OK && l->size && l->size + lines.len > l->max) {
		put_aside(l);
		r = open_log(l, err);
	}
	if (r == HWS_OK && l->torn)
		r = write_all(l, hws_bytes("\n", 1), err);
	return r < 0 ? r : write_all(l, lines, err);
}
