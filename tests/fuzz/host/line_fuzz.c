/* Rate control, from the viewer's answers to the next picture: whatever a viewer answers, and
 * whenever, the rate stays what may be asked for, and once it has answered honestly nothing waits
 * for an answer any more. */
#include "client/host/gate_probe.h"
#include "client/services/video/flow.h"
#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct line {
	struct hws_probes probes;
	struct hws_flow flow;
	uint64_t now_us, sent;
	double wish_most;
};

static void must(int claim)
{
	if (!claim)
		abort();
}

static void check(struct line *l)
{
	double rate = hws_flow_rate(&l->flow), line = hws_flow_line(&l->flow);

	must(isfinite(rate) && rate >= 0 && rate <= l->wish_most * 8.001 + 1);
	must(isfinite(line) && line >= 0);
	must(l->probes.count <= HWS_PROBES_MAX);
	must(hws_probes_waiting_us(&l->probes, l->now_us) <= l->now_us);
}

static void answered(struct line *l, int64_t number)
{
	struct hws_flow_answer a;

	if (!hws_probes_answered(&l->probes, number, l->now_us))
		return;
	a = l->probes.last;
	a.late = hws_probes_waiting_us(&l->probes, l->now_us) > 2000000;
	hws_flow_answered(&l->flow, &a);
}

static void send(struct line *l, uint64_t bytes)
{
	l->sent += bytes;
	hws_flow_sent(&l->flow, bytes, l->sent, l->now_us);
	if (hws_probes_passed(&l->probes, bytes, l->now_us))
		hws_probes_add(&l->probes, l->now_us);
}

/* The gate's tick asks when nothing is under way, so all that was sent comes to be confirmed. */
static void be_honest(struct line *l)
{
	while (l->probes.count) {
		l->now_us += 1000;
		answered(l, l->probes.ring[l->probes.head].number);
	}
	l->now_us += 1000;
	must(hws_probes_add(&l->probes, l->now_us) >= 0);
	l->now_us += 1000;
	answered(l, l->probes.number - 1);
	must(hws_flow_wait(&l->flow, l->sent, l->now_us) != HWS_FLOW_BLOCKED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line l = { .now_us = 1000000, .wish_most = 90000 };

	hws_flow_init(&l.flow, l.now_us);
	hws_flow_wish(&l.flow, l.wish_most, l.now_us);
	for (size_t i = 0; i + 2 < size && i < 3 * 2000; i += 3) {
		uint64_t n = data[i + 1] | (uint64_t)data[i + 2] << 8;

		switch (data[i] % 6) {
		case 0:
			l.now_us += n;
			break;
		case 1:
			l.now_us += n * 1000;
			break;
		case 2:
			send(&l, n * (data[i] > 250 ? 256 : 1) + 1);
			break;
		case 3:
			answered(&l,
					l.probes.count ? l.probes.ring[(l.probes.head + n) %
										 HWS_PROBES_MAX]
									 .number
						       : (int64_t)n);
			break;
		case 4:
			answered(&l, (int64_t)(n << 48 | n));
			break;
		default:
			l.wish_most = fmax(l.wish_most, (double)n * 64 + 4000);
			hws_flow_wish(&l.flow, (double)n * 64 + 4000, l.now_us);
			break;
		}
		(void)hws_flow_wait(&l.flow, l.sent, l.now_us);
		check(&l);
	}
	be_honest(&l);
	return 0;
}
