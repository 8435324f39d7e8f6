/* The option table as text for people: --help, `config show`, the man page. */
#include "shared/conf/option.h"

#include "shared/base/str.h"
#include "shared/conf/option_value.h"
#include <stdio.h>

#define WIDTH 80u
#define HELP_COLUMN 30u

/* Columns of UTF-8 text, good enough for help sentences: continuation bytes take none. */
static size_t columns(const char *s, size_t n)
{
	size_t c = 0;

	for (size_t i = 0; i < n; i++)
		c += ((unsigned char)s[i] & 0xc0) != 0x80;
	return c;
}

static void pad(struct hws_buf *out, size_t n)
{
	while (n--)
		hws_buf_put_u8(out, ' ');
}

/* Puts words, breaking lines at WIDTH and indenting the following ones. Returns the column
 * reached. */
static size_t wrap(struct hws_buf *out, const char *text, size_t indent, size_t column,
		const char *line_start)
{
	bool first = true;

	while (*(text += strspn(text, " \n"))) {
		size_t n = strcspn(text, " \n"), c = columns(text, n);

		if (!first && column + 1 + c > WIDTH) {
			hws_buf_put_u8(out, '\n');
			hws_buf_put_str(out, line_start);
			pad(out, indent);
			column = indent + strlen(line_start);
		} else if (!first) {
			hws_buf_put_u8(out, ' ');
			column++;
		}
		hws_buf_put(out, text, n);
		column += c;
		text += n;
		first = false;
	}
	return column;
}

static void help_option(const struct hws_option *opt, struct hws_buf *out)
{
	const char *arg = opt->type == HWS_OPT_BOOL ? NULL
			: opt->type == HWS_OPT_ENUM ? opt->choices
			: opt->arg                  ? opt->arg
						    : "VALUE";
	bool on = opt->type == HWS_OPT_BOOL && opt->def && hws_str_equal(opt->def, "yes");
	char head[160], tail[600], def[200] = "";
	size_t column;

	if (opt->def && *opt->def && opt->type != HWS_OPT_BOOL && !(opt->flags & HWS_OPT_SECRET) &&
			hws_fmt(def, sizeof(def), " [default: %s]", opt->def) < 0)
		def[0] = 0;
	if (opt->letter ? hws_fmt(head, sizeof(head), "  -%c, --%s%s%s%s", opt->letter,
					  on ? "[no-]" : "", opt->name, arg ? " " : "",
					  arg ? arg : "") < 0
			: hws_fmt(head, sizeof(head), "      --%s%s%s%s", on ? "[no-]" : "",
					  opt->name, arg ? " " : "", arg ? arg : "") < 0)
		return;
	if (opt->flags & HWS_OPT_SECRET && hws_fmt(head, sizeof(head), "      (%s)", opt->name) < 0)
		return;
	if (hws_fmt(tail, sizeof(tail), "%s%s%s", opt->help ? opt->help : "", def,
			    on ? " [default: yes]" : "") < 0)
		return;
	hws_buf_put_str(out, head);
	column = columns(head, strlen(head));
	if (column + 2 > HELP_COLUMN) {
		hws_buf_put_u8(out, '\n');
		column = 0;
	}
	pad(out, HELP_COLUMN - column);
	wrap(out, tail, HELP_COLUMN, HELP_COLUMN, "");
	hws_buf_put_u8(out, '\n');
}

/* Calls fn for all options with none of the flags `skip`, section by section in the order of first
 * appearance, those in front of any section first. fn gets whether the option opens its section. */
static void each(const struct hws_options *o, unsigned skip,
		void (*fn)(const struct hws_options *o, const struct hws_option *opt, bool opens,
				const void *cfg, struct hws_buf *out),
		const void *cfg, struct hws_buf *out)
{
	bool opens = true;

	for (size_t i = 0; i < o->count; i++) {
		if (*o->table[i].section || o->table[i].flags & skip)
			continue;
		fn(o, &o->table[i], opens, cfg, out);
		opens = false;
	}
	for (size_t i = 0; i < o->count; i++) {
		const char *section = o->table[i].section;
		bool seen = !*section;

		for (size_t j = 0; j < i && !seen; j++)
			seen = strcmp(o->table[j].section, section) == 0;
		opens = true;
		for (size_t j = i; j < o->count && !seen; j++) {
			if (strcmp(o->table[j].section, section) != 0 || o->table[j].flags & skip)
				continue;
			fn(o, &o->table[j], opens, cfg, out);
			opens = false;
		}
	}
}

static void help_item(const struct hws_options *o, const struct hws_option *opt, bool opens,
		const void *cfg, struct hws_buf *out)
{
	(void)cfg;
	/* Without file and environment a section is only a heading. */
	if (opens && *opt->section && o->env_prefix)
		hws_buf_fmt(out, "\n[%s]\n", opt->section);
	else if (opens && *opt->section)
		hws_buf_fmt(out, "\n%s:\n", opt->section);
	else if (opens)
		hws_buf_put_str(out, "\nOptions:\n");
	help_option(opt, out);
}

static bool has_secret(const struct hws_options *o)
{
	for (size_t i = 0; i < o->count; i++) {
		if (o->table[i].flags & HWS_OPT_SECRET)
			return true;
	}
	return false;
}

void hws_options_help(const struct hws_options *o, struct hws_buf *out)
{
	const char *line = o->usage ? o->usage : o->program;

	for (bool first = true; *line; first = false) {
		size_t n = strcspn(line, "\n");

		hws_buf_put_str(out, first ? "Usage: " : "       ");
		hws_buf_put(out, line, n);
		hws_buf_put_u8(out, '\n');
		line += n + (line[n] != 0);
	}
	if (o->about) {
		hws_buf_put_u8(out, '\n');
		wrap(out, o->about, 0, 0, "");
		hws_buf_put_u8(out, '\n');
	}
	each(o, HWS_OPT_HIDDEN, help_item, NULL, out);
	if (o->env_prefix) {
		char text[500];

		if (hws_fmt(text, sizeof(text),
				    "Every option can also be set by the environment (%sNAME, "
				    "'-' as '_') and, under the section shown in brackets, in "
				    "the configuration file. A flag wins over the environment, "
				    "the environment over the file.%s",
				    o->env_prefix,
				    has_secret(o) ? " What stands in parentheses is a secret: "
						    "NAME_FILE in the environment names a file "
						    "that holds it."
						  : "") < 0)
			return;
		hws_buf_put_u8(out, '\n');
		wrap(out, text, 0, 0, "");
		hws_buf_put_u8(out, '\n');
	}
}

static void show_item(const struct hws_options *o, const struct hws_option *opt, bool opens,
		const void *cfg, struct hws_buf *out)
{
	char value[8192]; /* more than a line of the file may have */

	(void)o;
	if (opens && *opt->section)
		hws_buf_fmt(out, "\n[%s]\n", opt->section);
	if (opt->help) {
		hws_buf_put_str(out, "# ");
		wrap(out, opt->help, 0, 2, "# ");
		hws_buf_put_u8(out, '\n');
	}
	if (hws_option_print(opt, cfg, value, sizeof(value)) < 0)
		hws_buf_fmt(out, "# %s: too long to show\n", opt->name);
	else if (opt->flags & HWS_OPT_SECRET)
		hws_buf_fmt(out, "# %s = %s\n", opt->name, value);
	else
		hws_buf_fmt(out, "%s =%s%s\n", opt->name, *value ? " " : "", value);
}

void hws_options_show(const struct hws_options *o, const void *cfg, struct hws_buf *out)
{
	each(o, HWS_OPT_HIDDEN | HWS_OPT_FLAG_ONLY, show_item, cfg, out);
}

/* roff: no line may start with a control character by accident, backslashes are doubled, and a
 * sentence begins a line. */
static void put_roff(struct hws_buf *out, const char *s)
{
	if (*s == '.' || *s == '\'')
		hws_buf_put_str(out, "\\&");
	for (char before = 0; *s; before = *s++) {
		if (*s == '\\')
			hws_buf_put_str(out, "\\e");
		else if (*s == ' ' && before == '.' && s[1] >= 'A' && s[1] <= 'Z')
			hws_buf_put_u8(out, '\n');
		else
			hws_buf_put_u8(out, (uint8_t)*s);
		if (*s == '\n' && (s[1] == '.' || s[1] == '\''))
			hws_buf_put_str(out, "\\&");
	}
	hws_buf_put_u8(out, '\n');
}

static void man_item(const struct hws_options *o, const struct hws_option *opt, bool opens,
		const void *cfg, struct hws_buf *out)
{
	char env[128] = "";

	(void)opens;
	(void)cfg;
	if (opt->flags & HWS_OPT_SECRET)
		hws_buf_fmt(out, ".It %s", opt->name);
	else if (opt->letter)
		hws_buf_fmt(out, ".It Fl %c , Fl -%s", opt->letter, opt->name);
	else
		hws_buf_fmt(out, ".It Fl -%s", opt->name);
	if (opt->type == HWS_OPT_ENUM)
		hws_buf_fmt(out, " Ar %s", opt->choices);
	else if (opt->type != HWS_OPT_BOOL)
		hws_buf_fmt(out, " Ar %s", opt->arg ? opt->arg : "VALUE");
	hws_buf_put_u8(out, '\n');
	put_roff(out, opt->help ? opt->help : opt->name);
	if (opt->def && *opt->def && !(opt->flags & HWS_OPT_SECRET)) {
		hws_buf_put_str(out, "Default: ");
		put_roff(out, opt->def);
	}
	if (o->env_prefix && hws_option_env_name(o, opt, env, sizeof(env)) == HWS_OK)
		hws_buf_fmt(out, "Environment:\n.Ev %s\n", env);
	if (o->env_prefix && opt->flags & HWS_OPT_SECRET)
		hws_buf_fmt(out, "or, naming a file that holds it,\n.Ev %s_FILE\n", env);
	if (o->env_prefix && *opt->section && !(opt->flags & HWS_OPT_FLAG_ONLY))
		hws_buf_fmt(out, "File: section\n.Bq %s .\n", opt->section);
	if (opt->flags & HWS_OPT_RELOAD)
		hws_buf_put_str(out, "May be changed while the program runs.\n");
}

void hws_options_man(const struct hws_options *o, struct hws_buf *out)
{
	each(o, HWS_OPT_HIDDEN, man_item, NULL, out);
}

int hws_options_print(const struct hws_options *o, const void *cfg)
{
	struct hws_buf out;
	struct hws_bytes text;
	int status;

	hws_buf_init(&out, 1u << 20);
	if (cfg)
		hws_options_show(o, cfg, &out);
	else
		hws_options_help(o, &out);
	text = hws_buf_bytes(&out);
	status = hws_buf_err(&out) < 0 || fwrite(text.ptr, 1, text.len, stdout) != text.len ||
			fflush(stdout) != 0;
	hws_buf_done(&out);
	return status;
}
