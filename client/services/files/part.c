/* Parts of files. Whoever may write to the folder could put something else in their place, so what
 * is opened again must be a file of ours with no other name, and is never reached by a link. */
#include "client/services/files/part.h"
#include "client/services/files/block.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA ".download"
#define DIGEST ".digest"

static void name_with(const char *leaf, const char *suffix, bool hashed, char *ret, size_t size)
{
	struct hws_hash h;

	if (!hashed && strlen(leaf) + strlen(suffix) < size &&
			hws_fmt(ret, size, "%s%s", leaf, suffix) == 0)
		return;
	h = hws_hash_of(hws_bytes_str(leaf));
	if (hws_fmt(ret, size, ".%016llx%016llx%s", (unsigned long long)h.high,
			    (unsigned long long)h.low, suffix) < 0)
		ret[0] = 0;
}

static void make_names(const char *leaf, bool hashed, struct hws_part_names *ret)
{
	name_with(leaf, DATA, hashed, ret->data, sizeof(ret->data));
	name_with(leaf, DIGEST, hashed, ret->digest, sizeof(ret->digest));
}

static int give_up(int fd, int errnum)
{
	if (fd >= 0)
		close(fd);
	errno = errnum;
	return hws_err_from_errno(errnum);
}

/* The part is this writer's alone; not if another one has finished or removed it meanwhile. */
static int lock(int dir, const struct hws_part_names *n, int fd)
{
	struct stat mine, named;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return give_up(fd, EBUSY);
	if (fstat(fd, &mine) < 0 || fstatat(dir, n->data, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
			mine.st_dev != named.st_dev || mine.st_ino != named.st_ino)
		return give_up(fd, EBUSY);
	return HWS_OK;
}

int hws_part_create(int dir, const struct hws_part_names *n, unsigned mode, int *ret_fd)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
	int fd = openat(dir, n->data, flags, (mode_t)(mode | 0600));

	if (fd < 0 && errno == EEXIST) {
		/* of another job that is writing it, or left over */
		int old = openat(dir, n->data, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (old >= 0 && flock(old, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
			return give_up(old, EBUSY);
		hws_part_remove(dir, n);
		if (old >= 0)
			close(old);
		fd = openat(dir, n->data, flags, (mode_t)(mode | 0600));
	}
	if (fd < 0)
		return hws_err_from_errno(errno);
	int r = lock(dir, n, fd);
	if (r == HWS_OK)
		*ret_fd = fd;
	return r;
}

int hws_part_note(int dir, const struct hws_part_names *n, const struct hws_part_of *of)
{
	char text[160];
	int r = hws_fmt(text, sizeof(text), "{\"size\":%llu,\"modified\":%llu,\"modified_ns\":%u}",
			(unsigned long long)of->size, (unsigned long long)of->modified,
			of->modified_ns);

	if (r < 0)
		return r;
	if (unlinkat(dir, n->digest, 0) < 0 && errno != ENOENT)
		return hws_err_from_errno(errno);
	int fd = openat(dir, n->digest,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return hws_err_from_errno(errno);
	size_t len = strlen(text);
	ssize_t k = write(fd, text, len);
	int e = k < 0 ? errno : ENOSPC;
	if (close(fd) < 0 || k != (ssize_t)len) {
		unlinkat(dir, n->digest, 0);
		errno = e;
		return hws_err_from_errno(e);
	}
	return HWS_OK;
}

/* The number after `"key":` in a small JSON object. */
static bool member(const char *json, const char *key, uint64_t *ret)
{
	char quoted[32];
	const char *p;

	if (hws_fmt(quoted, sizeof(quoted), "\"%s\"", key) < 0 || !(p = strstr(json, quoted)))
		return false;
	p += strlen(quoted);
	p += strspn(p, " \t\r\n");
	if (*p++ != ':')
		return false;
	p += strspn(p, " \t\r\n");
	if (*p < '0' || *p > '9')
		return false;
	for (*ret = 0; *p >= '0' && *p <= '9'; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (*ret > (UINT64_MAX - digit) / 10)
			return false;
		*ret = *ret * 10 + digit;
	}
	return true;
}

/* A regular file of ours that nothing else names. */
static int open_own(int dir, const char *name, int flags, struct stat *ret_st)
{
	int fd = openat(dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (fstat(fd, ret_st) == 0 && S_ISREG(ret_st->st_mode) && ret_st->st_nlink == 1 &&
			ret_st->st_uid == geteuid())
		return fd;
	give_up(fd, EPERM);
	return -1;
}

/* -1: there is no such file; else whether it says what `data` is a part of. */
static int reads_as_digest(int dir, const struct hws_part_names *n)
{
	char text[512];
	struct stat st;
	uint64_t number;

	if (fstatat(dir, n->digest, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	int fd = open_own(dir, n->digest, O_RDONLY, &st);
	if (fd < 0)
		return 0;
	ssize_t k = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[k > 0 ? k : 0] = 0;
	return member(text, "size", &number) && member(text, "modified", &number);
}

/* A file that no writer has open, and that nothing says to be a part. */
static bool is_somebodys(int dir, const struct hws_part_names *n)
{
	struct stat st;
	int digest = reads_as_digest(dir, n);

	if (digest >= 0)
		return !digest;
	int fd = openat(dir, n->data, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	bool somebodys = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
			(flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK);
	close(fd);
	return somebodys;
}

void hws_part_names(int dir, const char *leaf, struct hws_part_names *ret)
{
	make_names(leaf, false, ret);
	if (is_somebodys(dir, ret))
		make_names(leaf, true, ret);
}

uint64_t hws_part_find(int dir, const struct hws_part_names *n, const struct hws_part_of *of)
{
	char text[512];
	struct stat st;
	uint64_t size, modified, ns;
	int fd = open_own(dir, n->digest, O_RDONLY, &st);

	if (fd < 0)
		return 0;
	ssize_t k = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (k <= 0)
		return 0;
	text[k] = 0;
	if (!member(text, "size", &size) || !member(text, "modified", &modified) ||
			size != of->size || modified != of->modified)
		return 0;
	if (of->modified_ns && member(text, "modified_ns", &ns) && ns && ns != of->modified_ns)
		return 0;
	fd = open_own(dir, n->data, O_RDONLY, &st);
	if (fd < 0)
		return 0;
	close(fd);
	return (uint64_t)st.st_size > of->size ? 0 : (uint64_t)st.st_size;
}

int hws_part_open(int dir, const struct hws_part_names *n, uint64_t offset, int *ret_fd)
{
	struct stat st;
	int fd = open_own(dir, n->data, O_RDWR, &st);

	if (fd < 0)
		return hws_err_from_errno(errno);
	int r = lock(dir, n, fd);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < offset)
		return give_up(fd, EINVAL);
	if (ftruncate(fd, (off_t)offset) < 0)
		return give_up(fd, errno);
	*ret_fd = fd;
	return HWS_OK;
}

void hws_part_remove(int dir, const struct hws_part_names *n)
{
	unlinkat(dir, n->data, 0);
	unlinkat(dir, n->digest, 0);
}

void hws_part_remove_left(int dir, const struct hws_part_names *n)
{
	int fd = openat(dir, n->data, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		hws_part_remove(dir, n);
	close(fd);
}

int hws_part_finish(int dir, const struct hws_part_names *n, const char *leaf)
{
	return renameat(dir, n->data, dir, leaf) < 0 ? hws_err_from_errno(errno) : HWS_OK;
}
