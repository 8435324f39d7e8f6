/* sys/route: the way to the internet as the kernel has it: the router that everything goes to, and
 * our address towards it; and word of it when that changes. IPv4, main table. */
#pragma once
#include "shared/base/err.h"
#include <netinet/in.h>

struct hws_route {
	struct in_addr router, own;
};

/* A socket to the kernel, the caller's; readable when addresses or routes change, and for that
 * alone: hws_route_ask has its answers from another one. */
int hws_route_watch(int *ret_fd) HWS_MUST_CHECK;
/* Reads away what that one has to say. */
void hws_route_seen(int fd);
/* A second one, for hws_route_ask: kept by who gives up the right to make sockets. */
int hws_route_open(int *ret_fd) HWS_MUST_CHECK;
/* One question to the kernel, which answers at once. HWS_ERR_NOTFOUND: there is no way, or one
 * without a router. */
int hws_route_ask(int fd, struct hws_route *ret) HWS_MUST_CHECK;
