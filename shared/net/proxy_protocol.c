/* Both forms of the header, read strictly: it decides whose address a peer is taken for, so what
 * is not exactly as written down is refused. */
#include "shared/net/proxy_protocol.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/net/addr.h"
#include <arpa/inet.h>
#include <netinet/in.h>

#define V2_HEADER 16
#define V2_IP4_LEN 12
#define V2_IP6_LEN 36
#define V2_UNIX_LEN 216

static const char v1_start[] = "PROXY ";
static const uint8_t v2_start[] = { '\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T',
	'\n' };

enum { V2_LOCAL = 0x20, V2_PROXY = 0x21 };
enum {
	V2_UNSPEC = 0x00,
	V2_TCP4 = 0x11,
	V2_UDP4 = 0x12,
	V2_TCP6 = 0x21,
	V2_UDP6 = 0x22,
	V2_UNIX_STREAM = 0x31,
	V2_UNIX_DGRAM = 0x32
};

/* HWS_OK when `in` begins with `start`, HWS_ERR_SHORT while it still may. */
static int starts_with(struct hws_bytes in, const void *start, size_t len)
{
	size_t n = HWS_MIN(in.len, len);

	if (n > 0 && memcmp(in.ptr, start, n) != 0)
		return HWS_ERR_PROTO;
	return n < len ? HWS_ERR_SHORT : HWS_OK;
}

static void set_addr(struct sockaddr_storage *a, int family, const void *ip, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)a;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, ip, sizeof(in->sin_addr));
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)a;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, ip, sizeof(in6->sin6_addr));
		hws_addr_normalise(a);
	}
}

/* The next word of a line, NUL-terminated in place of the one blank (or the end) behind it; NULL
 * without one. */
static char *next_word(char **at)
{
	char *word = *at, *end;

	if (!word)
		return NULL;
	end = strchr(word, ' ');
	if (end)
		*end++ = '\0';
	*at = end;
	return *word ? word : NULL;
}

static int parse_port(const char *text, uint16_t *ret)
{
	/* digits only, and none in vain: the format has one way to write a number */
	if (!text || strspn(text, "0123456789") != strlen(text) ||
			(text[0] == '0' && text[1] != '\0'))
		return HWS_ERR_PROTO;
	return hws_parse_u16(text, ret) < 0 ? HWS_ERR_PROTO : HWS_OK;
}

/* `line`: what stands between "PROXY " and CR LF. */
static int parse_v1_line(char *line, struct hws_proxy_header *ret)
{
	uint8_t source[16], destination[16];
	uint16_t source_port, destination_port;
	const char *kind, *from, *to;
	char *at = line;
	int family;

	kind = next_word(&at);
	if (kind && strcmp(kind, "UNKNOWN") == 0)
		return HWS_OK; /* whatever follows is to be ignored */
	if (!kind || (strcmp(kind, "TCP4") != 0 && strcmp(kind, "TCP6") != 0))
		return HWS_ERR_PROTO;
	family = kind[3] == '4' ? AF_INET : AF_INET6;
	from = next_word(&at);
	to = next_word(&at);
	if (!from || !to || inet_pton(family, from, source) != 1 ||
			inet_pton(family, to, destination) != 1)
		return HWS_ERR_PROTO;
	if (parse_port(next_word(&at), &source_port) < 0 ||
			parse_port(next_word(&at), &destination_port) < 0 || at)
		return HWS_ERR_PROTO;
	ret->proxied = true;
	set_addr(&ret->source, family, source, source_port);
	set_addr(&ret->destination, family, destination, destination_port);
	return HWS_OK;
}

static int parse_v1(struct hws_bytes in, struct hws_proxy_header *ret, size_t *ret_used)
{
	const size_t skip = sizeof(v1_start) - 1;
	size_t limit = HWS_MIN(in.len, (size_t)HWS_PROXY_V1_MAX);
	const uint8_t *end = memchr(in.ptr, '\n', limit);
	char line[HWS_PROXY_V1_MAX];
	size_t used, len;
	int r;

	if (!end)
		return in.len < HWS_PROXY_V1_MAX ? HWS_ERR_SHORT : HWS_ERR_PROTO;
	used = (size_t)(end - in.ptr) + 1;
	if (used < skip + 2 || end[-1] != '\r')
		return HWS_ERR_PROTO;
	len = used - 2 - skip;
	memcpy(line, in.ptr + skip, len);
	line[len] = '\0';
	if (memchr(line, '\0', len) || memchr(line, '\r', len))
		return HWS_ERR_PROTO;
	r = parse_v1_line(line, ret);
	if (r == HWS_OK)
		*ret_used = used;
	return r;
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static int parse_v2_addresses(uint8_t kind, struct hws_bytes block, struct hws_proxy_header *ret)
{
	int family = kind == V2_TCP4 ? AF_INET : AF_INET6;
	size_t ip = kind == V2_TCP4 ? 4 : 16;

	switch (kind) {
	case V2_UNSPEC:
		return HWS_OK;
	case V2_UDP4:
		return block.len < V2_IP4_LEN ? HWS_ERR_PROTO : HWS_OK;
	case V2_UDP6:
		return block.len < V2_IP6_LEN ? HWS_ERR_PROTO : HWS_OK;
	case V2_UNIX_STREAM:
	case V2_UNIX_DGRAM:
		return block.len < V2_UNIX_LEN ? HWS_ERR_PROTO : HWS_OK;
	case V2_TCP4:
	case V2_TCP6:
		break;
	default:
		return HWS_ERR_PROTO;
	}
	if (block.len < 2 * ip + 4)
		return HWS_ERR_PROTO;
	ret->proxied = true;
	set_addr(&ret->source, family, block.ptr, be16(block.ptr + 2 * ip));
	set_addr(&ret->destination, family, block.ptr + ip, be16(block.ptr + 2 * ip + 2));
	return HWS_OK;
}

static int parse_v2(struct hws_bytes in, struct hws_proxy_header *ret, size_t *ret_used)
{
	size_t at = sizeof(v2_start), len;
	int r = HWS_OK;

	if (in.len > at && in.ptr[at] != V2_LOCAL && in.ptr[at] != V2_PROXY)
		return HWS_ERR_PROTO; /* another version or command */
	if (in.len < V2_HEADER)
		return HWS_ERR_SHORT;
	len = be16(in.ptr + 14);
	if (len > HWS_PROXY_MAX - V2_HEADER)
		return HWS_ERR_TOOBIG;
	if (in.len < V2_HEADER + len)
		return HWS_ERR_SHORT;
	/* of LOCAL nothing else counts, not even the family */
	if (in.ptr[at] == V2_PROXY)
		r = parse_v2_addresses(in.ptr[13], hws_bytes(in.ptr + V2_HEADER, len), ret);
	if (r == HWS_OK)
		*ret_used = V2_HEADER + len;
	return r;
}

int hws_proxy_parse(struct hws_bytes in, struct hws_proxy_header *ret, size_t *ret_used)
{
	struct hws_proxy_header header;
	size_t used = 0;
	int r;

	memset(&header, 0, sizeof(header));
	if (in.len == 0)
		return HWS_ERR_SHORT;
	if (in.ptr[0] == (uint8_t)v1_start[0]) {
		r = starts_with(in, v1_start, sizeof(v1_start) - 1);
		if (r == HWS_OK)
			r = parse_v1(in, &header, &used);
	} else {
		r = starts_with(in, v2_start, sizeof(v2_start));
		if (r == HWS_OK)
			r = parse_v2(in, &header, &used);
	}
	if (r < 0)
		return r;
	*ret = header;
	*ret_used = used;
	return HWS_OK;
}
