/* net/kcp_link: what comes in is sorted here, by tag, name and state, before anything acts on
 * it. */
#include "shared/base/mem.h"
#include "shared/net/kcp_link_impl.h"
#include "shared/net/stream.h"

#define CONNECT_FOR (18 * KCP_S)
#define WINDOW 4096u
#define RTO_MIN 60u
#define AHEAD_LEAST (64u << 10) /* unsent bytes; more on faster paths */
#define AHEAD_MOST (512u << 10)

int hws_kcp_link_new(const struct hws_kcp_link_conf *conf, struct hws_kcp_link **ret)
{
	struct hws_kcp_link *l = hws_alloc(sizeof(*l));
	const struct hws_kcp_pipe_conf pipe = {
		.send = { .window = WINDOW, .rto_min = RTO_MIN, .paced = true },
		.receive_window = WINDOW,
		.now_us = conf->now_us
	};
	int r;

	if (!l)
		return HWS_ERR_NOMEM;
	r = hws_kcp_pipe_init(&l->pipe, &pipe);
	if (r < 0) {
		hws_free(l);
		return r;
	}
	l->conf = *conf;
	if (!l->conf.connect_us)
		l->conf.connect_us = CONNECT_FOR;
	l->born = conf->now_us;
	l->size_now = HWS_KCP_HEADER + HWS_KCP_MTU;
	l->size_index = UINT32_MAX;
	l->ping_at = UINT64_MAX;
	kcp_hand_start(l, conf->now_us);
	*ret = l;
	return HWS_OK;
}

void hws_kcp_link_free(struct hws_kcp_link *l)
{
	if (!l)
		return;
	hws_kcp_pipe_done(&l->pipe);
	hws_free_wiped(l, sizeof(*l));
}

void kcp_link_fail(struct hws_kcp_link *l, int error)
{
	if (!l->error)
		l->error = error;
	l->state = HWS_KCP_CLOSED;
}

static bool up(const struct hws_kcp_link *l)
{
	return l->state == HWS_KCP_ESTABLISHED || l->state == HWS_KCP_PEER_CLOSED ||
			l->state == HWS_KCP_LOCAL_CLOSED;
}

/* --- out --- */

void kcp_link_seal(struct hws_kcp_link *l, const struct hws_kcp_id *id, uint8_t flag, uint8_t rsv,
		struct hws_bytes payload, struct hws_kcp_datagram *ret)
{
	const bool tag = l->keyed && hws_kcp_id_equal(id, &l->id);
	const struct hws_kcp_header h = {
		.id = *id, .flag = (uint8_t)(flag | (tag ? HWS_KCP_TAGGED : 0)), .rsv = rsv
	};
	const size_t room = HWS_KCP_DATAGRAM_MAX - HWS_KCP_HEADER - (tag ? HWS_KCP_TAG : 0);
	uint64_t sum;

	payload.len = HWS_MIN(payload.len, room);
	hws_kcp_header_put(&h, ret->data);
	if (payload.len > 0 && payload.ptr != ret->data + HWS_KCP_HEADER)
		memcpy(ret->data + HWS_KCP_HEADER, payload.ptr, payload.len);
	ret->len = HWS_KCP_HEADER + payload.len;
	if (!tag)
		return;
	sum = hws_keyed_hash(l->key_out, hws_bytes(ret->data, ret->len));
	memcpy(ret->data + ret->len, &sum, HWS_KCP_TAG);
	ret->len += HWS_KCP_TAG;
}

void kcp_link_answer(struct hws_kcp_link *l, const struct hws_kcp_id *id, uint8_t flag, uint8_t rsv,
		struct hws_bytes payload)
{
	struct kcp_answer *a;
	struct hws_kcp_datagram d;

	if (l->answer_count == KCP_ANSWERS)
		return;
	a = &l->answer[(l->answer_at + l->answer_count++) % KCP_ANSWERS];
	d.data = a->data;
	kcp_link_seal(l, id, flag, rsv, payload, &d);
	a->len = d.len;
}

static bool output_answer(struct hws_kcp_link *l, struct hws_kcp_datagram *ret)
{
	const struct kcp_answer *a = &l->answer[l->answer_at];

	if (l->answer_count == 0)
		return false;
	l->answer_at = (l->answer_at + 1) % KCP_ANSWERS;
	l->answer_count--;
	ret->len = a->len;
	memcpy(ret->data, a->data, a->len);
	return true;
}

static bool output_data(struct hws_kcp_link *l, uint64_t now_us, struct hws_kcp_datagram *ret)
{
	const size_t room = HWS_KCP_DATAGRAM_MAX - HWS_KCP_HEADER - HWS_KCP_TAG;
	size_t n;

	if (l->state != HWS_KCP_SYN_RECEIVED && !up(l))
		return false;
	n = hws_kcp_pipe_output(&l->pipe, now_us, ret->data + HWS_KCP_HEADER, room);
	if (n == 0)
		return false;
	kcp_link_seal(l, &l->id, HWS_KCP_ACK | HWS_KCP_DATA, 0,
			hws_bytes(ret->data + HWS_KCP_HEADER, n), ret);
	return true;
}

bool hws_kcp_link_output(struct hws_kcp_link *l, uint64_t now_us, struct hws_kcp_datagram *ret)
{
	ret->in_one = false;
	if (!l->error && (l->state == HWS_KCP_ESTABLISHED || !up(l)) && l->ending == KCP_OPEN)
		kcp_hand_tick(l, now_us);
	if (!l->error && up(l))
		kcp_alive_tick(l, now_us);
	kcp_end_tick(l, now_us);
	if (output_answer(l, ret))
		return true;
	if (l->error || l->ending == KCP_GONE)
		return false;
	if (kcp_hand_output(l, ret) || kcp_end_output(l, ret))
		return true;
	return (up(l) && kcp_alive_output(l, now_us, ret)) || output_data(l, now_us, ret);
}

uint64_t hws_kcp_link_due(const struct hws_kcp_link *l, uint64_t now_us)
{
	uint64_t due = kcp_end_due(l);

	if (l->answer_count > 0)
		return now_us;
	if (l->error || l->ending == KCP_GONE) /* nothing else leaves any more */
		return due;
	if (l->fin_ack_due || l->fin_due || l->ping_due)
		return now_us;
	if ((l->state == HWS_KCP_ESTABLISHED || !up(l)) && l->ending == KCP_OPEN)
		due = HWS_MIN(due, kcp_hand_due(l));
	if (up(l))
		due = HWS_MIN(due, kcp_alive_due(l));
	if (up(l) || l->state == HWS_KCP_SYN_RECEIVED)
		due = HWS_MIN(due, hws_kcp_pipe_due(&l->pipe, now_us));
	return due;
}

/* --- in --- */

/* Takes the tag off. False: it is not the peer's. */
static bool check_tag(struct hws_kcp_link *l, struct hws_bytes *datagram,
		const struct hws_kcp_header *h, struct hws_bytes *payload, bool *ret_tagged)
{
	uint64_t sum;

	*ret_tagged = false;
	if (!(l->features & HWS_KCP_CAN_TAG))
		return true;
	if (!(h->flag & HWS_KCP_TAGGED)) {
		if (!l->keyed)
			return true;
		/* until the peer has its key, too; what ends or moves a connection never */
		return !l->peer_tags && !(h->flag & (HWS_KCP_RST | HWS_KCP_FIN));
	}
	if (payload->len < HWS_KCP_TAG)
		return false;
	payload->len -= HWS_KCP_TAG;
	datagram->len -= HWS_KCP_TAG;
	if (!l->keyed) /* it has its key before us: what it says counts as without a tag */
		return true;
	sum = hws_keyed_hash(l->key_in, *datagram);
	if (!hws_secret_equal(&sum, datagram->ptr + datagram->len, HWS_KCP_TAG))
		return false;
	*ret_tagged = l->peer_tags = true;
	return true;
}

static void on_rst(struct hws_kcp_link *l, struct hws_bytes payload, bool tagged, uint64_t now_us)
{
	/* who knows our ping, or the 96 bits of our name, is on the path, and could do worse */
	if (tagged || l->features || kcp_alive_is_ours(l, payload)) {
		if (l->doubt_until && l->doubt == HWS_KCP_PEER_CLOSED) {
			l->doubt_until = 0;
			l->state = HWS_KCP_PEER_CLOSED;
		} else {
			kcp_link_fail(l, HWS_ERR_RESET);
		}
		return;
	}
	kcp_alive_doubt(l, HWS_KCP_CLOSED, now_us);
}

/* Of a connection that stands. */
static void on_established(struct hws_kcp_link *l, const struct hws_kcp_header *h,
		struct hws_bytes payload, bool tagged, uint64_t now_us)
{
	struct hws_kcp_step step = hws_kcp_step(l->state, h->flag, payload.len > 0);

	l->heard_at = now_us;
	if (h->flag & HWS_KCP_PING) {
		if (h->flag & HWS_KCP_PONG)
			kcp_alive_pong(l, payload, now_us);
		else
			kcp_link_answer(l, &h->id, step.answer, h->rsv, payload);
		return;
	}
	if (h->flag & HWS_KCP_RST) {
		on_rst(l, payload, tagged, now_us);
		return;
	}
	if (step.data && hws_kcp_pipe_input(&l->pipe, payload, now_us) != HWS_ERR_DENIED)
		l->confirmed = true;
	if (h->flag & HWS_KCP_FIN)
		kcp_end_fin(l, h, payload, now_us);
	else if (step.answer && !l->confirmed)
		kcp_link_answer(l, &h->id, step.answer, 0, hws_bytes(NULL, 0));
	if (l->peer_finishing && !l->fin_ack_due && (h->flag & HWS_KCP_DATA) && kcp_end_of_peer(l))
		l->fin_ack_due = payload.len > 0;
}

/* A later ping than all before it, with its tag, from somewhere else: the peer has moved. */
static bool has_moved(struct hws_kcp_link *l, const struct hws_kcp_header *h,
		struct hws_bytes payload, bool tagged)
{
	uint32_t no;

	if (!tagged || (h->flag & (HWS_KCP_PING | HWS_KCP_PONG)) != HWS_KCP_PING ||
			payload.len < KCP_NONCE + 4)
		return false;
	no = hws_kcp_get_u32(payload.ptr + KCP_NONCE);
	if (hws_kcp_diff(no, l->peer_ping_no) <= 0)
		return false;
	l->peer_ping_no = no;
	return true;
}

bool hws_kcp_link_input(
		struct hws_kcp_link *l, struct hws_bytes datagram, bool elsewhere, uint64_t now_us)
{
	struct hws_kcp_header h;
	struct hws_bytes payload;
	bool tagged, newer;

	if (hws_kcp_header_get(datagram, &h, &payload) < 0) {
		l->heard |= !elsewhere; /* an empty one opens the way */
		return false;
	}
	if (up(l) && hws_kcp_id_equal(&h.id, &l->id)) {
		if (!check_tag(l, &datagram, &h, &payload, &tagged)) {
			l->foreign++;
			return false;
		}
		newer = has_moved(l, &h, payload, tagged);
		if (elsewhere && !newer) {
			l->foreign++;
			return false;
		}
		on_established(l, &h, payload, tagged, now_us);
		return elsewhere;
	}
	if (elsewhere || l->error || l->ending == KCP_GONE) {
		l->foreign++;
		return false;
	}
	l->heard = true;
	if (up(l) || l->ending != KCP_OPEN) {
		/* the other numbers of the same viewer: one is served */
		l->foreign++;
		if (!(h.flag & (HWS_KCP_RST | HWS_KCP_PING)))
			kcp_link_answer(l, &h.id, HWS_KCP_RST, 0, hws_bytes(NULL, 0));
		return false;
	}
	kcp_hand_input(l, &h, payload, now_us);
	return false;
}

/* --- the stream's side --- */

/* About what leaves within some milliseconds: what waits here can no more be overtaken. */
static size_t ahead(const struct hws_kcp_link *l)
{
	const uint64_t rate = hws_kcp_rate_found(&l->pipe.send.rate);
	const uint64_t want = rate / (l->shallow ? 125 : 50);
	const uint64_t least = l->shallow ? l->shallow : AHEAD_LEAST;

	return (size_t)HWS_MIN(HWS_MAX(want, least), (uint64_t)AHEAD_MOST);
}

ssize_t hws_kcp_link_read(struct hws_kcp_link *l, void *buf, size_t len)
{
	size_t n = hws_kcp_pipe_read(&l->pipe, buf, len);

	if (n > 0)
		return (ssize_t)n;
	if (l->error)
		return l->error;
	return kcp_end_of_peer(l) ? HWS_ERR_EOF : HWS_ERR_AGAIN;
}

static bool may_write(const struct hws_kcp_link *l)
{
	return l->state == HWS_KCP_SYN_RECEIVED || l->state == HWS_KCP_ESTABLISHED ||
			l->state == HWS_KCP_PEER_CLOSED;
}

ssize_t hws_kcp_link_write(struct hws_kcp_link *l, struct hws_bytes data)
{
	const size_t limit = ahead(l), unsent = l->pipe.send.unsent_bytes;
	int r;

	if (l->error)
		return l->error == HWS_ERR_EOF ? HWS_ERR_RESET : l->error;
	if (!may_write(l) || unsent >= limit)
		return HWS_ERR_AGAIN;
	data.len = HWS_MIN(data.len, limit - unsent);
	r = hws_kcp_pipe_write(&l->pipe, data);
	return r < 0 ? r : (ssize_t)data.len;
}

unsigned hws_kcp_link_ready(const struct hws_kcp_link *l)
{
	unsigned ready = 0;

	if (l->pipe.recv.unread > 0 || l->error || kcp_end_of_peer(l))
		ready |= HWS_STREAM_READ;
	if (l->error || (may_write(l) && l->pipe.send.unsent_bytes <= ahead(l) / 2))
		ready |= HWS_STREAM_WRITE;
	return ready;
}

void hws_kcp_link_keep_shallow(struct hws_kcp_link *l, size_t unsent)
{
	l->shallow = unsent;
}

int hws_kcp_link_authenticate(struct hws_kcp_link *l, const uint8_t key[HWS_KCP_KEY_LEN])
{
	_Static_assert(HWS_KCP_KEY_LEN == 2 * HWS_HASH_KEY_LEN, "a key for each direction");
	const uint8_t *viewers = key, *hosts = key + HWS_HASH_KEY_LEN;

	if (!up(l) || !(l->features & HWS_KCP_CAN_TAG))
		return HWS_ERR_UNSUPPORTED;
	memcpy(l->key_out, l->conf.accept ? hosts : viewers, HWS_HASH_KEY_LEN);
	memcpy(l->key_in, l->conf.accept ? viewers : hosts, HWS_HASH_KEY_LEN);
	l->keyed = true;
	l->doubt_until = 0;
	return HWS_OK;
}

int hws_kcp_link_moved(struct hws_kcp_link *l, uint64_t now_us)
{
	if (!l->keyed || !up(l))
		return HWS_ERR_UNSUPPORTED;
	l->ping_due = true;
	l->ping_at = now_us;
	l->size_now = HWS_KCP_HEADER + HWS_KCP_MTU;
	l->size_index = l->size_tries = 0;
	l->size_at = now_us + 500 * KCP_MS;
	hws_kcp_pipe_set_mtu(&l->pipe, HWS_KCP_MTU);
	return HWS_OK;
}

bool hws_kcp_link_heard(const struct hws_kcp_link *l)
{
	return l->heard;
}

void hws_kcp_link_info(const struct hws_kcp_link *l, struct hws_kcp_info *ret)
{
	const struct hws_kcp_sender *s = &l->pipe.send;

	*ret = (struct hws_kcp_info){ .established = up(l) && !l->error,
		.extended = l->features != 0,
		.authenticated = l->keyed && l->peer_tags,
		.rtt_us = s->rtt.srtt * (uint32_t)KCP_MS,
		.min_rtt_us = (uint32_t)HWS_MIN(s->rate.min_rtt_us, (uint64_t)UINT32_MAX),
		.rate = hws_kcp_rate_found(&s->rate),
		.mtu = l->size_now,
		.in_flight = (uint32_t)s->in_flight,
		.window = (uint32_t)HWS_MIN(hws_kcp_rate_window(&s->rate), (uint64_t)UINT32_MAX),
		.unsent = (uint32_t)s->unsent_bytes,
		.sent = s->sendings,
		.resent = s->resent,
		.foreign = l->foreign + l->pipe.refused };
}
