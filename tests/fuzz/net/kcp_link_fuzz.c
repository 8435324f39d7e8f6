/* A whole connection, viewer's or host's, that gets arbitrary datagrams, some with the name that
 * it uses put in, so that they reach what is behind the handshake. It must always be able to say
 * when it wants to be asked again, and come to an end when it is closed. */
#include "shared/base/clock.h"
#include "shared/net/kcp_header.h"
#include "shared/net/kcp_link.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t name[12]; /* of the last datagram that went out */

static unsigned speak(struct hws_kcp_link *l, uint64_t now)
{
	uint8_t data[HWS_KCP_DATAGRAM_MAX];
	struct hws_kcp_datagram d = { .data = data };
	unsigned n = 0;

	while (n < 300 && hws_kcp_link_output(l, now, &d)) {
		n++;
		if (d.len > sizeof(data))
			abort();
		if (d.len >= HWS_KCP_HEADER)
			memcpy(name, d.data, sizeof(name));
	}
	return n;
}

static void end(struct hws_kcp_link *l, uint64_t now)
{
	const uint64_t limit = now + 40 * HWS_US_PER_S;

	hws_kcp_link_close(l, now);
	for (int i = 0; i < 5000 && !hws_kcp_link_gone(l); i++) {
		uint64_t due = hws_kcp_link_due(l, now);

		now = HWS_MAX(now + 1000, due);
		if (now > limit)
			abort(); /* it would linger for ever */
		speak(l, now);
	}
	if (!hws_kcp_link_gone(l))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[HWS_KCP_KEY_LEN] = { 7 };
	struct hws_kcp_link_conf conf = { .now_us = 1000000 };
	struct hws_kcp_link *l;
	uint64_t now = conf.now_us;
	uint8_t datagram[512], scrap[2000] = { 0 };

	if (size < 1)
		return 0;
	memset(name, 0, sizeof(name));
	conf.accept = data[0] & 1;
	conf.plain = data[0] & 2;
	if (hws_kcp_link_new(&conf, &l) < 0)
		return 0;
	data++;
	size--;
	while (size >= 3) {
		size_t len = HWS_MIN((size_t)data[0] * 2, size - 3);

		now += (uint64_t)data[1] * data[1] * 50;
		memcpy(datagram, data + 3, len);
		if (data[2] & 1 && len >= sizeof(name))
			memcpy(datagram, name, sizeof(name));
		(void)hws_kcp_link_input(l, hws_bytes(datagram, len), data[2] & 2, now);
		if (data[2] & 4)
			(void)!hws_kcp_link_write(l, hws_bytes(scrap, 1500));
		if (data[2] & 8)
			(void)!hws_kcp_link_read(l, scrap, sizeof(scrap));
		if (data[2] & 16)
			(void)!hws_kcp_link_authenticate(l, key);
		if (data[2] & 32)
			(void)!hws_kcp_link_moved(l, now);
		speak(l, now);
		(void)hws_kcp_link_ready(l);
		data += 3 + len;
		size -= 3 + len;
	}
	end(l, now);
	hws_kcp_link_free(l);
	return 0;
}
