/* Specifications of forwards, as ssh has them. */
#include "client/cli/forward_spec.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <string.h>

#define PARTS_MAX 4

/* Splits at colons that do not stand in brackets; these are taken off. False: it is malformed. */
static bool split(char *text, char *part[PARTS_MAX], size_t *ret_count)
{
	size_t n = 0;
	char *p = text;

	for (;;) {
		char *end;

		if (n == PARTS_MAX)
			return false;
		if (*p == '[') {
			part[n] = p + 1;
			end = strchr(p, ']');
			if (!end || (end[1] && end[1] != ':'))
				return false;
			*end++ = 0;
		} else {
			part[n] = p;
			end = p + strcspn(p, ":");
		}
		n++;
		if (!*end)
			break;
		*end = 0;
		p = end + 1;
	}
	*ret_count = n;
	return true;
}

static bool is_clean(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return false;
	return true;
}

const char *forward_spec_parse(
		enum hawser_forward_kind kind, const char *text, struct forward_spec *ret)
{
	char copy[FORWARD_SPEC_HOST + 100], *part[PARTS_MAX] = { 0 };
	size_t count, least = kind == HAWSER_FORWARD_DYNAMIC ? 1 : 3, at = 0;

	*ret = (struct forward_spec){ .kind = kind };
	if (!is_clean(text))
		return "it has blanks or characters that no address has";
	if (hws_str_copy(copy, sizeof(copy), text) < 0)
		return "it is too long";
	if (!split(copy, part, &count) || count < least || count > least + 1)
		return least == 1 ? "it has to be [ADDR:]PORT; IPv6 addresses stand in brackets"
				  : "it has to be [ADDR:]PORT:HOST:PORT; IPv6 addresses stand in "
				    "brackets";
	if (count > least && hws_str_copy(ret->address, sizeof(ret->address), part[at++]) < 0)
		return "the address to listen at is too long";
	if (count > least && !*ret->address)
		return "the address to listen at is empty; leave it out with its colon, or write *";
	if (hws_parse_u16(part[at++], &ret->port) < 0)
		return "the port to listen at has to be 0 (any) to 65535";
	if (kind == HAWSER_FORWARD_DYNAMIC)
		return NULL;
	if (!*part[at] || hws_str_copy(ret->host, sizeof(ret->host), part[at]) < 0)
		return "the host to connect to is empty or too long";
	if (hws_parse_u16(part[at + 1], &ret->target_port) < 0 || !ret->target_port)
		return "the port to connect to has to be 1 to 65535";
	return NULL;
}
