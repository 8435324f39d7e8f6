/* Words for bash and zsh, which both know case: the tables are functions that either reads, and
 * each has one more that looks up in them what fits where the cursor is. */
#include "shared/conf/complete.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/conf/complete_fish.h"
#include <stdio.h>
#include <string.h>

struct maker {
	const struct hws_complete *c;
	char id[64]; /* "_hawser_relay" */
	struct complete_list *list;
	struct hws_buf *out;
	size_t words; /* of those that were counted */
};

static void put_word(struct hws_bytes word, void *arg)
{
	struct maker *m = arg;

	hws_buf_put_u8(m->out, ' ');
	hws_buf_put(m->out, word.ptr, word.len);
}

static void count_word(struct hws_bytes word HWS_UNUSED, void *arg)
{
	struct maker *m = arg;

	m->words++;
}

static void items(struct maker *m, const struct hws_verb *v)
{
	complete_items(m->c, v, m->list);
}

/* --- tables ----------------------------------------------------------------------------------- */

static void put_verbs(struct maker *m)
{
	hws_buf_fmt(m->out, "%s_verbs='", m->id);
	for (size_t i = 0; i < m->c->verbs_count; i++)
		if (m->c->verbs[i].help)
			put_word(hws_bytes_str(m->c->verbs[i].name), m);
	hws_buf_put_str(m->out, " '\n\n");
}

static void put_option_names(struct maker *m)
{
	for (size_t i = 0; i < m->list->count; i++) {
		const struct complete_item *item = &m->list->item[i];

		hws_buf_fmt(m->out, " --%.*s", (int)item->name.len, (const char *)item->name.ptr);
		if (item->on)
			hws_buf_fmt(m->out, " --no-%.*s", (int)item->name.len,
					(const char *)item->name.ptr);
		if (item->letter)
			hws_buf_fmt(m->out, " -%c", item->letter);
	}
}

static void put_options(struct maker *m)
{
	hws_buf_fmt(m->out, "%s_options()\n{\n\tcase $1 in\n", m->id);
	for (size_t i = 0; i < m->c->verbs_count; i++) {
		const struct hws_verb *v = &m->c->verbs[i];

		items(m, v);
		if (!v->help || !m->list->count)
			continue;
		hws_buf_fmt(m->out, "\t%s) echo '", v->name);
		put_option_names(m);
		hws_buf_put_str(m->out, "' ;;\n");
	}
	items(m, NULL);
	hws_buf_put_str(m->out, "\t*) echo '");
	put_option_names(m);
	hws_buf_put_str(m->out, "' ;;\n\tesac\n}\n\n");
}

static const char *kind_name(enum complete_kind kind)
{
	return kind == COMPLETE_FILE ? "file" : kind == COMPLETE_DIR ? "dir" : "any";
}

/* What follows the options of the list; a flag of one verb may take a value with another. */
static void put_value_arms(struct maker *m, const char *verb)
{
	for (size_t i = 0; i < m->list->count; i++) {
		const struct complete_item *item = &m->list->item[i];

		if (item->kind == COMPLETE_FLAG)
			continue;
		hws_buf_fmt(m->out, "\t%s --%.*s'", verb, (int)item->name.len,
				(const char *)item->name.ptr);
		if (item->letter)
			hws_buf_fmt(m->out, "|%s -%c'", verb, item->letter);
		hws_buf_fmt(m->out, ") echo '%s", kind_name(item->kind));
		complete_choices(item->arg, put_word, m);
		hws_buf_put_str(m->out, "' ;;\n");
	}
}

static void put_values(struct maker *m)
{
	char verb[64];

	hws_buf_fmt(m->out, "%s_value()\n{\n\tcase $1 in\n", m->id);
	for (size_t i = 0; i < m->c->verbs_count; i++) {
		const struct hws_verb *v = &m->c->verbs[i];

		if (!v->help)
			continue;
		items(m, v);
		snprintf(verb, sizeof(verb), "'%s", v->name);
		put_value_arms(m, verb);
	}
	items(m, NULL);
	put_value_arms(m, "*'");
	hws_buf_put_str(m->out, "\t*) return 1 ;;\n\tesac\n}\n\n");
}

struct host_words {
	struct maker *m;
	const struct hws_verb *v;
};

static void put_host_word(struct hws_bytes word, void *arg)
{
	struct host_words *h = arg;

	if (complete_word_has_host(h->v, word))
		hws_buf_fmt(h->m->out, "\t'%s 1 %.*s') echo \"words $(%s_hosts)\" ;;\n", h->v->name,
				(int)word.len, (const char *)word.ptr, h->m->id);
}

/* Words behind one verb, by how many stand there and which is the first. */
static void put_verb_words(struct maker *m, const struct hws_verb *v)
{
	struct host_words h = { m, v };
	bool files = complete_wants_files(m->c, v), hosts;

	hosts = m->c->knows_hosts && complete_wants_host(v);
	if (m->c->knows_hosts)
		complete_first(v->args, put_host_word, &h);
	if (v->args && strstr(v->args, "get NAME"))
		hws_buf_fmt(m->out,
				"\t'%s 1 get'|'%s 1 set') echo \"words $(%s_settings \"$4\")\" ;;\n",
				v->name, v->name, m->id);
	m->words = 0;
	complete_first(v->args, count_word, m);
	if (m->words || hosts || files) {
		hws_buf_fmt(m->out, "\t'%s 0 '*) echo \"%s", v->name,
				m->words || hosts ? "words" : "file");
		complete_first(v->args, put_word, m);
		if (hosts)
			hws_buf_fmt(m->out, " $(%s_hosts)", m->id);
		hws_buf_put_str(m->out, "\" ;;\n");
	}
	m->words = 0;
	complete_second(m->c, v, count_word, m);
	if (hosts && m->words) {
		hws_buf_fmt(m->out, "\t'%s 1 '*) echo 'words", v->name);
		complete_second(m->c, v, put_word, m);
		hws_buf_put_str(m->out, "' ;;\n");
	}
	if (files)
		hws_buf_fmt(m->out, "\t'%s '*) echo file ;;\n", v->name);
}

static void put_words(struct maker *m)
{
	/* `compgen -W` would run what it finds in a name: nothing but plain ones gets there. */
	hws_buf_fmt(m->out,
			"%s_settings()\n{\n\t\"$1\" config show 2>/dev/null </dev/null | sed -nE "
			"'s/^[#; ]*([a-z][a-z0-9-]*) *=.*/\\1/p' | sort -u | tr '\\n' ' '\n}\n\n",
			m->id);
	if (m->c->knows_hosts)
		hws_buf_fmt(m->out,
				"%s_hosts()\n{\n\thawser peers 2>/dev/null </dev/null | sed -nE "
				"'s/^([A-Za-z0-9][A-Za-z0-9._-]*)([[:cntrl:]].*)?$/\\1/p' | sort -u "
				"| tr '\\n' ' '\n}\n\n",
				m->id);
	hws_buf_fmt(m->out,
			"%s_words()\n{\n\tcase \"$1 $2 $3\" in\n\t' 0 '*) echo \"words $%s_verbs\" ;;\n",
			m->id, m->id);
	for (size_t i = 0; i < m->c->verbs_count; i++)
		if (m->c->verbs[i].help && m->c->verbs[i].args && *m->c->verbs[i].args)
			put_verb_words(m, &m->c->verbs[i]);
	hws_buf_put_str(m->out, "\tesac\n}\n\n");
}

static void put_tables(struct maker *m)
{
	put_verbs(m);
	put_options(m);
	put_values(m);
	put_words(m);
}

/* --- the shells ------------------------------------------------------------------------------- */

/* `text` with @ for the name of the function, ^ for that of the program, and ~ for @. */
static void put_text(struct maker *m, const char *text)
{
	for (; *text; text++) {
		if (*text == '@')
			hws_buf_put_str(m->out, m->id);
		else if (*text == '^')
			hws_buf_put_str(m->out, m->c->program);
		else if (*text == '~')
			hws_buf_put_u8(m->out, '@');
		else
			hws_buf_put_u8(m->out, (uint8_t)*text);
	}
}

static const char bash_text[] =
		"@()\n{\n"
		"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
		"\tlocal verb= first= count=0 i word what words=\n\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tword=${COMP_WORDS[i]}\n"
		"\t\tif [[ $word == -?* ]]; then\n"
		"\t\t\tif @_value \"$verb $word\" >/dev/null; then\n"
		"\t\t\t\t[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))\n"
		"\t\t\t\ti=$((i + 1))\n"
		"\t\t\tfi\n"
		"\t\telif [[ -z $verb && $count == 0 && $@_verbs == *\" $word \"* ]]; then\n"
		"\t\t\tverb=$word\n"
		"\t\telse\n"
		"\t\t\tcount=$((count + 1))\n"
		"\t\t\tfirst=${first:-$word}\n"
		"\t\tfi\n"
		"\tdone\n"
		"\tif [[ $current == = ]]; then\n\t\tcurrent=\n"
		"\telif [[ $previous == = ]]; then\n\t\tprevious=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n"
		"\tCOMPREPLY=()\n"
		"\tif [[ $previous == -* ]] && what=$(@_value \"$verb $previous\"); then\n\t\t:\n"
		"\telif [[ $current == -* ]]; then\n\t\twhat=\"words $(@_options \"$verb\")\"\n"
		"\telse\n\t\twhat=$(@_words \"$verb\" $count \"$first\" \"${COMP_WORDS[0]}\")\n\tfi\n"
		"\t[[ $what == *' '* ]] && words=${what#* }\n"
		"\tmapfile -t COMPREPLY < <(\n"
		"\t\tcompgen -W \"$words\" -- \"$current\" || :\n"
		"\t\tcase $what in\n"
		"\t\tfile*) compgen -f -- \"$current\" ;;\n"
		"\t\tdir*) compgen -d -- \"$current\" ;;\n"
		"\t\tesac\n"
		"\t)\n}\n\n"
		"complete -o filenames -F @ ^\n";

static const char zsh_text[] =
		"@()\n{\n"
		"\tlocal current=${words[CURRENT]} previous=${words[CURRENT-1]}\n"
		"\tlocal verb= first= count=0 i word what\n\tlocal -a list\n\n"
		"\tfor ((i = 2; i < CURRENT; i++)); do\n"
		"\t\tword=${words[i]}\n"
		"\t\tif [[ $word == -?* ]]; then\n"
		"\t\t\t@_value \"$verb $word\" >/dev/null && i=$((i + 1))\n"
		"\t\telif [[ -z $verb && $count == 0 && $@_verbs == *\" $word \"* ]]; then\n"
		"\t\t\tverb=$word\n"
		"\t\telse\n"
		"\t\t\tcount=$((count + 1))\n"
		"\t\t\tfirst=${first:-$word}\n"
		"\t\tfi\n"
		"\tdone\n"
		"\tif [[ $current == --*=* ]]; then\n"
		"\t\tprevious=${current%%=*} current=${current#*=}\n"
		"\t\tcompset -P '*='\n"
		"\tfi\n"
		"\tif [[ $previous == -* ]] && what=$(@_value \"$verb $previous\"); then\n\t\t:\n"
		"\telif [[ $current == -* ]]; then\n\t\twhat=\"words $(@_options \"$verb\")\"\n"
		"\telse\n\t\twhat=$(@_words \"$verb\" $count \"$first\" \"${words[1]}\")\n\tfi\n"
		"\t[[ $what == *' '* ]] && list=(${=what#* })\n"
		"\tcompadd -- $list\n"
		"\tcase $what in\n"
		"\tfile*) _files ;;\n"
		"\tdir*) _files -/ ;;\n"
		"\tesac\n}\n\n"
		"if [[ $funcstack[1] == _^ ]]; then\n\t@ \"$~\"\nelse\n"
		"\tcompdef @ ^\nfi\n";

static void make_bash(struct maker *m)
{
	put_text(m, "# bash completion of ^: made by '^ completion bash'.\n\n");
	put_tables(m);
	put_text(m, bash_text);
}

static void make_zsh(struct maker *m)
{
	put_text(m, "#compdef ^\n# zsh completion of ^: made by '^ completion zsh'.\n\n");
	put_tables(m);
	put_text(m, zsh_text);
}

static void make_fish(struct maker *m)
{
	put_text(m, "# fish completion of ^: made by '^ completion fish'.\n\n");
	complete_fish(m->c, m->id, m->list, m->out);
}

int hws_complete_make(const struct hws_complete *c, const char *shell, struct hws_buf *out)
{
	static const struct {
		const char *name;
		void (*make)(struct maker *m);
	} shells[] = { { "bash", make_bash }, { "zsh", make_zsh }, { "fish", make_fish } };
	struct maker m = { .c = c, .out = out };
	int r = HWS_ERR_NOTFOUND;

	snprintf(m.id, sizeof(m.id), "_%s", c->program);
	for (char *at = m.id; *at; at++)
		if (*at == '-')
			*at = '_';
	m.list = hws_alloc(sizeof(*m.list));
	if (!m.list)
		return HWS_ERR_NOMEM;
	m.list->full = false;
	for (size_t i = 0; i < HWS_COUNT(shells); i++) {
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].make(&m);
			r = m.list->full ? HWS_ERR_RANGE : hws_buf_err(out);
		}
	}
	hws_free(m.list);
	return r;
}

static int print(const char *program, struct hws_buf *out, int r)
{
	struct hws_bytes text = hws_buf_bytes(out);

	if (r == HWS_OK)
		return fwrite(text.ptr, 1, text.len, stdout) != text.len;
	if (r == HWS_ERR_NOTFOUND) {
		fprintf(stderr, "usage: %s completion bash|zsh|fish\n", program);
		return 2;
	}
	fprintf(stderr, "%s: %s\n", program, hws_err_text(r));
	return 1;
}

/* The table that "man" or "man VERB" is about; NULL = none. */
static const struct hws_options *table_of_manual(
		const struct hws_complete *c, int argc, char **argv)
{
	if (argc == 2)
		return c->options;
	for (size_t i = 0; argc == 3 && i < c->parts_count; i++)
		if (strcmp(c->parts[i].verb, argv[2]) == 0)
			return c->parts[i].options;
	return NULL;
}

bool hws_complete_verb(const struct hws_complete *c, int argc, char **argv, int *ret)
{
	bool words = argc >= 2 && strcmp(argv[1], "completion") == 0;
	const struct hws_options *o = NULL;
	struct hws_buf out;
	int r = HWS_ERR_NOTFOUND;

	if (argc >= 2 && strcmp(argv[1], "man") == 0)
		o = table_of_manual(c, argc, argv);
	if (!words && !o)
		return false;
	hws_buf_init(&out, 1u << 20);
	if (o) {
		hws_options_man(o, &out);
		r = hws_buf_err(&out);
	} else if (argc == 3) {
		r = hws_complete_make(c, argv[2], &out);
	}
	*ret = print(c->program, &out, r);
	hws_buf_done(&out);
	return true;
}
