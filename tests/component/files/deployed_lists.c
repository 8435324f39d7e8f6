/* What is in folders, in the words of deployed hosts. */
#include "tests/component/files/deployed_host.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool put_dir(struct deployed_host *h, int32_t id, const char *path, Ses__FileEntry *entry,
		size_t count)
{
	Ses__FileDirectory d = SES__FILE_DIRECTORY__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;
	Ses__FileEntry **list = calloc(count + 1, sizeof(*list));
	bool good;

	for (size_t i = 0; i < count; i++)
		list[i] = &entry[i];
	d.id = id;
	d.path = (char *)path;
	d.n_entries = count;
	d.entries = list;
	r.union_case = SES__FILE_RESPONSE__UNION_DIR;
	r.dir = &d;
	good = deployed_respond(h, &r);
	free(list);
	return good;
}

static Ses__FileType kind_of(const char *path, const struct stat *st)
{
	struct stat to;

	if (S_ISDIR(st->st_mode))
		return SES__FILE_TYPE__Dir;
	if (!S_ISLNK(st->st_mode))
		return SES__FILE_TYPE__File;
	return stat(path, &to) == 0 && S_ISDIR(to.st_mode) ? SES__FILE_TYPE__DirLink
							   : SES__FILE_TYPE__FileLink;
}

bool deployed_list(struct deployed_host *h, const char *path, bool hidden)
{
	const char *dir = *path ? path : h->home;
	Ses__FileEntry *entry = calloc(DEPLOYED_FILES, sizeof(*entry));
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;
	bool good = true;

	while (d && (e = readdir(d)) && n < DEPLOYED_FILES) {
		char at[2048];
		struct stat st;
		if (is_dots(e->d_name) || (!hidden && e->d_name[0] == '.'))
			continue;
		snprintf(at, sizeof(at), "%s/%s", dir, e->d_name);
		if (lstat(at, &st) < 0)
			continue;
		entry[n] = (Ses__FileEntry)SES__FILE_ENTRY__INIT;
		entry[n].entry_type = kind_of(at, &st);
		entry[n].name = strdup(e->d_name);
		entry[n].is_hidden = e->d_name[0] == '.';
		entry[n].size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		entry[n].modified_time = (uint64_t)st.st_mtime;
		n++;
	}
	if (d) { /* else nothing is said */
		closedir(d);
		good = put_dir(h, 0, dir, entry, n);
	}
	for (size_t i = 0; i < n; i++)
		free(entry[i].name);
	free(entry);
	return good;
}

static void walk(const char *root, const char *below, bool hidden, struct deployed_file *file,
		size_t *count)
{
	char dir[2048];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s%s%s", root, *below ? "/" : "", below);
	d = opendir(dir);
	while (d && (e = readdir(d)) && *count < DEPLOYED_FILES) {
		char name[1024], at[4096];
		struct stat st;
		if (is_dots(e->d_name) || (!hidden && e->d_name[0] == '.'))
			continue;
		snprintf(name, sizeof(name), "%.700s%s%s", below, *below ? "/" : "", e->d_name);
		snprintf(at, sizeof(at), "%s/%s", root, name);
		if (lstat(at, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			walk(root, name, hidden, file, count);
		else if (!S_ISLNK(st.st_mode))
			file[(*count)++] = (struct deployed_file){ strdup(name),
				(uint64_t)st.st_size, (uint64_t)st.st_mtime };
	}
	if (d)
		closedir(d);
}

bool deployed_walk(const char *root, bool hidden, struct deployed_file **ret, size_t *ret_count)
{
	struct stat st;

	*ret = calloc(DEPLOYED_FILES, sizeof(**ret));
	*ret_count = 0;
	if (stat(root, &st) < 0)
		return false;
	if (S_ISREG(st.st_mode)) {
		(*ret)[0] = (struct deployed_file){ strdup(""), (uint64_t)st.st_size,
			(uint64_t)st.st_mtime };
		*ret_count = 1;
		return true;
	}
	walk(root, "", hidden, *ret, ret_count);
	return true;
}

void deployed_free_files(struct deployed_file *file, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(file[i].name);
	free(file);
}

bool deployed_all(struct deployed_host *h, int32_t id, const char *path, bool hidden,
		int32_t error_at)
{
	struct deployed_file *file;
	size_t count;
	Ses__FileEntry *entry;
	bool good;

	if (!deployed_walk(path, hidden, &file, &count)) {
		deployed_free_files(file, count);
		return deployed_error(h, id, error_at, "Not exists");
	}
	entry = calloc(count + 1, sizeof(*entry));
	for (size_t i = 0; i < count; i++) {
		entry[i] = (Ses__FileEntry)SES__FILE_ENTRY__INIT;
		entry[i].entry_type = SES__FILE_TYPE__File;
		entry[i].name = file[i].name;
		entry[i].size = file[i].size;
		entry[i].modified_time = file[i].modified;
	}
	good = put_dir(h, id, path, entry, count);
	free(entry);
	deployed_free_files(file, count);
	return good;
}

static bool empties(const char *dir, bool hidden, char **list, size_t *count)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool any = false;

	while (d && (e = readdir(d))) {
		char at[2048];
		struct stat st;
		if (is_dots(e->d_name) || (!hidden && e->d_name[0] == '.'))
			continue;
		any = true;
		snprintf(at, sizeof(at), "%s/%s", dir, e->d_name);
		if (lstat(at, &st) == 0 && S_ISDIR(st.st_mode))
			empties(at, hidden, list, count);
	}
	if (d)
		closedir(d);
	if (d && !any && *count < 256)
		list[(*count)++] = strdup(dir);
	return d != NULL;
}

bool deployed_empty(struct deployed_host *h, const char *path, bool hidden)
{
	Ses__ReadEmptyDirsResponse d = SES__READ_EMPTY_DIRS_RESPONSE__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;
	Ses__FileDirectory dir[256], *pointers[256];
	char *list[256];
	size_t count = 0;
	bool good = true;

	if (!empties(path, hidden, list, &count))
		return true; /* nothing is said */
	for (size_t i = 0; i < count; i++) {
		dir[i] = (Ses__FileDirectory)SES__FILE_DIRECTORY__INIT;
		dir[i].path = list[i];
		pointers[i] = &dir[i];
	}
	d.path = (char *)path;
	d.n_empty_dirs = count;
	d.empty_dirs = pointers;
	r.union_case = SES__FILE_RESPONSE__UNION_EMPTY_DIRS;
	r.empty_dirs = &d;
	good = deployed_respond(h, &r);
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	return good;
}

/* Empty folders and links at any depth; errors below the top are passed over. */
bool deployed_remove_empty(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		return false;
	while ((e = readdir(d))) {
		char at[2048];
		struct stat st;
		if (is_dots(e->d_name))
			continue;
		snprintf(at, sizeof(at), "%s/%s", path, e->d_name);
		if (lstat(at, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			deployed_remove_empty(at);
		else if (S_ISLNK(st.st_mode) && unlink(at) < 0)
			continue;
	}
	closedir(d);
	if (rmdir(path) < 0)
		return true; /* said to be done all the same */
	return true;
}
