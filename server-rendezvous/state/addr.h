/* rendezvous/state/addr: a socket address in 20 bytes: IPv6, or IPv4 as mapped. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct rdv_addr {
	uint8_t ip[16];
	uint16_t port;
	/* Which address of ours it speaks to, so that what it is told comes from there: a number of
	 * planes/locals, 0 = whichever. No part of what it is: equal addresses may differ in it. */
	uint8_t at;
};

struct rdv_addr rdv_addr_from(const struct sockaddr_storage *ss);
/* As AF_INET where the address is IPv4 (what the rest of the tree calls normalised). */
void rdv_addr_to(const struct rdv_addr *a, struct sockaddr_storage *ret);
/* From text without a port ("" and rubbish give the unset address). */
struct rdv_addr rdv_addr_from_ip_text(const char *text);

static inline bool rdv_addr_ip_equal(const struct rdv_addr *a, const struct rdv_addr *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

static inline bool rdv_addr_equal(const struct rdv_addr *a, const struct rdv_addr *b)
{
	return a->port == b->port && rdv_addr_ip_equal(a, b);
}

/* Not "::" / 0.0.0.0. */
bool rdv_addr_is_set(const struct rdv_addr *a);
bool rdv_addr_is_v4(const struct rdv_addr *a);
