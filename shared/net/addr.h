/* net/addr: socket addresses as text, comparison, normalisation (IPv4-mapped becomes IPv4), CIDR
 * lists. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_ADDR_TEXT 80

/* IPv4-mapped IPv6 becomes IPv4; ::1 stays. */
void hws_addr_normalise(struct sockaddr_storage *a);
/* "1.2.3.4:5", "[2001:db8::1]:5"; buf of HWS_ADDR_TEXT. Returns buf. */
char *hws_addr_text(const struct sockaddr_storage *a, char *buf, size_t size);
/* Without the port. */
char *hws_addr_ip_text(const struct sockaddr_storage *a, char *buf, size_t size);
/* A literal "ip", "ip:port", "[v6]:port"; default_port when there is none. No names. */
int hws_addr_parse(const char *text, uint16_t default_port,
		struct sockaddr_storage *ret) HWS_MUST_CHECK;
uint16_t hws_addr_port(const struct sockaddr_storage *a);
void hws_addr_set_port(struct sockaddr_storage *a, uint16_t port);
bool hws_addr_equal(
		const struct sockaddr_storage *a, const struct sockaddr_storage *b); /* with port */
bool hws_addr_ip_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
bool hws_addr_is_loopback(const struct sockaddr_storage *a);
/* No address of one machine that others can be told: unspecified, loopback, link-local, multicast,
 * broadcast, reserved, or none at all. */
bool hws_addr_is_special(const struct sockaddr_storage *a);
/* An IPv4 address that can be on the internet: not special, of no private network, not of a
 * carrier's NAT (100.64.0.0/10), and of no range for protocols and benches. */
bool hws_addr_is_public_v4(const struct sockaddr_storage *a);
socklen_t hws_addr_len(const struct sockaddr_storage *a);
/* The 16 bytes of its IP address, IPv4 as mapped. */
void hws_addr_ip_bytes(const struct sockaddr_storage *a, uint8_t ret[16]);
/* Splits "host", "host:port", "[v6]:port", bare v6; default_port when there is none. Checks the
 * host's characters. */
int hws_host_port_split(const char *text, uint16_t default_port, char *host, size_t host_size,
		uint16_t *ret_port) HWS_MUST_CHECK;
/* "host:port" / "[v6]:port". */
int hws_host_port_join(const char *host, uint16_t port, char *buf, size_t size) HWS_MUST_CHECK;

/* A bounded list of networks ("10.0.0.0/8", "2001:db8::/32", plain addresses). */
struct hws_cidr {
	uint8_t ip[16]; /* IPv4 as mapped */
	uint8_t bits;
};
struct hws_cidr_list {
	struct hws_cidr *item;
	size_t count, max;
};
int hws_cidr_parse(const char *text, struct hws_cidr *ret) HWS_MUST_CHECK;
bool hws_cidr_match(const struct hws_cidr *c, const struct sockaddr_storage *a);
/* Comma separated; replaces the content only if all of it is right. */
int hws_cidr_list_parse(
		const char *text, struct hws_cidr_list *l, struct hws_error *err) HWS_MUST_CHECK;
bool hws_cidr_list_match(const struct hws_cidr_list *l, const struct sockaddr_storage *a);
void hws_cidr_list_done(struct hws_cidr_list *l);
