/* sync: one tree is made like another. What differs is found by size and time (a second), copied by
 * one job that passes over what is the same, and only with --delete something is removed. */
#include "client/cli/files/sync.h"
#include "client/cli/files/verbs.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- listing ---------------------------------------------------------------------------------- */

static int walk_there(struct files_run *f, const char *path, struct files_list *out)
{
	uint32_t id = 0;
	int r = hawser_files_walk(f->front.session, path, true, &id);

	if (r < 0)
		files_run_refused(f);
	else
		r = files_run_wait(f, id, out);
	files_list_sort(out);
	return r;
}

/* nftw has no argument. */
static struct {
	struct files_list *out;
	size_t root;
	bool failed;
} here;

static int on_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + here.root;
	struct hawser_file e = { .kind = S_ISDIR(st->st_mode) ? HAWSER_FILE_DIR
							      : HAWSER_FILE_REGULAR,
		.bytes = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
		.modified = st->st_mtim.tv_sec < 0 ? 0 : (uint64_t)st->st_mtim.tv_sec };

	if (type == FTW_NS || type == FTW_DNR)
		here.out->cut = true;
	if (ftw->level == 0 || (type == FTW_F && !S_ISREG(st->st_mode)) || type == FTW_SL ||
			type == FTW_NS || type == FTW_DNR)
		return 0;
	while (*name == '/')
		name++;
	if (!files_list_add(here.out, name, &e))
		here.failed = true;
	return here.failed;
}

/* Folders with something in them are left out: they are made for that. */
static void drop_full_folders(struct files_list *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct files_entry *e = &l->entry[i];
		size_t n = strlen(e->name);
		bool full = false;
		for (size_t k = i + 1;
				!full && k < l->count && strncmp(l->entry[k].name, e->name, n) == 0;
				k++)
			full = l->entry[k].name[n] == '/';
		if (e->kind == HAWSER_FILE_DIR && full)
			hws_free(e->name);
		else
			l->entry[kept++] = *e;
	}
	l->count = kept;
}

static int walk_here(const char *path, struct files_list *out)
{
	here.out = out;
	here.root = strlen(path);
	here.failed = false;
	if (nftw(path, on_entry, 32, FTW_PHYS) != 0 && !here.failed)
		return errno == ENOENT ? HAWSER_ERR_NOTFOUND : HAWSER_ERR_SYS;
	files_list_sort(out);
	drop_full_folders(out);
	return here.failed ? HAWSER_ERR_NOMEM : HAWSER_OK;
}

/* --- removing --------------------------------------------------------------------------------- */

static int on_remove(const char *path, const struct stat *st HWS_UNUSED, int type HWS_UNUSED,
		struct FTW *ftw HWS_UNUSED)
{
	return remove(path);
}

static int remove_here(const char *path)
{
	char shown[FILES_NAME_SHOWN];

	if (nftw(path, on_remove, 32, FTW_PHYS | FTW_DEPTH) == 0)
		return CLI_OK;
	return cli_fail(CLI_FILE, "%s could not be removed: %s",
			files_show_name(shown, sizeof(shown), path), strerror(errno));
}

/* --- the command ------------------------------------------------------------------------------ */

struct sync {
	struct files_run *f;
	bool up;
	const char *remote, *local;
	struct files_list there, here, extra; /* `extra`: what is to be removed */
	uint64_t fresh, changed, unchanged, bytes;
};

static void note(enum files_sync_what what, const struct files_entry *e, void *arg)
{
	static const char *const words[] = { "new", "changed", "same", "extra" };
	struct sync *s = arg;
	char shown[FILES_NAME_SHOWN];
	bool copy = what == FILES_SYNC_NEW || what == FILES_SYNC_CHANGED ||
			(what == FILES_SYNC_SAME && s->f->flags.checksum);

	s->fresh += what == FILES_SYNC_NEW;
	s->changed += what == FILES_SYNC_CHANGED;
	s->unchanged += what == FILES_SYNC_SAME;
	if (copy)
		s->bytes += e->bytes;
	if (what == FILES_SYNC_EXTRA) {
		char root[FILES_PATH_MAX];
		files_sync_extra_root(s->up ? &s->here : &s->there, e->name, root, sizeof(root));
		if (s->extra.count && strcmp(s->extra.entry[s->extra.count - 1].name, root) == 0)
			return;
		const struct hawser_file as = {
			.kind = strcmp(root, e->name) == 0 ? e->kind : HAWSER_FILE_DIR
		};
		if (!files_list_add(&s->extra, root, &as))
			return;
		files_show_name(shown, sizeof(shown), root);
	} else {
		files_show_name(shown, sizeof(shown), e->name);
	}
	if (!s->f->flags.dry_run || (what == FILES_SYNC_SAME && !copy) ||
			(what == FILES_SYNC_EXTRA && !s->f->flags.remove))
		return;
	if (files_json(s->f)) {
		files_json_begin("plan");
		files_json_text("name",
				what == FILES_SYNC_EXTRA ? s->extra.entry[s->extra.count - 1].name
							 : e->name);
		files_json_text("what", words[what]);
		files_json_number("bytes", e->bytes);
		files_json_end();
	} else {
		printf("%s  %s\n", what == FILES_SYNC_EXTRA ? "remove" : "copy  ", shown);
	}
}

static void summary(const struct sync *s)
{
	char size[32];

	if (files_json(s->f)) {
		files_json_begin("sync");
		files_json_number("new", s->fresh);
		files_json_number("changed", s->changed);
		files_json_number("same", s->unchanged);
		files_json_number("extra", s->extra.count);
		files_json_number("bytes", s->bytes);
		files_json_end();
	} else if (!s->f->options->front.quiet) {
		printf("%" PRIu64 " new, %" PRIu64 " changed, %" PRIu64
		       " the same, %zu only %s; %s\n",
				s->fresh, s->changed, s->unchanged, s->extra.count,
				s->up ? "there" : "here",
				files_show_size(size, sizeof(size), s->bytes));
		fflush(stdout);
	}
}

static int remove_extra(struct sync *s)
{
	int status = CLI_OK;

	for (size_t i = 0; i < s->extra.count && status == CLI_OK; i++) {
		const struct files_entry *e = &s->extra.entry[i];
		bool folder = e->kind == HAWSER_FILE_DIR;
		char path[FILES_PATH_MAX], name[FILES_PATH_MAX];
		snprintf(name, sizeof(name), "%s", e->name);
		for (char *c = name; s->up && s->f->windows && *c; c++)
			if (*c == '/')
				*c = '\\';
		if (files_path_join(path, sizeof(path), s->up ? s->remote : s->local, name,
				    s->up && s->f->windows) < 0)
			return cli_fail(CLI_FILE, "the path of %s is too long", name);
		if (s->up) {
			int r = files_remove_one(s->f, path, folder, folder);
			if (r < 0)
				status = files_run_fail(s->f, r, "rm", path);
		} else {
			status = remove_here(path);
		}
	}
	return status;
}

/* What could not be read looks as if it were not there: to remove it would lose it. */
static int keep_extra(const struct sync *s)
{
	char shown[FILES_NAME_SHOWN];

	return cli_fail(CLI_FILE,
			"sync: nothing was removed, for not all of %s could be read: make it readable, "
			"or remove by hand",
			files_show_name(shown, sizeof(shown), s->up ? s->local : s->remote));
}

static int list_both(struct sync *s)
{
	int r = walk_there(s->f, s->remote, &s->there);

	if (r < 0 && !(s->up && r == HAWSER_ERR_NOTFOUND))
		return files_run_fail(s->f, r, "sync", s->remote);
	if (s->there.count == 1 && !*s->there.entry[0].name)
		return cli_fail(CLI_USAGE, "sync: %s is a file; get and put copy those", s->remote);
	r = walk_here(s->local, &s->here);
	if (r < 0 && (s->up || r != HAWSER_ERR_NOTFOUND))
		return cli_fail(CLI_FILE, "sync %s: %s", s->local,
				r == HAWSER_ERR_SYS ? strerror(errno) : hawser_strerror(r));
	return CLI_OK;
}

static int run(struct sync *s)
{
	const struct files_list *cut = s->up ? &s->here : &s->there;
	struct stat st;
	int status;

	if (stat(s->local, &st) == 0 && !S_ISDIR(st.st_mode))
		return cli_fail(CLI_USAGE, "sync: %s is no folder", s->local);
	status = list_both(s);
	if (status != CLI_OK)
		return status;
	files_sync_compare(s->up ? &s->here : &s->there, s->up ? &s->there : &s->here, note, s);
	summary(s);
	if (s->f->flags.dry_run)
		return CLI_OK;
	s->f->flags.recursive = true;
	if (s->fresh || s->changed || s->f->flags.checksum)
		status = files_copy(s->f, s->up, s->remote, s->local,
				s->f->flags.checksum ? HAWSER_FILES_OVERWRITE
						     : HAWSER_FILES_DIFFERENT);
	/* nothing is removed unless all else has gone well */
	if (status == CLI_OK && s->f->flags.remove)
		status = cut->cut ? keep_extra(s) : remove_extra(s);
	return status;
}

int files_sync(struct files_run *f, struct files_words *w)
{
	char remote[FILES_PATH_MAX], local[FILES_PATH_MAX];
	struct sync s = { .f = f, .up = strcmp(w->word[1].text, "up") == 0, .remote = remote };
	size_t n;
	int status;

	if (!s.up && strcmp(w->word[1].text, "down") != 0)
		return cli_fail(CLI_USAGE,
				"sync: \"sync down REMOTE LOCAL\" or \"sync up LOCAL "
				"REMOTE\"");
	status = files_run_path(f, w->word[s.up ? 3 : 2].text, remote, sizeof(remote));
	if (status != CLI_OK)
		return status;
	if (hws_str_copy(local, sizeof(local), w->word[s.up ? 2 : 3].text) < 0)
		return cli_fail(CLI_USAGE, "sync: the path is too long");
	for (n = strlen(local); n > 1 && local[n - 1] == '/'; n--)
		local[n - 1] = 0;
	s.local = local;
	status = run(&s);
	files_list_done(&s.there);
	files_list_done(&s.here);
	files_list_done(&s.extra);
	return status;
}
