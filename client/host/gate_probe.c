/* host/gate_probe: the book of probes; see gate_probe.h. */
#include "client/host/gate_probe.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"

/* Typing stays below it and costs no probes but that of each second. */
#define PORTION 4096u
/* What is sent one by one says nothing about how fast the line is. */
#define BURST_US (5 * HWS_US_PER_MS)

bool hws_probes_passed(struct hws_probes *p, size_t bytes, uint64_t now_us)
{
	if (!p->first_us || now_us - p->first_us > BURST_US)
		p->first_us = now_us;
	p->bytes += bytes;
	return p->bytes - p->covered >= PORTION && p->count < HWS_PROBES_MAX;
}

int64_t hws_probes_add(struct hws_probes *p, uint64_t now_us)
{
	struct hws_probe *q = &p->ring[(p->head + p->count++) % HWS_PROBES_MAX];

	*q = (struct hws_probe){ p->number++, now_us, 0, p->bytes };
	if (p->first_us && now_us - p->first_us <= BURST_US)
		q->first_us = p->first_us;
	p->covered = p->bytes;
	p->first_us = 0;
	return q->number;
}

bool hws_probes_answered(struct hws_probes *p, int64_t number, uint64_t now_us)
{
	unsigned n = 0;
	uint64_t first_us = 0;

	while (n < p->count && p->ring[(p->head + n) % HWS_PROBES_MAX].number != number)
		n++;
	if (n == p->count)
		n = 0;
	if (p->count == 0)
		return false;
	/* Those before it have arrived, too; their answers were lost on the way to us, which TCP
	 * does not do. */
	for (unsigned i = 0; i <= n; i++) {
		const struct hws_probe *q = &p->ring[(p->head + i) % HWS_PROBES_MAX];
		first_us = first_us ? first_us : q->first_us;
	}
	const struct hws_probe *q = &p->ring[(p->head + n) % HWS_PROBES_MAX];
	p->last = (struct hws_flow_answer){
		.rtt_us = HWS_MAX(now_us - q->sent_us, 1u),
		.delivered = q->bytes,
		.first_us = first_us,
		.answered_us = now_us,
	};
	p->head = (p->head + n + 1) % HWS_PROBES_MAX;
	p->count -= n + 1;
	return true;
}

uint64_t hws_probes_waiting_us(const struct hws_probes *p, uint64_t now_us)
{
	return p->count && now_us > p->ring[p->head].sent_us ? now_us - p->ring[p->head].sent_us
							     : 0;
}

uint32_t hws_probes_rtt_ms(const struct hws_probes *p, uint64_t now_us)
{
	uint64_t us = HWS_MAX(p->last.rtt_us, hws_probes_waiting_us(p, now_us));

	if (!p->last.rtt_us && us < HWS_US_PER_MS)
		return 0;
	/* 0 would say that nothing was measured; in a local network it takes less than 1 ms */
	return (uint32_t)HWS_MAX(us / HWS_US_PER_MS, 1u);
}
