/* Lists of URIs are written by many programs: lines may end with either character, be comments, and
 * name a host. */
#include "client/platform/uri_list.h"
#include "shared/base/mem.h"
#include <stdbool.h>
#include <string.h>

#define SCHEME "file://"

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			(c && strchr("/-._~!$&'()*+,;=:@", c));
}

void hws_uri_list_put(struct hws_buf *out, const char *const *paths, size_t n, const char *end)
{
	for (size_t i = 0; i < n; i++) {
		hws_buf_put_str(out, SCHEME);
		for (const char *c = paths[i]; *c; c++)
			if (is_plain(*c))
				hws_buf_put_u8(out, (uint8_t)*c);
			else
				hws_buf_fmt(out, "%%%02X", (unsigned)(uint8_t)*c);
		hws_buf_put_str(out, end);
	}
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Into `out`, which has room for as many bytes and a NUL. False: no path. */
static bool decode(struct hws_bytes in, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (c == '%') {
			int high = in.len - i > 2 ? hex_digit(in.ptr[i + 1]) : -1;
			int low = in.len - i > 2 ? hex_digit(in.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (uint8_t)(high << 4 | low);
			i += 2;
		}
		if (c == 0)
			return false;
		out[n++] = (char)c;
	}
	out[n] = 0;
	return out[0] == '/';
}

static struct hws_bytes next_line(struct hws_bytes *text)
{
	const uint8_t *p = text->ptr;
	size_t n = 0;

	while (n < text->len && p[n] != '\r' && p[n] != '\n' && p[n] != 0)
		n++;
	*text = hws_bytes(p + n + (n < text->len), text->len - n - (n < text->len));
	return hws_bytes(p, n);
}

/* What follows the host, which must be this one; empty: it is none of ours. */
static struct hws_bytes path_of(struct hws_bytes line)
{
	size_t skip = strlen(SCHEME);
	static const char local[] = "localhost/";

	if (line.len <= skip || memcmp(line.ptr, SCHEME, skip) != 0)
		return (struct hws_bytes){ 0 };
	line = hws_bytes(line.ptr + skip, line.len - skip);
	skip = strlen(local) - 1;
	if (line.len > skip && memcmp(line.ptr, local, skip + 1) == 0)
		line = hws_bytes(line.ptr + skip, line.len - skip);
	return line.ptr[0] == '/' ? line : (struct hws_bytes){ 0 };
}

int hws_uri_list_take(struct hws_bytes text, char ***ret, size_t *ret_n)
{
	size_t n = 0;
	char **paths, *room;

	*ret = NULL;
	*ret_n = 0;
	if (text.len > HWS_URI_LIST_BYTES_MAX)
		return HWS_ERR_TOOBIG;
	paths = hws_alloc(HWS_URI_LIST_MAX * sizeof(*paths) + text.len + HWS_URI_LIST_MAX + 1);
	if (!paths)
		return HWS_ERR_NOMEM;
	room = (char *)(paths + HWS_URI_LIST_MAX);
	while (text.len) {
		struct hws_bytes path = path_of(next_line(&text));

		if (!path.len || !decode(path, room))
			continue;
		if (n == HWS_URI_LIST_MAX) {
			hws_free(paths);
			return HWS_ERR_TOOBIG;
		}
		paths[n++] = room;
		room += strlen(room) + 1;
	}
	if (n)
		*ret = paths;
	else
		hws_free(paths);
	*ret_n = n;
	return HWS_OK;
}
