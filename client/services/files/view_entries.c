/* Paths of the host and lists that it sends: a stranger's, so each name is looked at before it may
 * become one here. */
#include "client/services/files/view_parts.h"
#include "shared/base/mem.h"
#include <string.h>

static char separator(const struct hws_files_view *fv)
{
	return fv->windows ? '\\' : '/';
}

static bool is_sep(const struct hws_files_view *fv, char c)
{
	return c == '/' || (fv->windows && c == '\\');
}

/* --- paths of the host, in the form on the wire ----------------------------------------------- */

/* Where the last part begins; 0 with no folder before it. */
size_t fv_last_part(const struct hws_files_view *fv, const char *path)
{
	size_t n = strlen(path);

	while (n > 0 && !is_sep(fv, path[n - 1]))
		n--;
	return n;
}

/* "/", "C:\", "C:", "": there is no folder that lists it. */
bool fv_is_root(const struct hws_files_view *fv, const char *path)
{
	size_t n = strlen(path), at = fv_last_part(fv, path);

	return at == n || (fv->windows && at == 0 && n == 2 && path[1] == ':');
}

/* The folder of a path that is no root. Owned. */
char *fv_parent(const struct hws_files_view *fv, const char *path)
{
	size_t n = fv_last_part(fv, path);
	char *copy = hws_strdup(path);

	if (!copy)
		return NULL;
	/* a root keeps its separator: "/", "C:\" */
	if (n > 1 && !(fv->windows && n == 3 && path[1] == ':'))
		n--;
	copy[n] = 0;
	return copy;
}

/* root + separator + a name of ours ('/' between its parts), as the host has it. Owned. */
char *fv_below(const struct hws_files_view *fv, const char *root, const char *name)
{
	char *wire = fv_wire(name), *path = NULL;
	size_t n = strlen(root), w = wire ? strlen(wire) : 0;

	if (wire)
		path = hws_alloc(n + w + 2);
	if (path) {
		/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the rest follows */
		memcpy(path, root, n);
		if (n > 0 && w > 0 && !is_sep(fv, root[n - 1]))
			path[n++] = separator(fv);
		/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): with its end */
		memcpy(path + n, wire, w + 1);
		for (size_t i = 0; fv->windows && i < w; i++)
			if (path[n + i] == '/')
				path[n + i] = '\\';
	}
	hws_free(wire);
	return path;
}

bool fv_same_path(const struct hws_files_view *fv, const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	while (n > 1 && is_sep(fv, a[n - 1]))
		n--;
	while (m > 1 && is_sep(fv, b[m - 1]))
		m--;
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] && !(is_sep(fv, a[i]) && is_sep(fv, b[i])))
			return false;
	return true;
}

/* --- what a host sends ------------------------------------------------------------------------ */

static bool is_drive(const char *name)
{
	return name[0] && name[1] == ':' && !name[2];
}

static int add_entry(struct hws_listing *l, const char *name, const Ses__FileEntry *e)
{
	struct stat st = { .st_size = (off_t)HWS_MIN(e->size, (uint64_t)INT64_MAX),
		.st_mode = e->mode & 0777u };
	struct hws_listing_entry *to;
	int r;

	st.st_mtim.tv_sec = (time_t)HWS_MIN(e->modified_time, (uint64_t)INT64_MAX);
	st.st_mtim.tv_nsec = e->modified_ns < 1000000000u ? (long)e->modified_ns : 0;
	r = hws_listing_add(l, name, (uint8_t)e->entry_type, &st);
	if (r < 0)
		return r;
	to = &l->entry[l->count - 1];
	to->type = (uint8_t)e->entry_type;
	to->size = e->size;
	to->modified = e->modified_time;
	to->modified_ns = (uint32_t)st.st_mtim.tv_nsec;
	to->mode = (uint16_t)(e->mode & 01777u);
	to->hidden = e->is_hidden;
	return HWS_OK;
}

int fv_take_entries(struct fv_request *r, const Ses__FileDirectory *d, bool deep)
{
	char name[HWS_FILE_PATH_MAX + 1];

	r->list.skipped += d->cut > 0;
	for (size_t i = 0; i < d->n_entries; i++) {
		const Ses__FileEntry *e = d->entries[i];
		bool alone = d->n_entries == 1 && r->list.count == 0;
		const char *refusal;
		int err;

		if (hws_name_from_wire(e->name, deep && r->fv->windows, name, sizeof(name)) < 0)
			refusal = "not a name";
		else if (deep)
			refusal = hws_name_refusal(name, alone);
		else if (e->entry_type == SES__FILE_TYPE__DirDrive && is_drive(name))
			refusal = NULL;
		else
			refusal = hws_name_leaf_refusal(name);
		if (refusal) {
			r->list.skipped++; /* no host of ours or others has such a name */
			continue;
		}
		err = add_entry(&r->list, name, e);
		if (err < 0)
			return err;
	}
	return HWS_OK;
}

int fv_take_empty(struct fv_request *r, const Ses__ReadEmptyDirsResponse *d)
{
	char name[HWS_FILE_PATH_MAX + 1];
	const char *root = d->path && *d->path ? d->path : r->wire;
	size_t n = strlen(root);
	Ses__FileEntry e = SES__FILE_ENTRY__INIT;
	int err = HWS_OK;

	e.entry_type = SES__FILE_TYPE__Dir;
	for (size_t i = 0; i < d->n_empty_dirs && err == HWS_OK; i++) {
		const char *path = d->empty_dirs[i]->path;
		if (strncmp(path, root, n) != 0)
			continue; /* of another answer, or a lie */
		path += n;
		if (*path && !is_sep(r->fv, *path) && n > 0 && !is_sep(r->fv, root[n - 1]))
			continue;
		while (is_sep(r->fv, *path))
			path++;
		if (hws_name_from_wire(path, r->fv->windows, name, sizeof(name)) < 0 ||
				hws_name_refusal(name, true)) {
			r->list.skipped++;
			continue;
		}
		err = add_entry(&r->list, name, &e);
	}
	return err;
}
