/* reach/pcp: what is said to a router that is asked for a port: PCP (RFC 6887, opcode MAP) and the
 * older NAT-PMP (RFC 6886), which share a port. Bytes in, bytes out; no clock, no socket. What a
 * router answers is anybody's in the local network, so an answer counts only when it fits the
 * question in every field that repeats it. IPv4 alone: by IPv6 there is nothing to map. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <netinet/in.h>
#include <stdbool.h>

#define HWS_PCP_PORT 5351
#define HWS_PCP_NONCE 12u
#define HWS_PCP_MAX 1100u /* the longest datagram of the protocol */
#define HWS_PCP_MAP_LEN 60u
#define HWS_NATPMP_ADDRESS_LEN 2u
#define HWS_NATPMP_MAP_LEN 12u

/* A port of this machine. Kept for as long as the mapping is: the same question renews it. */
struct hws_pcp_map {
	uint8_t nonce[HWS_PCP_NONCE]; /* who does not know it cannot change the mapping */
	bool udp;                     /* of UDP, else of TCP */
	struct in_addr client;        /* ours, as the router sees it */
	uint16_t port;                /* ours; not 0 */
	uint16_t wanted;              /* outside; 0: any */
	uint32_t lifetime_s;          /* 0: no longer */
};

enum hws_pcp_said {
	HWS_PCP_MAPPED,  /* address, port and lifetime; lifetime 0: it is gone */
	HWS_PCP_ADDRESS, /* NAT-PMP: the address alone */
	HWS_PCP_OLDER,   /* this router speaks NAT-PMP only */
	HWS_PCP_REFUSED  /* `result` */
};

struct hws_pcp_answer {
	enum hws_pcp_said said;
	unsigned result;        /* of the protocol that was spoken; never 0 when refused */
	struct in_addr address; /* as the router claims */
	uint16_t port;
	uint32_t lifetime_s; /* of the mapping, or of the refusal */
};

void hws_pcp_pack(const struct hws_pcp_map *m, uint8_t ret[HWS_PCP_MAP_LEN]);
/* Two questions: for its address, and for the port. */
void hws_natpmp_pack_address(uint8_t ret[HWS_NATPMP_ADDRESS_LEN]);
void hws_natpmp_pack_map(const struct hws_pcp_map *m, uint8_t ret[HWS_NATPMP_MAP_LEN]);
/* A datagram that came from the router. HWS_ERR_PROTO: it is no answer to that question, and is to
 * be passed over. */
int hws_pcp_read(struct hws_bytes in, const struct hws_pcp_map *m,
		struct hws_pcp_answer *ret) HWS_MUST_CHECK;
int hws_natpmp_read(struct hws_bytes in, const struct hws_pcp_map *m,
		struct hws_pcp_answer *ret) HWS_MUST_CHECK;
