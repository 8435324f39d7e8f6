/* conf/complete_items: what may stand on a command line, whichever shell asks. Names and words are
 * of a-z, 0-9, '-' and '.' only: they need no quotes in any shell. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/conf/complete_table.h"

#define COMPLETE_ITEMS 400u

/* What an option's value, or a word, is. */
enum complete_kind {
	COMPLETE_FLAG, /* it has none */
	COMPLETE_ANY,  /* nobody can guess it */
	COMPLETE_FILE,
	COMPLETE_DIR,
};

struct complete_item {
	struct hws_bytes name; /* without the dashes */
	struct hws_bytes arg;  /* "N|all|windows" */
	struct hws_bytes help;
	enum complete_kind kind;
	char letter;
	bool on; /* there is --no-NAME, too */
};

struct complete_list {
	struct complete_item item[COMPLETE_ITEMS];
	size_t count;
	bool full; /* something had no room, this time or before */
};

typedef void complete_word_fn(struct hws_bytes word, void *arg);

/* Options of the program (v = NULL), or of a verb alone: none if it has none of its own. */
void complete_items(
		const struct hws_complete *c, const struct hws_verb *v, struct complete_list *ret);
/* The values among "a|b|FILE" that can be named. */
void complete_choices(struct hws_bytes arg, complete_word_fn *fn, void *ctx);
/* The words that may stand first in "show | get NAME", "[CONN] accept|reject". */
void complete_first(const char *args, complete_word_fn *fn, void *ctx);
/* The same behind the first argument, of a verb with a synopsis of its own ("PROGRAM files HOST
 * ls|get ..."). */
void complete_second(const struct hws_complete *c, const struct hws_verb *v, complete_word_fn *fn,
		void *ctx);
/* Whether names of files may stand behind the verb. */
bool complete_wants_files(const struct hws_complete *c, const struct hws_verb *v);
/* Whether `args` begins with a host, or has one behind a word. */
bool complete_wants_host(const struct hws_verb *v);
bool complete_word_has_host(const struct hws_verb *v, struct hws_bytes word);
