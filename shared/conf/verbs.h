/* conf/verbs: sub-commands of a command line ("hawser connect ..."). */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>

struct hws_verb {
	const char *name;
	const char *args;                             /* "ID|HOST[:PORT]" */
	const char *help;                             /* one line; NULL = not listed */
	int min_args, max_args;                       /* behind the verb, -1 = any */
	int (*run)(int argc, char **argv, void *ctx); /* argv[0] = verb; returns exit status */
	bool has_help;                                /* it answers --help itself */
	const char *more; /* lines below, in --help of this verb alone; NULL = none */
};

/* Runs the verb named argv[0]; prints a suggestion on stderr for an unknown one. Returns exit
 * status (2 = usage). */
int hws_verbs_run(const struct hws_verb *table, size_t count, const char *program, int argc,
		char **argv, void *ctx);
/* Of "VERB [...] --help": prints what the verb is, and returns true. False when it is anything
 * else, or a verb that does so itself. `manual`: "hawser(1)". */
bool hws_verbs_help(const struct hws_verb *table, size_t count, const char *program,
		const char *manual, int argc, char **argv);
