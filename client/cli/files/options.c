/* One table for the command line; the prompt's words are looked up in a short list of their own,
 * since there they belong to one command. */
#include "client/cli/files/options.h"
#include <string.h>

#define AT(field) offsetof(struct files_options, field)
#define FLAG(text_name, one, field, text)                                                          \
	{                                                                                          \
		.section = "Files", .name = text_name, .letter = one, .type = HWS_OPT_BOOL,        \
		.offset = AT(flags.field), .def = "no", .help = text                               \
	}

static const struct hws_option table[] = {
	FLAG("recursive", 'r', recursive, "Copy or remove folders with all that is in them."),
	FLAG("resume", 0, resume, "Go on with what an earlier copy has left."),
	FLAG("overwrite", 0, overwrite, "Replace files that are there and differ."),
	FLAG("skip", 0, skip, "Leave files alone that are there."),
	FLAG("ask", 0, ask,
			"Ask about each file that is there; what is done on a terminal anyway."),
	FLAG("update", 'u', update, "Replace only what is older than what comes."),
	FLAG("dry-run", 'n', dry_run, "sync: only say what would be done."),
	FLAG("delete", 0, remove, "sync: remove what the other side does not have."),
	FLAG("checksum", 'c', checksum,
			"sync: do not trust size and time: copy what has the same ones, too."),
	FLAG("all", 'a', all, "ls: with hidden files."),
	FLAG("long", 'l', longer, "ls: sizes, times and kinds, too."),
	FLAG("null", '0', null, "ls: names as they are, each with a NUL behind it."),
	FLAG("force", 'f', force, "rm: what is not there is no mistake."),
	{ .section = "Files",
			.name = "batch",
			.letter = 'b',
			.type = HWS_OPT_STR,
			.offset = AT(batch),
			.def = "",
			.arg = "FILE",
			.help = "Do what the lines of this file say, as at the prompt; - is "
				"standard input. It ends at the first that fails." },
	{ .section = "Files",
			.name = "compatible",
			.type = HWS_OPT_BOOL,
			.offset = AT(compatible),
			.def = "no",
			.help = "Use no more of the protocol than hosts of RustDesk 1.x know." },
	SESSION_FRONT_OPTIONS(struct files_options),
};

const struct hws_options *files_options_table(void)
{
	static const struct hws_options options = {
		.program = "hawser files",
		.usage = "hawser files ID|HOST[:PORT] [OPTION ...]\n"
			 "hawser files ID|HOST[:PORT] ls [PATH ...]\n"
			 "hawser files ID|HOST[:PORT] get REMOTE ... [LOCAL]\n"
			 "hawser files ID|HOST[:PORT] put LOCAL ... [REMOTE]\n"
			 "hawser files ID|HOST[:PORT] rm|mkdir PATH ...\n"
			 "hawser files ID|HOST[:PORT] mv PATH NAME\n"
			 "hawser files ID|HOST[:PORT] sync down REMOTE LOCAL\n"
			 "hawser files ID|HOST[:PORT] sync up LOCAL REMOTE\n"
			 "hawser files ID|HOST[:PORT] jobs | resume [NUMBER] | forget NUMBER\n",
		.about = "The files of a host: lists, copies, makes, renames and removes them. "
			 "Without a command it is a prompt, whose \"help\" says what it knows. "
			 "Paths begin at the home of the user there; \"-\" in place of one local "
			 "file is standard input or output. Of the host's names *, ? and [...] "
			 "stand for others (quote them, so that the shell here does not take "
			 "them).",
		.table = table,
		.count = HWS_COUNT(table),
	};

	return &options;
}

int files_options_parse(struct files_options *o, int argc, char **argv)
{
	const char *wrong;
	int status = session_front_parse(
			files_options_table(), o, &o->front, argc, argv, false, &o->words);

	if (status != CLI_OK || o->front.help)
		return status;
	if (o->words.count == 0)
		return cli_fail(CLI_USAGE,
				"which host? hawser files ID|HOST[:PORT]; see hawser "
				"files --help");
	wrong = files_flags_contradict(&o->flags);
	if (wrong)
		return cli_fail(CLI_USAGE, "%s", wrong);
	if (*o->batch && o->words.count > 1)
		return cli_fail(CLI_USAGE,
				"--batch takes its commands from a file: what is \"%s\"?",
				o->words.word[1]);
	return CLI_OK;
}

void files_options_done(struct files_options *o)
{
	hws_options_done(files_options_table(), o);
}

const char *files_flags_contradict(const struct files_flags *f)
{
	if (f->overwrite + f->skip + f->ask + f->update > 1)
		return "--overwrite, --skip, --ask and --update: one of them";
	if (f->null && f->longer)
		return "--null and --long do not go together";
	return NULL;
}

/* --- behind a command of the prompt ----------------------------------------------------------- */

static bool set_flag(struct files_flags *f, const char *name, size_t n, char letter)
{
	for (size_t i = 0; i < HWS_COUNT(table); i++) {
		const struct hws_option *o = &table[i];
		size_t at = o->offset - AT(flags);
		if (o->type != HWS_OPT_BOOL || o->offset < AT(flags) || at >= sizeof(*f))
			continue;
		if (letter ? o->letter == letter
			   : strlen(o->name) == n && memcmp(o->name, name, n) == 0) {
			*(bool *)((char *)f + at) = true;
			return true;
		}
	}
	return false;
}

const char *files_flags_take(struct files_flags *flags, struct files_words *w)
{
	size_t kept = 1;
	bool over = false;

	for (size_t i = 1; i < w->count; i++) {
		const char *text = w->word[i].text;
		/* "-" alone is a file, and so is what was quoted into beginning like that */
		if (over || text[0] != '-' || !text[1]) {
			w->word[kept++] = w->word[i];
		} else if (strcmp(text, "--") == 0) {
			over = true;
		} else if (text[1] == '-') {
			if (!set_flag(flags, text + 2, strlen(text + 2), 0))
				return text;
		} else {
			for (const char *c = text + 1; *c; c++)
				if (!set_flag(flags, NULL, 0, *c))
					return text;
		}
	}
	w->count = w->count ? kept : 0;
	return NULL;
}
