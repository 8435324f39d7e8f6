/* net/kcp_state: what a datagram's flags make of a connection, as a table without memory: state and
 * flags in, next state and answer out. What is deliberately unlike deployed endpoints stands in
 * kcp_state.c. */
#pragma once
#include "shared/net/kcp_header.h"

enum hws_kcp_state {
	HWS_KCP_UNKNOWN, /* no connection of this id */
	HWS_KCP_SYN_SENT,
	HWS_KCP_SYN_RECEIVED,
	HWS_KCP_ESTABLISHED,
	HWS_KCP_LOCAL_CLOSED, /* we have sent FIN */
	HWS_KCP_PEER_CLOSED,  /* the peer has */
	HWS_KCP_CLOSED
};

struct hws_kcp_step {
	enum hws_kcp_state next;
	uint8_t answer; /* flags, 0 = none */
	bool copied;    /* the answer has rsv and payload of the datagram */
	bool data;      /* its payload is for the segments */
};

struct hws_kcp_step hws_kcp_step(enum hws_kcp_state state, uint8_t flag, bool has_payload);
const char *hws_kcp_state_name(enum hws_kcp_state state);
