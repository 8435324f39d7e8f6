/* Version texts become numbers as deployed peers reckon them, oddities included: what they gate
 * by these numbers is the wire. */
#include "shared/wire/version.h"

#include <stdbool.h>
#include <stddef.h>

/* A run of digits up to `end`; anything else in it counts as 0, too much saturates. */
static uint64_t number_of(const char *begin, const char *end)
{
	uint64_t v = 0;

	if (begin == end)
		return 0;
	for (const char *p = begin; p < end; p++) {
		if (*p < '0' || *p > '9')
			return 0;
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > UINT32_MAX)
			v = UINT32_MAX;
	}
	return v;
}

static const char *find_end(const char *p, char also)
{
	while (*p && *p != '-' && *p != also)
		p++;
	return p;
}

uint32_t hws_version_number(const char *text)
{
	uint64_t n = 0, last = 0;
	const char *p = text, *end = find_end(p, '.');

	for (;;) {
		last = number_of(p, end);
		n = n * 1000 + last;
		if (n > UINT32_MAX)
			n = UINT32_MAX;
		if (*end != '.')
			break;
		p = end + 1;
		end = find_end(p, '.');
	}
	n += 9 * last; /* so the last component weighs 10 */
	if (*end == '-')
		n += number_of(end + 1, find_end(end + 1, '-'));
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}
