/* The HTTP that a WebSocket begins with, both roles: no more of HTTP than that takes, and all of
 * it capped, since anybody may send it. */
#include "shared/net/ws_upgrade.h"
#include "shared/base/rand.h"
#include "shared/crypto/base64.h"
#include "shared/net/forwarded.h"
#include "shared/net/sha1.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* RFC 6455 section 1.3. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static int accept_of(const char *key, char ret[HWS_WS_ACCEPT_TEXT])
{
	uint8_t digest[HWS_SHA1_BYTES];
	char text[96];
	int n = snprintf(text, sizeof(text), "%s" GUID, key);
	int r;

	if (n < 0 || (size_t)n >= sizeof(text))
		return HWS_ERR_PROTO;
	r = hws_sha1(hws_bytes(text, (size_t)n), digest);
	return r < 0 ? r
		     : hws_base64_encode(
				       hws_bytes(digest, sizeof(digest)), ret, HWS_WS_ACCEPT_TEXT);
}

/* End of the header block behind its blank line; 0 while it is not there. */
static int header_end(struct hws_bytes in, size_t *ret)
{
	const uint8_t *end = in.len >= 4 ? memmem(in.ptr, in.len, "\r\n\r\n", 4) : NULL;

	if (!end)
		return in.len >= HWS_WS_UPGRADE_MAX ? HWS_ERR_TOOBIG : HWS_ERR_SHORT;
	*ret = (size_t)(end - in.ptr) + 4;
	return *ret > HWS_WS_UPGRADE_MAX ? HWS_ERR_TOOBIG : HWS_OK;
}

/* Value of a header, trimmed, as a C string; false if absent or too long. */
static bool header_value(struct hws_bytes head, const char *name, char *buf, size_t size)
{
	size_t name_len = strlen(name);
	const char *p = (const char *)head.ptr, *end = p + head.len;

	while ((p = memmem(p, (size_t)(end - p), "\r\n", 2))) {
		const char *eol, *v;
		size_t len;

		p += 2;
		if ((size_t)(end - p) <= name_len || strncasecmp(p, name, name_len) != 0 ||
				p[name_len] != ':')
			continue;
		v = p + name_len + 1;
		eol = memmem(v, (size_t)(end - v), "\r\n", 2);
		if (!eol)
			return false;
		while (v < eol && (*v == ' ' || *v == '\t'))
			v++;
		while (eol > v && (eol[-1] == ' ' || eol[-1] == '\t'))
			eol--;
		len = (size_t)(eol - v);
		if (len >= size || memchr(v, '\0', len))
			return false;
		memcpy(buf, v, len);
		buf[len] = '\0';
		return true;
	}
	return false;
}

int hws_ws_upgrade_answer(struct hws_bytes in, struct hws_buf *out, size_t *used,
		const struct hws_cidr_list *trusted, struct sockaddr_storage *peer)
{
	char upgrade[64], key[64], version[16], accept[HWS_WS_ACCEPT_TEXT];
	struct hws_bytes head;
	size_t end;
	int r;

	/* Something else than HTTP shows at once. */
	if (in.len > 0 && memcmp(in.ptr, "GET ", HWS_MIN(in.len, (size_t)4)) != 0)
		return HWS_ERR_PROTO;
	r = header_end(in, &end);
	if (r < 0)
		return r;
	head = hws_bytes(in.ptr, end);
	if (!header_value(head, "Upgrade", upgrade, sizeof(upgrade)) ||
			strcasecmp(upgrade, "websocket") != 0 ||
			!header_value(head, "Sec-WebSocket-Key", key, sizeof(key)) ||
			strlen(key) != 24 ||
			!header_value(head, "Sec-WebSocket-Version", version, sizeof(version)) ||
			strcmp(version, "13") != 0)
		return HWS_ERR_PROTO;
	r = accept_of(key, accept);
	if (r < 0)
		return r;
	if (trusted)
		hws_forwarded_peer(head, trusted, peer);
	hws_buf_fmt(out,
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
			"Upgrade\r\n"
			"Sec-WebSocket-Accept: %s\r\n\r\n",
			accept);
	if (hws_buf_err(out))
		return hws_buf_err(out);
	*used = end;
	return HWS_OK;
}

static bool clean(const char *s)
{
	for (; *s; s++) {
		if (!isgraph((unsigned char)*s))
			return false;
	}
	return true;
}

int hws_ws_upgrade_request(
		const char *host, const char *path, struct hws_buf *out, char key[HWS_WS_KEY_TEXT])
{
	uint8_t nonce[16];
	int r;

	if (!clean(host) || !clean(path) || path[0] != '/')
		return HWS_ERR_INVAL;
	hws_rand_bytes(nonce, sizeof(nonce));
	r = hws_base64_encode(hws_bytes(nonce, sizeof(nonce)), key, HWS_WS_KEY_TEXT);
	if (r < 0)
		return r;
	hws_buf_fmt(out,
			"GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: "
			"Upgrade\r\n"
			"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
			path, host, key);
	return hws_buf_err(out);
}

int hws_ws_upgrade_check(struct hws_bytes in, const char *key, size_t *used)
{
	char upgrade[64], got[64], want[HWS_WS_ACCEPT_TEXT];
	struct hws_bytes head;
	size_t end;
	int r;

	if (in.len > 0 && memcmp(in.ptr, "HTTP/1.1 101", HWS_MIN(in.len, (size_t)12)) != 0)
		return HWS_ERR_PROTO;
	r = header_end(in, &end);
	if (r < 0)
		return r;
	head = hws_bytes(in.ptr, end);
	r = accept_of(key, want);
	if (r < 0)
		return r;
	if (!header_value(head, "Upgrade", upgrade, sizeof(upgrade)) ||
			strcasecmp(upgrade, "websocket") != 0 ||
			!header_value(head, "Sec-WebSocket-Accept", got, sizeof(got)) ||
			strcmp(got, want) != 0)
		return HWS_ERR_PROTO;
	*used = end;
	return HWS_OK;
}

/* Of "HTTP/1.1 302 Found"; 0: it is none. */
static int status_of(struct hws_bytes in)
{
	const uint8_t *p = in.ptr + strlen("HTTP/1.1 ");
	int status = 0;

	if (in.len < strlen("HTTP/1.1 302") || memcmp(in.ptr, "HTTP/1.", 7) != 0)
		return 0;
	for (int i = 0; i < 3; i++) {
		if (p[i] < '0' || p[i] > '9')
			return 0;
		status = 10 * status + (p[i] - '0');
	}
	return status;
}

/* "http://login.example/..." of "id.example:80"; what stays at the host is its web server's. */
static bool leads_elsewhere(const char *location, const char *host)
{
	const char *there = strstr(location, "://");
	size_t len = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");

	if (!there)
		return false;
	there += 3;
	return strncasecmp(there, host, len) != 0 ||
			(there[len] && !strchr(host[0] == '[' ? "]" : ":/?#", there[len]));
}

int hws_ws_upgrade_refused(struct hws_bytes in, const char *host)
{
	int status = status_of(in), r;
	char value[512];
	size_t end;

	if (status == 511) /* RFC 6585 */
		return HWS_ERR_PORTAL;
	if (status != 200 && (status < 301 || status > 308))
		return HWS_ERR_PROTO;
	r = header_end(in, &end);
	if (r < 0)
		return r == HWS_ERR_SHORT ? r : HWS_ERR_PROTO;
	in = hws_bytes(in.ptr, end);
	if (status == 200)
		return header_value(in, "Content-Type", value, sizeof(value)) &&
						strncasecmp(value, "text/html", 9) == 0
				? HWS_ERR_PORTAL
				: HWS_ERR_PROTO;
	return header_value(in, "Location", value, sizeof(value)) && leads_elsewhere(value, host)
			? HWS_ERR_PORTAL
			: HWS_ERR_PROTO;
}

int hws_ws_upgrade_prepare(void)
{
	char unused[HWS_WS_ACCEPT_TEXT];

	return accept_of("", unused);
}
