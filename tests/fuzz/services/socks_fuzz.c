/* A local program that says anything: SOCKS from any pieces, and datagrams. It never asks for more
 * than it has room for, and what it takes for a host is one. */
#include "client/services/tunnel/socks.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void check_host(const char *host)
{
	must(*host && strlen(host) <= HWS_SOCKS_HOST_MAX);
	for (; *host; host++)
		must(*host > 0x20 && *host < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char host[HWS_SOCKS_HOST_MAX + 1];
	struct hws_bytes content;
	struct hws_socks s;
	uint16_t port;
	size_t at = 1;

	hws_socks_init(&s);
	while (at < size && hws_socks_need(&s)) {
		size_t need = hws_socks_need(&s), piece = data[0] % 7 + 1u, n = size - at;

		must(need <= HWS_SOCKS_STEP_MAX);
		n = n < piece ? n : piece;
		n = n < need ? n : need;
		hws_socks_input(&s, hws_bytes(data + at, n));
		must(s.out_len <= HWS_SOCKS_REPLY_MAX);
		s.out_len = 0;
		at += n;
	}
	if (s.state == HWS_SOCKS_CONNECT || s.state == HWS_SOCKS_ASSOCIATE)
		check_host(s.host);
	if (hws_socks_datagram(hws_bytes(data, size), host, &port, &content) == HWS_OK) {
		uint8_t head[HWS_SOCKS_UDP_HEAD_MAX];

		check_host(host);
		must(content.ptr + content.len == data + size);
		must(hws_socks_datagram_head(host, port, head) <= sizeof(head));
	}
	return 0;
}
