/* The tables, and the texts beside them that name options, as one list. See the header. */
#include "shared/conf/complete_items.h"
#include "shared/base/macros.h"
#include <string.h>

/* --- words ------------------------------------------------------------------------------------ */

static bool is_lower(uint8_t b)
{
	return b >= 'a' && b <= 'z';
}

static bool is_upper(uint8_t b)
{
	return b >= 'A' && b <= 'Z';
}

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

/* One that is typed as it stands here. */
static bool is_word(struct hws_bytes w)
{
	if (!w.len || !(is_lower(w.ptr[0]) || is_digit(w.ptr[0])))
		return false;
	for (size_t i = 1; i < w.len; i++)
		if (!is_lower(w.ptr[i]) && !is_digit(w.ptr[i]) && w.ptr[i] != '-' &&
				w.ptr[i] != '.')
			return false;
	return true;
}

static bool begins(struct hws_bytes w, const char *with)
{
	size_t n = strlen(with);

	return w.len >= n && memcmp(w.ptr, with, n) == 0;
}

static size_t span(struct hws_bytes w, const char *stop)
{
	size_t n = 0;

	while (n < w.len && w.ptr[n] && !strchr(stop, w.ptr[n]))
		n++;
	return n;
}

static struct hws_bytes behind(struct hws_bytes w, size_t n)
{
	return n < w.len ? hws_bytes(w.ptr + n, w.len - n) : hws_bytes(w.ptr + w.len, 0);
}

void complete_choices(struct hws_bytes arg, complete_word_fn *fn, void *ctx)
{
	/* "N" alone, and "on" alone, is no choice */
	if (span(arg, "|") == arg.len)
		return;
	for (size_t n; arg.len; arg = behind(arg, n + 1)) {
		n = span(arg, "|");
		if (is_word(hws_bytes(arg.ptr, n)))
			fn(hws_bytes(arg.ptr, n), ctx);
	}
}

/* The first words of `text`, alternative by alternative; see the header. */
static void first_words(struct hws_bytes text, complete_word_fn *fn, void *ctx)
{
	bool start = true;

	while (text.len) {
		size_t n = span(text, " ");
		struct hws_bytes token = hws_bytes(text.ptr, n);
		bool optional = begins(token, "["), any = false;

		text = behind(text, n + 1);
		if (begins(token, "|")) {
			start = true;
			continue;
		}
		if (!n || !start || begins(token, "-") || begins(token, "[-") ||
				memchr(token.ptr, '=', n))
			continue;
		while (token.len) {
			struct hws_bytes one;

			n = span(token, "|[]");
			one = hws_bytes(token.ptr, n);
			if (is_word(one)) {
				fn(one, ctx);
				any = true;
			}
			token = behind(token, n + 1);
		}
		start = optional && !any;
	}
}

void complete_first(const char *args, complete_word_fn *fn, void *ctx)
{
	first_words(hws_bytes_str(args ? args : ""), fn, ctx);
}

static const struct hws_options *table_of(const struct hws_complete *c, const struct hws_verb *v)
{
	for (size_t i = 0; i < c->parts_count; i++)
		if (strcmp(c->parts[i].verb, v->name) == 0)
			return c->parts[i].options;
	return NULL;
}

/* Lines of a synopsis that begin with the same word stand together. */
struct once {
	complete_word_fn *fn;
	void *arg;
	struct hws_bytes last;
};

static void put_once(struct hws_bytes word, void *arg)
{
	struct once *o = arg;

	if (!hws_bytes_equal(word, o->last))
		o->fn(word, o->arg);
	o->last = word;
}

void complete_second(const struct hws_complete *c, const struct hws_verb *v, complete_word_fn *fn,
		void *ctx)
{
	const struct hws_options *o = table_of(c, v);
	struct hws_bytes text = hws_bytes_str(o && o->usage ? o->usage : "");
	struct once once = { .fn = fn, .arg = ctx };

	while (text.len) {
		size_t n = span(text, "\n");
		struct hws_bytes line = hws_bytes(text.ptr, n);

		text = behind(text, n + 1);
		for (int skip = 0; skip < 3; skip++) /* program, verb, host */
			line = behind(line, span(line, " ") + 1);
		first_words(line, put_once, &once);
	}
}

static bool names_files(const char *text)
{
	static const char *const words[] = { "FILE", "FOLDER", "LOCAL", "DIR" };

	for (size_t i = 0; text && i < HWS_COUNT(words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

bool complete_wants_files(const struct hws_complete *c, const struct hws_verb *v)
{
	const struct hws_options *o = table_of(c, v);

	return names_files(v->args) || (o && o->usage && strstr(o->usage, " LOCAL"));
}

bool complete_wants_host(const struct hws_verb *v)
{
	return v->args && strncmp(v->args, "ID|", 3) == 0;
}

bool complete_word_has_host(const struct hws_verb *v, struct hws_bytes word)
{
	for (const char *at = v->args; at && (at = strstr(at, " HOST")); at++)
		if ((size_t)(at - v->args) >= word.len &&
				memcmp(at - word.len, word.ptr, word.len) == 0)
			return true;
	return false;
}

/* --- options ---------------------------------------------------------------------------------- */

static void add(struct complete_list *l, const struct complete_item *item)
{
	for (size_t i = 0; i < l->count; i++)
		if (hws_bytes_equal(l->item[i].name, item->name))
			return;
	if (l->count < COMPLETE_ITEMS)
		l->item[l->count++] = *item;
	else
		l->full = true;
}

static enum complete_kind kind_of(struct hws_bytes arg)
{
	enum complete_kind kind = COMPLETE_ANY;

	for (size_t n; arg.len; arg = behind(arg, n + 1)) {
		n = span(arg, "|");
		if (begins(arg, "FILE") || begins(arg, "PATH") || begins(arg, "SOCKET"))
			return COMPLETE_FILE;
		if (begins(arg, "DIR") || begins(arg, "FOLDER"))
			kind = COMPLETE_DIR;
	}
	return kind;
}

static void add_table(struct complete_list *l, const struct hws_options *o)
{
	for (size_t i = 0; i < o->count; i++) {
		const struct hws_option *opt = &o->table[i];
		const char *arg = opt->type == HWS_OPT_ENUM ? opt->choices
				: opt->arg                  ? opt->arg
							    : "VALUE";
		struct complete_item item = {
			.name = hws_bytes_str(opt->name),
			.help = hws_bytes_str(opt->help ? opt->help : ""),
			.letter = opt->letter,
		};

		if (opt->flags & (HWS_OPT_HIDDEN | HWS_OPT_SECRET))
			continue;
		if (opt->type == HWS_OPT_BOOL) {
			item.on = opt->def && strcmp(opt->def, "yes") == 0;
		} else {
			item.arg = hws_bytes_str(arg);
			item.kind = kind_of(item.arg);
			if (opt->type == HWS_OPT_PATH && item.kind == COMPLETE_ANY)
				item.kind = COMPLETE_FILE;
		}
		add(l, &item);
	}
}

/* What is the value in "ARG  text", "a|b]": n bytes, 0 = none. Brackets of its own are of it. */
static size_t value_length(struct hws_bytes text)
{
	size_t n = 0;
	int depth = 0;

	while (n < text.len && text.ptr[n] != ' ' && text.ptr[n] != ',' && text.ptr[n] != '\n') {
		depth += text.ptr[n] == '[';
		if (text.ptr[n] == ']' && depth-- == 0)
			break;
		n++;
	}
	return n && (is_upper(text.ptr[0]) || memchr(text.ptr, '|', n)) ? n : 0;
}

/* One option at the beginning of `text`, which has its two dashes; what is behind it. */
static struct hws_bytes add_written(struct complete_list *l, struct hws_bytes text)
{
	struct complete_item item = { .kind = COMPLETE_FLAG };
	size_t n;

	text = behind(text, 2);
	n = span(text, " ,]\n");
	item.name = hws_bytes(text.ptr, n);
	text = behind(text, n);
	n = begins(text, " ") ? value_length(behind(text, 1)) : 0;
	if (n) {
		item.arg = hws_bytes(text.ptr + 1, n);
		item.kind = kind_of(item.arg);
		text = behind(text, n + 1);
	}
	if (begins(text, "  ") || begins(text, "\n ")) {
		struct hws_bytes help = text;

		while (help.len && (help.ptr[0] == ' ' || help.ptr[0] == '\n'))
			help = behind(help, 1);
		item.help = hws_bytes(help.ptr, span(help, "\n"));
	}
	if (is_word(item.name))
		add(l, &item);
	return text;
}

/* Of "[--json] [--since TIME]". */
static void add_synopsis(struct complete_list *l, const char *args)
{
	struct hws_bytes text = hws_bytes_str(args ? args : "");

	while (text.len)
		text = begins(text, "--") ? add_written(l, text) : behind(text, 1);
}

/* Of lines "  --name ARG, --other  text"; all other lines are prose. */
static void add_lines(struct complete_list *l, const char *lines)
{
	struct hws_bytes text = hws_bytes_str(lines ? lines : "");

	for (; text.len; text = behind(text, span(text, "\n") + 1)) {
		if (!begins(text, "  --"))
			continue;
		text = add_written(l, behind(text, 2));
		while (begins(text, ", --"))
			text = add_written(l, behind(text, 2));
	}
}

void complete_items(
		const struct hws_complete *c, const struct hws_verb *v, struct complete_list *ret)
{
	static const char usual[] = "  --help  Print the help.\n";
	const struct hws_options *o = v ? table_of(c, v) : c->options;

	ret->count = 0;
	if (o)
		add_table(ret, o);
	add_lines(ret, v ? v->more : c->help);
	if (v)
		add_synopsis(ret, v->args);
	if (!v || ret->count)
		add_lines(ret, usual);
	if (!v)
		add_lines(ret, "  --version  Print the version.\n");
}
