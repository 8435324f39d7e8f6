/* Where an open descriptor is, the kernel says. */
#include "client/services/files/shut.h"
#include "shared/base/bytes.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER (O_PATH | O_DIRECTORY | O_CLOEXEC)

void hws_shut_done(struct hws_shut *s)
{
	for (size_t i = 0; i < s->count; i++)
		close(s->fd[i]);
	for (size_t i = 0; i < s->ways; i++)
		hws_free(s->way[i]);
	s->count = s->ways = 0;
}

/* The name that `path` ends with, and the folder that it is in. */
static int add_way(struct hws_shut *s, const char *path, size_t len)
{
	char folder[PATH_MAX], real[PATH_MAX], way[2 * PATH_MAX];
	size_t at = len;

	while (at && path[at - 1] != '/')
		at--;
	if (at == len || at >= sizeof(folder))
		return HWS_OK; /* the root itself, or two slashes */
	memcpy(folder, path, at);
	folder[at] = 0;
	if (!realpath(folder, real))
		return HWS_OK;
	if (s->ways == HWS_SHUT_WAYS_MAX)
		return HWS_ERR_FULL;
	if (hws_fmt(way, sizeof(way), "%s/%.*s", strcmp(real, "/") ? real : "", (int)(len - at),
			    path + at) < 0)
		return HWS_ERR_TOOBIG;
	s->way[s->ways] = hws_strdup(way);
	return s->way[s->ways] ? (s->ways++, HWS_OK) : HWS_ERR_NOMEM;
}

int hws_shut_add(struct hws_shut *s, const char *path)
{
	int fd = open(path, FOLDER), r = HWS_OK;
	size_t len = strlen(path);

	/* who cannot come that far cannot come into it either */
	if (fd < 0)
		return HWS_OK;
	if (s->count == HWS_SHUT_MAX) {
		close(fd);
		return HWS_ERR_FULL;
	}
	s->fd[s->count++] = fd;
	while (r == HWS_OK && len) {
		r = add_way(s, path, len);
		while (len && path[len - 1] != '/')
			len--;
		while (len && path[len - 1] == '/')
			len--;
	}
	return r;
}

/* Its length; 0: unknown. */
static size_t path_of(int fd, char *buf, size_t size)
{
	char link[32];

	if (hws_fmt(link, sizeof(link), "/proc/self/fd/%d", fd) < 0)
		return 0;
	ssize_t n = readlink(link, buf, size);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* Is `path` the folder `above`, or below it? */
static bool is_below(struct hws_bytes path, struct hws_bytes above)
{
	size_t m = above.len;

	return m && m <= path.len && !memcmp(path.ptr, above.ptr, m) &&
			(m == path.len || path.ptr[m] == '/' || m == 1);
}

static struct hws_bytes place_of(int fd, char buf[PATH_MAX])
{
	return hws_bytes(buf, path_of(fd, buf, PATH_MAX));
}

bool hws_shut_has(const struct hws_shut *s, int fd)
{
	char path[PATH_MAX], shut[PATH_MAX];
	size_t n = s->count ? path_of(fd, path, sizeof(path)) : 0;

	for (size_t i = 0; n && i < s->count; i++)
		if (is_below(hws_bytes(path, n), place_of(s->fd[i], shut)))
			return true;
	return false;
}

bool hws_shut_is(const struct hws_shut *s, const struct stat *st)
{
	struct stat shut;

	for (size_t i = 0; i < s->count; i++)
		if (fstat(s->fd[i], &shut) == 0 && shut.st_dev == st->st_dev &&
				shut.st_ino == st->st_ino)
			return true;
	return false;
}

bool hws_shut_is_way(const struct hws_shut *s, int dir, const char *leaf)
{
	char path[PATH_MAX + NAME_MAX + 2], shut[PATH_MAX];
	size_t n = s->count ? path_of(dir, path, PATH_MAX) : 0, m = strlen(leaf);

	if (!n || m > NAME_MAX)
		return n != 0;
	n -= n == 1; /* "/" */
	path[n++] = '/';
	memcpy(path + n, leaf, m + 1);
	n += m;
	for (size_t i = 0; i < s->count; i++)
		if (is_below(place_of(s->fd[i], shut), hws_bytes(path, n)))
			return true;
	for (size_t i = 0; i < s->ways; i++)
		if (hws_str_equal(s->way[i], path))
			return true;
	return false;
}
