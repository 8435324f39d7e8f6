/* Distances double. What will not change by itself (a policy, a proxy) is not tried at all, and two
 * symmetric NATs once, and hardly ever after that, until the network is another one. */
#include "client/reach/path_plan.h"
#include "shared/base/macros.h"

static bool is_settled(enum hws_indirect why)
{
	return why == HWS_INDIRECT_VIEWER || why == HWS_INDIRECT_NETWORK ||
			why == HWS_INDIRECT_HOST_POLICY || why == HWS_INDIRECT_HOST_NETWORK ||
			why == HWS_INDIRECT_SERVER_POLICY;
}

static uint64_t doubled(uint64_t first_us, unsigned times, uint64_t most_us)
{
	uint64_t us = times < 20 ? first_us << times : most_us;

	return HWS_MIN(us, most_us);
}

/* Three quarters to five quarters of it. */
static uint64_t scattered(uint64_t us, uint32_t jitter)
{
	return us - us / 4 + us / 2 * (jitter % 1024) / 1024;
}

static void plan_better(struct hws_path_plan *p, uint64_t now_us, uint32_t jitter)
{
	/* A first look is worth it: what stood at the relay so soon may have left a way by IPv6 no
	 * time. */
	uint64_t wait_us = p->why == HWS_INDIRECT_SYMMETRIC_BOTH && p->failures > 0
			? HWS_PLAN_RARE_US
			: doubled(HWS_PLAN_FIRST_US, p->failures + p->fallen, HWS_PLAN_MOST_US);

	p->next_us = p->keep || !p->relayed || is_settled(p->why)
			? 0
			: now_us + scattered(wait_us, jitter);
}

void hws_path_plan_stands(struct hws_path_plan *p, bool relayed, enum hws_indirect why,
		uint64_t now_us, uint32_t jitter)
{
	const bool was_direct = p->begun && !p->relayed;

	/* a way that has fallen once may be one that does so again and again; not one that has
	 * stood for long */
	if (was_direct && relayed)
		p->fallen = now_us < p->direct_us + HWS_PLAN_MOST_US ? p->fallen + 1 : 1;
	if (!was_direct)
		p->direct_us = now_us;
	p->begun = true;
	p->running = p->in_need = false;
	p->relayed = relayed;
	p->why = why;
	p->failures = 0;
	plan_better(p, now_us, jitter);
}

void hws_path_plan_moved(struct hws_path_plan *p, uint64_t now_us, uint64_t grace_us)
{
	p->failures = p->fallen = 0;
	p->in_need = true;
	p->next_us = now_us + grace_us;
	if (p->why != HWS_INDIRECT_VIEWER) /* else it was the network before that wanted it so */
		p->why = HWS_INDIRECT_SILENT;
}

void hws_path_plan_silent(struct hws_path_plan *p, uint64_t now_us, uint64_t grace_us)
{
	uint64_t at_us = now_us + grace_us;

	if (!p->in_need) {
		p->failures = 0;
		p->next_us = at_us;
	} else if (p->next_us) {
		p->next_us = HWS_MIN(p->next_us, at_us);
	}
	p->in_need = true;
}

void hws_path_plan_answers(struct hws_path_plan *p, uint64_t now_us, uint32_t jitter)
{
	if (!p->in_need)
		return;
	p->in_need = false;
	p->next_us = 0;
	if (!p->running)
		plan_better(p, now_us, jitter);
}

enum hws_plan_wish hws_path_plan_step(struct hws_path_plan *p, uint64_t now_us)
{
	if (p->running || !p->next_us || now_us < p->next_us)
		return HWS_PLAN_NOTHING;
	p->running = true;
	p->next_us = 0;
	return p->in_need ? HWS_PLAN_ANY : HWS_PLAN_BETTER;
}

void hws_path_plan_over(
		struct hws_path_plan *p, enum hws_indirect why, uint64_t now_us, uint32_t jitter)
{
	p->running = false;
	/* A try that did not reach the host says nothing of the way. */
	if (!hws_indirect_is_failure(why))
		p->why = why;
	if (p->next_us) /* something has come up meanwhile */
		return;
	p->failures++;
	if (p->in_need)
		p->next_us = now_us +
				doubled(HWS_PLAN_BACK_US, p->failures - 1, HWS_PLAN_BACK_MOST_US);
	else
		plan_better(p, now_us, jitter);
}

uint64_t hws_path_plan_due(const struct hws_path_plan *p)
{
	return p->running || !p->next_us ? UINT64_MAX : p->next_us;
}
