/* The UDP plane as a running state machine: a sequence of datagrams from a few senders, time
 * passing between them. Input: records of one byte what, one byte length, then the datagram. */
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/planes/udp_handler.h"
#include "server-rendezvous/state/presence.h"
#include "shared/base/clock.h"
#include "shared/net/addr.h"
#include "tests/fuzz/rendezvous/stage.h"
#include <assert.h>

struct turn {
	struct sockaddr_storage from;
	size_t request;
	bool registration;
	unsigned answers;
};

static void on_send(const struct sockaddr_storage *to, struct hws_bytes data, void *arg)
{
	struct turn *t = arg;

	assert(hws_addr_equal(to, &t->from)); /* answers go to who asked */
	assert(++t->answers == 1);
	assert(data.len <= HWS_RDV_DATAGRAM_SEND_MAX);
	/* nothing is amplified; the NAT test's answer carries a port and is the one exception */
	assert(data.len <= t->request || (data.len <= 8 && data.ptr[0] == 0xaa));
}

static void on_sent(struct rdv_core *core, const struct rdv_addr *from, struct hws_bytes datagram)
{
	rdv_tcp_post_sent(core->tcp, from, datagram);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rdv_udp_handler handler;
	struct stage *s = stage_get();
	uint64_t now = hws_clock_us();
	struct turn t;

	if (!handler.core) {
		if (rdv_udp_handler_init(&handler, &s->core) < 0)
			return 0;
		handler.send = on_send;
		handler.send_other = on_send;
		handler.other_port = 21115;
		handler.on_sent = on_sent;
	}
	stage_reset(s);
	for (int steps = 0; size >= 2 && steps < 64; steps++) {
		uint8_t what = data[0];
		size_t len = data[1];
		char ip[20] = "10.0.0.1";

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		ip[7] = (char)('1' + (what & 3));
		if (hws_addr_parse(ip, (uint16_t)(1000 + (what >> 2 & 3)), &t.from) < 0)
			return 0;
		now += (uint64_t)(what >> 4) * 5000000;
		t.request = len;
		t.answers = 0;
		handler.arg = &t;
		rdv_udp_handler_input(&handler, &t.from, hws_bytes(data, len), now);
		rdv_presence_sweep(s->core.presence, 64, now);
		data += len;
		size -= len;
	}
	stage_run(s);
	return 0;
}
