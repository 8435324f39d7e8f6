/* net/kcp_rtt: the smoothing of RFC 6298 in integers. A peer chooses what it echoes, so a sample is
 * capped: a lie makes retransmissions late, nothing else. */
#include "shared/net/kcp_rtt.h"
#include "shared/base/macros.h"

void hws_kcp_rtt_init(struct hws_kcp_rtt *r, uint32_t rto_min)
{
	*r = (struct hws_kcp_rtt){ .rto = HWS_KCP_RTO_FIRST, .rto_min = rto_min };
}

void hws_kcp_rtt_sample(struct hws_kcp_rtt *r, uint32_t ms)
{
	uint32_t off;

	ms = HWS_MIN(ms, (uint32_t)HWS_KCP_RTO_MAX);
	if (r->srtt == 0) {
		r->srtt = ms;
		r->rttvar = ms / 2;
	} else {
		off = ms > r->srtt ? ms - r->srtt : r->srtt - ms;
		r->rttvar = (3 * r->rttvar + off) / 4;
		r->srtt = HWS_MAX(1u, (7 * r->srtt + ms) / 8);
	}
	r->rto = r->srtt + HWS_MAX(10u, 4 * r->rttvar);
	r->rto = HWS_MIN(HWS_MAX(r->rto, r->rto_min), (uint32_t)HWS_KCP_RTO_MAX);
}
