/* net/net_state: what the kernel tells of this machine's own addresses and of its ways to
 * everywhere, reduced to what matters for a connection: an address that others can answer to came
 * or went, the default route is another one, a cable was pulled. Reads messages of rtnetlink;
 * no socket. */
#pragma once
#include "shared/base/bytes.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_NET_ITEMS 128u

struct hws_net_item {
	uint8_t kind, family, prefix, up;
	uint32_t interface, metric;
	uint8_t address[16]; /* of a route: its router */
};

/* A zeroed one knows nothing. */
struct hws_net_state {
	unsigned count;
	struct hws_net_item item[HWS_NET_ITEMS]; /* what does not fit is not watched */
};

/* Messages as they came in one datagram. True: something changed. `ret_done` (may be NULL): the end
 * of a list that was asked for was among them. Stops at what is cut. */
bool hws_net_state_take(struct hws_net_state *s, struct hws_bytes messages, bool *ret_done);
