/* Copies that earlier sessions have begun and not ended. */
#include "client/cli/files/verbs.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdio.h>

static int kept(struct files_run *f, struct hawser_files_kept **ret, size_t *ret_count)
{
	int r = hawser_files_kept(f->front.ctx, f->front.target, ret, ret_count);

	return r < 0 ? cli_fail(files_exit_of(r), "%s", hawser_last_error()) : CLI_OK;
}

int files_jobs(struct files_run *f, struct files_words *w)
{
	struct hawser_files_kept *list;
	size_t count;
	int status = kept(f, &list, &count);

	(void)w;
	if (status != CLI_OK)
		return status;
	for (size_t i = 0; i < count; i++) {
		const struct hawser_files_kept *k = hawser_files_kept_at(list, i);
		char remote[FILES_NAME_SHOWN], local[FILES_NAME_SHOWN], at[32];
		const char *verb = k->upload ? "put" : "get";

		if (files_json(f)) {
			files_json_begin("job");
			files_json_number("number", k->number);
			files_json_text("command", verb);
			files_json_text("remote", k->remote);
			files_json_text("local", k->local);
			files_json_number("began", k->began);
			files_json_end();
			continue;
		}
		files_show_name(remote, sizeof(remote), k->remote);
		files_show_name(local, sizeof(local), k->local);
		printf("%3u  %s  %s  %s -> %s\n", k->number,
				files_show_mtime(at, sizeof(at), k->began), verb,
				k->upload ? local : remote, k->upload ? remote : local);
	}
	hawser_files_kept_free(list);
	return CLI_OK;
}

static int resume_one(struct files_run *f, const struct hawser_files_kept *k)
{
	f->flags.resume = true;
	f->flags.recursive = true;
	return files_copy(f, k->upload, k->remote, k->local, files_exists_of(&f->flags));
}

/* Where nothing more can come of any of them. */
static bool is_over(const struct files_run *f, int status)
{
	return status == FILES_INTERRUPTED || f->front.finished || f->front.interrupted;
}

static void sum_up(const struct files_run *f, size_t begun, size_t failed)
{
	if (files_json(f)) {
		files_json_begin("resume");
		files_json_number("jobs", begun);
		files_json_number("failed", failed);
		files_json_end();
	} else if (failed) {
		cli_fail(0,
				"resume: %zu of %zu could not be gone on with to the end; they stay in the "
				"list (jobs) until they are, or until forget",
				failed, begun);
	}
}

int files_resume(struct files_run *f, struct files_words *w)
{
	struct hawser_files_kept *list;
	size_t count, begun = 0, failed = 0;
	uint32_t number = 0;
	int status, first = CLI_OK;

	if (w->count > 1 && hws_parse_u32(w->word[1].text, &number) < 0)
		return cli_fail(CLI_USAGE, "resume: a number of the list of `jobs`");
	status = kept(f, &list, &count);
	if (status != CLI_OK)
		return status;
	for (size_t i = 0; i < count && !is_over(f, status); i++) {
		const struct hawser_files_kept *k = hawser_files_kept_at(list, i);
		if (number && k->number != number)
			continue;
		begun++;
		status = resume_one(f, k);
		failed += status != CLI_OK;
		first = first == CLI_OK ? status : first;
	}
	hawser_files_kept_free(list);
	if (number && !begun)
		return cli_fail(CLI_FILE, "there is no job %u to go on with", number);
	if (!begun && !files_json(f))
		session_front_say(&f->front, "there is nothing to go on with");
	else if (begun > 1)
		sum_up(f, begun, failed);
	return is_over(f, status) ? status : first;
}

int files_forget(struct files_run *f, struct files_words *w)
{
	uint32_t number;
	int r;

	if (hws_parse_u32(w->word[1].text, &number) < 0)
		return cli_fail(CLI_USAGE, "forget: a number of the list of `jobs`");
	r = hawser_files_forget(f->front.ctx, f->front.target, number);
	return r < 0 ? cli_fail(files_exit_of(r), "%s", hawser_last_error()) : CLI_OK;
}
