/* conf/verbs: sub-commands of a command line ("hawser connect ..."). */
#pragma once
#include "shared/base/err.h"

struct hws_verb {
	const char *name;
	const char *args;                             /* "ID|HOST[:PORT]" */
	const char *help;                             /* one line; NULL = not listed */
	int min_args, max_args;                       /* behind the verb, -1 = any */
	int (*run)(int argc, char **argv, void *ctx); /* argv[0] = verb; returns exit status */
};

/* Runs the verb named argv[0]; prints a list of verbs and a suggestion on stderr for unknown ones.
 * Returns exit status (2 = usage). */
int hws_verbs_run(const struct hws_verb *table, size_t count, const char *program, int argc,
		char **argv, void *ctx);
