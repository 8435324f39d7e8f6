/* Which commands there are, at the prompt and on the command line, and how a line finds its own. */
#include "client/cli/files/verbs.h"
#include "shared/conf/suggest.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run_pwd(struct files_run *f, struct files_words *w HWS_UNUSED)
{
	char shown[FILES_NAME_SHOWN];

	printf("%s\n", files_show_name(shown, sizeof(shown), f->cwd));
	return CLI_OK;
}

static int run_cd(struct files_run *f, struct files_words *w)
{
	struct files_list list = { 0 };
	char path[FILES_PATH_MAX];
	uint32_t id = 0;
	int r, status = files_run_path(f, w->count > 1 ? w->word[1].text : "", path, sizeof(path));

	if (status != CLI_OK)
		return status;
	if (w->count == 1)
		path[0] = 0; /* home */
	r = hawser_files_list(f->front.session, path, false, &id);
	if (r == HAWSER_OK)
		r = files_run_wait(f, id, &list);
	if (r < 0)
		status = files_run_fail(f, r, "cd", path);
	else
		snprintf(f->cwd, sizeof(f->cwd), "%s", list.path && *list.path ? list.path : path);
	files_list_done(&list);
	return status;
}

static int run_lpwd(struct files_run *f HWS_UNUSED, struct files_words *w HWS_UNUSED)
{
	char path[FILES_PATH_MAX], shown[FILES_NAME_SHOWN];

	if (!getcwd(path, sizeof(path)))
		return cli_fail(CLI_FILE, "lpwd: %s", strerror(errno));
	printf("%s\n", files_show_name(shown, sizeof(shown), path));
	return CLI_OK;
}

static int run_lcd(struct files_run *f HWS_UNUSED, struct files_words *w)
{
	char shown[FILES_NAME_SHOWN];

	if (chdir(w->word[1].text) < 0)
		return cli_fail(CLI_FILE, "lcd %s: %s",
				files_show_name(shown, sizeof(shown), w->word[1].text),
				strerror(errno));
	return CLI_OK;
}

static int run_help(struct files_run *f, struct files_words *w);

static const struct files_verb verbs[] = {
	{ "ls", "[-al] [PATH ...]", "list a folder of the host", 0, 64, false, files_ls },
	{ "cd", "[PATH]", "go to a folder of the host", 0, 1, true, run_cd },
	{ "pwd", "", "where that is", 0, 0, true, run_pwd },
	{ "get", "[-r] REMOTE ... [LOCAL]", "copy from the host", 1, 250, false, files_get },
	{ "put", "[-r] LOCAL ... [REMOTE]", "copy to the host", 1, 250, false, files_put },
	{ "mkdir", "PATH ...", "make folders there", 1, 250, false, files_mkdir },
	{ "rm", "[-rf] PATH ...", "remove files there; with -r folders, too", 1, 250, false,
			files_rm },
	{ "mv", "PATH NAME", "give a new name there", 2, 2, false, files_mv },
	{ "rename", "PATH NAME", "the same", 2, 2, false, files_mv },
	{ "sync", "[-n] [--delete] down REMOTE LOCAL | up LOCAL REMOTE",
			"make one folder like another", 3, 3, false, files_sync },
	{ "jobs", "", "copies that were begun and not ended", 0, 0, false, files_jobs },
	{ "resume", "[NUMBER]", "go on with them", 0, 1, false, files_resume },
	{ "forget", "NUMBER", "want one of them no more", 1, 1, false, files_forget },
	{ "lcd", "PATH", "go to a folder here", 1, 1, true, run_lcd },
	{ "lpwd", "", "where that is", 0, 0, true, run_lpwd },
	{ "help", "", "this list", 0, 0, true, run_help },
};

/* What does not fit into its column has the help in a line of its own. */
static void help_line(const char *name, const char *args, const char *help)
{
	const int args_width = 28;

	if (strlen(args) > (size_t)args_width)
		printf("  %-7s %s\n  %-7s %-*s %s\n", name, args, "", args_width, "", help);
	else
		printf("  %-7s %-*s %s\n", name, args_width, args, help);
}

static int run_help(struct files_run *f HWS_UNUSED, struct files_words *w HWS_UNUSED)
{
	for (size_t i = 0; i < HWS_COUNT(verbs); i++)
		help_line(verbs[i].name, verbs[i].args, verbs[i].help);
	help_line("lls", "[...]", "list a folder here");
	help_line("!", "COMMAND", "run a command here");
	help_line("exit", "", "leave (or quit, bye, end of input)");
	printf("In names *, ? and [...] stand for others; 'quotes' and \\ take that away. Options\n"
	       "of a copy: --overwrite, --skip, --update, --ask, --resume.\n");
	return CLI_OK;
}

const struct files_verb *files_verbs(size_t *ret_count)
{
	*ret_count = HWS_COUNT(verbs);
	return verbs;
}

static const struct files_verb *find(const char *name, bool prompt)
{
	for (size_t i = 0; i < HWS_COUNT(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0 && (prompt || !verbs[i].at_prompt))
			return &verbs[i];
	return NULL;
}

static int unknown(const char *name)
{
	char shown[200];
	const char *best = NULL;
	size_t cost = strlen(name) / 3 + 1;

	for (size_t i = 0; i < HWS_COUNT(verbs); i++)
		hws_suggest(name, verbs[i].name, &cost, &best);
	files_show_name(shown, sizeof(shown), name);
	return best ? cli_fail(CLI_USAGE, "there is no command \"%s\"; did you mean %s?", shown,
				      best)
		    : cli_fail(CLI_USAGE, "there is no command \"%s\"; \"help\" lists them", shown);
}

int files_verb_check(const struct files_run *f, const struct files_words *w)
{
	const struct files_verb *v = find(w->word[0].text, f->prompt);

	if (!v)
		return unknown(w->word[0].text);
	if (w->count - 1 < v->min || w->count - 1 > v->max)
		return cli_fail(CLI_USAGE, "usage: %s %s", v->name, v->args);
	return CLI_OK;
}

int files_verb_run(struct files_run *f, struct files_words *w)
{
	const struct files_verb *v = find(w->word[0].text, f->prompt);
	const char *wrong;
	char shown[200];

	if (!v)
		return unknown(w->word[0].text);
	f->flags = f->options->flags;
	wrong = files_flags_take(&f->flags, w);
	if (wrong)
		return cli_fail(CLI_USAGE, "%s has no option %s", v->name,
				files_show_name(shown, sizeof(shown), wrong));
	wrong = files_flags_contradict(&f->flags);
	if (wrong)
		return cli_fail(CLI_USAGE, "%s", wrong);
	if (w->count - 1 < v->min || w->count - 1 > v->max)
		return cli_fail(CLI_USAGE, "usage: %s %s", v->name, v->args);
	/* a variable of a script that has no value: "" would be the folder that we are in */
	for (size_t i = 1; i < w->count; i++)
		if (!*w->word[i].text)
			return cli_fail(CLI_USAGE, "%s: an empty name is none; . is this folder",
					v->name);
	return v->run(f, w);
}
