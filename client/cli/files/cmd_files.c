/* hawser files: one command, a prompt, or a file of commands. */
#include "client/cli/files/verbs.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

/* The words of the command line as those of a prompt: what a shell has left of wildcards is meant
 * for the host. */
static int take_words(const struct session_front_words *from, struct files_words *to, bool *none)
{
	size_t room = 1;
	char *at;

	*none = from->count < 2;
	*to = (struct files_words){ 0 };
	for (size_t i = 1; i < from->count; i++)
		room += strlen(from->word[i]) + 1;
	to->store = at = hws_alloc(room);
	if (!at)
		return cli_fail(CLI_FAILED, "out of memory");
	for (size_t i = 1; i < from->count; i++) {
		size_t n = strlen(from->word[i]) + 1;
		memcpy(at, from->word[i], n);
		to->word[to->count++] = (struct files_word){
			.text = at, .pattern = at, .wild = strpbrk(at, "*?[") != NULL
		};
		at += n;
	}
	return CLI_OK;
}

static bool is_local_command(const struct files_words *w)
{
	const char *name = w->count ? w->word[0].text : "";

	return strcmp(name, "jobs") == 0 || strcmp(name, "forget") == 0;
}

static int run(struct files_run *f, struct files_words *w, bool none)
{
	struct hawser_link_config link;
	int status;

	f->front.signals = -1; /* until it has begun */
	f->front.target = f->options->words.word[0];
	f->front.options = &f->options->front;
	if (!none) {
		f->flags = f->options->flags;
		status = files_verb_check(f, w);
		if (status != CLI_OK)
			return status;
	}
	/* what is only remembered here needs no host */
	if (is_local_command(w)) {
		status = session_front_begin(&f->front, &link);
		return status == CLI_OK ? files_verb_run(f, w) : status;
	}
	status = files_run_open(f);
	if (status != CLI_OK)
		return status;
	return none ? files_prompt(f, f->options->batch) : files_verb_run(f, w);
}

int cli_files(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct files_options o = { 0 };
	struct files_run *f = hws_alloc(sizeof(*f));
	struct files_words *w = hws_alloc(sizeof(*w));
	bool none;
	int status = f && w ? files_options_parse(&o, argc, argv)
			    : cli_fail(CLI_FAILED, "out of memory");

	if (status == CLI_OK && o.front.help) {
		status = hws_options_print(files_options_table(), NULL) ? CLI_FAILED : CLI_OK;
	} else if (status == CLI_OK) {
		status = take_words(&o.words, w, &none);
		f->options = &o;
		if (status == CLI_OK) {
			status = run(f, w, none);
			session_front_end(&f->front);
		}
		files_words_done(w);
	}
	files_options_done(&o);
	hws_free(w);
	hws_free(f);
	return status;
}
