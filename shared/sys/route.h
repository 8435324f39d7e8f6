/* sys/route: the way to the internet as the kernel has it: the router that everything goes to, and
 * our address towards it. IPv4, the table that counts. When it changes tells net/net_watch. */
#pragma once
#include "shared/base/err.h"
#include <netinet/in.h>

struct hws_route {
	struct in_addr router, own;
};

/* One question to the kernel, which answers at once. HWS_ERR_NOTFOUND: there is no way, or one
 * without a router; HWS_ERR_SYS. */
int hws_route_ask(struct hws_route *ret) HWS_MUST_CHECK;
