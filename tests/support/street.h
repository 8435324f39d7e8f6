/* tests/support/street: an internet in this process: a thread that passes packets between network
 * namespaces, each of which has a TUN to it, through NAT boxes (nat_box) and bad lines
 * (impair_line). What a line is like and what it lets through may be changed under way. Needs the
 * right to make namespaces and TUNs; nothing else of the kernel. */
#pragma once
#include "tests/support/impair_line.h"
#include "tests/support/nat_box.h"
#include <stdatomic.h>

#define STREET_PORTS 4

/* What the line of a house or box carries. The thread reads it with every packet. */
struct street_edge {
	struct impair_conf line; /* each way; mtu: longer ones are answered by ICMP */
	_Atomic bool cut;        /* nothing at all */
	_Atomic bool no_udp;     /* neither way */
	_Atomic bool no_tcp;
	_Atomic bool apart;      /* not between two of one box that are both set apart */
	_Atomic bool silent_mtu; /* too long ones are lost without a word */
	_Atomic uint16_t
			tcp_ports[STREET_PORTS]; /* out goes TCP to these alone, where one is set */
	/* Out goes TCP to this address alone (IPv4, network order), where one is set. */
	_Atomic uint32_t tcp_to;
	_Atomic uint64_t packets; /* that it has carried */
};

struct street;
struct street_node;

struct street *street_new(void);
void street_free(struct street *s);
/* A house, or a kernel's router, at the end of `tun`, which is taken. `in`: NULL for the street
 * itself, or a box. NULL: no room. */
struct street_node *street_house(
		struct street *s, struct street_node *in, int tun, const char *address);
/* It has this address, too; with `instead` no other any more. False: no room, or no address. */
bool street_add_address(
		struct street *s, struct street_node *house, const char *address, bool instead);
struct street_node *street_box(struct street *s, struct street_node *in, const char *address,
		const struct nat_box_conf *conf);
struct street_edge *street_edge(struct street_node *n);
void street_forget(struct street *s, struct street_node *box);

/* A TUN of this name in the network namespace of the caller; -1 with errno. Where there is no
 * /dev/net/tun one is made, if that is allowed. */
int street_tun(const char *name);
