/* net/kcp_state: answers that only a change of state brings at deployed endpoints come again here
 * for what is repeated, since each of the three datagrams of a handshake may be lost: a SYN again
 * is a SYN-ACK again, a SYN-ACK again the third step again. Peers take repeats in silence. */
#include "shared/net/kcp_state.h"

#define EXACT (HWS_KCP_SYN | HWS_KCP_ACK | HWS_KCP_FIN | HWS_KCP_RST | HWS_KCP_DATA)
#define OPENED (HWS_KCP_ACK | HWS_KCP_DATA)

static bool alive(enum hws_kcp_state s)
{
	return s != HWS_KCP_UNKNOWN && s != HWS_KCP_LOCAL_CLOSED && s != HWS_KCP_CLOSED;
}

static struct hws_kcp_step ping(enum hws_kcp_state state, uint8_t flag)
{
	struct hws_kcp_step step = { .next = state };

	if (flag & HWS_KCP_PONG)
		return step;
	step.copied = true;
	step.answer = (uint8_t)(alive(state) ? flag | HWS_KCP_PONG
					     : (flag & ~HWS_KCP_PING) | HWS_KCP_RST);
	step.answer &= (uint8_t)~HWS_KCP_TAGGED;
	return step;
}

static struct hws_kcp_step opening(enum hws_kcp_state state, uint8_t flag, uint8_t exact)
{
	struct hws_kcp_step step = { .next = state };

	if (flag & HWS_KCP_RST) {
		step.next = HWS_KCP_CLOSED;
	} else if (flag & HWS_KCP_FIN) {
		step.next = HWS_KCP_CLOSED;
		step.answer = HWS_KCP_RST;
	} else if (state == HWS_KCP_SYN_SENT && exact == (HWS_KCP_SYN | HWS_KCP_ACK)) {
		step.next = HWS_KCP_ESTABLISHED;
		step.answer = OPENED;
	} else if (state == HWS_KCP_SYN_RECEIVED && exact == OPENED) {
		step.next = HWS_KCP_ESTABLISHED;
		step.data = true;
	} else if (state == HWS_KCP_SYN_RECEIVED && exact == HWS_KCP_SYN) {
		step.answer = HWS_KCP_SYN | HWS_KCP_ACK;
	}
	return step;
}

struct hws_kcp_step hws_kcp_step(enum hws_kcp_state state, uint8_t flag, bool has_payload)
{
	struct hws_kcp_step step = { .next = state };
	uint8_t exact = flag & EXACT;

	if (flag & HWS_KCP_PING)
		return ping(state, flag);
	step.data = alive(state) || state == HWS_KCP_LOCAL_CLOSED;
	switch (state) {
	case HWS_KCP_UNKNOWN:
		if (exact == HWS_KCP_SYN) {
			step.next = HWS_KCP_SYN_RECEIVED;
			step.answer = HWS_KCP_SYN | HWS_KCP_ACK;
		} else if (!(flag & HWS_KCP_RST)) {
			step.answer = HWS_KCP_RST;
		}
		break;
	case HWS_KCP_SYN_SENT:
	case HWS_KCP_SYN_RECEIVED:
		step = opening(state, flag, exact);
		break;
	case HWS_KCP_ESTABLISHED:
		if (flag & HWS_KCP_RST)
			step.next = HWS_KCP_CLOSED;
		else if (flag & HWS_KCP_FIN)
			step.next = HWS_KCP_PEER_CLOSED;
		else if (exact == (HWS_KCP_SYN | HWS_KCP_ACK))
			step.answer = OPENED;
		break;
	case HWS_KCP_LOCAL_CLOSED:
		if (flag & (HWS_KCP_FIN | HWS_KCP_RST))
			step.next = HWS_KCP_CLOSED;
		break;
	case HWS_KCP_PEER_CLOSED:
		if (flag & HWS_KCP_RST)
			step.next = HWS_KCP_CLOSED;
		break;
	case HWS_KCP_CLOSED:
		break;
	}
	step.data = step.data && (flag & HWS_KCP_DATA) && has_payload;
	return step;
}

const char *hws_kcp_state_name(enum hws_kcp_state state)
{
	static const char *const names[] = { "unknown", "syn-sent", "syn-received", "established",
		"local-closed", "peer-closed", "closed" };

	return (unsigned)state < HWS_COUNT(names) ? names[state] : "?";
}
