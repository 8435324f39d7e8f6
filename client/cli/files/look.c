/* ls: names that cannot harm a terminal, for people; as they are, with --null or --json, for
 * scripts. */
#include "client/cli/files/verbs.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *kind_word(enum hawser_file_kind kind)
{
	switch (kind) {
	case HAWSER_FILE_DIR:
		return "folder";
	case HAWSER_FILE_DIR_LINK:
		return "folder-link";
	case HAWSER_FILE_DRIVE:
		return "drive";
	case HAWSER_FILE_LINK:
		return "link";
	default:
		return "file";
	}
}

static void mode_text(const struct files_entry *e, char buf[11])
{
	static const char letters[] = "rwxrwxrwx";

	buf[0] = 'l';
	if (e->kind == HAWSER_FILE_DIR || e->kind == HAWSER_FILE_DRIVE)
		buf[0] = 'd';
	else if (e->kind == HAWSER_FILE_REGULAR)
		buf[0] = '-';
	for (int i = 0; i < 9; i++) {
		buf[1 + i] = '-';
		if (!e->mode)
			buf[1 + i] = '?';
		else if (e->mode & (0400u >> i))
			buf[1 + i] = letters[i];
	}
	buf[10] = 0;
}

static void print_one(const struct files_run *f, const char *folder, const struct files_entry *e)
{
	char shown[FILES_NAME_SHOWN], mode[11], size[32], at[32];
	const char *mark = e->kind == HAWSER_FILE_DIR || e->kind == HAWSER_FILE_DRIVE ||
					e->kind == HAWSER_FILE_DIR_LINK
			? "/"
			: "";

	if (files_json(f)) {
		files_json_begin("entry");
		files_json_text("folder", folder);
		files_json_text("name", e->name);
		files_json_text("kind", kind_word(e->kind));
		files_json_number("bytes", e->bytes);
		files_json_number("modified", e->modified);
		files_json_bool("hidden", e->hidden);
		if (e->mode) {
			char octal[16];
			snprintf(octal, sizeof(octal), "%04o", e->mode & 0777u);
			files_json_text("mode", octal);
		}
		files_json_end();
	} else if (f->flags.null) {
		fwrite(e->name, 1, strlen(e->name) + 1, stdout);
	} else if (f->flags.longer) {
		mode_text(e, mode);
		printf("%s  %10s  %s  %s%s\n", mode, files_show_size(size, sizeof(size), e->bytes),
				files_show_mtime(at, sizeof(at), e->modified),
				files_show_name(shown, sizeof(shown), e->name), mark);
	} else {
		printf("%s%s\n", files_show_name(shown, sizeof(shown), e->name), mark);
	}
}

static void print_list(const struct files_run *f, struct files_list *list, const char *folder)
{
	files_list_sort(list);
	for (size_t i = 0; i < list->count; i++)
		print_one(f, list->path ? list->path : folder, &list->entry[i]);
}

static int list_folder(struct files_run *f, const char *path)
{
	struct files_list list = { 0 };
	uint32_t id;
	int r = hawser_files_list(f->front.session, path, f->flags.all, &id), status = CLI_OK;

	if (r < 0)
		files_run_refused(f);
	else
		r = files_run_wait(f, id, &list);
	if (r < 0)
		status = files_run_fail(f, r, "ls", path);
	else
		print_list(f, &list, path);
	files_list_done(&list);
	return status;
}

/* A folder is listed, a file is shown itself; which of both it is only the host knows. */
static int list_path(struct files_run *f, const char *path, const struct files_entry *known,
		bool heading)
{
	char shown[FILES_NAME_SHOWN];
	struct files_entry e = known ? *known : (struct files_entry){ 0 };
	int r = known ? HAWSER_OK : files_stat(f, path, &e);

	if (r < 0)
		return files_run_fail(f, r, "ls", path);
	if (e.kind == HAWSER_FILE_REGULAR || e.kind == HAWSER_FILE_LINK) {
		e.name = (char *)(uintptr_t)path;
		print_one(f, "", &e);
		return CLI_OK;
	}
	if (heading && !files_json(f) && !f->flags.null)
		printf("%s:\n", files_show_name(shown, sizeof(shown), path));
	return list_folder(f, path);
}

int files_ls(struct files_run *f, struct files_words *w)
{
	struct files_list paths = { 0 };
	int status = CLI_OK;
	bool found = false, all_found = true;

	if (w->count == 1)
		return list_folder(f, f->cwd);
	for (size_t i = 1; i < w->count && status == CLI_OK; i++) {
		status = files_find(f, &w->word[i], &paths, &found);
		all_found &= found;
	}
	for (size_t i = 0; i < paths.count && status == CLI_OK; i++)
		status = list_path(f, paths.entry[i].name, all_found ? &paths.entry[i] : NULL,
				paths.count > 1);
	files_list_done(&paths);
	return status;
}
