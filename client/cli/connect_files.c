/* Files of the clipboard for scripts: what they copy is offered for as long as the run lasts, what
 * the host copies is written into a folder, once. */
#include "client/cli/connect_files.h"
#include "client/cli/cli.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAG "--copy-files"

int connect_files_take(struct connect_files_wish *w, int *argc, char **argv)
{
	size_t flag = strlen(FLAG);
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		bool joined = strncmp(argv[i], FLAG "=", flag + 1) == 0;

		if (!joined && strcmp(argv[i], FLAG) != 0) {
			argv[kept++] = argv[i];
			continue;
		}
		if (!joined && i + 1 >= *argc)
			return cli_fail(CLI_USAGE, FLAG " takes a path");
		if (w->count >= HWS_COUNT(w->copy))
			return cli_fail(CLI_USAGE, "at most %zu times " FLAG "; copy their folder",
					HWS_COUNT(w->copy));
		w->copy[w->count++] = joined ? argv[i] + flag + 1 : argv[++i];
	}
	*argc = kept;
	return CLI_OK;
}

int connect_files_check(const struct connect_files_wish *w)
{
	struct stat st;

	for (size_t i = 0; i < w->count; i++)
		if (lstat(w->copy[i], &st) < 0)
			return cli_fail(CLI_FILE, "cannot copy %s: %s", w->copy[i],
					strerror(errno));
	if (!*w->paste)
		return CLI_OK;
	if (stat(w->paste, &st) == 0 && !S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	else if (stat(w->paste, &st) == 0 && access(w->paste, W_OK | X_OK) == 0)
		return CLI_OK;
	return cli_fail(CLI_FILE, "cannot paste into %s: %s", w->paste, strerror(errno));
}

/* Without what leads to it being resolved: a link that is copied keeps its name. */
static char *absolute(const char *path)
{
	char here[PATH_MAX], *all = NULL;

	if (path[0] == '/')
		return strdup(path);
	if (!getcwd(here, sizeof(here)) || asprintf(&all, "%s/%s", here, path) < 0)
		return NULL;
	return all;
}

/* "." and what ends with ".." have no name of their own. */
static char *named(const char *path)
{
	const char *end = path + strlen(path);

	while (end > path + 1 && end[-1] == '/')
		end--;
	if ((end - path >= 1 && end[-1] == '.' &&
			    (end - path == 1 || end[-2] == '/' ||
					    (end[-2] == '.' &&
							    (end - path == 2 || end[-3] == '/')))))
		return realpath(path, NULL);
	return absolute(path);
}

int connect_files_copy(const struct connect_files_wish *w, hawser_session *s)
{
	char *paths[HWS_COUNT(w->copy)] = { NULL };
	size_t n = 0;
	int r = HAWSER_OK;

	for (; n < w->count && r == HAWSER_OK; n++) {
		paths[n] = named(w->copy[n]);
		if (!paths[n])
			r = HAWSER_ERR_NOTFOUND;
	}
	if (r == HAWSER_OK)
		r = hawser_clipfiles_copy(s, (const char *const *)paths, n);
	while (n > 0)
		free(paths[--n]);
	return r;
}

static bool copied(const struct hawser_clipfiles_event *ev)
{
	if (ev->error < 0) {
		cli_fail(0, "nothing was copied: %s", ev->text);
		return false;
	}
	cli_fail(0,
			"copied: %u files and folders, %" PRIu64
			" bytes; they can be pasted at the "
			"host for as long as this runs",
			ev->count, ev->bytes);
	if (ev->left_out)
		cli_fail(0, "left out: %u that cannot be read, are no files, or lead elsewhere",
				ev->left_out);
	return true;
}

bool connect_files_event(struct connect_files *f, const struct connect_files_wish *w,
		hawser_session *s, const struct hawser_clipfiles_event *ev)
{
	switch (ev->type) {
	case HAWSER_CLIPFILES_COPIED:
		return copied(ev);
	case HAWSER_CLIPFILES_OFFERED:
		if (!*w->paste || f->begun)
			return true;
		f->begun = hawser_clipfiles_fetch(s, w->paste) == HAWSER_OK;
		if (!f->begun)
			cli_fail(0, "cannot paste: %s", hawser_last_error());
		return f->begun;
	case HAWSER_CLIPFILES_REFUSED:
		cli_fail(0, "the host copied files that cannot be pasted here: %s", ev->text);
		return !*w->paste;
	case HAWSER_CLIPFILES_FETCHED:
		f->done = ev->error == HAWSER_OK;
		if (f->done)
			cli_fail(0, "pasted into %s", w->paste);
		else
			cli_fail(0, "not all was pasted: %s", ev->text);
		return f->done;
	default:
		return true;
	}
}
