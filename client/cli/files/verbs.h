/* cli/files/verbs: the commands of `hawser files`, on its command line as at its prompt. Each takes
 * the words of its line (the first is its name), has f->flags set, and returns an exit status after
 * a message. */
#pragma once
#include "client/cli/files/run.h"

struct files_verb {
	const char *name, *args, *help;
	size_t min, max; /* words behind the name */
	bool at_prompt;  /* means something there only */
	int (*run)(struct files_run *f, struct files_words *w);
};

const struct files_verb *files_verbs(size_t *ret_count);
/* Looks the first word up, takes the options of the line, checks the number of words and runs
 * it. */
int files_verb_run(struct files_run *f, struct files_words *w);

/* Whether there is such a command, with so many words: before anything is connected. */
int files_verb_check(const struct files_run *f, const struct files_words *w);

/* --- find.c: what the words of a line stand for */
/* The entry at a path of the host. HAWSER_OK or an error of files_run_wait. */
int files_stat(struct files_run *f, const char *path, struct files_entry *ret);
/* The paths of the host that a word means: itself, or what its wildcards match (in the last part of
 * the path); as names of `out`, with what is known of them where that was listed. Returns 0, or an
 * exit status after a message. `found`: there was a list, so each one is there. */
int files_find(struct files_run *f, const struct files_word *word, struct files_list *out,
		bool *found);

/* --- copy.c */
int files_get(struct files_run *f, struct files_words *w);
int files_put(struct files_run *f, struct files_words *w);
/* One job, waited for, with what is said at its end. Returns an exit status. */
int files_copy(struct files_run *f, bool upload, const char *remote, const char *local,
		enum hawser_files_exists exists);
/* What the flags say about files that are there. */
enum hawser_files_exists files_exists_of(const struct files_flags *flags);
int files_jobs(struct files_run *f, struct files_words *w);
int files_resume(struct files_run *f, struct files_words *w);
int files_forget(struct files_run *f, struct files_words *w);

/* --- pipe.c: "-" in place of the local file */
int files_get_stdout(struct files_run *f, const char *remote);
int files_put_stdin(struct files_run *f, const char *remote);

/* --- change.c */
int files_mkdir(struct files_run *f, struct files_words *w);
int files_rm(struct files_run *f, struct files_words *w);
int files_mv(struct files_run *f, struct files_words *w);
int files_remove_one(struct files_run *f, const char *path, bool folder, bool tree);

/* --- look.c */
int files_ls(struct files_run *f, struct files_words *w);

/* --- sync.c */
int files_sync(struct files_run *f, struct files_words *w);

/* --- prompt.c: lines from a terminal, a pipe or a file, until its end or the first that fails. */
int files_prompt(struct files_run *f, const char *batch);
