/* net/kcp_receiver: the receiving half of a connection: what arrived, what is to be acknowledged,
 * what may still come. Holds at most twice its window of segments. No clock but what it is told. */
#pragma once
#include "shared/net/kcp_header.h"

/* Acknowledgements that wait; more in one go are left out, and what they were for comes again. */
#define HWS_KCP_ACKS_MAX 2048
#define HWS_KCP_RANGES_MAX 128 /* fit into one datagram */

struct hws_kcp_ack {
	uint32_t sn, ts;
};

struct hws_kcp_piece; /* a segment's data */

struct hws_kcp_receiver {
	struct hws_kcp_piece **ring; /* of 2 * window, by number */
	uint32_t window;
	uint32_t read;   /* first that was not read to its end */
	uint32_t next;   /* first that is missing */
	uint32_t end;    /* behind the last that arrived */
	uint32_t offset; /* read of `read` */
	uint32_t unread; /* bytes between read and next */
	uint32_t ack_count;
	struct hws_kcp_ack newest; /* the last PUSH that came */
	bool tell;                 /* the window is to be told */
	bool was_full;             /* the peer was last told that there is no room */
	uint64_t duplicates;
	struct hws_kcp_ack ack[HWS_KCP_ACKS_MAX];
};

/* `window`: a power of two. */
int hws_kcp_receiver_init(struct hws_kcp_receiver *r, uint32_t window) HWS_MUST_CHECK;
void hws_kcp_receiver_done(struct hws_kcp_receiver *r);
/* A PUSH: kept, or known already, or refused as too far ahead. HWS_ERR_NOMEM. */
int hws_kcp_receiver_push(
		struct hws_kcp_receiver *r, uint32_t sn, uint32_t ts, struct hws_bytes data);
/* Bytes, 0 = none. */
size_t hws_kcp_receiver_read(struct hws_kcp_receiver *r, void *buf, size_t len);
/* Free places, as it is told to the peer. */
uint16_t hws_kcp_receiver_window(const struct hws_kcp_receiver *r);

struct hws_kcp_range {
	uint32_t first, last; /* both included */
};
/* What arrived behind the first gap, ascending; how many. Of too many the middle is left out. */
unsigned hws_kcp_receiver_ranges(
		const struct hws_kcp_receiver *r, struct hws_kcp_range *ret, unsigned max);
