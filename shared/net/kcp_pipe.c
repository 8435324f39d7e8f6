/* net/kcp_pipe: datagrams are filled in the order acknowledgements, window, data, so that one often
 * carries all. */
#include "shared/net/kcp_pipe.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"

#define TELL_TIMES 4u /* a lost word of room would cost the peer seven seconds */

int hws_kcp_pipe_init(struct hws_kcp_pipe *p, const struct hws_kcp_pipe_conf *conf)
{
	int r;

	memset(p, 0, sizeof(*p));
	p->conv = conf->conv;
	p->mtu = conf->mtu ? conf->mtu : HWS_KCP_MTU;
	p->start_us = conf->now_us;
	r = hws_kcp_sender_init(&p->send, &conf->send, p->mtu - HWS_KCP_SEGMENT);
	if (r == HWS_OK)
		r = hws_kcp_receiver_init(&p->recv, conf->receive_window);
	if (r < 0)
		hws_kcp_pipe_done(p);
	return r;
}

void hws_kcp_pipe_done(struct hws_kcp_pipe *p)
{
	hws_kcp_sender_done(&p->send);
	hws_kcp_receiver_done(&p->recv);
}

void hws_kcp_pipe_set_mtu(struct hws_kcp_pipe *p, uint32_t mtu)
{
	p->mtu = mtu;
	p->send.segment_max = mtu - HWS_KCP_SEGMENT;
	p->send.rate.segment = p->send.segment_max;
}

int hws_kcp_pipe_write(struct hws_kcp_pipe *p, struct hws_bytes data)
{
	return hws_kcp_sender_write(&p->send, data);
}

size_t hws_kcp_pipe_read(struct hws_kcp_pipe *p, void *buf, size_t len)
{
	return hws_kcp_receiver_read(&p->recv, buf, len);
}

static uint32_t ms_of(const struct hws_kcp_pipe *p, uint64_t now_us)
{
	return (uint32_t)((now_us - p->start_us) / HWS_US_PER_MS);
}

static int take_ranges(struct hws_kcp_pipe *p, const struct hws_kcp_segment *s,
		struct hws_bytes data, uint64_t now_us)
{
	uint32_t from = 0;

	if (data.len % 8 != 0 || data.len / 8 > HWS_KCP_RANGES_MAX)
		return HWS_ERR_PROTO;
	hws_kcp_sender_ack(&p->send, s->sn, s->ts, ms_of(p, now_us), now_us);
	for (size_t i = 0; i < data.len; i += 8) {
		uint32_t first = hws_kcp_get_u32(data.ptr + i);
		uint32_t last = hws_kcp_get_u32(data.ptr + i + 4);

		/* one behind the other, so that nobody makes us walk the ring for each */
		if (first < from || last < first || last >= UINT32_MAX / 2)
			return HWS_ERR_PROTO;
		from = last + 1;
		hws_kcp_sender_range(&p->send, s->una + first, s->una + last);
	}
	return HWS_OK;
}

static int take(struct hws_kcp_pipe *p, const struct hws_kcp_segment *s, struct hws_bytes data,
		uint64_t now_us)
{
	int r = HWS_OK;

	hws_kcp_sender_window(&p->send, s->wnd, now_us);
	if (s->cmd == HWS_KCP_ACKED) /* before una takes it away, for its sending time */
		hws_kcp_sender_ack(&p->send, s->sn, s->ts, ms_of(p, now_us), now_us);
	else if (s->cmd == HWS_KCP_RANGES)
		r = take_ranges(p, s, data, now_us);
	if (r == HWS_OK)
		r = hws_kcp_sender_una(&p->send, s->una);
	if (r < 0)
		return r;
	if (s->cmd == HWS_KCP_WASK)
		p->recv.tell = true;
	if (s->cmd != HWS_KCP_PUSH)
		return HWS_OK;
	p->tell_again = 0;
	return hws_kcp_receiver_push(&p->recv, s->sn, s->ts, data);
}

int hws_kcp_pipe_input(struct hws_kcp_pipe *p, struct hws_bytes payload, uint64_t now_us)
{
	struct hws_kcp_segment s;
	struct hws_bytes data;
	int r = HWS_OK;

	if (payload.len < HWS_KCP_SEGMENT) {
		p->refused++;
		return HWS_ERR_SHORT;
	}
	hws_kcp_sender_begin(&p->send, now_us);
	while (r == HWS_OK && payload.len >= HWS_KCP_SEGMENT) {
		r = hws_kcp_segment_get(&payload, p->conv, p->ranges, &s, &data);
		if (r == HWS_OK)
			r = take(p, &s, data, now_us);
	}
	hws_kcp_sender_end(&p->send, now_us);
	if (r < 0)
		p->refused++;
	return r;
}

/* --- output --- */

struct packer {
	uint8_t *buf;
	size_t used, size;
	struct hws_kcp_segment common; /* conv, wnd, una */
};

static bool fits(const struct packer *k, size_t data)
{
	return k->size - k->used >= HWS_KCP_SEGMENT + data;
}

static void pack(struct packer *k, const struct hws_kcp_segment *s, const void *data)
{
	struct hws_kcp_segment whole = *s;

	whole.conv = k->common.conv;
	whole.wnd = k->common.wnd;
	whole.una = k->common.una;
	hws_kcp_segment_put(&whole, k->buf + k->used);
	if (s->len > 0)
		memcpy(k->buf + k->used + HWS_KCP_SEGMENT, data, s->len);
	k->used += HWS_KCP_SEGMENT + s->len;
}

/* One for all that came, with what lies behind gaps. */
static void pack_ranges(struct hws_kcp_pipe *p, struct packer *k)
{
	struct hws_kcp_range range[HWS_KCP_RANGES_MAX];
	uint8_t data[HWS_KCP_RANGES_MAX * 8];
	struct hws_kcp_segment s = {
		.cmd = HWS_KCP_RANGES, .ts = p->recv.newest.ts, .sn = p->recv.newest.sn
	};
	unsigned n = hws_kcp_receiver_ranges(&p->recv, range, HWS_KCP_RANGES_MAX);

	for (unsigned i = 0; i < n; i++) {
		hws_kcp_put_u32(data + i * 8, range[i].first - k->common.una);
		hws_kcp_put_u32(data + i * 8 + 4, range[i].last - k->common.una);
	}
	s.len = n * 8;
	p->recv.ack_count = 0;
	pack(k, &s, data);
}

static void pack_acks(struct hws_kcp_pipe *p, struct packer *k)
{
	uint32_t n = 0;

	if (p->recv.ack_count == 0)
		return;
	if (p->ranges) {
		pack_ranges(p, k);
		return;
	}
	for (; n < p->recv.ack_count && fits(k, 0); n++) {
		const struct hws_kcp_segment s = {
			.cmd = HWS_KCP_ACKED, .ts = p->recv.ack[n].ts, .sn = p->recv.ack[n].sn
		};

		pack(k, &s, NULL);
	}
	p->recv.ack_count -= n;
	memmove(p->recv.ack, p->recv.ack + n, p->recv.ack_count * sizeof(p->recv.ack[0]));
}

static void pack_window(struct hws_kcp_pipe *p, struct packer *k, uint64_t now_us)
{
	if (p->send.ask && fits(k, 0)) {
		pack(k, &(struct hws_kcp_segment){ .cmd = HWS_KCP_WASK }, NULL);
		p->send.ask = false;
	}
	if (p->tell_again && now_us >= p->tell_at)
		p->recv.tell = true;
	if (!p->recv.tell || !fits(k, 0))
		return;
	pack(k, &(struct hws_kcp_segment){ .cmd = HWS_KCP_WINS }, NULL);
	p->recv.tell = false;
	p->tell_again = p->tell_again ? p->tell_again - 1 : TELL_TIMES;
	p->tell_at = now_us +
			(HWS_US_PER_MS * HWS_MAX(p->send.rtt.srtt, 20u)
					<< (TELL_TIMES - p->tell_again));
}

size_t hws_kcp_pipe_output(struct hws_kcp_pipe *p, uint64_t now_us, uint8_t *buf, size_t size)
{
	struct packer k = { .buf = buf, .size = HWS_MIN((size_t)p->mtu, size) };
	struct hws_kcp_segment s;
	const uint8_t *data;

	hws_kcp_sender_tick(&p->send, now_us);
	k.common = (struct hws_kcp_segment){
		.conv = p->conv, .wnd = hws_kcp_receiver_window(&p->recv), .una = p->recv.next
	};
	pack_acks(p, &k);
	pack_window(p, &k, now_us);
	while (k.used + HWS_KCP_SEGMENT < k.size) {
		/* one that was cut when datagrams were larger goes alone */
		const size_t most = k.used ? k.size : size;

		data = hws_kcp_sender_next(&p->send, most - k.used - HWS_KCP_SEGMENT,
				ms_of(p, now_us), now_us, &s);
		if (!data)
			break;
		pack(&k, &s, data);
	}
	if (k.used > 0 && k.common.wnd == 0)
		p->recv.was_full = true;
	return k.used;
}

uint64_t hws_kcp_pipe_due(const struct hws_kcp_pipe *p, uint64_t now_us)
{
	uint64_t due = hws_kcp_sender_due(&p->send, now_us);

	if (p->recv.ack_count > 0 || p->recv.tell || p->send.ask)
		return now_us;
	if (p->tell_again)
		due = HWS_MIN(due, p->tell_at);
	return due;
}

bool hws_kcp_pipe_drained(const struct hws_kcp_pipe *p)
{
	return hws_kcp_sender_empty(&p->send);
}
