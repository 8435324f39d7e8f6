/* Wildcards of the host's names: its folder is listed, and matched here. */
#include "client/cli/files/verbs.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <fnmatch.h>
#include <string.h>

int files_stat(struct files_run *f, const char *path, struct files_entry *ret)
{
	struct files_list list = { 0 };
	uint32_t id;
	int r = hawser_files_stat(f->front.session, path, &id);

	if (r < 0)
		files_run_refused(f);
	else
		r = files_run_wait(f, id, &list);
	if (r == HAWSER_OK && list.count != 1)
		r = HAWSER_ERR_NOTFOUND;
	if (r == HAWSER_OK) {
		*ret = list.entry[0];
		ret->name = NULL;
	}
	files_list_done(&list);
	return r;
}

/* The pattern of the last part; NULL: the wildcards are in front of it. */
static const char *last_pattern(
		const struct files_run *f, const struct files_word *word, char *folder, size_t size)
{
	const char *base = files_path_base(word->text, f->windows);
	size_t n = (size_t)(base - word->text);
	const char *pattern = word->pattern + strlen(word->pattern);

	if (word->pattern == word->text) /* of a command line, where nothing is escaped */
		pattern = base;
	/* the same number of separators in front, whatever was escaped */
	while (word->pattern != word->text && pattern > word->pattern && pattern[-1] != '/' &&
			!(f->windows && pattern[-1] == '\\' && pattern > word->pattern + 1 &&
					pattern[-2] == '\\'))
		pattern--;
	if (n >= size || strpbrk(word->text, "*?[") < base)
		return NULL;
	memcpy(folder, word->text, n);
	folder[n] = 0;
	return pattern;
}

static int match(struct files_run *f, const char *folder, const char *pattern,
		struct files_list *out)
{
	struct files_list list = { 0 };
	uint32_t id;
	int r = hawser_files_list(f->front.session, folder, pattern[0] == '.' || f->flags.all, &id);

	if (r < 0)
		files_run_refused(f);
	else
		r = files_run_wait(f, id, &list);
	files_list_sort(&list);
	for (size_t i = 0; i < list.count && r == HAWSER_OK; i++) {
		const struct files_entry *e = &list.entry[i];
		const struct hawser_file as = {
			.kind = e->kind, .bytes = e->bytes, .modified = e->modified
		};
		char path[FILES_PATH_MAX];
		if (fnmatch(pattern, e->name, FNM_PERIOD) != 0)
			continue;
		r = files_path_join(path, sizeof(path), list.path ? list.path : folder, e->name,
				f->windows);
		if (r == HAWSER_OK && !files_list_add(out, path, &as))
			r = HAWSER_ERR_NOMEM;
	}
	files_list_done(&list);
	return r;
}

int files_find(struct files_run *f, const struct files_word *word, struct files_list *out,
		bool *found)
{
	char folder[FILES_PATH_MAX], path[FILES_PATH_MAX], shown[FILES_NAME_SHOWN];
	const char *pattern;
	size_t before = out->count;
	int status, r;

	*found = word->wild;
	if (!word->wild) {
		status = files_run_path(f, word->text, path, sizeof(path));
		if (status == CLI_OK && !files_list_add(out, path, &(struct hawser_file){ 0 }))
			status = cli_fail(CLI_FAILED, "out of memory");
		return status;
	}
	pattern = last_pattern(f, word, folder, sizeof(folder));
	if (!pattern)
		return cli_fail(CLI_USAGE,
				"wildcards stand for names in one folder: in the last "
				"part of a path only");
	status = files_run_path(f, folder, path, sizeof(path));
	if (status != CLI_OK)
		return status;
	r = match(f, path, pattern, out);
	if (r < 0)
		return files_run_fail(f, r, "list", path);
	if (out->count == before)
		return cli_fail(CLI_FILE, "nothing there is called %s",
				files_show_name(shown, sizeof(shown), word->text));
	return CLI_OK;
}
