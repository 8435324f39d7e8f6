/* rendezvous/planes/http_reply: the head is looked for in bounded bytes, and a length is believed
 * only within what the caller keeps. */
#include "server-rendezvous/planes/http_reply.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <string.h>
#include <strings.h>

bool rdv_http_is_hop(const char *name)
{
	static const char *const hop[] = { "connection", "keep-alive", "transfer-encoding",
		"content-length", "te", "trailer", "upgrade", "proxy-connection" };

	for (size_t i = 0; i < HWS_COUNT(hop); i++) {
		if (strcasecmp(hop[i], name) == 0)
			return true;
	}
	return false;
}

bool rdv_http_name_valid(const char *name)
{
	static const char signs[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *name && !name[strspn(name, signs)];
}

bool rdv_http_value_valid(const char *value)
{
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if ((c < 32 && c != '\t') || c == 127)
			return false;
	}
	return true;
}

/* "HTTP/1.x NNN ..." */
static int read_status(const char *line, size_t len)
{
	int status = 0;

	if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
			(len > 12 && line[12] != ' '))
		return -1;
	for (int i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -1;
		status = status * 10 + line[i] - '0';
	}
	return status < 200 ? -1 : status;
}

static bool is_field(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len > n && line[n] == ':' && strncasecmp(line, name, n) == 0;
}

struct length {
	bool known;
	uint64_t n;
};

static int read_length(const char *value, size_t len, struct length *ret)
{
	char text[32];
	uint64_t n = 0;

	while (len && (*value == ' ' || *value == '\t')) {
		value++;
		len--;
	}
	if (len == 0 || len >= sizeof(text) || ret->known)
		return HWS_ERR_PROTO;
	memcpy(text, value, len);
	text[len] = '\0';
	if (text[strspn(text, "0123456789")] || hws_parse_u64(text, &n) < 0)
		return HWS_ERR_PROTO;
	*ret = (struct length){ true, n };
	return HWS_OK;
}

static int read_fields(struct hws_bytes fields, struct length *ret)
{
	const char *at = (const char *)fields.ptr, *end = at + fields.len;
	int r = HWS_OK;

	while (r == HWS_OK && at < end) {
		const char *eol = memmem(at, (size_t)(end - at), "\r\n", 2);
		size_t n = eol ? (size_t)(eol - at) : 0;

		if (!eol)
			return HWS_ERR_PROTO;
		if (is_field(at, n, "transfer-encoding"))
			r = HWS_ERR_PROTO; /* the API server gives lengths */
		else if (is_field(at, n, "content-length"))
			r = read_length(at + 15, n - 15, ret);
		at = eol + 2;
	}
	return r;
}

int rdv_http_reply_read(struct hws_bytes in, bool ended, struct rdv_http_reply *ret)
{
	size_t head = HWS_MIN(in.len, (size_t)RDV_HTTP_HEAD_MAX);
	const uint8_t *end = head ? memmem(in.ptr, head, "\r\n\r\n", 4) : NULL;
	struct length length = { 0 };
	const uint8_t *eol;
	size_t rest;
	int r;

	if (!end)
		return ended || in.len >= RDV_HTTP_HEAD_MAX ? HWS_ERR_PROTO : HWS_ERR_SHORT;
	eol = memmem(in.ptr, (size_t)(end + 2 - in.ptr), "\r\n", 2);
	ret->status = read_status((const char *)in.ptr, (size_t)(eol - in.ptr));
	ret->fields = hws_bytes(eol + 2, (size_t)(end - eol));
	r = ret->status < 0 ? HWS_ERR_PROTO : read_fields(ret->fields, &length);
	if (r < 0)
		return r;
	rest = in.len - (size_t)(end + 4 - in.ptr);
	if (ret->status == 204 || ret->status == 304)
		length = (struct length){ true, 0 };
	if (length.known ? rest < length.n : !ended)
		return length.known && ended ? HWS_ERR_PROTO : HWS_ERR_SHORT;
	ret->body = hws_bytes(end + 4, length.known ? (size_t)length.n : rest);
	return HWS_OK;
}

size_t rdv_http_reply_fields(char *text, Rdv__HeaderEntry ret[RDV_HTTP_FIELDS_MAX])
{
	size_t n = 0;
	char *eol;

	for (; n < RDV_HTTP_FIELDS_MAX && (eol = strstr(text, "\r\n")); text = eol + 2) {
		char *colon;

		*eol = '\0';
		colon = strchr(text, ':');
		if (!colon)
			continue;
		*colon = '\0';
		if (!rdv_http_name_valid(text) || rdv_http_is_hop(text))
			continue;
		rdv__header_entry__init(&ret[n]);
		ret[n].name = text;
		ret[n].value = hws_str_trim(colon + 1);
		if (rdv_http_value_valid(ret[n].value) &&
				hws_utf8_valid(hws_bytes_str(ret[n].value)))
			n++;
	}
	return n;
}
