/* Each thing that was copied is a root: a name in a folder that is held open. What is below it is
 * remembered by its path from there, in which there is no link any more. */
#include "client/services/clipfiles/tree.h"
#include "shared/base/mem.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll
#define ROOTS_MAX 1024u
#define DEPTH_MAX 64u /* each folder on the way is held open */

struct root {
	const char *given; /* path by which it was copied; only while walking */
	char *real;        /* its absolute path, without links */
	int folder;        /* that it is in */
};

struct place {
	uint32_t root;
	char *path; /* absolute, without links */
	dev_t dev;
	ino_t ino;
};

struct hws_clip_tree {
	unsigned refs; /* atomic */
	struct hws_clip_list *list;
	struct place *place; /* for each entry of the list */
	uint32_t places, room;
	struct root root[ROOTS_MAX];
	uint32_t roots;
	uint32_t left_out;
};

struct walk {
	struct hws_clip_tree *t;
	const bool *cancel;
	struct hws_error *err;
	unsigned depth;
};

struct hws_clip_tree *hws_clip_tree_ref(struct hws_clip_tree *t)
{
	__atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
	return t;
}

void hws_clip_tree_unref(struct hws_clip_tree *t)
{
	if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (uint32_t i = 0; i < t->places; i++)
		hws_free(t->place[i].path);
	for (uint32_t i = 0; i < t->roots; i++) {
		free(t->root[i].real);
		if (t->root[i].folder >= 0)
			close(t->root[i].folder);
	}
	hws_free(t->place);
	hws_clip_list_unref(t->list);
	hws_free(t);
}

const struct hws_clip_list *hws_clip_tree_list(const struct hws_clip_tree *t)
{
	return t->list;
}

uint32_t hws_clip_tree_left_out(const struct hws_clip_tree *t)
{
	return t->left_out;
}

const char *hws_clip_tree_path(const struct hws_clip_tree *t, uint32_t index)
{
	return index < t->places ? t->place[index].path : "";
}

/* --- roots ------------------------------------------------------------------------------------ */

/* Is `path` the one, or below it? */
static bool is_within(const char *path, const char *root)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (path[n] == 0 || path[n] == '/');
}

static bool find_root(const struct hws_clip_tree *t, const char *real, uint32_t *ret)
{
	for (uint32_t i = 0; i < t->roots; i++)
		if (is_within(real, t->root[i].real)) {
			*ret = i;
			return true;
		}
	return false;
}

/* A whole file system cannot be copied: its root has no name. */
static void add_root(struct hws_clip_tree *t, const char *path)
{
	char *real = path[0] == '/' ? realpath(path, NULL) : NULL, *slash;
	int folder;

	if (!real || !real[1] || t->roots >= ROOTS_MAX)
		goto out;
	slash = strrchr(real, '/');
	*slash = 0;
	folder = open(*real ? real : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*slash = '/';
	if (folder < 0)
		goto out;
	t->root[t->roots++] = (struct root){ path, real, folder };
	return;
out:
	free(real);
	t->left_out++;
}

/* --- walking ---------------------------------------------------------------------------------- */

static int walk_folder(struct walk *w, int fd, const char *shown, const char *real, uint32_t root);

static int remember(struct walk *w, const char *shown, const char *real, uint32_t root,
		const struct stat *st)
{
	struct hws_clip_tree *t = w->t;
	struct hws_clip_entry e = { .path = (char *)shown,
		.is_folder = S_ISDIR(st->st_mode),
		.mode = st->st_mode & 0777,
		.size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
		.time_ns = st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec };
	int r;

	if (t->places == t->room) {
		uint32_t room = t->room ? t->room * 2 : 64;
		struct place *grown = hws_realloc_array(t->place, room, sizeof(*grown));

		if (!grown)
			return HWS_ERR_NOMEM;
		t->place = grown;
		t->room = room;
	}
	r = hws_clip_list_add(t->list, &e, strlen(shown), w->err);
	if (r < 0)
		return r;
	t->place[t->places] = (struct place){ root, hws_strdup(real), st->st_dev, st->st_ino };
	return t->place[t->places++].path ? HWS_OK : HWS_ERR_NOMEM;
}

/* What cannot be told or read is no reason to tell nothing. */
static int leave_out(struct walk *w, int r)
{
	if (r == HWS_ERR_NOMEM || r == HWS_ERR_FULL || r == HWS_ERR_CANCELED)
		return r;
	w->t->left_out++;
	return HWS_OK;
}

static int open_beneath(const struct root *root, const char *real, int flags)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	const char *slash = strrchr(root->real, '/');

	return (int)syscall(SYS_openat2, root->folder, real + (slash - root->real) + 1, &how,
			sizeof(how));
}

/* A file or folder that is there under its real path. */
static int walk_real(struct walk *w, const char *shown, const char *real, uint32_t root)
{
	int fd = open_beneath(&w->t->root[root], real, O_PATH), r, folder;
	struct stat st;

	if (fd < 0)
		return leave_out(w, HWS_ERR_NOTFOUND);
	if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		close(fd);
		return leave_out(w, HWS_ERR_UNSUPPORTED);
	}
	if (S_ISREG(st.st_mode)) {
		close(fd);
		r = remember(w, shown, real, root, &st);
		return r < 0 ? leave_out(w, r) : r;
	}
	folder = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(fd);
	if (folder < 0)
		return leave_out(w, HWS_ERR_PERM);
	r = remember(w, shown, real, root, &st);
	if (r < 0) {
		close(folder);
		return leave_out(w, r);
	}
	return walk_folder(w, folder, shown, real, root);
}

/* A link within: to something that was copied, but not to a folder that it is in. */
static int walk_link(struct walk *w, const char *shown, const char *path)
{
	char *real = realpath(path, NULL);
	uint32_t root;
	int r;

	if (!real || !find_root(w->t, real, &root) || is_within(path, real))
		r = leave_out(w, HWS_ERR_DENIED);
	else
		r = walk_real(w, shown, real, root);
	free(real);
	return r;
}

static int walk_name(struct walk *w, int fd, const char *name, const char *shown, const char *real,
		uint32_t root)
{
	char *more = NULL, *below = NULL;
	struct stat st;
	int r = HWS_ERR_NOMEM;

	if (w->cancel && __atomic_load_n(w->cancel, __ATOMIC_RELAXED))
		return HWS_ERR_CANCELED;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return leave_out(w, HWS_ERR_NOTFOUND);
	if (asprintf(&more, "%s/%s", shown, name) < 0) {
		more = NULL;
		goto out;
	}
	if (asprintf(&below, "%s/%s", real, name) < 0) {
		below = NULL;
		goto out;
	}
	if (strlen(below) >= PATH_MAX)
		r = leave_out(w, HWS_ERR_TOOBIG);
	else if (S_ISLNK(st.st_mode))
		r = walk_link(w, more, below);
	else
		r = walk_real(w, more, below, root);
out:
	free(more);
	free(below);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hws_free(names[i]);
	hws_free(names);
}

/* Takes `fd`. Sorted, so that the same tree is always the same list. No more than a list can hold:
 * a folder may have millions. */
static int read_names(struct walk *w, int fd, char ***ret, size_t *ret_n)
{
	char **names = hws_alloc_array(HWS_CLIP_ENTRIES_MAX + 1, sizeof(*names));
	DIR *dir = names ? fdopendir(fd) : NULL;
	struct dirent *d;
	size_t n = 0;
	int r = HWS_OK;

	if (!dir) {
		close(fd);
		hws_free(names);
		return names ? HWS_ERR_PERM : HWS_ERR_NOMEM;
	}
	while (r == HWS_OK && n <= HWS_CLIP_ENTRIES_MAX && (d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		names[n] = hws_strdup(d->d_name);
		r = names[n] ? HWS_OK : HWS_ERR_NOMEM;
		n += r == HWS_OK;
	}
	closedir(dir);
	if (r == HWS_OK && n > HWS_CLIP_ENTRIES_MAX)
		r = hws_error_set(w->err, HWS_ERR_FULL,
				"more than %u files and folders; copy fewer at once, or send them "
				"with hawser files",
				HWS_CLIP_ENTRIES_MAX);
	if (r < 0) {
		free_names(names, n);
		return r;
	}
	qsort(names, n, sizeof(*names), by_name);
	*ret = names;
	*ret_n = n;
	return HWS_OK;
}

/* Takes `fd`. */
static int walk_folder(struct walk *w, int fd, const char *shown, const char *real, uint32_t root)
{
	char **names;
	size_t n;
	int r, again;

	if (w->depth >= DEPTH_MAX) {
		close(fd);
		return leave_out(w, HWS_ERR_TOOBIG);
	}
	again = dup(fd); /* what lists its names is closed before it is walked */
	r = again < 0 ? HWS_ERR_SYS : read_names(w, again, &names, &n);
	if (r < 0) {
		close(fd);
		return leave_out(w, r);
	}
	w->depth++;
	for (size_t i = 0; r == HWS_OK && i < n; i++)
		r = walk_name(w, fd, names[i], shown, real, root);
	w->depth--;
	free_names(names, n);
	close(fd);
	return r;
}

/* The name by which it was copied; the last part of a link that was chosen is that of the link. */
static int walk_root(struct walk *w, const struct root *r, uint32_t root)
{
	const char *path = r->given;
	size_t end = strlen(path), start;
	char name[NAME_MAX + 1];

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	if (end - start == 0 || end - start > NAME_MAX)
		return leave_out(w, HWS_ERR_INVAL);
	memcpy(name, path + start, end - start);
	name[end - start] = 0;
	return walk_real(w, name, r->real, root);
}

int hws_clip_tree_new(const char *const *paths, size_t n, const bool *cancel,
		struct hws_clip_tree **ret, struct hws_error *err)
{
	struct hws_clip_tree *t = hws_alloc(sizeof(*t));
	struct walk w = { .t = t, .cancel = cancel, .err = err };
	int r;

	if (!t)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	t->refs = 1;
	r = hws_clip_list_new(&t->list);
	for (size_t i = 0; r == HWS_OK && i < n; i++)
		add_root(t, paths[i]); /* all first: links may lead from one to another */
	for (uint32_t i = 0; r == HWS_OK && i < t->roots; i++)
		r = walk_root(&w, &t->root[i], i);
	if (r == HWS_OK && hws_clip_list_count(t->list) == 0)
		r = hws_error_set(err, HWS_ERR_NOTFOUND,
				"nothing of what was copied is there and can be read");
	if (r == HWS_ERR_NOMEM)
		hws_error_set(err, r, "out of memory");
	if (r == HWS_OK)
		*ret = t;
	else
		hws_clip_tree_unref(t);
	return r;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int read_all(int fd, uint64_t offset, uint8_t *to, size_t len, size_t *ret_len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = pread(fd, to + done, len - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return hws_err_from_errno(errno);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*ret_len = done;
	return HWS_OK;
}

int hws_clip_tree_read(const struct hws_clip_tree *t, uint32_t index, uint64_t offset, void *to,
		size_t len, size_t *ret_len)
{
	const struct place *p = index < t->places ? &t->place[index] : NULL;
	struct stat st;
	int fd, r;

	if (!p || hws_clip_list_at(t->list, index)->is_folder || offset > INT64_MAX - len)
		return HWS_ERR_RANGE;
	/* should a pipe have taken its place, nobody waits for who writes into it */
	fd = open_beneath(&t->root[p->root], p->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ELOOP || errno == EXDEV ? HWS_ERR_NOTFOUND
							: hws_err_from_errno(errno);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_dev != p->dev ||
			st.st_ino != p->ino)
		r = HWS_ERR_NOTFOUND;
	else if (offset > (uint64_t)st.st_size)
		r = HWS_ERR_RANGE;
	else
		r = read_all(fd, offset, to, len, ret_len);
	close(fd);
	return r;
}
