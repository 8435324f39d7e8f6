/* net/kcp_link_alive: what keeps a connection: a ping every ten seconds, sooner when the peer is
 * silent while something is under way (its answers may look for us at an old address), and in
 * doubt: a RST or a FIN without a tag could be anybody's, so the peer is asked. Pings that are as
 * large as a datagram may be find out how large that is. */
#include "shared/base/rand.h"
#include "shared/net/kcp_link_impl.h"

#define PING_EVERY (10 * KCP_S)
#define DEAD_AFTER (60 * KCP_S)
#define SILENT_FOR (500 * KCP_MS)
#define DOUBT_FOR (1 * KCP_S)
#define SIZE_TRIES 3u
#define SIZE_WAIT (300 * KCP_MS)
#define PING_LEN (KCP_NONCE + 4u)

/* UDP payloads that common paths carry, largest first: Ethernet, PPPoE, tunnels. */
static const uint16_t sizes_v4[] = { 1472, 1464, 1432, 1392, 1352, 1312, 1272 };
static const uint16_t sizes_v6[] = { 1452, 1444, 1412, 1372, 1332, 1292, 1252 };

static unsigned size_at(const struct hws_kcp_link *l, unsigned i)
{
	return l->conf.ipv6 ? sizes_v6[i] : sizes_v4[i];
}

static bool measuring(const struct hws_kcp_link *l)
{
	return l->size_index < HWS_COUNT(sizes_v4);
}

void kcp_alive_start(struct hws_kcp_link *l, uint64_t now_us)
{
	l->heard_at = now_us;
	l->ping_at = now_us + PING_EVERY;
	l->size_index = l->size_tries = 0;
	l->size_at = now_us + 50 * KCP_MS;
	hws_rand_bytes(l->size_nonce, sizeof(l->size_nonce));
	hws_rand_bytes(l->nonce, sizeof(l->nonce));
}

bool kcp_alive_is_ours(const struct hws_kcp_link *l, struct hws_bytes payload)
{
	return payload.len >= PING_LEN && l->ping_sent_at &&
			memcmp(payload.ptr, l->nonce, KCP_NONCE) == 0;
}

void kcp_alive_pong(struct hws_kcp_link *l, struct hws_bytes payload, uint64_t now_us)
{
	(void)now_us;
	if (kcp_alive_is_ours(l, payload))
		l->doubt_until = 0; /* it lives: somebody else wanted it dead */
	if (!measuring(l) ||
			payload.len + HWS_KCP_HEADER + (l->peer_tags ? HWS_KCP_TAG : 0) !=
					size_at(l, l->size_index))
		return;
	if (memcmp(payload.ptr, l->size_nonce, KCP_NONCE) != 0)
		return;
	l->size_now = size_at(l, l->size_index);
	l->size_index = HWS_COUNT(sizes_v4);
	/* the tag's place is kept: a key may come when segments are cut already */
	hws_kcp_pipe_set_mtu(&l->pipe, l->size_now - HWS_KCP_HEADER - HWS_KCP_TAG);
}

static void ping_now(struct hws_kcp_link *l)
{
	l->ping_due = true;
	hws_rand_bytes(l->nonce, sizeof(l->nonce));
}

void kcp_alive_doubt(struct hws_kcp_link *l, enum hws_kcp_state state, uint64_t now_us)
{
	if (l->doubt_until)
		return;
	l->doubt = state;
	l->doubt_until = now_us + DOUBT_FOR;
	ping_now(l);
}

/* Silence while something is under way, and nothing was asked lately. */
static uint64_t silent_at(const struct hws_kcp_link *l)
{
	if (hws_list_empty((struct hws_list *)(uintptr_t)&l->pipe.send.sent))
		return UINT64_MAX;
	return HWS_MAX(l->heard_at, l->ping_sent_at) +
			HWS_MAX(SILENT_FOR, 4 * KCP_MS * l->pipe.send.rtt.srtt);
}

static void tick_sizes(struct hws_kcp_link *l, uint64_t now_us)
{
	if (!measuring(l) || l->size_at > now_us)
		return;
	if (l->size_tries >= SIZE_TRIES) {
		l->size_index++;
		l->size_tries = 0;
	}
}

void kcp_alive_tick(struct hws_kcp_link *l, uint64_t now_us)
{
	if (now_us - l->heard_at > DEAD_AFTER) {
		kcp_link_fail(l, HWS_ERR_TIMEOUT);
		return;
	}
	if (l->doubt_until && now_us >= l->doubt_until) {
		l->doubt_until = 0;
		l->state = l->doubt;
		if (l->state == HWS_KCP_CLOSED)
			kcp_link_fail(l, HWS_ERR_RESET);
	}
	tick_sizes(l, now_us);
	if (now_us >= l->ping_at || now_us >= silent_at(l))
		ping_now(l);
}

static void put_ping(struct hws_kcp_link *l, const uint8_t nonce[KCP_NONCE], size_t len,
		struct hws_kcp_datagram *ret)
{
	uint8_t payload[HWS_KCP_DATAGRAM_MAX] = { 0 };

	memcpy(payload, nonce, KCP_NONCE);
	hws_kcp_put_u32(payload + KCP_NONCE, ++l->ping_no);
	kcp_link_seal(l, &l->id, HWS_KCP_PING, 0, hws_bytes(payload, len), ret);
}

bool kcp_alive_output(struct hws_kcp_link *l, uint64_t now_us, struct hws_kcp_datagram *ret)
{
	if (l->ping_due) {
		l->ping_due = false;
		l->ping_at = now_us + PING_EVERY;
		l->ping_sent_at = now_us;
		put_ping(l, l->nonce, PING_LEN, ret);
		return true;
	}
	if (!measuring(l) || l->size_at > now_us)
		return false;
	l->size_tries++;
	l->size_at = now_us + SIZE_WAIT + 2 * KCP_MS * l->pipe.send.rtt.srtt;
	put_ping(l, l->size_nonce,
			size_at(l, l->size_index) - HWS_KCP_HEADER - (l->keyed ? HWS_KCP_TAG : 0),
			ret);
	ret->in_one = true;
	return true;
}

uint64_t kcp_alive_due(const struct hws_kcp_link *l)
{
	uint64_t due = HWS_MIN(l->ping_at, l->heard_at + DEAD_AFTER + 1);

	if (l->doubt_until)
		due = HWS_MIN(due, l->doubt_until);
	if (measuring(l))
		due = HWS_MIN(due, l->size_at);
	return HWS_MIN(due, silent_at(l));
}
