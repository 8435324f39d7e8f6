/* Reads the table of options from file and command line; an error names the place the value came
 * from. */
#include "shared/conf/option.h"

#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/conf/option_value.h"
#include "shared/conf/suggest.h"

#include <ini.h>

#define LINE_MAX_BYTES 4096

int hws_options_init(const struct hws_options *o, void *cfg)
{
	for (size_t i = 0; i < o->count; i++) {
		const struct hws_option *opt = &o->table[i];

		if (opt->type == HWS_OPT_STR || opt->type == HWS_OPT_PATH)
			*(char **)((char *)cfg + opt->offset) = NULL;
	}
	for (size_t i = 0; i < o->count; i++) {
		const struct hws_option *opt = &o->table[i];
		bool is_text = opt->type == HWS_OPT_STR || opt->type == HWS_OPT_PATH;
		const char *def = opt->def ? opt->def : is_text ? "" : "0";
		int r = hws_option_store(opt, cfg, def, opt->name, NULL);

		if (r < 0) {
			hws_options_done(o, cfg);
			return r;
		}
	}
	return HWS_OK;
}

void hws_options_done(const struct hws_options *o, void *cfg)
{
	for (size_t i = 0; i < o->count; i++)
		hws_option_clear(&o->table[i], cfg);
}

const struct hws_option *hws_option_find(const struct hws_options *o, const char *word, size_t len)
{
	for (size_t i = 0; i < o->count; i++) {
		if (hws_option_is(&o->table[i], word, len))
			return &o->table[i];
	}
	return NULL;
}

static const char *suggest(const struct hws_options *o, const char *word)
{
	size_t cost = strlen(word) / 3 + 1;
	const char *best = NULL;

	for (size_t i = 0; i < o->count; i++) {
		if (!(o->table[i].flags & HWS_OPT_HIDDEN))
			hws_suggest(word, o->table[i].name, &cost, &best);
	}
	return best;
}

/* --- the file ------------------------------------------------------------------------------- */

struct reading {
	const struct hws_options *o;
	void *cfg;
	const char *name;
	struct hws_bytes left;
	unsigned line;
	int result;
	struct hws_error *err;
};

/* One line for the parser, which as packaged neither tells line numbers nor notices that a line
 * was too long for it. Blanks in front go: they would make the line the continuation of the one
 * before. */
static char *read_line(char *buf, int size, void *stream)
{
	struct reading *in = stream;
	const uint8_t *end;
	size_t len;

	if (in->result < 0 || !in->left.len)
		return NULL;
	in->line++;
	end = memchr(in->left.ptr, '\n', in->left.len);
	len = end ? (size_t)(end - in->left.ptr) : in->left.len;
	if (memchr(in->left.ptr, 0, len)) {
		in->result = hws_error_set(in->err, HWS_ERR_CORRUPT,
				"%s line %u: contains a NUL byte; this is no text file", in->name,
				in->line);
		return NULL;
	}
	if (len + 3 > (size_t)size) {
		in->result = hws_error_set(in->err, HWS_ERR_TOOBIG,
				"%s line %u: longer than %d bytes", in->name, in->line, size - 3);
		return NULL;
	}
	memcpy(buf, in->left.ptr, len);
	buf[len] = 0;
	in->left.ptr += len + (end != NULL);
	in->left.len -= len + (end != NULL);
	/* else the parser takes it for more of the value above */
	len = strspn(buf, HWS_OPTION_BLANKS);
	memmove(buf, buf + len, strlen(buf + len) + 1);
	return buf;
}

static bool known_section(const struct hws_options *o, const char *section)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->table[i].section, section) == 0)
			return true;
	}
	return false;
}

static int refuse_key(struct reading *in, const char *section, const char *key)
{
	const struct hws_option *there = hws_option_find(in->o, key, strlen(key));
	const char *near = suggest(in->o, key);
	char safe_key[96], safe_section[96];

	hws_str_escape(safe_key, sizeof(safe_key), hws_bytes_str(key));
	hws_str_escape(safe_section, sizeof(safe_section), hws_bytes_str(section));
	if (there && there->flags & HWS_OPT_FLAG_ONLY)
		return hws_error_set(in->err, HWS_ERR_INVAL,
				"%s line %u: '%s' belongs on the command line, not in the file",
				in->name, in->line, safe_key);
	if (there)
		return hws_error_set(in->err, HWS_ERR_INVAL,
				"%s line %u: '%s' stands in section [%s], but belongs in [%s]",
				in->name, in->line, safe_key, safe_section, there->section);
	if (!known_section(in->o, section))
		return hws_error_set(in->err, HWS_ERR_INVAL, "%s line %u: unknown section [%s]",
				in->name, in->line, safe_section);
	return hws_error_set(in->err, HWS_ERR_INVAL, "%s line %u: unknown key '%s'%s%s%s", in->name,
			in->line, safe_key, near ? "; did you mean '" : "", near ? near : "",
			near ? "'?" : "");
}

/* Names taken over from other programs are understood in front of the first section, too. */
static bool stands_right(const struct hws_option *opt, const char *section, const char *key)
{
	if (strcmp(opt->section, section) == 0)
		return true;
	return !*section && (strcmp(opt->name, key) != 0 || opt->flags & HWS_OPT_BARE);
}

static int on_pair(void *user, const char *section, const char *key, const char *value)
{
	struct reading *in = user;
	const struct hws_option *opt = hws_option_find(in->o, key, strlen(key));
	char where[300];

	if (in->result < 0)
		return 0;
	if (in->o->part && (!opt || !stands_right(opt, section, key)))
		return 1;
	if (!opt || opt->flags & HWS_OPT_FLAG_ONLY || !stands_right(opt, section, key)) {
		in->result = refuse_key(in, section, key);
		return 0;
	}
	if (hws_fmt(where, sizeof(where), "%s line %u", in->name, in->line) < 0)
		where[0] = 0;
	in->result = hws_option_store(opt, in->cfg, value, where, in->err);
	return in->result == HWS_OK;
}

int hws_options_text(const struct hws_options *o, void *cfg, const char *name,
		struct hws_bytes text, struct hws_error *err)
{
	struct reading in = { .o = o, .cfg = cfg, .name = name, .left = text, .err = err };
	int bad;

	/* The parser's settings are process-wide; these are the only ones anybody sets. */
	ini_use_stack = false;
	ini_max_line = LINE_MAX_BYTES;
	ini_initial_alloc = LINE_MAX_BYTES;
	ini_allow_inline_comments = false;
	ini_stop_on_first_error = true;
	bad = ini_parse_stream(read_line, &in, on_pair, &in);
	if (in.result < 0)
		return in.result;
	if (bad == -2)
		return hws_error_set(err, HWS_ERR_NOMEM, "%s: out of memory", name);
	if (bad != 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"%s line %d: neither 'key = value' nor '[section]' nor a comment",
				name, bad);
	return HWS_OK;
}

/* --- the command line ----------------------------------------------------------------------- */

struct args {
	const struct hws_options *o;
	void *cfg;
	int argc, at; /* at = the argument being looked at */
	char **argv;
	struct hws_error *err;
};

static int store_arg(struct args *a, const struct hws_option *opt, const char *value)
{
	char where[128], env[128];

	if (opt->flags & HWS_OPT_SECRET) {
		if (hws_option_env_name(a->o, opt, env, sizeof(env)) < 0)
			env[0] = 0;
		return hws_error_set(a->err, HWS_ERR_INVAL,
				"--%s is a secret and would be visible to every user of this "
				"machine; set %s (or %s_FILE to a file with it) or put it into "
				"the configuration file",
				opt->name, env, env);
	}
	if (!value) {
		if (a->at + 1 >= a->argc)
			return hws_error_set(a->err, HWS_ERR_INVAL, "--%s needs a value (%s)",
					opt->name, opt->arg ? opt->arg : "VALUE");
		value = a->argv[++a->at];
	}
	if (hws_fmt(where, sizeof(where), "--%s", opt->name) < 0)
		where[0] = 0;
	return hws_option_store(opt, a->cfg, value, where, a->err);
}

static int long_arg(struct args *a, const char *text)
{
	size_t len = strcspn(text, "=");
	const char *value = text[len] ? text + len + 1 : NULL;
	const struct hws_option *opt = len > 1 ? hws_option_find(a->o, text, len) : NULL;
	const char *near;
	char safe[96];

	if (!opt && !value && hws_str_starts(text, "no-")) {
		opt = hws_option_find(a->o, text + 3, strlen(text + 3));
		if (opt && opt->type == HWS_OPT_BOOL)
			return store_arg(a, opt, "no");
		opt = NULL;
	}
	if (opt) {
		if (opt->type == HWS_OPT_BOOL && !value)
			value = "yes";
		return store_arg(a, opt, value);
	}
	near = suggest(a->o, text);
	hws_str_escape(safe, sizeof(safe), hws_bytes(text, len));
	return hws_error_set(a->err, HWS_ERR_INVAL, "unknown option --%s%s%s%s", safe,
			near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

static const struct hws_option *find_letter(const struct hws_options *o, char letter)
{
	for (size_t i = 0; i < o->count; i++) {
		if (o->table[i].letter == letter)
			return &o->table[i];
	}
	for (size_t i = 0; i < o->count; i++) {
		const char *p = o->table[i].aliases;

		while (p && *p) {
			const char *end = strchrnul(p, ',');

			if (end - p == 1 && *p == letter)
				return &o->table[i];
			p = *end ? end + 1 : NULL;
		}
	}
	return NULL;
}

/* "-v", "-p 21117", "-p21117", and flags without value in a row: "-vq". */
static int short_args(struct args *a, const char *text)
{
	for (; *text; text++) {
		const struct hws_option *opt = find_letter(a->o, *text);
		int r;

		if (!opt) {
			char safe[8];

			hws_str_escape(safe, sizeof(safe), hws_bytes(text, 1));
			return hws_error_set(a->err, HWS_ERR_INVAL, "unknown option -%s", safe);
		}
		if (opt->type != HWS_OPT_BOOL)
			return store_arg(a, opt, text[1] ? text + 1 : NULL);
		r = store_arg(a, opt, "yes");
		if (r < 0)
			return r;
	}
	return HWS_OK;
}

int hws_options_args(const struct hws_options *o, void *cfg, int argc, char **argv, int *ret_rest,
		struct hws_error *err)
{
	struct args a = { .o = o, .cfg = cfg, .argc = argc, .argv = argv, .err = err };

	for (a.at = 1; a.at < argc; a.at++) {
		const char *text = argv[a.at];
		int r;

		if (text[0] != '-' || !text[1])
			break;
		if (strcmp(text, "--") == 0) {
			a.at++;
			break;
		}
		r = text[1] == '-' ? long_arg(&a, text + 2) : short_args(&a, text + 1);
		if (r < 0)
			return r;
	}
	*ret_rest = HWS_MIN(a.at, argc);
	return HWS_OK;
}

/* --- by name -------------------------------------------------------------------------------- */

int hws_option_unknown(const struct hws_options *o, const char *name, struct hws_error *err)
{
	const char *near = suggest(o, name);
	char safe[96];

	hws_str_escape(safe, sizeof(safe), hws_bytes_str(name));
	return hws_error_set(err, HWS_ERR_NOTFOUND, "unknown option '%s'%s%s%s", safe,
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int hws_options_set(const struct hws_options *o, void *cfg, const char *name, const char *value,
		struct hws_error *err)
{
	const struct hws_option *opt = hws_option_find(o, name, strlen(name));

	return opt ? hws_option_store(opt, cfg, value, name, err)
		   : hws_option_unknown(o, name, err);
}

bool hws_options_same(const struct hws_options *o, const void *a, const void *b, const char *name)
{
	const struct hws_option *opt = hws_option_find(o, name, strlen(name));

	return opt && hws_option_same(opt, a, b);
}

int hws_options_get(const struct hws_options *o, const void *cfg, const char *name, char *buf,
		size_t size)
{
	const struct hws_option *opt = hws_option_find(o, name, strlen(name));

	return opt ? hws_option_print(opt, cfg, buf, size) : HWS_ERR_NOTFOUND;
}
