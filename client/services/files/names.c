/* Names between systems: the escape for bytes that are no UTF-8, and what no name may be. What is
 * decided here is decided on the local form, after all decoding: nothing is turned into a '/' or
 * a '.' behind a check. */
#include "client/services/files/names.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <stdint.h>
#include <string.h>

#define ESCAPE 0xEF00u /* + byte, of 0x80 .. 0xff */

/* The character at the front of `s`, strictly UTF-8; its length, or 0 where there is none. */
static size_t take_char(const unsigned char *s, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
	uint32_t c = n == 1 ? s[0] : n ? s[0] & (0x7fu >> n) : 0;

	if (!n || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) /* the NUL at the end, too */
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return n;
}

static bool is_escape(uint32_t c)
{
	return c >= ESCAPE + 0x80 && c <= ESCAPE + 0xff;
}

int hws_name_to_wire(const char *local, char *buf, size_t size)
{
	const unsigned char *s = (const unsigned char *)local;
	size_t at = 0;
	uint32_t c;

	while (*s) {
		size_t n = take_char(s, &c);
		size_t bytes = n ? n : 1, needs = n && !is_escape(c) ? n : 3 * bytes;

		if (needs >= size - at)
			return HWS_ERR_TOOBIG;
		if (n && !is_escape(c)) {
			memcpy(buf + at, s, n);
			at += n;
		} else {
			for (size_t i = 0; i < bytes; i++) {
				uint32_t e = ESCAPE + s[i];

				buf[at++] = (char)(0xe0 | e >> 12);
				buf[at++] = (char)(0x80 | (e >> 6 & 0x3f));
				buf[at++] = (char)(0x80 | (e & 0x3f));
			}
		}
		s += bytes;
	}
	if (at >= size)
		return HWS_ERR_TOOBIG;
	buf[at] = 0;
	return HWS_OK;
}

int hws_name_from_wire(const char *wire, bool windows, char *buf, size_t size)
{
	const unsigned char *s = (const unsigned char *)wire;
	size_t at = 0;
	uint32_t c;

	while (*s) {
		size_t n = take_char(s, &c);
		size_t bytes = n && is_escape(c) ? 1 : n;

		if (!n)
			return HWS_ERR_INVAL;
		if (bytes >= size - at)
			return HWS_ERR_TOOBIG;
		if (is_escape(c))
			buf[at] = (char)(c - ESCAPE);
		else if (windows && c == '\\')
			buf[at] = '/';
		else
			memcpy(buf + at, s, n);
		at += bytes;
		s += n;
	}
	if (at >= size)
		return HWS_ERR_TOOBIG;
	buf[at] = 0;
	return HWS_OK;
}

static bool is_dots(const char *part, size_t len)
{
	return (len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.');
}

static bool has_drive(const char *name)
{
	unsigned char c = (unsigned char)(name[0] | 0x20);

	return c >= 'a' && c <= 'z' && name[1] == ':' && (name[2] == '/' || name[2] == '\\');
}

const char *hws_name_refusal(const char *local, bool alone)
{
	if (!*local)
		return alone ? NULL : "empty file name in multi-file transfer";
	if (*local == '/' || has_drive(local))
		return "absolute path detected in file name";
	if (strlen(local) > HWS_FILE_PATH_MAX)
		return "invalid file name component";
	for (const char *part = local;;) {
		size_t len = strcspn(part, "/");

		if (len == 2 && is_dots(part, len))
			return "path traversal detected in file name";
		if (!len || is_dots(part, len) || len > HWS_FILE_NAME_MAX)
			return "invalid file name component";
		if (!part[len])
			return NULL;
		part += len + 1;
	}
}

const char *hws_name_leaf_refusal(const char *name)
{
	if (!*name)
		return "new file name cannot be empty";
	return strchr(name, '/') ? "invalid file name component" : hws_name_refusal(name, false);
}

/* Devices of Windows, with any extension. */
static bool is_reserved(const char *part, size_t len)
{
	static const char *const names[] = { "con", "prn", "aux", "nul" };
	size_t stem = 0;
	char s[5] = "";

	while (stem < len && part[stem] != '.')
		stem++;
	if (stem != 3 && stem != 4)
		return false;
	for (size_t i = 0; i < stem; i++)
		s[i] = (char)(part[i] >= 'A' && part[i] <= 'Z' ? part[i] | 0x20 : part[i]);
	for (size_t i = 0; i < HWS_COUNT(names); i++)
		if (stem == 3 && !strcmp(s, names[i]))
			return true;
	return stem == 4 && s[3] >= '1' && s[3] <= '9' &&
			(!strncmp(s, "com", 3) || !strncmp(s, "lpt", 3));
}

int hws_name_to_windows(const char *local, char *buf, size_t size)
{
	size_t at = 0;

	for (const char *part = local;;) {
		size_t len = strcspn(part, "/");
		bool reserved = is_reserved(part, len);

		if (len + reserved + 1 >= size - at)
			return HWS_ERR_TOOBIG;
		if (reserved)
			buf[at++] = '_';
		for (size_t i = 0; i < len; i++) {
			unsigned char c = (unsigned char)part[i];
			bool ends = i + 1 == len && (c == ' ' || c == '.');

			buf[at++] = (char)(c < 0x20 || strchr("<>:\"|?*\\", c) || ends ? '_' : c);
		}
		if (!part[len])
			break;
		buf[at++] = '\\';
		part += len + 1;
	}
	buf[at] = 0;
	return HWS_OK;
}

int hws_name_last(const char *path, char *buf, size_t size)
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	start = end;
	while (start && path[start - 1] != '/')
		start--;
	if (start == end || is_dots(path + start, end - start))
		return HWS_ERR_INVAL;
	if (end - start >= size || end - start > HWS_FILE_NAME_MAX)
		return HWS_ERR_TOOBIG;
	memcpy(buf, path + start, end - start);
	buf[end - start] = 0;
	return HWS_OK;
}
