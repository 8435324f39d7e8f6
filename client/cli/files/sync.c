/* sync: one tree is made like another. What differs is found by size and time (a second), copied by
 * one job that passes over what is the same, and only with --delete something is removed. */
#include "client/cli/files/sync.h"
#include "client/cli/files/verbs.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what stays so much is named. */
#define KEPT_SAID 20u

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
	char whole[PATH_MAX];

	/* nftw does not go into a link, and a tree that was named by one is not empty */
	if (!realpath(path, whole))
		return errno == ENOENT ? HAWSER_ERR_NOTFOUND : HAWSER_ERR_SYS;
	here.out = out;
	here.root = strlen(whole);
	here.failed = false;
	if (nftw(whole, on_entry, 32, FTW_PHYS) != 0 && !here.failed)
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
	struct files_list there, here;
	struct files_list only;  /* each file that the second tree alone has */
	struct files_list extra; /* what is to be removed */
	struct files_list kept;  /* what has the name of something that is not copied */
	uint64_t fresh, changed, unchanged, bytes;
	bool no_memory;
};

static void plan(const struct sync *s, const char *verb, const char *what, const char *name,
		uint64_t bytes)
{
	char shown[FILES_NAME_SHOWN];

	if (!s->f->flags.dry_run)
		return;
	if (files_json(s->f)) {
		files_json_begin("plan");
		files_json_text("name", name);
		files_json_text("what", what);
		files_json_number("bytes", bytes);
		files_json_end();
	} else {
		printf("%s  %s\n", verb, files_show_name(shown, sizeof(shown), name));
	}
}

static void note(enum files_sync_what what, const struct files_entry *e, void *arg)
{
	static const char *const words[] = { "new", "changed", "same" };
	struct sync *s = arg;
	const struct hawser_file as = { .kind = e->kind, .bytes = e->bytes };
	bool copy = what == FILES_SYNC_NEW || what == FILES_SYNC_CHANGED ||
			(what == FILES_SYNC_SAME && s->f->flags.checksum);

	s->fresh += what == FILES_SYNC_NEW;
	s->changed += what == FILES_SYNC_CHANGED;
	s->unchanged += what == FILES_SYNC_SAME;
	if (what == FILES_SYNC_EXTRA) {
		s->no_memory |= !files_list_add(&s->only, e->name, &as);
		return;
	}
	if (!copy)
		return;
	s->bytes += e->bytes;
	plan(s, "copy  ", words[what], e->name, e->bytes);
}

/* Names come in their order, so what is below one of them follows it. */
static bool covered(const struct files_list *l, const char *name)
{
	const char *last = l->count ? l->entry[l->count - 1].name : "";
	size_t n = strlen(last);

	return n && strncmp(name, last, n) == 0 && (!name[n] || name[n] == '/');
}

/* What is to be removed of it, or would be. Only who removes has to ask the source for each. */
static void choose_extra(struct sync *s)
{
	struct files_sync_source *source = hws_alloc(sizeof(*source));

	if (!source) {
		s->no_memory = true;
		return;
	}
	*source = (struct files_sync_source){
		.f = s->f, .here = s->up, .root = s->up ? s->local : s->remote
	};
	for (size_t i = 0; i < s->only.count && !s->f->front.finished; i++) {
		const struct files_entry *e = &s->only.entry[i];
		char root[FILES_PATH_MAX];
		bool absent = true;

		if (covered(&s->extra, e->name) || covered(&s->kept, e->name))
			continue;
		if (s->f->flags.remove)
			absent = files_sync_absent(source, e->name, root, sizeof(root));
		else
			files_sync_extra_root(
					s->up ? &s->here : &s->there, e->name, root, sizeof(root));
		const struct hawser_file as = {
			.kind = strcmp(root, e->name) == 0 ? e->kind : HAWSER_FILE_DIR
		};
		s->no_memory |= !files_list_add(
				absent ? &s->extra : &s->kept, absent ? root : e->name, &as);
		if (s->f->flags.remove)
			plan(s, absent ? "remove" : "keep  ", absent ? "extra" : "kept",
					absent ? root : e->name, 0);
	}
	files_sync_source_done(source);
	hws_free(source);
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
		files_json_number("kept", s->kept.count);
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

/* Their names are the source's, for something that is not copied. */
static int say_kept(const struct sync *s)
{
	char shown[FILES_NAME_SHOWN];

	for (size_t i = 0; i < s->kept.count && i < KEPT_SAID; i++)
		cli_fail(0,
				"%s stays: at the source that name is a link, or something else that "
				"is not copied",
				files_show_name(shown, sizeof(shown), s->kept.entry[i].name));
	if (s->kept.count > KEPT_SAID)
		cli_fail(0, "and %zu more stay for the same reason", s->kept.count - KEPT_SAID);
	return s->kept.count ? CLI_FILE : CLI_OK;
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
	choose_extra(s);
	if (s->no_memory)
		return cli_fail(CLI_FAILED, "out of memory");
	if (s->f->front.finished)
		return s->f->front.status == CLI_OK ? CLI_ENDED : s->f->front.status;
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
	return status == CLI_OK ? say_kept(s) : status;
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
	files_list_done(&s.only);
	files_list_done(&s.extra);
	files_list_done(&s.kept);
	return status;
}
