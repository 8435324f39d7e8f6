/* Changes by descriptors of the folders that are concerned: a path is resolved once, beneath its
 * root, and what is removed below it is reached folder by folder without following a link. */
#include "client/services/files/change.h"
#include "client/services/files/names.h"
#include "shared/base/str.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 128u

static int fail(struct hws_error *err, int errnum)
{
	int code = errnum == ELOOP ? HWS_ERR_DENIED
			: errnum == EISDIR || errnum == ENOTEMPTY || errnum == ENOTDIR
			? HWS_ERR_INVAL
			: hws_err_from_errno(errnum);

	return hws_error_set(err, code, "%s (os error %d)", strerrordesc_np(errnum), errnum);
}

int hws_change_make(const struct hws_roots *roots, const char *path, struct hws_error *err)
{
	return hws_roots_make_folder(roots, path, NULL, err);
}

int hws_change_remove_file(const struct hws_roots *roots, const char *path, struct hws_error *err)
{
	char leaf[HWS_FILE_NAME_MAX + 1];
	int dir, r = hws_roots_open_parent(roots, path, HWS_ROOT_WRITE, &dir, leaf, err);

	if (r < 0)
		return r;
	if (hws_roots_is_way(roots, dir, leaf))
		r = fail(err, EACCES);
	else if (unlinkat(dir, leaf, 0) < 0)
		r = fail(err, errno);
	close(dir);
	return r;
}

struct remover {
	const struct hws_roots *roots;
	bool files;
	hws_stop *stop; /* NULL: nobody stops it */
};

static int remove_below(const struct remover *m, int dir, unsigned depth);

/* The first thing that could not be removed decides; the rest goes all the same. */
static int remove_entry(const struct remover *m, int dir, const char *name, unsigned depth)
{
	struct stat st;
	int r = 0;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISDIR(st.st_mode)) {
		if (!m->files && !S_ISLNK(st.st_mode))
			return ENOTEMPTY;
		if (S_ISLNK(st.st_mode) && hws_roots_is_way(m->roots, dir, name))
			return EACCES;
		return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? errno : 0;
	}
	if (depth >= DEPTH_MAX)
		return ENAMETOOLONG;
	if (hws_roots_is_shut_folder(m->roots, &st))
		return EACCES;
	int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		return errno;
	r = remove_below(m, sub, depth + 1);
	close(sub);
	if (!r && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = errno;
	return r;
}

static int remove_below(const struct remover *m, int dir, unsigned depth)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!entries) {
		r = errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r != ECANCELED && (d = readdir(entries))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		int e = m->stop && atomic_load(m->stop) ? ECANCELED
							: remove_entry(m, dir, d->d_name, depth);
		r = r && e != ECANCELED ? r : e;
	}
	closedir(entries);
	return r;
}

int hws_change_remove_folder(const struct hws_roots *roots, const char *path,
		enum hws_remove_depth depth, hws_stop *stop, struct hws_error *err)
{
	const struct remover m = { roots, depth == HWS_REMOVE_TREE, stop };
	char leaf[HWS_FILE_NAME_MAX + 1];
	int dir, sub, e = 0,
		      r = hws_roots_open_parent(roots, path, HWS_ROOT_WRITE, &dir, leaf, err);

	if (r < 0)
		return r;
	sub = openat(dir, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		e = errno;
	else if (hws_roots_is_shut(roots, sub))
		e = EACCES;
	else if (depth != HWS_REMOVE_EMPTY)
		e = remove_below(&m, sub, 0);
	if (sub >= 0)
		close(sub);
	if (!e && unlinkat(dir, leaf, AT_REMOVEDIR) < 0)
		e = errno;
	close(dir);
	/* what is not empty stays, and is no error in this one */
	if (e && !(depth == HWS_REMOVE_EMPTY_TREE && sub >= 0 && e != ECANCELED))
		return fail(err, e);
	return HWS_OK;
}

/* Without replacing, also where the file system cannot do that in one step. */
static int move(int from, const char *leaf, int to, const char *name)
{
	struct stat st;

	if (renameat2(from, leaf, to, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return EEXIST;
	return renameat(from, leaf, to, name) < 0 ? errno : 0;
}

int hws_change_rename(const struct hws_roots *roots, const char *path, const char *name,
		struct hws_error *err)
{
	char leaf[HWS_FILE_NAME_MAX + 1];
	const char *why = *name ? hws_name_refusal(name, false) : "new file name cannot be empty";
	const char *last;
	int dir, to, e;

	if (why)
		return hws_error_set(err, HWS_ERR_INVAL, "%s", why);
	int r = hws_roots_open_parent(roots, path, HWS_ROOT_BOTH, &dir, leaf, err);
	if (r < 0)
		return r;
	r = hws_below_parent(roots, dir, name, false, &to, &last);
	if (r < 0) {
		close(dir);
		return hws_error_set(err, r, "%s",
				r == HWS_ERR_DENIED ? "symlink path component is not allowed"
						    : hws_err_text(r));
	}
	e = hws_roots_is_way(roots, dir, leaf) ? EACCES : move(dir, leaf, to, last);
	close(to);
	close(dir);
	if (e == EEXIST)
		return hws_error_set(
				err, HWS_ERR_EXISTS, "something with this name is there already");
	return e ? fail(err, e) : HWS_OK;
}
