/* Text of a chat comes from somebody else's keyboard, or from an attacker: it is shown in
 * notifications, windows and terminals, none of which it may command. Escaping is base/str's; here
 * its result is made pleasant to read again, because nobody reads a chat back from between
 * quotes. */
#include "client/services/chat/chat_text.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <string.h>

/* What base/str escapes although it harms nobody here; 0 = is left out. */
static const struct {
	char escape[5];
	char plain;
} harmless[] = { { "\\x22", '"' }, { "\\x5c", '\\' }, { "\\x09", ' ' }, { "\\x0d", 0 } };

/* In place; the new length. */
static size_t restore(char *line)
{
	char *from = line, *to = line;

	while (*from) {
		size_t i = 0;

		while (i < HWS_COUNT(harmless) && !hws_str_starts(from, harmless[i].escape))
			i++;
		if (i == HWS_COUNT(harmless)) {
			*to++ = *from++;
			continue;
		}
		if (harmless[i].plain)
			*to++ = harmless[i].plain;
		from += sizeof(harmless[i].escape) - 1;
	}
	*to = 0;
	return (size_t)(to - line);
}

bool hws_chat_readable(char *buf, size_t size, const char *text)
{
	size_t len = strlen(text), n = HWS_MIN(len, (size - 1) / 4), at = 0;

	while (n < len && n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n;) {
		const char *end = memchr(text + i, '\n', n - i);
		size_t line = (end ? (size_t)(end - text) : n) - i;

		hws_str_escape(buf + at, size - at, hws_bytes(text + i, line));
		at += restore(buf + at);
		i += line;
		if (end) {
			buf[at++] = '\n';
			i++;
		}
	}
	buf[at] = 0;
	return n == len;
}

bool hws_chat_is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == 0;
}
