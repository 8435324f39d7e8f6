/* A pipe of KCP that sends and reads while arbitrary bytes come as datagrams: it holds no more
 * than its windows, and what it counts as under way is what it can still send. The first byte says
 * how it is made; then each datagram has a length byte and a byte for the time that passes. */
#include "shared/base/clock.h"
#include "shared/net/kcp_pipe.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONV 0x11223344u

static void check(struct hws_kcp_pipe *p)
{
	uint64_t in_flight = 0;
	struct hws_list *node;

	if (hws_kcp_diff(p->send.next, p->send.una) < 0 ||
			p->send.next - p->send.una > p->send.conf.window)
		abort();
	if (p->recv.next - p->recv.read > p->recv.window ||
			hws_kcp_diff(p->recv.end, p->recv.next + p->recv.window) > 0)
		abort();
	hws_list_for (node, &p->send.sent)
		in_flight++;
	if ((in_flight == 0) != (p->send.in_flight == 0))
		abort();
}

static void speak(struct hws_kcp_pipe *p, uint64_t now)
{
	uint8_t out[HWS_KCP_DATAGRAM_MAX];
	size_t n;

	for (int i = 0; i < 64; i++) {
		n = hws_kcp_pipe_output(p, now, out, sizeof(out));
		if (n == 0)
			return;
		if (n > p->mtu || n < HWS_KCP_SEGMENT)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_kcp_pipe p;
	struct hws_kcp_pipe_conf conf = { .conv = CONV,
		.send = { .window = 32, .rto_min = 30 },
		.receive_window = 16,
		.now_us = 1000000 };
	uint64_t now = conf.now_us;
	uint8_t scrap[3000] = { 0 };

	if (size < 1)
		return 0;
	conf.send.paced = data[0] & 1;
	if (hws_kcp_pipe_init(&p, &conf) < 0)
		return 0;
	p.ranges = data[0] & 2;
	data++;
	size--;
	while (size >= 2) {
		size_t len = HWS_MIN((size_t)data[0] * 2, size - 2);

		now += (uint64_t)data[1] * data[1] * 100;
		if (p.send.unsent_bytes < 30000 &&
				hws_kcp_pipe_write(&p, hws_bytes(scrap, data[1] * 8u)) < 0)
			break;
		(void)hws_kcp_pipe_input(&p, hws_bytes(data + 2, len), now);
		if (data[1] & 1)
			(void)hws_kcp_pipe_read(&p, scrap, sizeof(scrap));
		speak(&p, now);
		check(&p);
		(void)hws_kcp_pipe_due(&p, now);
		data += 2 + len;
		size -= 2 + len;
	}
	hws_kcp_pipe_done(&p);
	return 0;
}
