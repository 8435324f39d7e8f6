/* net/kcp_info: what is told of a connection over UDP, and the key it may get. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define HWS_KCP_KEY_LEN 32

struct hws_kcp_info {
	bool established, extended, authenticated;
	uint32_t rtt_us, min_rtt_us; /* 0 = not known yet */
	uint64_t rate; /* bytes a second that the path was found to carry; 0 = unknown */
	uint32_t mtu;  /* bytes of UDP payload of a full datagram */
	uint32_t in_flight, unsent; /* bytes */
	uint32_t window;            /* bytes that may be in flight */
	uint64_t sent, resent;      /* segments */
	uint64_t foreign;           /* datagrams that were not the peer's or made no sense */
};
