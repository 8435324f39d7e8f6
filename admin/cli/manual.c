/* admin/manual: the manual page, made of the table; packaging/man/hawser-admin.1 is what it prints,
 * which a test compares. */
#include "admin/cli/manual_text.h"
#include "admin/cli/verbs.h"
#include <ctype.h>
#include <string.h>

static void sentence(const char *text)
{
	/* A line that begins so would be an order to the formatter. */
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	putchar(toupper((unsigned char)*text));
	for (text++; *text; text++) {
		if (*text == '\\')
			putchar('\\');
		putchar(*text);
		if (*text == '\\')
			putchar('e');
		/* New sentence, new line. */
		if ((*text == '.' || *text == ';') && text[1] == ' ' && text[2] && *text == '.') {
			putchar('\n');
			text++;
		}
	}
	fputs(".\n", stdout);
}

/* "USER...", "[LIMIT] [AFTER]", "bash|zsh|fish". */
static void arguments(const char *args)
{
	char word[64];

	while (*args) {
		size_t len = strcspn(args, " ");
		bool optional = *args == '[';
		const char *from = args + optional;
		size_t n = len - (optional ? 2 : 0);

		snprintf(word, sizeof(word), "%.*s", (int)n, from);
		printf(" %s %s",
				optional                                        ? "Op Ar"
						: islower((unsigned char)*word) ? "Cm"
										: "Ar",
				word);
		args += len;
		args += *args == ' ';
	}
}

static void option(const struct adm_option *o)
{
	printf(".It Fl -%s", o->name);
	if (o->arg)
		printf(" Ar %s", o->arg);
	putchar('\n');
	sentence(o->help);
}

static void verb(const struct adm_verb *v)
{
	printf(".It Cm %s%s%s", v->noun, *v->name ? " " : "", v->name);
	arguments(v->args);
	putchar('\n');
	sentence(v->help);
	if (!v->options || !v->options->name)
		return;
	fputs(".Bl -tag -width Ds -compact\n", stdout);
	for (const struct adm_option *o = v->options; o->name; o++)
		option(o);
	fputs(".El\n", stdout);
}

static void nouns(void)
{
	const struct adm_noun *n;
	const struct adm_verb *v;

	for (size_t i = 0; (n = adm_noun_at(i)); i++) {
		if (!n->help)
			continue;
		printf(".Ss %s: %s\n", n->name, n->help);
		if (n->alias)
			printf("Also\n.Cm %s .\n", n->alias);
		fputs(".Bl -tag -width Ds\n", stdout);
		for (size_t k = 0; (v = adm_verb_at(k)); k++) {
			if (strcmp(v->noun, n->name) == 0 && !(v->flags & ADM_HIDDEN))
				verb(v);
		}
		fputs(".El\n", stdout);
	}
}

int adm_manual(struct adm_call *call HWS_UNUSED)
{
	fputs(adm_manual_head, stdout);
	fputs(".Bl -tag -width Ds\n", stdout);
	for (const struct adm_option *o = adm_common_options(); o->name; o++)
		option(o);
	fputs(".It Fl -version\nPrint the version.\n.El\n", stdout);
	fputs(adm_manual_use, stdout);
	fputs(".Sh NOUNS AND VERBS\n", stdout);
	nouns();
	fputs(adm_manual_words, stdout);
	fputs(adm_manual_tail, stdout);
	return ADM_DONE;
}
