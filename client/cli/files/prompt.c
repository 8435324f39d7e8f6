/* Lines instead of a command line. From a terminal a mistake costs nothing but its line; a script
 * ends at the first one, with its status. */
#include "client/cli/files/verbs.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/spawn.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reader {
	FILE *in;
	char *line;
	size_t size;
	bool terminal;
};

static int shell(const char *command)
{
	const char *sh = getenv("SHELL");
	int status;

	fflush(stdout);
	status = hws_spawn_shell(sh && *sh == '/' ? sh : "/bin/sh", command);
	if (status < 0)
		return cli_fail(CLI_FAILED, "the command could not be started: %s",
				strerror(errno));
	return status == 0 ? CLI_OK : cli_fail(CLI_FAILED, "the command ended with %d", status);
}

/* Waits for a line while the session is served: a terminal has lines as they are typed. False: the
 * input, or the session, is over. */
static bool next_line(struct files_run *f, struct reader *r)
{
	char shown[FILES_NAME_SHOWN];

	if (r->terminal) {
		struct pollfd p = { .fd = fileno(r->in), .events = POLLIN };
		fprintf(stderr, "files:%s> ", files_show_name(shown, sizeof(shown), f->cwd));
		fflush(stderr);
		while (!p.revents && !f->front.finished)
			session_front_wait(&f->front, &p, 1, -1);
		if (f->front.finished)
			return false;
	}
	return getline(&r->line, &r->size, r->in) > 0;
}

static bool is_leave(const struct files_words *w)
{
	const char *name = w->count ? w->word[0].text : "";

	return strcmp(name, "exit") == 0 || strcmp(name, "quit") == 0 || strcmp(name, "bye") == 0;
}

/* `left`: the user wants to leave. */
static int one_line(struct files_run *f, const char *line, bool *left)
{
	struct files_words *w = hws_alloc(sizeof(*w));
	int status = CLI_OK;

	if (!w)
		return cli_fail(CLI_FAILED, "out of memory");
	if (files_words_split(line, w) < 0)
		status = cli_fail(CLI_USAGE, "%s", w->error);
	else if (w->shell)
		status = shell(w->shell);
	else if (is_leave(w))
		*left = true;
	else if (w->count && strcmp(w->word[0].text, "lls") == 0)
		status = shell(strstr(line, "lls") + 1);
	else if (w->count)
		status = files_verb_run(f, w);
	files_words_done(w);
	hws_free(w);
	return status;
}

/* At a terminal Ctrl+C ends what is under way, not the session. */
static bool goes_on(struct files_run *f, const struct reader *r, int status)
{
	if (!r->terminal)
		return status == CLI_OK;
	if (f->front.interrupted && status == FILES_INTERRUPTED) {
		f->front.interrupted = f->front.finished = false;
		return true;
	}
	return !f->front.finished;
}

int files_prompt(struct files_run *f, const char *batch)
{
	struct reader r = { .in = stdin };
	bool left = false;
	int status = CLI_OK;

	if (*batch && strcmp(batch, "-") != 0)
		r.in = fopen(batch, "re");
	if (!r.in)
		return cli_fail(CLI_FILE, "%s: %s", batch, strerror(errno));
	r.terminal = isatty(fileno(r.in)) && !files_json(f);
	if (r.terminal) /* what is waited for by poll must not wait in a buffer */
		setvbuf(r.in, NULL, _IONBF, 0);
	f->prompt = true;
	while (!left && next_line(f, &r)) {
		status = one_line(f, r.line, &left);
		fflush(stdout);
		if (!goes_on(f, &r, status))
			break;
	}
	if (r.terminal && !f->front.finished)
		status = CLI_OK;
	if (status == CLI_OK && f->front.interrupted)
		status = FILES_INTERRUPTED;
	else if (status == CLI_OK && f->front.finished)
		status = f->front.status;
	free(r.line);
	if (r.in != stdin)
		fclose(r.in);
	return status;
}
