/* Sub-commands by a table: the same usage, help and answers to a mistyped word in every program. */
#include "shared/conf/verbs.h"

#include "shared/base/str.h"
#include "shared/conf/suggest.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static void list_verbs(const struct hws_verb *table, size_t count, const char *program)
{
	fprintf(stderr, "usage: %s COMMAND ...\n\nCommands:\n", program);
	for (size_t i = 0; i < count; i++) {
		char head[128];

		if (!table[i].help)
			continue; /* internal */
		if (hws_fmt(head, sizeof(head), "%s %s", table[i].name,
				    table[i].args ? table[i].args : "") < 0 &&
				hws_str_copy(head, sizeof(head), table[i].name) < 0)
			continue;
		if (strlen(head) > 28)
			fprintf(stderr, "  %s\n  %-28s", head, "");
		else
			fprintf(stderr, "  %-28s", head);
		fprintf(stderr, "  %s\n", table[i].help);
	}
}

static int unknown(
		const struct hws_verb *table, size_t count, const char *program, const char *word)
{
	size_t cost = strlen(word) / 3 + 1;
	const char *best = NULL;
	char safe[96];

	for (size_t i = 0; i < count; i++) {
		if (table[i].help)
			hws_suggest(word, table[i].name, &cost, &best);
	}
	hws_str_escape(safe, sizeof(safe), hws_bytes_str(word));
	if (best)
		fprintf(stderr, "%s: unknown command '%s'; did you mean '%s'?\n", program, safe,
				best);
	else
		fprintf(stderr, "%s: unknown command '%s'\n", program, safe);
	fprintf(stderr, "'%s --help' lists the commands.\n", program);
	return EXIT_USAGE;
}

/* Those with options have more to say, and say it themselves. */
static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

bool hws_verbs_help(const struct hws_verb *table, size_t count, const char *program,
		const char *manual, int argc, char **argv)
{
	if (argc < 2 || !asks_for_help(argv[argc - 1]))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct hws_verb *v = &table[i];

		if (!v->help || v->has_help || strcmp(v->name, argv[0]) != 0)
			continue;
		printf("usage: %s %s%s%s\n\n%s; see %s.\n", program, v->name,
				v->args && *v->args ? " " : "", v->args ? v->args : "", v->help,
				manual);
		if (v->more)
			printf("\n%s", v->more);
		return true;
	}
	return false;
}

int hws_verbs_run(const struct hws_verb *table, size_t count, const char *program, int argc,
		char **argv, void *ctx)
{
	if (argc < 1) {
		list_verbs(table, count, program);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < count; i++) {
		const struct hws_verb *v = &table[i];

		if (strcmp(v->name, argv[0]) != 0)
			continue;
		if (argc - 1 < v->min_args || (v->max_args >= 0 && argc - 1 > v->max_args)) {
			fprintf(stderr, "usage: %s %s%s%s\n", program, v->name,
					v->args && *v->args ? " " : "", v->args ? v->args : "");
			return EXIT_USAGE;
		}
		return v->run(argc, argv, ctx);
	}
	return unknown(table, count, program, argv[0]);
}
