/* reach/push_ways: the ways by UDP that a viewer's request offers, as a host reads them from the
 * server's push. Pure. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <sys/socket.h>

struct hws_push_ways {
	bool ours; /* the viewer tries all ways at once; others expect one answer */
	bool has_udp, has_ipv6;
	/* That a viewer is there is its own word, not what the server sees of it. */
	bool udp_unseen;
	struct sockaddr_storage udp, ipv6;
};

/* `viewer`: as the server saw it. What is no PunchHole and no FetchLocalAddr offers nothing. */
void hws_push_ways_read(const Rdv__RendezvousMessage *m, const struct sockaddr_storage *viewer,
		struct hws_push_ways *ret);
