/* host/port_why: the words of the process that asks the router for a port (host/ports_main), as
 * numbers on its way to hostd. */
#pragma once

/* X(NAME, token, what it is called) */
#define HWS_PORT_BY_LIST(X)                                                                        \
	X(NONE, "", "")                                                                            \
	X(PCP, "pcp", "PCP")                                                                       \
	X(NATPMP, "nat-pmp", "NAT-PMP")                                                            \
	X(UPNP, "upnp", "UPnP")

enum hws_port_by {
#define X(name, token, text) HWS_PORT_BY_##name,
	HWS_PORT_BY_LIST(X)
#undef X
};

/* Why there is none. X(NAME, sentence) */
#define HWS_PORT_WHY_LIST(X)                                                                       \
	X(NONE, "")                                                                                \
	X(ASKING, "the router is being asked")                                                     \
	X(NO_ROUTER, "this machine has no router to ask: no way to the internet by IPv4")          \
	X(PUBLIC, "this machine is on the internet itself: there is nothing to map")               \
	X(SILENT, "the router answers neither PCP nor NAT-PMP nor UPnP: switch one on there")      \
	X(REFUSED, "the router refuses: forbidden, no port free, or it is behind another NAT")     \
	X(DOUBLE_NAT, "the router has no address of the internet: it is behind another NAT")       \
	X(NONSENSE, "what the router answers makes no sense")

enum hws_port_why {
#define X(name, text) HWS_PORT_WHY_##name,
	HWS_PORT_WHY_LIST(X)
#undef X
			HWS_PORT_WHYS
};
