/* tests: a router that answers what it is told to, in a process of its own in a house of the
 * town. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum router_mode {
	ROUTER_SILENT,    /* nobody is at the port of PCP */
	ROUTER_GOOD,      /* PCP: 11.9.0.11, port 40000, for 100 s */
	ROUTER_OLDER,     /* the same by NAT-PMP; PCP is not spoken */
	ROUTER_NOISY,     /* the same, after all that is no answer to the question */
	ROUTER_PRIVATE,   /* its address is 192.168.9.9 */
	ROUTER_CARRIER,   /* 100.64.1.1 */
	ROUTER_LOOPBACK,  /* 127.0.0.1 */
	ROUTER_LOW_PORT,  /* port 22 */
	ROUTER_SHORT,     /* for 5 s */
	ROUTER_REFUSES,   /* not authorised */
	ROUTER_ELSEWHERE, /* UPnP: the description is at another address */
	ROUTER_ASIDE,     /* UPnP: it is here, and leads to another address */
	ROUTER_ENDLESS    /* UPnP: the description never ends */
};

/* What it has heard; shared with its process. */
struct router_heard {
	unsigned asked, given_back, searched, fetched;
	unsigned aside;         /* connections to the address that only a device's word names */
	uint32_t client, nonce; /* of the last question; of the nonce the first 4 bytes */
};

struct router {
	pid_t pid;
	volatile struct router_heard *heard;
};

/* In the house "hostnat" at 192.168.1.1, and at 192.168.1.7 for what leads aside. Ends the test on
 * failure. */
void router_start(struct router *r, enum router_mode mode);
void router_stop(struct router *r);
