/* The whole table is told rather than a digest of it: what a viewer makes of two layouts can then
 * become cleverer without the host. */
#include "client/services/input/layout.h"
#include "shared/base/macros.h"
#include <string.h>

#define DIGITS_MAX 8u

_Static_assert(HWS_LAYOUT_KEYS *HWS_LAYOUT_LEVELS *(DIGITS_MAX + 1) + 1 <= HWS_PEER_LAYOUT,
		"the longest text");

static const struct {
	uint8_t first, count;
} rows[] = { { 2, 12 }, { 16, 12 }, { 30, 12 }, { 43, 11 }, { 86, 1 } };

unsigned hws_layout_code(size_t key)
{
	for (size_t r = 0; r < HWS_COUNT(rows); r++) {
		if (key < rows[r].count)
			return rows[r].first + (unsigned)key;
		key -= rows[r].count;
	}
	return 0;
}

bool hws_layout_is_empty(const struct hws_layout *l)
{
	static const struct hws_layout empty;

	return hws_layout_equal(l, &empty);
}

bool hws_layout_equal(const struct hws_layout *a, const struct hws_layout *b)
{
	return memcmp(a->sym, b->sym, sizeof(a->sym)) == 0;
}

static char *put_number(char *p, uint32_t v)
{
	unsigned shift = 32 - 4;

	while (shift && !(v >> shift))
		shift -= 4;
	for (;; shift -= 4) {
		*p++ = "0123456789abcdef"[v >> shift & 15];
		if (!shift)
			return p;
	}
}

void hws_layout_write(const struct hws_layout *l, char buf[HWS_PEER_LAYOUT])
{
	char *p = buf;

	for (size_t k = 0; k < HWS_LAYOUT_KEYS; k++) {
		size_t n = HWS_LAYOUT_LEVELS;
		while (n && !l->sym[k][n - 1])
			n--;
		if (k)
			*p++ = ' ';
		for (size_t i = 0; i < n; i++) {
			if (i)
				*p++ = ',';
			if (l->sym[k][i])
				p = put_number(p, l->sym[k][i]);
		}
	}
	*p = 0;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hws_layout_read(struct hws_layout *l, const char *text)
{
	size_t key = 0, level = 0;
	unsigned digits = 0;

	memset(l, 0, sizeof(*l));
	for (; *text; text++) {
		if (*text == ' ' || *text == ',') {
			digits = 0;
			level = *text == ',' ? level + 1 : 0;
			key += *text == ' ';
			if (key >= HWS_LAYOUT_KEYS || level >= HWS_LAYOUT_LEVELS)
				return false;
			continue;
		}
		if (digit(*text) < 0 || ++digits > DIGITS_MAX)
			return false;
		l->sym[key][level] = l->sym[key][level] << 4 | (uint32_t)digit(*text);
	}
	return key == HWS_LAYOUT_KEYS - 1;
}
