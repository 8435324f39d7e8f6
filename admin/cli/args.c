/* Options may stand anywhere behind the noun; values are judged before anything is asked of a
 * server, so that half of a command never happens for a slip in its other half. */
#include "admin/cli/args.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/conf/suggest.h"
#include <string.h>

static int unknown(const struct adm_verb *v, const char *word)
{
	size_t cost = strlen(word) / 3 + 1;
	const char *best = NULL;

	for (const struct adm_option *o = v ? v->options : NULL; o && o->name; o++)
		hws_suggest(word, o->name, &cost, &best);
	for (const struct adm_option *o = adm_common_options(); o->name; o++) {
		if (!v || adm_common_for(o, v))
			hws_suggest(word, o->name, &cost, &best);
	}
	if (best)
		return adm_complain(
				ADM_USAGE, "unknown option --%s; did you mean --%s?", word, best);
	return adm_complain(ADM_USAGE, "unknown option --%s", word);
}

static const struct adm_option *find(const struct adm_verb *v, const char *name)
{
	if (v)
		return adm_option_find(v, name);
	for (const struct adm_option *o = adm_common_options(); o->name; o++) {
		if (strcmp(o->name, name) == 0)
			return o;
	}
	return NULL;
}

/* What concerns no verb's own function. */
static int set_common(struct adm_call *call, const struct adm_option *o, const char *text)
{
	uint64_t n;

	if (strcmp(o->name, "json") == 0) {
		call->json = true;
		call->look.format = ADM_FORMAT_JSON;
	} else if (strcmp(o->name, "format") == 0) {
		if (adm_format_parse(text, &call->look.format) < 0)
			return adm_complain(ADM_USAGE, "--format: %s, not '%s'", o->more, text);
		call->json = call->look.format == ADM_FORMAT_JSON;
	} else if (strcmp(o->name, "limit") == 0) {
		if (hws_parse_u64(text, &n) < 0 || !n || n > 100000000)
			return adm_complain(
					ADM_USAGE, "--limit: a number from 1 on, not '%s'", text);
		call->look.limit = (size_t)n;
	} else if (strcmp(o->name, "columns") == 0) {
		call->look.columns = text;
	} else if (strcmp(o->name, "sort") == 0) {
		call->look.sort = text;
	} else if (strcmp(o->name, "quiet") == 0) {
		call->look.quiet = true;
	} else if (strcmp(o->name, "dry-run") == 0) {
		call->dry_run = true;
	} else if (strcmp(o->name, "yes") == 0) {
		call->yes = true;
	} else if (strcmp(o->name, "all") == 0) {
		call->all = true;
	} else if (strcmp(o->name, "help") == 0) {
		call->help = true;
	} else if (strcmp(o->name, "profile") == 0) {
		call->profile = text;
	}
	return ADM_DONE;
}

/* What a value must be is looked at here, before anything is asked or done; dates and references
 * by who makes the request. */
static int check(const struct adm_option *o, const char *text)
{
	bool yes;
	uint64_t n;
	const char *at;
	size_t len = strlen(text);

	switch (o->kind) {
	case ADM_YES:
		if (hws_parse_bool(text, &yes) < 0)
			return adm_complain(ADM_USAGE, "--%s: yes or no, not '%s'", o->name, text);
		break;
	case ADM_NUMBER:
		if (hws_parse_u64(text, &n) < 0 || n > INT64_MAX)
			return adm_complain(ADM_USAGE, "--%s: a number, not '%s'", o->name, text);
		break;
	case ADM_CHOICE:
		for (at = o->more; at; at = strchr(at, '|')) {
			at += *at == '|';
			if (strncmp(at, text, len) == 0 && (at[len] == '|' || !at[len]) && len)
				return ADM_DONE;
		}
		return adm_complain(ADM_USAGE, "--%s: %s, not '%s'", o->name, o->more, text);
	case ADM_PAIRS:
		if (!strchr(text, '=') || *text == '=')
			return adm_complain(ADM_USAGE, "--%s: NAME=VALUE, not '%s'", o->name, text);
		break;
	default:
		break;
	}
	return ADM_DONE;
}

/* One option at argv[*i]; leaves *i at its last word. */
static int take(struct adm_call *call, const struct adm_verb *v, int argc, char **argv, int *i)
{
	const struct adm_option *o;
	char *word = argv[*i], name[64], *equals;
	const char *text = NULL;
	int r;

	if (strcmp(word, "-h") == 0)
		word = (char *)(uintptr_t) "--help";
	if (strncmp(word, "--", 2) != 0)
		return adm_complain(ADM_USAGE, "unknown option %s", word);
	equals = strchr(word, '=');
	if (hws_str_from_bytes(name, sizeof(name),
			    hws_bytes(word + 2,
					    equals ? (size_t)(equals - word - 2)
						   : strlen(word + 2))) < 0)
		return adm_complain(ADM_USAGE, "unknown option %s", word);
	o = find(v, name);
	if (!o)
		return unknown(v, name);
	if (o->kind == ADM_FLAG && equals)
		return adm_complain(ADM_USAGE, "--%s takes no value", name);
	if (o->kind != ADM_FLAG) {
		text = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
		if (!text)
			return adm_complain(ADM_USAGE, "--%s: a value is missing", name);
		r = check(o, text);
		if (r)
			return r;
	}
	if (call->n_values == ADM_VALUES_MAX)
		return adm_complain(ADM_USAGE, "too many options");
	call->value[call->n_values++] = (struct adm_value){ o, text };
	return set_common(call, o, text);
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1]; /* "-" is standard input */
}

int adm_args_leading(struct adm_call *call, int argc, char **argv, int *ret_rest)
{
	int i = 1, r = ADM_DONE;

	for (; i < argc && r == ADM_DONE && is_option(argv[i]); i++)
		r = take(call, NULL, argc, argv, &i);
	*ret_rest = i;
	return r;
}

int adm_args_parse(struct adm_call *call, const struct adm_verb *verb, int argc, char **argv)
{
	size_t count = 0;
	bool only_words = false;

	for (int i = 0; i < argc; i++) {
		int r = ADM_DONE;

		if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && is_option(argv[i]))
			r = take(call, verb, argc, argv, &i);
		else
			argv[count++] = argv[i];
		if (r)
			return r;
	}
	call->args = argv;
	call->n_args = count;
	if (call->help)
		return ADM_DONE;
	if (count < verb->min || (verb->max != ADM_ANY && count > verb->max)) {
		if (count < verb->min && (verb->flags & ADM_MANY) && count == 0 && call->all)
			return ADM_DONE;
		fprintf(stderr, "usage: hawser-admin %s%s%s%s%s\n", verb->noun,
				*verb->name ? " " : "", verb->name, *verb->args ? " " : "",
				verb->args);
		return ADM_USAGE;
	}
	return ADM_DONE;
}
