/* admin/help: see the header. The shape of its lines is what completions read that know no table:
 * "  word ..." and "  --option ARG  text". */
#include "admin/cli/help.h"
#include "admin/cli/query.h"
#include <string.h>

#define WIDTH 24

static void line(FILE *out, const char *head, const char *text)
{
	if (strlen(head) > WIDTH)
		fprintf(out, "  %s\n  %-*s %s\n", head, WIDTH, "", text);
	else
		fprintf(out, "  %-*s %s\n", WIDTH, head, text);
}

static void options(FILE *out, const struct adm_option *o, const struct adm_verb *v)
{
	char head[96];

	for (; o && o->name; o++) {
		if (v && !adm_common_for(o, v))
			continue;
		snprintf(head, sizeof(head), "--%s%s%s", o->name, o->arg ? " " : "",
				o->arg ? o->arg : "");
		line(out, head, o->help);
	}
}

void adm_help_verb(FILE *out, const struct adm_verb *v)
{
	fprintf(out, "usage: hawser-admin %s%s%s%s%s [--option VALUE ...]\n\n%c%s.\n", v->noun,
			*v->name ? " " : "", v->name, *v->args ? " " : "", v->args,
			v->help[0] >= 'a' && v->help[0] <= 'z' ? v->help[0] - 32 : v->help[0],
			v->help + 1);
	if (v->options && v->options->name) {
		fputs("\nOptions:\n", out);
		options(out, v->options, NULL);
	}
	fputs("\nOptions of all:\n", out);
	options(out, adm_common_options(), v);
	if (v->flags & (ADM_MANY | ADM_FILTERS))
		fputs("\nNames: exact, 'web*', re:EXPRESSION, id:ID, name:NAME, guid:GUID, @FILE with one a\n"
		      "line, - for standard input.\n",
				out);
}

void adm_help_noun(FILE *out, const struct adm_noun *noun)
{
	const struct adm_verb *v;
	char head[160];

	fprintf(out, "usage: hawser-admin %s VERB ...\n\n%c%s:\n", noun->name, noun->help[0] - 32,
			noun->help + 1);
	for (size_t i = 0; (v = adm_verb_at(i)); i++) {
		if (strcmp(v->noun, noun->name) != 0 || (v->flags & ADM_HIDDEN))
			continue;
		snprintf(head, sizeof(head), "%s%s%s", v->name, *v->args ? " " : "", v->args);
		line(out, head, v->help);
	}
	fprintf(out, "\n'hawser-admin %s VERB --help' says what each takes.\n", noun->name);
}

void adm_help_all(FILE *out)
{
	const struct adm_noun *n;

	fputs("usage: hawser-admin [--server URL] [options] NOUN VERB [NAME ...] [--option VALUE ...]\n"
	      "       hawser-admin [--socket FILE] [--json] WORD [ARGUMENT ...]\n\n"
	      "Nouns ('hawser-admin NOUN --help' lists the verbs):\n",
			out);
	for (size_t i = 0; (n = adm_noun_at(i)); i++) {
		if (n->help)
			line(out, n->name, n->help);
	}
	fputs("\nSingle words, of the rendezvous server of this machine:\n", out);
	adm_query_help(out, ADM_RENDEZVOUS);
	fputs("\nRelay of this machine:\n", out);
	adm_query_help(out, ADM_RELAY);
	fputs("\nOptions:\n", out);
	options(out, adm_common_options(), NULL);
	line(out, "--version", "print the version");
	fputs("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 nothing matched, 4 refused, 5 exists "
	      "or changed,\n6 partly done, 7 the server cannot be reached; of single words: 0 done, "
	      "1 refused or\nfailed, 2 wrong usage, 3 the server cannot be reached.\n",
			out);
}
