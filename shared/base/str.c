/* Text that came from elsewhere: whether it is UTF-8, and how to show it so that it can neither
 * steer a terminal nor look like something else. */
#include "shared/base/str.h"

#include <stdio.h>

int hws_fmt(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!size)
		return HWS_ERR_TOOBIG;
	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= size) {
		buf[0] = 0;
		return HWS_ERR_TOOBIG;
	}
	return HWS_OK;
}

int hws_str_copy(char *buf, size_t size, const char *s)
{
	size_t n = strlen(s);

	if (n >= size) {
		if (size)
			buf[0] = 0;
		return HWS_ERR_TOOBIG;
	}
	memcpy(buf, s, n + 1);
	return HWS_OK;
}

int hws_str_from_bytes(char *buf, size_t size, struct hws_bytes in)
{
	if (size)
		buf[0] = 0;
	if (in.len >= size)
		return HWS_ERR_TOOBIG;
	if (in.len && memchr(in.ptr, 0, in.len))
		return HWS_ERR_PROTO;
	if (!hws_utf8_valid(in))
		return HWS_ERR_PROTO;
	if (in.len)
		memcpy(buf, in.ptr, in.len);
	buf[in.len] = 0;
	return HWS_OK;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629: no surrogates, no overlong forms,
 * nothing above U+10FFFF), 0 if there is none. */
static size_t utf8_len(const uint8_t *p, size_t n)
{
	uint8_t lo = 0x80, hi = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (len > n || p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

bool hws_utf8_valid(struct hws_bytes in)
{
	for (size_t i = 0; i < in.len;) {
		size_t n = utf8_len(in.ptr + i, in.len - i);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

size_t hws_utf8_letters(struct hws_bytes in)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++)
		n += (in.ptr[i] & 0xc0) != 0x80;
	return n;
}

/* C0 and DEL, C1 (U+0080..9F), and what turns the direction of text or breaks lines (U+2028..202E,
 * U+2066..2069): all of them can make a log line or a dialog lie. */
static bool is_unsafe(const uint8_t *p, size_t n, bool quoted)
{
	if (n == 1)
		return p[0] < 0x20 || p[0] == 0x7f || (quoted && (p[0] == '"' || p[0] == '\\'));
	if (n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	if (n == 3 && p[0] == 0xe2)
		return (p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
				(p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
	return false;
}

/* What an earlier call made. A text is made safe where it comes in and again where it goes out
 * (log, terminal): it must not get worse each time. */
static bool is_escape(const uint8_t *p, size_t n)
{
	return n >= 4 && p[0] == '\\' && p[1] == 'x' && strchr("0123456789abcdef", p[2]) && p[2] &&
			strchr("0123456789abcdef", p[3]) && p[3];
}

/* `quoted`: it is going to stand between double quotes. */
static char *escape(char *buf, size_t size, struct hws_bytes in, bool quoted)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	if (!size)
		return buf;
	for (size_t i = 0; i < in.len;) {
		bool made = is_escape(in.ptr + i, in.len - i);
		size_t n = made ? 4 : utf8_len(in.ptr + i, in.len - i);

		if (n && (made || !is_unsafe(in.ptr + i, n, quoted))) {
			if (n >= size - at)
				break;
			memcpy(buf + at, in.ptr + i, n);
			at += n;
			i += n;
			continue;
		}
		if (size - at <= 4)
			break;
		buf[at++] = '\\';
		buf[at++] = 'x';
		buf[at++] = digits[in.ptr[i] >> 4];
		buf[at++] = digits[in.ptr[i] & 15];
		i++;
		/* the rest of an unsafe but well-formed sequence is invalid on its own: escaped
		 * too */
	}
	buf[at] = 0;
	return buf;
}

char *hws_str_escape(char *buf, size_t size, struct hws_bytes in)
{
	return escape(buf, size, in, true);
}

char *hws_str_plain(char *buf, size_t size, struct hws_bytes in)
{
	return escape(buf, size, in, false);
}

int hws_hex_encode(struct hws_bytes in, char *buf, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	if (!size || in.len > (size - 1) / 2)
		return HWS_ERR_TOOBIG;
	for (size_t i = 0; i < in.len; i++) {
		buf[2 * i] = digits[in.ptr[i] >> 4];
		buf[2 * i + 1] = digits[in.ptr[i] & 15];
	}
	buf[2 * in.len] = 0;
	return HWS_OK;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hws_hex_decode(const char *hex, uint8_t *ret, size_t len)
{
	if (strlen(hex) / 2 != len || strlen(hex) % 2)
		return HWS_ERR_INVAL;
	for (size_t i = 0; i < 2 * len; i++) {
		if (nibble(hex[i]) < 0)
			return HWS_ERR_INVAL; /* before the first byte is written */
	}
	for (size_t i = 0; i < len; i++)
		ret[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	return HWS_OK;
}

bool hws_str_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool hws_str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int hws_str_each(const char *list, char sep, int (*fn)(const char *part, void *arg), void *arg)
{
	const char *p = list;

	while (*p) {
		const char *end = strchr(p, sep);
		const char *next;
		char part[1024];
		int r;

		if (!end)
			end = p + strlen(p);
		next = *end ? end + 1 : end;
		while (p < end && is_blank(*p))
			p++;
		while (end > p && is_blank(end[-1]))
			end--;
		if ((size_t)(end - p) >= sizeof(part))
			return HWS_ERR_TOOBIG;
		if (end > p) {
			memcpy(part, p, (size_t)(end - p));
			part[end - p] = 0;
			r = fn(part, arg);
			if (r < 0)
				return r;
		}
		p = next;
	}
	return HWS_OK;
}

char *hws_str_trim(char *s)
{
	size_t n;

	while (is_blank(*s))
		s++;
	n = strlen(s);
	while (n && is_blank(s[n - 1]))
		n--;
	s[n] = 0;
	return s;
}
