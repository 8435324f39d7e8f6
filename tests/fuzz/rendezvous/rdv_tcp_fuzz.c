/* The TCP plane as a running state machine: a few links on memory transports, fed in any order, cut
 * at any place. Input: records of one byte what (link 0..3, action 0..3), one byte length, then
 * bytes for the link. */
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/tcp.h"
#include "shared/net/addr.h"
#include "tests/fuzz/rendezvous/stage.h"
#include <assert.h>

#define LINKS 4

static void drain(struct hws_stream *s)
{
	uint8_t buf[4096];

	while (s && hws_stream_read(s, buf, sizeof(buf)) > 0)
		;
}

static void open_link(struct stage *s, struct hws_stream **own, unsigned n, enum rdv_port port)
{
	struct hws_mem_conf conf = { .read_max = n == 3 ? 1 : 0 }; /* one link byte by byte */
	struct hws_stream *theirs = NULL;
	char ip[20] = "10.0.0.1";

	if (hws_stream_mem_pair(rdv_tcp_loop(s->core.tcp), &conf, own, &theirs) < 0)
		return;
	ip[7] = (char)('1' + n);
	if (hws_addr_parse(ip, (uint16_t)(2000 + n), &theirs->peer) < 0 ||
			rdv_tcp_accept(s->core.tcp, port, theirs) < 0) {
		hws_stream_close(*own);
		*own = NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stage *s = stage_get();
	struct hws_stream *own[LINKS] = { NULL };
	struct rdv_tcp_stats st;

	stage_reset(s);
	for (int steps = 0; size >= 2 && steps < 64; steps++) {
		unsigned n = data[0] & 3;
		unsigned action = data[0] >> 2 & 3;
		enum rdv_port port = (enum rdv_port)((data[0] >> 4) % RDV_PORT_COUNT);
		size_t len = data[1];

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		if (action == 3) {
			hws_stream_close(own[n]);
			own[n] = NULL;
		} else {
			if (!own[n])
				open_link(s, &own[n], n, port);
			if (action == 1)
				stage_run(s); /* so that the offer goes out first */
			if (own[n] && len && hws_stream_write(own[n], hws_bytes(data, len)) < 0) {
				hws_stream_close(own[n]);
				own[n] = NULL;
			}
		}
		stage_run(s);
		for (unsigned i = 0; i < LINKS; i++)
			drain(own[i]);
		data += len;
		size -= len;
	}
	for (unsigned i = 0; i < LINKS; i++)
		hws_stream_close(own[i]);
	stage_run(s);
	stage_run(s);
	rdv_tcp_stats(s->core.tcp, &st);
	if (st.clients) /* those whose last answer is still on its way */
		stage_run(s);
	rdv_tcp_stats(s->core.tcp, &st);
	assert(st.clients == 0 && st.hosts == 0 && st.ws == 0);
	return 0;
}
