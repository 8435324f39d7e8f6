/* cli/files/options: the command line of `hawser files`, and the same words behind a command of its
 * prompt. */
#pragma once
#include "client/cli/files/words.h"
#include "client/cli/session_front.h"
#include <hawser/files.h>

/* What a command may be told by options, of the command line or of its own line. */
struct files_flags {
	bool recursive, resume, overwrite, skip, ask, update, dry_run, remove, checksum, all,
			longer, null, force;
};

struct files_options {
	struct session_front_options front;
	struct files_flags flags;
	bool compatible;
	char *batch;
	struct session_front_words words; /* the host, the command, what it is about */
};

const struct hws_options *files_options_table(void);
/* Returns 0, or an exit status after a message. Free by files_options_done in any case. */
int files_options_parse(struct files_options *o, int argc, char **argv);
void files_options_done(struct files_options *o);

/* Takes the words that begin with '-' ("-rl", "--resume") out of a command's line, up to "--"; what
 * they say is added to `flags`. NULL: all are known; else the first that is not. */
const char *files_flags_take(struct files_flags *flags, struct files_words *w);
/* Options that contradict each other: a sentence, else NULL. */
const char *files_flags_contradict(const struct files_flags *f);
