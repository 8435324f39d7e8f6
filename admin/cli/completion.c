/* admin/completion: words for shells, made of the table: nouns, verbs, options, and the choices of
 * those. */
#include "admin/cli/query.h"
#include "admin/cli/verbs.h"
#include <string.h>

/* --- for bash and zsh, which both know case --------------------------------------------------- */

static void put_nouns(void)
{
	const struct adm_noun *n;
	const char *word;

	fputs("_hawser_admin_nouns='", stdout);
	for (size_t i = 0; (n = adm_noun_at(i)); i++) {
		if (n->help)
			printf("%s%s", i ? " " : "", n->name);
	}
	for (size_t i = 0; (word = adm_query_word(ADM_RENDEZVOUS, i)); i++) {
		if (!adm_noun_find(word))
			printf(" %s", word);
	}
	fputs("'\n\n", stdout);
}

static void put_verbs(void)
{
	const struct adm_noun *n;
	const struct adm_verb *v;
	const char *word;

	fputs("_hawser_admin_verbs()\n{\n\tcase $1 in\n", stdout);
	for (size_t i = 0; (n = adm_noun_at(i)); i++) {
		bool any = false;

		for (size_t k = 0; n->help && (v = adm_verb_at(k)); k++) {
			if (strcmp(v->noun, n->name) != 0 || !*v->name || (v->flags & ADM_HIDDEN))
				continue;
			if (!any)
				printf("\t%s) echo '", n->name);
			printf("%s%s", any ? " " : "", v->name);
			any = true;
		}
		for (size_t k = 0; any && strcmp(n->name, "relay") == 0 &&
				(word = adm_query_word(ADM_RELAY, k));
				k++) {
			if (!adm_verb_find("relay", word))
				printf(" %s", word);
		}
		if (any)
			fputs("' ;;\n", stdout);
	}
	fputs("\tcompletion) echo 'bash zsh fish' ;;\n\tesac\n}\n\n", stdout);
}

static void put_options(void)
{
	const struct adm_verb *v;

	fputs("_hawser_admin_options()\n{\n\tcase $1 in\n", stdout);
	for (size_t i = 0; (v = adm_verb_at(i)); i++) {
		if (v->flags & ADM_HIDDEN)
			continue;
		printf("\t'%s%s%s') echo '", v->noun, *v->name ? " " : "", v->name);
		for (const struct adm_option *o = v->options; o && o->name; o++)
			printf("--%s ", o->name);
		for (const struct adm_option *o = adm_common_options(); o->name; o++) {
			if (adm_common_for(o, v))
				printf("--%s ", o->name);
		}
		fputs("' ;;\n", stdout);
	}
	fputs("\t*) echo '", stdout);
	for (const struct adm_option *o = adm_common_options(); o->name; o++)
		printf("--%s ", o->name);
	fputs("--version' ;;\n\tesac\n}\n\n", stdout);
}

static void put_words(const char *list)
{
	for (; *list; list++)
		putchar(*list == '|' ? ' ' : *list);
}

static void put_choices(void)
{
	const struct adm_verb *v;

	fputs("_hawser_admin_choices()\n{\n\tcase $1 in\n", stdout);
	for (size_t i = 0; (v = adm_verb_at(i)); i++) {
		for (const struct adm_option *o = v->options; o && o->name; o++) {
			if (o->kind != ADM_CHOICE && o->kind != ADM_YES)
				continue;
			printf("\t'%s %s --%s') echo '", v->noun, v->name, o->name);
			put_words(o->kind == ADM_YES ? "yes|no" : o->more);
			fputs("' ;;\n", stdout);
		}
	}
	for (const struct adm_option *o = adm_common_options(); o->name; o++) {
		if (o->kind == ADM_CHOICE) {
			printf("\t*' --%s') echo '", o->name);
			put_words(o->more);
			fputs("' ;;\n", stdout);
		}
	}
	fputs("\tesac\n}\n\n_hawser_admin_value()\n{\n\tcase $1 in\n\t", stdout);
	/* Options that take a value, so that it is not taken for a word of the command. */
	for (size_t i = 0; (v = adm_verb_at(i)); i++) {
		for (const struct adm_option *o = v->options; o && o->name; o++) {
			if (o->kind != ADM_FLAG)
				printf("'%s %s --%s'|", v->noun, v->name, o->name);
		}
	}
	for (const struct adm_option *o = adm_common_options(); o->name; o++) {
		if (o->kind != ADM_FLAG)
			printf("*' --%s'|", o->name);
	}
	fputs("'') return 0 ;;\n\tesac\n\treturn 1\n}\n\n", stdout);
}

static bool is_file(const char *arg)
{
	return arg && (strstr(arg, "FILE") || strstr(arg, "DIR") || strstr(arg, "WHERE"));
}

/* Where names of files fit. Accounts and devices are not in the table, and a file of that name
 * would be taken for one. */
static void put_files(void)
{
	const struct adm_verb *v;

	fputs("_hawser_admin_files()\n{\n\tcase $1 in\n\t", stdout);
	for (size_t i = 0; (v = adm_verb_at(i)); i++) {
		if (is_file(v->args))
			printf("'%s %s'|", v->noun, v->name);
		for (const struct adm_option *o = v->options; o && o->name; o++) {
			if (is_file(o->arg))
				printf("'%s %s --%s'|", v->noun, v->name, o->name);
		}
	}
	for (const struct adm_option *o = adm_common_options(); o->name; o++) {
		if (is_file(o->arg))
			printf("*' --%s'|", o->name);
	}
	/* words of the servers that are in no table of verbs */
	fputs("'db '*) return 0 ;;\n\tesac\n\treturn 1\n}\n\n", stdout);
}

static void put_tables(void)
{
	put_nouns();
	put_verbs();
	put_options();
	put_choices();
	put_files();
}

static void put_bash(void)
{
	fputs("# bash completion of hawser-admin: made by 'hawser-admin completion bash'.\n\n",
			stdout);
	put_tables();
	fputs("_hawser_admin()\n{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} noun= "
	      "verb= i words\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tif [[ ${COMP_WORDS[i]} == -* ]]; then\n"
	      "\t\t\t_hawser_admin_value \"$noun $verb ${COMP_WORDS[i]}\" && i=$((i + 1))\n"
	      "\t\telif [ -z \"$noun\" ]; then\n\t\t\tnoun=${COMP_WORDS[i]}\n"
	      "\t\telif [ -z \"$verb\" ]; then\n\t\t\tverb=${COMP_WORDS[i]}\n\t\tfi\n\tdone\n"
	      "\tCOMPREPLY=()\n"
	      "\twords=$(_hawser_admin_choices \"$noun $verb $previous\")\n"
	      "\tif [ -n \"$words\" ]; then\n\t\t:\n"
	      "\telif _hawser_admin_value \"$noun $verb $previous\"; then\n"
	      "\t\t_hawser_admin_files \"$noun $verb $previous\" && "
	      "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n\t\treturn\n"
	      "\telif [[ $current == -* ]]; then\n"
	      "\t\twords=$(_hawser_admin_options \"$noun${verb:+ $verb}\")\n"
	      "\telif [ -z \"$noun\" ]; then\n\t\twords=$_hawser_admin_nouns\n"
	      "\telif [ -z \"$verb\" ]; then\n\t\twords=$(_hawser_admin_verbs \"$noun\")\n"
	      "\telse\n\t\t_hawser_admin_files \"$noun $verb\" && "
	      "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n\t\treturn\n\tfi\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n}\n\n"
	      "complete -o filenames -F _hawser_admin hawser-admin\n",
			stdout);
}

static void put_zsh(void)
{
	fputs("#compdef hawser-admin\n# zsh completion of hawser-admin: made by 'hawser-admin "
	      "completion zsh'.\n\n",
			stdout);
	put_tables();
	fputs("_hawser_admin()\n{\n"
	      "\tlocal noun= verb= i list previous=${words[CURRENT-1]}\n"
	      "\tfor ((i = 2; i < CURRENT; i++)); do\n"
	      "\t\tif [[ ${words[i]} == -* ]]; then\n"
	      "\t\t\t_hawser_admin_value \"$noun $verb ${words[i]}\" && ((i++))\n"
	      "\t\telif [[ -z $noun ]]; then\n\t\t\tnoun=${words[i]}\n"
	      "\t\telif [[ -z $verb ]]; then\n\t\t\tverb=${words[i]}\n\t\tfi\n\tdone\n"
	      "\tlist=$(_hawser_admin_choices \"$noun $verb $previous\")\n"
	      "\tif [[ -n $list ]]; then\n\t\t:\n"
	      "\telif _hawser_admin_value \"$noun $verb $previous\"; then\n"
	      "\t\t_hawser_admin_files \"$noun $verb $previous\" && _files\n\t\treturn\n"
	      "\telif [[ ${words[CURRENT]} == -* ]]; then\n"
	      "\t\tlist=$(_hawser_admin_options \"$noun${verb:+ $verb}\")\n"
	      "\telif [[ -z $noun ]]; then\n\t\tlist=$_hawser_admin_nouns\n"
	      "\telif [[ -z $verb ]]; then\n\t\tlist=$(_hawser_admin_verbs \"$noun\")\n"
	      "\telse\n\t\t_hawser_admin_files \"$noun $verb\" && _files\n\t\treturn\n\tfi\n"
	      "\tcompadd -- ${=list}\n}\n\n"
	      "if [[ $funcstack[1] == _hawser-admin ]]; then\n\t_hawser_admin \"$@\"\nelse\n"
	      "\tcompdef _hawser_admin hawser-admin\nfi\n",
			stdout);
}

/* --- for fish --------------------------------------------------------------------------------- */

static void put_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static void put_fish_option(const char *condition, const struct adm_option *o)
{
	printf("complete -c hawser-admin -n %s -l %s", condition, o->name);
	if (o->kind != ADM_FLAG)
		fputs(is_file(o->arg) ? " -r" : " -x", stdout);
	if (o->kind == ADM_CHOICE || o->kind == ADM_YES) {
		fputs(" -f -a '", stdout);
		put_words(o->kind == ADM_YES ? "yes|no" : o->more);
		putchar('\'');
	}
	fputs(" -d ", stdout);
	put_quoted(o->help);
	putchar('\n');
}

static void put_fish(void)
{
	const struct adm_noun *n;
	const struct adm_verb *v;
	char condition[120];

	fputs("# fish completion of hawser-admin: made by 'hawser-admin completion fish'.\n\n"
	      "function __hawser_admin_at\n"
	      "\tset -l words\n"
	      "\tfor word in (commandline -opc)[2..-1]\n"
	      "\t\tstring match -q -- '-*' $word; or set -a words $word\n"
	      "\tend\n"
	      "\ttest (count $words) -ge (count $argv); or return 1\n"
	      "\tfor i in (seq (count $argv))\n"
	      "\t\ttest $words[$i] = $argv[$i]; or return 1\n"
	      "\tend\n"
	      "end\n\n"
	      "function __hawser_admin_wants\n"
	      "\tset -l words\n"
	      "\tfor word in (commandline -opc)[2..-1]\n"
	      "\t\tstring match -q -- '-*' $word; or set -a words $word\n"
	      "\tend\n"
	      "\ttest (count $words) -eq $argv[1]; and __hawser_admin_at $argv[2..-1]\n"
	      "end\n\n",
			stdout);
	for (size_t i = 0; (n = adm_noun_at(i)); i++) {
		if (!n->help)
			continue;
		printf("complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a %s -d ",
				n->name);
		put_quoted(n->help);
		putchar('\n');
	}
	for (size_t i = 0; (v = adm_verb_at(i)); i++) {
		if (!*v->name || (v->flags & ADM_HIDDEN))
			continue;
		printf("complete -c hawser-admin -n '__hawser_admin_wants 1 %s' -f -a %s -d ",
				v->noun, v->name);
		put_quoted(v->help);
		putchar('\n');
		snprintf(condition, sizeof(condition), "'__hawser_admin_at %s %s'", v->noun,
				v->name);
		if (!is_file(v->args))
			printf("complete -c hawser-admin -n %s -f\n", condition);
		for (const struct adm_option *o = v->options; o && o->name; o++)
			put_fish_option(condition, o);
	}
	puts("complete -c hawser-admin -n '__hawser_admin_wants 1 completion' -f -a 'bash zsh fish'");
	for (const struct adm_option *o = adm_common_options(); o->name; o++)
		put_fish_option("true", o);
}

int adm_completion(struct adm_call *call)
{
	static const struct {
		const char *name;
		void (*put)(void);
	} shells[] = { { "bash", put_bash }, { "zsh", put_zsh }, { "fish", put_fish } };

	for (size_t i = 0; i < HWS_COUNT(shells); i++) {
		if (strcmp(call->args[0], shells[i].name) == 0) {
			shells[i].put();
			return ADM_DONE;
		}
	}
	return adm_complain(ADM_USAGE, "bash, zsh or fish, not '%s'", call->args[0]);
}
