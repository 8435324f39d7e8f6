/* reach/mapped_port: the ports of a host, of TCP and UDP, that its router was asked to pass on
 * (host/ports). They are open to the whole internet, so whoever comes is let go at once, unless a
 * viewer was told of them a moment ago: only then a socket is handed over, unread. One loop
 * thread. */
#pragma once
#include "client/reach/answered.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"

#define HWS_MAPPED_PORT_MIN 1024u /* outside: no service of somebody else's is behind it */

struct hws_mapped_port;

struct hws_mapped_port_conf {
	bool no_udp; /* TCP alone */
	/* The callee owns the socket. */
	void (*on_socket)(int fd, const struct hws_answered *how, void *arg);
	void *arg;
};

/* At any free ports of IPv4. */
int hws_mapped_port_new(struct hws_loop *loop, const struct hws_mapped_port_conf *conf,
		struct hws_mapped_port **ret) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_mapped_port_free(struct hws_mapped_port *m);
/* Ours, which the router is to pass on to; 0: there is none. */
uint16_t hws_mapped_port_inside(const struct hws_mapped_port *m, bool udp);
/* Where viewers find it; NULL: nowhere. What no viewer could use counts as nowhere. */
void hws_mapped_port_set_outside(
		struct hws_mapped_port *m, bool udp, const struct sockaddr_storage *outside);
/* NULL: nowhere, or `m` is NULL. */
const struct sockaddr_storage *hws_mapped_port_outside(const struct hws_mapped_port *m, bool udp);
/* This viewer is being told of it, and may come in the next seconds: `how` is what is known of it,
 * copied. When many are expected the first of them are forgotten. */
void hws_mapped_port_expect(struct hws_mapped_port *m, const struct hws_answered *how);
/* For both ends: where somebody may be told to go, or be sent to. */
bool hws_mapped_port_usable(const struct sockaddr_storage *outside);
