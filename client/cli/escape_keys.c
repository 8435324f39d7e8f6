/* As ssh has it, because fingers know it: the character counts only where a line begins, twice it
 * is itself, and before anything else it goes to the host like any other. */
#include "client/cli/escape_keys.h"
#include <string.h>

bool escape_keys_parse(const char *text, int *ret_escape)
{
	size_t n = strlen(text);
	unsigned char c = (unsigned char)text[0];

	if (strcmp(text, "none") == 0)
		*ret_escape = -1;
	else if (n == 2 && c == '^' && text[1] >= '@' && text[1] <= '_')
		*ret_escape = text[1] & 0x1f;
	else if (n == 1 && c > ' ' && c < 0x7f)
		*ret_escape = c;
	else
		return false;
	/* A line end would begin the next line, ^Z and these stand behind the character. */
	return *ret_escape != '\r' && *ret_escape != '\n' && *ret_escape != 0x1a &&
			*ret_escape != '.' && *ret_escape != '?';
}

void escape_keys_begin(struct escape_keys *k, int escape)
{
	*k = (struct escape_keys){ .escape = escape, .line_begins = true };
}

enum escape_action escape_keys_feed(
		struct escape_keys *k, uint8_t c, uint8_t out[2], size_t *ret_len)
{
	*ret_len = 0;
	if (k->pending) {
		k->pending = false;
		switch (c) {
		case '.':
			return ESCAPE_LEAVE;
		case 0x1a:
			return ESCAPE_SUSPEND;
		case '?':
			return ESCAPE_HELP;
		default:
			break;
		}
		if (c != k->escape)
			out[(*ret_len)++] = (uint8_t)k->escape;
		k->line_begins = c == '\r' || c == '\n';
		out[(*ret_len)++] = c;
		return ESCAPE_NOTHING;
	}
	if (k->line_begins && c == k->escape) {
		k->pending = true;
		return ESCAPE_NOTHING;
	}
	k->line_begins = c == '\r' || c == '\n';
	out[(*ret_len)++] = c;
	return ESCAPE_NOTHING;
}
