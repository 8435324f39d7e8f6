/* Patterns are walked beside the path; with some hundred rows this costs less than reading the
 * request did. */
#include "admin/http/route.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

struct part {
	const char *text;
	size_t len;
	bool param; /* `text` is the name */
};

/* The next segment of a pattern, false at its end. */
static bool next_part(const char **at, struct part *ret)
{
	const char *p = *at;

	if (*p == '/')
		p++;
	if (!*p)
		return false;
	*ret = (struct part){ p, strcspn(p, "/"), *p == '{' };
	*at = p + ret->len;
	if (ret->param) {
		ret->text++;
		ret->len -= 2; /* both braces */
	}
	return true;
}

static bool same(const struct part *part, const char *segment)
{
	return strncmp(part->text, segment, part->len) == 0 && !segment[part->len];
}

/* *ret_literal: a bit for each literal segment, the first highest. */
static bool fits(const char *pattern, const struct htp_target *t, uint32_t *ret_literal)
{
	struct part part;
	unsigned n = 0;

	*ret_literal = 0;
	while (next_part(&pattern, &part)) {
		if (n == t->segments)
			return false;
		if (part.param ? !*t->segment[n] : !same(&part, t->segment[n]))
			return false;
		if (!part.param)
			*ret_literal |= 1u << (HTP_SEGMENTS_MAX - n);
		n++;
	}
	return n == t->segments;
}

static bool answers(const struct htp_route *r, enum htp_method m)
{
	return r->method == m || (r->method == HTP_GET && m == HTP_HEAD);
}

void htp_route_find(const struct htp_routes *table, size_t tables, enum htp_method method,
		const struct htp_target *target, struct htp_match *ret)
{
	uint32_t best = 0;

	*ret = (struct htp_match){ 0 };
	for (size_t t = 0; t < tables; t++)
		for (size_t i = 0; i < table[t].count; i++) {
			const struct htp_route *r = &table[t].row[i];
			uint32_t literal;

			if (!fits(r->pattern, target, &literal))
				continue;
			ret->allowed |= 1u << r->method;
			if (!answers(r, method) || (ret->route && literal <= best))
				continue;
			best = literal;
			ret->route = r;
			ret->arg = table[t].arg;
		}
}

const char *htp_route_param(
		const struct htp_route *route, const struct htp_target *target, const char *name)
{
	const char *pattern = route->pattern;
	struct part part;

	for (unsigned n = 0; n < target->segments && next_part(&pattern, &part); n++)
		if (part.param && same(&part, name))
			return target->segment[n];
	return NULL;
}

char *htp_route_allowed(unsigned allowed, char *buf, size_t size)
{
	size_t at = 0;

	allowed |= 1u << HTP_OPTIONS;
	if (allowed & (1u << HTP_GET))
		allowed |= 1u << HTP_HEAD;
	for (int m = 0; m < HTP_METHODS; m++)
		if (allowed & (1u << m) && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? ", " : "",
					htp_method_name((enum htp_method)m));
	return buf;
}
