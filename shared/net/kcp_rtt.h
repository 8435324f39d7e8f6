/* net/kcp_rtt: round trip and retransmission timeout as KCP computes them (whole milliseconds). */
#pragma once
#include <stdint.h>

#define HWS_KCP_RTO_FIRST 200
#define HWS_KCP_RTO_MAX 60000

struct hws_kcp_rtt {
	uint32_t srtt, rttvar, rto; /* ms; srtt 0: nothing measured */
	uint32_t rto_min;
};

void hws_kcp_rtt_init(struct hws_kcp_rtt *r, uint32_t rto_min);
void hws_kcp_rtt_sample(struct hws_kcp_rtt *r, uint32_t ms);
