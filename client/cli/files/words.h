/* cli/files/words: a line of the prompt of `hawser files` as words: quotes, backslashes, wildcards,
 * comments. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define FILES_LINE_MAX 16384u
#define FILES_WORDS_MAX 256u

struct files_word {
	char *text;    /* what was meant, without quotes */
	char *pattern; /* the same for fnmatch: what was quoted is escaped */
	bool wild;     /* has an unquoted wildcard */
};

struct files_words {
	size_t count;
	struct files_word word[FILES_WORDS_MAX];
	char *shell;     /* "!COMMAND": what stands behind the mark; else NULL */
	char *store;     /* what the words stand in */
	char error[120]; /* why a line was not understood */
};

/* An empty line and a comment ("# ...") have no words. HWS_ERR_INVAL: a quote that is not closed, or
 * a control character; HWS_ERR_TOOBIG: too long, or too many words; ret->error has the sentence.
 * Free by files_words_done in any case. */
int files_words_split(const char *line, struct files_words *ret);
void files_words_done(struct files_words *w);
