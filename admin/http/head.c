/* A head line by line; what each field means for the body that follows is a table. */
#include "admin/http/head.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define TARGET_MAX 8192u

static const char *const names[HTP_METHODS] = {
	[HTP_GET] = "GET",
	[HTP_HEAD] = "HEAD",
	[HTP_POST] = "POST",
	[HTP_PUT] = "PUT",
	[HTP_PATCH] = "PATCH",
	[HTP_DELETE] = "DELETE",
	[HTP_OPTIONS] = "OPTIONS",
};

const char *htp_method_name(enum htp_method m)
{
	return m >= 0 && m < HTP_METHODS ? names[m] : "?";
}

enum htp_method htp_method_parse(const char *name)
{
	int m = 0;

	while (m < HTP_METHODS && strcmp(name, names[m]) != 0)
		m++;
	return (enum htp_method)m;
}

int htp_head_end(struct hws_bytes in, size_t *ret)
{
	size_t len = HWS_MIN(in.len, (size_t)HTP_HEAD_MAX);
	const uint8_t *end = len >= 4 ? memmem(in.ptr, len, "\r\n\r\n", 4) : NULL;

	if (!end)
		return in.len >= HTP_HEAD_MAX ? HWS_ERR_TOOBIG : HWS_ERR_SHORT;
	*ret = (size_t)(end - in.ptr) + 4;
	return HWS_OK;
}

static char *next_line(char **at, const char *end)
{
	char *line = *at, *eol = memmem(line, (size_t)(end - line), "\r\n", 2);

	if (!eol)
		return NULL;
	*eol = 0;
	*at = eol + 2;
	return line;
}

static bool is_token(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("!#$%&'*+-.^_`|~", *s))
			return false;
	return true;
}

/* --- fields that say where the body ends ------------------------------------------------------ */

static int take_length(struct htp_head *h, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	if (h->has_length || h->chunked || !digits || value[digits] || digits > 18)
		return 400;
	h->has_length = true;
	return hws_parse_u64(value, &h->length) < 0 ? 400 : 0;
}

static int take_coding(struct htp_head *h, const char *value)
{
	if (h->chunked || h->has_length || h->http10)
		return 400;
	if (strcasecmp(value, "chunked") != 0)
		return 501;
	h->chunked = true;
	return 0;
}

static int take_connection(struct htp_head *h, const char *value)
{
	/* a list; nothing but these two words of it means anything to us */
	if (strcasestr(value, "close"))
		h->keep_alive = false;
	else if (strcasestr(value, "keep-alive"))
		h->keep_alive = true;
	return 0;
}

static int take_expect(struct htp_head *h, const char *value)
{
	if (strcasecmp(value, "100-continue") != 0)
		return 417;
	h->expect_continue = !h->http10;
	return 0;
}

static int take_host(struct htp_head *h, const char *value)
{
	if (h->has_host || strpbrk(value, " \t/@,\"<>\\"))
		return 400;
	h->has_host = true;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct htp_head *h, const char *value);
} meanings[] = {
	{ "Content-Length", take_length },
	{ "Transfer-Encoding", take_coding },
	{ "Connection", take_connection },
	{ "Expect", take_expect },
	{ "Host", take_host },
};

/* --- lines ------------------------------------------------------------------------------------ */

/* Trims in place; false when a byte is in it that no value may have. */
static bool clean_value(char **value)
{
	char *v = *value + strspn(*value, " \t"), *end = v + strlen(v);

	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = 0;
	for (const char *c = v; *c; c++)
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
			return false;
	*value = v;
	return true;
}

static int take_field(struct htp_head *h, char *line)
{
	char *colon = strchr(line, ':'), *value;
	int status = 0;

	if (!colon)
		return 400;
	*colon = 0;
	value = colon + 1;
	if (!is_token(line) || !clean_value(&value)) /* a folded line has no token, either */
		return 400;
	if (h->fields == HTP_FIELDS_MAX)
		return 431;
	h->field[h->fields++] = (struct htp_field){ line, value };
	for (size_t i = 0; i < HWS_COUNT(meanings) && !status; i++)
		if (strcasecmp(line, meanings[i].name) == 0)
			status = meanings[i].take(h, value);
	return status;
}

/* "/path", or as asked of a proxy: "http://host/path". */
static char *path_of(char *target)
{
	char *host = NULL;

	if (strncasecmp(target, "http://", 7) == 0)
		host = target + 7;
	else if (strncasecmp(target, "https://", 8) == 0)
		host = target + 8;
	if (host)
		target = strchr(host, '/');
	return target && *target == '/' ? target : NULL;
}

static int take_request_line(struct htp_head *h, char *line)
{
	char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;

	if (!version)
		return 400;
	*target++ = 0;
	*version++ = 0;
	if (!is_token(line))
		return 400;
	if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
		return strncmp(version, "HTTP/", 5) == 0 ? 505 : 400;
	h->http10 = version[7] == '0';
	h->keep_alive = !h->http10;
	if (strlen(target) > TARGET_MAX)
		return 414;
	for (const char *c = target; *c; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
			return 400;
	h->target = path_of(target);
	if (!h->target)
		return 400;
	h->method = htp_method_parse(line);
	return h->method == HTP_METHODS ? 501 : 0;
}

int htp_head_parse(char *text, size_t len, struct htp_head *ret, int *ret_status)
{
	char *at = text, *line;
	const char *end = text + len;
	int status = 400;

	memset(ret, 0, sizeof(*ret));
	line = memchr(text, 0, len) ? NULL : next_line(&at, end);
	if (line)
		status = take_request_line(ret, line);
	while (!status && (line = next_line(&at, end)) && *line)
		status = take_field(ret, line);
	if (!status && (!line || at != end || (!ret->has_host && !ret->http10)))
		status = 400;
	*ret_status = status;
	return status ? HWS_ERR_PROTO : HWS_OK;
}

const char *htp_head_get(const struct htp_head *h, const char *name)
{
	for (unsigned i = 0; i < h->fields; i++)
		if (strcasecmp(h->field[i].name, name) == 0)
			return h->field[i].value;
	return NULL;
}

unsigned htp_head_count(const struct htp_head *h, const char *name)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->fields; i++)
		n += strcasecmp(h->field[i].name, name) == 0;
	return n;
}
