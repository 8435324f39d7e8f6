/* Opening beneath roots. openat2 resolves a path in one step, so no link that appears meanwhile
 * leads out; where the kernel has none the path is walked component by component, each opened
 * without following links, which takes away links inside the roots but nothing else. Roots that
 * lie in one another add up: a path may be used as any of the roots above it permits, for a link
 * could lead from the one into the other. What is closed is told by where the kernel says that an
 * open descriptor is, whatever way led there and whatever was renamed since. */
#include "client/services/files/roots.h"
#include "client/services/files/names.h"
#include "client/services/files/shut.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RACES 64 /* openat2 gives up when a folder is moved meanwhile */
#define FOLDER (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY)
/* A pipe would wait for somebody who writes. */
#define FILE_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define OWN_NAMES (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS)
#define THEIR_PATH (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)

struct root {
	char *path, *real; /* as it was given, and without links */
	int fd;
	unsigned access;
	bool all; /* "/" */
};

struct hws_roots {
	char *home;
	bool walks;
	_Atomic unsigned limit; /* accesses that are permitted at all */
	size_t count;
	struct root root[HWS_ROOTS_MAX];
	struct hws_shut shut;
};

int hws_roots_new(const char *home, struct hws_roots **ret)
{
	struct hws_roots *r = hws_alloc(sizeof(*r));

	if (!r)
		return HWS_ERR_NOMEM;
	r->limit = HWS_ROOT_BOTH;
	if (home && !(r->home = hws_strdup(home))) {
		hws_free(r);
		return HWS_ERR_NOMEM;
	}
	*ret = r;
	return HWS_OK;
}

void hws_roots_free(struct hws_roots *roots)
{
	if (!roots)
		return;
	for (size_t i = 0; i < roots->count; i++) {
		close(roots->root[i].fd);
		hws_free(roots->root[i].path);
		hws_free(roots->root[i].real);
	}
	hws_shut_done(&roots->shut);
	hws_free(roots->home);
	hws_free(roots);
}

void hws_roots_limit(struct hws_roots *roots, unsigned access)
{
	roots->limit = access;
}

bool hws_roots_may(const struct hws_roots *roots, unsigned access)
{
	return (roots->limit & access) == access;
}

int hws_roots_set_home(struct hws_roots *roots, const char *home)
{
	char *copy = hws_strdup(home);

	if (!copy)
		return HWS_ERR_NOMEM;
	hws_free(roots->home);
	roots->home = copy;
	return HWS_OK;
}

const char *hws_roots_first(const struct hws_roots *roots)
{
	return roots->count ? roots->root[0].path : NULL;
}

void hws_roots_without_openat2(struct hws_roots *roots)
{
	roots->walks = true;
}

/* What the system said, in words for the other end. */
static int fail(struct hws_error *err, int errnum, const char *path)
{
	char shown[256];
	int code = errnum == EXDEV               ? HWS_ERR_DENIED
			: errnum == ELOOP        ? HWS_ERR_DENIED
			: errnum == EISDIR       ? HWS_ERR_INVAL
			: errnum == ENOTDIR      ? HWS_ERR_NOTFOUND
			: errnum == ENAMETOOLONG ? HWS_ERR_INVAL
						 : hws_err_from_errno(errnum);

	hws_str_escape(shown, sizeof(shown), hws_bytes_str(path));
	if (errnum == EXDEV)
		return hws_error_set(err, code, "%s leads outside of what may be used here", shown);
	if (errnum == ELOOP)
		return hws_error_set(err, code, "symlink path component is not allowed: %s", shown);
	hws_error_set(err, code, "%s (os error %d): %s", strerrordesc_np(errnum), errnum, shown);
	if (err)
		err->sys = errnum;
	return code;
}

int hws_roots_absolute(
		const struct hws_roots *roots, const char *path, char *buf, struct hws_error *err)
{
	bool home = path[0] != '/';
	const char *from = path[0] == '~' && (!path[1] || path[1] == '/') ? path + 1 : path;
	size_t at = 0;

	if (home && !roots->home)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no home folder here");
	for (int round = home ? 0 : 1; round < 2; round++) {
		for (const char *part = round ? from : roots->home; *part;) {
			size_t len = strcspn(part, "/");

			if (len == 2 && !memcmp(part, "..", 2))
				return hws_error_set(err, HWS_ERR_INVAL,
						"path traversal detected in file name");
			if (len && !(len == 1 && *part == '.')) {
				if (len > HWS_FILE_NAME_MAX || at + 1 + len > HWS_FILE_PATH_MAX)
					return hws_error_set(
							err, HWS_ERR_INVAL, "the path is too long");
				buf[at++] = '/';
				memcpy(buf + at, part, len);
				at += len;
			}
			part += len + (part[len] != 0);
		}
	}
	if (!at)
		buf[at++] = '/';
	buf[at] = 0;
	return HWS_OK;
}

int hws_roots_add(struct hws_roots *roots, const char *path, unsigned access, struct hws_error *err)
{
	char plain[HWS_FILE_PATH_MAX + 1], real[PATH_MAX];
	struct root *t = &roots->root[roots->count];

	if (roots->count == HWS_ROOTS_MAX)
		return hws_error_set(err, HWS_ERR_FULL, "at most %u folders can be permitted",
				HWS_ROOTS_MAX);
	int r = hws_roots_absolute(roots, path, plain, err);
	if (r < 0)
		return r;
	int fd = open(plain, FOLDER | O_PATH);
	if (fd < 0)
		return fail(err, errno, plain);
	*t = (struct root){ .fd = fd, .access = access };
	t->path = hws_strdup(plain);
	t->real = hws_strdup(realpath(plain, real) ? real : plain);
	t->all = t->real && !strcmp(t->real, "/");
	if (!t->path || !t->real) {
		hws_free(t->path);
		hws_free(t->real);
		close(fd);
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	roots->count++;
	return HWS_OK;
}

struct adding {
	struct hws_roots *roots;
	struct hws_error *err;
};

static int add_part(const char *part, void *arg)
{
	struct adding *a = arg;
	unsigned access = HWS_ROOT_BOTH;

	if (hws_str_starts(part, "ro:"))
		access = HWS_ROOT_READ;
	else if (hws_str_starts(part, "wo:"))
		access = HWS_ROOT_WRITE;
	return hws_roots_add(a->roots, access == HWS_ROOT_BOTH ? part : part + 3, access, a->err);
}

int hws_roots_add_list(struct hws_roots *roots, const char *list, struct hws_error *err)
{
	struct adding a = { roots, err };
	int r = list && *list ? hws_str_each(list, ',', add_part, &a) : HWS_OK;

	if (r == HWS_OK && !roots->count)
		r = hws_roots_add(roots, "", HWS_ROOT_BOTH, err);
	return r;
}

/* --- what is shut --- */

int hws_roots_shut(struct hws_roots *roots, const char *path)
{
	return hws_shut_add(&roots->shut, path);
}

bool hws_roots_is_shut(const struct hws_roots *roots, int fd)
{
	return hws_shut_has(&roots->shut, fd);
}

bool hws_roots_is_shut_folder(const struct hws_roots *roots, const struct stat *st)
{
	return hws_shut_is(&roots->shut, st);
}

bool hws_roots_is_way(const struct hws_roots *roots, int dir, const char *leaf)
{
	return hws_shut_is_way(&roots->shut, dir, leaf);
}

/* `fd`, or as what leads out of the roots. */
static int unless_shut(const struct hws_roots *roots, int fd, int flags)
{
	/* what is only looked at is opened again */
	if (fd < 0 || (flags & O_PATH) || !hws_roots_is_shut(roots, fd))
		return fd;
	close(fd);
	errno = EXDEV;
	return -1;
}

/* --- the kernel's part --- */

static int open_walking(int dir, const char *rel, int flags, mode_t mode)
{
	int at = dir, next;

	for (;;) {
		size_t len = strcspn(rel, "/");
		char part[HWS_FILE_NAME_MAX + 1];

		if (len > HWS_FILE_NAME_MAX) {
			errno = ENAMETOOLONG;
			next = -1;
			break;
		}
		memcpy(part, rel, len);
		part[len] = 0;
		bool last = !rel[len];
		int f = last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
		next = openat(at, part, f, last ? mode : 0);
		if (next < 0 && !last && errno == ENOTDIR) {
			struct stat st;
			if (!fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW))
				errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
		}
		if (last || next < 0)
			break;
		if (at != dir)
			close(at);
		at = next;
		rel += len + 1;
	}
	if (at != dir) {
		int e = errno;
		close(at);
		errno = e;
	}
	return next;
}

/* Relative, without "..", "." for `dir` itself. */
static int open_at(const struct hws_roots *roots, int dir, const char *rel, int flags,
		uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC), .resolve = resolve };
	long fd = -1;

	if (!roots->walks) {
		for (int i = 0; i < RACES; i++) {
			fd = syscall(SYS_openat2, dir, rel, &how, sizeof(how));
			if (fd >= 0 || errno != EAGAIN)
				break;
		}
		if (fd >= 0 || errno != ENOSYS)
			return unless_shut(roots, (int)fd, flags);
	}
	fd = strcmp(rel, ".") ? open_walking(dir, rel, flags | O_CLOEXEC, 0)
			      : openat(dir, ".", flags | O_CLOEXEC);
	return unless_shut(roots, (int)fd, flags);
}

/* Where below which root; longest first does not matter, for accesses add up. */
static const struct root *find(const struct hws_roots *roots, const char *path, unsigned access,
		const char **ret_rel)
{
	const struct root *best = NULL;
	unsigned granted = 0;
	size_t length = 0;

	for (size_t i = 0; i < roots->count; i++) {
		const struct root *t = &roots->root[i];
		const char *const names[] = { t->path, t->real };

		for (unsigned k = 0; k < 2; k++) {
			size_t len = strcmp(names[k], "/") != 0 ? strlen(names[k]) : 0;

			if (strncmp(path, names[k], len) != 0 || (path[len] && path[len] != '/'))
				continue;
			granted |= t->access;
			if (best && len < length)
				continue;
			best = t;
			length = len;
			*ret_rel = path[len] && path[len + 1] ? path + len + 1 : ".";
		}
	}
	return best && (granted & roots->limit & access) == access ? best : NULL;
}

static int open_below_root(const struct hws_roots *roots, const char *path, unsigned access,
		int flags, struct hws_error *err)
{
	const char *rel;
	char shown[256];
	const struct root *t = find(roots, path, access, &rel);

	if (!t) {
		hws_str_escape(shown, sizeof(shown), hws_bytes_str(path));
		return hws_error_set(err, HWS_ERR_DENIED, "this host does not permit to %s %s",
				access & HWS_ROOT_WRITE ? "write to" : "read", shown);
	}
	int fd = open_at(roots, t->fd, rel, flags, t->all ? RESOLVE_NO_MAGICLINKS : THEIR_PATH);
	return fd < 0 ? fail(err, errno, path) : fd;
}

int hws_roots_open_folder(const struct hws_roots *roots, const char *path, unsigned access,
		int *ret_fd, struct hws_error *err)
{
	int fd = open_below_root(roots, path, access, FOLDER, err);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return HWS_OK;
}

int hws_roots_open_file(const struct hws_roots *roots, const char *path, int *ret_fd,
		struct stat *ret_st, struct hws_error *err)
{
	struct stat before;
	/* what it is, before it is touched */
	int fd = open_below_root(roots, path, HWS_ROOT_READ, O_PATH, err);

	if (fd < 0)
		return fd;
	int r = fstat(fd, &before);
	close(fd);
	if (r < 0)
		return fail(err, errno, path);
	if (!S_ISREG(before.st_mode))
		return S_ISDIR(before.st_mode)
				? fail(err, EISDIR, path)
				: hws_error_set(err, HWS_ERR_UNSUPPORTED,
						  "this is neither a file nor a folder");
	fd = open_below_root(roots, path, HWS_ROOT_READ, FILE_FLAGS, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode)) {
		close(fd);
		return hws_error_set(err, HWS_ERR_UNSUPPORTED, "this is not a file any more");
	}
	*ret_fd = fd;
	return HWS_OK;
}

int hws_roots_open_parent(const struct hws_roots *roots, const char *path, unsigned access,
		int *ret_fd, char *leaf, struct hws_error *err)
{
	char parent[HWS_FILE_PATH_MAX + 1];
	const char *rel, *slash = strrchr(path, '/');
	const struct root *t = find(roots, path, access, &rel);

	/* what the root itself is, and where, is not for the session to change */
	if (t && !strcmp(rel, "."))
		return hws_error_set(err, HWS_ERR_DENIED,
				"a folder that is permitted as a whole cannot itself be changed");
	if (!t || !slash || hws_str_copy(leaf, HWS_FILE_NAME_MAX + 1, slash + 1) < 0)
		return open_below_root(roots, path, access, FOLDER, err) < 0
				? (err ? err->code : HWS_ERR_DENIED)
				: HWS_ERR_INVAL;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = 0;
	return hws_roots_open_folder(roots, *parent ? parent : "/", access, ret_fd, err);
}

int hws_roots_make_folder(
		const struct hws_roots *roots, const char *path, int *ret_fd, struct hws_error *err)
{
	const char *rel;
	const struct root *t = find(roots, path, HWS_ROOT_WRITE, &rel);
	int fd = -1;

	/* through links, as far as it is there already */
	if (!t || !strcmp(rel, "."))
		return hws_roots_open_folder(roots, path, HWS_ROOT_WRITE, ret_fd, err);
	char there[HWS_FILE_PATH_MAX + 1];
	size_t prefix = (size_t)(rel - path), len = strlen(path);
	memcpy(there, path, len + 1);
	for (;;) {
		fd = open_below_root(roots, there, HWS_ROOT_WRITE, FOLDER, err);
		if (fd >= 0 || (err && err->code != HWS_ERR_NOTFOUND))
			break;
		char *slash = strrchr(there, '/');
		if (!slash || (size_t)(slash - there) < prefix - 1)
			break;
		*slash = 0;
		if (slash == there)
			memcpy(there, "/", 2);
	}
	if (fd < 0)
		return fd;
	size_t done = strlen(there);
	int made = -1, r = HWS_OK;
	if (done >= len)
		made = fd;
	else
		r = hws_below_folder(roots, fd, path + done + (path[done] == '/'), true, &made);
	if (r < 0)
		fail(err, errno, path);
	if (made != fd)
		close(fd);
	if (r == HWS_OK && ret_fd)
		*ret_fd = made;
	else if (r == HWS_OK)
		close(made);
	return r;
}

/* --- below an open folder --- */

static int from_errno(void)
{
	return errno == EXDEV || errno == ELOOP ? HWS_ERR_DENIED : hws_err_from_errno(errno);
}

static int make_below(const struct hws_roots *roots, int dir, const char *name, int *ret_fd)
{
	int at = dir;

	for (const char *rest = name; *rest;) {
		size_t len = strcspn(rest, "/");
		char part[HWS_FILE_NAME_MAX + 1];
		int next = -1;

		if (len <= HWS_FILE_NAME_MAX) {
			memcpy(part, rest, len);
			part[len] = 0;
			if (!mkdirat(at, part, 0777) || errno == EEXIST)
				next = unless_shut(roots, openat(at, part, FOLDER | O_NOFOLLOW), 0);
		} else {
			errno = ENAMETOOLONG;
		}
		int e = errno;
		if (at != dir)
			close(at);
		errno = e;
		if (next < 0)
			return from_errno();
		at = next;
		rest += len + (rest[len] != 0);
	}
	*ret_fd = at;
	return HWS_OK;
}

int hws_below_folder(
		const struct hws_roots *roots, int dir, const char *name, bool make, int *ret_fd)
{
	struct stat st;
	int fd = open_at(roots, dir, *name ? name : ".", FOLDER | O_NOFOLLOW, OWN_NAMES);

	if (fd < 0 && errno == ENOENT && make && *name)
		return make_below(roots, dir, name, ret_fd);
	/* of a link itself the kernel only says that it is no folder */
	if (fd < 0 && errno == ENOTDIR && !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) &&
			S_ISLNK(st.st_mode))
		return HWS_ERR_DENIED;
	if (fd < 0)
		return from_errno();
	*ret_fd = fd;
	return HWS_OK;
}

int hws_below_file(const struct hws_roots *roots, int dir, const char *name, int *ret_fd,
		struct stat *ret_st)
{
	int fd = open_at(roots, dir, name, O_PATH | O_NOFOLLOW, OWN_NAMES);

	if (fd < 0)
		return from_errno();
	int r = fstat(fd, ret_st);
	close(fd);
	if (r < 0)
		return from_errno();
	if (S_ISLNK(ret_st->st_mode))
		return HWS_ERR_DENIED;
	if (!S_ISREG(ret_st->st_mode))
		return HWS_ERR_UNSUPPORTED;
	fd = open_at(roots, dir, name, FILE_FLAGS | O_NOFOLLOW, OWN_NAMES);
	if (fd < 0)
		return from_errno();
	if (fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode)) {
		close(fd);
		return HWS_ERR_UNSUPPORTED;
	}
	*ret_fd = fd;
	return HWS_OK;
}

int hws_below_parent(const struct hws_roots *roots, int dir, const char *name, bool make,
		int *ret_fd, const char **ret_leaf)
{
	char folder[HWS_FILE_PATH_MAX + 1];
	const char *slash = strrchr(name, '/');
	size_t len = slash ? (size_t)(slash - name) : 0;

	if (len >= sizeof(folder))
		return HWS_ERR_INVAL;
	memcpy(folder, name, len);
	folder[len] = 0;
	*ret_leaf = slash ? slash + 1 : name;
	return hws_below_folder(roots, dir, folder, make, ret_fd);
}

int hws_below_stat(int dir, const char *leaf, struct stat *ret_st)
{
	return fstatat(dir, leaf, ret_st, AT_SYMLINK_NOFOLLOW) < 0 ? from_errno() : HWS_OK;
}
