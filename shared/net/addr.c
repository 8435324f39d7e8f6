/* Addresses as people write them and as they are compared: an IPv4 address is one address, in
 * whichever of its two forms a socket shows it. */
#include "shared/net/addr.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#define CIDR_MAX 4096u

static struct sockaddr_in *v4(struct sockaddr_storage *a)
{
	return (struct sockaddr_in *)a;
}

static struct sockaddr_in6 *v6(struct sockaddr_storage *a)
{
	return (struct sockaddr_in6 *)a;
}

static const struct sockaddr_in *v4c(const struct sockaddr_storage *a)
{
	return (const struct sockaddr_in *)a;
}

static const struct sockaddr_in6 *v6c(const struct sockaddr_storage *a)
{
	return (const struct sockaddr_in6 *)a;
}

void hws_addr_normalise(struct sockaddr_storage *a)
{
	struct sockaddr_in n = { .sin_family = AF_INET };

	if (a->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6(a)->sin6_addr))
		return;
	n.sin_port = v6(a)->sin6_port;
	memcpy(&n.sin_addr, v6(a)->sin6_addr.s6_addr + 12, 4);
	memset(a, 0, sizeof(*a));
	memcpy(a, &n, sizeof(n));
}

char *hws_addr_ip_text(const struct sockaddr_storage *a, char *buf, size_t size)
{
	const void *ip = a->ss_family == AF_INET ? (const void *)&v4c(a)->sin_addr
						 : (const void *)&v6c(a)->sin6_addr;

	if ((a->ss_family != AF_INET && a->ss_family != AF_INET6) ||
			!inet_ntop(a->ss_family, ip, buf, (socklen_t)size))
		snprintf(buf, size, "unknown");
	return buf;
}

char *hws_addr_text(const struct sockaddr_storage *a, char *buf, size_t size)
{
	char ip[INET6_ADDRSTRLEN];

	hws_addr_ip_text(a, ip, sizeof(ip));
	if (a->ss_family == AF_INET)
		snprintf(buf, size, "%s:%u", ip, hws_addr_port(a));
	else if (a->ss_family == AF_INET6)
		snprintf(buf, size, "[%s]:%u", ip, hws_addr_port(a));
	else
		snprintf(buf, size, "unknown");
	return buf;
}

uint16_t hws_addr_port(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohs(v4c(a)->sin_port);
	return a->ss_family == AF_INET6 ? ntohs(v6c(a)->sin6_port) : 0;
}

void hws_addr_set_port(struct sockaddr_storage *a, uint16_t port)
{
	if (a->ss_family == AF_INET)
		v4(a)->sin_port = htons(port);
	else if (a->ss_family == AF_INET6)
		v6(a)->sin6_port = htons(port);
}

bool hws_addr_ip_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return v4c(a)->sin_addr.s_addr == v4c(b)->sin_addr.s_addr;
	return a->ss_family == AF_INET6 && memcmp(&v6c(a)->sin6_addr, &v6c(b)->sin6_addr, 16) == 0;
}

bool hws_addr_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return hws_addr_ip_equal(a, b) && hws_addr_port(a) == hws_addr_port(b);
}

bool hws_addr_is_loopback(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return (ntohl(v4c(a)->sin_addr.s_addr) >> 24) == 127;
	if (a->ss_family != AF_INET6)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&v6c(a)->sin6_addr))
		return v6c(a)->sin6_addr.s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(&v6c(a)->sin6_addr);
}

static bool is_special_v4(uint32_t ip)
{
	uint32_t top = ip >> 24;

	return top == 0 || top == 127 || top >= 224 || ip >> 16 == 0xa9fe;
}

bool hws_addr_is_special(const struct sockaddr_storage *a)
{
	const struct in6_addr *ip;

	if (a->ss_family == AF_INET)
		return is_special_v4(ntohl(v4c(a)->sin_addr.s_addr));
	if (a->ss_family != AF_INET6)
		return true;
	ip = &v6c(a)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(ip))
		return is_special_v4((uint32_t)ip->s6_addr[12] << 24 |
				(uint32_t)ip->s6_addr[13] << 16 | (uint32_t)ip->s6_addr[14] << 8 |
				ip->s6_addr[15]);
	return IN6_IS_ADDR_UNSPECIFIED(ip) || IN6_IS_ADDR_LOOPBACK(ip) ||
			IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MULTICAST(ip);
}

bool hws_addr_is_public_v4(const struct sockaddr_storage *a)
{
	static const struct {
		uint32_t net;
		unsigned bits;
	} inner[] = { { 0x0a000000, 8 }, { 0xac100000, 12 }, { 0xc0a80000, 16 }, { 0x64400000, 10 },
		{ 0xc0000000, 24 }, { 0xc6120000, 15 } };
	uint32_t ip;

	if (a->ss_family != AF_INET || hws_addr_is_special(a))
		return false;
	ip = ntohl(v4c(a)->sin_addr.s_addr);
	for (size_t i = 0; i < HWS_COUNT(inner); i++)
		if ((ip ^ inner[i].net) >> (32 - inner[i].bits) == 0)
			return false;
	return true;
}

socklen_t hws_addr_len(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

int hws_addr_parse(const char *text, uint16_t default_port, struct sockaddr_storage *ret)
{
	struct sockaddr_storage a = { 0 };
	char host[INET6_ADDRSTRLEN];
	uint16_t port;
	int r = hws_host_port_split(text, default_port, host, sizeof(host), &port);

	if (r < 0)
		return r == HWS_ERR_TOOBIG ? HWS_ERR_INVAL : r;
	if (inet_pton(AF_INET, host, &v4(&a)->sin_addr) == 1)
		a.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &v6(&a)->sin6_addr) == 1)
		a.ss_family = AF_INET6;
	else
		return HWS_ERR_INVAL;
	hws_addr_set_port(&a, port);
	hws_addr_normalise(&a);
	*ret = a;
	return HWS_OK;
}

static bool host_chars_ok(const char *host)
{
	for (const char *c = host; *c; c++) {
		bool ok = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
				(*c >= '0' && *c <= '9') || *c == '.' || *c == '-' || *c == '_' ||
				*c == ':' || *c == '%';
		if (!ok)
			return false;
	}
	return *host != '\0';
}

/* Colons are in nothing but IPv6 addresses, which may name the interface they are for. */
static bool colons_ok(const char *host)
{
	size_t len = strcspn(host, "%");
	char literal[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (!strchr(host, ':'))
		return true;
	return hws_fmt(literal, sizeof(literal), "%.*s", (int)len, host) == HWS_OK &&
			inet_pton(AF_INET6, literal, &a) == 1;
}

static int split_copy(char *buf, size_t size, const char *from, size_t len)
{
	if (len == 0)
		return HWS_ERR_INVAL;
	if (len >= size)
		return HWS_ERR_TOOBIG;
	memcpy(buf, from, len);
	buf[len] = '\0';
	return host_chars_ok(buf) && colons_ok(buf) ? HWS_OK : HWS_ERR_INVAL;
}

int hws_host_port_split(const char *text, uint16_t default_port, char *host, size_t host_size,
		uint16_t *ret_port)
{
	const char *colon = strchr(text, ':'), *port_text = NULL;
	uint16_t port = default_port;
	char name[256];
	size_t len = strlen(text);
	int r;

	if (text[0] == '[') {
		const char *end = strchr(text, ']');

		if (!end || (end[1] && end[1] != ':'))
			return HWS_ERR_INVAL;
		port_text = end[1] ? end + 2 : NULL;
		text++;
		len = (size_t)(end - text);
	} else if (colon && !strchr(colon + 1, ':')) {
		len = (size_t)(colon - text);
		port_text = colon + 1;
	} /* several colons: a bare IPv6 literal */
	r = split_copy(name, sizeof(name), text, len);
	if (r < 0)
		return r;
	if (port_text) {
		r = hws_parse_u16(port_text, &port);
		if (r < 0)
			return r;
	}
	r = hws_str_copy(host, host_size, name);
	if (r < 0)
		return r;
	*ret_port = port;
	return HWS_OK;
}

int hws_host_port_join(const char *host, uint16_t port, char *buf, size_t size)
{
	bool literal6 = strchr(host, ':') && host[0] != '[';

	return hws_fmt(buf, size, literal6 ? "[%s]:%u" : "%s:%u", host, port);
}

void hws_addr_ip_bytes(const struct sockaddr_storage *a, uint8_t ret[16])
{
	memset(ret, 0, 16);
	if (a->ss_family == AF_INET6) {
		memcpy(ret, &v6c(a)->sin6_addr, 16);
		return;
	}
	ret[10] = ret[11] = 0xff;
	memcpy(ret + 12, &v4c(a)->sin_addr, 4);
}

int hws_cidr_parse(const char *text, struct hws_cidr *ret)
{
	struct sockaddr_storage a;
	struct hws_cidr c;
	const char *slash = strchr(text, '/');
	char ip[INET6_ADDRSTRLEN];
	uint16_t bits;
	int r;

	if (slash) {
		r = split_copy(ip, sizeof(ip), text, (size_t)(slash - text));
		if (r == HWS_OK)
			r = hws_addr_parse(ip, 0, &a);
	} else {
		r = hws_addr_parse(text, 0, &a);
	}
	if (r < 0)
		return HWS_ERR_INVAL;
	if (hws_addr_port(&a) != 0)
		return HWS_ERR_INVAL;
	bits = a.ss_family == AF_INET ? 32 : 128;
	if (slash) {
		/* an IPv4 network written as mapped ("::ffff:10.0.0.0/104") counts all 128 bits */
		uint16_t given, extra = a.ss_family == AF_INET && strchr(ip, ':') ? 96 : 0;

		r = hws_parse_u16(slash + 1, &given);
		if (r < 0 || given < extra || given - extra > bits)
			return HWS_ERR_INVAL;
		bits = (uint16_t)(given - extra);
	}
	hws_addr_ip_bytes(&a, c.ip);
	c.bits = (uint8_t)(a.ss_family == AF_INET ? bits + 96 : bits);
	*ret = c;
	return HWS_OK;
}

bool hws_cidr_match(const struct hws_cidr *c, const struct sockaddr_storage *a)
{
	uint8_t ip[16];
	size_t whole = c->bits / 8;
	unsigned rest = c->bits % 8;

	if (a->ss_family != AF_INET && a->ss_family != AF_INET6)
		return false;
	hws_addr_ip_bytes(a, ip);
	if (memcmp(ip, c->ip, whole) != 0)
		return false;
	return rest == 0 || ((ip[whole] ^ c->ip[whole]) >> (8 - rest)) == 0;
}

struct list_parse {
	struct hws_cidr_list list;
	char bad[64];
};

static int add_part(const char *part, void *arg)
{
	struct list_parse *p = arg;
	struct hws_cidr c, *more;

	if (hws_cidr_parse(part, &c) < 0) {
		snprintf(p->bad, sizeof(p->bad), "%s", part);
		return HWS_ERR_INVAL;
	}
	if (p->list.count == CIDR_MAX)
		return HWS_ERR_FULL;
	if (p->list.count == p->list.max) {
		size_t max = p->list.max ? p->list.max * 2 : 8;

		more = hws_realloc_array(p->list.item, max, sizeof(*more));
		if (!more)
			return HWS_ERR_NOMEM;
		p->list.item = more;
		p->list.max = max;
	}
	p->list.item[p->list.count++] = c;
	return HWS_OK;
}

int hws_cidr_list_parse(const char *text, struct hws_cidr_list *l, struct hws_error *err)
{
	struct list_parse p = { 0 };
	int r = hws_str_each(text, ',', add_part, &p);

	if (r < 0) {
		hws_cidr_list_done(&p.list);
		if (r == HWS_ERR_INVAL)
			return hws_error_set(err, r,
					"'%s' is no address or network (like 10.0.0.0/8 or "
					"2001:db8::/32)",
					p.bad);
		return hws_error_set(err, r, "list of networks: %s", hws_err_text(r));
	}
	hws_cidr_list_done(l);
	*l = p.list;
	return HWS_OK;
}

bool hws_cidr_list_match(const struct hws_cidr_list *l, const struct sockaddr_storage *a)
{
	for (size_t i = 0; i < l->count; i++) {
		if (hws_cidr_match(&l->item[i], a))
			return true;
	}
	return false;
}

void hws_cidr_list_done(struct hws_cidr_list *l)
{
	hws_free(l->item);
	memset(l, 0, sizeof(*l));
}
