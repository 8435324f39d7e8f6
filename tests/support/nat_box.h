/* tests/support/nat_box: a NAT, or a firewall that remembers, in the words of RFC 4787: how it maps
 * (whether one port inside has one outside, whoever is called) and whom it lets in. Packets in,
 * packets out; no I/O, no clock: what is mapped stays so until nat_box_forget. */
#pragma once
#include "tests/support/packet.h"

enum nat_scope {
	NAT_ANY,         /* endpoint independent */
	NAT_ADDRESS,     /* address dependent */
	NAT_ADDRESS_PORT /* address and port dependent */
};

struct nat_box_conf {
	enum nat_scope mapping, filtering;
	bool hairpin;   /* inside they meet by the addresses outside, too */
	bool keep_port; /* outside as inside, where that one is free */
	bool firewall;  /* no addresses are translated: it only filters */
	/* Where UDP leaves by another address than TCP; NULL: by the same. */
	const char *udp_address;
};

struct nat_box;

/* `address`: outside. */
struct nat_box *nat_box_new(const char *address, const struct nat_box_conf *conf);
void nat_box_free(struct nat_box *b);
/* An address of its own outside. */
bool nat_box_is_public(const struct nat_box *b, const struct in6_addr *ip);
/* From inside to outside, and back. False: it is dropped. Else its ends are as they are to be. */
bool nat_box_out(struct nat_box *b, struct packet *p);
bool nat_box_in(struct nat_box *b, struct packet *p);
/* From inside to the box's own outside. */
bool nat_box_hairpin(struct nat_box *b, struct packet *p);
/* As when it starts anew: nothing is let in, and what goes out gets another port. */
void nat_box_forget(struct nat_box *b);
