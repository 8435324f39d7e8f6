/* Writing files. The target is touched once, by the rename that gives it the whole new content;
 * all before that happens beside it. A part is only gone on with when it is of the file that is
 * offered, and between two hawser ends its content is compared, block by block, with what the
 * reader has. */
#include "client/services/files/writer.h"
#include "client/services/files/change.h"
#include "client/services/files/names.h"
#include "client/services/files/part.h"
#include "proto/session.pb-c.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NO_FILE UINT32_MAX
/* That much stays free besides. */
#define RESERVE (1u << 20)

struct hws_writer {
	struct hws_writer_conf conf;
	char *path;
	struct hws_listing list;
	bool alone;                       /* the path is the file's */
	int dir;                          /* folder of the job; of the one file: that it is in */
	char leaf[HWS_FILE_NAME_MAX + 1]; /* of the one file */
	/* the folder of the last file, since many are in the same one */
	int folder;
	char *folder_name;
	/* the file under way */
	uint32_t file;
	int fd;
	int at; /* its folder: `dir` or `folder` */
	const char *name;
	struct hws_part_names part;
	uint64_t offset, resume; /* next byte; where new data began */
	uint64_t checked;
	bool noted, damaged; /* has a digest; the part differs */
	struct hws_hash sum;
	uint8_t *scratch; /* for checks */
};

int hws_writer_new(const struct hws_writer_conf *conf, struct hws_listing *list,
		struct hws_writer **ret)
{
	struct hws_writer *w = hws_alloc(sizeof(*w));

	if (!w || !(w->path = hws_strdup(conf->path))) {
		hws_free(w);
		return HWS_ERR_NOMEM;
	}
	w->conf = *conf;
	w->conf.path = w->path;
	w->list = *list;
	*list = (struct hws_listing){ 0 };
	w->alone = w->list.count == 1 && !*w->list.entry[0].name;
	w->dir = w->folder = w->fd = -1;
	w->file = NO_FILE;
	*ret = w;
	return HWS_OK;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* `remove`: or what is no part that somebody could go on with. */
static void close_file(struct hws_writer *w, bool remove)
{
	if (w->fd >= 0 && (remove || !w->noted))
		hws_part_remove(w->at, &w->part);
	close_fd(&w->fd);
	w->file = NO_FILE;
}

void hws_writer_free(struct hws_writer *w)
{
	if (!w)
		return;
	close_file(w, false);
	close_fd(&w->folder);
	close_fd(&w->dir);
	hws_listing_done(&w->list);
	hws_free(w->folder_name);
	hws_free(w->scratch);
	hws_free(w->path);
	hws_free(w);
}

const struct hws_listing *hws_writer_list(const struct hws_writer *w)
{
	return &w->list;
}

static int check_room(struct hws_writer *w, uint32_t first, struct hws_error *err)
{
	struct statvfs fs;
	uint64_t needed = RESERVE;

	for (size_t i = first; i < w->list.count; i++) {
		uint64_t size = w->list.entry[i].allocated ? w->list.entry[i].allocated
							   : w->list.entry[i].size;
		struct hws_writer_find f = { 0 };

		if (size > UINT64_MAX / 2 - needed)
			return hws_error_set(
					err, HWS_ERR_DISK, "the files are larger than any disk");
		if (size > (64u << 20) && hws_writer_find(w, (uint32_t)i, true, &f, NULL) == 0)
			size -= HWS_MIN(size, f.partial);
		needed += size;
	}
	if (fstatvfs(w->dir, &fs) < 0)
		return HWS_OK; /* the disk itself will say it */
	uint64_t has = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (needed - RESERVE <= has || !fs.f_blocks)
		return HWS_OK;
	return hws_error_set(err, HWS_ERR_DISK,
			"not enough space: %llu MiB are needed and %llu MiB are free",
			(unsigned long long)(needed >> 20), (unsigned long long)(has >> 20));
}

/* The length of that part of the path which is there: 0, or up to before a slash or the end. */
static size_t there_already(const struct hws_writer *w)
{
	size_t n = strlen(w->path);
	int fd;

	while (n) {
		char c = w->path[n];

		w->path[n] = 0;
		int r = hws_roots_open_folder(w->conf.roots, w->path, HWS_ROOT_WRITE, &fd, NULL);
		w->path[n] = c;
		if (r == HWS_OK)
			close(fd);
		if (r != HWS_ERR_NOTFOUND)
			break;
		while (n && w->path[n - 1] != '/')
			n--;
		n -= n != 0;
	}
	return n;
}

/* What was made for a job that does not begin, up to what was there; nothing that has come to hold
 * something meanwhile. */
static void take_back(struct hws_writer *w, size_t there)
{
	size_t n = strlen(w->path);

	while (n > there) {
		char c = w->path[n];

		w->path[n] = 0;
		int r = hws_change_remove_folder(
				w->conf.roots, w->path, HWS_REMOVE_EMPTY, NULL, NULL);
		w->path[n] = c;
		if (r < 0 && (!w->alone || n != strlen(w->path)))
			return;
		while (n && w->path[n - 1] != '/')
			n--;
		n -= n != 0;
	}
}

int hws_writer_open(struct hws_writer *w, uint32_t first, struct hws_error *err)
{
	size_t there = there_already(w);
	int r = w->alone ? hws_roots_open_parent(w->conf.roots, w->path, HWS_ROOT_WRITE, &w->dir,
					   w->leaf, err)
			 : hws_roots_make_folder(w->conf.roots, w->path, &w->dir, err);

	if (r == HWS_ERR_NOTFOUND && w->alone) {
		/* deployed writers make the folders above a single file, too */
		char *slash = strrchr(w->path, '/');
		*slash = 0;
		r = hws_roots_make_folder(w->conf.roots, w->path, &w->dir, err);
		*slash = '/';
		if (r == HWS_OK)
			r = hws_str_copy(w->leaf, sizeof(w->leaf), slash + 1);
	}
	if (r < 0) {
		w->dir = -1;
		return r;
	}
	r = check_room(w, first, err);
	if (r < 0)
		take_back(w, there);
	return r;
}

/* --- one file's place --- */

static int explain(struct hws_error *err, int r)
{
	int e = errno;

	if (!err || err->code)
		return r;
	if (r == HWS_ERR_DENIED)
		return hws_error_set(err, r, "symlink path component is not allowed");
	if (r == HWS_ERR_BUSY)
		return hws_error_set(err, r, "another transfer is writing this file");
	if ((r == HWS_ERR_SYS || r == HWS_ERR_DISK || r == HWS_ERR_PERM || r == HWS_ERR_NOTFOUND ||
			    r == HWS_ERR_INVAL || r == HWS_ERR_EXISTS) &&
			e)
		return hws_error_set(err, r, "%s (os error %d)", strerrordesc_np(e), e);
	return hws_error_set(err, r, "the file cannot be written: %s", hws_err_text(r));
}

/* Where nothing may be read nothing may be replaced either, nor is anything told of it. */
static int must_be_new(struct hws_error *err)
{
	return hws_error_set(err, HWS_ERR_EXISTS,
			"something with this name is there, and this host takes new files only");
}

static bool same_folder(const struct hws_writer *w, const char *name, size_t len)
{
	return w->folder >= 0 && !strncmp(w->folder_name, name, len) && !w->folder_name[len];
}

/* The folder of a file and its name in that. With `make` the folder is made, else HWS_ERR_NOTFOUND;
 * the descriptor stays the writer's. */
static int place(
		struct hws_writer *w, uint32_t file, bool make, int *ret_dir, const char **ret_leaf)
{
	const char *name = w->list.entry[file].name, *slash = strrchr(name, '/');
	size_t len = slash ? (size_t)(slash - name) : 0;

	if (!slash) {
		*ret_dir = w->dir;
		*ret_leaf = w->alone ? w->leaf : name;
		return HWS_OK;
	}
	*ret_leaf = slash + 1;
	if (same_folder(w, name, len)) {
		*ret_dir = w->folder;
		return HWS_OK;
	}
	int fd, r = hws_below_parent(w->conf.roots, w->dir, name, make, &fd, ret_leaf);
	if (r < 0)
		return r;
	char *copy = hws_strdup(name);
	if (!copy) {
		close(fd);
		return HWS_ERR_NOMEM;
	}
	copy[len] = 0;
	/* not while a file in it is open: that is by its descriptor */
	close_fd(&w->folder);
	hws_free(w->folder_name);
	w->folder_name = copy;
	w->folder = fd;
	*ret_dir = fd;
	return HWS_OK;
}

static struct hws_part_of part_of(const struct hws_writer *w, uint32_t file)
{
	const struct hws_listing_entry *e = &w->list.entry[file];

	return (struct hws_part_of){ e->size, e->modified, w->conf.extended ? e->modified_ns : 0 };
}

/* Deployed peers compare whole seconds with the full time, so only what has none below the second
 * is the same. */
static bool is_identical(const struct hws_writer *w, uint32_t file, const struct stat *st)
{
	const struct hws_listing_entry *e = &w->list.entry[file];
	long ns = w->conf.extended ? (long)e->modified_ns : 0;

	return (uint64_t)st->st_size == e->size && (uint64_t)st->st_mtim.tv_sec == e->modified &&
			st->st_mtim.tv_nsec == ns;
}

int hws_writer_find(struct hws_writer *w, uint32_t file, bool parts, struct hws_writer_find *ret,
		struct hws_error *err)
{
	struct hws_part_of of = part_of(w, file);
	struct hws_part_names n;
	const char *leaf;
	struct stat st;
	int dir, keep = w->fd >= 0 && w->at == w->folder, r;

	*ret = (struct hws_writer_find){ HWS_THERE_NOTHING };
	errno = 0;
	/* the folder of the file under way is not given up for one that is only looked at */
	int own = -1;
	const char *name = w->list.entry[file].name, *slash = strrchr(name, '/');
	if (keep && slash && !same_folder(w, name, (size_t)(slash - name))) {
		r = hws_below_parent(w->conf.roots, w->dir, name, false, &own, &leaf);
		dir = own;
	} else {
		r = place(w, file, false, &dir, &leaf);
	}
	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK;
	if (r < 0)
		return explain(err, r);
	hws_part_names(dir, leaf, &n);
	if (parts)
		ret->partial = hws_part_find(dir, &n, &of);
	if (w->conf.extended)
		ret->partial -= ret->partial % HWS_BLOCK_MAX;
	r = hws_below_stat(dir, leaf, &st);
	if (r == HWS_OK && !hws_roots_may(w->conf.roots, HWS_ROOT_READ))
		r = must_be_new(err);
	else if (r == HWS_OK && !S_ISREG(st.st_mode))
		r = S_ISLNK(st.st_mode) ? explain(err, HWS_ERR_DENIED)
					: hws_error_set(err, HWS_ERR_EXISTS,
							  "something with this name is there that "
							  "is not a file");
	else if (r == HWS_OK)
		*ret = (struct hws_writer_find){ HWS_THERE_FILE, (uint64_t)st.st_size,
			st.st_mtim.tv_sec > 0 ? (uint64_t)st.st_mtim.tv_sec : 0,
			(uint32_t)st.st_mtim.tv_nsec, ret->partial, is_identical(w, file, &st) };
	else if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK;
	if (r == HWS_OK && ret->partial)
		*ret = (struct hws_writer_find){ HWS_THERE_PART, of.size, of.modified,
			of.modified_ns, ret->partial, true };
	close_fd(&own);
	return r < 0 ? explain(err, r) : HWS_OK;
}

void hws_writer_offered(struct hws_writer *w, uint32_t file, uint64_t size, uint64_t modified)
{
	w->list.entry[file].size = size;
	w->list.entry[file].modified = modified;
}

/* --- its content --- */

static int begin(struct hws_writer *w, const struct hws_write *b, struct hws_error *err)
{
	const struct hws_listing_entry *e = &w->list.entry[b->file];
	struct hws_part_of of = part_of(w, b->file);
	int r;

	close_file(w, false);
	errno = 0;
	r = place(w, b->file, true, &w->at, &w->name);
	if (r < 0)
		return explain(err, r);
	hws_part_names(w->at, w->name, &w->part);
	w->sum = (struct hws_hash){ 0 };
	w->noted = w->damaged = false;
	w->offset = w->resume = b->resume;
	w->checked = 0;
	if (b->resume) {
		r = hws_part_open(w->at, &w->part, b->resume, &w->fd);
		w->noted = r == HWS_OK;
	} else {
		r = hws_part_create(w->at, &w->part, e->mode ? e->mode : 0666, &w->fd);
		/* what comes in one block is not gone on with */
		if (r == HWS_OK && (!b->last || e->size > HWS_BLOCK_MAX)) {
			r = hws_part_note(w->at, &w->part, &of);
			w->noted = r == HWS_OK;
			if (r < 0)
				close_file(w, true);
		}
	}
	if (r < 0) {
		w->fd = -1;
		return explain(err, r);
	}
	w->file = b->file;
	return HWS_OK;
}

static int write_full(int fd, struct hws_bytes data, uint64_t offset)
{
	for (size_t at = 0; at < data.len;) {
		ssize_t k = pwrite(fd, data.ptr + at, data.len - at, (off_t)(offset + at));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return hws_err_from_errno(errno);
		at += (size_t)k;
	}
	return HWS_OK;
}

static int compare(struct hws_writer *w, const struct hws_write *b)
{
	size_t at = 0, len = (size_t)b->check;

	if (!w->scratch && !(w->scratch = hws_realloc_array(NULL, HWS_BLOCK_MAX, 1)))
		return HWS_ERR_NOMEM;
	while (at < len) {
		ssize_t k = pread(w->fd, w->scratch + at, len - at, (off_t)(b->offset + at));

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		at += (size_t)k;
	}
	if (at < len || !hws_hash_equal(hws_hash_of(hws_bytes(w->scratch, len)), b->hash))
		w->damaged = true;
	hws_hash_add(&w->sum, b->hash, b->offset / HWS_BLOCK_MAX);
	w->checked += len;
	return HWS_OK;
}

/* Offsets come in order, each block whole but the last: what is else has gone wrong on the way. */
static int check_order(const struct hws_writer *w, const struct hws_write *b)
{
	if (b->check)
		return b->offset == w->checked && w->checked + b->check <= w->resume &&
						b->check <= HWS_BLOCK_MAX && !b->hole &&
						!b->data.len && !b->last
				? HWS_OK
				: HWS_ERR_PROTO;
	if (b->offset != w->offset || (b->hole && b->data.len))
		return HWS_ERR_PROTO;
	if ((b->hole || b->data.len) && w->offset % HWS_BLOCK_MAX)
		return HWS_ERR_PROTO;
	if (b->hole > HWS_BLOCK_HOLE_MAX || b->hole > (uint64_t)INT64_MAX - w->offset ||
			b->data.len > HWS_BLOCK_MAX)
		return HWS_ERR_PROTO;
	return HWS_OK;
}

static int take_content(struct hws_writer *w, const struct hws_write *b)
{
	int r = w->conf.extended ? check_order(w, b) : HWS_OK;

	if (r < 0)
		return r;
	if (b->check)
		return compare(w, b);
	if (w->conf.extended && b->data.len) {
		if (!b->hashed || !hws_hash_equal(hws_hash_of(b->data), b->hash))
			return HWS_ERR_CORRUPT;
		hws_hash_add(&w->sum, b->hash, w->offset / HWS_BLOCK_MAX);
	}
	if (b->hole) {
		/* the end is set at once, so that a part is as long as what it holds */
		if (ftruncate(w->fd, (off_t)(w->offset + b->hole)) < 0)
			return hws_err_from_errno(errno);
		hws_hash_add_zeros(&w->sum, w->offset, b->hole);
		w->offset += b->hole;
	}
	r = write_full(w->fd, b->data, w->offset);
	if (r == HWS_OK)
		w->offset += b->data.len;
	return r;
}

/* The new file is as the reader's: its time, and its mode as far as it is known; else that of the
 * file that it replaces. */
static void set_attributes(struct hws_writer *w)
{
	const struct hws_listing_entry *e = &w->list.entry[w->file];
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)e->modified,
				.tv_nsec = w->conf.extended ? (long)e->modified_ns : 0 } };
	struct stat st, old;

	if (e->mode && (e->mode & 0600) != 0600 && fstat(w->fd, &st) == 0)
		fchmod(w->fd, st.st_mode & 07777 & ~(0600u & ~e->mode));
	else if (!e->mode && hws_below_stat(w->at, w->name, &old) == 0 && S_ISREG(old.st_mode))
		fchmod(w->fd, old.st_mode & 0777);
	if (e->modified)
		futimens(w->fd, t);
}

static int finish(struct hws_writer *w, const struct hws_write *b)
{
	if (w->conf.extended) {
		if (w->damaged || w->checked != w->resume)
			return w->damaged ? HWS_ERR_AGAIN : HWS_ERR_PROTO;
		if (b->size != w->offset)
			return HWS_ERR_PROTO;
		if (!hws_hash_equal(w->sum, b->file_hash))
			return w->resume ? HWS_ERR_AGAIN : HWS_ERR_CORRUPT;
	}
	/* never over a folder, nor what became a link meanwhile */
	struct stat st;
	if (hws_below_stat(w->at, w->name, &st) == HWS_OK) {
		if (!hws_roots_may(w->conf.roots, HWS_ROOT_READ))
			return HWS_ERR_EXISTS;
		if (!S_ISREG(st.st_mode))
			return S_ISLNK(st.st_mode) ? HWS_ERR_DENIED : HWS_ERR_EXISTS;
	}
	set_attributes(w);
	if (w->conf.durable && fdatasync(w->fd) < 0)
		return hws_err_from_errno(errno);
	int r = hws_part_finish(w->at, &w->part, w->name);
	if (r == HWS_OK && w->noted)
		unlinkat(w->at, w->part.digest, 0);
	if (r == HWS_OK)
		close_fd(&w->fd), w->file = NO_FILE;
	return r;
}

int hws_writer_write(struct hws_writer *w, const struct hws_write *b, bool *ret_done,
		struct hws_error *err)
{
	int r = HWS_OK;

	*ret_done = false;
	if (w->file != b->file || w->fd < 0)
		r = begin(w, b, err);
	if (r < 0)
		return r;
	errno = 0;
	r = take_content(w, b);
	if (r == HWS_OK && b->last)
		r = finish(w, b);
	if (r == HWS_OK) {
		*ret_done = b->last;
		return r;
	}
	if (r == HWS_ERR_PROTO)
		hws_error_set(err, r, "a block came that is not the next one");
	else if (r == HWS_ERR_CORRUPT)
		hws_error_set(err, r, "the content is not what was sent: its hash differs");
	else if (r == HWS_ERR_AGAIN)
		hws_error_set(err, r, "the part that was here is not a part of this file");
	else
		explain(err, r);
	/* after a full disk the part is worth keeping */
	close_file(w, r != HWS_ERR_DISK);
	return r;
}

void hws_writer_stop(struct hws_writer *w, uint32_t file, bool remove)
{
	struct hws_part_names n;
	const char *leaf;
	int dir;

	if (w->file == file) {
		close_file(w, remove);
	} else if (remove && file < w->list.count && w->dir >= 0 && w->fd < 0 &&
			place(w, file, false, &dir, &leaf) == HWS_OK) {
		hws_part_names(dir, leaf, &n);
		hws_part_remove_left(dir, &n);
	}
}

void hws_writer_abandon(struct hws_writer *w)
{
	close_file(w, true);
}
