/* Reading folders: one level, all files below, folders without content. Each entry is looked at
 * without following it, each folder opened from the one above (files/roots), so a link that is
 * put in the place of a folder meanwhile leads nowhere. Names are sorted: numbers of files mean
 * the same in a later job that goes on with an earlier one. */
#include "client/services/files/listing.h"
#include "client/services/files/names.h"
#include "proto/session.pb-c.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODE_KNOWN 01000u
/* Of an entry besides its name, as packed. */
#define ENTRY_COST 48u

void hws_listing_done(struct hws_listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		hws_free(l->entry[i].name);
	hws_free(l->entry);
	for (size_t i = 0; i < l->unread_count; i++)
		hws_free(l->unread[i].name);
	hws_free(l->unread);
	l->entry = NULL;
	l->unread = NULL;
	l->count = l->room = l->unread_count = 0;
}

void hws_listing_unread(struct hws_listing *l, const char *name, int err)
{
	l->skipped++;
	if (!l->unread)
		l->unread = hws_alloc_array(HWS_UNREAD_MAX, sizeof(*l->unread));
	if (!l->unread || l->unread_count == HWS_UNREAD_MAX)
		return;
	struct hws_unread *u = &l->unread[l->unread_count];
	*u = (struct hws_unread){ hws_strdup(name), err };
	l->unread_count += u->name != NULL;
}

int hws_listing_add(struct hws_listing *l, const char *name, uint8_t type, const struct stat *st)
{
	bool file = type == SES__FILE_TYPE__File;

	if (l->count >= (l->max ? l->max : HWS_LISTING_MAX))
		return HWS_ERR_TOOBIG;
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		void *p = hws_realloc_array(l->entry, room, sizeof(*l->entry));

		if (!p)
			return HWS_ERR_NOMEM;
		l->entry = p;
		l->room = room;
	}
	struct hws_listing_entry *e = &l->entry[l->count];
	const char *last = strrchr(name, '/');
	*e = (struct hws_listing_entry){
		.name = hws_strdup(name),
		.size = file ? (uint64_t)st->st_size : 0,
		.modified = st->st_mtim.tv_sec > 0 ? (uint64_t)st->st_mtim.tv_sec : 0,
		.modified_ns = (uint32_t)st->st_mtim.tv_nsec,
		.mode = st->st_mode & 0777,
		.allocated = file && (uint64_t)st->st_blocks * 512 < (uint64_t)st->st_size
				? (uint64_t)st->st_blocks * 512 + 1
				: 0,
		.type = type,
		.hidden = (last ? last[1] : name[0]) == '.',
	};
	if (!e->name)
		return HWS_ERR_NOMEM;
	l->bytes += e->size;
	l->count++;
	return HWS_OK;
}

static uint8_t type_of(int dir, const char *name, const struct stat *st)
{
	struct stat target;

	if (S_ISDIR(st->st_mode))
		return SES__FILE_TYPE__Dir;
	if (!S_ISLNK(st->st_mode))
		return SES__FILE_TYPE__File;
	return !fstatat(dir, name, &target, 0) && S_ISDIR(target.st_mode)
			? SES__FILE_TYPE__DirLink
			: SES__FILE_TYPE__FileLink;
}

static int open_entries(int dir, DIR **ret)
{
	/* its own position */
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret = fd < 0 ? NULL : fdopendir(fd);
	if (*ret)
		return HWS_OK;
	int r = hws_err_from_errno(errno);
	if (fd >= 0)
		close(fd);
	return r;
}

static bool passes(const struct dirent *d, bool hidden)
{
	if (d->d_name[0] != '.')
		return true;
	return hidden && strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

int hws_listing_read(struct hws_listing *l, int dir, bool hidden)
{
	const struct dirent *d;
	struct stat st;
	DIR *entries;
	int r = open_entries(dir, &entries);

	if (r < 0)
		return r;
	while (r == HWS_OK && (d = readdir(entries))) {
		if (!passes(d, hidden))
			continue;
		if (fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			l->skipped++;
			continue;
		}
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
			st.st_size = 0;
		r = hws_listing_add(l, d->d_name, type_of(dir, d->d_name, &st), &st);
	}
	closedir(entries);
	return r;
}

/* --- below --- */

struct walk {
	struct hws_listing *l;
	const struct hws_roots *roots;
	bool hidden, empty; /* `empty`: only folders without entries are noted */
	char path[HWS_FILE_PATH_MAX + 1];
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hws_free(names[i]);
	hws_free(names);
}

/* Sorted; of the caller. */
static int read_names(const struct walk *w, int dir, char ***ret, size_t *ret_count)
{
	char **names = NULL;
	size_t count = 0, room = 0, max = w->l->max ? w->l->max : HWS_LISTING_MAX;
	const struct dirent *d;
	DIR *entries;
	int r = open_entries(dir, &entries);

	if (r < 0)
		return r;
	while (r == HWS_OK && (d = readdir(entries))) {
		if (!passes(d, w->hidden))
			continue;
		if (count == room) {
			room = room ? room * 2 : 64;
			void *p = room > 4 * max + 64
					? NULL
					: hws_realloc_array(names, room, sizeof(*names));
			if (!p) {
				r = room > 4 * max + 64 ? HWS_ERR_TOOBIG : HWS_ERR_NOMEM;
				break;
			}
			names = p;
		}
		names[count] = hws_strdup(d->d_name);
		if (!names[count])
			r = HWS_ERR_NOMEM;
		else
			count++;
	}
	closedir(entries);
	if (r == HWS_OK && count)
		qsort(names, count, sizeof(*names), by_name);
	if (r < 0) {
		free_names(names, count);
		return r;
	}
	*ret = names;
	*ret_count = count;
	return HWS_OK;
}

static int walk_folder(struct walk *w, int dir, size_t len, unsigned depth);

static int walk_entry(struct walk *w, int dir, const char *name, size_t len, unsigned depth)
{
	struct stat st;
	size_t n = strlen(name), start = len + (len != 0);
	int sub;

	if (start + n > HWS_FILE_PATH_MAX) {
		w->path[len] = 0;
		hws_listing_unread(w->l, w->path, HWS_ERR_TOOBIG);
		return HWS_OK;
	}
	if (len)
		w->path[len] = '/';
	memcpy(w->path + start, name, n + 1);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		hws_listing_unread(w->l, w->path, hws_err_from_errno(errno));
		return HWS_OK;
	}
	if (S_ISREG(st.st_mode))
		return w->empty ? HWS_OK
				: hws_listing_add(w->l, w->path, SES__FILE_TYPE__File, &st);
	if (!S_ISDIR(st.st_mode))
		return HWS_OK;
	int r = depth >= HWS_LISTING_DEPTH ? HWS_ERR_TOOBIG
					   : hws_below_folder(w->roots, dir, name, false, &sub);
	if (r < 0) {
		hws_listing_unread(w->l, w->path, r);
		return HWS_OK;
	}
	r = walk_folder(w, sub, start + n, depth + 1);
	close(sub);
	return r;
}

/* The folder `dir` is w->path up to `len`. */
static int walk_folder(struct walk *w, int dir, size_t len, unsigned depth)
{
	char **names = NULL;
	size_t count = 0;
	struct stat st;
	int r = read_names(w, dir, &names, &count);

	if (r == HWS_ERR_NOMEM || r == HWS_ERR_TOOBIG || (r < 0 && !depth))
		return r;
	if (r < 0) {
		w->path[len] = 0;
		hws_listing_unread(w->l, w->path, r);
		return HWS_OK;
	}
	if (w->empty && !count && fstat(dir, &st) == 0) {
		w->path[len] = 0;
		r = hws_listing_add(w->l, w->path, SES__FILE_TYPE__Dir, &st);
	}
	for (size_t i = 0; i < count && r == HWS_OK; i++)
		r = walk_entry(w, dir, names[i], len, depth);
	free_names(names, count);
	return r;
}

static int walk(struct hws_listing *l, const struct hws_roots *roots, int dir, bool hidden,
		bool empty)
{
	struct walk *w = hws_alloc(sizeof(*w));

	if (!w)
		return HWS_ERR_NOMEM;
	*w = (struct walk){ .l = l, .roots = roots, .hidden = hidden, .empty = empty };
	int r = walk_folder(w, dir, 0, 0);
	hws_free(w);
	return r;
}

int hws_listing_walk(struct hws_listing *l, const struct hws_roots *roots, int dir, bool hidden)
{
	return walk(l, roots, dir, hidden, false);
}

int hws_listing_empty(struct hws_listing *l, const struct hws_roots *roots, int dir, bool hidden)
{
	return walk(l, roots, dir, hidden, true);
}

/* --- as a message --- */

/* Entries from `from` whose estimate fits; at least one. */
static size_t fitting(const struct hws_listing *l, size_t from, size_t max)
{
	size_t n = from, bytes = HWS_FILE_WIRE_MAX + 64;

	while (n < l->count && n - from < HWS_SES_FILES_MAX) {
		bytes += 3 * strlen(l->entry[n].name) + ENTRY_COST;
		if (bytes > max && n > from)
			break;
		n++;
	}
	return n;
}

static int fill_entry(Ses__FileEntry *e, const struct hws_listing_entry *from, bool extended)
{
	size_t room = 3 * strlen(from->name) + 1;
	char *name = hws_realloc_array(NULL, room, 1);

	ses__file_entry__init(e);
	if (!name)
		return HWS_ERR_NOMEM;
	e->name = name;
	e->entry_type = (Ses__FileType)from->type;
	e->is_hidden = from->hidden;
	e->size = from->size;
	e->modified_time = from->modified;
	if (extended) {
		e->modified_ns = from->modified_ns;
		e->mode = from->mode | MODE_KNOWN;
		e->allocated = from->allocated;
	}
	return hws_name_to_wire(from->name, name, room);
}

int hws_listing_entries(const struct hws_listing *l, size_t from, size_t to, bool extended,
		Ses__FileEntry ***ret)
{
	size_t n = to - from, i = 0;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
	Ses__FileEntry **list = hws_alloc_array(n + 1, sizeof(*list));
	Ses__FileEntry *entry = hws_alloc_array(n + 1, sizeof(*entry));
	int r = list && entry ? HWS_OK : HWS_ERR_NOMEM;

	for (; r == HWS_OK && i < n; i++) {
		list[i] = &entry[i];
		r = fill_entry(&entry[i], &l->entry[from + i], extended);
	}
	if (r == HWS_OK) {
		list[n] = entry; /* to be freed; also when there is none */
		*ret = list;
		return HWS_OK;
	}
	for (size_t k = 0; list && entry && k < i; k++)
		hws_free(entry[k].name);
	hws_free(entry);
	hws_free(list);
	return r;
}

void hws_listing_entries_free(Ses__FileEntry **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hws_free(list[i]->name);
	hws_free(list[n]);
	hws_free(list);
}

int hws_listing_pack(const struct hws_listing *l, size_t from, size_t max, int32_t id,
		int32_t request, const char *path, bool extended, struct hws_buf *out,
		size_t *ret_next)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__FileResponse response = SES__FILE_RESPONSE__INIT;
	Ses__FileDirectory d = SES__FILE_DIRECTORY__INIT;
	char wire[HWS_FILE_WIRE_MAX + 1];
	size_t next = fitting(l, from, max);
	Ses__FileEntry **entries;

	/* deployed peers know no second part */
	if (!extended && next < l->count)
		return HWS_ERR_TOOBIG;
	int r = hws_name_to_wire(path, wire, sizeof(wire));
	if (r == HWS_OK)
		r = hws_listing_entries(l, from, next, extended, &entries);
	if (r < 0)
		return r;
	d.id = id;
	d.path = wire;
	d.entries = entries;
	d.n_entries = next - from;
	d.more = extended && next < l->count;
	d.request = extended ? request : 0;
	d.cut = extended ? (uint32_t)HWS_MIN(l->skipped, (size_t)UINT32_MAX) : 0;
	response.union_case = SES__FILE_RESPONSE__UNION_DIR;
	response.dir = &d;
	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = &response;
	r = hws_ses_pack(&m, out);
	hws_listing_entries_free(entries, next - from);
	*ret_next = next;
	return r;
}
