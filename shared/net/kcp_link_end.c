/* net/kcp_link_end: what was written before closing arrives, within a bound. Between ends of ours
 * FIN has the number behind the last segment and is acknowledged; a deployed peer throws away what
 * it has not read when FIN comes, so it gets time first, and FIN several times, as it acknowledges
 * none. */
#include "shared/net/kcp_link_impl.h"

#define LINGER_MAX (10 * KCP_S)
#define SETTLE (150 * KCP_MS)
#define FINISH_MAX (3 * KCP_S)
#define FINS_PLAIN 3u
#define STAY_LEAST (300 * KCP_MS)

enum { RSV_NOTICE = 1, RSV_RECEIVED = 2 }; /* in FIN, between ends of ours */

static bool finishes(const struct hws_kcp_link *l)
{
	return l->features & HWS_KCP_CAN_FINISH;
}

static uint64_t round_trip(const struct hws_kcp_link *l)
{
	return HWS_MAX(l->pipe.send.rtt.srtt, 20u) * KCP_MS;
}

bool kcp_end_of_peer(const struct hws_kcp_link *l)
{
	return l->peer_finishing ? l->pipe.recv.next == l->peer_last
				 : l->state == HWS_KCP_PEER_CLOSED;
}

void kcp_end_fin(struct hws_kcp_link *l, const struct hws_kcp_header *h, struct hws_bytes payload,
		uint64_t now_us)
{
	uint32_t last;

	if (!finishes(l)) {
		if (l->state == HWS_KCP_ESTABLISHED)
			kcp_alive_doubt(l, HWS_KCP_PEER_CLOSED, now_us);
		return;
	}
	if (payload.len < 4)
		return;
	last = hws_kcp_get_u32(payload.ptr);
	if (h->rsv == RSV_RECEIVED) {
		l->fin_acked = l->ending == KCP_FINISHING && last == l->pipe.send.next;
		return;
	}
	if (!l->peer_finishing && hws_kcp_diff(last, l->pipe.recv.next) >= 0 &&
			hws_kcp_diff(last, l->pipe.recv.next + l->pipe.recv.window) <= 0) {
		l->peer_finishing = true;
		l->peer_last = last;
	}
	l->fin_ack_due = l->peer_finishing && last == l->peer_last && kcp_end_of_peer(l);
}

void hws_kcp_link_close(struct hws_kcp_link *l, uint64_t now_us)
{
	if (l->ending != KCP_OPEN)
		return;
	if (l->error) {
		l->ending = KCP_GONE;
		return;
	}
	l->ending = KCP_DRAINING;
	l->close_at = now_us;
	l->gone_by = now_us + LINGER_MAX;
	if (l->state == HWS_KCP_ESTABLISHED || l->state == HWS_KCP_PEER_CLOSED)
		return;
	/* nobody was served: whoever knocked need not wait */
	for (unsigned i = 0; i < KCP_KNOCKS; i++)
		if (l->knock[i].state != HWS_KCP_UNKNOWN) {
			/* a viewer that waits takes the first, one that has our SYN-ACK the second
			 * */
			kcp_link_answer(l, &l->knock[i].id, HWS_KCP_FIN, 0, hws_bytes(NULL, 0));
			kcp_link_answer(l, &l->knock[i].id, HWS_KCP_RST, 0, hws_bytes(NULL, 0));
		}
	memset(l->knock, 0, sizeof(l->knock));
	kcp_repeat_stop(&l->repeat);
	l->ending = KCP_FINISHING;
	l->fins = FINS_PLAIN;
	l->state = HWS_KCP_CLOSED;
	l->end_at = l->gone_by = now_us;
}

bool hws_kcp_link_gone(const struct hws_kcp_link *l)
{
	return l->ending == KCP_GONE;
}

static void plan_fin(struct hws_kcp_link *l, uint64_t now_us)
{
	const unsigned limit = finishes(l) ? UINT32_MAX : FINS_PLAIN;

	if (l->fins >= limit)
		return;
	l->fin_due = true;
	l->end_at = now_us +
			(finishes(l) ? round_trip(l) * 3 / 2
				     : HWS_MAX(round_trip(l), STAY_LEAST / FINS_PLAIN));
	l->fins++;
}

static void tick_finishing(struct hws_kcp_link *l, uint64_t now_us)
{
	if (now_us >= l->gone_by && l->answer_count == 0) {
		l->ending = KCP_GONE;
		return;
	}
	if (l->fin_acked) { /* and stay a little, as the peer's own FIN may come again */
		if (l->close_at)
			l->gone_by = HWS_MIN(l->gone_by, now_us + 2 * round_trip(l));
		l->close_at = 0;
		l->end_at = l->gone_by;
		return;
	}
	if (now_us >= l->end_at && l->state != HWS_KCP_CLOSED)
		plan_fin(l, now_us);
}

void kcp_end_tick(struct hws_kcp_link *l, uint64_t now_us)
{
	uint8_t scrap[4096];

	if (l->ending == KCP_OPEN || l->ending == KCP_GONE)
		return;
	while (hws_kcp_pipe_read(&l->pipe, scrap, sizeof(scrap)) > 0)
		; /* nobody will read it, and the peer shall get on */
	if (l->error) {
		l->ending = KCP_GONE;
		return;
	}
	if (l->ending == KCP_DRAINING && (hws_kcp_pipe_drained(&l->pipe) || now_us >= l->gone_by)) {
		l->ending = KCP_SETTLING;
		l->end_at = finishes(l) ? now_us : now_us + SETTLE;
	}
	if (l->ending == KCP_SETTLING && now_us >= l->end_at) {
		l->ending = KCP_FINISHING;
		l->state = finishes(l) ? l->state : HWS_KCP_LOCAL_CLOSED;
		l->gone_by = now_us +
				(finishes(l) ? FINISH_MAX : HWS_MAX(2 * round_trip(l), STAY_LEAST));
		plan_fin(l, now_us);
	}
	if (l->ending == KCP_FINISHING)
		tick_finishing(l, now_us);
}

bool kcp_end_output(struct hws_kcp_link *l, struct hws_kcp_datagram *ret)
{
	uint8_t last[4];

	if (l->fin_ack_due) {
		l->fin_ack_due = false;
		hws_kcp_put_u32(last, l->peer_last);
		kcp_link_seal(l, &l->id, HWS_KCP_FIN, RSV_RECEIVED, hws_bytes(last, 4), ret);
		return true;
	}
	if (!l->fin_due)
		return false;
	l->fin_due = false;
	hws_kcp_put_u32(last, l->pipe.send.next);
	kcp_link_seal(l, &l->id, HWS_KCP_FIN, finishes(l) ? RSV_NOTICE : 0,
			hws_bytes(last, finishes(l) ? 4 : 0), ret);
	return true;
}

uint64_t kcp_end_due(const struct hws_kcp_link *l)
{
	switch (l->ending) {
	case KCP_DRAINING:
		return l->gone_by;
	case KCP_SETTLING:
		return l->end_at;
	case KCP_FINISHING:
		return HWS_MIN(l->fins >= FINS_PLAIN && !finishes(l) ? l->gone_by : l->end_at,
				l->gone_by);
	default:
		return UINT64_MAX;
	}
}
