/* admin/pattern: see the header. Globs are fnmatch's, without a meaning of '/' and '.'. */
#include "admin/cli/pattern.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <ctype.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

bool adm_looks_like_guid(const char *text)
{
	size_t i;

	for (i = 0; text[i] && i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return i == 36 && !text[36];
}

static enum adm_pattern_kind kind_of(const char **text)
{
	static const struct {
		const char *prefix;
		enum adm_pattern_kind kind;
	} prefixes[] = { { "guid:", ADM_GUID }, { "id:", ADM_ID }, { "name:", ADM_NAME },
		{ "re:", ADM_REGEX } };

	for (size_t i = 0; i < HWS_COUNT(prefixes); i++) {
		if (hws_str_starts(*text, prefixes[i].prefix)) {
			*text += strlen(prefixes[i].prefix);
			return prefixes[i].kind;
		}
	}
	if (strpbrk(*text, "*?["))
		return ADM_GLOB;
	return adm_looks_like_guid(*text) ? ADM_GUID : ADM_EXACT;
}

int adm_pattern_parse(const char *text, struct adm_pattern *ret, struct hws_error *err)
{
	struct adm_pattern p = { .text = text };
	char why[160];
	int r;

	p.kind = kind_of(&p.text);
	if (!*p.text)
		return hws_error_set(err, HWS_ERR_INVAL, "a name is empty");
	if (strlen(p.text) > ADM_PATTERN_MAX)
		return hws_error_set(err, HWS_ERR_INVAL, "a name of more than %u bytes",
				ADM_PATTERN_MAX);
	if (p.kind == ADM_REGEX) {
		r = regcomp(&p.regex, p.text, REG_EXTENDED | REG_ICASE | REG_NOSUB);
		if (r) {
			regerror(r, &p.regex, why, sizeof(why));
			return hws_error_set(err, HWS_ERR_INVAL, "re:%s: %s", p.text, why);
		}
	}
	*ret = p;
	return HWS_OK;
}

void adm_pattern_done(struct adm_pattern *p)
{
	if (p->kind == ADM_REGEX)
		regfree(&p->regex);
	p->kind = ADM_EXACT;
}

static bool same(const char *name, const char *text)
{
	return name && strcasecmp(name, text) == 0;
}

static bool fits(const struct adm_pattern *p, const char *name)
{
	if (!name)
		return false;
	if (p->kind == ADM_GLOB)
		return fnmatch(p->text, name, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
	return regexec(&p->regex, name, 0, NULL, 0) == 0;
}

bool adm_pattern_match(const struct adm_pattern *p, const struct adm_names *n)
{
	switch (p->kind) {
	case ADM_EXACT:
		return same(n->name, p->text) || same(n->other, p->text) || same(n->id, p->text);
	case ADM_GUID:
		return same(n->guid, p->text);
	case ADM_ID:
		return same(n->id, p->text);
	case ADM_NAME:
		return same(n->name, p->text) || same(n->other, p->text);
	case ADM_GLOB:
	case ADM_REGEX:
		return fits(p, n->name) || fits(p, n->other) || fits(p, n->id);
	}
	return false;
}

bool adm_pattern_is_open(const struct adm_pattern *p)
{
	return p->kind == ADM_GLOB || p->kind == ADM_REGEX;
}
