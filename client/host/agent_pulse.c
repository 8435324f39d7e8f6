/* Asked in short steps, of which some must have passed without a word. */
#include "client/host/agent_pulse.h"
#include "client/host/patience.h"
#include "shared/base/log.h"

#define SLOW_US (2 * HWS_US_PER_S) /* an answer that is worth a word in the log */

static void on_tick(void *arg)
{
	struct hws_agent_pulse *p = arg;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentPing ping = AGT__AGENT_PING__INIT;

	if (p->unanswered == p->limit) {
		hws_timer_stop(&p->tick);
		p->silent(p->arg);
		return;
	}
	if (!p->unanswered)
		p->asked_us = hws_loop_now_us(p->loop);
	p->unanswered++;
	m.union_case = AGT__MESSAGE__UNION_AGENT_PING;
	m.agent_ping = &ping;
	if (hws_ipc_send(p->ipc, &m, -1) < 0)
		hws_debug("agent.ping_lost"); /* it does not read: the next ones are the same */
}

void hws_agent_pulse_init(struct hws_agent_pulse *p, struct hws_loop *loop, uint64_t limit_us,
		void (*silent)(void *arg), void *arg)
{
	*p = (struct hws_agent_pulse){ .loop = loop,
		.limit = (unsigned)(limit_us / HWS_AGENT_PING_US),
		.silent = silent,
		.arg = arg };
}

void hws_agent_pulse_start(struct hws_agent_pulse *p, struct hws_ipc *ipc)
{
	p->ipc = ipc;
	if (hws_timer_active(&p->tick))
		return;
	p->unanswered = 0;
	hws_timer_every(p->loop, &p->tick, HWS_AGENT_PING_US, on_tick, p);
}

void hws_agent_pulse_heard(struct hws_agent_pulse *p)
{
	uint64_t us = hws_loop_now_us(p->loop) - p->asked_us;

	if (p->unanswered && us > SLOW_US)
		hws_warn_limited("agent.slow", HWS_U64("ms", us / HWS_US_PER_MS));
	p->unanswered = 0;
	if (p->ipc && !hws_timer_active(&p->tick)) /* it was said to be silent, and lives on */
		hws_agent_pulse_start(p, p->ipc);
}

void hws_agent_pulse_stop(struct hws_agent_pulse *p)
{
	hws_timer_stop(&p->tick);
	p->unanswered = 0;
	p->ipc = NULL;
}
