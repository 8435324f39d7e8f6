/* Segments are cut before they are unescaped, so that an escaped slash cannot make two of one. */
#include "admin/http/target.h"
#include "shared/base/str.h"
#include <string.h>

/* In place, which never makes it longer. `plus`: "+" is a blank, as in queries. */
static int unescape(char *text, bool plus)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		uint8_t byte = (uint8_t)*in;

		if (byte == '%') {
			char pair[3] = { in[1] };

			if (in[1])
				pair[1] = in[2];
			if (hws_hex_decode(pair, &byte, 1) < 0 || !byte)
				return HWS_ERR_PROTO;
			in += 2;
		} else if (plus && byte == '+') {
			byte = ' ';
		}
		*out++ = (char)byte;
	}
	*out = 0;
	return hws_utf8_valid(hws_bytes_str(text)) ? HWS_OK : HWS_ERR_PROTO;
}

static bool is_segment(const char *s)
{
	if (strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f || *s == '/' || *s == '\\')
			return false;
	return true;
}

static int take_segments(char *path, struct htp_target *t)
{
	char *at = path + 1; /* behind the first slash */

	while (at && *at) {
		char *next = strchr(at, '/');

		if (next)
			*next++ = 0;
		if (unescape(at, false) < 0 || !is_segment(at))
			return HWS_ERR_PROTO;
		if (t->segments == HTP_SEGMENTS_MAX)
			return HWS_ERR_TOOBIG;
		t->segment[t->segments++] = at;
		at = next;
	}
	return HWS_OK;
}

static int take_pair(char *pair, struct htp_target *t)
{
	char *value = strchr(pair, '=');

	if (value)
		*value++ = 0;
	else
		value = pair + strlen(pair);
	if (unescape(pair, true) < 0 || (*value && unescape(value, true) < 0))
		return HWS_ERR_PROTO;
	if (htp_target_query(t, pair))
		return HWS_ERR_PROTO;
	if (t->queries == HTP_QUERY_MAX)
		return HWS_ERR_TOOBIG;
	t->query[t->queries++] = (struct htp_field){ pair, value };
	return HWS_OK;
}

static int take_query(char *at, struct htp_target *t)
{
	int r = HWS_OK;

	while (at && r == HWS_OK) {
		char *next = strchr(at, '&');

		if (next)
			*next++ = 0;
		if (*at)
			r = take_pair(at, t);
		at = next;
	}
	return r;
}

int htp_target_parse(char *target, struct htp_target *ret)
{
	char *query, *fragment;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (*target != '/')
		return HWS_ERR_PROTO;
	fragment = strchr(target, '#'); /* no business of a server's */
	if (fragment)
		*fragment = 0;
	query = strchr(target, '?');
	if (query)
		*query++ = 0;
	r = take_segments(target, ret);
	return r == HWS_OK ? take_query(query, ret) : r;
}

const char *htp_target_query(const struct htp_target *t, const char *name)
{
	for (unsigned i = 0; i < t->queries; i++)
		if (strcmp(t->query[i].name, name) == 0)
			return t->query[i].value;
	return NULL;
}
