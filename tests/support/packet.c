/* Checksums are made anew rather than mended: packets are few here. */
#include "tests/support/packet.h"
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>

#define ICMP_HEAD 8u
#define QUOTE4 28u         /* of a packet that was too long: its header and ports */
#define ROUTER4 0x0a0900fe /* 10.9.0.254 */

bool packet_ip_equal(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool packet_ip_parse(const char *text, struct in6_addr *ret)
{
	char mapped[64];

	if (strchr(text, ':'))
		return inet_pton(AF_INET6, text, ret) == 1;
	snprintf(mapped, sizeof(mapped), "::ffff:%s", text);
	return inet_pton(AF_INET6, mapped, ret) == 1;
}

static void from_v4(struct in6_addr *ret, const uint8_t *ip)
{
	memset(ret, 0, 10);
	ret->s6_addr[10] = ret->s6_addr[11] = 0xff;
	memcpy(ret->s6_addr + 12, ip, 4);
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint32_t add_up(uint32_t sum, const uint8_t *at, size_t len)
{
	for (; len > 1; at += 2, len -= 2)
		sum += get16(at);
	return len ? sum + (uint32_t)(*at << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void read_about(struct packet *p)
{
	const uint8_t *q = p->data + p->payload + ICMP_HEAD;
	size_t left = p->len - p->payload;

	if (left < ICMP_HEAD + QUOTE4 || p->data[p->payload] != ICMP_DEST_UNREACH ||
			p->data[p->payload + 1] != ICMP_FRAG_NEEDED || q[0] != 0x45)
		return;
	p->too_big = true;
	p->about_proto = q[9];
	from_v4(&p->about_src.ip, q + 12);
	p->about_src.port = get16(q + 20);
}

static bool read_v4(struct packet *p)
{
	const uint8_t *d = p->data;
	size_t head = (size_t)(d[0] & 15) * 4;

	if (p->len < 20 || head < 20 || p->len < head || get16(d + 2) != p->len ||
			(get16(d + 6) & 0x3fff) != 0)
		return false;
	p->payload = head;
	p->proto = d[9];
	from_v4(&p->src.ip, d + 12);
	from_v4(&p->dst.ip, d + 16);
	if (p->proto == IPPROTO_ICMP)
		read_about(p);
	return true;
}

static bool read_v6(struct packet *p)
{
	if (p->len < 40 || get16(p->data + 4) + 40u != p->len)
		return false;
	p->v6 = true;
	p->payload = 40;
	p->proto = p->data[6];
	memcpy(&p->src.ip, p->data + 8, 16);
	memcpy(&p->dst.ip, p->data + 24, 16);
	return true;
}

bool packet_read(struct packet *ret, uint8_t *data, size_t len)
{
	size_t least;

	memset(ret, 0, sizeof(*ret));
	ret->data = data;
	ret->len = len;
	if (len < 20 || !(data[0] >> 4 == 4 ? read_v4(ret) : data[0] >> 4 == 6 && read_v6(ret)))
		return false;
	least = ret->proto == IPPROTO_TCP ? 20 : 8;
	if (len < ret->payload + least)
		return false;
	if (ret->proto == IPPROTO_TCP || ret->proto == IPPROTO_UDP) {
		ret->src.port = get16(data + ret->payload);
		ret->dst.port = get16(data + ret->payload + 2);
		return true;
	}
	return ret->proto == IPPROTO_ICMP || ret->proto == IPPROTO_ICMPV6;
}

static void sum_header(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, fold(add_up(0, ip, (size_t)(ip[0] & 15) * 4)));
}

static void sum_v4(struct packet *p)
{
	uint8_t *d = p->data, *l4 = d + p->payload;
	size_t n = p->len - p->payload;
	uint8_t *at = l4 + (p->proto == IPPROTO_TCP ? 16 : p->proto == IPPROTO_UDP ? 6 : 2);
	uint32_t sum = p->proto == IPPROTO_ICMP ? 0 : add_up(p->proto + (uint32_t)n, d + 12, 8);
	uint16_t all;

	sum_header(d);
	put16(at, 0);
	all = fold(add_up(sum, l4, n));
	put16(at, p->proto == IPPROTO_UDP && all == 0 ? 0xffff : all);
}

static void set_end(struct packet *p, const struct packet_end *e, size_t ip, size_t port)
{
	memcpy(p->data + ip, e->ip.s6_addr + 12, 4);
	if (p->proto != IPPROTO_ICMP)
		put16(p->data + p->payload + port, e->port);
	sum_v4(p);
}

void packet_set_src(struct packet *p, const struct packet_end *src)
{
	p->src = *src;
	set_end(p, src, 12, 0);
}

void packet_set_dst(struct packet *p, const struct packet_end *dst)
{
	p->dst = *dst;
	set_end(p, dst, 16, 2);
}

void packet_set_about(struct packet *p, const struct packet_end *inside)
{
	uint8_t *quoted = p->data + p->payload + ICMP_HEAD;

	memcpy(quoted + 12, inside->ip.s6_addr + 12, 4);
	put16(quoted + 20, inside->port);
	sum_header(quoted);
	p->about_src = *inside;
	packet_set_dst(p, inside);
}

static size_t too_big_v4(const struct packet *p, uint32_t mtu, uint8_t *ret)
{
	const uint32_t router = htonl(ROUTER4);
	size_t len = 20 + ICMP_HEAD + QUOTE4;
	struct packet icmp = { .data = ret, .len = len, .payload = 20, .proto = IPPROTO_ICMP };

	if (!(get16(p->data + 6) & 0x4000) || p->payload != 20)
		return 0; /* it may be cut in pieces, which nobody does here */
	memset(ret, 0, len);
	ret[0] = 0x45;
	put16(ret + 2, (uint16_t)len);
	ret[8] = 64;
	ret[9] = IPPROTO_ICMP;
	memcpy(ret + 12, &router, 4);
	memcpy(ret + 16, p->data + 12, 4);
	ret[20] = ICMP_DEST_UNREACH;
	ret[21] = ICMP_FRAG_NEEDED;
	put16(ret + 26, (uint16_t)mtu);
	memcpy(ret + 28, p->data, QUOTE4);
	sum_v4(&icmp);
	return len;
}

static size_t too_big_v6(const struct packet *p, uint32_t mtu, uint8_t *ret)
{
	size_t quote = 48, n = ICMP_HEAD + quote;

	memset(ret, 0, 40 + n);
	ret[0] = 0x60;
	put16(ret + 4, (uint16_t)n);
	ret[6] = IPPROTO_ICMPV6;
	ret[7] = 64;
	memcpy(ret + 8, p->data + 24, 16); /* as if the far end said it: it has an address */
	memcpy(ret + 24, p->data + 8, 16);
	ret[40] = ICMP6_PACKET_TOO_BIG;
	put16(ret + 46, (uint16_t)mtu);
	memcpy(ret + 48, p->data, quote);
	put16(ret + 42,
			fold(add_up(add_up(IPPROTO_ICMPV6 + (uint32_t)n, ret + 8, 32), ret + 40,
					n)));
	return 40 + n;
}

size_t packet_too_big(const struct packet *p, uint32_t mtu, uint8_t *ret, size_t size)
{
	if (size < 128 || (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP))
		return 0;
	return p->v6 ? too_big_v6(p, mtu, ret) : too_big_v4(p, mtu, ret);
}
