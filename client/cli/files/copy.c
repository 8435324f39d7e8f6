/* get and put: where each source goes, as cp has it, and what is said at the end. */
#include "client/cli/files/verbs.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum hawser_files_exists files_exists_of(const struct files_flags *flags)
{
	return flags->overwrite         ? HAWSER_FILES_OVERWRITE
			: flags->skip   ? HAWSER_FILES_SKIP
			: flags->update ? HAWSER_FILES_NEWER
					: HAWSER_FILES_ASK;
}

/* --- one job ---------------------------------------------------------------------------------- */

static void told_json(const struct files_run *f, int r)
{
	files_json_begin("done");
	files_json_text("command", f->verb);
	files_json_text("remote", f->remote);
	files_json_text("local", f->local);
	files_json_text("result", r == HAWSER_OK ? "ok" : "failed");
	files_json_number("files", f->job.files_total);
	files_json_number("done", f->job.files_done);
	files_json_number("skipped", f->job.files_skipped);
	files_json_number("failed", f->job.files_failed);
	files_json_number("bytes", f->job.bytes_done);
	files_json_number("bytes_wire", f->job.bytes_wire);
	if (r < 0) {
		files_json_text("error", hawser_error_name(r));
		files_json_text("text", f->text);
	}
	files_json_end();
}

static void told(const struct files_run *f)
{
	char shown[FILES_NAME_SHOWN], size[32], skipped[60] = "";

	if (f->options->front.quiet || f->silent)
		return;
	files_show_name(shown, sizeof(shown), files_path_base(f->remote, f->windows));
	if (f->job.files_skipped)
		snprintf(skipped, sizeof(skipped), ", %" PRIu64 " skipped", f->job.files_skipped);
	if (f->job.files_total == 1 && !f->job.files_skipped)
		printf("%s: %s\n", shown, files_show_size(size, sizeof(size), f->job.bytes_done));
	else if (f->job.files_total == 1)
		printf("%s: left as it is, 1 skipped\n", shown);
	else
		printf("%s: %" PRIu64 " files copied%s, %s\n", shown, f->job.files_done, skipped,
				files_show_size(size, sizeof(size), f->job.bytes_done));
	fflush(stdout);
}

/* How to go on with what was stopped. */
static void told_resume(const struct files_run *f)
{
	char remote[FILES_NAME_SHOWN], local[FILES_NAME_SHOWN];
	bool up = strcmp(f->verb, "put") == 0;

	files_show_name(remote, sizeof(remote), f->remote);
	files_show_name(local, sizeof(local), f->local);
	cli_fail(0, "what has come so far is kept; to go on: %s%s%s%s%s --resume '%s' '%s'%s",
			f->prompt ? "" : "hawser files ", f->prompt ? "" : f->front.target,
			f->prompt ? "" : " ", f->verb, f->flags.recursive ? " -r" : "",
			up ? local : remote, up ? remote : local, ", or: resume");
}

static int finish(struct files_run *f, int r)
{
	char shown[FILES_NAME_SHOWN];
	int status;

	if (files_json(f) && !f->silent)
		told_json(f, r);
	if (r == HAWSER_OK) {
		if (!files_json(f))
			told(f);
		return f->left_alone ? CLI_FILE : CLI_OK;
	}
	if (!f->silent && (r == HAWSER_ERR_CANCELED || r == HAWSER_ERR_CLOSED))
		told_resume(f);
	if (r == HAWSER_ERR_CLOSED && f->front.finished)
		return f->front.status == CLI_OK ? CLI_ENDED : f->front.status;
	status = files_exit_of(r);
	files_show_name(shown, sizeof(shown), strcmp(f->verb, "put") == 0 ? f->local : f->remote);
	return files_json(f) ? status
			     : cli_fail(status, "%s %s: %s", f->verb, shown,
					       *f->text ? f->text : hawser_strerror(r));
}

int files_copy(struct files_run *f, bool upload, const char *remote, const char *local,
		enum hawser_files_exists exists)
{
	struct hawser_files_job job = HAWSER_FILES_JOB_INIT;
	uint32_t id = 0;
	int r;

	job.remote = remote;
	job.local = local;
	job.exists = exists;
	job.resume = f->flags.resume;
	job.keep = !f->silent; /* what goes through a pipe cannot be gone on with */
	job.each_file = files_json(f);
	f->verb = upload ? "put" : "get";
	f->remote = remote;
	f->local = local;
	r = upload ? hawser_files_put(f->front.session, &job, &id)
		   : hawser_files_get(f->front.session, &job, &id);
	if (r < 0)
		files_run_refused(f);
	else
		r = files_run_wait(f, id, NULL);
	r = finish(f, r);
	f->remote = f->local = NULL;
	return r;
}

/* With --resume the same words mean the same place, though what an earlier copy has made there is a
 * folder now. */
static bool was_begun(struct files_run *f, bool upload, const char *remote, const char *local)
{
	struct hawser_files_kept *list = NULL;
	char here[FILES_PATH_MAX];
	size_t count = 0;
	bool found = false;

	if (!f->flags.resume || !realpath(local, here) ||
			hawser_files_kept(f->front.ctx, f->front.target, &list, &count) < 0)
		return false;
	for (size_t i = 0; i < count && !found; i++) {
		const struct hawser_files_kept *k = hawser_files_kept_at(list, i);
		found = k->upload == upload && strcmp(k->remote, remote) == 0 &&
				strcmp(k->local, here) == 0;
	}
	hawser_files_kept_free(list);
	return found;
}

/* --- get -------------------------------------------------------------------------------------- */

static bool is_folder_here(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool ends_as_folder(const char *path)
{
	size_t n = strlen(path);

	return n > 0 && path[n - 1] == '/';
}

/* Who writes a slash behind a name wants a folder there: it is made, as hosts do it for "put". */
static int make_folder_here(const char *path)
{
	char shown[FILES_NAME_SHOWN];

	if (is_folder_here(path) || mkdir(path, 0777) == 0)
		return CLI_OK;
	return cli_fail(CLI_FILE, "get: %s: %s", files_show_name(shown, sizeof(shown), path),
			strerror(errno));
}

static int get_one(struct files_run *f, const char *remote, const struct files_entry *known,
		const char *target, bool into)
{
	char local[FILES_PATH_MAX], shown[FILES_NAME_SHOWN];
	struct files_entry e = known ? *known : (struct files_entry){ 0 };
	const char *name = files_path_base(remote, f->windows);
	int r = known ? HAWSER_OK : files_stat(f, remote, &e);
	bool folder = e.kind == HAWSER_FILE_DIR || e.kind == HAWSER_FILE_DRIVE ||
			e.kind == HAWSER_FILE_DIR_LINK;

	if (r < 0)
		return files_run_fail(f, r, "get", remote);
	if (folder && !f->flags.recursive)
		return cli_fail(CLI_USAGE,
				"get %s: it is a folder; -r copies it with all that is "
				"in it",
				files_show_name(shown, sizeof(shown), remote));
	into = into && !was_begun(f, false, remote, target);
	if (into && *name &&
			(!files_path_is_name(name, false) ||
					files_path_join(local, sizeof(local), target, name, false) <
							0))
		return cli_fail(CLI_FILE, "there can be no file %s here",
				files_show_name(shown, sizeof(shown), name));
	return files_copy(f, false, remote, into && *name ? local : target,
			files_exists_of(&f->flags));
}

int files_get(struct files_run *f, struct files_words *w)
{
	struct files_list paths = { 0 };
	const char *target = w->count > 2 ? w->word[w->count - 1].text : ".";
	size_t sources = w->count > 2 ? w->count - 1 : w->count;
	bool found = true, all_found = true, into;
	int status = CLI_OK;

	for (size_t i = 1; i < sources && status == CLI_OK; i++) {
		status = files_find(f, &w->word[i], &paths, &found);
		all_found &= found;
	}
	into = is_folder_here(target) || ends_as_folder(target);
	if (status == CLI_OK && paths.count > 1 && !into)
		status = cli_fail(CLI_USAGE, "get: several files go into a folder, which %s is not",
				target);
	if (status == CLI_OK && into)
		status = make_folder_here(target);
	if (status == CLI_OK && strcmp(target, "-") == 0)
		status = files_get_stdout(f, paths.entry[0].name);
	else
		for (size_t i = 0; i < paths.count && status == CLI_OK; i++)
			status = get_one(f, paths.entry[i].name, all_found ? &paths.entry[i] : NULL,
					target, into);
	files_list_done(&paths);
	return status;
}

/* --- put -------------------------------------------------------------------------------------- */

/* The path of the host that the last word means, and whether things go into it. */
static int remote_target(struct files_run *f, const char *word, bool several, char *path,
		size_t size, bool *into)
{
	char shown[FILES_NAME_SHOWN];
	struct files_entry e;
	size_t n = strlen(word);
	int status = files_run_path(f, word, path, size), r;

	if (status != CLI_OK)
		return status;
	*into = n == 0 || word[n - 1] == '/' || (f->windows && word[n - 1] == '\\') ||
			strcmp(path, f->cwd) == 0;
	if (*into)
		return CLI_OK;
	r = files_stat(f, path, &e);
	/* DENIED: of a host that only takes files */
	if (r < 0 && r != HAWSER_ERR_NOTFOUND && r != HAWSER_ERR_TIMEOUT && r != HAWSER_ERR_DENIED)
		return files_run_fail(f, r, "put", path);
	*into = r == HAWSER_OK && e.kind != HAWSER_FILE_REGULAR && e.kind != HAWSER_FILE_LINK;
	if (several && !*into)
		return cli_fail(CLI_USAGE, "put: several files go into a folder, which %s is not",
				files_show_name(shown, sizeof(shown), path));
	return CLI_OK;
}

static bool is_dots(const char *path)
{
	const char *last = strrchr(path, '/');

	last = last ? last + 1 : path;
	return strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}

static int put_one(struct files_run *f, const char *local, const char *target, bool into)
{
	char remote[FILES_PATH_MAX], shown[FILES_NAME_SHOWN], whole[FILES_PATH_MAX];
	struct stat st;
	const char *name;

	files_show_name(shown, sizeof(shown), local);
	if (stat(local, &st) < 0)
		return cli_fail(CLI_FILE, "put %s: %s", shown, strerror(errno));
	if (S_ISDIR(st.st_mode) && !f->flags.recursive)
		return cli_fail(CLI_USAGE,
				"put %s: it is a folder; -r copies it with all that is "
				"in it",
				shown);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return cli_fail(CLI_FILE, "put %s: it is neither a file nor a folder", shown);
	into = into && !was_begun(f, true, target, local);
	if (!into)
		return files_copy(f, true, target, local, files_exists_of(&f->flags));
	/* of "." and "DIR/." the content goes into the folder there */
	if (is_dots(local))
		return files_copy(f, true, target, local, files_exists_of(&f->flags));
	if (files_path_resolve(whole, sizeof(whole), "/", local, false) < 0)
		return cli_fail(CLI_USAGE, "put %s: the path is too long", shown);
	name = files_path_base(whole, false);
	if (*name && !files_path_is_name(name, f->windows))
		return cli_fail(CLI_FILE, "put %s: there can be no such name there", shown);
	if (files_path_join(remote, sizeof(remote), target, name, f->windows) < 0)
		return cli_fail(CLI_USAGE, "put %s: the path there is too long", shown);
	return files_copy(f, true, *name ? remote : target, local, files_exists_of(&f->flags));
}

static int put_word(
		struct files_run *f, const struct files_word *word, const char *target, bool into)
{
	glob_t g;
	char shown[FILES_NAME_SHOWN];
	int status = CLI_OK;

	if (!word->wild || !f->prompt)
		return put_one(f, word->text, target, into);
	files_show_name(shown, sizeof(shown), word->text);
	if (glob(word->pattern, GLOB_ERR, NULL, &g) != 0)
		return cli_fail(CLI_FILE, "nothing here is called %s", shown);
	if (g.gl_pathc > 1 && !into)
		status = cli_fail(CLI_USAGE, "put: several files go into a folder");
	for (size_t i = 0; i < g.gl_pathc && status == CLI_OK; i++)
		status = put_one(f, g.gl_pathv[i], target, into);
	globfree(&g);
	return status;
}

int files_put(struct files_run *f, struct files_words *w)
{
	char target[FILES_PATH_MAX];
	size_t sources = w->count > 2 ? w->count - 1 : w->count;
	bool into;
	int status = remote_target(f, w->count > 2 ? w->word[w->count - 1].text : "", sources > 2,
			target, sizeof(target), &into);

	if (status == CLI_OK && strcmp(w->word[1].text, "-") == 0) {
		if (into)
			return cli_fail(CLI_USAGE, "put -: how is the file to be called there?");
		return files_put_stdin(f, target);
	}
	for (size_t i = 1; i < sources && status == CLI_OK; i++)
		status = put_word(f, &w->word[i], target, into);
	return status;
}
