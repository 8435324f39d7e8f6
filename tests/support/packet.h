/* tests/support/packet: IP packets as a router reads them: who sends what to whom, other addresses
 * written into them, and the word that one was too long. IPv4 and IPv6, without options of IPv6 and
 * without fragments. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An address, IPv4 as ::ffff:a.b.c.d, and a port (0 where there is none). */
struct packet_end {
	struct in6_addr ip;
	uint16_t port;
};

struct packet {
	uint8_t *data;
	size_t len;
	bool v6;
	uint8_t proto;  /* IPPROTO_TCP, _UDP, _ICMP, _ICMPV6 */
	size_t payload; /* where that begins */
	struct packet_end src, dst;
	bool too_big; /* ICMP's word that a packet was too long: then `about` is that packet */
	struct packet_end about_src;
	uint8_t about_proto;
};

/* False: none that is understood. `data` is kept. */
bool packet_read(struct packet *ret, uint8_t *data, size_t len);
/* IPv4 with TCP or UDP. */
void packet_set_src(struct packet *p, const struct packet_end *src);
void packet_set_dst(struct packet *p, const struct packet_end *dst);
/* Of a word that a packet of `about_src` was too long: it goes to `inside`, who knows the packet as
 * its own. */
void packet_set_about(struct packet *p, const struct packet_end *inside);
/* "Longer than `mtu`", from a router to the sender. The length; 0: nothing is said of such a one. */
size_t packet_too_big(const struct packet *p, uint32_t mtu, uint8_t *ret, size_t size);

bool packet_ip_parse(const char *text, struct in6_addr *ret);
bool packet_ip_equal(const struct in6_addr *a, const struct in6_addr *b);
