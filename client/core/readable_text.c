/* Foreign text for a window or a terminal: escape sequences and control characters of a stranger
 * must not reach either. */
#include "client/core/readable_text.h"
#include "shared/base/str.h"
#include <string.h>

char *hws_readable_text(char *buf, size_t size, struct hws_bytes in)
{
	static const char quote[] = "\\x22";
	char *from = hws_str_escape(buf, size, in), *to = from;

	if (!size)
		return buf;
	while (*from) {
		if (hws_str_starts(from, quote)) {
			*to++ = '"';
			from += sizeof(quote) - 1;
		} else {
			*to++ = *from++;
		}
	}
	*to = 0;
	return buf;
}
