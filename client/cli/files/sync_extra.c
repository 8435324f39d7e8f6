/* What only the second tree has, before it is removed: is it truly not in the first? Lists of a
 * tree have files and empty folders; links, pipes and what could not be read are in none, and may
 * be there all the same. So each name is looked for at the source, in any kind, from its first
 * folder on: what is removed is the topmost part of it that is not there. */
#include "client/cli/files/sync.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum kind { ABSENT, FOLDER, OTHER, UNKNOWN };

void files_sync_source_done(struct files_sync_source *s)
{
	for (size_t i = 0; i < s->levels; i++) {
		hws_free(s->level[i].path);
		files_list_done(&s->level[i].list);
	}
	s->levels = 0;
}

static enum kind kind_here(const struct files_sync_source *s, const char *name)
{
	char path[FILES_PATH_MAX];
	struct stat st;

	if (files_path_join(path, sizeof(path), s->root, name, false) < 0)
		return UNKNOWN;
	if (lstat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? FOLDER : OTHER;
	return errno == ENOENT ? ABSENT : UNKNOWN;
}

static int list_there(struct files_sync_source *s, const char *folder, struct files_list *out)
{
	char path[FILES_PATH_MAX], name[FILES_PATH_MAX];
	uint32_t id = 0;
	int r;

	snprintf(name, sizeof(name), "%s", folder);
	for (char *c = name; s->f->windows && *c; c++)
		if (*c == '/')
			*c = '\\';
	if (*name)
		r = files_path_join(path, sizeof(path), s->root, name, s->f->windows);
	else
		r = snprintf(path, sizeof(path), "%s", s->root) < (int)sizeof(path)
				? HAWSER_OK
				: HAWSER_ERR_TOOBIG;
	if (r < 0)
		return r;
	r = hawser_files_list(s->f->front.session, path, true, &id);
	if (r < 0)
		files_run_refused(s->f);
	else
		r = files_run_wait(s->f, id, out);
	files_list_sort(out);
	return r;
}

/* The list of a folder of the host; those of the folders above it stay known. NULL: it cannot be
 * had. */
static const struct files_list *level(struct files_sync_source *s, size_t depth, const char *folder)
{
	if (depth >= FILES_SYNC_DEPTH)
		return NULL;
	if (depth < s->levels && strcmp(s->level[depth].path, folder) == 0)
		return s->level[depth].bad ? NULL : &s->level[depth].list;
	while (s->levels > depth) {
		hws_free(s->level[--s->levels].path);
		files_list_done(&s->level[s->levels].list);
	}
	s->level[depth].path = hws_strdup(folder);
	if (!s->level[depth].path)
		return NULL;
	s->levels = depth + 1;
	s->level[depth].bad = list_there(s, folder, &s->level[depth].list) < 0;
	return s->level[depth].bad ? NULL : &s->level[depth].list;
}

static int by_name(const void *name, const void *entry)
{
	return strcmp(name, ((const struct files_entry *)entry)->name);
}

static enum kind kind_there(struct files_sync_source *s, size_t depth, const char *name)
{
	char folder[FILES_PATH_MAX];
	const char *last = strrchr(name, '/');
	const struct files_list *l;
	const struct files_entry *e;

	snprintf(folder, sizeof(folder), "%.*s", last ? (int)(last - name) : 0, name);
	l = level(s, depth, folder);
	if (!l)
		return UNKNOWN;
	e = l->count ? bsearch(last ? last + 1 : name, l->entry, l->count, sizeof(*e), by_name)
		     : NULL;
	if (!e)
		return l->cut ? UNKNOWN : ABSENT;
	return e->kind == HAWSER_FILE_DIR ? FOLDER : OTHER;
}

bool files_sync_absent(struct files_sync_source *s, const char *name, char *buf, size_t size)
{
	const char *end = name;

	for (size_t depth = 0; end; depth++) {
		enum kind kind;

		end = strchr(*end == '/' ? end + 1 : end, '/');
		size_t n = end ? (size_t)(end - name) : strlen(name);
		if (n >= size)
			return false;
		memcpy(buf, name, n);
		buf[n] = 0;
		kind = s->here ? kind_here(s, buf) : kind_there(s, depth, buf);
		if (kind == ABSENT)
			return true;
		if (kind != FOLDER)
			break;
	}
	return false;
}
