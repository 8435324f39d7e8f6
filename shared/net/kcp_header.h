/* net/kcp_header: the two headers of a datagram (docs/protocol-kcp.md): 14 bytes of the endpoint,
 * then KCP segments of 24 bytes and data; and what two ends of ours say in SYN and SYN-ACK. Bytes
 * only. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define HWS_KCP_HEADER 14
#define HWS_KCP_SEGMENT 24
/* What deployed peers take: longer datagrams arrive cut. */
#define HWS_KCP_DATAGRAM_MAX 1500
/* KCP bytes of a full datagram where nothing else is known. */
#define HWS_KCP_MTU 1200
#define HWS_KCP_TAG 8 /* at the end of a datagram with HWS_KCP_TAGGED */

enum hws_kcp_flag {
	HWS_KCP_SYN = 0x01,
	HWS_KCP_ACK = 0x02,
	HWS_KCP_FIN = 0x04,
	HWS_KCP_DATA = 0x08,
	HWS_KCP_RST = 0x10,
	HWS_KCP_PING = 0x20,
	HWS_KCP_PONG = 0x40,
	HWS_KCP_TAGGED = 0x80 /* between ends of ours; others do not look at it */
};

/* Names a connection; the same 12 bytes in both directions. */
struct hws_kcp_id {
	uint32_t conv, src, dst;
};

struct hws_kcp_header {
	struct hws_kcp_id id;
	uint8_t flag, rsv;
};

bool hws_kcp_id_equal(const struct hws_kcp_id *a, const struct hws_kcp_id *b);
void hws_kcp_header_put(const struct hws_kcp_header *h, uint8_t ret[HWS_KCP_HEADER]);
/* HWS_ERR_SHORT: none. */
int hws_kcp_header_get(struct hws_bytes datagram, struct hws_kcp_header *ret,
		struct hws_bytes *ret_payload) HWS_MUST_CHECK;

enum hws_kcp_cmd {
	HWS_KCP_PUSH = 81,
	HWS_KCP_ACKED = 82,
	HWS_KCP_WASK = 83,  /* asks for the window */
	HWS_KCP_WINS = 84,  /* tells it */
	HWS_KCP_RANGES = 85 /* between ends of ours: what arrived behind gaps */
};

struct hws_kcp_segment {
	uint32_t conv;
	uint8_t cmd, frg;
	uint16_t wnd;
	uint32_t ts, sn, una, len;
};

void hws_kcp_segment_put(const struct hws_kcp_segment *s, uint8_t ret[HWS_KCP_SEGMENT]);
/* Takes one from the front of `in`. HWS_ERR_SHORT: fewer than 24 bytes are left; HWS_ERR_DENIED:
 * another conv; HWS_ERR_TOOBIG: says to be longer than what is there; HWS_ERR_PROTO: a command that
 * is not known (`ranges`: whether that of ours is). */
int hws_kcp_segment_get(struct hws_bytes *in, uint32_t conv, bool ranges,
		struct hws_kcp_segment *ret, struct hws_bytes *ret_data) HWS_MUST_CHECK;

static inline void hws_kcp_put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline uint32_t hws_kcp_get_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* a - b of numbers that wrap. */
static inline int32_t hws_kcp_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* What an end of ours can besides, a bit each. */
enum hws_kcp_feature {
	HWS_KCP_CAN_RANGES = 1, /* HWS_KCP_RANGES instead of one HWS_KCP_ACKED for each PUSH */
	HWS_KCP_CAN_FINISH = 2, /* FIN with the last number, acknowledged */
	HWS_KCP_CAN_TAG = 4,    /* tags, once there is a key; change of address */
	HWS_KCP_CAN_ALL = 7
};

#define HWS_KCP_OFFER 8 /* bytes */
void hws_kcp_offer_put(uint32_t features, uint8_t ret[HWS_KCP_OFFER]);
/* 0: none, or not ours. Longer ones come from newer ends: the rest is not looked at. */
uint32_t hws_kcp_offer_get(struct hws_bytes payload);
