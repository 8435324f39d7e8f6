/* tests: a small internet of network namespaces: a street (one bridge, 10.9.0.0/24), houses on it
 * with a public address, and NAT boxes with houses behind. It lives in a mount and network
 * namespace of the test alone and ends with it. */
#pragma once
#include "tests/support/proc.h"

#define TOWN_PREFIX 8 /* arguments that lead into a house */

enum town_nat {
	TOWN_CONE,     /* keeps the port: others can be told where to knock */
	TOWN_SYMMETRIC /* another port for every destination */
};

/* Moves this process (by starting it anew) into namespaces of its own; call first in main(). NULL,
 * or why it is not possible here. */
const char *town_enter(int argc, char *const argv[]);
/* An empty street. */
void town_build(void);
void town_clear(void);
/* A house with this address: "10.9.0.N/24" or "fd00:9::N/64". */
void town_house(const char *name, const char *address);
/* A NAT box on the street with network 192.168.LAN.0/24 behind it. `udp`: lets UDP out. */
void town_nat(const char *name, const char *address, unsigned lan, enum town_nat kind, bool udp);
/* That NAT box lets TCP out to 10.9.0.1 only. */
void town_no_tcp(const char *name);
/* That NAT box lets nothing out but TCP to the web's ports of servers of ours, 21118 and 21119. */
void town_only_web(const char *name);
/* The house is on the street by IPv6 as well, at this address, and has its way out there. */
void town_ipv6(const char *name, const char *address);
/* A house behind it at 192.168.LAN.HOST. */
void town_house_behind(const char *name, const char *nat, unsigned lan, unsigned host);
/* argv that runs `argv` in the house; both NULL-terminated. */
void town_argv(const char *house, const char *const argv[], const char *ret[], size_t size);
