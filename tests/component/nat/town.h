/* tests: a small internet of network namespaces: a street (tests/support/street), houses on it with
 * a public address, and NAT boxes with houses behind: the kernel's (nftables), or ones whose
 * behaviour is chosen (tests/support/nat_box). Namespaces are held by descriptors and have no
 * names, so nothing is mounted: it works in a chroot and in containers. All ends with the test. */
#pragma once
#include "tests/support/proc.h"
#include "tests/support/street.h"

enum town_nat {
	TOWN_CONE,     /* the kernel's: keeps the port, lets in who was called */
	TOWN_SYMMETRIC /* another port for every destination */
};

/* Call first in main(): may start this program anew, with the rights it needs. NULL, or why it is
 * not possible here. */
const char *town_enter(int argc, char *const argv[]);
/* Whether the kernel's NAT boxes are to be had: NULL, or why not. */
const char *town_no_nft(void);
/* An empty street. */
void town_build(void);
void town_clear(void);
/* A house with this address, IPv4 or IPv6, with the length of its network: "10.9.0.N/24",
 * "fd00:9::N/64". */
void town_house(const char *name, const char *address);
/* A NAT box on the street with network 192.168.LAN.0/24 behind it. `udp`: lets UDP out. Its
 * interfaces are `wan` and `lan`, its rules in table `t`, chains post, inp and thru. */
void town_nat(const char *name, const char *address, unsigned lan, enum town_nat kind, bool udp);
/* The same behind another box, at 192.168.OUTER.HOST there. */
void town_nat_behind(const char *name, const char *nat, unsigned outer, unsigned host, unsigned lan,
		enum town_nat kind);
/* A box that does as it is told. It is no place where a program can run. */
void town_box(const char *name, const char *address, const struct nat_box_conf *conf);
/* Behind another such box. */
void town_box_behind(const char *name, const char *box, const char *address,
		const struct nat_box_conf *conf);
/* The house is on the street by IPv6 as well, at this address, and has its way out there; its line
 * is town_edge("NAME/6"). */
void town_ipv6(const char *name, const char *address);
/* The same through a box (a firewall). */
void town_ipv6_behind(const char *name, const char *box, const char *address);
/* A house behind a box at 192.168.LAN.HOST. */
void town_house_behind(const char *name, const char *nat, unsigned lan, unsigned host);
/* A house behind a firewall (a box that translates nothing) with this public address. */
void town_house_guarded(const char *name, const char *box, const char *address);
/* The line between a house or box and what it is at; not of houses behind a kernel's box. */
struct street_edge *town_edge(const char *name);
/* That box (not the kernel's) starts anew. */
void town_forget(const char *box);
/* The house on the street moves to another address of its network. */
void town_move(const char *house, const char *address);
/* The network namespace of a house or of a kernel's box, for setns. */
int town_ns(const char *name);
/* A line of shell there; must succeed. */
void town_run(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* argv that runs `argv` in the house; both NULL-terminated. */
void town_argv(const char *house, const char *const argv[], const char *ret[], size_t size);
/* As test_proc_start, there. */
void town_start(const char *house, struct test_proc *p, const char *const argv[]);
