/* Folders made, names changed, files removed: at the host. */
#include "client/cli/files/verbs.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

/* Waits for a request that was made with the result `r`. */
static int ended(struct files_run *f, int r, uint32_t id)
{
	if (r < 0)
		files_run_refused(f);
	return r < 0 ? r : files_run_wait(f, id, NULL);
}

static void told(const struct files_run *f, const char *verb, const char *path)
{
	if (!files_json(f))
		return;
	files_json_begin("done");
	files_json_text("command", verb);
	files_json_text("path", path);
	files_json_end();
}

int files_mkdir(struct files_run *f, struct files_words *w)
{
	char path[FILES_PATH_MAX];

	for (size_t i = 1; i < w->count; i++) {
		uint32_t id = 0;
		int r, status = files_run_path(f, w->word[i].text, path, sizeof(path));

		if (status != CLI_OK)
			return status;
		r = hawser_files_make_dir(f->front.session, path, &id);
		r = ended(f, r, id);
		if (r < 0)
			return files_run_fail(f, r, "mkdir", path);
		told(f, "mkdir", path);
	}
	return CLI_OK;
}

int files_remove_one(struct files_run *f, const char *path, bool folder, bool tree)
{
	uint32_t id = 0;
	int r = tree ? hawser_files_remove_tree(f->front.session, path, &id)
		     : hawser_files_remove(f->front.session, path, folder, &id);

	f->verb = "rm";
	f->remote = path;
	f->local = "";
	r = ended(f, r, id);
	f->remote = NULL;
	return r;
}

/* Where `to` lies below the folder of `from`; NULL: elsewhere, which the protocol has no word
 * for. */
static const char *below(const struct files_run *f, const char *folder, const char *to)
{
	size_t n = strlen(folder);

	if (strncmp(folder, to, n) != 0)
		return NULL;
	to += n;
	if (n > 0 && folder[n - 1] != '/' && !(f->windows && folder[n - 1] == '\\')) {
		if (*to != '/' && !(f->windows && *to == '\\'))
			return NULL;
		to++;
	}
	return *to ? to : NULL;
}

static int remove_path(struct files_run *f, const char *path, const struct files_entry *known)
{
	char shown[FILES_NAME_SHOWN];
	struct files_entry e = known ? *known : (struct files_entry){ 0 };
	int r = known ? HAWSER_OK : files_stat(f, path, &e);
	bool folder;

	if (r == HAWSER_ERR_NOTFOUND && f->flags.force)
		return CLI_OK;
	if (r < 0)
		return files_run_fail(f, r, "rm", path);
	folder = e.kind == HAWSER_FILE_DIR || e.kind == HAWSER_FILE_DRIVE;
	if (!*files_path_base(path, f->windows))
		return cli_fail(CLI_USAGE, "rm %s: a root is not removed",
				files_show_name(shown, sizeof(shown), path));
	/* as rm has it for . and .. */
	if (folder && (strcmp(path, f->cwd) == 0 || below(f, path, f->cwd)))
		return cli_fail(CLI_USAGE, "rm %s: the folder that we are in is not removed",
				files_show_name(shown, sizeof(shown), path));
	if (folder && !f->flags.recursive)
		return cli_fail(CLI_USAGE,
				"rm %s: it is a folder; -r removes it with all that is "
				"in it",
				files_show_name(shown, sizeof(shown), path));
	r = files_remove_one(f, path, folder, folder);
	if (r < 0)
		return files_run_fail(f, r, "rm", path);
	told(f, "rm", path);
	return CLI_OK;
}

int files_rm(struct files_run *f, struct files_words *w)
{
	int status = CLI_OK;

	for (size_t i = 1; i < w->count && status == CLI_OK; i++) {
		struct files_list paths = { 0 };
		bool found;

		status = files_find(f, &w->word[i], &paths, &found);
		for (size_t k = 0; k < paths.count && status == CLI_OK; k++)
			status = remove_path(
					f, paths.entry[k].name, found ? &paths.entry[k] : NULL);
		files_list_done(&paths);
	}
	return status;
}

int files_mv(struct files_run *f, struct files_words *w)
{
	char from[FILES_PATH_MAX], to[FILES_PATH_MAX], folder[FILES_PATH_MAX];
	char joined[FILES_PATH_MAX], shown[FILES_NAME_SHOWN];
	struct files_entry e;
	const char *name;
	uint32_t id = 0;
	int r, status = files_run_path(f, w->word[1].text, from, sizeof(from));

	if (status == CLI_OK)
		status = files_run_path(f, w->word[2].text, to, sizeof(to));
	if (status != CLI_OK)
		return status;
	/* into a folder that is there, as mv has it; over a file, never by accident */
	r = files_stat(f, to, &e);
	if (r == HAWSER_OK && e.kind == HAWSER_FILE_DIR &&
			files_path_join(joined, sizeof(joined), to,
					files_path_base(from, f->windows), f->windows) == 0) {
		memcpy(to, joined, sizeof(to));
		r = files_stat(f, to, &e);
	}
	if (r == HAWSER_OK && !f->flags.overwrite)
		return cli_fail(CLI_FILE, "mv: %s is there; --overwrite replaces it",
				files_show_name(shown, sizeof(shown), to));
	if (r < 0 && r != HAWSER_ERR_NOTFOUND)
		return files_run_fail(f, r, "mv", to);
	if (files_path_parent(folder, sizeof(folder), from, f->windows) < 0 ||
			!(name = below(f, folder, to)))
		return cli_fail(CLI_USAGE,
				"mv: the protocol gives a new name in the same folder, or below it; "
				"%s is elsewhere: copy it there, and remove it here",
				files_show_name(shown, sizeof(shown), to));
	r = hawser_files_rename(f->front.session, from, name, &id);
	r = ended(f, r, id);
	if (r < 0)
		return files_run_fail(f, r, "mv", from);
	told(f, "mv", from);
	return CLI_OK;
}
