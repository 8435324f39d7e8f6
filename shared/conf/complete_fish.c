/* One line of `complete` for each word and option, with its help. See the header. */
#include "shared/conf/complete_fish.h"
#include "shared/base/macros.h"
#include <stdio.h>
#include <string.h>

#define HOSTS                                                                                      \
	"(hawser peers 2>/dev/null </dev/null | string match -r -g "                               \
	"\"^([A-Za-z0-9][A-Za-z0-9.:@_-]*)(?:\\t.*)?\\$\")"

struct maker {
	const struct hws_complete *c;
	const char *id;
	struct hws_buf *out;
	const struct hws_verb *v;
	bool second;
};

static void put_quoted(struct hws_buf *out, struct hws_bytes text)
{
	hws_buf_put_u8(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\'' || text.ptr[i] == '\\')
			hws_buf_put_u8(out, '\\');
		hws_buf_put_u8(out, text.ptr[i]);
	}
	hws_buf_put_u8(out, '\'');
}

static void put_choice(struct hws_bytes word, void *arg)
{
	struct hws_buf *out = arg;

	hws_buf_put(out, word.ptr, word.len);
	hws_buf_put_u8(out, ' ');
}

static void put_option(struct maker *m, const struct complete_item *item)
{
	const char *verb = m->v ? m->v->name : "";

	hws_buf_fmt(m->out, "complete -c %s -n '_%s_in \"%s\"' -l %.*s", m->c->program, m->id, verb,
			(int)item->name.len, (const char *)item->name.ptr);
	if (item->letter)
		hws_buf_fmt(m->out, " -s %c", item->letter);
	if (item->kind == COMPLETE_FILE)
		hws_buf_put_str(m->out, " -r -F");
	else if (item->kind != COMPLETE_FLAG)
		hws_buf_put_str(m->out, " -x");
	if (item->kind == COMPLETE_DIR) {
		hws_buf_put_str(m->out, " -a '(__fish_complete_directories (commandline -ct)) ");
		complete_choices(item->arg, put_choice, m->out);
		hws_buf_put_u8(m->out, '\'');
	} else if (item->kind != COMPLETE_FLAG) {
		hws_buf_put_str(m->out, " -a '");
		complete_choices(item->arg, put_choice, m->out);
		hws_buf_put_u8(m->out, '\'');
	}
	hws_buf_put_str(m->out, " -d ");
	put_quoted(m->out, item->help);
	hws_buf_put_u8(m->out, '\n');
	if (item->on)
		hws_buf_fmt(m->out, "complete -c %s -n '_%s_in \"%s\"' -l no-%.*s -d 'Not so.'\n",
				m->c->program, m->id, verb, (int)item->name.len,
				(const char *)item->name.ptr);
}

/* Words that are no values of options: "VERB WORD ...". */
static void put_functions(struct maker *m, struct complete_list *list)
{
	hws_buf_fmt(m->out,
			"function _%s_plain\n\tset -l verb ''\n\tset -l skip 0\n"
			"\tfor word in (commandline -opc)[2..-1]\n"
			"\t\tif test $skip = 1\n\t\t\tset skip 0\n\t\t\tcontinue\n\t\tend\n"
			"\t\tswitch \"$verb $word\"\n",
			m->id);
	for (size_t i = 0; i <= m->c->verbs_count; i++) {
		const struct hws_verb *v = i < m->c->verbs_count ? &m->c->verbs[i] : NULL;

		if (v && !v->help)
			continue;
		complete_items(m->c, v, list);
		for (size_t k = 0; k < list->count; k++) {
			const struct complete_item *item = &list->item[k];

			if (item->kind == COMPLETE_FLAG)
				continue;
			hws_buf_fmt(m->out, "\t\tcase '%s --%.*s'", v ? v->name : "*",
					(int)item->name.len, (const char *)item->name.ptr);
			if (item->letter)
				hws_buf_fmt(m->out, " '%s -%c'", v ? v->name : "*", item->letter);
			hws_buf_put_str(m->out, "\n\t\t\tset skip 1\n");
		}
	}
	hws_buf_put_str(m->out,
			"\t\tcase '* -*'\n\t\tcase '*'\n\t\t\techo $word\n"
			"\t\t\ttest -n \"$verb\"; or set verb $word\n\t\tend\n\tend\nend\n\n");
}

/* Verbs with options of their own are named in _in: with them those of the program are not offered.
 * _at VERB N [WORD]: N words stand behind the verb, the first of them WORD. */
static void put_conditions(struct maker *m, struct complete_list *list)
{
	hws_buf_fmt(m->out,
			"function _%s_in\n\tset -l plain (_%s_plain)\n"
			"\tswitch \"$plain[1]\"\n\t\tcase ''",
			m->id, m->id);
	for (size_t i = 0; i < m->c->verbs_count; i++) {
		complete_items(m->c, &m->c->verbs[i], list);
		if (m->c->verbs[i].help && list->count)
			hws_buf_fmt(m->out, " %s", m->c->verbs[i].name);
	}
	hws_buf_fmt(m->out,
			"\n\t\t\ttest \"$plain[1]\" = \"$argv[1]\"\n"
			"\t\tcase '*'\n\t\t\ttest -z \"$argv[1]\"\n\tend\nend\n\n"
			"function _%s_at\n\tset -l plain (_%s_plain)\n"
			"\ttest \"$plain[1]\" = \"$argv[1]\"; or return 1\n"
			"\ttest (count $argv) -lt 2; or test -z \"$argv[1]\"\n"
			"\tor test (count $plain) -eq (math $argv[2] + 1); or return 1\n"
			"\ttest (count $argv) -lt 3; or test \"$plain[2]\" = \"$argv[3]\"\nend\n\n",
			m->id, m->id);
}

static void put_line(struct maker *m, const char *at, struct hws_bytes words)
{
	hws_buf_fmt(m->out, "complete -c %s -n '_%s_at \"%s\" %s' -a ", m->c->program, m->id,
			m->v->name, at);
	put_quoted(m->out, words);
	hws_buf_put_u8(m->out, '\n');
}

static void put_word(struct hws_bytes word, void *arg)
{
	struct maker *m = arg;

	put_line(m, m->second ? "1" : "0", word);
}

static void put_host_word(struct hws_bytes word, void *arg)
{
	struct maker *m = arg;
	char at[80];

	if (!complete_word_has_host(m->v, word) || word.len > 60)
		return;
	snprintf(at, sizeof(at), "1 \"%.*s\"", (int)word.len, (const char *)word.ptr);
	put_line(m, at, hws_bytes_str(HOSTS));
}

static void count_word(struct hws_bytes word HWS_UNUSED, void *arg)
{
	++*(unsigned *)arg;
}

static void put_verb(struct maker *m, struct complete_list *list)
{
	const struct hws_verb *v = m->v;

	hws_buf_fmt(m->out, "complete -c %s -n '_%s_at \"\" 0' -a %s -d ", m->c->program, m->id,
			v->name);
	put_quoted(m->out, hws_bytes_str(v->help));
	hws_buf_put_u8(m->out, '\n');
	m->second = false;
	complete_first(v->args, put_word, m);
	if (m->c->knows_hosts) {
		complete_first(v->args, put_host_word, m);
		if (complete_wants_host(v))
			put_line(m, "0", hws_bytes_str(HOSTS));
		m->second = true;
		if (complete_wants_host(v))
			complete_second(m->c, v, put_word, m);
	}
	if (v->args && strstr(v->args, "get NAME")) {
		static const char settings[] = "(%s config show 2>/dev/null </dev/null | string "
					       "match -r -g \"^[#; ]*([a-z][a-z0-9-]*) *=\")";
		char words[200];

		snprintf(words, sizeof(words), settings, m->c->program);
		put_line(m, "1 get", hws_bytes_str(words));
		put_line(m, "1 set", hws_bytes_str(words));
	}
	if (complete_wants_files(m->c, v)) { /* behind the host, or the word, that stands first */
		unsigned first = 0;

		complete_first(v->args, count_word, &first);
		hws_buf_fmt(m->out,
				"complete -c %s -n '_%s_at \"%s\"; and test (count (_%s_plain)) -gt "
				"%d' -F\n",
				m->c->program, m->id, v->name, m->id,
				complete_wants_host(v)  ? 2
						: first ? 1
							: 0);
	}
	complete_items(m->c, v, list);
	for (size_t i = 0; i < list->count; i++)
		put_option(m, &list->item[i]);
}

void complete_fish(const struct hws_complete *c, const char *id, struct complete_list *list,
		struct hws_buf *out)
{
	struct maker m = { .c = c, .id = id, .out = out };

	put_functions(&m, list);
	put_conditions(&m, list);
	hws_buf_fmt(out, "complete -c %s -f\n", c->program);
	for (size_t i = 0; i < c->verbs_count; i++) {
		m.v = &c->verbs[i];
		if (m.v->help)
			put_verb(&m, list);
	}
	m.v = NULL;
	complete_items(c, NULL, list);
	for (size_t i = 0; i < list->count; i++)
		put_option(&m, &list->item[i]);
}
