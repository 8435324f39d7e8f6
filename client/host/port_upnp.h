/* host/port_upnp: a port by UPnP (Internet Gateway Device), with libminiupnpc. It blocks, and the
 * library reads what anybody in the local network sends: only in the confined process that asks for
 * ports, on a worker thread there. */
#pragma once
#include "client/host/port_why.h"
#include "shared/base/err.h"
#include "shared/sys/route.h"
#include <stdbool.h>

#define HWS_PORT_UPNP_URL 200
#define HWS_PORT_UPNP_SERVICE 128

struct hws_port_upnp {
	/* the question */
	struct hws_route route; /* no device but this router is talked with */
	uint16_t inside, wanted;
	uint32_t lease_s;
	unsigned search_ms;
	bool udp;
	bool remove; /* give back `wanted` */
	/* where it is asked; "": to be found. Kept for the next question */
	char control[HWS_PORT_UPNP_URL], service[HWS_PORT_UPNP_SERVICE];
	/* the answer: NONE: it is mapped (or removed) */
	enum hws_port_why why;
	struct in_addr address;
	uint16_t outside;
};

void hws_port_upnp_run(struct hws_port_upnp *q);
